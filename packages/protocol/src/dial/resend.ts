import { RESEND_MAX_MS, RESEND_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'

/** When to send again what is not answered: after RESEND_MS, and then each time after twice as long, up to RESEND_MAX_MS. */
export class Resend {
  #at: Millis = Infinity
  #waitMs = RESEND_MS

  /** Infinity: not waiting. */
  deadline(): Millis {
    return this.#at
  }

  /** It was said; where it had been said before, that counts. */
  start(now: Millis): void {
    this.#at = Math.min(this.#at, now + this.#waitMs)
  }

  /** Whether it is time; then the next wait has begun. */
  isDue(now: Millis): boolean {
    if (now < this.#at) return false
    this.#waitMs = Math.min(this.#waitMs * 2, RESEND_MAX_MS)
    this.#at = now + this.#waitMs
    return true
  }

  /** It was answered: what is said next waits as at first. */
  stop(): void {
    this.#at = Infinity
    this.#waitMs = RESEND_MS
  }
}
