import type { Bytes, Random } from '../machine.ts'
import { fraction } from './backoff.ts'
import { type AddressKey, keyOf } from './bindings.ts'

export interface BoundSetConfig {
  readonly random: Random
  /** To how many addresses so many are padded. */
  readonly paddedCount: (count: number) => number
  /** A decoy: a random address, whose keys the driver holds. */
  readonly decoy: () => Bytes
}

/** A contact's address of the neighbouring day: after all of today, for a clock that differs is the rarer case. */
export const OTHER_DAY_RANK = 1 << 20

/** So many addresses are mixed among each other: what matters most is bound first, and not told by its place. */
const WINDOW = 256

interface Wanted {
  readonly address: Bytes
  /** 0: always has a place. Above: left out when the relay has no place for all, the highest first. */
  rank: number
}

/** What is still to be asked, in order. An undefined one stands for a decoy, which is made when it is its turn: keys cost time. */
export interface ToAsk {
  /** Replies and invitations that were wanted since the first ones: a dial waits for them. */
  readonly urgent: Bytes[]
  readonly others: (Bytes | undefined)[]
  /** So many of the others hold all that always have a place. */
  needed: number
}

/**
 * Which addresses the relay should have bound for us: those that are wanted, and decoys among them, so that it counts in steps.
 * Within one connection the total never shrinks: a decoy takes the place of what is no longer wanted.
 */
export class BoundSet {
  readonly #config: BoundSetConfig
  readonly #wanted = new Map<AddressKey, Wanted>()
  readonly #decoys = new Map<AddressKey, Bytes>()
  /** What the relay has, or was asked to have, on this connection. */
  readonly #asked = new Map<AddressKey, Bytes>()

  constructor(config: BoundSetConfig) {
    this.#config = config
  }

  want(address: Bytes, rank: number): void {
    this.#wanted.set(keyOf(address), { address, rank })
  }

  unwant(address: Uint8Array): void {
    this.#wanted.delete(keyOf(address))
  }

  /** Changes the rank of one that is wanted. */
  rank(address: Uint8Array, rank: number): void {
    const wanted = this.#wanted.get(keyOf(address))
    if (wanted !== undefined && wanted.rank > 0 && rank > 0) wanted.rank = rank
  }

  wants(address: Uint8Array): boolean {
    return this.#wanted.has(keyOf(address))
  }

  /** Whether this one always has a place. */
  needs(address: Uint8Array): boolean {
    return this.#wanted.get(keyOf(address))?.rank === 0
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

  /** The relay is asked for this one. */
  ask(address: Bytes): void {
    this.#asked.set(keyOf(address), address)
  }

  decoy(): Bytes {
    const address = this.#config.decoy()
    this.#decoys.set(keyOf(address), address)
    return address
  }

  /** The relay did not take these. */
  refused(addresses: readonly Uint8Array[]): void {
    for (const address of addresses) {
      const key = keyOf(address)
      this.#asked.delete(key)
      this.#decoys.delete(key)
    }
  }

  /** What to take back, taken as told, and what to ask for, so that the relay has what it should. `skip` are not asked for now. */
  plan(max: number, skip: (address: Bytes) => boolean): { unbind: Bytes[]; ask: ToAsk; leftOut: LeftOut } {
    const { chosen, leftOut } = this.#choose(max)
    const total = Math.min(max, Math.max(this.#asked.size, this.#config.paddedCount(chosen.size)))
    const decoys = Math.max(0, total - chosen.size)
    for (const key of this.#decoys.keys()) {
      if (this.#decoys.size <= decoys) break
      this.#decoys.delete(key)
    }
    const unbind: Bytes[] = []
    for (const [key, address] of this.#asked) if (!chosen.has(key) && !this.#decoys.has(key)) unbind.push(address)
    for (const address of unbind) this.#asked.delete(keyOf(address))
    const isFirst = this.#asked.size === 0
    const urgent: Bytes[] = []
    const real: Bytes[] = []
    for (const [key, { address, rank }] of chosen) {
      if (this.#asked.has(key) || skip(address)) continue
      if (rank === 0 && !isFirst) urgent.push(address)
      else real.push(address)
    }
    const others = this.#mix(real, decoys - this.#decoys.size)
    let needed = others.length
    for (let last = others[needed - 1]; needed > 0 && !(last && this.needs(last)); last = others[needed - 1]) needed -= 1
    return { unbind, ask: { urgent, others, needed }, leftOut }
  }

  /** What has a place, the most important first. */
  #choose(max: number): { chosen: ReadonlyMap<AddressKey, Wanted>; leftOut: LeftOut } {
    const entries = [...this.#wanted].sort(([, a], [, b]) => a.rank - b.rank)
    const leftOut = { needed: 0, today: 0, otherDay: 0 }
    for (const [, { rank }] of entries.slice(max)) {
      if (rank === 0) leftOut.needed += 1
      else if (rank < OTHER_DAY_RANK) leftOut.today += 1
      else leftOut.otherDay += 1
    }
    return { chosen: new Map(entries.slice(0, max)), leftOut }
  }

  /** In the order of wanting, the decoys would come last and be known for it. */
  #mix(real: readonly Bytes[], decoys: number): (Bytes | undefined)[] {
    const { random } = this.#config
    const mixed: (Bytes | undefined)[] = []
    const total = real.length + decoys
    let taken = 0
    for (let end = Math.min(WINDOW, total); mixed.length < total; end = Math.min(end + WINDOW, total)) {
      const until = Math.round((real.length * end) / total)
      const window: (Bytes | undefined)[] = real.slice(taken, until)
      taken = until
      while (mixed.length + window.length < end) window.push(undefined)
      shuffle(window, random)
      mixed.push(...window)
    }
    return mixed
  }
}

/** Addresses without a place, by what they are for. */
export interface LeftOut {
  readonly needed: number
  readonly today: number
  readonly otherDay: number
}

/** Fisher and Yates. */
function shuffle<T>(items: T[], random: Random): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(fraction(random) * (last + 1))
    const [a, b] = [items[last] as T, items[other] as T]
    items[last] = b
    items[other] = a
  }
}
