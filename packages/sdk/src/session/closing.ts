/**
 * The closing handshake, as the side that says goodbye waits for it: the goodbye leaves behind all that was written; the remote answers by
 * closing its lanes once all has arrived. Both waits are bounded.
 */
import { GOODBYE_IDLE_MS, GOODBYE_MAX_MS } from '@kith/protocol'
import type { Lane } from '../path/lane.ts'
import { type Deferred, deferred } from '../runtime/deferred.ts'
import { now } from '../runtime/driver.ts'

export class Closing {
  readonly #control: Lane
  /** From `begin` on. */
  #sent: Deferred<void> | undefined
  #isOver = false
  /** Shared by all that close. */
  #answered: Promise<void> | undefined
  #extend = (): void => undefined

  constructor(control: Lane) {
    this.#control = control
  }

  /** This side closes: no handler is called any more. */
  get hasBegun(): boolean {
    return this.#sent !== undefined
  }

  begin(): void {
    this.#sent ??= deferred()
  }

  /** The session has ended: our goodbye has left, or nothing can leave any more. */
  sessionEnded(): void {
    this.#isOver = true
    this.#sent?.resolve()
  }

  /** A message of the remote's has come: while its answer is on the way, it acknowledges. */
  heard(): void {
    this.#extend()
  }

  /** Call it after `begin`. False: the goodbye could not leave within GOODBYE_MAX_MS. */
  async untilSent(): Promise<boolean> {
    if (this.#isOver || this.#sent === undefined) return this.#isOver
    const { promise } = this.#sent
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GOODBYE_MAX_MS)
      void promise.then(() => {
        clearTimeout(timer)
        resolve()
      })
    })
    return this.#isOver
  }

  /** Resolves when the remote has closed its lanes, or GOODBYE_IDLE_MS after its last message. */
  untilAnswered(): Promise<void> {
    this.#answered ??= this.#untilAnswered()
    return this.#answered
  }

  #untilAnswered(): Promise<void> {
    return new Promise((resolve) => {
      const until = now() + GOODBYE_MAX_MS
      let timer: ReturnType<typeof setTimeout> | undefined
      this.#extend = () => {
        clearTimeout(timer)
        timer = setTimeout(resolve, Math.min(GOODBYE_IDLE_MS, until - now()))
      }
      this.#extend()
      const done = () => {
        this.#extend = () => undefined
        clearTimeout(timer)
        resolve()
      }
      if (this.#control.readyState !== 'open') done()
      else this.#control.addEventListener('close', done)
    })
  }
}
