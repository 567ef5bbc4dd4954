import type { Millis } from '../machine.ts'
import type { Connected } from './client-phase.ts'

/** Envelopes that wait for the relay. Beyond: the oldest is dropped; its sender resends. */
const CLIENT_QUEUE_ENVELOPES = 64

export interface QueuedEnvelope {
  readonly address: Uint8Array
  readonly envelope: Uint8Array
}

/** Envelopes that wait until the relay is there, the binds before them are answered, and the rate allows it. */
export class SendQueue {
  readonly #envelopes: QueuedEnvelope[] = []

  push(envelope: QueuedEnvelope): void {
    this.#envelopes.push(envelope)
    if (this.#envelopes.length > CLIENT_QUEUE_ENVELOPES) this.#envelopes.shift()
  }

  /** What may go now. */
  take({ binds, sendAt }: Connected, now: Millis): QueuedEnvelope[] {
    return binds.holdsSends || now < sendAt ? [] : this.#envelopes.splice(0)
  }

  /** When something may go. Infinity: nothing waits for the clock. */
  deadline({ binds, sendAt }: Connected): Millis {
    return this.#envelopes.length > 0 && !binds.holdsSends ? sendAt : Number.POSITIVE_INFINITY
  }

  clear(): void {
    this.#envelopes.length = 0
  }
}
