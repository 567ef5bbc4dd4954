// How what is in flight and a stream's window grow, in the simulator.
import { figure, line, plane, spread, words } from './chart.mjs'

const MIB = 2 ** 20
const COLUMN_PX = 310
const ROW_PX = 250
const LABEL_APART_PX = 14

/** @param {{ seed: number, versions: { kith: string }, paths: object[] }} report of `npm run sim -- growth`, with versions */
export function growth({ seed, versions, paths }) {
  const roundTripsMs = [...new Set(paths.map(({ roundTripMs }) => roundTripMs))]
  const rates = [...new Set(paths.map(({ megabytesPerS }) => megabytesPerS))]
  const body = paths.flatMap((path) =>
    panel(path, 56 + roundTripsMs.indexOf(path.roundTripMs) * COLUMN_PX, 76 + rates.indexOf(path.megabytesPerS) * ROW_PX),
  )
  return figure({
    width: 56 + roundTripsMs.length * COLUMN_PX,
    height: 66 + rates.length * ROW_PX,
    title: 'How a transfer takes possession of its path',
    caption: [
      "In flight: sent and not yet acknowledged. Window: what the stream's reader has granted beyond what it read. Path: its rate × its round trip.",
      `Simulated: time is virtual, one run a path, the same numbers on every machine (seed ${seed}); Kith ${versions.kith}.`,
    ],
    body,
  })
}

function panel({ roundTripMs, megabytesPerS, atMs, inFlightBytes, windowBytes }, left, top) {
  const holdsBytes = roundTripMs * megabytesPerS * 1000
  const to = atMs.at(-1)
  const name = `${megabytesPerS} MB/s, round trip ${roundTripMs} ms`
  const ticks = [MIB / 8, MIB / 4, MIB / 2, MIB, 2 * MIB, 4 * MIB, 8 * MIB]
  const [width, height] = [COLUMN_PX - 70, ROW_PX - 85]
  const xAxis = { from: 0, to, ticks: [0, to / 4, to / 2, (to * 3) / 4, to], shown: String, name: 'ms since the transfer began' }
  const yAxis = { from: MIB / 8, to: 12 * MIB, isLog: true, ticks, shown: shownBytes, name }
  const { x, y, axes } = plane({ left, top, width, height, xAxis, yAxis })

  const drawn = [axes]
  const ends = []
  const add = (bytes, label, className) => {
    drawn.push(
      line(
        bytes.flatMap((value, index) => steps(value, bytes[index + 1], x(atMs[index]), y)),
        className,
      ),
    )
    ends.push({ label, className: className.split(' ')[0], y: y(bytes.at(-1)) - 5 })
  }
  if (holdsBytes > 0)
    add(
      atMs.map(() => holdsBytes),
      'path',
      'raw dashed',
    )
  add(windowBytes, 'window', 'first')
  add(inFlightBytes, 'in flight', 'kith')
  for (const { label, className, y: at } of spread(ends, LABEL_APART_PX)) {
    drawn.push(words(label, left + width - 4, at, { className: `label ${className}`, anchor: 'end' }))
  }
  return drawn
}

/** A value holds until the next is there. */
function steps(value, next, x, y) {
  return next === undefined || next === value
    ? [[x, y(value)]]
    : [
        [x, y(value)],
        [x, y(next)],
      ]
}

const shownBytes = (bytes) => (bytes < MIB ? `${bytes / 1024} KiB` : `${bytes / MIB} MiB`)
