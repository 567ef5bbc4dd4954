/** Control messages of other parts of the SDK, which the link carries: SDP for media (4), retirement (11), relays (12). */
import { type Bytes, CONTROL_EARLY_MAX, Fields, KithError, type OpaqueType, unpack, violation } from '@kith/protocol'
import type { Stop } from '../api.ts'
import { makeStop, report } from '../runtime/events.ts'

/** Gets the fields behind the type. */
export type ControlListener = (type: OpaqueType, fields: Fields) => void

export class ControlMessages {
  readonly #fail: (error: KithError) => void
  readonly #listeners = new Set<ControlListener>()
  /** What came before the first listener; undefined once it was delivered. */
  #early: { readonly type: OpaqueType; readonly message: Bytes }[] | undefined = []
  #isEnded = false

  /** @param fail ends the link: the remote broke the protocol. */
  constructor(fail: (error: KithError) => void) {
    this.#fail = fail
  }

  /** What came before the first listener is delivered in a microtask, to all listeners that there are by then. */
  on(listener: ControlListener): Stop {
    this.#listeners.add(listener)
    if (this.#early && this.#listeners.size === 1) queueMicrotask(() => this.#deliverEarly())
    return makeStop(() => this.#listeners.delete(listener))
  }

  /** A listener that throws 'peer-violation' fails the link; any other error is reported. */
  deliver(type: OpaqueType, message: Bytes): void {
    if (this.#isEnded) return
    if (this.#early) {
      this.#early.push({ type, message })
      if (this.#early.length > CONTROL_EARLY_MAX)
        this.#fail(violation('too many control messages before the connection is in use'))
      return
    }
    try {
      for (const listener of this.#listeners) {
        const fields = new Fields(unpack(message))
        fields.integer()
        listener(type, fields)
      }
    } catch (error) {
      if (error instanceof KithError && error.code === 'peer-violation') this.#fail(error)
      else report(error)
    }
  }

  /** Delivers nothing from now on. */
  end(): void {
    this.#isEnded = true
    this.#early = undefined
  }

  #deliverEarly(): void {
    // All listeners have stopped again.
    if (this.#listeners.size === 0) return
    const early = this.#early ?? []
    this.#early = undefined
    for (const { type, message } of early) this.deliver(type, message)
  }
}
