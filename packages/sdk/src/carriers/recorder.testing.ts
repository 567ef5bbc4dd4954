/** A carrier that only writes down what is asked of it; a test delivers. */
import { type AddressKeys, type Bytes, hex } from '@kith/protocol'
import { Bound } from './bound.ts'
import type { Carrier } from './carrier.ts'

export class Recorder implements Carrier {
  readonly origin: string
  readonly sent: { to: string; envelope: Bytes }[] = []
  /** Addresses in hex, in the order in which they were bound. */
  readonly addresses = new Set<string>()
  readonly #bound = new Bound()

  constructor(origin: string) {
    this.origin = origin
  }

  bind(keys: AddressKeys, onEnvelope: (envelope: Bytes) => void): () => void {
    const address = hex(keys.address)
    const added = () => void this.addresses.add(address)
    return this.#bound.add(keys, onEnvelope, added, () => this.addresses.delete(address))
  }

  send(to: Uint8Array, envelope: Bytes): void {
    this.sent.push({ to: hex(to), envelope })
  }

  deliver(address: Uint8Array, envelope: Uint8Array): void {
    this.#bound.deliver(address, envelope)
  }

  close(): void {
    this.#bound.clear()
    this.addresses.clear()
  }
}
