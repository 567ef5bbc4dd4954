/** One end of a simulated link: a session, its driver in virtual time, and an application that keeps account of what reaches it. */
import {
  type Bytes,
  type MuxStream,
  type OpenRequest,
  type ProtocolName,
  REJECT_CODES,
  type Session,
  type SessionConfig,
  type SessionOutput,
} from '@kith/protocol'
import type { VirtualClock } from '../../test-kit/src/clock.ts'
import { AppStream, type StreamPlan } from './app-stream.ts'
import { content, datagram, isContent, readDatagram } from './content.ts'
import { LaneFeeder } from './lane-feeder.ts'
import type { Arrival, PathLane, Way } from './path.ts'

export interface EndpointConfig {
  readonly name: 'dialler' | 'callee'
  readonly clock: VirtualClock
  readonly served: readonly ProtocolName[]
  /** Bytes in a lane's buffer from which on it is given no more, where the machine allows more; at half of it, it asks. */
  readonly bufferBytes: number
  readonly maxMessageSize: number
  readonly confirmation: { readonly ours: Bytes; readonly theirs: Bytes }
  /** Whether paths are attached after the first. */
  readonly resumes: boolean
  readonly createSession: (config: SessionConfig) => Session
  /** A rule was broken. */
  readonly violated: (what: string) => void
  /** A message is about to leave, is about to be taken in. */
  readonly sending: (lane: PathLane, message: Bytes) => void
  readonly receiving: (arrival: Arrival) => void
  /** Bytes that came for a stream and were not read. */
  readonly unreadBytesOf: (stream: AppStream) => number
  /** The machine says that the remote has all that was written. */
  readonly finished: (stream: AppStream) => void
}

/** What ends a stream or one of its halves. */
const ENDINGS: ReadonlySet<string> = new Set(['finished', 'rejected', 'reset', 'aborted', 'stopped'])

export class Endpoint {
  readonly session: Session
  readonly streams: AppStream[] = []
  readonly byKey = new Map<number, AppStream>()
  isReady = false
  /** It has said goodbye, and has yet to hear the other's. */
  isLeaving = false
  /** How the link ended. */
  end: Extract<SessionOutput, { type: 'closed' | 'failed' }> | undefined
  readonly #config: EndpointConfig
  readonly #byMux = new Map<MuxStream, AppStream>()
  readonly #told = new Set<number>()
  readonly #asked = new Set<AppStream>()
  readonly #refused = new Set<MuxStream>()
  #live: AppStream[] = []
  readonly #lanes: LaneFeeder
  /** Bytes of streams that were open when the remote left, and that cannot be read. */
  leftUnread = 0
  #isDraining = false
  #armedFor = Number.POSITIVE_INFINITY
  #cancelTimer: (() => void) | undefined

  constructor(config: EndpointConfig) {
    this.#config = config
    this.#lanes = new LaneFeeder(config)
    this.session = config.createSession({
      role: config.name === 'dialler' ? 0 : 1,
      confirmation: config.confirmation,
      instance: new Uint8Array(16),
      served: [[0, config.served]],
      maxMessageSize: config.maxMessageSize,
      resumes: config.resumes,
    })
  }

  start(out: Way): void {
    this.#lanes.attach(out)
    this.give({ type: 'started' })
  }

  /** The path is found to be gone. */
  detach(): void {
    this.#lanes.detach()
    this.give({ type: 'detach' })
  }

  /** Another path, with its own confirmation. */
  attach(out: Way, confirmation: EndpointConfig['confirmation']): void {
    this.give({ type: 'attach', path: { confirmation, maxMessageSize: this.#config.maxMessageSize } })
    this.start(out)
  }

  arrive(arrival: Arrival): void {
    this.#config.receiving(arrival)
    this.give({ type: 'message', ...arrival })
  }

  give(input: Parameters<Session['handle']>[0]): void {
    if (input.type === 'close') this.isLeaving = true
    this.session.handle(input, this.#config.clock.now)
    this.drain()
  }

  /** Whether the remote's stream with this id came in. */
  isTold(id: number): boolean {
    return this.#told.has(id)
  }

  /** Streams of which something may still come. */
  get live(): readonly AppStream[] {
    let dead = 0
    for (const stream of this.#live) if (!stream.isLive) dead += 1
    if (dead * 2 > this.#live.length) this.#live = this.#live.filter(({ isLive }) => isLive)
    return this.#live
  }

  // ── what the application does ──

  /** Undefined where the link is not open, or the remote serves none of the protocols as far as is known and cannot be asked. */
  open(plan: StreamPlan, request: Pick<OpenRequest, 'protocols' | 'priority' | 'kind'>): AppStream | undefined {
    if (!this.isReady || this.end !== undefined) return undefined
    const served = this.session.remoteProtocols()
    if (!request.protocols.some((name) => served.includes(name)) && !this.session.has('ask')) return undefined
    const stream = this.#adopt(plan, this.session.open({ ...request, params: plan }), 0)
    if (stream.mux.isAsking) this.#asked.add(stream)
    this.drain()
    return stream
  }

  write(stream: AppStream, bytes: number): void {
    if (stream.sending !== 'open' || this.end !== undefined) return
    stream.wanted += bytes
    this.#pump(stream)
    this.drain()
  }

  finish(stream: AppStream): void {
    if (stream.sending !== 'open' || this.end !== undefined) return
    this.#finishing(stream)
    if (stream.written === stream.wanted) this.session.finish(stream.mux)
    this.drain()
  }

  /** What was not written yet never will be. */
  cutWrites(stream: AppStream): void {
    stream.wanted = stream.written
  }

  reset(stream: AppStream): void {
    if (this.end !== undefined) return
    this.session.reset(stream.mux, stream.key)
    this.#fail(stream)
    this.drain()
  }

  abort(stream: AppStream): void {
    if ((stream.sending !== 'open' && stream.sending !== 'finishing') || stream.isFlow || this.end !== undefined) return
    this.session.abort(stream.mux, stream.key)
    stream.sending = 'failed'
    this.drain()
  }

  stop(stream: AppStream): void {
    if (stream.reading !== 'open' || this.end !== undefined) return
    this.session.stop(stream.mux, stream.key)
    stream.reading = 'failed'
    this.drain()
  }

  pause(stream: AppStream, isPaused: boolean): void {
    stream.isPaused = isPaused
    this.#read(stream)
    this.drain()
  }

  sendDatagram(stream: AppStream, bytes: number): void {
    const { clock } = this.#config
    if (!stream.isFlow || stream.sending !== 'open' || this.end !== undefined || stream.mux.isAsking) return
    // A flow ends as a whole: of the remote's end we may not have been told yet.
    if (stream.reading !== 'open' || stream.mux.receive.ended) return
    this.session.sendDatagram(stream.mux, datagram(stream.key, stream.writes, stream.datagramsSent, clock.now, bytes), clock.now)
    stream.datagramsSent += 1
    this.drain()
  }

  // ── the driver ──

  /** Tells what happened and sends what the lanes have room for, until nothing new has come of that. */
  drain(): void {
    // Telling may call back in here; what comes of that is sent below.
    if (this.#isDraining) return
    this.#isDraining = true
    let output = this.session.poll()
    let isHolding = false
    do {
      for (; output !== undefined; output = this.session.poll()) this.#act(output)
      // The application has used at once what room it was given.
      if (isHolding) this.session.release()
      this.#lanes.fill(this.session, this.#config.clock.now)
      output = this.session.poll()
      isHolding = output === undefined && this.session.isHolding
    } while (output !== undefined || isHolding)
    this.#isDraining = false
    this.#arm()
  }

  /** A tick too early is harmless and sets the timer anew; only one too late would matter. */
  #arm(): void {
    const deadline = this.session.deadline()
    if (deadline === undefined || this.#armedFor <= deadline) return
    this.#cancelTimer?.()
    this.#armedFor = deadline
    this.#cancelTimer = this.#config.clock.at(deadline, () => {
      this.#armedFor = Number.POSITIVE_INFINITY
      this.give({ type: 'tick' })
    })
  }

  #act(output: SessionOutput): void {
    switch (output.type) {
      case 'ready':
        this.isReady = true
        return
      case 'incoming':
        this.#incoming(output.stream)
        return
      case 'protocols':
      case 'path':
      case 'opaque':
      case 'leaving':
      case 'resumed':
        return
      case 'closed':
      case 'failed':
        this.end = output
        if (output.type === 'closed' && output.by === 'remote') this.#readTheRest()
        for (const stream of this.streams) if (stream.isLive) this.#endWith(stream)
        return
    }
    const stream = this.#byMux.get(output.stream)
    if (stream === undefined) {
      // Outputs about what came in one message with its OPEN follow although the stream was turned down.
      if (!this.#refused.has(output.stream)) this.#config.violated(`'${output.type}' of a stream that this end does not have`)
      return
    }
    this.#checkOnce(stream, output.type)
    switch (output.type) {
      case 'readable':
        this.#read(stream)
        break
      case 'writable':
        this.#pump(stream)
        break
      case 'flow':
        this.#readDatagrams(stream)
        break
      case 'answered':
        if (!this.#asked.delete(stream)) this.#config.violated(`stream ${stream.key}: 'answered' where nothing was asked`)
        break
      case 'finished':
        this.#config.finished(stream)
        if (stream.sending === 'finishing') stream.sending = 'finished'
        else if (stream.sending !== 'failed') this.#config.violated(`stream ${stream.key}: 'finished' while ${stream.sending}`)
        break
      case 'stopped':
        this.#checkCode(stream, output.code)
        if (stream.sending !== 'finished') stream.sending = 'failed'
        break
      case 'reset':
        this.#checkCode(stream, output.code)
        this.#endWith(stream)
        break
      case 'aborted':
        this.#checkCode(stream, output.code)
        if (stream.reading !== 'ended') stream.reading = 'failed'
        break
      case 'rejected':
        if (stream.writes === 1) this.#config.violated(`stream ${stream.key}: 'rejected' where it was accepted`)
        this.#endWith(stream)
    }
    stream.changed?.(stream)
  }

  /** The machine says once how a stream ended. */
  #checkOnce(stream: AppStream, type: SessionOutput['type']): void {
    if (!ENDINGS.has(type)) return
    if (stream.endingsTold.has(type)) this.#config.violated(`stream ${stream.key}: '${type}' told twice`)
    stream.endingsTold.add(type)
  }

  #checkCode(stream: AppStream, code: number): void {
    if (code !== stream.key) this.#config.violated(`stream ${stream.key}: ended with the code ${code}`)
  }

  #incoming(mux: MuxStream): void {
    this.#told.add(mux.id)
    const plan = mux.params as StreamPlan
    if (!this.isReady) this.#config.violated('a stream before the link was ready')
    if (this.byKey.has(plan.key)) this.#config.violated(`stream ${plan.key} came twice`)
    if (plan.acceptor === 'refuses') {
      this.session.reject(mux, REJECT_CODES.refused)
      this.#refused.add(mux)
      return
    }
    this.session.accept(mux)
    const stream = this.#adopt(plan, mux, 1)
    if (stream.isFlow) this.#readDatagrams(stream)
  }

  #adopt(plan: StreamPlan, mux: MuxStream, writes: 0 | 1): AppStream {
    const stream = new AppStream(plan, mux, writes)
    this.streams.push(stream)
    this.#live.push(stream)
    this.byKey.set(stream.key, stream)
    this.#byMux.set(mux, stream)
    return stream
  }

  #finishing(stream: AppStream): void {
    stream.sending = 'finishing'
    stream.hasFinished = true
  }

  #pump(stream: AppStream): void {
    while (stream.written < stream.wanted && (stream.sending === 'open' || stream.sending === 'finishing')) {
      const piece = content(
        stream.key,
        stream.writes,
        stream.written,
        Math.min(stream.wanted - stream.written, stream.pieceBytes),
      )
      const more = stream.sending === 'finishing' || stream.written + piece.length < stream.wanted
      const count = this.session.write(stream.mux, piece, more)
      if (count === 0) return
      stream.written += count
    }
    if (stream.sending === 'finishing') this.session.finish(stream.mux)
  }

  #read(stream: AppStream): void {
    if (stream.reading !== 'open' || stream.isPaused) return
    let count = 0
    for (let chunk = this.session.read(stream.mux); chunk !== undefined; chunk = this.session.read(stream.mux)) {
      if (!isContent(chunk, stream.key, stream.reads, stream.read + count)) {
        this.#config.violated(`stream ${stream.key}: other bytes than were written, at ${stream.read + count}`)
      }
      count += chunk.length
    }
    stream.read += count
    if (this.session.atEnd(stream.mux)) stream.reading = 'ended'
    if (!stream.isEcho || stream.sending !== 'open') return
    stream.wanted += count
    if (stream.reading === 'ended') this.#finishing(stream)
    this.#pump(stream)
  }

  #readDatagrams(stream: AppStream): void {
    for (let bytes = this.session.readDatagram(stream.mux); bytes !== undefined; bytes = this.session.readDatagram(stream.mux)) {
      const read = readDatagram(bytes, stream.key, stream.reads)
      if (read === undefined) this.#config.violated(`flow ${stream.key}: other bytes than were sent`)
      else if (stream.datagramsRead.has(read.sequence)) this.#config.violated(`flow ${stream.key}: ${read.sequence} came twice`)
      else {
        stream.datagramsRead.add(read.sequence)
        stream.datagramCame?.(read.sentAt)
      }
    }
  }

  /** What came before the remote left can be read. */
  #readTheRest(): void {
    for (const stream of this.live) {
      if (stream.reading !== 'open') continue
      stream.isPaused = false
      this.#read(stream)
      this.leftUnread += this.#config.unreadBytesOf(stream)
    }
  }

  /** The stream or the link ended; what had come whole may still be read. */
  #endWith(stream: AppStream): void {
    if (stream.mux.receive.ended && stream.reading === 'open') {
      stream.isPaused = false
      this.#read(stream)
    }
    this.#fail(stream)
  }

  #fail(stream: AppStream): void {
    if (stream.sending !== 'finished') stream.sending = 'failed'
    if (stream.reading !== 'ended') stream.reading = 'failed'
  }
}
