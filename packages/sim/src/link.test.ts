import { expect, test } from 'vitest'
import { run } from './run.ts'
import { scenarios } from './scenarios/index.ts'

/** Replay one with `npm run sim -- link --seed S --runs 1 --scenario NAME`. */
const RUNS = Number(process.env.KITH_SIM_RUNS ?? 1000)
const SEED = Number(process.env.KITH_SIM_SEED ?? 1)

test(`${RUNS} runs of a link, no rule broken`, () => {
  let bytesRead = 0
  for (let i = 0; i < RUNS; i++) {
    const result = run(scenarios[i % scenarios.length]!, SEED + i)
    expect(result.violations).toEqual([])
    bytesRead += result.bytesRead
  }
  // A simulation in which nothing gets through proves nothing.
  expect(bytesRead / RUNS).toBeGreaterThan(100_000)
})

test.each(scenarios)('the same seed gives the same bytes, another seed others: $name', (scenario) => {
  const first = run(scenario, 42)
  expect(run(scenario, 42)).toEqual(first)
  expect(run(scenario, 43).trace).not.toBe(first.trace)
})
