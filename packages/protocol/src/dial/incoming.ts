/**
 * The callee's side of one dial.
 *
 *     reading ── knock ──▶ judging ── 'offer' ──▶ describing ──▶ accepting ──▶ offered ── answer ──▶ answered ── link up ──▶ ended
 *                             └── 'here', 'spent' ──▶ replied               └ (their proof ──▶ proving ── 'grant' ──▶) ┘
 *
 * The callee offers, but its candidates stay here until the caller's answer has authenticated them. Silence costs nothing: a
 * knock that is refused leaves no trace on the wire.
 */
import { hex } from '../bytes/bytes.ts'
import { KithError, violation } from '../errors.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { INCOMING_DIAL_MS } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { Handshake } from '../noise/handshake.ts'
import type { Candidate } from './candidate.ts'
import type { DialContext } from './context.ts'
import type { TransportDescription } from './description.ts'
import { PLAINTEXT_BYTES, pad, unpad } from './envelope.ts'
import { Exchange } from './exchange.ts'
import { dialHandshake } from './handshake.ts'
import { introduce, isProven } from './introduction.ts'
import type { DialPeer, Doorstep, Introduced, Verdict } from './io.ts'
import { type Accept, type DialMessage, decodeKnock, encodeAccept, type Knock } from './messages.ts'
import { Resend } from './resend.ts'

type State =
  | { readonly type: 'reading' }
  | { readonly type: 'judging'; readonly handshake: Handshake; readonly knock: Knock }
  | { readonly type: 'describing'; readonly handshake: Handshake; readonly knock: Knock; readonly replyAddress: Bytes }
  /** Message 2 is being sealed. */
  | { readonly type: 'accepting' }
  /** Nothing more to say than this one envelope. */
  | { readonly type: 'replied'; readonly to: Bytes; readonly envelope: Bytes }
  | Offered
  /** They hold the invitation; whether they are the first is being asked. */
  | (Omit<Offered, 'type'> & {
      readonly type: 'proving'
      readonly by: Introduced
      /** What they said meanwhile: it counts once they are let in. */
      readonly answer: TransportDescription | undefined
      readonly candidates: readonly Candidate[]
    })
  | { readonly type: 'answered'; readonly exchange: Exchange }
  | { readonly type: 'ended' }

/** Exactly one of these is called; after `read`, nothing goes on until `announce` or `drop`. */
interface Parent {
  read(now: Millis): void
  unreadable(): void
}

interface Offered {
  readonly type: 'offered'
  readonly exchange: Exchange
  readonly to: Bytes
  readonly envelope: Bytes
  readonly instance: Bytes
  readonly dialId: Bytes
  /** Who they are: known from the start, or proved and granted since. */
  readonly caller: PeerId | undefined
}

export class IncomingDial {
  readonly number: number
  readonly doorstep: Doorstep
  /** Of the knock, in hex: no other knock has it. */
  readonly ephemeral: string
  readonly #context: DialContext
  readonly #expiresAt: Millis
  #knock: Knock | undefined
  #candidates: Candidate[] = []
  #state: State = { type: 'reading' }
  /** Who they turned out to be, where that is not known beforehand: they have proved it and were let in. */
  #guest: PeerId | undefined
  #isAnnounced = false
  #isAccepted = false
  /** Of the offer. */
  readonly #resend = new Resend()

  constructor(number: number, doorstep: Doorstep, envelope: Bytes, context: DialContext, now: Millis) {
    this.number = number
    this.doorstep = doorstep
    this.ephemeral = hex(envelope.subarray(0, 32))
    this.#context = context
    this.#expiresAt = now + INCOMING_DIAL_MS
  }

  /** Exactly one of the parent's methods is called, perhaps before this returns. */
  read(envelope: Bytes, parent: Parent): void {
    const handshake = dialHandshake('responder', this.doorstep.way, this.doorstep, this.#context)
    this.#context.keys.run(
      this.number,
      handshake.readMessage(envelope),
      (payload) => {
        if (this.#state.type !== 'reading') return
        const knock = readKnock(payload)
        if (!knock) {
          parent.unreadable()
          this.drop()
          return
        }
        this.#knock = knock
        this.#state = { type: 'judging', handshake, knock }
        parent.read(this.#context.now())
      },
      () => {
        parent.unreadable()
        this.drop()
      },
    )
  }

  get hasEnded(): boolean {
    return this.#state.type === 'ended'
  }

  /** Who knocked, where that is known beforehand. */
  get caller(): PeerId | undefined {
    return this.doorstep.way.remote
  }

  /** Who it is, as far as is known. */
  get remote(): PeerId | undefined {
    return this.caller ?? this.#guest
  }

  get instance(): Bytes | undefined {
    return this.#knock?.instance
  }

  get isPresence(): boolean {
    return this.#knock?.protocols.length === 0
  }

  /** Policy said yes to a connection. */
  get isAccepted(): boolean {
    return this.#isAccepted && !this.hasEnded
  }

  /** Their answer or their proof has come, so they are who they say, and chose us. */
  get isAnswered(): boolean {
    return this.#state.type === 'answered' || (this.#guest !== undefined && !this.hasEnded)
  }

  /** The same dial through another carrier has the same key; its address would differ. */
  get key(): string {
    return `${this.doorstep.way.replayKey} ${this.#knock ? hex(this.#knock.dialId) : this.number}`
  }

  /** Ask the driver what to do with it. */
  announce(): void {
    if (this.#state.type !== 'judging') return
    this.#isAnnounced = true
    const { instance, protocols, presence } = this.#state.knock
    const { number, doorstep, caller } = this
    this.#context.emit({ type: 'knock', dial: number, doorstep, from: caller, instance, protocols, presence })
  }

  judge(verdict: Verdict): void {
    if (this.#state.type !== 'judging') return
    const { handshake, knock } = this.#state
    switch (verdict.type) {
      case 'silence':
        this.drop()
        return
      case 'here':
        this.#accept(handshake, knock, { ...verdict, instance: this.#context.instance })
        return
      case 'spent':
        this.#accept(handshake, knock, verdict)
        return
      case 'offer':
        // Only whether we are there was asked.
        if (this.isPresence) {
          this.judge({ type: 'here' })
          return
        }
        this.#isAccepted = true
        this.#state = { type: 'describing', handshake, knock, replyAddress: verdict.replyAddress }
        this.#context.emit({ type: 'describe', dial: this.number })
    }
  }

  described(description: TransportDescription): void {
    if (this.#state.type !== 'describing') return
    const { handshake, knock, replyAddress } = this.#state
    const { instance } = this.#context
    this.#accept(handshake, knock, { type: 'offer', replyAddress, instance, description })
  }

  /** An envelope to the reply address of our offer. */
  replied(envelope: Bytes, now: Millis): void {
    if (!('exchange' in this.#state)) return
    try {
      const messages = this.#state.exchange.hear(envelope, now)
      if (!messages) return
      // They speak under the session's keys, so our accept is there.
      this.#resend.stop()
      for (const message of messages) this.#hear(message, now)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      this.#end(error)
    }
  }

  grant(granted: boolean, now: Millis, isWithoutPath = false): void {
    if (this.#state.type !== 'proving') return
    const { exchange, by, answer, candidates, ...offered } = this.#state
    if (!granted) {
      exchange.say({ type: 'spent' })
      exchange.drain(now)
      this.#end(new KithError('used', 'Another person used this invitation first.'))
      return
    }
    this.#guest = by.id
    // Candidates, or none: this is how they learn that they are in.
    exchange.say({ type: 'candidates', candidates: [] })
    if (isWithoutPath) {
      exchange.bye(now)
      this.#end(
        new KithError('aborted', 'They are a contact now. An invitation may not disclose the network address of this peer.'),
      )
      return
    }
    this.#state = { ...offered, type: 'offered', exchange, caller: by.id }
    if (answer) this.#answered(answer, now)
    if (candidates.length > 0) this.#context.emit({ type: 'candidates', dial: this.number, candidates })
  }

  candidate(candidate: Candidate, now: Millis): void {
    if (this.#state.type === 'answered') this.#state.exchange.candidate(candidate, now)
    else this.#candidates.push(candidate)
  }

  /** The knock came again, so what we said was lost, or is on its way. */
  nudge(): void {
    if (this.#state.type === 'replied' || this.#state.type === 'offered') this.#send(this.#state.to, this.#state.envelope)
  }

  connected(): void {
    this.drop()
  }

  cancel(now: Millis): void {
    if ('exchange' in this.#state) this.#state.exchange.bye(now)
    this.#end(new KithError('aborted', 'The dial was cancelled.'))
  }

  /** Forget it without a word on the wire. */
  drop(): void {
    if (this.hasEnded) return
    this.#state = { type: 'ended' }
    if (this.#isAnnounced) this.#context.emit({ type: 'unbind', dial: this.number })
  }

  tick(now: Millis): void {
    if (this.hasEnded) return
    if (now >= this.#expiresAt) {
      // A short reply has done its work: a caller that asked again has it by now.
      if (this.#state.type === 'replied') {
        this.drop()
        return
      }
      if ('exchange' in this.#state) this.#state.exchange.bye(now)
      this.#end(new KithError('timeout', 'The caller did not connect in time.', { source: 'remote' }))
      return
    }
    if (this.#resend.isDue(now)) this.nudge()
    if ('exchange' in this.#state) this.#state.exchange.drain(now)
  }

  /** Infinity: none. */
  deadline(): Millis {
    if (this.hasEnded) return Infinity
    const exchange = 'exchange' in this.#state ? this.#state.exchange.deadline() : Infinity
    return Math.min(this.#expiresAt, this.#resend.deadline(), exchange)
  }

  #accept(handshake: Handshake, knock: Knock, accept: Accept): void {
    this.#state = { type: 'accepting' }
    this.#context.keys.run(
      this.number,
      handshake.writeMessage(pad(encodeAccept(accept), PLAINTEXT_BYTES.handshake)),
      (envelope) => {
        if (this.#state.type !== 'accepting') return
        const to = knock.replyAddress
        this.#send(to, envelope)
        if (accept.type === 'offer') this.#offer(handshake, knock, envelope)
        // A question comes once: to keep the answer would take a dial's place.
        else if (accept.type === 'here' && this.isPresence) this.drop()
        else this.#state = { type: 'replied', to, envelope }
      },
      (cause) => this.#end(violation('the knock cannot be answered', cause)),
    )
  }

  #offer(handshake: Handshake, knock: Knock, envelope: Bytes): void {
    const to = knock.replyAddress
    const exchange = new Exchange(handshake.split(), this.doorstep.origin, to, this.#context.emit)
    const { instance, dialId } = knock
    this.#state = { type: 'offered', exchange, to, envelope, instance, dialId, caller: this.caller }
    this.#resend.start(this.#context.now())
    if (this.caller) return
    introduce(
      this.number,
      exchange,
      1,
      this.#context,
      (tell) => {
        if (this.#state.type !== 'offered') return
        tell()
        exchange.drain(this.#context.now())
      },
      (error) => this.#end(error),
    )
  }

  #hear(message: DialMessage, now: Millis): void {
    const state = this.#state
    switch (message.type) {
      case 'prove':
        if (state.type === 'offered' && state.caller === undefined) this.#authenticate(state, message)
        return
      case 'answer':
        if (state.type === 'proving') this.#state = { ...state, answer: message.description }
        else if (state.type === 'offered') this.#answered(message.description, now)
        return
      case 'candidates': {
        if (state.type !== 'answered' && !(state.type === 'proving' && state.answer)) {
          this.#end(violation('candidates before the answer'))
          return
        }
        const candidates = state.exchange.admitCandidates(message.candidates)
        if (state.type === 'proving') this.#state = { ...state, candidates: [...state.candidates, ...candidates] }
        else if (candidates.length > 0) this.#context.emit({ type: 'candidates', dial: this.number, candidates })
        return
      }
      case 'bye':
        this.#end(new KithError('aborted', 'The caller gave up.', { source: 'remote' }))
        return
      case 'spent':
        this.#end(violation('the inviter says that, not the invited'))
    }
  }

  #authenticate(offered: Offered, proof: Extract<DialMessage, { type: 'prove' }>): void {
    if (!isProven(offered.exchange, 0, proof)) {
      this.#end(violation('the caller has not proved who they are'))
      return
    }
    const by = { id: proof.id, name: proof.name, relays: proof.relays }
    this.#state = { ...offered, type: 'proving', by, answer: undefined, candidates: [] }
    this.#context.emit({ type: 'proved', dial: this.number, doorstep: this.doorstep, by })
  }

  #answered(remote: TransportDescription, now: Millis): void {
    const state = this.#state
    if (state.type !== 'offered') return
    const { exchange, instance, dialId, caller } = state
    if (caller === undefined) {
      this.#end(violation('an answer before the proof'))
      return
    }
    this.#state = { type: 'answered', exchange }
    const { origin, noise } = exchange
    const peer: DialPeer = { id: caller, instance, role: 1, dialId, origin, bindKey: noise.bindKey }
    this.#context.emit({ type: 'answered', dial: this.number, remote, peer })
    for (const candidate of this.#candidates) exchange.candidate(candidate, now)
    this.#candidates = []
    exchange.disclose(now)
  }

  #send(to: Bytes, envelope: Bytes): void {
    this.#context.emit({ type: 'send', origin: this.doorstep.origin, to, envelope })
  }

  #end(error: KithError): void {
    if (this.hasEnded) return
    if (this.#isAnnounced) this.#context.emit({ type: 'ended', dial: this.number, error })
    this.drop()
  }
}

/** Undefined: sealed under the right keys, but not of the right form. */
function readKnock(payload: Bytes): Knock | undefined {
  try {
    return decodeKnock(unpad(payload))
  } catch (error) {
    if (error instanceof KithError) return undefined
    throw error
  }
}
