import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Dialer } from '@kith/protocol'
import { expect, test } from 'vitest'
import type { BatchReport } from '../batch.ts'
import { DIAL_FAULTS } from './faults.testing.ts'
import { type DialRunOptions, runDials } from './run.ts'
import { dialScenarios } from './scenarios.ts'

const RUNS = Number(process.env.KITH_DIAL_RUNS ?? 500)
const SEED = Number(process.env.KITH_SIM_SEED ?? 1)
const SEEDS = 25

const root = fileURLToPath(new URL('../../../..', import.meta.url))

async function sim(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const command = ['scripts/run-ts.mjs', 'packages/sim/src/cli.ts', 'dial', ...args]
  return promisify(execFile)(process.execPath, command, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
}

test(`${RUNS} runs of whole dials, no rule broken`, { timeout: 1_800_000 }, async () => {
  // Exits with 1, and so rejects with all that it said, where a rule was broken.
  const { stdout, stderr } = await sim('--runs', String(RUNS), '--seed', String(SEED))
  console.log(stderr)
  const report = JSON.parse(stdout) as BatchReport
  expect(report).toMatchObject({ scenario: 'dial', runs: RUNS, violations: 0 })
  // A simulation in which nothing comes through proves nothing.
  for (const name of ['crowd/bad', 'glare/bad', 'relay-leaves'])
    expect(report.scenarios[name]?.figures.connectedPart?.median).toBeGreaterThan(0.8)
})

test('the same seed gives the same bytes, with however many jobs; another seed others', { timeout: 300_000 }, async () => {
  const runs = String(dialScenarios.length)
  const first = await sim('--runs', runs, '--seed', '42', '--jobs', '2')
  expect(first.stdout).toMatch(/"trace": "[0-9a-f]{16}"/)
  expect((await sim('--runs', runs, '--seed', '42', '--jobs', '1')).stdout).toBe(first.stdout)
  expect((await sim('--runs', runs, '--seed', '43')).stdout).not.toBe(first.stdout)
})

function firstViolation(name: string, newDialer: DialRunOptions['newDialer']): string | undefined {
  const scenario = dialScenarios.find((one) => one.name === name)
  if (!scenario) throw new Error(`no scenario '${name}'`)
  for (let seed = 1; seed <= SEEDS; seed++) {
    const [violation] = runDials(scenario, seed, newDialer && { newDialer }).violations
    if (violation !== undefined) return violation
  }
  return undefined
}

test.each([...new Set(DIAL_FAULTS.map(({ scenario }) => scenario))])('an honest dialer breaks no rule: %s', (scenario) => {
  expect(firstViolation(scenario, (config, now) => new Dialer(config, now))).toBeUndefined()
})

test.each(DIAL_FAULTS)('a dialer that breaks it is found: $rule', ({ broken, scenario, found }) => {
  expect(firstViolation(scenario, (config, now) => new broken(config, now))).toMatch(found)
})
