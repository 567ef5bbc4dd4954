import type { AddressKeys, Bytes } from '@kith/protocol'
import { Bound } from './bound.ts'
import { type BindOptions, type Carrier, checkEnvelope } from './carrier.ts'

export interface MemoryHubOptions {
  /** Runs `deliver` later, never at once. Default: `queueMicrotask`. */
  readonly schedule?: (deliver: () => void) => void
  /** What becomes of one envelope for one receiver. Default: it arrives once, in order. */
  readonly fate?: () => Fate
}

/** How many copies arrive (0: lost), and behind how many of those that are sent after it. */
export interface Fate {
  readonly copies: number
  readonly behind: number
}

/** A carrier's worst habits, by a seeded source (32 random bits a call); each is a probability. */
export function unreliable(next32: () => number, odds: { drop?: number; duplicate?: number; reorder?: number }): () => Fate {
  const happens = (probability = 0) => next32() / 0x1_0000_0000 < probability
  return () => {
    const dropped = happens(odds.drop)
    const duplicated = happens(odds.duplicate)
    const reordered = happens(odds.reorder)
    return { copies: dropped ? 0 : duplicated ? 2 : 1, behind: reordered ? 1 + (next32() % 3) : 0 }
  }
}

/** What peers of one process share in place of a relay. */
export class MemoryHub {
  readonly #carriers = new Set<MemoryCarrier>()
  readonly #schedule: (deliver: () => void) => void
  readonly #fate: () => Fate
  /** Envelopes that let others go first. */
  readonly #held: { behind: number; readonly deliver: () => void }[] = []

  constructor(options: MemoryHubOptions = {}) {
    this.#schedule = options.schedule ?? queueMicrotask
    this.#fate = options.fate ?? (() => ({ copies: 1, behind: 0 }))
  }

  carrier(): MemoryCarrier {
    const carrier = new MemoryCarrier({
      send: (to, envelope) => this.#send(carrier, to, envelope),
      leave: () => this.#carriers.delete(carrier),
    })
    this.#carriers.add(carrier)
    return carrier
  }

  #send(from: MemoryCarrier, to: Bytes, envelope: Bytes): void {
    for (const held of this.#held) held.behind -= 1
    for (const carrier of this.#carriers) {
      if (carrier === from || !carrier.listensTo(to)) continue
      const { copies, behind } = this.#fate()
      for (let copy = 0; copy < copies; copy++) {
        const deliver = () => carrier.receive(to, envelope)
        // An address may come and go while an envelope is held: the receiver decides again.
        if (behind > 0) this.#held.push({ behind, deliver })
        else this.#schedule(deliver)
      }
    }
    for (const due of this.#held.filter((held) => held.behind <= 0)) {
      this.#held.splice(this.#held.indexOf(due), 1)
      this.#schedule(due.deliver)
    }
  }
}

/** One peer's end of a `MemoryHub`. */
export class MemoryCarrier implements Carrier {
  readonly kind = 'memory'
  readonly origin = 'memory'
  readonly #hub: { send(to: Bytes, envelope: Bytes): void; leave(): void }
  readonly #bound = new Bound()
  #closed = false

  constructor(hub: { send(to: Bytes, envelope: Bytes): void; leave(): void }) {
    this.#hub = hub
  }

  bind(keys: AddressKeys, onEnvelope: (envelope: Bytes) => void, { onBound }: BindOptions = {}): () => void {
    if (this.#closed) return () => {}
    // Bound at once; `onBound` is called later, since the caller may not have finished.
    queueMicrotask(() => this.#bound.tellBound(keys.address))
    return this.#bound.add(keys, onEnvelope, { onBound })
  }

  send(to: Uint8Array, envelope: Bytes): void {
    checkEnvelope(to, envelope)
    if (!this.#closed) this.#hub.send(new Uint8Array(to), new Uint8Array(envelope))
  }

  close(): void {
    this.#closed = true
    this.#bound.clear()
    this.#hub.leave()
  }

  listensTo(address: Uint8Array): boolean {
    return this.#bound.has(address)
  }

  receive(address: Uint8Array, envelope: Uint8Array): void {
    this.#bound.deliver(address, envelope)
  }
}
