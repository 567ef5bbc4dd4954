import { type AddressKeys, type Bytes, hex } from '@kith/protocol'
import { guarded } from '../runtime/events.ts'

type Listener = (envelope: Bytes) => void

interface Entry {
  readonly keys: AddressKeys
  readonly listeners: Set<Listener>
  readonly onBound: Set<() => void>
}

/** Who of this peer listens to which address; several may listen to one. */
export class Bound {
  readonly #entries = new Map<string, Entry>()

  /** `first` and `last` are called when an address begins and ends to be listened to. Undoing twice undoes once. */
  add(
    keys: AddressKeys,
    listener: Listener,
    { onBound, first, last }: { onBound?: (() => void) | undefined; first?: () => void; last?: () => void } = {},
  ): () => void {
    const key = hex(keys.address)
    const entry: Entry = this.#entries.get(key) ?? { keys, listeners: new Set(), onBound: new Set() }
    if (onBound) entry.onBound.add(onBound)
    // A listener of its own for each call, so that one function bound twice is called twice and undone once.
    const own: Listener = (envelope) => listener(envelope)
    entry.listeners.add(own)
    if (entry.listeners.size === 1) {
      this.#entries.set(key, entry)
      first?.()
    }
    return () => {
      if (onBound) entry.onBound.delete(onBound)
      if (!entry.listeners.delete(own) || entry.listeners.size > 0 || this.#entries.get(key) !== entry) return
      this.#entries.delete(key)
      last?.()
    }
  }

  keysOf(address: Uint8Array): AddressKeys | undefined {
    return this.#entries.get(hex(address))?.keys
  }

  /** The carrier takes envelopes for this address from now on. */
  tellBound(address: Uint8Array): void {
    const entry = this.#entries.get(hex(address))
    if (entry === undefined) return
    for (const onBound of [...entry.onBound]) guarded(onBound)
  }

  has(address: Uint8Array): boolean {
    return this.#entries.has(hex(address))
  }

  /** Each listener gets a copy of its own. What one of them throws is reported and keeps it from no other. */
  deliver(address: Uint8Array, envelope: Uint8Array): void {
    const entry = this.#entries.get(hex(address))
    if (entry === undefined) return
    for (const listener of [...entry.listeners]) guarded(() => listener(new Uint8Array(envelope)))
  }

  clear(): void {
    this.#entries.clear()
  }
}
