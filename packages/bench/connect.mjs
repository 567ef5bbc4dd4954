// From the wish to talk to the first byte that came back.
import { hangUp, openDialled } from './session.mjs'

/**
 * A callee answers 5 knocks a second after a burst of 20 (its defence against floods), so dials keep some distance; every contender
 * rests as long.
 */
const BETWEEN_DIALS_MS = 250

/**
 * `setting`: which pair of ends is used: servers at a distance of `delayMs`, a browser whose WebCrypto lacks the curves (`withoutCurves`).
 */
export const CONNECT = {
  connect_warm: {
    units: { connect_warm: 'ms' },
    setting: { delayMs: 0 },
    round: async (ends) => ({ connect_warm: await warm(ends) }),
  },
  connect_noble: {
    units: { connect_noble: 'ms' },
    setting: { delayMs: 0, withoutCurves: true },
    // The others do nothing of the kind in WebCrypto; the raw one is there for the ratio.
    only: (module) => module === 'raw' || module === 'kith',
    round: async (ends) => ({ connect_noble: await warm(ends) }),
  },
  connect_cold: {
    every: 3,
    units: { connect_cold: 'ms' },
    setting: { delayMs: 0, room: 'cold' },
    async round(ends) {
      await ends.dialler.evaluate((end) => end.leave())
      ends.dialler = await openDialled(ends)
      const dialledMs = await ends.dialler.evaluate((end) => end.dialledMs)
      await rest(ends)
      return { connect_cold: dialledMs }
    },
  },
  ...far(50),
  ...far(200),
}

/** With so long a way through the server from one page to the other. */
function far(delayMs) {
  const name = `connect_${delayMs}ms`
  return {
    [name]: {
      every: 3,
      units: { [name]: 'ms' },
      setting: { delayMs },
      round: async (ends) => ({ [name]: await warm(ends) }),
    },
  }
}

/** Contacts are known, sockets open. */
async function warm(ends) {
  const dialledMs = await ends.dialler.evaluate(async (end) => {
    const startedAt = performance.now()
    await end.dial()
    return performance.now() - startedAt
  })
  await rest(ends)
  return dialledMs
}

async function rest(ends) {
  await hangUp(ends)
  await new Promise((resolve) => setTimeout(resolve, BETWEEN_DIALS_MS))
}

/**
 * How often messages went there and back through the server: what a dial takes longer than with no delay, in trips of twice that.
 * @param {object} measures as summarized
 */
export function trips(measures) {
  const result = {}
  for (const delayMs of [50, 200]) {
    const near = measures.connect_warm?.contenders
    const far = measures[`connect_${delayMs}ms`]?.contenders
    if (near === undefined || far === undefined) continue
    const contenders = {}
    for (const name of Object.keys(far)) {
      const difference = far[name] && near[name] ? far[name].median - near[name].median : undefined
      contenders[name] = difference === undefined ? null : { median: Number((difference / (2 * delayMs)).toFixed(2)) }
    }
    result[`trips_${delayMs}ms`] = { unit: 'trips', contenders, ratio: {} }
  }
  return result
}
