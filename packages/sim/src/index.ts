export { type Arrival, OneWay, type PathModel } from './path.ts'
export { type RunResult, run } from './run.ts'
export type { Scenario } from './scenario.ts'
export { scenarios } from './scenarios/index.ts'
