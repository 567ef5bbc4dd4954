/**
 * One client's side of one relay: when to connect, what to bind, what to send, what to make of a notice.
 *
 * It lives as long as its carrier, through any number of connections. Each begins with the relay's CHALLENGE; from there the
 * wanted addresses and their decoys are bound in batches. Keys live outside: a 'sign' goes out, 'signed' comes back with proofs.
 * Envelopes go after the binds that were asked for before them, so that an answer finds its address bound.
 */
import { KithError } from '../errors.ts'
import { BIND_ANSWER_MS, RELAY_WAIT_MAX_MS } from '../limits.ts'
import type { Machine, Millis } from '../machine.ts'
import { BATCH_MS, BindRequests } from './bind-requests.ts'
import { BoundSet } from './bound-set.ts'
import { reconnectMsOf, sendMsOf } from './clamps.ts'
import type { BindProof, RelayClientConfig, RelayClientInput, RelayClientOutput, RelayClientState } from './client-io.ts'
import { FrameBudget } from './frame-budget.ts'
import { answersBind, decodeRelayFrame, encodeClientFrame, type Notice, type RelayFrame } from './frames.ts'
import { RetrySchedule } from './retry-schedule.ts'
import { anotherOrigin, notARelay, said, silent, unanswered, unmet } from './trouble.ts'

/** Envelopes that wait for the relay. Beyond: the oldest is dropped; its sender resends. */
const CLIENT_QUEUE_ENVELOPES = 64

/** From dialling to CHALLENGE. */
const CONNECT_MS = 10_000

/** A relay pings at least every 30 s: after two and a half times that without a word it is not there. */
const SILENCE_MS = 75_000

/** A connection that lasted so long was a good one: the next failure is a first one. */
const STEADY_MS = 10_000

/** With so many bound the relay is ready, however many more will follow: the most important are among them. */
const READY_BINDS = 256

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
  readonly binds: BindRequests
  readyAt: Millis | undefined
  silentAt: Millis
  sendAt: Millis
}

export class RelayClient implements Machine<RelayClientInput, RelayClientOutput> {
  readonly #url: string
  readonly #retryNotBefore: () => Millis
  readonly #set: BoundSet
  readonly #queue: { readonly address: Uint8Array; readonly envelope: Uint8Array }[] = []
  readonly #outputs: RelayClientOutput[] = []
  readonly #retry: RetrySchedule
  #phase: Phase = { type: 'idle' }
  #connection = 0
  #error: KithError | undefined
  /** Whether `#error` says why the latest connection ends. */
  #isExplained = false
  /** It does not answer. */
  #slow: KithError | undefined

  constructor(config: RelayClientConfig) {
    this.#retry = new RetrySchedule(config.random)
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
        if (this.#phase.type === 'connected' && this.#phase.binds.shortage) this.#flushSoon(now)
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
        const held = this.#queue.length > 0 && !phase.binds.holdsSends ? phase.sendAt : Number.POSITIVE_INFINITY
        return Math.min(phase.silentAt, phase.binds.deadline(), held, this.#answerBy(phase))
      }
    }
  }

  // ── connecting ─────────────────────────────────────────────────────────────────────────────

  #connect(now: Millis): void {
    this.#connection += 1
    this.#set.reset()
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
    if (phase.type === 'connecting' && !this.#isExplained && !this.#retry.isEager(now)) {
      this.#error = unmet({ url: this.#url, isOpen: phase.isOpen, said })
    }
    this.#error ??= new KithError('lost', 'The connection to the relay was lost. It is tried again.', { source: 'network' })
    const retryAt = Math.max(this.#retry.next(now, this.#isSteady(now)), this.#retryNotBefore())
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
      this.#retry.slowDown(this.#isSteady(now))
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
      if (phase.binds.hurry(now)) this.#flush(phase, now)
      this.#drain(phase, now)
      return
    }
    if (phase.type !== 'waiting') return
    this.#retry.reset(now)
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
        if (phase.binds.isDue(now)) this.#flush(phase, now)
        else phase.binds.askMore(now)
        this.#drain(phase, now)
    }
  }

  /** When it is to be said that the relay does not answer a BIND, and then, when to stop waiting. */
  #answerBy({ binds: { waitingSince }, readyAt }: Connected): Millis {
    if (waitingSince === undefined) return Number.POSITIVE_INFINITY
    return waitingSince + (readyAt === undefined && !this.#slow ? SLOW_MS : BIND_ANSWER_MS)
  }

  #unansweredLong(phase: Connected, now: Millis): void {
    const error = unanswered()
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
      if (isOfAnotherVersion) this.#retry.notBefore(now + RELAY_WAIT_MAX_MS)
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
    const config = { set: this.#set, connection: this.#connection, nonce, limits, outputs: this.#outputs }
    const phase: Connected = {
      type: 'connected',
      budget,
      binds: new BindRequests(config, now),
      readyAt: undefined,
      silentAt: now + SILENCE_MS,
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
        if (phase.binds.bound(now)) this.#answered(phase, now)
        else this.#drop(outOfTurn(frame), now)
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
    if (notice.code === 'rate-limited' && this.#phase.type === 'connected') {
      this.#phase.sendAt = now + sendMsOf(notice.retryAfterMs)
      return
    }
    this.#error = said(notice)
    switch (notice.code) {
      case 'rate-limited':
        this.#retry.notBefore(now + reconnectMsOf(notice.retryAfterMs))
        return
      case 'restarting':
        this.#retry.restarting(reconnectMsOf(notice.reconnectInMs), notice.tryForMs, now, this.#isSteady(now))
        return
      case 'full':
        this.#retry.slowDown()
    }
  }

  // ── binding ────────────────────────────────────────────────────────────────────────────────

  #flushSoon(now: Millis): void {
    if (this.#phase.type === 'connected') this.#phase.binds.flushSoon(now)
  }

  #flush(phase: Connected, now: Millis): void {
    if (phase.binds.flush(now) && phase.readyAt !== undefined) this.#tell({ state: 'ready', ...this.#because() })
  }

  #signed(proofs: readonly BindProof[], now: Millis): void {
    const phase = this.#phase
    if (phase.type !== 'connected') return
    phase.binds.signed(proofs, now)
    this.#drain(phase, now)
  }

  #answered(phase: Connected, now: Millis): void {
    const { binds } = phase
    if (binds.ease() && phase.readyAt !== undefined) this.#tell({ state: 'ready', ...this.#because() })
    if (phase.readyAt !== undefined) return
    if (!binds.isIdle && binds.boundCount < READY_BINDS) return
    phase.readyAt = now
    this.#slow = undefined
    this.#tell({ state: 'ready', ...this.#because() })
  }

  #refused(phase: Connected, notice: Notice, now: Millis): void {
    const { binds } = phase
    const wasLimited = binds.limited !== undefined
    switch (binds.refused(notice, now)) {
      case 'unasked':
        this.#drop(new KithError('peer-violation', 'The relay refuses what it was not asked.', { source: 'relay' }), now)
        return
      case 'rejected':
        // The relay goes by another name than the one we dialled: an operator may mend that, another try will not.
        this.#retry.slowDown()
        this.#drop(anotherOrigin(), now)
        return
      case 'crowded':
        this.#error = new KithError('too-many', 'One of the addresses of this peer is bound too often at the relay.', {
          source: 'relay',
        })
        break
      case 'limited':
        if (!wasLimited) this.#tell({ state: phase.readyAt === undefined ? 'connecting' : 'ready', ...this.#because() })
        return
      case 'apart':
        break
    }
    this.#answered(phase, now)
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  #send(address: Uint8Array, envelope: Uint8Array, now: Millis): void {
    const phase = this.#phase
    if (phase.type === 'idle' || phase.type === 'waiting') return
    this.#queue.push({ address, envelope })
    if (this.#queue.length > CLIENT_QUEUE_ENVELOPES) this.#queue.shift()
    if (phase.type !== 'connected') return
    // A reply address that was bound a moment ago must be there before the reply is.
    if (phase.binds.isDue(now + BATCH_MS)) this.#flush(phase, now)
    this.#drain(phase, now)
  }

  #drain(phase: Connected, now: Millis): void {
    if (phase.binds.holdsSends || now < phase.sendAt) return
    for (const { address, envelope } of this.#queue.splice(0)) this.#transmit({ type: 'send', address, envelope })
  }

  #transmit(frame: Parameters<typeof encodeClientFrame>[0]): void {
    this.#outputs.push({ type: 'transmit', connection: this.#connection, frame: encodeClientFrame(frame) })
  }

  #because(): { error?: KithError } {
    const binds = this.#phase.type === 'connected' ? this.#phase.binds : undefined
    const error = this.#error ?? binds?.limited ?? this.#slow ?? binds?.shortage
    return error === undefined ? {} : { error }
  }

  #tell(state: RelayClientState): void {
    this.#outputs.push({ type: 'state', state })
  }
}

function outOfTurn(frame: RelayFrame): KithError {
  return new KithError('peer-violation', `The relay sent ${frame.type} out of turn.`, { source: 'relay' })
}
