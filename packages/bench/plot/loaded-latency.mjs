// How long a small message waits beside a transfer: every contender's whole distribution.
import { about } from './caption.mjs'
import { figure, line, plane, words } from './chart.mjs'

const COLOURS = { raw: 'raw', kith: 'kith', 'simple-peer': 'first', peerjs: 'second', libp2p: 'third' }
/** Whose transfer goes on a connection of its own, with a queue of its own. */
const APART = ['simple-peer', 'peerjs']
const TICKS_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 60_000]

const [LEFT_PX, TOP_PX, WIDTH_PX, HEIGHT_PX] = [56, 76, 560, 300]
const LABEL_PX = 34

/** @param {object} report of `npm run bench -- link` */
export function loadedLatency(report) {
  const { measures, distributions } = report
  const contenders = Object.entries(distributions.loaded_ping).map(([name, { hundredths }]) => ({
    name,
    hundredths,
    rate: measures.loaded_bulk.contenders[name]?.median,
    className: COLOURS[name] ?? 'third',
  }))
  const { x, y, axes } = axesFor(contenders.flatMap(({ hundredths }) => hundredths))
  const curves = contenders.map(({ name, hundredths, className }) =>
    line(
      hundredths.map((elapsedMs, part) => [x(elapsedMs), y(part)]),
      APART.includes(name) ? `${className} dashed` : className,
    ),
  )
  return figure({
    width: 830,
    height: 440,
    title: 'How long a small message takes while a transfer goes the same way',
    caption: [
      'Round trips one after the other, while 64 MiB go at the rate beside the name. Further left is better.',
      'Solid: both on one connection. Dashed: a second stream is a second connection, which waits for itself alone.',
      ...about(report, 'loaded_ping_p99'),
    ],
    body: [axes, ...curves, ...labels(contenders, x, y)],
  })
}

function axesFor(elapsedMs) {
  const from = TICKS_MS.findLast((tick) => tick <= Math.min(...elapsedMs)) ?? Math.min(...elapsedMs)
  const to = TICKS_MS.find((tick) => tick >= Math.max(...elapsedMs)) ?? Math.max(...elapsedMs)
  const ticks = TICKS_MS.filter((tick) => tick >= from && tick <= to)
  const xAxis = { from, to, isLog: true, ticks, shown: String, name: 'round trip of 64 bytes beside a transfer, ms' }
  const parts = [0, 25, 50, 75, 90, 100]
  const yAxis = { from: 0, to: 100, ticks: parts, shown: (part) => `${part} %`, name: 'round trips that took no longer' }
  return plane({ left: LEFT_PX, top: TOP_PX, width: WIDTH_PX, height: HEIGHT_PX, xAxis, yAxis })
}

/** All curves end at the top: their names stand beside the plane, the slowest first, each with a thread to its own curve. */
function labels(contenders, x, y) {
  const left = LEFT_PX + WIDTH_PX + 10
  const slowestFirst = contenders.toSorted((a, b) => b.hundredths[99] - a.hundredths[99])
  return slowestFirst.flatMap(({ name, hundredths, rate, className }, rank) => {
    const labelY = TOP_PX + 18 + rank * LABEL_PX
    const part = Math.round(100 * (1 - (labelY - TOP_PX) / HEIGHT_PX))
    const thread = [
      [x(hundredths[part]), y(part)],
      [left - 4, labelY],
    ]
    const at = rate === undefined ? '' : `, ${rate.toFixed(0)} MB/s`
    const figures = `p50 ${shown(hundredths[50])}, p99 ${shown(hundredths[99])} ms${at}`
    return [
      line(thread, `${className} thread`),
      words(name === 'kith' ? 'Kith' : name, left, labelY + 4, { className: `label ${className}` }),
      words(figures, left, labelY + 18, { className: 'quiet' }),
    ]
  })
}

const shown = (ms) => (ms >= 10 ? ms.toFixed(0) : ms.toFixed(1))
