import { Session } from '@kith/protocol'
import { expect, test } from 'vitest'
import { FAULTS } from './faults.testing.ts'
import { run } from './run.ts'
import { bulk } from './scenarios/bulk.ts'
import { churn } from './scenarios/churn.ts'
import { hundredStreams } from './scenarios/hundred-streams.ts'
import { pauses } from './scenarios/pauses.ts'
import { slowReader } from './scenarios/slow-reader.ts'
import { stalls } from './scenarios/stalls.ts'

/** The first that is found: a few seeds of what is quick to run, and one of what carries enough for windows and turns to matter. */
const RUNS = [
  ...[bulk, churn, pauses, stalls].flatMap((scenario) => Array.from({ length: 25 }, (_, i) => [scenario, i + 1] as const)),
  [hundredStreams, 1] as const,
  [slowReader, 1] as const,
]

function firstViolation(broken: typeof Session): string | undefined {
  for (const [scenario, seed] of RUNS) {
    const [violation] = run(scenario, seed, { createSession: (config) => new broken(config) }).violations
    if (violation !== undefined) return violation
  }
  return undefined
}

test('an honest machine breaks no rule', () => {
  expect(firstViolation(Session)).toBeUndefined()
})

test.each(FAULTS)('a machine that breaks it is found out: $rule', ({ broken, found }) => {
  expect(firstViolation(broken)).toMatch(found)
})
