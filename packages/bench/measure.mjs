// `link`, `in-flight` and `connect`: a browser, servers, two pages, and every contender in them.
import { openPages, optionsOf, withBrowsers } from './browsers.mjs'
import { CONNECT, trips } from './connect.mjs'
import { IN_FLIGHT } from './in-flight.mjs'
import { LINK } from './link.mjs'
import { MEMORY } from './memory.mjs'
import { versions } from './report.mjs'
import { interleave, wanted } from './rounds.mjs'
import { dial, hangUp, openEnds } from './session.mjs'
import { distribution } from './statistics.mjs'

const MEMORY_ROUNDS = 3

/** @returns {Promise<object>} the report, as README.md describes it */
export async function measure({ bench, names, others, rounds, measures: wantedMeasures, path, obstacle }) {
  return withBrowsers({ names, others, isPath: path !== undefined, obstacle }, async (place) => {
    const context = { ...place, names, rounds, wantedMeasures, path }
    const results = bench === 'connect' ? await connect(context) : await link(context, bench === 'link' ? LINK : IN_FLIGHT)
    const network = networkName(path, obstacle)
    const about = { bench, date: new Date().toISOString(), versions: versions(names, place.browsers.dialler), network, rounds }
    return { ...about, ...results }
  })
}

function networkName(path, obstacle) {
  if (obstacle !== undefined) return `the machine's own (no namespace: ${obstacle})`
  if (path === undefined) return 'a namespace of its own'
  const rate = path.rateMbit ? `, ${path.rateMbit} Mbit/s` : ''
  const loss = path.lossPercent ? `, ${path.lossPercent} % lost` : ''
  return `two namespaces, ${path.delayMs} ms${rate}${loss} each way`
}

async function link(context, all) {
  const { browsers, servers, names, rounds, wantedMeasures, path, joined } = context
  const groups = wanted(all, wantedMeasures)
  const dialFailures = {}
  const urls = await servers.through(0)
  const pages = await openPages(context)
  const ends = {}
  for (const name of names) ends[name] = await openEnds(pages, optionsOf(name, urls, 'link'))
  // Only now: what pages load is not measured, and a slow path would take minutes for it.
  await joined?.set(path)
  for (const name of names) await dial(ends[name], name, dialFailures)

  const pooled = {}
  const run = async (group, name) => {
    if (group.can !== undefined && !(await group.can(ends[name]))) return undefined
    const samples = (distributionName, values) => {
      pooled[distributionName] ??= {}
      pooled[distributionName][name] ??= []
      pooled[distributionName][name].push(...values)
    }
    try {
      return await group.round(ends[name], { samples, isPath: path !== undefined })
    } catch (error) {
      // What goes on in the one that failed would weigh on the next.
      await hangUp(ends[name]).catch(() => undefined)
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

async function connect(context) {
  const { servers, names, rounds, wantedMeasures } = context
  const groups = wanted(CONNECT, wantedMeasures)
  const pages = new Map()
  const open = new Map()

  /** Pages by what their browser can do, ends by their pages and how far the servers are. */
  const endsOf = async (name, { delayMs, withoutCurves = false, room = 'warm' }) => {
    const key = [name, delayMs, withoutCurves, room].join()
    if (!open.has(key)) {
      if (!pages.has(withoutCurves))
        pages.set(withoutCurves, await openPages(context, withoutCurves ? ['page/without-curves.js'] : []))
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
