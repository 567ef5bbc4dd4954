import type { Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'

/** An IPv4 address or an IPv6 /64, as text: whatever one host can hardly have many of. */
export type PrefixKey = string

interface Prefix {
  sockets: number
  binds: number
  readonly accepts: TokenBucket
}

export interface PrefixLimits {
  readonly sockets: number
  readonly socketsPerPrefix: number
  readonly acceptsPerPrefix: number
  readonly acceptBurst: number
  readonly bindsPerPrefix: number
}

/** Networks remembered for each socket allowed. */
const PREFIXES_PER_SOCKET = 2

/** Quotas of whole networks: how many sockets each has, and how fast it opens them. */
export class Prefixes {
  readonly #limits: PrefixLimits
  readonly #prefixes = new Map<PrefixKey, Prefix>()

  constructor(limits: PrefixLimits) {
    this.#limits = limits
  }

  /** Counts one socket more, or says why not. */
  admit(
    key: PrefixKey,
    now: Millis,
  ): { readonly type: 'admitted' | 'full' | 'crowded' } | { readonly type: 'fast'; readonly retryAfterMs: Millis } {
    const prefix = this.#prefix(key, now)
    if (prefix === undefined) return { type: 'full' }
    if (prefix.sockets >= this.#limits.socketsPerPrefix) return { type: 'crowded' }
    if (!prefix.accepts.take(now)) return { type: 'fast', retryAfterMs: prefix.accepts.waitMs(now) }
    prefix.sockets += 1
    return { type: 'admitted' }
  }

  /** Costs this network as much as so many new sockets, also beyond what it may open: it waits until that is made up for. */
  charge(key: PrefixKey, count: number, now: Millis): void {
    this.#prefixes.get(key)?.accepts.charge(now, count)
  }

  release(key: PrefixKey): void {
    const prefix = this.#prefixes.get(key)
    if (prefix !== undefined) prefix.sockets -= 1
  }

  /** Whether this network has a place for so many addresses more. */
  hasRoom(key: PrefixKey, count: number): boolean {
    return (this.#prefixes.get(key)?.binds ?? 0) + count <= this.#limits.bindsPerPrefix
  }

  /** `count` addresses more are bound or under way, or fewer where it is negative. */
  bound(key: PrefixKey, count: number): void {
    const prefix = this.#prefixes.get(key)
    if (prefix !== undefined) prefix.binds += count
  }

  /** Forgets networks without sockets whose quota is whole again. Whether any other of them has to wait for that. */
  sweep(now: Millis): boolean {
    let waiting = false
    for (const [key, prefix] of this.#prefixes) {
      if (prefix.sockets > 0) continue
      if (prefix.accepts.full(now)) this.#prefixes.delete(key)
      else waiting = true
    }
    return waiting
  }

  /** Undefined when too many are remembered: whoever owns a /32 of IPv6 can come from four billion of them. */
  #prefix(key: PrefixKey, now: Millis): Prefix | undefined {
    const known = this.#prefixes.get(key)
    if (known !== undefined) return known
    if (this.#prefixes.size >= PREFIXES_PER_SOCKET * this.#limits.sockets) return undefined
    const { acceptsPerPrefix, acceptBurst } = this.#limits
    const prefix: Prefix = { sockets: 0, binds: 0, accepts: new TokenBucket(acceptsPerPrefix, acceptBurst, now) }
    this.#prefixes.set(key, prefix)
    return prefix
  }
}
