import type { Millis, Random } from '../machine.ts'

const BACKOFF_FIRST_MS = 500
const BACKOFF_MAX_MS = 30_000

/**
 * How long to wait before the attempt that follows `failures` failed ones: anything from nothing to 0.5 s × 2^failures, at most
 * `maxMs`. Full jitter: when a relay comes back, its thousand clients must not (Brooker, "Exponential Backoff And Jitter", 2015).
 */
export function backoffMs(failures: number, random: Random, maxMs: Millis = BACKOFF_MAX_MS): Millis {
  const ceiling = Math.min(maxMs, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 16))
  return Math.round(ceiling * fraction(random))
}

/** Uniform in [0, 1). */
export function fraction(random: Random): number {
  const [high = 0, low = 0] = random(2)
  return (high * 256 + low) / 0x1_0000
}
