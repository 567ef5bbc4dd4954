import type { Scenario } from '../scenario.ts'
import { bulk } from './bulk.ts'
import { churn } from './churn.ts'
import { datagramsBesideBulk } from './datagrams-beside-bulk.ts'
import { distanceAll } from './distance.ts'
import { goodbye } from './goodbye.ts'
import { hundredStreams } from './hundred-streams.ts'
import { interactiveBesideBulkAll } from './interactive-beside-bulk.ts'
import { longPath } from './long-path.ts'
import { lostPaths } from './lost-paths.ts'
import { manyShortStreams } from './many-short-streams.ts'
import { narrow } from './narrow.ts'
import { overtaken } from './overtaken.ts'
import { pathChanges } from './path-changes.ts'
import { pauses } from './pauses.ts'
import { priority } from './priority.ts'
import { slowReader } from './slow-reader.ts'
import { stalls } from './stalls.ts'
import { unread } from './unread.ts'

export const scenarios: readonly Scenario[] = [
  bulk,
  churn,
  stalls,
  pauses,
  narrow,
  overtaken,
  goodbye,
  ...interactiveBesideBulkAll,
  longPath,
  pathChanges,
  hundredStreams,
  manyShortStreams,
  slowReader,
  unread,
  datagramsBesideBulk,
  ...distanceAll,
  priority,
  ...lostPaths,
]
