/**
 * One client's side of one relay: when to connect, what to bind, what to send, what to make of a notice.
 *
 * It lives as long as its carrier, through any number of connections. Each begins with the relay's CHALLENGE; from there the
 * wanted addresses and their decoys are bound in batches. Keys live outside: a 'sign' goes out, 'signed' comes back with proofs.
 * Envelopes go after the binds that were asked for before them, so that an answer finds its address bound.
 */
import { KithError } from '../errors.ts'
import { BIND_ANSWER_MS, BINDS_PER_FRAME, RELAY_WAIT_MAX_MS } from '../limits.ts'
import type { Bytes, Machine, Millis, Random } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import { backoffMs, fraction } from './backoff.ts'
import { keyOf } from './bindings.ts'
import { BoundSet, type LeftOut, type ToAsk } from './bound-set.ts'
import { bindLimitsOf, eagerMsOf, REFUSALS_MAX, reconnectMsOf, refusedMsOf, sendMsOf } from './clamps.ts'
import { FrameBudget } from './frame-budget.ts'
import { answersBind, decodeRelayFrame, encodeClientFrame, type Notice, type RelayFrame } from './frames.ts'
import { notARelay, silent, unmet } from './trouble.ts'

export interface RelayClientConfig {
  /** For messages alone. */
  readonly url?: string
  readonly random: Random
  readonly paddedCount: (count: number) => number
  /** A fresh decoy address; the driver keeps its keys until they are asked to sign. */
  readonly decoy: () => Bytes
  /** Where attempts are few, the earliest time for the next; a 'wake' goes first. */
  readonly retryNotBefore?: () => Millis
}

export type RelayClientInput =
  | { readonly type: 'start' }
  /** The relay speaks first. Inputs of a connection that is not the latest are ignored. */
  | { readonly type: 'frame'; readonly connection: number; readonly frame: Uint8Array }
  /** The WebSocket is open, and nothing has come yet. */
  | { readonly type: 'opened'; readonly connection: number }
  /** `said`: why, where the platform tells. */
  | { readonly type: 'closed'; readonly connection: number; readonly said?: string | undefined }
  /** The platform will never make this connection. */
  | { readonly type: 'refused'; readonly connection: number; readonly error: KithError }
  | { readonly type: 'signed'; readonly connection: number; readonly proofs: readonly BindProof[] }
  /** `rank` 0, the default: always has a place, and soon. Above: where the relay has no place for all, the highest are left out. */
  | { readonly type: 'bind'; readonly address: Bytes; readonly rank?: number }
  /** Who matters has changed. */
  | { readonly type: 'rank'; readonly ranks: readonly (readonly [address: Uint8Array, rank: number])[] }
  | { readonly type: 'unbind'; readonly address: Uint8Array }
  | { readonly type: 'send'; readonly address: Uint8Array; readonly envelope: Uint8Array }
  /** The network is back, or the page is looked at: now is a better time than whatever we wait for, a relay's own word included.
   *  `slept`: the relay has long closed what we still take for a connection. */
  | { readonly type: 'wake'; readonly slept?: boolean }
  | { readonly type: 'tick' }
  | { readonly type: 'stop' }

export type RelayClientOutput =
  | { readonly type: 'connect'; readonly connection: number }
  | { readonly type: 'disconnect'; readonly connection: number }
  | { readonly type: 'transmit'; readonly connection: number; readonly frame: Bytes }
  /** At most 16 addresses; answer with 'signed' in the same order. `isUrgent`: at once, for a dial waits; others may take their time. */
  | {
      readonly type: 'sign'
      readonly connection: number
      readonly nonce: Bytes
      readonly addresses: readonly Bytes[]
      readonly isUrgent: boolean
    }
  /** The relay has these for us now, decoys left out. */
  | { readonly type: 'bound'; readonly addresses: readonly Bytes[] }
  /** The relay's clock at this moment, milliseconds since 1970. */
  | { readonly type: 'time'; readonly time: Millis }
  | { readonly type: 'deliver'; readonly address: Bytes; readonly envelope: Bytes }
  | { readonly type: 'state'; readonly state: RelayClientState }

export interface BindProof {
  readonly address: Uint8Array
  readonly signature: Uint8Array
}

/** `error`: why it is not, or not wholly, as it should be. `retryAt`: by the clock that `handle` is given. */
export type RelayClientState =
  | { readonly state: 'connecting'; readonly error?: KithError }
  | { readonly state: 'ready'; readonly error?: KithError }
  | { readonly state: 'waiting'; readonly error?: KithError; readonly retryAt: Millis }
  /** No retry can mend it. */
  | { readonly state: 'failed'; readonly error: KithError }

/** Envelopes that wait for the relay. Beyond: the oldest is dropped; its sender resends. */
const CLIENT_QUEUE_ENVELOPES = 64

/** From dialling to CHALLENGE. */
const CONNECT_MS = 10_000

/** A relay pings at least every 30 s: after two and a half times that without a word it is not there. */
const SILENCE_MS = 75_000

/** Binds and unbinds that come close together travel together. */
const BATCH_MS = 5

/** A connection that lasted so long was a good one: the next failure is a first one. */
const STEADY_MS = 10_000

/** The longest wait while a relay restarts, for as long as it asked us to go on trying. */
const RESTARTING_MAX_MS = 2000

/** Failures that a full relay counts for, and one that breaks the protocol: about ten seconds. */
const FULL_FAILURES = 5

/** Before an address that has no place left at the relay is asked for again. */
const CROWDED_MS = 30_000

/** BINDs that may be unanswered while more are to be asked: a dial's own would wait behind them. */
const UNANSWERED_MAX = 8

/** With so many bound the relay is ready, however many more will follow: the most important are among them. */
const READY_BINDS = 256

/** Of the binds that a relay allows at once, what is kept for dials: half of them at the most. */
const RESERVED_BINDS = 32

/** BINDs that wait for their answer so long are said to: a dial need not wait for this relay. */
const SLOW_MS = 10_000

type Phase =
  | { readonly type: 'idle' }
  | { readonly type: 'connecting'; readonly giveUpAt: Millis; readonly budget: FrameBudget; isOpen: boolean }
  | Connected
  | { readonly type: 'waiting'; readonly retryAt: Millis }
  | { readonly type: 'over' }

interface Connected {
  readonly type: 'connected'
  readonly budget: FrameBudget
  readonly nonce: Bytes
  readonly bindsMax: number
  /** BINDs that were sent and not answered, oldest first: each gets one answer, in order. */
  readonly unanswered: { readonly addresses: readonly Bytes[]; readonly sentAt: Millis }[]
  /** What the relay lets us ask for; undefined where it does not say. */
  readonly rate: TokenBucket | undefined
  /** And how many at once. */
  readonly burst: number
  ask: ToAsk
  /** Not before: the relay asked for slower binds. */
  askAt: Millis
  /** How often it has; each BOUND halves it. */
  refusals: number
  /** Nor by the rate that it named: a dial's own, and others, which leave part of the rate to dials. */
  urgentAt: Millis
  othersAt: Millis
  /** Batches out for signing, and those of them that dials wait for. */
  signing: number
  signingUrgent: number
  bound: number
  readyAt: Millis | undefined
  silentAt: Millis
  flushAt: Millis | undefined
  /** When what had no place is asked for again. */
  retryAt: Millis | undefined
  sendAt: Millis
}

export class RelayClient implements Machine<RelayClientInput, RelayClientOutput> {
  readonly #random: Random
  readonly #url: string
  readonly #retryNotBefore: () => Millis
  readonly #set: BoundSet
  readonly #queue: { readonly address: Uint8Array; readonly envelope: Uint8Array }[] = []
  readonly #outputs: RelayClientOutput[] = []
  /** Addresses that the relay has no place for, and when to ask again. */
  readonly #crowded = new Map<string, Millis>()
  #phase: Phase = { type: 'idle' }
  #connection = 0
  #failures = 0
  /** What the relay asked for: not before, and for how long to be eager. */
  #notBefore: Millis = 0
  #eagerUntil: Millis = 0
  #error: KithError | undefined
  /** Whether `#error` says why the latest connection ends. */
  #isExplained = false
  /** The relay takes no more addresses for now. */
  #limited: KithError | undefined
  /** It does not answer. */
  #slow: KithError | undefined
  /** Contacts without a place: it is ready all the same. */
  #shortage: KithError | undefined

  constructor(config: RelayClientConfig) {
    this.#random = config.random
    this.#url = config.url ?? 'its address'
    this.#retryNotBefore = config.retryNotBefore ?? (() => 0)
    this.#set = new BoundSet(config)
  }

  handle(input: RelayClientInput, now: Millis): void {
    if (this.#phase.type === 'over') return
    if ('connection' in input && input.connection !== this.#connection) return
    switch (input.type) {
      case 'start':
        if (this.#phase.type === 'idle') this.#connect(now)
        return
      case 'frame':
        this.#received(input.frame, now)
        return
      case 'opened':
        if (this.#phase.type === 'connecting') this.#phase.isOpen = true
        return
      case 'closed':
        this.#lost(now, input.said)
        return
      case 'refused':
        this.#fail(input.error)
        return
      case 'signed':
        this.#signed(input.proofs, now)
        return
      case 'bind':
        this.#set.want(input.address, input.rank ?? 0)
        this.#flushSoon(now)
        return
      case 'rank':
        for (const [address, rank] of input.ranks) this.#set.rank(address, rank)
        if (this.#shortage) this.#flushSoon(now)
        return
      case 'unbind':
        this.#set.unwant(input.address)
        this.#flushSoon(now)
        return
      case 'send':
        this.#send(input.address, input.envelope, now)
        return
      case 'wake':
        this.#wake(now, input.slept === true)
        return
      case 'tick':
        this.#tick(now)
        return
      case 'stop':
        this.#disconnect()
        this.#queue.length = 0
        this.#phase = { type: 'over' }
        return
    }
  }

  poll(): RelayClientOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): Millis | undefined {
    const phase = this.#phase
    switch (phase.type) {
      case 'idle':
      case 'over':
        return undefined
      case 'connecting':
        return phase.giveUpAt
      case 'waiting':
        return phase.retryAt
      case 'connected': {
        const held = this.#queue.length > 0 && !this.#isHeld(phase) ? phase.sendAt : Number.POSITIVE_INFINITY
        const ask = this.#mayAsk(phase) ? this.#askAt(phase) : Number.POSITIVE_INFINITY
        return Math.min(phase.silentAt, flushAtOf(phase), held, ask, this.#answerBy(phase))
      }
    }
  }

  // ── connecting ─────────────────────────────────────────────────────────────────────────────

  #connect(now: Millis): void {
    this.#connection += 1
    this.#set.reset()
    this.#crowded.clear()
    this.#limited = undefined
    this.#slow = undefined
    this.#phase = { type: 'connecting', giveUpAt: now + CONNECT_MS, budget: new FrameBudget(now), isOpen: false }
    this.#isExplained = false
    this.#outputs.push({ type: 'connect', connection: this.#connection })
    this.#tell({ state: 'connecting', ...this.#because() })
  }

  #lost(now: Millis, said?: string): void {
    const phase = this.#phase
    if (phase.type !== 'connecting' && phase.type !== 'connected') return
    // What the relay itself gave as the reason goes first, for as long as it asked us to try.
    if (phase.type === 'connecting' && !this.#isExplained && now >= this.#eagerUntil) {
      this.#error = unmet({ url: this.#url, isOpen: phase.isOpen, said })
    }
    if (this.#isSteady(now)) this.#failures = 0
    this.#error ??= new KithError('lost', 'The connection to the relay was lost. It is tried again.', { source: 'network' })
    const delay = backoffMs(this.#failures, this.#random, now < this.#eagerUntil ? RESTARTING_MAX_MS : undefined)
    this.#failures += 1
    const retryAt = Math.max(now + delay, this.#notBefore, this.#retryNotBefore())
    // Their senders resend what still matters by then.
    this.#queue.length = 0
    this.#phase = { type: 'waiting', retryAt }
    this.#tell({ state: 'waiting', retryAt, ...this.#because() })
  }

  #isSteady(now: Millis): boolean {
    const phase = this.#phase
    return phase.type === 'connected' && phase.readyAt !== undefined && now - phase.readyAt >= STEADY_MS
  }

  /** Ends the connection from our side; the driver's 'closed' for it comes too late to count. */
  #drop(error: KithError, now: Millis): void {
    this.#error = error
    this.#isExplained = true
    // However long it kept to the protocol: a relay that does not is not tried again at once.
    if (error.code === 'peer-violation') {
      this.#failures = Math.max(this.#isSteady(now) ? 0 : this.#failures, FULL_FAILURES)
      if (this.#phase.type === 'connected') this.#phase.readyAt = undefined
    }
    this.#disconnect()
    this.#lost(now)
  }

  #disconnect(): void {
    if (this.#phase.type !== 'connecting' && this.#phase.type !== 'connected') return
    this.#outputs.push({ type: 'disconnect', connection: this.#connection })
    this.#connection += 1
  }

  #fail(error: KithError): void {
    this.#disconnect()
    this.#queue.length = 0
    this.#phase = { type: 'over' }
    this.#tell({ state: 'failed', error })
  }

  #wake(now: Millis, slept: boolean): void {
    if (slept && this.#phase.type === 'connected')
      this.#drop(new KithError('lost', 'This device has slept.', { source: 'network' }), now)
    const phase = this.#phase
    if (phase.type === 'connected') {
      phase.sendAt = now
      if (now < phase.askAt) {
        phase.askAt = now
        this.#flush(phase, now)
      }
      this.#drain(phase, now)
      return
    }
    if (phase.type !== 'waiting') return
    this.#failures = 0
    this.#notBefore = now
    this.#connect(now)
  }

  #tick(now: Millis): void {
    const phase = this.#phase
    switch (phase.type) {
      case 'idle':
      case 'over':
        return
      case 'connecting':
        if (now >= phase.giveUpAt) this.#drop(silent({ url: this.#url, isOpen: phase.isOpen }), now)
        return
      case 'waiting':
        if (now >= phase.retryAt) this.#connect(now)
        return
      case 'connected':
        if (now >= phase.silentAt) {
          this.#drop(new KithError('timeout', 'The relay has fallen silent. It is tried again.', { source: 'network' }), now)
          return
        }
        if (now >= this.#answerBy(phase)) this.#unansweredLong(phase, now)
        if (this.#phase !== phase) return
        if (now >= flushAtOf(phase)) this.#flush(phase, now)
        else this.#ask(phase, now)
        this.#drain(phase, now)
    }
  }

  /** When it is to be said that the relay does not answer a BIND, and then, when to stop waiting. */
  #answerBy({ unanswered: [oldest], readyAt }: Connected): Millis {
    if (!oldest) return Number.POSITIVE_INFINITY
    return oldest.sentAt + (readyAt === undefined && !this.#slow ? SLOW_MS : BIND_ANSWER_MS)
  }

  #unansweredLong(phase: Connected, now: Millis): void {
    const sentence = 'The relay does not answer: addresses of this peer wait to be bound.'
    const error = new KithError('timeout', sentence, { source: 'relay' })
    if (phase.readyAt !== undefined || this.#slow) {
      this.#drop(error, now)
      return
    }
    this.#slow = error
    this.#tell({ state: 'connecting', ...this.#because() })
  }

  // ── what the relay says ────────────────────────────────────────────────────────────────────

  #received(bytes: Uint8Array, now: Millis): void {
    const phase = this.#phase
    if (phase.type !== 'connecting' && phase.type !== 'connected') return
    let frame: RelayFrame
    try {
      frame = decodeRelayFrame(bytes)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      // It may be updated: it is asked again, and meanwhile the state says so.
      const isOfAnotherVersion = error.code === 'unsupported-protocol'
      if (isOfAnotherVersion) this.#notBefore = now + RELAY_WAIT_MAX_MS
      this.#drop(phase.type === 'connecting' && !isOfAnotherVersion ? notARelay(this.#url, error) : error, now)
      return
    }
    if (!phase.budget.takes(frame, now)) {
      this.#drop(
        new KithError('peer-violation', 'The relay sends more than a peer takes. It is tried again later.', { source: 'relay' }),
        now,
      )
      return
    }
    if (phase.type === 'connected') {
      phase.silentAt = now + SILENCE_MS
      this.#connected(phase, frame, now)
      return
    }
    if (frame.type === 'challenge') this.#challenged(frame, phase.budget, now)
    else if (frame.type === 'notice') this.#noticed(frame.notice, now)
    else this.#drop(notARelay(this.#url, outOfTurn(frame)), now)
  }

  #challenged({ nonce, limits, time }: Extract<RelayFrame, { type: 'challenge' }>, budget: FrameBudget, now: Millis): void {
    if (time !== undefined) this.#outputs.push({ type: 'time', time })
    const { bindsMax, rate } = bindLimitsOf(limits)
    const phase: Connected = {
      type: 'connected',
      budget,
      nonce: new Uint8Array(nonce),
      bindsMax,
      unanswered: [],
      rate: rate && new TokenBucket(rate.perSecond, rate.burst, now),
      burst: rate?.burst ?? Number.POSITIVE_INFINITY,
      ask: { urgent: [], others: [], needed: 0 },
      askAt: now,
      refusals: 0,
      urgentAt: now,
      othersAt: now,
      signing: 0,
      signingUrgent: 0,
      bound: 0,
      readyAt: undefined,
      silentAt: now + SILENCE_MS,
      flushAt: undefined,
      retryAt: undefined,
      sendAt: now,
    }
    this.#phase = phase
    this.#error = undefined
    this.#flush(phase, now)
    this.#drain(phase, now)
  }

  #connected(phase: Connected, frame: RelayFrame, now: Millis): void {
    switch (frame.type) {
      case 'challenge':
        this.#drop(outOfTurn(frame), now)
        return
      case 'bound':
        this.#bound(phase, frame, now)
        return
      case 'deliver':
        // Sent before an UNBIND arrived, or to a decoy: dropped.
        if (this.#set.wants(frame.address))
          this.#outputs.push({ type: 'deliver', address: frame.address, envelope: frame.envelope })
        return
      case 'ping':
        this.#transmit({ type: 'pong', echo: frame.payload })
        return
      case 'notice':
        if (answersBind(frame.notice)) {
          this.#refused(phase, frame.notice, now)
        } else this.#noticed(frame.notice, now)
        return
      case 'ice':
        // Not asked for: the relay's TURN credentials are not in use.
        return
    }
  }

  /** Notices that answer no BIND. Where one means the end, the relay closes: 'closed' follows. */
  #noticed(notice: Notice, now: Millis): void {
    this.#isExplained = true
    switch (notice.code) {
      case 'rate-limited': {
        if (this.#phase.type === 'connected') {
          this.#phase.sendAt = now + sendMsOf(notice.retryAfterMs)
          return
        }
        const retryAfterMs = reconnectMsOf(notice.retryAfterMs)
        this.#notBefore = now + retryAfterMs
        this.#error = new KithError('rate-limited', 'The relay asks to go slower. It is tried again when it says so.', {
          source: 'relay',
          retryAfterMs,
        })
        return
      }
      case 'restarting': {
        const retryAfterMs = reconnectMsOf(notice.reconnectInMs)
        // All clients got the same number.
        this.#notBefore = now + Math.round(retryAfterMs * (0.5 + fraction(this.#random)))
        // A relay that only ever restarts is not tried eagerly for ever.
        if (this.#failures === 0 || this.#isSteady(now)) this.#eagerUntil = now + eagerMsOf(notice.tryForMs)
        this.#error = new KithError('closed', 'The relay restarts. It is tried again in a moment.', {
          source: 'relay',
          retryAfterMs,
        })
        return
      }
      case 'full':
        this.#failures = Math.max(this.#failures, FULL_FAILURES)
        this.#error = new KithError('too-many', 'The relay has as many connections as it takes. It is tried again later.', {
          source: 'relay',
        })
        return
      case 'too-many':
        this.#error = new KithError('too-many', `The relay allows no more than ${notice.limit} addresses.`, { source: 'relay' })
        return
      case 'malformed':
      case 'bind-refused':
        this.#error = new KithError(
          'peer-violation',
          'The relay could not read what this peer sent: they are of different versions.',
          { source: 'relay' },
        )
        return
    }
  }

  // ── binding ────────────────────────────────────────────────────────────────────────────────

  #flushSoon(now: Millis): void {
    const phase = this.#phase
    if (phase.type === 'connected') phase.flushAt = Math.min(phase.flushAt ?? Number.POSITIVE_INFINITY, now + BATCH_MS)
  }

  #flush(phase: Connected, now: Millis): void {
    phase.flushAt = undefined
    phase.retryAt = undefined
    for (const [key, retryAt] of this.#crowded) {
      if (retryAt <= now) this.#crowded.delete(key)
      else phase.retryAt = Math.min(phase.retryAt ?? Number.POSITIVE_INFINITY, retryAt)
    }
    const skip = (address: Bytes) => this.#crowded.has(keyOf(address))
    const { unbind, ask, leftOut } = this.#set.plan(phase.bindsMax, skip)
    for (const addresses of batches(unbind)) this.#transmit({ type: 'unbind', addresses })
    phase.ask = ask
    this.#ask(phase, now)
    this.#eased(phase)
    const shortage = shortageOf(leftOut)
    if (shortage?.message === this.#shortage?.message) return
    this.#shortage = shortage
    if (phase.readyAt !== undefined) this.#tell({ state: 'ready', ...this.#because() })
  }

  /** Whether there is something to ask, and nothing to wait for but the rate. */
  #mayAsk({ ask, signing, unanswered }: Connected): boolean {
    return ask.urgent.length > 0 || (ask.others.length > 0 && signing === 0 && unanswered.length < UNANSWERED_MAX)
  }

  #askAt({ ask, askAt, urgentAt, othersAt }: Connected): Millis {
    return Math.max(askAt, ask.urgent.length > 0 ? urgentAt : othersAt)
  }

  /** A dial's addresses go at once; of the others a batch is signed at a time, so that a page stays responsive and a dial passes. */
  #ask(phase: Connected, now: Millis): void {
    while (this.#mayAsk(phase) && now >= this.#askAt(phase)) {
      const isUrgent = phase.ask.urgent.length > 0
      const from = isUrgent ? phase.ask.urgent : phase.ask.others
      // Together no more than the relay ever allows at once: else they would wait for ever.
      const reserved = isUrgent ? 0 : Math.min(RESERVED_BINDS, Math.floor(phase.burst / 2))
      const count = Math.min(from.length, BINDS_PER_FRAME, Math.max(1, phase.burst - reserved))
      if (phase.rate?.has(now, count + reserved) === false) {
        const at = now + phase.rate.waitMs(now, count + reserved)
        if (isUrgent) phase.urgentAt = at
        else phase.othersAt = at
        return
      }
      phase.rate?.take(now, count)
      if (!isUrgent) phase.ask.needed -= count
      const addresses = from.splice(0, count).map((address) => address ?? this.#set.decoy())
      for (const address of addresses) this.#set.ask(address)
      this.#sign(phase, addresses, isUrgent)
    }
  }

  #sign(phase: Connected, addresses: readonly Bytes[], isUrgent: boolean): void {
    phase.signing += 1
    if (addresses.some((address) => this.#set.needs(address))) phase.signingUrgent += 1
    this.#outputs.push({ type: 'sign', connection: this.#connection, nonce: phase.nonce, addresses, isUrgent })
  }

  #signed(proofs: readonly BindProof[], now: Millis): void {
    const phase = this.#phase
    if (phase.type !== 'connected') return
    phase.signing -= 1
    if (proofs.some(({ address }) => this.#set.needs(address))) phase.signingUrgent -= 1
    // One that is no longer wanted is waited for no longer.
    if (phase.signing === 0) phase.signingUrgent = 0
    // An UNBIND may have gone ahead while it was signed.
    const asked = proofs.filter(({ address }) => this.#set.asks(address))
    if (asked.length > 0) {
      phase.unanswered.push({ addresses: asked.map(({ address }) => new Uint8Array(address)), sentAt: now })
      this.#transmit({ type: 'bind', binds: asked.map(({ address, signature }) => ({ form: 0, address, signature })) })
    }
    this.#ask(phase, now)
    this.#drain(phase, now)
  }

  #bound(phase: Connected, frame: RelayFrame, now: Millis): void {
    const { addresses } = phase.unanswered.shift() ?? {}
    if (addresses === undefined) {
      this.#drop(outOfTurn(frame), now)
      return
    }
    // Not none: a relay that takes one BIND between refusals would be asked in haste for good.
    phase.refusals = Math.floor(phase.refusals / 2)
    phase.bound += addresses.length
    const wanted = addresses.filter((address) => this.#set.wants(address))
    if (wanted.length > 0) this.#outputs.push({ type: 'bound', addresses: wanted })
    this.#ask(phase, now)
    this.#answered(phase, now)
  }

  #answered(phase: Connected, now: Millis): void {
    this.#eased(phase)
    if (phase.readyAt !== undefined) return
    if (!isIdle(phase) && phase.bound < READY_BINDS) return
    phase.readyAt = now
    this.#slow = undefined
    this.#tell({ state: 'ready', ...this.#because() })
  }

  /** Once all that is wanted is bound, or given up. */
  #eased(phase: Connected): void {
    if (!this.#limited || !isIdle(phase) || phase.flushAt !== undefined) return
    this.#limited = undefined
    if (phase.readyAt !== undefined) this.#tell({ state: 'ready', ...this.#because() })
  }

  /** None of a batch was registered. */
  #refused(phase: Connected, notice: Notice, now: Millis): void {
    const { addresses } = phase.unanswered.shift() ?? {}
    if (addresses === undefined) {
      this.#drop(new KithError('peer-violation', 'The relay refuses what it was not asked.', { source: 'relay' }), now)
      return
    }
    this.#set.refused(addresses)
    switch (notice.code) {
      case 'rate-limited': {
        // Those that were under way together count once.
        if (now >= phase.askAt) phase.refusals = Math.min(phase.refusals + 1, REFUSALS_MAX)
        phase.askAt = Math.max(phase.askAt, now + refusedMsOf(notice.retryAfterMs, phase.refusals))
        phase.flushAt = Math.min(phase.flushAt ?? Number.POSITIVE_INFINITY, phase.askAt)
        if (this.#limited) return
        const retryAfterMs = phase.askAt - now
        this.#limited = new KithError(
          'rate-limited',
          'The relay takes no more addresses for now: some contacts cannot find this peer through it. They are asked for again when it says so.',
          { source: 'relay', retryAfterMs },
        )
        this.#tell({ state: phase.readyAt === undefined ? 'connecting' : 'ready', ...this.#because() })
        return
      }
      case 'too-many':
        if (addresses.length > 1) this.#askSingly(phase, addresses)
        else {
          for (const address of addresses) this.#crowded.set(keyOf(address), now + CROWDED_MS)
          phase.retryAt ??= now + CROWDED_MS
          this.#error = new KithError('too-many', 'One of the addresses of this peer is bound too often at the relay.', {
            source: 'relay',
          })
        }
        break
      default:
        // The relay goes by another name than the one we dialled: an operator may mend that, another try will not.
        this.#failures = Math.max(this.#failures, FULL_FAILURES)
        this.#drop(
          new KithError(
            'refused',
            'The relay does not accept the proofs of this peer’s addresses: it was started with another --origin than the one that is dialled.',
            { source: 'relay' },
          ),
          now,
        )
        return
    }
    this.#answered(phase, now)
  }

  /** One address of a batch has no place left: only one by one do the others get theirs. */
  #askSingly(phase: Connected, addresses: readonly Uint8Array[]): void {
    for (const address of addresses) {
      const own = new Uint8Array(address)
      this.#set.ask(own)
      this.#sign(phase, [own], false)
    }
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  #send(address: Uint8Array, envelope: Uint8Array, now: Millis): void {
    const phase = this.#phase
    if (phase.type === 'idle' || phase.type === 'waiting') return
    this.#queue.push({ address, envelope })
    if (this.#queue.length > CLIENT_QUEUE_ENVELOPES) this.#queue.shift()
    if (phase.type !== 'connected') return
    // A reply address that was bound a moment ago must be there before the reply is.
    if (phase.flushAt !== undefined && phase.flushAt <= now + BATCH_MS) this.#flush(phase, now)
    this.#drain(phase, now)
  }

  /** Replies must find their address bound: what is sent waits for binds that always have a place, and for no others. */
  #isHeld({ signingUrgent, ask }: Connected): boolean {
    return signingUrgent > 0 || ask.urgent.length > 0 || ask.needed > 0
  }

  #drain(phase: Connected, now: Millis): void {
    if (this.#isHeld(phase) || now < phase.sendAt) return
    for (const { address, envelope } of this.#queue.splice(0)) this.#transmit({ type: 'send', address, envelope })
  }

  #transmit(frame: Parameters<typeof encodeClientFrame>[0]): void {
    this.#outputs.push({ type: 'transmit', connection: this.#connection, frame: encodeClientFrame(frame) })
  }

  #because(): { error?: KithError } {
    const error = this.#error ?? this.#limited ?? this.#slow ?? this.#shortage
    return error === undefined ? {} : { error }
  }

  #tell(state: RelayClientState): void {
    this.#outputs.push({ type: 'state', state })
  }
}

/** Whether nothing is to be asked, nor under way. */
function isIdle({ unanswered, signing, ask }: Connected): boolean {
  return unanswered.length + signing + ask.urgent.length + ask.others.length === 0
}

function flushAtOf({ flushAt, retryAt }: Connected): Millis {
  return Math.min(flushAt ?? Number.POSITIVE_INFINITY, retryAt ?? Number.POSITIVE_INFINITY)
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

function outOfTurn(frame: RelayFrame): KithError {
  return new KithError('peer-violation', `The relay sent ${frame.type} out of turn.`, { source: 'relay' })
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += BINDS_PER_FRAME) yield items.slice(at, at + BINDS_PER_FRAME)
}
