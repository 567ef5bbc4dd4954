// `link` and `connect`: a browser, servers, two pages, and every contender in them.
import { chromium as playwright } from 'playwright'
import { chromium } from '../../scripts/browsers.mjs'
import { CONNECT, trips } from './connect.mjs'
import { LINK } from './link.mjs'
import { MEMORY } from './memory.mjs'
import { versions } from './report.mjs'
import { interleave, wanted } from './rounds.mjs'
import { startServers } from './servers.mjs'
import { openEnds, openPage } from './session.mjs'
import { distribution } from './statistics.mjs'

/** A contender whose connection cannot be made in so many attempts is left out of what needs one. */
const DIAL_ATTEMPTS = 5
const MEMORY_ROUNDS = 3

/** @returns {Promise<object>} the report, as README.md describes it */
export async function measure({ bench, names, others, rounds, measures: wantedMeasures }) {
  const servers = await startServers({ contenders: names, others })
  const browser = await playwright.launch(chromium())
  try {
    const context = { browser, servers, names, rounds, wantedMeasures }
    const results = bench === 'link' ? await link(context) : await connect(context)
    const about = {
      bench,
      date: new Date().toISOString(),
      versions: versions(names, browser),
      network: "the machine's own",
      rounds,
    }
    return { ...about, ...results }
  } finally {
    await browser.close()
    await servers.close()
  }
}

/** Which module a contender is made of: another build of the SDK is one more Kith. */
function optionsOf(name, servers, room) {
  const isOurs = !['raw', 'simple-peer', 'peerjs', 'libp2p'].includes(name)
  return { module: isOurs ? 'kith' : name, sdk: isOurs ? `/sdk/${name}.js` : undefined, servers, room: `${name}-${room}` }
}

async function openPages({ browser, servers }, options) {
  return { dialler: await openPage(browser, servers.page, options), callee: await openPage(browser, servers.page, options) }
}

async function link(context) {
  const { browser, servers, names, rounds, wantedMeasures } = context
  const groups = wanted(LINK, wantedMeasures)
  const dialFailures = {}
  const urls = await servers.through(0)
  const pages = await openPages(context)
  const ends = {}
  for (const name of names) {
    ends[name] = await openEnds(pages, optionsOf(name, urls, 'link'))
    await dial(ends[name], name, dialFailures)
  }

  const pooled = {}
  const run = async (group, name) => {
    if (group.can !== undefined && !(await group.can(ends[name]))) return undefined
    const samples = (distributionName, values) => {
      pooled[distributionName] ??= {}
      pooled[distributionName][name] ??= []
      pooled[distributionName][name].push(...values)
    }
    try {
      return await group.round(ends[name], { samples })
    } catch (error) {
      await dial(ends[name], name, dialFailures)
      throw error
    }
  }
  const unmeasured = await interleave({ groups, names, rounds: 1, run }) // code is compiled, caches fill
  for (const name of Object.keys(pooled)) delete pooled[name]
  const results = await interleave({ groups, names, rounds, run })
  for (const page of Object.values(pages)) await page.context().close()

  if (wantedMeasures === undefined || wantedMeasures.includes('memory')) {
    const memory = await interleave({
      groups: { memory: MEMORY },
      names,
      rounds: Math.min(rounds, MEMORY_ROUNDS),
      run: (group, name) => group.round(browser, servers.page, optionsOf(name, urls, 'memory')),
    })
    Object.assign(results.measures, memory.measures)
    Object.assign(results.failures, memory.failures)
  }
  const distributions = {}
  for (const [distributionName, values] of Object.entries(pooled)) {
    distributions[distributionName] = Object.fromEntries(
      Object.entries(values).map(([name, own]) => [name, { samples: own.length, hundredths: distribution(own) }]),
    )
  }
  return {
    measures: results.measures,
    failures: { dial: dialFailures, unmeasured: unmeasured.failures, ...results.failures },
    distributions,
  }
}

/** Connects for a whole run. A failure is counted, and tried again. */
async function dial({ dialler }, name, failures) {
  for (let attempt = 1; attempt <= DIAL_ATTEMPTS; attempt++) {
    try {
      return await dialler.evaluate((end) => end.dial())
    } catch (error) {
      console.error(`dial: ${name} failed: ${error.message.split('\n')[0]}`)
      failures[name] = (failures[name] ?? 0) + 1
    }
  }
}

async function connect(context) {
  const { servers, names, rounds, wantedMeasures } = context
  const groups = wanted(CONNECT, wantedMeasures)
  const pages = new Map()
  const open = new Map()

  /** Pages by what their browser can do, ends by their pages and how far the servers are. */
  const endsOf = async (name, { delayMs, withoutCurves = false, room = 'warm' }) => {
    const key = [name, delayMs, withoutCurves, room].join()
    if (!open.has(key)) {
      if (!pages.has(withoutCurves)) pages.set(withoutCurves, await openPages(context, { withoutCurves }))
      open.set(key, await openEnds(pages.get(withoutCurves), optionsOf(name, await servers.through(delayMs), key)))
    }
    return open.get(key)
  }
  const run = async (group, name) => {
    if (group.only !== undefined && !group.only(name)) return undefined
    const ends = await endsOf(name, group.setting)
    return group.round(ends)
  }
  const unmeasured = await interleave({ groups, names, rounds: 1, run })
  const results = await interleave({ groups, names, rounds, run })
  Object.assign(results.measures, trips(results.measures))
  results.failures = { unmeasured: unmeasured.failures, ...results.failures }
  return results
}
