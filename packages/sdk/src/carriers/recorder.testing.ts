/** A carrier that only writes down what is asked of it; a test delivers. */
import { type AddressKeys, type Bytes, hex } from '@kith/protocol'
import { Bound } from './bound.ts'
import type { BindOptions, Carrier, CarrierKind } from './carrier.ts'

export class Recorder implements Carrier {
  readonly kind: CarrierKind
  readonly origin: string
  readonly sent: { to: string; envelope: Bytes }[] = []
  /** Addresses in hex, in the order in which they were bound. */
  readonly addresses = new Set<string>()
  /** By address in hex. */
  readonly ranks = new Map<string, number>()
  readonly #bound = new Bound()
  readonly #onLost = new Set<() => void>()

  constructor(origin: string) {
    this.origin = origin
    this.kind = origin === 'broadcast' ? 'tabs' : 'relay'
  }

  bind(keys: AddressKeys, onEnvelope: (envelope: Bytes) => void, { onBound, rank = 0 }: BindOptions = {}): () => void {
    const address = hex(keys.address)
    const added = () => void this.addresses.add(address)
    this.ranks.set(address, rank)
    return this.#bound.add(keys, onEnvelope, { onBound, first: added, last: () => this.addresses.delete(address) })
  }

  send(to: Uint8Array, envelope: Bytes): void {
    this.sent.push({ to: hex(to), envelope })
  }

  rank(ranks: readonly (readonly [address: Uint8Array, rank: number])[]): void {
    for (const [address, rank] of ranks) this.ranks.set(hex(address), rank)
  }

  tellBound(address: Uint8Array): void {
    this.#bound.tellBound(address)
  }

  deliver(address: Uint8Array, envelope: Uint8Array): void {
    this.#bound.deliver(address, envelope)
  }

  onLost(listener: () => void): () => void {
    this.#onLost.add(listener)
    return () => this.#onLost.delete(listener)
  }

  lose(): void {
    for (const listener of this.#onLost) listener()
  }

  close(): void {
    this.#bound.clear()
    this.addresses.clear()
  }
}
