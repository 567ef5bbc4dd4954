// What a bound on what is in flight costs, and what it saves: a row for each bound, and one for the rule that finds its own.
import { BOUNDS, IN_FLIGHT_CONTENDERS } from '../in-flight.mjs'
import { about } from './caption.mjs'
import { dot, figure, line, plane, words } from './chart.mjs'

const KIB = 1024
const LEFT_PX = 150
const TOP_PX = 50
const ROW_PX = 34
const PANEL_PX = 260
const BETWEEN_PX = 50

/** @param {object} report of `npm run bench -- in-flight` */
export function inFlight(report) {
  const { measures } = report
  const rows = IN_FLIGHT_CONTENDERS.filter(
    (name) => measures.loaded_bulk.contenders[name] && measures.loaded_ping_p99.contenders[name],
  )
  const panels = [
    { title: 'throughput, MB/s (more is better)', contenders: measures.loaded_bulk.contenders },
    { title: 'ping beside it, p99, ms (less is better)', contenders: measures.loaded_ping_p99.contenders },
  ]
  return figure({
    width: LEFT_PX + 2 * PANEL_PX + BETWEEN_PX + 80,
    height: TOP_PX + rows.length * ROW_PX + 66,
    title: 'What may be in flight: what it costs in throughput, and what it saves in latency',
    caption: [
      'Rows: a raw channel with at most so much unacknowledged end to end / acknowledged every so much; and Kith.',
      'Points: medians of the rounds; bars: their least and most.',
      ...about(report, 'loaded_ping_p99'),
    ],
    body: panels.flatMap(({ title, contenders }, index) => panel(rows, contenders, title, index)),
  })
}

function panel(rows, contenders, title, index) {
  const left = LEFT_PX + index * (PANEL_PX + BETWEEN_PX)
  const yAxis = {
    from: rows.length - 0.5,
    to: -0.5,
    ticks: rows.map((_, row) => row),
    shown: (row) => (index === 0 ? labelOf(rows[row]) : ''),
  }
  const xAxis = fromNought(Math.max(...rows.map((name) => contenders[name].max)), title)
  const { x, y, axes } = plane({ left, top: TOP_PX, width: PANEL_PX, height: rows.length * ROW_PX, xAxis, yAxis })
  const raw = rows.flatMap((name, row) => (name === 'kith' ? [] : [[x(contenders[name].median), y(row)]]))
  const drawn = [axes, line(raw, 'raw thin')]
  for (const [row, name] of rows.entries()) {
    const { median, min, max } = contenders[name]
    const className = name === 'kith' ? 'kith' : 'raw'
    drawn.push(dot({ x: x(median), y: y(row), from: x(min), to: x(max) }, className))
    drawn.push(words(median.toFixed(1), x(median), y(row) - 9, { className: `label ${className}`, anchor: 'middle' }))
  }
  return drawn
}

function labelOf(name) {
  const bound = BOUNDS.get(name)
  if (bound === undefined) return name === 'kith' ? "Kith's rule" : 'raw, unbounded'
  return `raw, ${bound.windowBytes / KIB} / ${bound.ackBytes / KIB} KiB`
}

function fromNought(most, name) {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((candidate) => most / candidate <= 6) ?? most
  const count = Math.ceil(most / step)
  return { from: 0, to: count * step, ticks: Array.from({ length: count + 1 }, (_, tick) => tick * step), shown: String, name }
}
