/** Many runs: which scenario and seed each has, and what came of them all. Who ran which, and in what order, makes no difference. */
import { type Summary, summarize } from './figures.ts'
import type { RunResult } from './run.ts'
import { Trace } from './trace.ts'

/** What one run of a family has: a link's, a dial's. */
export interface Planned {
  readonly name: string
  /** Where scenarios take turns, it is left out of all rounds but one in so many. */
  readonly everyRounds?: number
  readonly run: (seed: number) => RunResult
}

export interface Batch {
  readonly scenarios: readonly Planned[]
  readonly seed: number
  readonly runs: number
}

/** As the command line prints it. */
export interface BatchReport {
  readonly scenario: string
  readonly seed: number
  readonly runs: number
  readonly violations: number
  readonly firstViolation: { readonly scenario: string; readonly seed: number } | undefined
  /** Of all messages of all runs. */
  readonly trace: string
  readonly scenarios: Readonly<Record<string, { readonly runs: number; readonly figures: Readonly<Record<string, Summary>> }>>
}

/** The runs that worker `index` of `workers` does; by their numbers, so that results can be put in order again. */
export function runShare(batch: Batch, index: number, workers: number): readonly (readonly [number, RunResult])[] {
  const results: [number, RunResult][] = []
  plan(batch).forEach((scenario, number) => {
    if (number % workers === index) results.push([number, scenario.run(batch.seed + number)])
  })
  return results
}

/** The scenarios in turn, those that differ little from seed to seed not in every round. */
function plan({ scenarios, runs }: Batch): Planned[] {
  const planned: Planned[] = []
  for (let round = 0; planned.length < runs; round++) {
    for (const scenario of scenarios) if (round % (scenario.everyRounds ?? 1) === 0) planned.push(scenario)
  }
  return planned.slice(0, runs)
}

/** `results` in the order of their numbers. */
export function reportOf(name: string, { seed, runs }: Batch, results: readonly RunResult[]): BatchReport {
  const trace = new Trace()
  const byScenario = new Map<string, RunResult[]>()
  for (const result of results) {
    trace.addText(result.trace)
    const same = byScenario.get(result.scenario)
    if (same === undefined) byScenario.set(result.scenario, [result])
    else same.push(result)
  }
  const first = results.find(({ violations }) => violations.length > 0)
  const scenarios: Record<string, BatchReport['scenarios'][string]> = {}
  for (const [scenario, same] of byScenario) scenarios[scenario] = { runs: same.length, figures: summaries(same) }
  return {
    scenario: name,
    seed,
    runs,
    violations: results.reduce((sum, { violations }) => sum + violations.length, 0),
    firstViolation: first && { scenario: first.scenario, seed: first.seed },
    trace: trace.digest(),
    scenarios,
  }
}

function summaries(results: readonly RunResult[]): Record<string, Summary> {
  const values: Record<string, number[]> = {}
  for (const { figures } of results) {
    for (const [name, value] of Object.entries(figures)) {
      const list = values[name] ?? []
      list.push(value)
      values[name] = list
    }
  }
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, summarize(list)]))
}
