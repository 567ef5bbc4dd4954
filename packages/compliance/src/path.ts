import type { Lanes } from '@kith/sdk/parts'

/** A path between two, as the suites open it: both ends in one process. */
export interface Path {
  readonly ends: readonly [Lanes, Lanes]
  /** What each lane takes as one message; at least 16 KiB. */
  readonly maxMessageBytes: number
  /** Frees what it is made of. Lanes that are still open may go without a word. */
  dispose(): void | Promise<void>
}

/** Opens a new one for each test. Its lanes may still be connecting. */
export type OpenPath = () => Path | Promise<Path>
