/**
 * How a session ends in order. The side that leaves sends what was written, and then a goodbye that counts it; the other waits until
 * all of that has come. Neither waits for ever.
 */
import { KithError } from '../errors.ts'
import type { Millis } from '../machine.ts'
import type { Goodbye } from './control.ts'
import type { LaneCounts } from './control-lane.ts'
import { Patience } from './patience.ts'

/** 'leaving': what was written is on its way out, and then our goaway. 'left': theirs has come, and not all that it counts. */
export type FarewellState =
  | { readonly phase: 'live' }
  | { readonly phase: 'leaving' | 'left'; readonly goodbye: Goodbye; readonly wait: Patience }
  | { readonly phase: 'ended' }

export class Farewell {
  #state: FarewellState = { phase: 'live' }
  /** We leave, and what was written has been waited for long enough. */
  #isOverdue = false

  get state(): FarewellState {
    return this.#state
  }

  /** Throws 'closed' unless both sides stay. */
  checkLive(): void {
    switch (this.#state.phase) {
      case 'live':
        return
      case 'left':
        throw new KithError('closed', 'The remote closes the connection.', { source: 'remote' })
      case 'leaving':
      case 'ended':
        throw new KithError('closed', 'The connection is not open.')
    }
  }

  /** We leave once what was written has left; `atOnce`: with what can leave now. */
  leave(goodbye: Goodbye, atOnce: boolean, now: Millis): void {
    this.#state = { phase: 'leaving', goodbye, wait: new Patience(atOnce ? Number.NEGATIVE_INFINITY : now) }
  }

  /** Their goaway has come, or something after it. It may travel faster than what was sent before it. Whether all of that has come. */
  await(goodbye: Goodbye, received: LaneCounts, now: Millis): boolean {
    const { sent } = goodbye
    if (!sent || (received.urgent >= sent.urgent && received.bulk >= sent.bulk)) return true
    const wait = this.#state.phase === 'left' ? this.#state.wait : new Patience(now)
    wait.goesOn(now)
    this.#state = { phase: 'left', goodbye, wait }
    return false
  }

  /** Something of what we wrote has arrived. */
  goesOn(now: Millis): void {
    if (this.#state.phase === 'leaving') this.#state.wait.goesOn(now)
  }

  /** Whether their last was waited for long enough. Of ours that is remembered: our goaway goes with the next message that leaves, and
   *  until the control lane has room for it there is nothing to wake up for. */
  tick(now: Millis): boolean {
    const state = this.#state
    if ((state.phase !== 'leaving' && state.phase !== 'left') || !state.wait.isOver(now)) return false
    if (state.phase === 'left') return true
    this.#isOverdue = true
    return false
  }

  deadline(): Millis | undefined {
    const state = this.#state
    const waits = state.phase === 'left' || (state.phase === 'leaving' && !this.#isOverdue)
    return waits ? state.wait.deadline : undefined
  }

  end(): void {
    this.#state = { phase: 'ended' }
  }
}
