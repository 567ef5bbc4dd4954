/**
 * One connection's BINDs and UNBINDs: what is asked for, in which order, at which rate, and what each answer means.
 *
 * A dial's addresses go at once. Of the others one batch is signed at a time, so that a page stays responsive and a dial passes.
 */
import { KithError } from '../errors.ts'
import { BINDS_PER_FRAME } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import { keyOf } from './bindings.ts'
import type { BoundSet, LeftOut, ToAsk } from './bound-set.ts'
import { bindLimitsOf, REFUSALS_MAX, refusedMsOf } from './clamps.ts'
import type { BindProof, RelayClientOutput } from './client-io.ts'
import { encodeClientFrame, type Notice } from './frames.ts'

/** Binds and unbinds that come close together travel together. */
export const BATCH_MS = 5

/** Before an address that has no place left at the relay is asked for again. */
const CROWDED_MS = 30_000

/** BINDs that may be unanswered while more are to be asked: a dial's own would wait behind them. */
const UNANSWERED_MAX = 8

/** Of the binds that a relay allows at once, what is kept for dials: half of them at the most. */
const RESERVED_BINDS = 32

const NEVER = Number.POSITIVE_INFINITY

export interface BindRequestsConfig {
  readonly set: BoundSet
  readonly connection: number
  /** Of the CHALLENGE. */
  readonly nonce: Uint8Array
  readonly limits: Readonly<Record<string, number>>
  /** Where 'sign', 'bound' and 'transmit' go. */
  readonly outputs: RelayClientOutput[]
}

/** What a refusal means for the connection. */
export type Refusal =
  /** It answers no BIND. */
  | 'unasked'
  /** They are asked for again when the relay says so: `limited`. */
  | 'limited'
  /** They are asked for one by one. */
  | 'apart'
  /** One address has no place, and is asked for again later. */
  | 'crowded'
  /** The relay goes by another name than the one that was dialled. */
  | 'rejected'

export class BindRequests {
  readonly #set: BoundSet
  readonly #connection: number
  readonly #nonce: Bytes
  readonly #outputs: RelayClientOutput[]
  readonly #bindsMax: number
  /** What the relay lets us ask for; undefined where it does not say. */
  readonly #rate: TokenBucket | undefined
  /** And how many at once. */
  readonly #burst: number
  /** BINDs that were sent and not answered, oldest first: each gets one answer, in order. */
  readonly #unanswered: { readonly addresses: readonly Bytes[]; readonly sentAt: Millis }[] = []
  /** Addresses that the relay has no place for, and when to ask again. */
  readonly #crowded = new Map<string, Millis>()
  #ask: ToAsk = { urgent: [], others: [], needed: 0 }
  /** Not before: the relay asked for slower binds. */
  #askAt: Millis
  /** How often it has; each BOUND halves it. */
  #refusals = 0
  /** Nor by the rate that it named: a dial's own, and others, which leave part of the rate to dials. */
  #urgentAt: Millis
  #othersAt: Millis
  /** Batches out for signing, and those of them that dials wait for. */
  #signing = 0
  #signingUrgent = 0
  #boundCount = 0
  #flushAt: Millis | undefined
  /** When what had no place is asked for again. */
  #retryAt: Millis | undefined
  #limited: KithError | undefined
  #shortage: KithError | undefined

  constructor({ set, connection, nonce, limits, outputs }: BindRequestsConfig, now: Millis) {
    this.#set = set
    this.#connection = connection
    this.#nonce = new Uint8Array(nonce)
    this.#outputs = outputs
    const { bindsMax, rate } = bindLimitsOf(limits)
    this.#bindsMax = bindsMax
    this.#rate = rate && new TokenBucket(rate.perSecond, rate.burst, now)
    this.#burst = rate?.burst ?? NEVER
    this.#askAt = now
    this.#urgentAt = now
    this.#othersAt = now
  }

  /** The relay takes no more addresses for now. */
  get limited(): KithError | undefined {
    return this.#limited
  }

  /** Contacts without a place: the relay is ready all the same. */
  get shortage(): KithError | undefined {
    return this.#shortage
  }

  /** Whether nothing is to be asked, nor under way. */
  get isIdle(): boolean {
    const { urgent, others } = this.#ask
    return this.#unanswered.length + this.#signing + urgent.length + others.length === 0
  }

  /** Addresses bound on this connection, in all. */
  get boundCount(): number {
    return this.#boundCount
  }

  /** When the oldest BIND without an answer was sent. */
  get waitingSince(): Millis | undefined {
    return this.#unanswered[0]?.sentAt
  }

  /** Replies must find their address bound: what is sent waits for binds that always have a place, and for no others. */
  get holdsSends(): boolean {
    return this.#signingUrgent > 0 || this.#ask.urgent.length > 0 || this.#ask.needed > 0
  }

  deadline(): Millis {
    return Math.min(this.#dueAt, this.#mayAsk() ? this.#nextAskAt() : NEVER)
  }

  // ── asking ─────────────────────────────────────────────────────────────────────────────────

  /** The set has changed. */
  flushSoon(now: Millis): void {
    this.#flushAt = Math.min(this.#flushAt ?? NEVER, now + BATCH_MS)
  }

  /** Whether a flush is due at `now`. */
  isDue(now: Millis): boolean {
    return this.#dueAt <= now
  }

  /** Now is a better time than the one that the relay named; true: flush. */
  hurry(now: Millis): boolean {
    if (now >= this.#askAt) return false
    this.#askAt = now
    return true
  }

  /** Asks for what is wanted and not bound, and unbinds what is not wanted. True: `limited` or `shortage` has changed. */
  flush(now: Millis): boolean {
    this.#flushAt = undefined
    this.#retryAt = undefined
    for (const [key, retryAt] of this.#crowded) {
      if (retryAt <= now) this.#crowded.delete(key)
      else this.#retryAt = Math.min(this.#retryAt ?? NEVER, retryAt)
    }
    const skip = (address: Bytes) => this.#crowded.has(keyOf(address))
    const { unbind, ask, leftOut } = this.#set.plan(this.#bindsMax, skip)
    for (const addresses of batches(unbind)) this.#transmit({ type: 'unbind', addresses })
    this.#ask = ask
    this.askMore(now)
    const hasEased = this.ease()
    const shortage = shortageOf(leftOut)
    const isOther = shortage?.message !== this.#shortage?.message
    this.#shortage = shortage
    return hasEased || isOther
  }

  /** As much as may be asked at `now`. */
  askMore(now: Millis): void {
    while (this.#mayAsk() && now >= this.#nextAskAt()) {
      const isUrgent = this.#ask.urgent.length > 0
      const from = isUrgent ? this.#ask.urgent : this.#ask.others
      // Together no more than the relay ever allows at once: else they would wait for ever.
      const reserved = isUrgent ? 0 : Math.min(RESERVED_BINDS, Math.floor(this.#burst / 2))
      const count = Math.min(from.length, BINDS_PER_FRAME, Math.max(1, this.#burst - reserved))
      if (this.#rate?.has(now, count + reserved) === false) {
        const at = now + this.#rate.waitMs(now, count + reserved)
        if (isUrgent) this.#urgentAt = at
        else this.#othersAt = at
        return
      }
      this.#rate?.take(now, count)
      if (!isUrgent) this.#ask.needed -= count
      const addresses = from.splice(0, count).map((address) => address ?? this.#set.decoy())
      for (const address of addresses) this.#set.ask(address)
      this.#sign(addresses, isUrgent)
    }
  }

  signed(proofs: readonly BindProof[], now: Millis): void {
    this.#signing -= 1
    if (proofs.some(({ address }) => this.#set.needs(address))) this.#signingUrgent -= 1
    // One that is no longer wanted is waited for no longer.
    if (this.#signing === 0) this.#signingUrgent = 0
    // An UNBIND may have gone ahead while it was signed.
    const asked = proofs.filter(({ address }) => this.#set.asks(address))
    if (asked.length > 0) {
      this.#unanswered.push({ addresses: asked.map(({ address }) => new Uint8Array(address)), sentAt: now })
      this.#transmit({ type: 'bind', binds: asked.map(({ address, signature }) => ({ form: 0, address, signature })) })
    }
    this.askMore(now)
  }

  // ── answers ────────────────────────────────────────────────────────────────────────────────

  /** A BOUND. False: it answers no BIND. */
  bound(now: Millis): boolean {
    const { addresses } = this.#unanswered.shift() ?? {}
    if (addresses === undefined) return false
    // Not none: a relay that takes one BIND between refusals would be asked in haste for good.
    this.#refusals = Math.floor(this.#refusals / 2)
    this.#boundCount += addresses.length
    const wanted = addresses.filter((address) => this.#set.wants(address))
    if (wanted.length > 0) this.#outputs.push({ type: 'bound', addresses: wanted })
    this.askMore(now)
    return true
  }

  /** A NOTICE that answers a BIND: none of the batch was registered. */
  refused(notice: Notice, now: Millis): Refusal {
    const { addresses } = this.#unanswered.shift() ?? {}
    if (addresses === undefined) return 'unasked'
    this.#set.refused(addresses)
    switch (notice.code) {
      case 'rate-limited':
        this.#slower(notice.retryAfterMs, now)
        return 'limited'
      case 'too-many':
        if (addresses.length > 1) {
          this.#askSingly(addresses)
          return 'apart'
        }
        for (const address of addresses) this.#crowded.set(keyOf(address), now + CROWDED_MS)
        this.#retryAt ??= now + CROWDED_MS
        return 'crowded'
      default:
        return 'rejected'
    }
  }

  /** Once all that is wanted is bound, or given up, the relay limits nothing. True: that has just become so. */
  ease(): boolean {
    if (!this.#limited || !this.isIdle || this.#flushAt !== undefined) return false
    this.#limited = undefined
    return true
  }

  #slower(retryAfterMs: Millis, now: Millis): void {
    // Those that were under way together count once.
    if (now >= this.#askAt) this.#refusals = Math.min(this.#refusals + 1, REFUSALS_MAX)
    this.#askAt = Math.max(this.#askAt, now + refusedMsOf(retryAfterMs, this.#refusals))
    this.#flushAt = Math.min(this.#flushAt ?? NEVER, this.#askAt)
    this.#limited ??= new KithError(
      'rate-limited',
      'The relay takes no more addresses for now: some contacts cannot find this peer through it. It is asked again later.',
      { source: 'relay', retryAfterMs: this.#askAt - now },
    )
  }

  /** One address of a batch has no place left: only one by one do the others get theirs. */
  #askSingly(addresses: readonly Uint8Array[]): void {
    for (const address of addresses) {
      const own = new Uint8Array(address)
      this.#set.ask(own)
      this.#sign([own], false)
    }
  }

  get #dueAt(): Millis {
    return Math.min(this.#flushAt ?? NEVER, this.#retryAt ?? NEVER)
  }

  /** Whether there is something to ask, and nothing to wait for but the rate. */
  #mayAsk(): boolean {
    const { urgent, others } = this.#ask
    return urgent.length > 0 || (others.length > 0 && this.#signing === 0 && this.#unanswered.length < UNANSWERED_MAX)
  }

  #nextAskAt(): Millis {
    return Math.max(this.#askAt, this.#ask.urgent.length > 0 ? this.#urgentAt : this.#othersAt)
  }

  #sign(addresses: readonly Bytes[], isUrgent: boolean): void {
    this.#signing += 1
    if (addresses.some((address) => this.#set.needs(address))) this.#signingUrgent += 1
    this.#outputs.push({ type: 'sign', connection: this.#connection, nonce: this.#nonce, addresses, isUrgent })
  }

  #transmit(frame: Parameters<typeof encodeClientFrame>[0]): void {
    this.#outputs.push({ type: 'transmit', connection: this.#connection, frame: encodeClientFrame(frame) })
  }
}

/** What has no place at the relay, as a sentence for a person. */
function shortageOf({ needed, today, otherDay }: LeftOut): KithError | undefined {
  const options = { source: 'relay' } as const
  if (needed > 0) return new KithError('too-many', `${needed} addresses have no place at the relay.`, options)
  const contacts = (count: number) => (count === 1 ? '1 contact' : `${count} contacts`)
  if (today > 0) {
    const message = `This relay has no place for ${contacts(today)}: those not seen for the longest time cannot find you through it.`
    return new KithError('too-many', message, options)
  }
  if (otherDay === 0) return undefined
  const message = `This relay has no second place for ${contacts(otherDay)}: around midnight UTC they find you only if their clock is right.`
  return new KithError('too-many', message, options)
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += BINDS_PER_FRAME) yield items.slice(at, at + BINDS_PER_FRAME)
}
