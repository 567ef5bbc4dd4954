// `npm run bench -- distance`: Kith beside raw over paths of different lengths, rates and losses.
import { judged } from './limits.mjs'
import { megabytesPerSecond } from './link.mjs'
import { pointName } from './network/points.mjs'
import { printFailures, printVersions, Rows } from './report.mjs'
import { distribution, median, quantile } from './statistics.mjs'
import { walk } from './walk.mjs'

const MESSAGE_BYTES = 64 * 1024
const PING_BYTES = 64
/** 40 a second: 23 kbit/s each way with headers. */
const PING_EVERY_MS = 25

/** How long a sender writes, or messages go there and back. A slow start over 100 ms takes a second of it. */
const MEASURED = { bulkMs: 5000, pingsMs: 3000, loadedMs: 6000 }
const WARM_UP = { bulkMs: 1000, pingsMs: 500, loadedMs: 1000 }

/** @returns {Promise<object>} the report, as README.md describes it; prints each point as it is done */
export async function distance({ points, names, others, rounds }) {
  console.log(`distance: ${points.length} points, ${rounds} round(s) of each of ${names.join(', ')}`)
  const rows = new Rows(HEADINGS)
  const report = { bench: 'distance', rounds, points: [] }
  const onPoint = (point, results) => {
    const entry = { ...point, contenders: {} }
    for (const name of names) entry.contenders[name] = summary(results[name])
    for (const [name, own] of Object.entries(entry.contenders)) {
      if (name === 'raw') continue
      own.bulkRatio = ratio(results[name], results.raw)
      own.limits = judged(point, own, entry.contenders.raw)
    }
    report.points.push(entry)
    for (const name of names) if (name !== 'raw' || names.length === 1) rows.print(cells(entry, name))
  }
  const about = await walk({
    points,
    names,
    others,
    rounds,
    onPoint,
    round: (ends) => measure(ends, MEASURED),
    warmUp: (ends) => measure(ends, WARM_UP),
  })
  printVersions(about.versions)
  printFailures(about.failures)
  return { ...report, ...about }
}

async function measure({ dialler }, { bulkMs, pingsMs, loadedMs }) {
  const pings = { everyMs: PING_EVERY_MS, bytes: PING_BYTES }
  const bulk = await dialler.measure('bulk', { durationMs: bulkMs, messageBytes: MESSAGE_BYTES })
  const unloaded = await dialler.measure('pacedPings', { ...pings, durationMs: pingsMs })
  const load = { durationMs: loadedMs, messageBytes: MESSAGE_BYTES }
  const loaded = await dialler.measure('pacedPings', { ...pings, load })
  return {
    bulk: megabytesPerSecond(bulk),
    ping: unloaded.result,
    loadedPing: loaded.result,
    loadedBulk: megabytesPerSecond(loaded.bulk),
  }
}

/** Medians of rates; round trips of all rounds together. */
function summary(rounds) {
  const seen = rounds.filter((round) => round !== undefined)
  if (seen.length === 0) return null
  return {
    rounds: seen.length,
    bulk: rounded(median(seen.map(({ bulk }) => bulk))),
    loadedBulk: rounded(median(seen.map(({ loadedBulk }) => loadedBulk))),
    dropped: rounded(median(seen.map(({ dropped }) => dropped))),
    ping: distributionOf(seen.flatMap(({ ping }) => ping)),
    loadedPing: distributionOf(seen.flatMap(({ loadedPing }) => loadedPing)),
  }
}

function distributionOf(elapsedMs) {
  const [p50, p99] = [0.5, 0.99].map((q) => rounded(quantile(elapsedMs, q)))
  return { samples: elapsedMs.length, p50, p99, hundredths: distribution(elapsedMs) }
}

/** Of the transfers without pings beside them: the median of the ratios within rounds. */
function ratio(own, raw) {
  const ratios = own.map((round, at) => round?.bulk / raw?.[at]?.bulk).filter(Number.isFinite)
  return ratios.length === 0 ? undefined : rounded(median(ratios))
}

const rounded = (value) => Number(value.toPrecision(5))

const HEADINGS = [
  'ms/Mbit/%',
  'contender',
  'bulk raw',
  'own MB/s',
  'ratio',
  'ping p99 raw',
  'own ms',
  'loaded p50 raw',
  'own ms',
  'loaded p99 raw',
  'own ms',
  'ratio',
  'dropped raw',
  'own %',
  'limits',
]

function cells(entry, name) {
  const { raw, [name]: own } = entry.contenders
  const both = (value) => [raw, own].map((contender) => (contender ? shown(value(contender)) : '–'))
  return [
    pointName(entry),
    name,
    ...both(({ bulk }) => bulk),
    shown(own?.bulkRatio),
    ...both(({ ping }) => ping.p99),
    ...both(({ loadedPing }) => loadedPing.p50),
    ...both(({ loadedPing }) => loadedPing.p99),
    raw && own ? shown(own.loadedPing.p99 / raw.loadedPing.p99) : '–',
    ...both(({ dropped }) => dropped * 100),
    verdict(own?.limits),
  ]
}

const verdict = (limits = {}) =>
  Object.entries(limits)
    .map(([name, { isMet }]) => `${name} ${isMet ? 'ok' : 'MISSED'}`)
    .join(', ')

const shown = (value) => (value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value.toPrecision(3))
