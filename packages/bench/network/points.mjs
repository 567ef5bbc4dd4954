// The paths that `distance` and `beside` walk: a round trip, a rate, a loss.

const ROUND_TRIPS_MS = [0, 20, 100]
/** 0: no limit. */
const RATES_MBIT = [1, 5, 20, 100, 0]
const LOSSES_PERCENT = [0, 1]

/** Where a transfer and a call share what a home sends with. */
export const BESIDE_POINTS = '20/5/0,100/5/0'
/** All of them: '*' stands for each that is measured by default. */
export const EVERY_POINT = '*/*/*'

/**
 * @param {string} text '20/5/0,100/none/*': round trip in ms, rate in Mbit/s (0 or none: no limit), loss in percent
 * @returns {Point[] | undefined} in that order; undefined where it is not such a list
 * @typedef {{ roundTripMs: number, rateMbit: number, lossPercent: number }} Point
 */
export function parsePoints(text) {
  const points = []
  for (const word of text.split(',')) {
    const parts = word.split('/')
    if (parts.length !== 3) return undefined
    const [roundTrips, rates, losses] = [ROUND_TRIPS_MS, RATES_MBIT, LOSSES_PERCENT].map((all, at) =>
      parts[at] === '*' ? all : [numberOf(parts[at])],
    )
    for (const roundTripMs of roundTrips)
      for (const rateMbit of rates) for (const lossPercent of losses) points.push({ roundTripMs, rateMbit, lossPercent })
  }
  return points.every(isPoint) ? points : undefined
}

/** As `parsePoints` reads it. */
export const pointName = ({ roundTripMs, rateMbit, lossPercent }) =>
  `${roundTripMs}/${rateMbit === 0 ? 'none' : rateMbit}/${lossPercent}`

/** What each direction of it does. */
export const pathOf = ({ roundTripMs, rateMbit, lossPercent }) => ({ delayMs: roundTripMs / 2, rateMbit, lossPercent })

const isPoint = ({ roundTripMs, rateMbit, lossPercent }) =>
  roundTripMs >= 0 && rateMbit >= 0 && lossPercent >= 0 && lossPercent < 100

function numberOf(word) {
  if (word === 'none') return 0
  return /^\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN
}
