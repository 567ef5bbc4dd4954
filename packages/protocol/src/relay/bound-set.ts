import type { Bytes, Random } from '../machine.ts'
import { fraction } from './backoff.ts'
import { type AddressKey, keyOf } from './bindings.ts'

export interface BoundSetConfig {
  readonly random: Random
  /** To how many addresses so many are padded. */
  readonly paddedCount: (count: number) => number
  /** An address of nobody's, whose keys the driver holds. */
  readonly decoy: () => Bytes
}

/**
 * Which addresses the relay should have bound for us: those that are wanted, and decoys among them, so that it counts in steps.
 * Within one connection the total never shrinks: a decoy takes the place of what is no longer wanted.
 */
export class BoundSet {
  readonly #config: BoundSetConfig
  readonly #wanted = new Map<AddressKey, Bytes>()
  readonly #decoys = new Map<AddressKey, Bytes>()
  /** What the relay has, or was asked to have, on this connection. */
  readonly #asked = new Map<AddressKey, Bytes>()

  constructor(config: BoundSetConfig) {
    this.#config = config
  }

  want(address: Bytes): void {
    this.#wanted.set(keyOf(address), address)
  }

  unwant(address: Uint8Array): void {
    this.#wanted.delete(keyOf(address))
  }

  wants(address: Uint8Array): boolean {
    return this.#wanted.has(keyOf(address))
  }

  /** Whether the relay has this one, or is being asked. */
  asks(address: Uint8Array): boolean {
    return this.#asked.has(keyOf(address))
  }

  /** A new connection: nothing is bound, and the decoys of the old one would only link the two. */
  reset(): void {
    this.#decoys.clear()
    this.#asked.clear()
  }

  /** The relay is asked for this one again, as things are. */
  ask(address: Bytes): void {
    this.#asked.set(keyOf(address), address)
  }

  /** The relay did not take these. */
  refused(addresses: readonly Uint8Array[]): void {
    for (const address of addresses) this.#asked.delete(keyOf(address))
  }

  /**
   * What to tell the relay so that it has what it should, taken as told. Beyond `max` addresses the latest wanted are left out.
   * `skip` are not asked for now.
   */
  changes(max: number, skip: (address: Bytes) => boolean): { bind: Bytes[]; unbind: Bytes[]; leftOut: number } {
    const wanted = [...this.#wanted].slice(0, max)
    const target = new Map(wanted)
    this.#pad(target, Math.min(max, Math.max(this.#asked.size, this.#config.paddedCount(wanted.length))))
    const unbind: Bytes[] = []
    for (const [key, address] of this.#asked) if (!target.has(key)) unbind.push(address)
    for (const address of unbind) this.#asked.delete(keyOf(address))
    const bind: Bytes[] = []
    for (const [key, address] of target) {
      if (this.#asked.has(key) || skip(address)) continue
      bind.push(address)
      this.#asked.set(key, address)
    }
    // In the order of wanting, the decoys would come last and be known for it.
    shuffle(bind, this.#config.random)
    return { bind, unbind, leftOut: this.#wanted.size - wanted.length }
  }

  #pad(target: Map<AddressKey, Bytes>, total: number): void {
    const { decoy } = this.#config
    const needed = Math.max(0, total - target.size)
    for (const key of this.#decoys.keys()) if (this.#decoys.size > needed) this.#decoys.delete(key)
    while (this.#decoys.size < needed) {
      const address = decoy()
      this.#decoys.set(keyOf(address), address)
    }
    for (const [key, address] of this.#decoys) target.set(key, address)
  }
}

/** Fisher and Yates. */
function shuffle<T>(items: T[], random: Random): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(fraction(random) * (last + 1))
    const [a, b] = [items[last], items[other]]
    if (a === undefined || b === undefined) continue
    items[last] = b
    items[other] = a
  }
}
