// Every contender over one path after another: the same two pages, a connection of its own for each round of each path.
import { openPages, optionsOf, withBrowsers } from './browsers.mjs'
import { pathOf, pointName } from './network/points.mjs'
import { versions } from './report.mjs'
import { dial, hangUp, openEnds } from './session.mjs'

/** Before the first path: code is compiled, caches fill. */
const WARM_UP = { roundTripMs: 0, rateMbit: 0, lossPercent: 0 }
/** A callee answers 5 knocks a second (its defence against floods); and what the connection before left on its way ends. */
const BETWEEN_DIALS_MS = 500

/**
 * @param {object} plan
 * @param {Point[]} plan.points
 * @param {(ends: object) => Promise<object>} plan.round measures one connection that was just made
 * @param {(ends: object) => Promise<object>} plan.warmUp the same, in less time
 * @param {string[]} [plan.scripts] what runs first in the pages
 * @param {(point: Point, results: Record<string, object[]>) => void} plan.onPoint as each is done, by contender what its rounds gave,
 *   each with the part of packets that was `dropped` at the browsers' sockets; undefined where it failed
 * @returns {Promise<{ date: string, versions: object, failures: object }>} failures: point → contender → how many rounds or dials failed
 */
export async function walk({ points, names, others, rounds, round, warmUp, scripts = [], onPoint }) {
  return withBrowsers({ names, others, isPath: true }, async ({ browsers, servers, joined }) => {
    const urls = await servers.through(0)
    const pages = await openPages({ browsers, servers }, scripts)
    const ends = {}
    for (const name of names) ends[name] = await openEnds(pages, optionsOf(name, urls, 'walk'))

    const once = async (point, name, measure, failures) => {
      // Set anew for each, so that all meet the same losses.
      await joined.set(pathOf(point))
      try {
        if (!(await dial(ends[name], name, failures))) return undefined
        const before = joined.udp()
        const result = await measure(ends[name])
        return { ...result, dropped: dropped(before, joined.udp()) }
      } catch (error) {
        console.error(`${pointName(point)}: ${name} failed: ${error.message.split('\n')[0]}`)
        failures[name] = (failures[name] ?? 0) + 1
      } finally {
        // It may be the connection that failed.
        await hangUp(ends[name]).catch(() => undefined)
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_DIALS_MS))
      }
      return undefined
    }

    for (const name of names) await once(WARM_UP, name, warmUp, {})
    const allFailures = {}
    for (const point of points) {
      const failures = {}
      const results = Object.fromEntries(names.map((name) => [name, []]))
      for (let at = 0; at < rounds; at++) {
        // A B, B A, A B, …: as in `interleave`.
        for (const name of at % 2 === 0 ? names : names.toReversed()) {
          results[name].push(await once(point, name, round, failures))
        }
      }
      if (Object.keys(failures).length > 0) allFailures[pointName(point)] = failures
      onPoint(point, results)
    }
    return { date: new Date().toISOString(), versions: versions(names, browsers.dialler), failures: allFailures }
  })
}

/** The part of all packets that came and found no room in a socket. */
const dropped = (before, after) => {
  const drops = after.dropped - before.dropped
  return drops / Math.max(1, drops + after.received - before.received)
}
