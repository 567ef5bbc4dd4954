// `npm run bench -- NAME [--json FILE] [--rounds N]`: Kith beside a raw RTCPeerConnection, interleaved in one run. See README.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ensureInstalled } from '../../scripts/install.mjs'

ensureInstalled()
const { chromium: playwright } = await import('playwright')
const { chromium, ensureBrowsers } = await import('../../scripts/browsers.mjs')
const { BENCHES } = await import('./benches.mjs')
const { build, startServers } = await import('./servers.mjs')
const { summarize } = await import('./statistics.mjs')

/** For one dial or one transfer: whatever takes longer has failed. */
const STEP_TIMEOUT_MS = 60_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    rounds: { type: 'string' },
    contenders: { type: 'string' },
    other: { type: 'string', multiple: true, default: [] },
  },
})
const name = positionals[0]
/** Other builds of the SDK, each by a name. */
const others = new Map(values.other.map((other) => other.split('=')))
const names = values.contenders?.split(',') ?? ['raw', 'kith', ...others.keys()]
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
const rounds = values.rounds === undefined ? bench?.rounds : Number(values.rounds)
if (bench === undefined || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `Usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--rounds N] [--json FILE] [--contenders raw,kith] [--other NAME=SDK.js]`,
  )
  process.exit(2)
}

ensureBrowsers(['chromium'])
await build()
const servers = await startServers(others)
const browser = await playwright.launch(chromium())
try {
  const report = await run()
  print(report)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
} finally {
  await browser.close()
  await servers.close()
}

async function run() {
  const pages = { dialler: await openPage(), callee: await openPage() }
  const contenders = {}
  for (const contender of names) contenders[contender] = await open(contender, pages)

  for (const contender of names) await bench.prepare(contenders[contender])
  for (const contender of names) await bench.round(contenders[contender]) // unmeasured: code is compiled, caches fill

  const measured = Object.fromEntries(
    Object.keys(bench.units).map((measure) => [measure, Object.fromEntries(names.map((n) => [n, []]))]),
  )
  for (let round = 0; round < rounds; round++) {
    // A B, B A, A B, …: whoever comes second in one round comes first in the next.
    for (const contender of round % 2 === 0 ? names : names.toReversed()) {
      const result = await bench.round(contenders[contender])
      for (const [measure, value] of Object.entries(result)) measured[measure][contender].push(value)
    }
    if (process.stdout.isTTY) process.stdout.write(`\rround ${round + 1} of ${rounds}`)
  }
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')

  const measures = {}
  for (const [measure, unit] of Object.entries(bench.units)) measures[measure] = summarize(unit, measured[measure])
  return { bench: name, date: new Date().toISOString(), versions: versions(), rounds, measures }
}

/** Each in a context of its own, like two people. */
async function openPage() {
  const context = await browser.newContext()
  context.setDefaultTimeout(STEP_TIMEOUT_MS)
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(error))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') console.error(message.text())
  })
  await page.goto(servers.page)
  await page.waitForFunction(() => 'contender' in window)
  return page
}

/** The two ends of one contender, as handles whose `evaluate` fails rather than wait for ever. */
async function open(contender, pages) {
  const ends = {}
  for (const [role, page] of Object.entries(pages)) {
    const { signalling, relay } = servers
    const handle = await page.evaluateHandle(
      ([contender, options]) => window.contender(contender, options),
      [contender, { role, signalling, relay }],
    )
    ends[role] = { evaluate: (step, argument) => within(handle.evaluate(step, argument), `${contender}, ${role}`) }
  }
  const ids = { dialler: await ends.dialler.evaluate(({ id }) => id), callee: await ends.callee.evaluate(({ id }) => id) }
  if (ids.callee) {
    await ends.callee.evaluate((end, id) => end.meet(id), ids.dialler)
    await ends.dialler.evaluate((end, id) => end.meet(id), ids.callee)
  }
  return ends
}

function within(step, what) {
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${STEP_TIMEOUT_MS} ms`)), STEP_TIMEOUT_MS)
  })
  return Promise.race([step, late]).finally(() => clearTimeout(timer))
}

function versions() {
  const own = JSON.parse(readFileSync(new URL('../sdk/package.json', import.meta.url), 'utf8')).version
  return { kith: own, chromium: browser.version(), node: process.versions.node }
}

function print({ bench, versions, rounds, measures }) {
  console.log(`${bench}: medians of ${rounds} interleaved rounds, Kith ${versions.kith}, Chromium ${versions.chromium}\n`)
  for (const [measure, { unit, contenders, ratio }] of Object.entries(measures)) {
    const columns = Object.entries(contenders).map(([contender, { median, min, max }]) => {
      const times = contender in ratio ? ` ${ratio[contender].toFixed(2)}×` : ''
      return `${contender} ${median.toFixed(2)} ${unit} (${min.toFixed(2)}–${max.toFixed(2)})${times}`
    })
    console.log(`${measure.padEnd(14)}${columns.join('   ')}`)
  }
}
