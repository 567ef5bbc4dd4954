import type { Millis } from './machine.ts'

/** A quota: `perSecond` on average, `burst` at once. Unused tokens gather up to the burst and no further. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  /** In thousandths, so that whole milliseconds give whole numbers and nothing is lost to rounding. */
  #thousandths: number
  #at: Millis

  constructor(perSecond: number, burst: number, now: Millis) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#thousandths = burst * 1000
    this.#at = now
  }

  /** Whether `count` tokens were there; if not, none is taken. */
  take(now: Millis, count = 1): boolean {
    this.#refill(now)
    if (this.#thousandths < count * 1000) return false
    this.#thousandths -= count * 1000
    return true
  }

  /** Whether `count` tokens are there; none is taken. */
  has(now: Millis, count = 1): boolean {
    this.#refill(now)
    return this.#thousandths >= count * 1000
  }

  /** Takes `count` tokens even if there are fewer: the rest is owed, up to `owedMax`, and must be refilled before any can be taken. */
  charge(now: Millis, count: number, owedMax: number): void {
    this.#refill(now)
    this.#thousandths = Math.max(Math.min(this.#thousandths, -owedMax * 1000), this.#thousandths - count * 1000)
  }

  /** The time until `count` tokens are there, if none is taken: at least 1 ms, so that a waiting caller makes progress. */
  waitMs(now: Millis, count = 1): Millis {
    this.#refill(now)
    if (this.#perSecond <= 0) return Number.MAX_SAFE_INTEGER
    return Math.max(1, Math.ceil((count * 1000 - this.#thousandths) / this.#perSecond))
  }

  /** Whether it is full: a full bucket is as a new one, and can be dropped. */
  full(now: Millis): boolean {
    this.#refill(now)
    return this.#thousandths >= this.#burst * 1000
  }

  /** A clock that went back changes nothing. */
  #refill(now: Millis): void {
    if (now <= this.#at) return
    this.#thousandths = Math.min(this.#burst * 1000, this.#thousandths + (now - this.#at) * this.#perSecond)
    this.#at = now
  }
}
