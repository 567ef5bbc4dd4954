/**
 * `npm run sim -- link --seed S --runs N [--scenario NAME] [--json FILE]`: run i has seed S + i and, unless one is named, the
 * scenarios in turn. Prints `{ scenario, seed, runs, violations }`; what was violated goes to stderr, each with the seed that
 * replays it. Exits with 1 when anything was.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { run } from './run.ts'
import { scenarios } from './scenarios/index.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    scenario: { type: 'string' },
    json: { type: 'string' },
  },
})

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} takes a whole number, not '${text}'`)
  process.exit(2)
}

const chosen = scenarios.filter(({ name }) => values.scenario === undefined || name === values.scenario)
if (positionals[0] !== 'link' || chosen.length === 0) {
  console.error(`usage: sim link [--seed S] [--runs N] [--scenario ${scenarios.map(({ name }) => name).join('|')}] [--json FILE]`)
  process.exit(2)
}
const seed = wholeNumber('seed', values.seed)
const runs = wholeNumber('runs', values.runs)
let violations = 0
for (let i = 0; i < runs; i++) {
  const scenario = chosen[i % chosen.length]
  if (scenario === undefined) break
  const result = run(scenario, seed + i)
  violations += result.violations.length
  for (const violation of result.violations) console.error(violation)
}
const json = `${JSON.stringify({ scenario: 'link', seed, runs, violations })}\n`
if (values.json !== undefined) writeFileSync(values.json, json)
process.stdout.write(json)
if (violations > 0) process.exitCode = 1
