/**
 * Knocks that have been read. Each begins with its ephemeral key, which no honest caller uses twice: one that comes again is a
 * resend, or somebody who replays what passed them. Remembered for two epochs, after which the address itself is dead.
 */
import { hex } from '../bytes/bytes.ts'
import { REPLAY_CACHE_MAX } from '../limits.ts'
import type { Millis } from '../machine.ts'

const TWO_EPOCHS_MS = 2 * 86_400_000

export class ReplayCache {
  /** In order of arrival: a Map iterates as it was filled. */
  readonly #knocks = new Map<string, { readonly dial: number; readonly until: Millis }>()

  /** The dial that this knock began, if it was seen before. */
  find(envelope: Uint8Array): number | undefined {
    return this.#knocks.get(ephemeralOf(envelope))?.dial
  }

  remember(envelope: Uint8Array, dial: number, now: Millis): void {
    for (const [key, { until }] of this.#knocks) {
      if (until > now && this.#knocks.size < REPLAY_CACHE_MAX) break
      this.#knocks.delete(key)
    }
    this.#knocks.set(ephemeralOf(envelope), { dial, until: now + TWO_EPOCHS_MS })
  }

  /** It could not be read: junk must not push real knocks out. */
  forget(envelope: Uint8Array): void {
    this.#knocks.delete(ephemeralOf(envelope))
  }

  get size(): number {
    return this.#knocks.size
  }
}

function ephemeralOf(envelope: Uint8Array): string {
  return hex(envelope.subarray(0, 32))
}
