// `link`, `in-flight` and `connect`: a browser, servers, two pages, and every contender in them.
import { chromium as playwright } from 'playwright'
import { chromium } from '../../scripts/browsers.mjs'
import { CONNECT, trips } from './connect.mjs'
import { BOUNDS, IN_FLIGHT } from './in-flight.mjs'
import { LINK } from './link.mjs'
import { MEMORY } from './memory.mjs'
import { joinNamespace, setUpInside } from './network/namespace.mjs'
import { versions } from './report.mjs'
import { interleave, wanted } from './rounds.mjs'
import { startServers } from './servers.mjs'
import { openEnds, openPage } from './session.mjs'
import { distribution } from './statistics.mjs'

/** A contender whose connection cannot be made in so many attempts is left out of what needs one. */
const DIAL_ATTEMPTS = 5
const MEMORY_ROUNDS = 3

/** @returns {Promise<object>} the report, as README.md describes it */
export async function measure({ bench, names, others, rounds, measures: wantedMeasures, path, obstacle }) {
  const joined = path === undefined ? undefined : await joinNamespace(path)
  if (joined === undefined && obstacle === undefined) setUpInside()
  const servers = await startServers({ contenders: names, others, host: joined === undefined ? 'localhost' : '0.0.0.0' })
  const browsers = await launch(joined)
  try {
    const context = { browsers, servers, names, rounds, wantedMeasures, path }
    const results = bench === 'connect' ? await connect(context) : await link(context, bench === 'link' ? LINK : IN_FLIGHT)
    const network = networkName(path, obstacle)
    const about = { bench, date: new Date().toISOString(), versions: versions(names, browsers.dialler), network, rounds }
    return { ...about, ...results }
  } finally {
    for (const browser of new Set(Object.values(browsers))) await browser.close()
    await servers.close()
    joined?.close()
  }
}

/** One browser for both ends; or, where a path lies between them, one at each of its ends. */
async function launch(joined) {
  const options = chromium()
  if (joined === undefined) {
    const browser = await playwright.launch(options)
    return { dialler: browser, callee: browser }
  }
  // Names of candidates are told by multicast, which the path does not carry.
  const args = [...options.args, '--disable-features=WebRtcHideLocalIpsWithMdns']
  // The servers are over here. By any other name their pages would be no secure context.
  const far = ['localhost', '127.0.0.1'].map((host) => `MAP ${host} ${joined.host}`)
  return {
    dialler: await playwright.launch({ ...options, args }),
    callee: await playwright.launch({
      ...options,
      args: [...args, `--host-resolver-rules=${far.join()}`],
      executablePath: joined.wrapper(options.executablePath),
    }),
  }
}

function networkName(path, obstacle) {
  if (obstacle !== undefined) return `the machine's own (no namespace: ${obstacle})`
  if (path === undefined) return 'a namespace of its own'
  const rate = path.rateMbit ? `, ${path.rateMbit} Mbit/s` : ''
  return `two namespaces, ${path.delayMs} ms each way${rate}`
}

/** Which module a contender is made of: another build of the SDK is one more Kith, a bounded raw one is raw. */
function optionsOf(name, servers, room) {
  const bound = BOUNDS.get(name)
  if (bound !== undefined) return { module: 'raw', bound, servers, room: `${name}-${room}` }
  const isOurs = !['raw', 'simple-peer', 'peerjs', 'libp2p'].includes(name)
  return { module: isOurs ? 'kith' : name, sdk: isOurs ? `/sdk/${name}/index.js` : undefined, servers, room: `${name}-${room}` }
}

async function openPages({ browsers, servers }, options) {
  return {
    dialler: await openPage(browsers.dialler, servers.page, options),
    callee: await openPage(browsers.callee, servers.page, options),
  }
}

async function link(context, all) {
  const { browsers, servers, names, rounds, wantedMeasures, path } = context
  const groups = wanted(all, wantedMeasures)
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
  await interleave({ groups, names, rounds: 1, run }) // unmeasured: code is compiled, caches fill
  for (const name of Object.keys(pooled)) delete pooled[name]
  const results = await interleave({ groups, names, rounds, run })
  for (const page of Object.values(pages)) await page.context().close()

  // Over a path there are two browsers, and nothing else to learn about memory.
  if (all === LINK && path === undefined && (wantedMeasures === undefined || wantedMeasures.includes('memory'))) {
    const memory = await interleave({
      groups: { memory: MEMORY },
      names,
      rounds: Math.min(rounds, MEMORY_ROUNDS),
      run: (group, name) => group.round(browsers.dialler, servers.page, optionsOf(name, urls, 'memory')),
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
    failures: { ...results.failures, dial: dialFailures },
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
  await interleave({ groups, names, rounds: 1, run }) // unmeasured: code is compiled, caches fill
  const results = await interleave({ groups, names, rounds, run })
  Object.assign(results.measures, trips(results.measures))
  return results
}
