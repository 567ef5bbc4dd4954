// `npm run bench -- beside`: what a transfer leaves of datagrams at a steady pace, and of a call, on the same connection.
import { keeps } from './limits.mjs'
import { megabytesPerSecond } from './link.mjs'
import { pointName } from './network/points.mjs'
import { printFailures, printVersions, Rows } from './report.mjs'
import { median, quantile } from './statistics.mjs'
import { walk } from './walk.mjs'

const MESSAGE_BYTES = 64 * 1024
/** Speech in packets, and positions in a game. */
const FLOWS = {
  small: { bytes: 160, everyMs: 20 },
  large: { bytes: 1000, everyMs: 10 },
}
/** No datagram for so long: no more will come. */
const QUIET_MS = 1500

/** `settleMs`: until the browser's estimate of the path has let a call's picture grow. */
const MEASURED = { aloneMs: 4000, besideMs: 6000, settleMs: 5000 }
const WARM_UP = { aloneMs: 500, besideMs: 500, settleMs: 500 }

/** @returns {Promise<object>} the report, as README.md describes it; prints each point as it is done */
export async function beside({ points, names, others, rounds }) {
  console.log(`beside: ${points.length} points, ${rounds} round(s) of each of ${names.join(', ')}`)
  const rows = new Rows(HEADINGS)
  const report = { bench: 'beside', rounds, points: [] }
  const onPoint = (point, results) => {
    const entry = { ...point, contenders: {} }
    for (const name of names) {
      entry.contenders[name] = summary(results[name])
      for (const [what, figures] of Object.entries(entry.contenders[name] ?? {})) rows.print(cells(point, name, what, figures))
    }
    report.points.push(entry)
  }
  const about = await walk({
    points,
    names,
    others,
    rounds,
    scripts: ['page/keep-connections.js'],
    onPoint,
    round: (ends) => measure(ends, MEASURED),
    warmUp: (ends) => measure(ends, WARM_UP),
  })
  printVersions(about.versions)
  printFailures(about.failures)
  return { ...report, ...about }
}

async function measure(ends, { aloneMs, besideMs, settleMs }) {
  const load = { durationMs: besideMs, messageBytes: MESSAGE_BYTES }
  const result = {}
  for (const [name, flow] of Object.entries(FLOWS)) {
    result[`datagrams ${name}`] = {
      alone: await datagrams(ends, { ...flow, durationMs: aloneMs }),
      beside: await datagrams(ends, { ...flow, load }),
    }
  }
  return { ...result, ...(await call(ends, { aloneMs, load, settleMs })) }
}

/** A share of one flow, and how long its datagrams took. */
async function datagrams({ dialler, callee }, options) {
  await callee.evaluate((end) => end.datagrams.watch())
  const { sent, bulk } = await dialler.evaluate(async (end, options) => {
    const { flow, result, bulk } = await window.measures.pacedDatagrams(end, options)
    end.flow = flow
    return { sent: result, bulk }
  }, options)
  const settle = { sent, quietMs: QUIET_MS }
  await callee.evaluate((end, settle) => end.datagrams.settled(settle), settle)
  await dialler.evaluate(({ flow }) => flow.close())
  const delaysMs = await callee.evaluate((end) => end.datagrams.watched())
  const perSecond = (delaysMs.length / sent) * (1000 / options.everyMs)
  return { perSecond, delaysMs, lost: 1 - delaysMs.length / sent, ...(bulk && { bulk: megabytesPerSecond(bulk) }) }
}

/** The pictures and the packets of sound that arrive of a call, alone and beside a transfer. */
async function call({ dialler, callee }, { aloneMs, load, settleMs }) {
  await dialler.evaluate((end) => end.call())
  await later(settleMs)
  const readings = [await callee.evaluate(() => window.measures.inbound())]
  await later(aloneMs)
  readings.push(await callee.evaluate(() => window.measures.inbound()))
  const bulk = await dialler.measure('bulk', load)
  readings.push(await callee.evaluate(() => window.measures.inbound()))
  await dialler.evaluate((end) => end.endCall())

  const result = { 'call frames': {}, 'call sound': {} }
  for (const [at, phase] of ['alone', 'beside'].entries()) {
    const [from, to] = readings.slice(at)
    const seconds = (to.at - from.at) / 1e3
    const grown = (kind, name) => (to[kind][name] ?? 0) - (from[kind][name] ?? 0)
    const lost = (kind) => grown(kind, 'packetsLost') / (grown(kind, 'packetsLost') + grown(kind, 'packetsReceived'))
    const kbits = (kind) => (grown(kind, 'bytesReceived') * 8) / 1e3 / seconds
    const of = (kind, counter) => ({ perSecond: grown(kind, counter) / seconds, lost: lost(kind), kbits: kbits(kind) })
    result['call frames'][phase] = {
      ...of('video', 'framesDecoded'),
      frozen: grown('video', 'totalFreezesDuration') / seconds,
    }
    result['call sound'][phase] = of('audio', 'packetsReceived')
  }
  for (const what of Object.values(result)) what.beside.bulk = megabytesPerSecond(bulk)
  return result
}

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Medians over rounds; delays of all rounds together. */
function summary(rounds) {
  const seen = rounds.filter((round) => round !== undefined)
  if (seen.length === 0) return null
  const result = {}
  for (const what of Object.keys(seen[0]).filter((name) => name !== 'dropped')) {
    const [alone, loaded] = ['alone', 'beside'].map((phase) => phaseOf(seen.map((round) => round[what][phase])))
    result[what] = { alone, beside: loaded, keeps: keeps(loaded.perSecond, alone.perSecond) }
  }
  return result
}

function phaseOf(rounds) {
  const middle = (name) => (rounds[0][name] === undefined ? undefined : rounded(median(rounds.map((round) => round[name]))))
  const delaysMs = rounds.flatMap(({ delaysMs = [] }) => delaysMs)
  const delay = delaysMs.length === 0 ? {} : { delayP50: quantile(delaysMs, 0.5), delayP99: quantile(delaysMs, 0.99) }
  const figures = Object.fromEntries(['perSecond', 'lost', 'frozen', 'kbits', 'bulk'].map((name) => [name, middle(name)]))
  return { ...figures, ...delay }
}

const rounded = (value) => Number(value.toPrecision(4))

const HEADINGS = [
  'ms/Mbit/%',
  'contender',
  'what           ',
  'alone /s',
  'beside /s',
  'kept',
  '≥ 0.9',
  'lost alone',
  'beside',
  'p50 alone, ms',
  'beside',
  'p99 alone, ms',
  'beside',
  'frozen alone',
  'beside',
  'kbit/s alone',
  'beside',
  'bulk MB/s',
]

function cells(point, name, what, { alone, beside, keeps }) {
  const both = (value) => [alone, beside].map((phase) => shown(value(phase)))
  return [
    pointName(point),
    name,
    what,
    ...both(({ perSecond }) => perSecond),
    shown(keeps.value),
    keeps.isMet ? 'ok' : 'MISSED',
    ...both(({ lost }) => lost),
    ...both(({ delayP50 }) => delayP50),
    ...both(({ delayP99 }) => delayP99),
    ...both(({ frozen }) => frozen),
    ...both(({ kbits }) => kbits),
    shown(beside.bulk),
  ]
}

function shown(value) {
  if (value === undefined) return '–'
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1)
}
