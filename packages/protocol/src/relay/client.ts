/**
 * One client's side of one relay: when to connect, what to bind, what to send, what to make of a notice.
 *
 * It lives as long as its carrier, through any number of connections. Each begins with the relay's CHALLENGE; from there the
 * wanted addresses and their decoys are bound in batches. Keys live outside: a 'sign' goes out, 'signed' comes back with proofs.
 * Envelopes go after the binds that were asked for before them, so that an answer finds its address bound.
 */
import { KithError } from '../errors.ts'
import { RELAY_WAIT_MAX_MS } from '../limits.ts'
import type { Machine, Millis } from '../machine.ts'
import { BATCH_MS, BindRequests } from './bind-requests.ts'
import { BoundSet } from './bound-set.ts'
import { reconnectMsOf, sendMsOf } from './clamps.ts'
import type { BindProof, RelayClientConfig, RelayClientInput, RelayClientOutput } from './client-io.ts'
import { answerBy, type ClientPhase, type Connected, isSteady, SILENCE_MS } from './client-phase.ts'
import { ClientStatus } from './client-status.ts'
import { FrameBudget } from './frame-budget.ts'
import { answersBind, decodeRelayFrame, encodeClientFrame, type Notice, type RelayFrame } from './frames.ts'
import { RetrySchedule } from './retry-schedule.ts'
import { SendQueue } from './send-queue.ts'
import * as trouble from './trouble.ts'

/** From dialling to CHALLENGE. */
const CONNECT_MS = 10_000

/** With so many bound the relay is ready, however many more will follow: the most important are among them. */
const READY_BINDS = 256

export class RelayClient implements Machine<RelayClientInput, RelayClientOutput> {
  readonly #url: string
  readonly #retryNotBefore: () => Millis
  readonly #set: BoundSet
  readonly #queue = new SendQueue()
  readonly #outputs: RelayClientOutput[] = []
  readonly #retry: RetrySchedule
  #phase: ClientPhase = { type: 'idle' }
  #connection = 0
  readonly #status = new ClientStatus(this.#outputs)

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
        this.#queue.clear()
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
        return Math.min(phase.silentAt, phase.binds.deadline(), this.#queue.deadline(phase), this.#answerBy(phase))
      }
    }
  }

  // ── connecting ─────────────────────────────────────────────────────────────────────────────

  #connect(now: Millis): void {
    this.#connection += 1
    this.#set.reset()
    this.#status.slow = undefined
    this.#phase = { type: 'connecting', giveUpAt: now + CONNECT_MS, budget: new FrameBudget(now), isOpen: false }
    this.#status.isExplained = false
    this.#outputs.push({ type: 'connect', connection: this.#connection })
    this.#status.is('connecting')
  }

  #lost(now: Millis, said?: string): void {
    const phase = this.#phase
    if (phase.type !== 'connecting' && phase.type !== 'connected') return
    // What the relay itself gave as the reason goes first, for as long as it asked us to try.
    if (phase.type === 'connecting' && !this.#status.isExplained && !this.#retry.isEager(now)) {
      this.#status.error = trouble.unmet({ url: this.#url, isOpen: phase.isOpen, said })
    }
    this.#status.error ??= trouble.lost()
    const retryAt = Math.max(this.#retry.next(now, this.#isSteady(now)), this.#retryNotBefore())
    // Their senders resend what still matters by then.
    this.#queue.clear()
    this.#phase = { type: 'waiting', retryAt }
    this.#status.waits(retryAt)
  }

  #isSteady(now: Millis): boolean {
    return this.#phase.type === 'connected' && isSteady(this.#phase, now)
  }

  /** Ends the connection from our side; the driver's 'closed' for it comes too late to count. */
  #drop(error: KithError, now: Millis): void {
    this.#status.error = error
    this.#status.isExplained = true
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
    this.#queue.clear()
    this.#phase = { type: 'over' }
    this.#outputs.push({ type: 'state', state: { state: 'failed', error } })
  }

  #wake(now: Millis, slept: boolean): void {
    if (slept && this.#phase.type === 'connected') this.#drop(trouble.asleep(), now)
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
        if (now >= phase.giveUpAt) this.#drop(trouble.silent({ url: this.#url, isOpen: phase.isOpen }), now)
        return
      case 'waiting':
        if (now >= phase.retryAt) this.#connect(now)
        return
      case 'connected':
        if (now >= phase.silentAt) {
          this.#drop(trouble.gone(), now)
          return
        }
        if (now >= this.#answerBy(phase)) this.#unansweredLong(phase, now)
        if (this.#phase !== phase) return
        if (phase.binds.isDue(now)) this.#flush(phase, now)
        else phase.binds.askMore(now)
        this.#drain(phase, now)
    }
  }

  #answerBy(phase: Connected): Millis {
    return answerBy(phase, this.#status.slow !== undefined)
  }

  #unansweredLong(phase: Connected, now: Millis): void {
    const error = trouble.unanswered()
    if (phase.readyAt !== undefined || this.#status.slow) {
      this.#drop(error, now)
      return
    }
    this.#status.slow = error
    this.#status.is('connecting', phase.binds)
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
      this.#drop(phase.type === 'connecting' && !isOfAnotherVersion ? trouble.notARelay(this.#url, error) : error, now)
      return
    }
    if (!phase.budget.takes(frame, now)) {
      this.#drop(trouble.tooMuch(), now)
      return
    }
    if (phase.type === 'connected') {
      phase.silentAt = now + SILENCE_MS
      this.#connected(phase, frame, now)
      return
    }
    if (frame.type === 'challenge') this.#challenged(frame, phase.budget, now)
    else if (frame.type === 'notice') this.#noticed(frame.notice, now)
    else this.#drop(trouble.notARelay(this.#url, trouble.outOfTurn(frame.type)), now)
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
    this.#status.error = undefined
    this.#flush(phase, now)
    this.#drain(phase, now)
  }

  #connected(phase: Connected, frame: RelayFrame, now: Millis): void {
    switch (frame.type) {
      case 'challenge':
        this.#drop(trouble.outOfTurn(frame.type), now)
        return
      case 'bound':
        if (phase.binds.bound(now)) this.#answered(phase, now)
        else this.#drop(trouble.outOfTurn(frame.type), now)
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
    this.#status.isExplained = true
    if (notice.code === 'rate-limited' && this.#phase.type === 'connected') {
      this.#phase.sendAt = now + sendMsOf(notice.retryAfterMs)
      return
    }
    this.#status.error = trouble.said(notice)
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
    if (phase.binds.flush(now) && phase.readyAt !== undefined) this.#status.is('ready', phase.binds)
  }

  #signed(proofs: readonly BindProof[], now: Millis): void {
    const phase = this.#phase
    if (phase.type !== 'connected') return
    phase.binds.signed(proofs, now)
    this.#drain(phase, now)
  }

  #answered(phase: Connected, now: Millis): void {
    const { binds } = phase
    if (binds.ease() && phase.readyAt !== undefined) this.#status.is('ready', binds)
    if (phase.readyAt !== undefined) return
    if (!binds.isIdle && binds.boundCount < READY_BINDS) return
    phase.readyAt = now
    this.#status.slow = undefined
    this.#status.is('ready', binds)
  }

  #refused(phase: Connected, notice: Notice, now: Millis): void {
    const { binds } = phase
    const wasLimited = binds.limited !== undefined
    switch (binds.refused(notice, now)) {
      case 'unasked':
        this.#drop(trouble.unasked(), now)
        return
      case 'rejected':
        // The relay goes by another name than the one we dialled: an operator may mend that, another try will not.
        this.#retry.slowDown()
        this.#drop(trouble.anotherOrigin(), now)
        return
      case 'crowded':
        this.#status.error = trouble.crowded()
        break
      case 'limited':
        if (!wasLimited) this.#status.is(phase.readyAt === undefined ? 'connecting' : 'ready', binds)
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
    if (phase.type !== 'connected') return
    // A reply address that was bound a moment ago must be there before the reply is.
    if (phase.binds.isDue(now + BATCH_MS)) this.#flush(phase, now)
    this.#drain(phase, now)
  }

  #drain(phase: Connected, now: Millis): void {
    for (const { address, envelope } of this.#queue.take(phase, now)) this.#transmit({ type: 'send', address, envelope })
  }

  #transmit(frame: Parameters<typeof encodeClientFrame>[0]): void {
    this.#outputs.push({ type: 'transmit', connection: this.#connection, frame: encodeClientFrame(frame) })
  }
}
