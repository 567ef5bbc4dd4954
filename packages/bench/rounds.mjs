// Contenders take turns, round after round, so that whatever else the machine does weighs on all alike.
import { summarize } from './statistics.mjs'

/**
 * @param {object} plan
 * @param {Record<string, object>} plan.groups each with `units` (its measures), `round`, and perhaps `every`
 * @param {string[]} plan.names contenders
 * @param {number} plan.rounds
 * @param {(group: object, name: string) => Promise<Record<string, number>> | undefined} plan.run one round of a group; undefined where
 *   the contender cannot do it
 * @returns {Promise<{ measures: object, failures: object }>} failures: measure group → contender → how many rounds of it failed
 */
export async function interleave({ groups, names, rounds, run }) {
  const measured = {}
  for (const { units } of Object.values(groups)) {
    for (const measure of Object.keys(units)) measured[measure] = Object.fromEntries(names.map((name) => [name, []]))
  }
  const failures = {}
  for (let round = 0; round < rounds; round++) {
    for (const [groupName, group] of Object.entries(groups)) {
      if (round % (group.every ?? 1) !== 0) continue
      // A B, B A, A B, …: the contender that is second in one round is first in the next.
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        let result = {}
        try {
          result = (await run(group, name)) ?? {}
        } catch (error) {
          console.error(`${groupName}: ${name} failed: ${error.message.split('\n')[0]}`)
          failures[groupName] ??= {}
          failures[groupName][name] = (failures[groupName][name] ?? 0) + 1
        }
        for (const measure of Object.keys(group.units)) measured[measure][name].push(result[measure])
      }
    }
    if (process.stdout.isTTY) process.stdout.write(`\rround ${round + 1} of ${rounds}`)
  }
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')

  const measures = {}
  for (const { units } of Object.values(groups)) {
    for (const [measure, unit] of Object.entries(units)) measures[measure] = summarize(unit, measured[measure])
  }
  return { measures, failures }
}

/** The groups that hold any of the wanted measures; all, where none is named. */
export function wanted(groups, measures) {
  if (measures === undefined) return groups
  return Object.fromEntries(
    Object.entries(groups).filter(([, { units }]) => Object.keys(units).some((measure) => measures.includes(measure))),
  )
}
