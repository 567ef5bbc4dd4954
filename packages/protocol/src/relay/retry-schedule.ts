/** When a relay is tried again: by backoff, and by what the relay asked for. */
import type { Millis, Random } from '../machine.ts'
import { backoffMs, fraction } from './backoff.ts'
import { eagerMsOf } from './clamps.ts'

/** The longest wait while a relay restarts, for as long as it asked to be tried. */
const RESTARTING_MAX_MS = 2000

/** Failures that a full relay counts for, and one that breaks the protocol: about ten seconds. */
const FULL_FAILURES = 5

export class RetrySchedule {
  readonly #random: Random
  #failures = 0
  #notBefore: Millis = 0
  #eagerUntil: Millis = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** The relay restarts, and asked to be tried soon. */
  isEager(now: Millis): boolean {
    return now < this.#eagerUntil
  }

  /** A connection ended, or was not made: when to try again. `wasSteady`: it was a good one, so this is a first failure. */
  next(now: Millis, wasSteady: boolean): Millis {
    if (wasSteady) this.#failures = 0
    const delay = backoffMs(this.#failures, this.#random, this.isEager(now) ? RESTARTING_MAX_MS : undefined)
    this.#failures += 1
    return Math.max(now + delay, this.#notBefore)
  }

  /** The next try waits as after several failures. */
  slowDown(wasSteady = false): void {
    this.#failures = Math.max(wasSteady ? 0 : this.#failures, FULL_FAILURES)
  }

  /** No try before this. */
  notBefore(at: Millis): void {
    this.#notBefore = at
  }

  /** The relay restarts. All its clients got the same numbers, so each spreads its own over half and once and a half of them. */
  restarting(reconnectInMs: Millis, tryForMs: Millis, now: Millis, wasSteady: boolean): void {
    this.#notBefore = now + Math.round(reconnectInMs * (0.5 + fraction(this.#random)))
    // A relay that only ever restarts is not tried eagerly for ever.
    if (this.#failures === 0 || wasSteady) this.#eagerUntil = now + eagerMsOf(tryForMs)
  }

  /** The network is back, or the page is looked at: now is as good a time as any. */
  reset(now: Millis): void {
    this.#failures = 0
    this.#notBefore = now
  }
}
