import { Session, type SessionConfig } from '@kith/protocol'
import { expect, test } from 'vitest'
import { PATH_FAULTS } from './path-faults.testing.ts'
import { run } from './run.ts'
import { lostPaths, SCRIPT_MESSAGES } from './scenarios/lost-paths.ts'

const [script, any] = lostPaths as [(typeof lostPaths)[number], (typeof lostPaths)[number]]

test('the script is the same in each run, and as long as there are places to cut it', () => {
  for (const seed of [1, 2, 3]) {
    let messages = 0
    const { violations } = run({ ...script, pathsDie: () => [] }, seed, { onMessage: () => messages++ })
    expect([violations, messages]).toEqual([[], SCRIPT_MESSAGES])
  }
})

test('the path dies at each message of the script: each stream is whole, and its end told once', { timeout: 120_000 }, () => {
  let again = 0
  for (let seed = 0; seed < SCRIPT_MESSAGES; seed++) {
    const { violations, figures } = run(script, seed)
    expect(violations).toEqual([])
    expect(figures.pathsLost).toBeGreaterThan(0)
    expect(figures.bytesRead).toBeGreaterThan(100_000)
    again += figures.framesAgain ?? 0
  }
  expect(again).toBeGreaterThan(SCRIPT_MESSAGES)
})

function firstViolation(broken: typeof Session): string | undefined {
  for (let seed = 1; seed <= 60; seed++) {
    for (const scenario of [script, any]) {
      // One end alone: two that make the same mistake may agree.
      const createSession = (config: SessionConfig) => (config.role === 0 ? new broken(config) : new Session(config))
      const [violation] = run(scenario, seed * 17, { createSession }).violations
      if (violation !== undefined) return violation
    }
  }
  return undefined
}

test('an honest machine breaks no rule', { timeout: 60_000 }, () => {
  expect(firstViolation(Session)).toBeUndefined()
})

test.each(PATH_FAULTS)('a machine that breaks it is found out: $rule', ({ broken, found }) => {
  expect(firstViolation(broken)).toMatch(found)
})
