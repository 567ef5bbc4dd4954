import { type Feature, Session } from '@kith/protocol'
import { expect, test } from 'vitest'
import { run } from './run.ts'
import { unread } from './scenarios/unread.ts'

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1)

/** What each run of the scenario broke, where the two ends name these features. */
const broken = (dialler: readonly Feature[] | undefined, callee: readonly Feature[] | undefined) =>
  SEEDS.flatMap((seed) => {
    const createSession: typeof Session extends new (config: infer Config) => Session ? (config: Config) => Session : never = (
      config,
    ) => {
      const features = config.role === 0 ? dialler : callee
      return new Session(features === undefined ? config : { ...config, features })
    }
    return run(unread, seed, { createSession }).violations
  })

test('any number of unread streams of any size: whatever is read goes on', () => {
  expect(broken(undefined, undefined)).toEqual([])
})

test.each([
  ['both ends', [], []],
  ['the receiver', undefined, []],
  ['the sender', [], undefined],
] as const)('without that credit at %s some runs stop, and none breaks another rule', (_, dialler, callee) => {
  const violations = broken(dialler, callee)
  expect(violations.length).toBeGreaterThan(0)
  for (const violation of violations) expect(violation).toMatch(/(chatMs|urgentMs|freshMs|transferred) is /)
})
