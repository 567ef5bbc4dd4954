import type { Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'

/** An IPv4 address or an IPv6 /64, as text: whatever one host can hardly have many of. */
export type PrefixKey = string

interface Prefix {
  sockets: number
  binds: number
  readonly site: SiteKey
  readonly accepts: TokenBucket
}

/** What one customer may get whole: an IPv4 address, or an IPv6 /48 with all of its /64s. */
export type SiteKey = string

export interface PrefixLimits {
  readonly sockets: number
  readonly socketsPerPrefix: number
  readonly acceptsPerPrefix: number
  readonly acceptBurst: number
  readonly bindsPerPrefix: number
}

/** Networks remembered for each socket allowed. */
const PREFIXES_PER_SOCKET = 2

/** New sockets that a network may owe, five seconds' worth: the attack is over when its sockets are closed, and its neighbours behind one
 *  address want to come back. */
const OWED_MAX = 256

/** Quotas of whole networks: how many sockets each has, and how fast it opens them. */
export class Prefixes {
  readonly #limits: PrefixLimits
  readonly #prefixes = new Map<PrefixKey, Prefix>()
  /** Sockets of each site that has any. */
  readonly #sites = new Map<SiteKey, number>()
  #sockets = 0

  constructor(limits: PrefixLimits) {
    this.#limits = limits
  }

  /**
   * Counts one socket more, or says why not. A site has as many sockets as there are places left, and always those of one network: so
   * one that comes from thousands of networks leaves half of all places, and where few are left those with few get them.
   */
  admit(
    key: PrefixKey,
    site: SiteKey,
    now: Millis,
  ): { readonly type: 'admitted' | 'full' | 'crowded' } | { readonly type: 'fast'; readonly retryAfterMs: Millis } {
    const { sockets, socketsPerPrefix } = this.#limits
    const left = sockets - this.#sockets
    const prefix = left > 0 ? this.#prefix(key, site, now) : undefined
    if (prefix === undefined) return { type: 'full' }
    const ofSite = this.#sites.get(prefix.site) ?? 0
    if (prefix.sockets >= socketsPerPrefix || ofSite >= Math.max(socketsPerPrefix, left)) return { type: 'crowded' }
    if (!prefix.accepts.take(now)) return { type: 'fast', retryAfterMs: prefix.accepts.waitMs(now) }
    prefix.sockets += 1
    this.#sites.set(prefix.site, ofSite + 1)
    this.#sockets += 1
    return { type: 'admitted' }
  }

  /** Costs this network as much as so many new sockets, also beyond what it may open: it waits until that is made up for, for
   *  seconds. */
  charge(key: PrefixKey, count: number, now: Millis): void {
    this.#prefixes.get(key)?.accepts.charge(now, count, OWED_MAX)
  }

  /** Forgets all. */
  clear(): void {
    this.#prefixes.clear()
    this.#sites.clear()
    this.#sockets = 0
  }

  release(key: PrefixKey): void {
    const prefix = this.#prefixes.get(key)
    if (prefix === undefined) return
    prefix.sockets -= 1
    this.#sockets -= 1
    const ofSite = (this.#sites.get(prefix.site) ?? 0) - 1
    if (ofSite > 0) this.#sites.set(prefix.site, ofSite)
    else this.#sites.delete(prefix.site)
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

  /** Undefined when too many are remembered: the owner of an IPv6 /32 has four billion of them. */
  #prefix(key: PrefixKey, site: SiteKey, now: Millis): Prefix | undefined {
    const known = this.#prefixes.get(key)
    if (known !== undefined) return known
    if (this.#prefixes.size >= PREFIXES_PER_SOCKET * this.#limits.sockets) return undefined
    const { acceptsPerPrefix, acceptBurst } = this.#limits
    const prefix: Prefix = { sockets: 0, binds: 0, site, accepts: new TokenBucket(acceptsPerPrefix, acceptBurst, now) }
    this.#prefixes.set(key, prefix)
    return prefix
  }
}
