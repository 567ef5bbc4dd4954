/**
 * What the two ends say on the control lane: on each path first who they are (path/confirmation.ts) and what they serve; on a path
 * that follows another, how much of each lane they have; then what has arrived.
 */
import { equal } from '../bytes/bytes.ts'
import { violation } from '../errors.ts'
import { CONNECTION_WINDOW_BYTES, HELLO_HOLD_MS, STREAM_WINDOW_BYTES, STREAMS_MAX } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Fifo } from '../mux/fifo.ts'
import type { LaneNumber } from '../mux/frames.ts'
import type { HelloLimits, ServedProtocols } from '../mux/served.ts'
import type { Path } from '../path/path.ts'
import { type ControlMessage, decodeControl, encodeControl, type Goodbye, MUX_VERSION, type OpaqueType } from './control.ts'
import { FEATURES, type Feature, OUR_FEATURES } from './features.ts'

export interface ControlConfig {
  /** Which of its tabs or devices a peer is, 16 bytes. */
  readonly instance: Bytes
  readonly served: ServedProtocols
  /** What our hello names; all of features.ts unless fewer are given, as a build before them would. */
  readonly features?: readonly Feature[]
  /** Whether the driver attaches another path when one is gone: then our hello names 'resume'. Default false. */
  readonly resumes?: boolean
  /** Whether `locate` is called as soon as our end of the path is known: the hello waits for it, HELLO_HOLD_MS at most. Default false. */
  readonly awaitsPath?: boolean
}

/** Frames received on each lane in all. */
export interface LaneCounts {
  readonly urgent: number
  readonly bulk: number
}

/** What a message meant to those above. */
export type ControlEvent =
  /** The path is open; `received`: on one that follows another, what the remote has of ours. */
  | { readonly type: 'open'; readonly received?: LaneCounts }
  | { readonly type: 'protocols' }
  | { readonly type: 'path' }
  | { readonly type: 'alive'; readonly roundTripMs?: number }
  | { readonly type: 'ack'; readonly lane: LaneNumber; readonly count: number }
  | ({ readonly type: 'goaway' } & Goodbye)
  | { readonly type: 'opaque'; readonly number: OpaqueType; readonly message: Bytes }

/** The type of control messages that describe the media of one path. */
const SDP: OpaqueType = 4

const NO_FEATURES: ReadonlySet<string> = new Set()

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

/**
 * On each path: 'confirming': theirs is awaited. 'greeting': verified, their hello is awaited. 'resuming': their hello has come, and how
 * much they have of the paths before is awaited. 'open': frames go. Between paths: 'detached'. 'left': our goaway is out.
 */
type ControlState =
  | { readonly phase: 'confirming' | 'greeting' | 'open' | 'detached' | 'left' }
  | { readonly phase: 'resuming'; readonly counts: Partial<LaneCounts> }

export class ControlLane {
  readonly #config: ControlConfig
  readonly #features: readonly Feature[]
  #path: Path
  #state: ControlState = { phase: 'confirming' }
  #remote: RemoteHello | undefined
  /** What we tell on a path that follows another: frames received on each lane. */
  #resumes: LaneCounts | undefined
  readonly #resumesOwed: LaneNumber[] = []
  #helloSent = false
  #served: ServedProtocols
  #servedChanged = false
  /** Whether our end of the path is at a TURN server, and what the remote knows of it; undefined: not known, nothing. */
  #isAtTurn: boolean | undefined
  #toldAtTurn: boolean | undefined
  /** The hello waits for `locate`; once theirs is confirmed, no longer than this. */
  #isHolding: boolean
  #holdUntil: Millis | undefined
  readonly #acks = new Map<LaneNumber, number>()
  #opaque = new Fifo<Extract<ControlMessage, { type: 'opaque' }>>()
  #goaway: Goodbye | undefined

  constructor(config: ControlConfig, path: Path) {
    this.#config = config
    this.#path = path
    this.#features = [...(config.features ?? OUR_FEATURES), ...(config.resumes ? [FEATURES.resume] : [])]
    this.#served = config.served
    this.#isHolding = config.awaitsPath ?? false
  }

  get phase(): ControlState['phase'] {
    return this.#state.phase
  }

  /** What the other side said of itself last; undefined before its first hello. */
  get remote(): RemoteHello | undefined {
    return this.#remote
  }

  /** Names of the remote's hello, unknown ones included; empty before it. */
  get remoteFeatures(): ReadonlySet<string> {
    return this.#remote?.features ?? NO_FEATURES
  }

  /** Whether both ends named the feature; once their hello has come, that does not change. */
  has(feature: Feature): boolean {
    return this.#features.includes(feature) && this.#remote?.features.has(feature) === true
  }

  get served(): ServedProtocols {
    return this.#served
  }

  /** Whether our hello waits for `locate`. */
  get isHolding(): boolean {
    return this.#isHolding
  }

  serve(served: ServedProtocols): void {
    this.#served = served
    this.#servedChanged = true
  }

  /** Whether our end of the path is at a TURN server; undefined where it cannot be known now. Each change is sent. */
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

  /** What is said at the end, once their confirmation has come; `sent`: frames on each lane in all. */
  leave({ code, reason }: Goodbye, sent: LaneCounts): void {
    if (this.#state.phase === 'confirming' || this.#state.phase === 'left') return
    this.#goaway = this.has('counted-goodbye') ? { code, reason, sent } : { code, reason }
  }

  // ── paths ──

  /** The path is gone. What was owed on it alone is dropped: acknowledgements, and descriptions of its media. */
  detach(): void {
    this.#state = { phase: 'detached' }
    this.#acks.clear()
    this.#resumesOwed.length = 0
    this.#goOn()
    const opaque = new Fifo<Extract<ControlMessage, { type: 'opaque' }>>()
    for (let next = this.#opaque.shift(); next !== undefined; next = this.#opaque.shift()) {
      if (next.number !== SDP) opaque.push(next)
    }
    this.#opaque = opaque
  }

  /** Goes on over another path: with confirmation and hello as on the first, and then with what was received so far. */
  attach(path: Path, received: LaneCounts): void {
    this.#path = path
    this.#state = { phase: 'confirming' }
    this.#helloSent = false
    this.#isAtTurn = undefined
    this.#isHolding = this.#config.awaitsPath ?? false
    this.#resumes = received
    this.#resumesOwed.push(2, 3)
  }

  /** Throws 'timeout' when they have not said who they are in time. */
  tick(now: Millis): void {
    if (this.#state.phase === 'detached') return
    this.#path.confirmation.tick(now)
    if (this.#holdUntil !== undefined && now >= this.#holdUntil) this.#goOn()
    this.#path.roundTrip.tick(now)
  }

  deadline(): Millis | undefined {
    if (this.#state.phase === 'detached') return undefined
    const dueAt = this.#path.confirmation.dueAt ?? this.#path.roundTrip.deadline
    return this.#holdUntil === undefined || (dueAt !== undefined && dueAt < this.#holdUntil) ? dueAt : this.#holdUntil
  }

  /** Throws 'peer-violation' for whatever is malformed or out of turn. */
  receive(bytes: Bytes, now: Millis): ControlEvent | undefined {
    const message = decodeControl(bytes)
    switch (this.#state.phase) {
      case 'confirming':
        this.#path.confirmation.verify(message.type === 'confirm' ? message.hmac : undefined)
        this.#state = { phase: 'greeting' }
        if (this.#isHolding) this.#holdUntil = now + HELLO_HOLD_MS
        return undefined
      case 'greeting':
        if (message.type !== 'hello') throw violation(`${message.type} before hello`)
        this.#greeted(message)
        if (this.#resumes === undefined) return this.#open(now)
        this.#state = { phase: 'resuming', counts: {} }
        return undefined
      case 'resuming': {
        if (message.type !== 'resume') throw violation(`${message.type} before resume`)
        const lane = message.lane === 2 ? 'urgent' : 'bulk'
        const counts = { ...this.#state.counts, [lane]: message.received }
        this.#state = { phase: 'resuming', counts }
        const { urgent, bulk } = counts
        return urgent === undefined || bulk === undefined ? undefined : this.#open(now, { urgent, bulk })
      }
      case 'open':
        return this.#receiveOpen(message, now)
      case 'detached':
      case 'left':
        return undefined
    }
  }

  /** The next message for the control lane. */
  pull(now: Millis): Bytes | undefined {
    const message = this.#next(now)
    return message === undefined ? undefined : encodeControl(message)
  }

  #greeted(hello: Extract<ControlMessage, { type: 'hello' }>): void {
    const { instance, served, limits } = hello
    const features = new Set(hello.features)
    const isAtTurn = this.#features.includes('path') ? hello.isAtTurn : undefined
    const before = this.#remote
    if (this.#resumes !== undefined && !(this.#features.includes('resume') && features.has('resume'))) {
      throw violation('another path without the feature')
    }
    if (before !== undefined) {
      const isSame = equal(before.instance, instance) && features.size === before.features.size
      if (!isSame || hello.features.some((name) => !before.features.has(name))) throw violation('another hello than before')
      this.#remote = { ...before, served, isAtTurn }
    } else {
      this.#remote = { instance, served, limits, features, isAtTurn }
    }
  }

  #open(now: Millis, received?: LaneCounts): ControlEvent {
    this.#state = { phase: 'open' }
    this.#path.confirmation.done()
    this.#path.roundTrip.start(now)
    return received === undefined ? { type: 'open' } : { type: 'open', received }
  }

  #receiveOpen(message: ControlMessage, now: Millis): ControlEvent | undefined {
    const remote = this.#remote
    if (remote === undefined) return undefined
    const { roundTrip } = this.#path
    switch (message.type) {
      case 'protocols':
        this.#remote = { ...remote, served: message.served }
        return { type: 'protocols' }
      case 'ack':
        return { type: 'ack', lane: message.lane, count: message.count }
      case 'ping':
        roundTrip.onPing(message.token)
        return { type: 'alive' }
      case 'pong': {
        const roundTripMs = roundTrip.onPong(message.token, now)
        return roundTripMs === undefined ? { type: 'alive' } : { type: 'alive', roundTripMs }
      }
      case 'goaway':
        return message
      case 'path':
        if (!this.has('path')) throw violation('path without the feature')
        if (message.isAtTurn === remote.isAtTurn) return undefined
        this.#remote = { ...remote, isAtTurn: message.isAtTurn }
        return { type: 'path' }
      case 'opaque':
        if (message.number === 11 && !this.has('retire')) throw violation('retire without the feature')
        if (message.number === 12 && !this.has('relays')) throw violation('relays without the feature')
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
    if (this.#state.phase === 'left' || this.#state.phase === 'detached') return undefined
    const ours = this.#path.confirmation.take()
    if (ours !== undefined) return { type: 'confirm', hmac: ours }
    if (this.#state.phase === 'confirming') return undefined
    if (!this.#helloSent) {
      // A goodbye is not held up.
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
    const lane = this.#resumesOwed.shift()
    if (lane !== undefined && this.#resumes !== undefined) {
      return { type: 'resume', lane, received: lane === 2 ? this.#resumes.urgent : this.#resumes.bulk }
    }
    for (const [lane, count] of this.#acks) {
      this.#acks.delete(lane)
      return { type: 'ack', lane, count }
    }
    const pong = this.#path.roundTrip.takePong()
    if (pong !== undefined) return { type: 'pong', token: pong }
    if (this.#servedChanged) {
      this.#servedChanged = false
      return { type: 'protocols', served: this.#served }
    }
    if (this.#isAtTurn !== undefined && this.#isAtTurn !== this.#toldAtTurn && this.has('path')) {
      this.#toldAtTurn = this.#isAtTurn
      return { type: 'path', isAtTurn: this.#isAtTurn }
    }
    const ping = this.#path.roundTrip.takePing(now)
    if (ping !== undefined) return { type: 'ping', token: ping }
    const opaque = this.#opaque.shift()
    if (opaque !== undefined) return opaque
    if (this.#goaway !== undefined) {
      this.#state = { phase: 'left' }
      return { type: 'goaway', ...this.#goaway }
    }
    return undefined
  }
}
