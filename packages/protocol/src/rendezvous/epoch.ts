import { CLOCK_SKEW_MAX_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'

/** Epochs are days: long enough to bind rarely, short enough that a relay cannot follow an address for a week. */
const EPOCH_MS = 86_400_000

/** The epoch of an instant since 1970: ⌊unix seconds / 86,400⌋. */
export function epochOf(unixMs: Millis): number {
  return Math.floor(unixMs / EPOCH_MS)
}

/** The epochs to bind and to try: the current one first, then its neighbour while that boundary is at most 2 h away. */
export function epochsAround(unixMs: Millis): number[] {
  const current = epochOf(unixMs)
  const elapsedMs = unixMs - current * EPOCH_MS
  if (elapsedMs <= CLOCK_SKEW_MAX_MS && current > 0) return [current, current - 1]
  if (elapsedMs >= EPOCH_MS - CLOCK_SKEW_MAX_MS) return [current, current + 1]
  return [current]
}
