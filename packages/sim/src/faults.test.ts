import { Mux } from '@kith/protocol'
import { expect, test } from 'vitest'
import { FAULTS } from './faults.testing.ts'
import { run } from './run.ts'
import { bulk } from './scenarios/bulk.ts'
import { churn } from './scenarios/churn.ts'
import { pauses } from './scenarios/pauses.ts'
import { stalls } from './scenarios/stalls.ts'

const SCENARIOS = [bulk, churn, pauses, stalls]
const SEEDS = 10

/** The first that is found, over a few seeds. */
function firstViolation(broken: typeof Mux): string | undefined {
  for (let seed = 1; seed <= SEEDS; seed++) {
    for (const scenario of SCENARIOS) {
      const [violation] = run(scenario, seed, { createMux: (config) => new broken(config) }).violations
      if (violation !== undefined) return violation
    }
  }
  return undefined
}

test('an honest machine breaks no rule', () => {
  expect(firstViolation(Mux)).toBeUndefined()
})

test.each(FAULTS)('a machine that breaks it is found out: $rule', ({ broken, found }) => {
  expect(firstViolation(broken)).toMatch(found)
})
