import type { Scenario } from '../scenario.ts'
import { bulk } from './bulk.ts'
import { churn } from './churn.ts'
import { goodbye } from './goodbye.ts'
import { narrow } from './narrow.ts'
import { overtaken } from './overtaken.ts'
import { pauses } from './pauses.ts'
import { stalls } from './stalls.ts'

export const scenarios: readonly Scenario[] = [bulk, churn, stalls, pauses, narrow, overtaken, goodbye]
