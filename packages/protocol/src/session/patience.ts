import { GOODBYE_IDLE_MS, GOODBYE_MAX_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'

/** How long the end of a link is waited for: while anything moves, and not for ever. */
export class Patience {
  readonly #until: Millis
  #deadline: Millis

  constructor(now: Millis) {
    this.#until = now + GOODBYE_MAX_MS
    this.#deadline = now + GOODBYE_IDLE_MS
  }

  get deadline(): Millis {
    return this.#deadline
  }

  isOver(now: Millis): boolean {
    return now >= this.#deadline
  }

  /** Something has moved. */
  goesOn(now: Millis): void {
    this.#deadline = Math.min(Math.max(this.#deadline, now + GOODBYE_IDLE_MS), this.#until)
  }
}
