/**
 * The caller's side of one dial.
 *
 *     knocking ── accept ──▶ (authenticating ── their proof ──▶) describing ── our description ──▶ answered ── link up ──▶ ended
 *
 * A knock goes out on every route at once, sealed for each. The first answer is chosen; instances that answer later get a
 * 'bye'. Nothing about our network leaves before the callee is authenticated.
 */
import { hex } from '../bytes/bytes.ts'
import { KithError, violation } from '../errors.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { ENVELOPE_BYTES, INSTANCES_MAX, KNOCK_BURST, KNOCKS_PER_SECOND, UNREAD_ENVELOPES_MAX } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { Handshake } from '../noise/handshake.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Candidate } from './candidate.ts'
import type { DialContext } from './context.ts'
import type { TransportDescription } from './description.ts'
import { unpad } from './envelope.ts'
import { Exchange } from './exchange.ts'
import { introduce, isProven } from './introduction.ts'
import type { DialInput, DialPeer, Introduced } from './io.ts'
import { Knocks } from './knocks.ts'
import { type Accept, type DialMessage, decodeAccept } from './messages.ts'

/** A knock, on its way for some seconds, and the offer that answers it. */
const YIELDED_MS = 10_000

type DialRequest = Extract<DialInput, { type: 'dial' }>
type Offer = Extract<Accept, { type: 'offer' }>

type State =
  | { readonly type: 'knocking' }
  /** An invitation: they have offered, and owe the proof of who they are. */
  | { readonly type: 'authenticating'; readonly exchange: Exchange; readonly offer: Offer }
  /** Our own RTCPeerConnection is being asked for the answer. */
  | { readonly type: 'describing'; readonly exchange: Exchange; readonly peer: DialPeer; readonly by: Introduced | undefined }
  | { readonly type: 'answered'; readonly exchange: Exchange; readonly peer: DialPeer; readonly by: Introduced | undefined }
  /** Another dial goes on. An instance that this one's knock still reaches offers in vain, and must learn it. */
  | { readonly type: 'yielded'; readonly until: Millis }
  /** `peer`: it has become a connection. */
  | { readonly type: 'ended'; readonly peer?: DialPeer }

export class OutgoingDial {
  readonly number: number
  readonly startedAt: Millis
  readonly #context: DialContext
  readonly #request: DialRequest
  readonly #dialId: Bytes
  readonly #knocks: Knocks
  /** Ephemeral keys of the accepts that were read; with each that was not chosen, the exchange that says so. */
  readonly #answersRead = new Map<string, Exchange | undefined>()
  /** Whatever comes to the reply address costs X25519 work before it is known to be junk. */
  readonly #answerRate: TokenBucket
  #waiting: { origin: string; envelope: Bytes }[] = []
  #isReading = false
  #state: State = { type: 'knocking' }
  readonly #expiresAt: Millis

  constructor(request: DialRequest, context: DialContext, now: Millis) {
    this.number = request.dial
    this.startedAt = now
    this.#request = request
    this.#context = context
    this.#expiresAt = now + request.timeoutMs
    this.#answerRate = new TokenBucket(KNOCKS_PER_SECOND, KNOCK_BURST, now)
    this.#dialId = context.random(16)
    this.#knocks = new Knocks(request, this.#dialId, context, {
      isWanted: () => this.isUnanswered,
      failed: (error) => this.#end(error),
    })
    for (const reply of request.replies) this.#knocks.send(reply)
  }

  /** Whom we dial: known beforehand, or once they have proved it. */
  get remote(): PeerId | undefined {
    return this.#request.way.remote ?? ('peer' in this.#state ? this.#state.peer.id : undefined)
  }

  /** Who is at the other end is not known beforehand: both prove it inside. */
  get provesInside(): boolean {
    return this.#request.way.remote === undefined
  }

  get isPresence(): boolean {
    return this.#request.protocols.length === 0
  }

  get hasEnded(): boolean {
    return this.#state.type === 'ended'
  }

  /** No connection comes of it any more. */
  get isOver(): boolean {
    return this.hasEnded || this.#state.type === 'yielded'
  }

  /** No answer has come yet. */
  get isUnanswered(): boolean {
    return this.#state.type === 'knocking'
  }

  /** Which of the callee's instances has answered. */
  get answeredBy(): Bytes | undefined {
    return 'peer' in this.#state ? this.#state.peer.instance : undefined
  }

  replied(envelope: Bytes, now: Millis, origin: string): void {
    if (this.#isReading) {
      // The answer and what follows it may come in one breath: wait until the answer is read.
      if (this.#waiting.length < UNREAD_ENVELOPES_MAX) this.#waiting.push({ origin, envelope })
      return
    }
    if (envelope.length !== ENVELOPE_BYTES || this.#state.type === 'ended') return
    if ('exchange' in this.#state) {
      const messages = this.#guard(() => ('exchange' in this.#state ? this.#state.exchange.hear(envelope, now) : undefined))
      if (messages) {
        for (const message of messages) this.#hear(message, now)
        return
      }
      if (this.hasEnded) return
    }
    this.#readAnswer(origin, envelope, now)
  }

  described(description: TransportDescription, now: Millis): void {
    if (this.#state.type !== 'describing') return
    const { exchange, peer, by } = this.#state
    exchange.say({ type: 'answer', description })
    exchange.disclose(now)
    this.#state = { type: 'answered', exchange, peer, by }
  }

  candidate(candidate: Candidate, now: Millis): void {
    if ('exchange' in this.#state) this.#state.exchange.candidate(candidate, now)
  }

  /** Another dial with the same person goes on. */
  yieldTo(dial: number): void {
    this.#context.emit({ type: 'yielded', dial: this.number, to: dial })
    this.#knocks.stop()
    if (!this.#knocks.isEmpty) this.#state = { type: 'yielded', until: this.#context.now() + YIELDED_MS }
    else this.#close()
  }

  connected(): void {
    // A confirmed link implies the grant, though the message that says so may still be on its way.
    if ('by' in this.#state) this.#letIn(this.#state.by)
    this.#close('peer' in this.#state ? this.#state.peer : undefined)
  }

  cancel(now: Millis): void {
    if (this.#state.type === 'yielded') this.#close()
    else this.#fail(new KithError('aborted', 'The dial was cancelled.'), now)
  }

  tick(now: Millis): void {
    if (this.hasEnded) return
    if (this.#state.type === 'yielded') {
      if (now >= this.#state.until) this.#close()
      return
    }
    if (now >= this.#expiresAt) {
      this.#fail(
        this.isUnanswered
          ? new KithError('no-answer', 'They do not answer: they are away, have not added you, or do not want to.', {
              source: 'remote',
            })
          : new KithError(
              'unreachable',
              'They answered, but no path came up: name a STUN server, and a TURN server for strict networks, in createPeer({ iceServers }).',
              { source: 'network' },
            ),
        now,
      )
      return
    }
    this.#knocks.tick(now)
    if ('exchange' in this.#state) this.#state.exchange.drain(now)
  }

  /** Infinity: none. */
  deadline(): Millis {
    if (this.hasEnded) return Infinity
    if (this.#state.type === 'yielded') return this.#state.until
    const exchange = 'exchange' in this.#state ? this.#state.exchange.deadline() : Infinity
    return Math.min(this.#expiresAt, this.#knocks.deadline(), exchange)
  }

  /** A message 2, perhaps: each knock that went through this carrier may be the one it answers. */
  #readAnswer(origin: string, envelope: Bytes, now: Millis): void {
    const ephemeral = hex(envelope.subarray(0, 32))
    if (this.#answersRead.has(ephemeral)) {
      // Still offering: our 'bye' was lost.
      const declined = this.#answersRead.get(ephemeral)
      if (declined) declined.bye(now)
      return
    }
    if (this.#answersRead.size >= INSTANCES_MAX || !this.#answerRate.take(now)) return
    this.#isReading = true
    this.#context.keys.run(
      this.number,
      this.#knocks.open(origin, envelope),
      (opened) => {
        this.#isReading = false
        if (opened) {
          this.#answersRead.set(ephemeral, undefined)
          this.#guard(() => {
            const accept = decodeAccept(unpad(opened.payload))
            const declined = this.#accepted(accept, origin, opened.handshake)
            this.#answersRead.set(ephemeral, declined)
          })
        }
        this.#readWaiting()
      },
      () => {
        // Our own keys failed to read it; it will come again.
        this.#isReading = false
        this.#readWaiting()
      },
    )
  }

  #readWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { origin, envelope } of waiting) this.replied(envelope, this.#context.now(), origin)
  }

  /** Returns the exchange with an instance that got a 'bye', because another came before it. */
  #accepted(accept: Accept, origin: string, handshake: Handshake): Exchange | undefined {
    if (this.hasEnded) return undefined
    const { way } = this.#request
    switch (accept.type) {
      case 'spent':
        if (!way.isOneTime) throw violation('only an invitation is spent')
        if (this.isUnanswered) this.#end(used())
        return undefined
      case 'here':
        if (way.remote !== undefined) {
          const { instance, presence } = accept
          this.#context.emit({ type: 'present', dial: this.number, remote: way.remote, instance, presence })
        }
        if (this.isPresence) this.#close()
        return undefined
      case 'offer': {
        if (this.isPresence) throw violation('an offer where only presence was asked')
        const exchange = new Exchange(handshake.split(), origin, accept.replyAddress, this.#context.emit)
        if (!this.isUnanswered) {
          exchange.bye(this.#context.now())
          return exchange
        }
        this.#knocks.stop()
        if (way.remote === undefined) this.#state = { type: 'authenticating', exchange, offer: accept }
        else this.#describe(exchange, accept, way.remote, undefined)
        return undefined
      }
    }
  }

  #describe(exchange: Exchange, offer: Offer, id: PeerId, by: Introduced | undefined): void {
    const { origin, noise } = exchange
    const peer: DialPeer = { id, instance: offer.instance, role: 0, dialId: this.#dialId, origin, bindKey: noise.bindKey }
    this.#state = { type: 'describing', exchange, peer, by }
    this.#context.emit({ type: 'describe', dial: this.number, remote: offer.description, peer })
  }

  #hear(message: DialMessage, now: Millis): void {
    const state = this.#state
    switch (message.type) {
      case 'prove':
        if (state.type === 'authenticating') this.#authenticate(state, message, now)
        return
      case 'candidates': {
        if (state.type !== 'describing' && state.type !== 'answered') return
        // The inviter sends its first candidates, or none, once it has let us in.
        this.#letIn(state.by)
        this.#state = { ...state, by: undefined }
        const candidates = state.exchange.admitCandidates(message.candidates)
        if (candidates.length > 0) this.#context.emit({ type: 'candidates', dial: this.number, candidates })
        return
      }
      case 'bye':
        this.#end(new KithError('unreachable', 'They answered, and gave up before a path came up.', { source: 'remote' }))
        return
      case 'spent':
        this.#end(used())
        return
      case 'answer':
        this.#fail(violation('the caller answers, not the callee'), now)
    }
  }

  #authenticate(
    { exchange, offer }: Extract<State, { type: 'authenticating' }>,
    proof: Extract<DialMessage, { type: 'prove' }>,
    now: Millis,
  ): void {
    if (!isProven(exchange, 1, proof)) {
      this.#fail(violation('the inviter has not proved who they are'), now)
      return
    }
    if (proof.id === this.#context.id) {
      this.#fail(new KithError('invalid-argument', 'This invitation is your own: send it to another person.'), now)
      return
    }
    introduce(
      this.number,
      exchange,
      0,
      this.#context,
      (tell) => {
        if (this.#state.type !== 'authenticating') return
        tell()
        this.#describe(exchange, offer, proof.id, { id: proof.id, name: proof.name, relays: proof.relays })
      },
      (error) => this.#end(error),
    )
  }

  /** What a remote sent may end the dial; it never throws out of the machine. */
  #guard<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      this.#end(error)
      return undefined
    }
  }

  #letIn(by: Introduced | undefined): void {
    if (by) this.#context.emit({ type: 'granted', dial: this.number, by })
  }

  /** Ends it, with a 'bye' to the instance that has answered. */
  #fail(error: KithError, now: Millis): void {
    if ('exchange' in this.#state) this.#state.exchange.bye(now)
    this.#end(error)
  }

  #end(error: KithError): void {
    if (this.hasEnded) return
    // One that gave way has had its end.
    if (!this.isOver) this.#context.emit({ type: 'ended', dial: this.number, error })
    this.#close()
  }

  #close(peer?: DialPeer): void {
    if (this.hasEnded) return
    this.#state = peer ? { type: 'ended', peer } : { type: 'ended' }
    this.#waiting = []
    this.#context.emit({ type: 'unbind', dial: this.number })
  }
}

function used(): KithError {
  return new KithError('used', 'This invitation was used or withdrawn: ask the person who sent it for another.', {
    source: 'remote',
  })
}
