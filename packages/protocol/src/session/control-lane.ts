/**
 * What the two ends say on the control lane: first who they are, then what they serve, then what has arrived.
 *
 * Authenticated fingerprints alone do not tell who is at the other end: a man in the middle can pass one peer's description on
 * as his own, and each then takes the other for somebody else (RFC 8844, unknown key-share). So the first message each way is an
 * HMAC, under a key that only the two who shook hands have, over both fingerprints; until theirs has been verified, nothing of
 * ours leaves but our own.
 */
import { equal } from '../bytes/bytes.ts'
import { KithError, violation } from '../errors.ts'
import { CONFIRM_MS, CONNECTION_WINDOW_BYTES, HELLO_HOLD_MS, LINK_PING_MS, STREAM_WINDOW_BYTES, STREAMS_MAX } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Fifo } from '../mux/fifo.ts'
import type { LaneNumber } from '../mux/frames.ts'
import type { HelloLimits, ServedProtocols } from '../mux/served.ts'
import { type ControlMessage, decodeControl, encodeControl, type Goodbye, MUX_VERSION, type OpaqueType } from './control.ts'
import { type Feature, OUR_FEATURES } from './features.ts'

export interface ControlConfig {
  /** HMACs over role and fingerprints: the one we send, and the one we insist on. 32 bytes each. */
  readonly confirmation: { readonly ours: Bytes; readonly theirs: Bytes }
  /** Which of its tabs or devices a peer is, 16 bytes. */
  readonly instance: Bytes
  readonly served: ServedProtocols
  /** What our hello names; all of features.ts unless fewer are given, as a build before them would. */
  readonly features?: readonly Feature[]
  /** Whether `locate` is called as soon as our end of the path is known: so long the hello waits, HELLO_HOLD_MS at most. Default false. */
  readonly awaitsPath?: boolean
}

/** What a message meant to those above. */
export type ControlEvent =
  | { readonly type: 'open' }
  | { readonly type: 'protocols' }
  | { readonly type: 'path' }
  | { readonly type: 'alive'; readonly roundTripMs?: number }
  | { readonly type: 'ack'; readonly lane: LaneNumber; readonly count: number }
  | ({ readonly type: 'goaway' } & Goodbye)
  | { readonly type: 'opaque'; readonly number: OpaqueType; readonly message: Bytes }

const OUR_LIMITS: HelloLimits = {
  streams: STREAMS_MAX,
  streamWindowBytes: STREAM_WINDOW_BYTES,
  connectionWindowBytes: CONNECTION_WINDOW_BYTES,
}

export interface RemoteHello {
  readonly instance: Bytes
  readonly served: ServedProtocols
  readonly limits: HelloLimits
  readonly features: ReadonlySet<string>
  /** Whether its end of the path is at a TURN server. Undefined: it does not say. */
  readonly isAtTurn: boolean | undefined
}

/** 'confirming': theirs is awaited. 'greeting': verified, their hello is awaited. 'left': our goaway is out. */
type ControlState =
  | { readonly phase: 'confirming' }
  | { readonly phase: 'greeting' }
  | { readonly phase: 'open'; readonly remote: RemoteHello }
  | { readonly phase: 'left' }

export class ControlLane {
  readonly #config: ControlConfig
  readonly #features: readonly Feature[]
  #state: ControlState = { phase: 'confirming' }
  #dueAt: Millis | undefined
  #confirmSent = false
  #helloSent = false
  #served: ServedProtocols
  #servedChanged = false
  /** Whether our end of the path is at a TURN server, and what the remote was told last; undefined: not known, nothing. */
  #isAtTurn: boolean | undefined
  #toldAtTurn: boolean | undefined
  /** The hello waits for `locate`; once theirs is confirmed, no longer than this. */
  #isHolding: boolean
  #holdUntil: Millis | undefined
  readonly #acks = new Map<LaneNumber, number>()
  /** Only the last ping is answered: a flood of them gets one pong. */
  #pongToken: number | undefined
  #ping: { readonly token: number; sentAt: Millis | undefined } | undefined
  #pingAt: Millis | undefined
  #pings = 0
  readonly #opaque = new Fifo<ControlMessage>()
  #goaway: Goodbye | undefined
  #roundTripMs: number | undefined

  constructor(config: ControlConfig) {
    this.#config = config
    this.#features = config.features ?? OUR_FEATURES
    this.#served = config.served
    this.#isHolding = config.awaitsPath ?? false
  }

  get phase(): ControlState['phase'] {
    return this.#state.phase
  }

  /** What the other side said of itself; there from 'open' on. */
  get remote(): RemoteHello | undefined {
    return this.#state.phase === 'open' ? this.#state.remote : undefined
  }

  /** Whether both ends named the feature; from 'open' on that does not change. */
  has(feature: Feature): boolean {
    return this.#features.includes(feature) && this.remote?.features.has(feature) === true
  }

  get served(): ServedProtocols {
    return this.#served
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  /** Whether our hello waits for `locate`. */
  get isHolding(): boolean {
    return this.#isHolding
  }

  /** The control lane can carry messages: from now on the other side has CONFIRM_MS. */
  start(now: Millis): void {
    this.#dueAt ??= now + CONFIRM_MS
  }

  serve(served: ServedProtocols): void {
    this.#served = served
    this.#servedChanged = true
  }

  /** Whether our end of the path is at a TURN server; undefined where it cannot be known now. The remote is told of each change. */
  locate(isAtTurn: boolean | undefined): void {
    this.#isAtTurn = isAtTurn ?? this.#isAtTurn
    this.#goOn()
  }

  acknowledge(lane: LaneNumber, count: number): void {
    this.#acks.set(lane, count)
  }

  /** What is to be acknowledged, for a message that goes anyway: it needs none of its own then. */
  takeAcks(): readonly (readonly [LaneNumber, number])[] {
    const acks = [...this.#acks]
    this.#acks.clear()
    return acks
  }

  send(number: OpaqueType, message: Bytes): void {
    this.#opaque.push({ type: 'opaque', number, message })
  }

  /** Asks for a sign of life now. */
  ping(): void {
    this.#ping = { token: ++this.#pings, sentAt: undefined }
  }

  /** Whether anything will be said: to one who has not confirmed who they are, not even goodbye. */
  leave(goodbye: Goodbye): boolean {
    if (this.#state.phase === 'confirming' || this.#state.phase === 'left') return false
    this.#goaway = goodbye
    return true
  }

  /** Throws 'timeout' when they have not said who they are in time. */
  tick(now: Millis): void {
    if (this.#dueAt !== undefined && now >= this.#dueAt) {
      throw new KithError('timeout', 'the other side did not confirm the connection in time', { source: 'network' })
    }
    if (this.#holdUntil !== undefined && now >= this.#holdUntil) this.#goOn()
    if (this.#pingAt !== undefined && now >= this.#pingAt) {
      this.#pingAt = now + LINK_PING_MS
      this.ping()
    }
  }

  deadline(): Millis | undefined {
    const dueAt = this.#dueAt ?? this.#pingAt
    return this.#holdUntil === undefined || (dueAt !== undefined && dueAt < this.#holdUntil) ? dueAt : this.#holdUntil
  }

  /** Throws 'peer-violation' for whatever is malformed or out of turn. */
  receive(bytes: Bytes, now: Millis): ControlEvent | undefined {
    const message = decodeControl(bytes)
    switch (this.#state.phase) {
      case 'confirming':
        if (message.type !== 'confirm' || !equal(message.hmac, this.#config.confirmation.theirs)) {
          throw violation('the connection does not end where the dial said')
        }
        this.#state = { phase: 'greeting' }
        if (this.#isHolding) this.#holdUntil = now + HELLO_HOLD_MS
        return undefined
      case 'greeting': {
        if (message.type !== 'hello') throw violation(`${message.type} before hello`)
        const { instance, served, limits } = message
        const isAtTurn = this.#features.includes('path') ? message.isAtTurn : undefined
        this.#state = { phase: 'open', remote: { instance, served, limits, features: new Set(message.features), isAtTurn } }
        this.#dueAt = undefined
        this.#pingAt = now
        this.tick(now)
        return { type: 'open' }
      }
      case 'open':
        return this.#receiveOpen(this.#state.remote, message, now)
      case 'left':
        return undefined
    }
  }

  /** The next message for the control lane. */
  pull(now: Millis): Bytes | undefined {
    const message = this.#next(now)
    return message === undefined ? undefined : encodeControl(message)
  }

  #receiveOpen(remote: RemoteHello, message: ControlMessage, now: Millis): ControlEvent | undefined {
    switch (message.type) {
      case 'protocols':
        this.#state = { phase: 'open', remote: { ...remote, served: message.served } }
        return { type: 'protocols' }
      case 'ack':
        return { type: 'ack', lane: message.lane, count: message.count }
      case 'ping':
        this.#pongToken = message.token
        return { type: 'alive' }
      case 'pong':
        if (this.#ping?.token === message.token && this.#ping.sentAt !== undefined) {
          this.#roundTripMs = now - this.#ping.sentAt
          this.#ping = undefined
          return { type: 'alive', roundTripMs: this.#roundTripMs }
        }
        return { type: 'alive' }
      case 'goaway':
        return message
      case 'path':
        if (!this.has('path')) throw violation('tells its end of the path though it was not agreed upon')
        if (message.isAtTurn === remote.isAtTurn) return undefined
        this.#state = { phase: 'open', remote: { ...remote, isAtTurn: message.isAtTurn } }
        return { type: 'path' }
      case 'opaque':
        if (message.number === 11 && !this.has('retire')) throw violation('retires though it was not agreed upon')
        if (message.number === 12 && !this.has('relays')) throw violation('tells its relays though it was not agreed upon')
        return { type: 'opaque', number: message.number, message: message.message }
      case 'confirm':
      case 'hello':
      case 'resume':
        throw violation(`${message.type} out of turn`)
    }
  }

  #goOn(): void {
    this.#isHolding = false
    this.#holdUntil = undefined
  }

  #next(now: Millis): ControlMessage | undefined {
    if (this.#state.phase === 'left') return undefined
    if (!this.#confirmSent) {
      this.#confirmSent = true
      return { type: 'confirm', hmac: this.#config.confirmation.ours }
    }
    if (this.#state.phase === 'confirming') return undefined
    if (!this.#helloSent) {
      // Who leaves holds nothing up.
      if (this.#isHolding && this.#goaway === undefined) return undefined
      this.#helloSent = true
      this.#servedChanged = false
      this.#toldAtTurn = this.#features.includes('path') ? this.#isAtTurn : undefined
      return {
        type: 'hello',
        version: MUX_VERSION,
        instance: this.#config.instance,
        served: this.#served,
        limits: OUR_LIMITS,
        features: this.#features,
        ...(this.#toldAtTurn !== undefined && { isAtTurn: this.#toldAtTurn }),
      }
    }
    for (const [lane, count] of this.#acks) {
      this.#acks.delete(lane)
      return { type: 'ack', lane, count }
    }
    if (this.#pongToken !== undefined) {
      const token = this.#pongToken
      this.#pongToken = undefined
      return { type: 'pong', token }
    }
    if (this.#servedChanged) {
      this.#servedChanged = false
      return { type: 'protocols', served: this.#served }
    }
    if (this.#isAtTurn !== undefined && this.#isAtTurn !== this.#toldAtTurn && this.has('path')) {
      this.#toldAtTurn = this.#isAtTurn
      return { type: 'path', isAtTurn: this.#isAtTurn }
    }
    if (this.#ping !== undefined && this.#ping.sentAt === undefined) {
      this.#ping.sentAt = now
      return { type: 'ping', token: this.#ping.token }
    }
    const opaque = this.#opaque.shift()
    if (opaque !== undefined) return opaque
    if (this.#goaway !== undefined) {
      this.#state = { phase: 'left' }
      return { type: 'goaway', ...this.#goaway }
    }
    return undefined
  }
}
