/**
 * A scenario is a file in `scenarios/`: a path, what happens on it, and what must come of it. To add one, write the file and name
 * it in `scenarios/index.ts`; the tests and the command line take it from there.
 *
 * What happens is a `Workload`: `anything` (whatever comes to the applications' minds) looks for broken rules, those of
 * `workloads/` that send on purpose take figures. A scenario may bound its figures: a run outside is a violation like any other.
 */

import type { VirtualClock } from '../../test-kit/src/clock.ts'
import type { SeededRandom } from '../../test-kit/src/random.ts'
import type { Endpoint } from './endpoint.ts'
import type { Figures } from './figures.ts'
import type { PathModel, Way } from './path.ts'

/** What a workload has to do with. Both ends are ready when it begins. */
export interface World {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly dialler: Endpoint
  readonly callee: Endpoint
  /** From the dialler to the callee, and back. */
  readonly there: Way
  readonly back: Way
  readonly figures: Figures
  /** Names for streams, each used once. */
  readonly nextKey: () => number
  readonly violated: (what: string) => void
}

/** Starts what happens, by the clock of the world; returns whether it is over. */
export type Workload = (world: World) => () => boolean

/** What a figure must be, in every run. */
export interface Bound {
  readonly least?: number
  readonly most?: number
}

export interface Scenario {
  /** Variants of one scenario share what is before a '/'. */
  readonly name: string
  /** The same in both directions. */
  readonly path: PathModel
  readonly workload: Workload
  /** By the name of the figure. */
  readonly bounds?: Readonly<Record<string, Bound>>
  /** Bytes in a lane's buffer above which the driver gives it no more; Link's where not given. */
  readonly bufferBytes?: number
  readonly maxMessageSize?: number
  /** Paths that die and are followed by others: of each but the last, after how many messages of both ends it dies. What is on its way
   *  is lost, and each end learns of it in its own time. */
  readonly pathsDie?: (seed: number, random: SeededRandom) => readonly number[]
  /** How it ends: all streams are brought to their end, or one side says goodbye in the middle. */
  readonly end?: 'drain' | 'goodbye'
  /** Where scenarios take turns, it is left out of all rounds but each so-manieth: for those that take figures, which differ little
   *  from seed to seed and carry much. */
  readonly everyRounds?: number
}
