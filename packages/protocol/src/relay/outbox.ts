import type { Bytes } from '../machine.ts'

/** Answers that may wait however small the queue for envelopes was configured: one for each BIND of a full set, and notices. */
const ANSWERS_MAX = 64

/**
 * What waits for one slow receiver. Envelopes are lossy by contract, so the oldest gives way: the newest is the one whose
 * sender still waits. Answers and pings are few and must arrive, so a receiver that lets those pile up is given up.
 */
export class Outbox {
  readonly #maxEnvelopes: number
  readonly #waiting: { readonly frame: Bytes; readonly envelope: boolean }[] = []
  #envelopes = 0

  constructor(maxEnvelopes: number) {
    this.#maxEnvelopes = maxEnvelopes
  }

  get length(): number {
    return this.#waiting.length
  }

  /** 'dropped': an envelope had to go to make room. 'overflow': nothing was taken, close the receiver. */
  push(frame: Bytes, envelope: boolean): 'kept' | 'dropped' | 'overflow' {
    if (!envelope && this.#waiting.length - this.#envelopes >= ANSWERS_MAX) return 'overflow'
    this.#waiting.push({ frame, envelope })
    if (!envelope) return 'kept'
    this.#envelopes += 1
    if (this.#envelopes <= this.#maxEnvelopes) return 'kept'
    const oldest = this.#waiting.findIndex((waiting) => waiting.envelope)
    this.#waiting.splice(oldest, 1)
    this.#envelopes -= 1
    return 'dropped'
  }

  shift(): Bytes | undefined {
    const first = this.#waiting.shift()
    if (first?.envelope === true) this.#envelopes -= 1
    return first?.frame
  }
}
