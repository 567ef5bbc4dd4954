/**
 * `npm run sim -- link --runs N --seed S [--scenario NAME] [--jobs N] [--json FILE] [--compare FILE]`: run i has seed S + i, the
 * scenarios in turn; NAME is one scenario, or what variants of one have before their '/'. Prints the report as JSON (the same seed
 * gives the same bytes, with however many jobs), and to stderr the seconds, what was violated, and how to see it again.
 * `npm run sim -- dial`, with the same options: whole dials (dials/).
 * `npm run sim -- growth [--seed S]`: how a transfer's bounds grow, over time; series of numbers as JSON (growth.ts).
 * `--compare` takes the JSON of another time and tells which figures differ. Exits with 1 when anything was violated.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type Batch, type BatchReport, type Planned, reportOf, runShare } from './batch.ts'
import { runDials } from './dials/run.ts'
import { dialScenarios } from './dials/scenarios.ts'
import { growth } from './growth.ts'
import { type RunResult, run } from './run.ts'
import { scenarios } from './scenarios/index.ts'

/** Figures that differ by less are taken for the same. */
const SAME_WITHIN = 0.02

const FAMILIES: Readonly<Record<string, readonly Planned[]>> = {
  link: scenarios.map((scenario) => ({ ...scenario, run: (seed) => run(scenario, seed) })),
  dial: dialScenarios.map((scenario) => ({ ...scenario, run: (seed) => runDials(scenario, seed) })),
}

/** The task of one worker. Scenarios hold functions, which do not travel: their names do. */
interface Share {
  readonly family: string
  readonly scenario: string | undefined
  readonly seed: number
  readonly runs: number
  readonly index: number
  readonly jobs: number
}

type Results = ReturnType<typeof runShare>

if (isMainThread) {
  await main()
} else {
  const { family, scenario, seed, runs, index, jobs } = workerData as Share
  parentPort?.postMessage(runShare({ scenarios: chosen(family, scenario), seed, runs }, index, jobs))
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '1000' },
      scenario: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      json: { type: 'string' },
      compare: { type: 'string' },
    },
  })
  if (positionals[0] === 'growth') {
    process.stdout.write(`${JSON.stringify(growth(wholeNumber('seed', values.seed)))}\n`)
    return
  }
  const family = positionals[0] ?? ''
  const batch: Batch = {
    scenarios: chosen(family, values.scenario),
    seed: wholeNumber('seed', values.seed),
    runs: wholeNumber('runs', values.runs),
  }
  const jobs = Math.min(Math.max(1, wholeNumber('jobs', values.jobs)), Math.max(1, batch.runs))
  if (batch.scenarios.length === 0) {
    console.error('usage: sim link|dial [--seed S] [--runs N] [--scenario NAME] [--jobs N] [--json FILE] [--compare FILE]')
    for (const [name, list] of Object.entries(FAMILIES)) console.error(`${name}: ${list.map((one) => one.name).join(' ')}`)
    process.exit(2)
  }

  const startedAt = performance.now()
  const shares: Results[] =
    jobs === 1
      ? [runShare(batch, 0, 1)]
      : await Promise.all(
          Array.from({ length: jobs }, (_, index) =>
            inWorker({ family, seed: batch.seed, runs: batch.runs, scenario: values.scenario, index, jobs }),
          ),
        )
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage()
  const results: RunResult[] = []
  for (const [number, result] of shares.flat()) results[number] = result

  const report = reportOf(values.scenario ?? family, batch, results)
  const json = `${JSON.stringify(report, undefined, 1)}\n`
  if (values.json !== undefined) writeFileSync(values.json, json)
  process.stdout.write(json)
  for (const { violations } of results) for (const violation of violations) console.error(violation)
  console.error(
    `${report.runs} runs, ${report.violations} violations, ${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of CPU)`,
  )
  if (values.compare !== undefined) compare(JSON.parse(readFileSync(values.compare, 'utf8')) as BatchReport, report)
  if (report.firstViolation === undefined) return
  const { scenario, seed } = report.firstViolation
  console.error(`the first again: npm run sim -- ${family} --scenario ${scenario} --seed ${seed} --runs 1`)
  process.exitCode = 1
}

function chosen(family: string, name: string | undefined): readonly Planned[] {
  const all = FAMILIES[family] ?? []
  return name === undefined ? all : all.filter((scenario) => scenario.name === name || scenario.name.startsWith(`${name}/`))
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} takes a whole number, not '${text}'`)
  process.exit(2)
}

function inWorker(share: Share): Promise<Results> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: share })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** Medians, since single runs stray. */
function compare(before: BatchReport, after: BatchReport): void {
  for (const [scenario, { figures }] of Object.entries(after.scenarios)) {
    for (const [name, { median }] of Object.entries(figures)) {
      const was = before.scenarios[scenario]?.figures[name]?.median
      if (was !== undefined && Math.abs(median - was) > SAME_WITHIN * Math.abs(was)) {
        console.error(`${scenario} ${name}: ${was} → ${median}`)
      }
    }
  }
}
