/**
 * What has been read once and must not be read again: the ephemeral keys of knocks, which no honest caller uses twice, and the
 * ids of dials, which come through every carrier. Remembered for two epochs, after which the address itself is dead. Only what
 * could be read goes in, so that junk cannot push real knocks out.
 */
import { REPLAY_CACHE_MAX } from '../limits.ts'
import type { Millis } from '../machine.ts'

const TWO_EPOCHS_MS = 2 * 86_400_000

export class ReplayCache {
  /** Until when each is remembered, in order of arrival: a Map iterates as it was filled. */
  readonly #until = new Map<string, Millis>()

  has(key: string): boolean {
    return this.#until.has(key)
  }

  /** Whether it is new. */
  add(key: string, now: Millis): boolean {
    if (this.#until.has(key)) return false
    for (const [oldest, until] of this.#until) {
      if (until > now && this.#until.size < REPLAY_CACHE_MAX) break
      this.#until.delete(oldest)
    }
    this.#until.set(key, now + TWO_EPOCHS_MS)
    return true
  }
}
