import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { BatchReport } from './batch.ts'
import { run } from './run.ts'
import { scenarios } from './scenarios/index.ts'

const RUNS = Number(process.env.KITH_SIM_RUNS ?? 10_000)
const SEED = Number(process.env.KITH_SIM_SEED ?? 1)

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** As a person would call it. */
async function sim(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const command = ['scripts/run-ts.mjs', 'packages/sim/src/cli.ts', 'link', ...args]
  return promisify(execFile)(process.execPath, command, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
}

test(`${RUNS} runs of a link, no rule broken`, { timeout: 600_000 }, async () => {
  // Exits with 1, and so rejects with all that it said, where a rule was broken.
  const { stdout, stderr } = await sim('--runs', String(RUNS), '--seed', String(SEED))
  console.log(stderr)
  const report = JSON.parse(stdout) as BatchReport
  expect(report).toMatchObject({ scenario: 'link', runs: RUNS, violations: 0 })
  // A simulation in which nothing gets through proves nothing.
  for (const { figures } of Object.values(report.scenarios)) expect(figures.bytesRead?.median).toBeGreaterThan(5_000)
})

test('the same seed gives the same bytes, with however many jobs; another seed others', { timeout: 300_000 }, async () => {
  const runs = String(2 * scenarios.length)
  const first = await sim('--runs', runs, '--seed', '42')
  expect(first.stdout).toMatch(/"trace": "[0-9a-f]{16}"/)
  expect((await sim('--runs', runs, '--seed', '42', '--jobs', '1')).stdout).toBe(first.stdout)
  expect((await sim('--runs', runs, '--seed', '43')).stdout).not.toBe(first.stdout)
})

test.each(scenarios)('two runs of one seed send the same messages: $name', (scenario) => {
  const messages: Buffer[] = []
  const first = run(scenario, 42, { onMessage: (message) => messages.push(Buffer.from(message)) })
  let at = 0
  const second = run(scenario, 42, {
    onMessage: (message) => {
      if (messages[at]?.equals(message) === false) throw new Error(`message ${at} differs`)
      at += 1
    },
  })
  expect(at).toBe(messages.length)
  expect(second).toEqual(first)
  expect(run(scenario, 43).trace).not.toBe(first.trace)
})

test('a scenario with a bound that does not hold tells so', () => {
  const [scenario] = scenarios
  const bounds = { mostInFlightBytes: { most: 1 } }
  expect(run({ ...scenario!, bounds }, 1).violations).toEqual([expect.stringMatching(/seed 1 .* mostInFlightBytes is \d+/)])
})
