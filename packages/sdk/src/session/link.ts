/**
 * Drives one session over the four lanes of a path: messages in, frames out for as long as a lane's buffer is low, one timer. What
 * the machine tells becomes promises, WHATWG streams and calls.
 */

import {
  type Bytes,
  CONTROL_EARLY_MAX,
  type Feature,
  Fields,
  GOODBYE_IDLE_MS,
  GOODBYE_MAX_MS,
  isProtocolName,
  KithError,
  type LaneName,
  type Millis,
  type MuxStream,
  type OpaqueType,
  type Packable,
  PROTOCOLS_MAX,
  type ProtocolName,
  pack,
  REJECT_CODES,
  remoteEnd,
  type ServedProtocols,
  Session,
  type SessionOutput,
  unpack,
  violation,
} from '@kith/protocol'
import type { Stop } from '../api.ts'
import type { Lane, Lanes } from '../path/lane.ts'
import { Cork } from '../runtime/cork.ts'
import { makeStop, report, tellConsole } from '../runtime/events.ts'
import { nextTask } from '../runtime/slices.ts'
import { timerMs } from '../runtime/timer-ms.ts'
import type { StreamHost } from './host.ts'
import type { LinkCloseOptions, LinkOpenOptions, LinkOptions, LinkStats, StreamHandler } from './options.ts'
import { LinkStream } from './stream.ts'

export type { LinkOpenOptions, LinkOptions, LinkStats } from './options.ts'
export { LinkStream } from './stream.ts'

/** Bytes in a lane's buffer above which nothing more is given to it, and at which it asks for more: the least that loses no
 *  throughput (128 and 64 KiB lose a twentieth), since all that is in it goes before what is urgent. From 512 KiB up Chromium's
 *  throughput is bimodal: the rest of the queue (SCTP, IPC, socket) stalls. */
const BUFFER_HIGH_BYTES = 192 * 1024
const BUFFER_LOW_BYTES = 96 * 1024

/** As above, of the lane for datagrams: what is in it grows old and cannot be taken back, and what is urgent waits behind it. Of a path that
 *  takes 35 thousand a second 32, 96 and 192 KiB used 15, 20 and 21. */
const DATAGRAMS_HIGH_BYTES = 96 * 1024
const DATAGRAMS_LOW_BYTES = 48 * 1024

/** What the machine tells that is acted on in one task: a remote may send thousands of frames in a message, and each may cost a handler's
 *  work. A stream that was opened counts as many. With handlers of 0.2 ms a task takes 7 ms. Beyond: in the next task. */
const TELLS_PER_TASK = 256
const INCOMING_TELLS = 8

/** What is not told any more once this side has closed: nothing new begins, and no handler is called. */
const BEGINNINGS: ReadonlySet<SessionOutput['type']> = new Set(['incoming', 'answered', 'protocols', 'opaque'])

/** The machine only compares instants, so any clock that never goes back will do. */
const now = () => performance.now()

/** In this order they are filled: what streams send may take acknowledgements along that else are messages of the control lane. */
const LANE_NAMES = ['urgent', 'bulk', 'datagrams', 'control'] as const satisfies readonly (LaneName | 'datagrams')[]
type AnyLane = (typeof LANE_NAMES)[number]

export class Link {
  /** Both ends have confirmed and said hello. Rejects when the link ends before. */
  readonly ready: Promise<{ instance: Bytes; protocols: ReadonlySet<ProtocolName> }>
  /** Fulfils after a goodbye of either side, rejects otherwise; never an unhandled rejection. */
  readonly closed: Promise<{ code: number; reason: string }>

  readonly #lanes: Lanes
  readonly #session: Session
  readonly #onIncoming: LinkOptions['onIncoming']
  readonly #streams = new Map<MuxStream, LinkStream>()
  /** Opened for what the remote may serve: its answer is awaited. */
  readonly #asking = new Map<MuxStream, { resolve: (stream: LinkStream) => void; reject: (error: KithError) => void }>()
  readonly #host: StreamHost
  readonly #protocolListeners = new Set<(protocols: ReadonlySet<ProtocolName>) => void>()
  readonly #controlListeners = new Set<(type: OpaqueType, fields: Fields) => void>()
  /** Control messages that came before anyone listened; undefined: they have been handed over. */
  #early: { readonly type: OpaqueType; readonly message: Bytes }[] | undefined = []
  readonly #pathListeners = new Set<() => void>()
  readonly #lifeListeners = new Set<() => void>()
  readonly #leavingListeners = new Set<() => void>()
  #isLeaving = false
  #heardAt = 0
  #remoteProtocols: ReadonlySet<ProtocolName> = new Set()
  #isDraining = false
  #tellsLeft = TELLS_PER_TASK
  /** What is to be told waits for the next task. */
  #isPaused = false
  /** Whoever has just been told could answer, whoever has opened or closed could go on: what they say shares a message with that, and
   *  with what we owe. */
  readonly #cork = new Cork(() => {
    // In a pause not all writers have been told.
    if (!this.#isPaused) this.#session.release()
    this.#drain()
  })
  #timer: ReturnType<typeof setTimeout> | undefined
  #armedFor: number | undefined
  /** Why streams end that are opened from now on. */
  #ended: KithError | undefined
  /** This side closes: fulfils when our goodbye has left, or something else ended the link before. */
  #said: Promise<void> | undefined
  #goodbyeSaid = (): void => undefined
  /** The machine has ended: nothing leaves any more. */
  #isOver = false
  /** The other side has answered our goodbye, or was waited for long enough. */
  #heard: Promise<void> | undefined
  /** Something of the remote's came while its answer to our goodbye is awaited. */
  #answerGoesOn = (): void => undefined
  #settleReady!: {
    resolve: (value: { instance: Bytes; protocols: ReadonlySet<ProtocolName> }) => void
    reject: (e: KithError) => void
  }
  #settleClosed!: { resolve: (value: { code: number; reason: string }) => void; reject: (error: KithError) => void }

  /** Throws 'invalid-argument' for more than PROTOCOLS_MAX protocols. */
  constructor(options: LinkOptions) {
    const { lanes, role, confirmation, instance, maxMessageSize } = options
    this.#lanes = lanes
    this.#onIncoming = options.onIncoming
    this.#session = new Session({
      role,
      confirmation,
      instance,
      maxMessageSize,
      served: served(options.protocols),
      ...(options.features && { features: options.features }),
      awaitsPath: options.awaitsPath ?? false,
    })
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.closed = new Promise((resolve, reject) => {
      this.#settleClosed = { resolve, reject }
    })
    // Whoever cares awaits them; to the others they are no failure.
    this.ready.catch(() => undefined)
    this.closed.catch(() => undefined)
    this.#host = {
      session: this.#session,
      now,
      flush: () => this.#drain(),
      flushSoon: () => this.#cork.hold(),
      flushDatagrams: (at) => {
        this.#fillLane('datagrams', at)
        this.#tell()
      },
      forget: (stream) => this.#streams.delete(stream),
    }
    for (const name of LANE_NAMES) this.#attach(name, lanes[name])
    if (lanes.control.readyState === 'open') this.#give({ type: 'started' })
    this.#drain()
  }

  /** What the remote serves to us now. */
  get remoteProtocols(): ReadonlySet<ProtocolName> {
    return this.#remoteProtocols
  }

  /** Whether both ends have a feature of the wire; false before `ready`. */
  has(feature: Feature): boolean {
    return this.#session.has(feature)
  }

  get roundTripMs(): number | undefined {
    return this.#session.roundTripMs
  }

  /** Whether the remote's end of the path is at a TURN server. Undefined: it does not say, or not yet. */
  get remoteIsAtTurn(): boolean | undefined {
    return this.#session.remoteIsAtTurn
  }

  /** Whether ours is, at first and at each change, for the remote to know; undefined where that cannot be known now. */
  locate(isAtTurn: boolean | undefined): void {
    this.#give({ type: 'path', isAtTurn })
    this.#pathMoved()
  }

  /** Calls back when either end has said where it is. */
  onPath(listener: () => void): Stop {
    this.#pathListeners.add(listener)
    return makeStop(() => this.#pathListeners.delete(listener))
  }

  get stats(): LinkStats {
    return { streams: this.#session.streams, datagrams: this.#session.datagrams }
  }

  /** Calls back whenever the remote changes what it serves. */
  onProtocols(listener: (protocols: ReadonlySet<ProtocolName>) => void): Stop {
    this.#protocolListeners.add(listener)
    return makeStop(() => this.#protocolListeners.delete(listener))
  }

  /** From now on we serve these. Throws 'invalid-argument' for more than PROTOCOLS_MAX. */
  setProtocols(protocols: readonly ProtocolName[]): void {
    this.#give({ type: 'serve', served: served(protocols) })
  }

  /**
   * Opens a stream for the first of `protocols` that the remote serves. On a ready link this takes no round trip: should the
   * remote say no, both halves reject with 'unsupported-protocol', 'too-many' or 'refused'. Only where the remote has not said that
   * it serves any of them, this waits for its answer, since what it last said may be late.
   * Rejects with these, with 'invalid-protocol', 'invalid-argument', 'too-large' (params), 'aborted', 'timeout', or with what ended the
   * link.
   */
  async open(protocols: ProtocolName | readonly ProtocolName[], options: LinkOpenOptions = {}): Promise<LinkStream> {
    const { kind = 'stream', params, priority = 0, scope = 0, signal, timeoutMs } = options
    const until = timeoutMs === undefined ? undefined : now() + timeoutMs
    const list = typeof protocols === 'string' ? [protocols] : protocols
    for (const name of list) {
      if (!isProtocolName(name)) throw new KithError('invalid-protocol', `not a protocol name: ${String(name)}`)
    }
    if (list.length === 0) throw new KithError('invalid-argument', 'a stream needs a protocol')
    await untilGivenUp(this.ready, signal, until)
    if (this.#ended !== undefined) throw this.#ended
    const muxStream = this.#session.open({ kind, protocols: list, params, priority, scope })
    if (muxStream.isAsking) return this.#ask(muxStream, signal, until)
    const stream = this.#adopt(muxStream)
    this.#cork.hold() // what the opener writes at once travels in the OPEN
    return stream
  }

  /**
   * Says goodbye behind all that was written, and closes the lanes. Streams end with 'closed' at once; the promises, when the other
   * side has all of it and has closed too, or a second after anything has moved: until then whoever tears the path down would
   * tear the goodbye with it. `atOnce`, as when the page goes: what the lanes take leaves before this returns, and the goodbye with it.
   */
  async close({ code = 0, reason = '', atOnce = false }: LinkCloseOptions = {}): Promise<void> {
    if (!Number.isSafeInteger(code) || code < 0) throw new KithError('invalid-argument', 'a code is a whole number from 0')
    this.#said ??= new Promise<void>((resolve) => {
      this.#goodbyeSaid = resolve
    })
    // What has happened by now counts: the remote may have all of a stream. Behind `#end` it would come too late.
    this.#tellsLeft = Number.POSITIVE_INFINITY
    this.#tell()
    this.#give({ type: 'close', code, reason, atOnce })
    const { goodbye } = this.#session
    this.#end({ type: 'closed', by: 'local', ...goodbye })
    // It may have ended otherwise before.
    if (!this.#isOver) await within(GOODBYE_MAX_MS, this.#said)
    if (this.#isOver) {
      this.#heard ??= this.#goodbyeHeard()
      await this.#heard
    } else {
      this.fail(new KithError('lost', 'the goodbye could not leave', { source: 'network' }))
    }
    this.#closeLanes()
    this.#settleClosed.resolve(goodbye)
  }

  /** The path is gone for good: every pending read and write rejects with `error`. */
  fail(error: KithError): void {
    this.#give({ type: 'fail', error })
  }

  /** Nothing is open on it, and the remote has all that was sent. */
  get isIdle(): boolean {
    return this.#session.streams === 0 && this.#session.unacknowledgedBytes === 0
  }

  /** When a message of the remote's came last, but for datagrams; by `performance.now()`. 0: none has. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** The remote has said goodbye, and the last that it sent is awaited: what comes can be read, and nothing new begins. */
  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** Calls back when `isLeaving` becomes true. */
  onLeaving(listener: () => void): Stop {
    this.#leavingListeners.add(listener)
    return makeStop(() => this.#leavingListeners.delete(listener))
  }

  /** Calls back at every message of the remote's. */
  onHeard(listener: () => void): Stop {
    this.#lifeListeners.add(listener)
    return makeStop(() => this.#lifeListeners.delete(listener))
  }

  /** Asks the remote for a sign of life. */
  ping(): void {
    this.#give({ type: 'ping' })
  }

  /** For parts of the control lane that are not the link's: SDP for media (4), mentions (10), that another connection is in use (11), and
   *  relays (12). */
  sendControl(type: OpaqueType, fields: readonly Packable[]): void {
    this.#give({ type: 'opaque', number: type, message: pack([type, ...fields]) })
  }

  /**
   * Gets the fields behind the type; what it throws as 'peer-violation' fails the link. What came before the first listener is handed
   * over in a microtask, to all that listen by then.
   */
  onControl(listener: (type: OpaqueType, fields: Fields) => void): Stop {
    this.#controlListeners.add(listener)
    if (this.#early && this.#controlListeners.size === 1) queueMicrotask(() => this.#tellEarly())
    return makeStop(() => this.#controlListeners.delete(listener))
  }

  // ── the loop ──

  #attach(name: AnyLane, lane: Lane): void {
    lane.bufferedAmountLowThreshold = name === 'datagrams' ? DATAGRAMS_LOW_BYTES : BUFFER_LOW_BYTES
    lane.addEventListener('message', ({ data }) => this.#receive(name, data))
    lane.addEventListener('bufferedamountlow', () => this.#drain())
    lane.addEventListener('open', () => (name === 'control' ? this.#give({ type: 'started' }) : this.#drain()))
    lane.addEventListener('close', () => this.fail(new KithError('lost', `the ${name} lane closed`, { source: 'network' })))
  }

  #receive(lane: AnyLane, data: unknown): void {
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : undefined
    if (bytes === undefined) {
      this.fail(violation('a message that is not binary'))
      return
    }
    if (!this.#isPaused) this.#tellsLeft = TELLS_PER_TASK
    for (const listener of this.#lifeListeners) listener()
    if (lane === 'datagrams') {
      this.#session.receiveDatagram(bytes, now)
      this.#tell()
      // It is owed nothing, but may have to wait for its flow.
      this.#arm()
      return
    }
    this.#heardAt = now()
    this.#answerGoesOn()
    this.#session.handle({ type: 'message', lane, bytes }, this.#heardAt)
    this.#tell()
    this.#cork.hold()
  }

  #give(input: Parameters<Session['handle']>[0]): void {
    this.#session.handle(input, now())
    this.#drain()
  }

  /** Tells what happened and sends what the lanes have room for, until nothing new has come of that. */
  #drain(): void {
    // Telling may call back in here; what comes of that is sent below.
    if (this.#isDraining) return
    this.#isDraining = true
    this.#cork.drop()
    try {
      this.#tell()
      do this.#fillLanes()
      while (this.#tell())
    } finally {
      this.#isDraining = false
    }
    // A writer that awaits its writes goes on some microtasks after it was told: until then lower priorities wait.
    // Some are told only in the next task: its `drain` comes by here again.
    if (this.#session.isHolding && !this.#isPaused) this.#cork.hold()
    this.#arm()
  }

  #tell(): boolean {
    let isNews = false
    while (this.#tellsLeft > 0) {
      const output = this.#session.poll()
      if (output === undefined) return isNews
      isNews = true
      this.#tellsLeft -= output.type === 'incoming' ? INCOMING_TELLS : 1
      this.#act(output)
    }
    if (!this.#isPaused) {
      this.#isPaused = true
      void nextTask().then(() => {
        this.#isPaused = false
        this.#tellsLeft = TELLS_PER_TASK
        this.#drain()
      })
    }
    return isNews
  }

  #fillLanes(): void {
    const at = now()
    for (const name of LANE_NAMES) this.#fillLane(name, at)
  }

  #fillLane(name: AnyLane, at: Millis): void {
    const lane = this.#lanes[name]
    const highBytes = name === 'datagrams' ? DATAGRAMS_HIGH_BYTES : BUFFER_HIGH_BYTES
    while (lane.readyState === 'open' && lane.bufferedAmount < highBytes) {
      const message = this.#session.pull(name, at)
      if (message === undefined) break
      try {
        lane.send(message)
      } catch (cause) {
        const error = new KithError('lost', 'the lane took no more', { source: 'network', cause })
        this.#session.handle({ type: 'fail', error }, at)
      }
    }
  }

  #arm(): void {
    const deadline = this.#session.deadline()
    // Nearly every message comes by here. A tick too early is harmless and sets the timer anew; only one too late would matter.
    if (deadline === undefined || (this.#armedFor !== undefined && this.#armedFor <= deadline)) return
    clearTimeout(this.#timer)
    this.#armedFor = deadline
    this.#timer = setTimeout(
      () => {
        this.#armedFor = undefined
        this.#give({ type: 'tick' })
      },
      Math.max(0, Math.ceil(deadline - now())),
    )
  }

  #act(output: SessionOutput): void {
    if (this.#said !== undefined && BEGINNINGS.has(output.type)) return
    switch (output.type) {
      case 'ready':
        this.#remoteProtocols = new Set(this.#session.remoteProtocols())
        this.#settleReady.resolve({ instance: output.instance, protocols: this.#remoteProtocols })
        return
      case 'protocols':
        this.#remoteProtocols = new Set(this.#session.remoteProtocols())
        for (const listener of this.#protocolListeners) guarded(() => listener(this.#remoteProtocols))
        return
      case 'path':
        this.#pathMoved()
        return
      case 'incoming':
        this.#incoming(output.stream)
        return
      case 'answered':
        this.#asking.get(output.stream)?.resolve(this.#adopt(output.stream))
        return
      case 'readable':
        this.#streams.get(output.stream)?.readableNow()
        return
      case 'writable':
        this.#streams.get(output.stream)?.writableNow()
        return
      case 'flow':
        this.#streams.get(output.stream)?.flowNow()
        return
      case 'finished':
        this.#streams.get(output.stream)?.finished()
        return
      case 'rejected':
        this.#asking.get(output.stream)?.reject(rejection(output.code, this.#session.busiest))
        this.#streams.get(output.stream)?.fail(rejection(output.code, this.#session.busiest))
        return
      case 'reset':
        this.#streams.get(output.stream)?.fail(remoteReset(output.code))
        return
      case 'aborted':
        this.#streams.get(output.stream)?.aborted(remoteReset(output.code))
        return
      case 'stopped':
        this.#streams.get(output.stream)?.stopped(remoteReset(output.code))
        return
      case 'opaque':
        this.#opaque(output.number, output.message)
        return
      case 'leaving':
        this.#isLeaving = true
        for (const listener of this.#leavingListeners) guarded(listener)
        return
      case 'closed':
      case 'failed':
        this.#isOver = true
        clearTimeout(this.#timer)
        this.#goodbyeSaid()
        this.#end(output)
        if (output.type === 'failed' || output.by === 'remote') this.#closeLanes()
    }
  }

  #pathMoved(): void {
    for (const listener of this.#pathListeners) guarded(listener)
  }

  #incoming(muxStream: MuxStream): void {
    const { kind, params, priority, scope, header } = muxStream
    let handler: StreamHandler | undefined
    // One name may be served for another kind of conversation, and the next for this one.
    for (const protocol of this.#session.choices(muxStream)) {
      guarded(() => {
        handler = this.#onIncoming({ kind, protocols: header.protocols, protocol, params, priority, scope })
      })
      if (handler === undefined) continue
      this.#session.accept(muxStream, protocol)
      break
    }
    if (handler === undefined) {
      this.#session.reject(muxStream, REJECT_CODES.unsupported)
      return
    }
    const stream = this.#adopt(muxStream)
    const serve = handler
    // Not before those who wait for `ready` have been told: they made the connection that the handler wants to see.
    void this.ready
      .then(() => (this.#said === undefined ? serve(stream) : undefined))
      .catch((error: unknown) => {
        // That the conversation is over is what the handler was told, not what went wrong in it.
        const isOver = stream.endedWith(error)
        // A flow has ended with that, in order or not; of a stream the other half may still be open.
        if (!isOver || kind !== 'datagrams') stream.reset()
        if (!isOver) tellConsole(error)
      })
  }

  async #ask(muxStream: MuxStream, signal: AbortSignal | undefined, until: Millis | undefined): Promise<LinkStream> {
    const answer = new Promise<LinkStream>((resolve, reject) => this.#asking.set(muxStream, { resolve, reject }))
    this.#drain()
    try {
      return await untilGivenUp(answer, signal, until)
    } catch (error) {
      // Given up: the remote may let go of it. Where it has ended otherwise, this changes nothing.
      this.#session.reset(muxStream, 0)
      this.#streams.delete(muxStream)
      this.#drain()
      throw error
    } finally {
      this.#asking.delete(muxStream)
    }
  }

  #tellEarly(): void {
    // All that listened have stopped again.
    if (this.#controlListeners.size === 0) return
    const early = this.#early ?? []
    this.#early = undefined
    for (const { type, message } of early) if (this.#ended === undefined) this.#opaque(type, message)
  }

  #opaque(type: OpaqueType, message: Bytes): void {
    if (this.#early) {
      this.#early.push({ type, message })
      if (this.#early.length > CONTROL_EARLY_MAX)
        this.fail(violation('too many control messages before the connection is in use'))
      return
    }
    try {
      for (const listener of this.#controlListeners) {
        const fields = new Fields(unpack(message))
        fields.integer()
        listener(type, fields)
      }
    } catch (error) {
      if (error instanceof KithError && error.code === 'peer-violation') this.fail(error)
      else report(error)
    }
  }

  #adopt(muxStream: MuxStream): LinkStream {
    const stream = new LinkStream(this.#host, muxStream)
    this.#streams.set(muxStream, stream)
    return stream
  }

  // ── ends ──

  #end(output: Extract<SessionOutput, { type: 'closed' | 'failed' }>): void {
    if (this.#ended !== undefined) return
    if (this.#early) this.#early = []
    if (output.type === 'closed') {
      const { by, code, reason } = output
      this.#ended = new KithError('closed', reason || 'the connection was closed', { source: by })
      // Our own goodbye may still be in the lane's buffer: `close` waits for it.
      if (by === 'remote') this.#settleClosed.resolve({ code, reason })
    } else {
      this.#ended = output.error
      this.#settleClosed.reject(output.error)
    }
    this.#settleReady.reject(this.#ended)
    for (const { reject } of this.#asking.values()) reject(this.#ended)
    // A local close discards unread data. After a remote or network end it stays readable.
    const isLeft = output.type === 'closed' ? output.by === 'remote' : output.error.code === 'lost'
    for (const stream of [...this.#streams.values()]) isLeft ? stream.left(this.#ended) : stream.fail(this.#ended)
  }

  #closeLanes(): void {
    for (const lane of Object.values(this.#lanes) as Lane[]) lane.close()
  }

  /** The other side answers a goodbye by closing its lanes, once all has arrived. While it does, it acknowledges. */
  #goodbyeHeard(): Promise<void> {
    const { control } = this.#lanes
    return new Promise((resolve) => {
      const until = now() + GOODBYE_MAX_MS
      let timer: ReturnType<typeof setTimeout> | undefined
      this.#answerGoesOn = () => {
        clearTimeout(timer)
        timer = setTimeout(resolve, Math.min(GOODBYE_IDLE_MS, until - now()))
      }
      this.#answerGoesOn()
      const done = () => {
        this.#answerGoesOn = () => undefined
        clearTimeout(timer)
        resolve()
      }
      if (control.readyState !== 'open') done()
      else control.addEventListener('close', done)
    })
  }
}

function served(protocols: readonly ProtocolName[]): ServedProtocols {
  if (protocols.length > PROTOCOLS_MAX)
    throw new KithError('invalid-argument', `at most ${PROTOCOLS_MAX} protocols can be served`)
  return [[0, protocols]]
}

function rejection(code: number, busiest: string): KithError {
  switch (code) {
    case REJECT_CODES.unsupported:
      return new KithError('unsupported-protocol', 'the remote does not serve this protocol', { source: 'remote' })
    case REJECT_CODES.tooMany:
      return new KithError('too-many', `the remote has too many streams open${busiest}`, { source: 'remote' })
    default:
      return new KithError('refused', 'the remote refused the stream', { source: 'remote' })
  }
}

/** Resolves with `promise`, or after so long. */
function within(ms: Millis, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    void promise.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function remoteReset(streamCode: number): KithError {
  return new KithError('reset', remoteEnd(streamCode), { source: 'remote', streamCode })
}

function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    report(error)
  }
}

/** `promise`, unless the signal is aborted first, with its reason as cause of 'aborted', or the time comes: then 'timeout'. */
async function untilGivenUp<T>(promise: Promise<T>, signal: AbortSignal | undefined, until: Millis | undefined): Promise<T> {
  if (signal === undefined && until === undefined) return promise
  const aborted = () => new KithError('aborted', 'The signal was aborted before the stream was open.', { cause: signal?.reason })
  if (signal?.aborted) throw aborted()
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(aborted())
    const late = () => reject(new KithError('timeout', 'The remote did not answer in time: raise timeoutMs, or try again.'))
    const timer = until === undefined ? undefined : setTimeout(late, timerMs(until - now()))
    signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
  })
}
