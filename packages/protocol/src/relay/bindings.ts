import type { Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'

/** An address as text, a byte a character: a Map compares it by value. */
export type AddressKey = string

export function keyOf(address: Uint8Array): AddressKey {
  // `apply` takes an array-like as it is, where spreading walks an iterator: a fifth of the time, for every envelope.
  return String.fromCharCode.apply(null, address as unknown as number[])
}

interface Binders<Holder> {
  readonly holders: Set<Holder>
  readonly receives: TokenBucket
}

export interface BindingLimits {
  readonly bindersPerAddress: number
  readonly receivePerSecond: number
  readonly receiveBurst: number
}

/** Who has which address bound, and how much each address may receive. An address that no socket has bound takes no memory. */
export class Bindings<Holder> {
  readonly #limits: BindingLimits
  #addresses = new Map<AddressKey, Binders<Holder>>()

  constructor(limits: BindingLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#addresses.size
  }

  /** Whether any of these addresses has no place left for this holder. */
  crowded(holder: Holder, keys: Iterable<AddressKey>): boolean {
    for (const key of keys) {
      const holders = this.#addresses.get(key)?.holders
      if (holders !== undefined && holders.size >= this.#limits.bindersPerAddress && !holders.has(holder)) return true
    }
    return false
  }

  add(holder: Holder, key: AddressKey, now: Millis): void {
    let binders = this.#addresses.get(key)
    if (binders === undefined) {
      const { receivePerSecond, receiveBurst } = this.#limits
      binders = { holders: new Set(), receives: new TokenBucket(receivePerSecond, receiveBurst, now) }
      this.#addresses.set(key, binders)
    }
    binders.holders.add(holder)
  }

  /** All at once: to take two million addresses out one by one takes longer than a shutdown has. */
  clear(): void {
    this.#addresses = new Map()
  }

  remove(holder: Holder, key: AddressKey): void {
    const binders = this.#addresses.get(key)
    if (binders === undefined) return
    binders.holders.delete(holder)
    if (binders.holders.size === 0) this.#addresses.delete(key)
  }

  /** Who gets what is sent to this address: all that hold it but the sender, as long as the address may receive. */
  receivers(sender: Holder, key: AddressKey, now: Millis): Holder[] | 'unbound' | 'rate-limited' {
    const binders = this.#addresses.get(key)
    if (binders === undefined) return 'unbound'
    const receivers: Holder[] = []
    for (const holder of binders.holders) if (holder !== sender) receivers.push(holder)
    if (receivers.length === 0) return 'unbound'
    return binders.receives.take(now) ? receivers : 'rate-limited'
  }
}
