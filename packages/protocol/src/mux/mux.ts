/**
 * The link: many streams over a few ordered lanes between two peers who have just shaken hands.
 *
 * A lane is a reliable, ordered channel of whole messages. Control says who is there and what they serve (session.ts), urgent
 * and bulk carry the frames of streams (frames.ts); a stream stays on one lane, so its frames keep their order, and nothing may
 * be concluded from the order of frames on different lanes. Lanes may deliver before the control lane has said who speaks: such
 * frames are kept, and handed on after confirm and hello.
 *
 * Opening takes no round trip. The hello told us what the other side serves, so an OPEN goes out together with the first data,
 * counted against the credit that every new stream has. Should the list have changed meanwhile, the other side says REJECT, and
 * the stream is tried once more if by its newest list it would be taken after all.
 *
 * Nothing here grows because a remote wants it to: data is bounded by credit, which only a reader's `read` renews; what we owe
 * (ACCEPT, CREDIT, RESET, STOP, acknowledgements, pongs) is a state that is merged, not a queue; streams are counted.
 *
 * As in quinn-proto, three things are methods rather than inputs and outputs, because they are the hot path and answer at once:
 * `open`, `write`, `read` and their kin on a stream; and `pull(lane)`, which hands out the next message for a lane, since only
 * the driver knows which lane has room. After each of them, as after `handle`, drain `poll` and pull what the lanes will take.
 */
import { KithError, violation } from '../errors.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import {
  CONNECTION_WINDOW_BYTES,
  FRAME_MAX_BYTES,
  FRAME_MIN_BYTES,
  GOAWAY_REASON_MAX_LENGTH,
  STREAM_WINDOW_BYTES,
  STREAMS_MAX,
} from '../limits.ts'
import type { Bytes, Machine, Millis } from '../machine.ts'
import type { LaneNumber, ServedProtocols } from './control.ts'
import { EarlyBudget, EarlyFrames } from './early.ts'
import { Fifo } from './fifo.ts'
import {
  decodeFrame,
  encodeAccept,
  encodeCredit,
  encodeOpenHeader,
  encodeReject,
  encodeReset,
  encodeStop,
  type Frame,
  type OpenHeader,
  REJECT_CODES,
  type Scope,
  scopeKey,
} from './frames.ts'
import type { MuxConfig, MuxInput, MuxOutput, OpenRequest } from './io.ts'
import { type LaneName, MuxLane } from './lanes.ts'
import { ReceiveHalf } from './receive-half.ts'
import { RemoteIds } from './remote-ids.ts'
import { SendHalf } from './send-half.ts'
import { Session } from './session.ts'
import { MuxStream } from './stream.ts'
import { ReceiveWindow, SendCredit } from './window.ts'

type StreamFrame = Exclude<Frame, { type: 'open' }>

export class Mux implements Machine<MuxInput, MuxOutput> {
  readonly #frameMaxBytes: number
  readonly #session: Session
  readonly #lanes = { urgent: new MuxLane(2), bulk: new MuxLane(3) }
  readonly #outputs = new Fifo<MuxOutput>()
  readonly #streams = new Map<number, MuxStream>()
  readonly #receiveWindow = new ReceiveWindow(CONNECTION_WINDOW_BYTES)
  #sendCredit = new SendCredit(CONNECTION_WINDOW_BYTES)
  #state: 'live' | 'leaving' | 'ended' = 'live'
  #goodbye = { code: 0, reason: '' }

  /** Ids that we give out go up by two; the next one. */
  #nextId: number
  readonly #remoteIds: RemoteIds
  #localOpen = 0
  #remoteOpen = 0
  readonly #early = new EarlyFrames()
  readonly #earlyBudget = new EarlyBudget()

  constructor(config: MuxConfig) {
    this.#nextId = config.role === 0 ? 1 : 2
    this.#remoteIds = new RemoteIds(config.role === 0 ? 2 : 1)
    this.#frameMaxBytes = config.maxMessageSize === 0 ? FRAME_MAX_BYTES : Math.min(config.maxMessageSize, FRAME_MAX_BYTES)
    this.#session = new Session(config)
    if (this.#frameMaxBytes < FRAME_MIN_BYTES) this.#fail(violation(`messages of ${config.maxMessageSize} bytes at most`))
  }

  // ── the machine ──

  handle(input: MuxInput, now: Millis): void {
    if (this.#state === 'ended') return
    try {
      this.#handle(input, now)
      this.#collectAcks(now)
    } catch (error) {
      // A bug of ours is not a remote's doing: it must not be passed off as one.
      if (!(error instanceof KithError)) throw error
      this.#fail(error)
    }
  }

  poll(): MuxOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): Millis | undefined {
    if (this.#state === 'ended') return undefined
    let earliest = this.#session.deadline()
    for (const lane of [this.#lanes.urgent, this.#lanes.bulk]) {
      const due = lane.ackDueAt
      if (due !== undefined && (earliest === undefined || due < earliest)) earliest = due
    }
    return earliest
  }

  /** The next message for a lane, or undefined when there is none. It may be kept for resume: send it, never change it. */
  pull(name: LaneName, now: Millis): Bytes | undefined {
    if (this.#state === 'ended') return undefined
    if (name === 'control') return this.#pullControl(now)
    if (this.#state === 'leaving' || this.#session.phase !== 'open') return undefined
    const lane = this.#lanes[name]
    if (!lane.hasRoom(this.#frameMaxBytes) || !this.#earlyBudget.allows(this.#frameMaxBytes)) return undefined
    const frame = this.#nextFrame(lane)
    if (frame !== undefined) this.#earlyBudget.use(frame.length)
    return frame
  }

  // ── what is going on ──

  /** What the remote serves in a scope; empty before 'ready'. */
  remoteProtocols(scope: Scope = 0): readonly ProtocolName[] {
    return protocolsIn(this.#session.remote?.served, scope)
  }

  get roundTripMs(): number | undefined {
    return this.#session.roundTripMs
  }

  /** Streams that are open, whoever opened them. */
  get streams(): number {
    return this.#localOpen + this.#remoteOpen
  }

  /** Bytes received and not yet read, on all streams. */
  get unreadBytes(): number {
    return this.#receiveWindow.unread
  }

  /** Bytes kept because the remote has not acknowledged them. */
  get unacknowledgedBytes(): number {
    return this.#lanes.urgent.keptBytes + this.#lanes.bulk.keptBytes
  }

  // ── streams ──

  /**
   * Opens a stream after 'ready'. Throws 'unsupported-protocol' where the remote serves none of the protocols (nothing is sent),
   * 'too-many' beyond what either side allows, 'too-large' and 'invalid-argument' for params or priority that cannot travel,
   * 'closed' where there is no link.
   */
  open(request: OpenRequest): MuxStream {
    const { kind = 'stream', protocols, priority = 0, scope = 0, params } = request
    const remote = this.#session.remote
    if (this.#state !== 'live' || remote === undefined) throw new KithError('closed', 'the link is not open')
    if (!Number.isSafeInteger(priority)) throw new KithError('invalid-argument', 'a priority is a safe integer')
    const served = this.remoteProtocols(scope)
    const protocol = protocols.find((name) => served.includes(name))
    if (protocol === undefined) {
      throw new KithError('unsupported-protocol', `the remote serves none of ${protocols.join(' ')}`, { source: 'remote' })
    }
    if (this.#localOpen >= Math.min(STREAMS_MAX, remote.limits.streams)) {
      throw new KithError('too-many', `${this.#localOpen} streams are open`)
    }
    // One name only: both must agree on what is spoken while no answer has come yet.
    const header: OpenHeader = { kind, priority, scope, protocols: [protocol], params }
    const id = this.#nextId
    const lane = priority > 0 ? this.#lanes.urgent : this.#lanes.bulk
    const send = this.#sendHalf(id, encodeOpenHeader(id, header))
    const receive = new ReceiveHalf(STREAM_WINDOW_BYTES)
    const stream = new MuxStream({ id, opener: 'local', protocol, header, lane, send, receive })
    this.#nextId += 2
    this.#localOpen += 1
    this.#streams.set(id, stream)
    lane.scheduler.add(stream)
    return stream
  }

  /** Takes an incoming stream. */
  accept(stream: MuxStream): void {
    if (this.#isGone(stream) || stream.accepted) return
    stream.accepted = true
    stream.signals.accept = true
    this.#signal(stream)
  }

  /** Turns an incoming stream down, with one of REJECT_CODES. */
  reject(stream: MuxStream, code: number): void {
    if (this.#isGone(stream) || stream.accepted) return
    this.#discard(stream)
    this.#forget(stream)
    stream.lane.rejects.push({ stream: stream.id, code })
  }

  /** Copies as much as credit and the waiting frame have room for and returns how much; 'writable' tells when to go on. */
  write(stream: MuxStream, bytes: Uint8Array): number {
    if (this.#isGone(stream)) return 0
    const count = stream.send.write(bytes)
    if (count > 0) stream.lane.scheduler.add(stream)
    stream.writerWaits = count < bytes.length
    return count
  }

  /** Nothing more will be written; 'finished' tells when the remote has it all. */
  finish(stream: MuxStream): void {
    if (this.#isGone(stream)) return
    stream.send.finish()
    stream.lane.scheduler.reconsider(stream)
    if (stream.send.waiting) stream.lane.scheduler.add(stream)
  }

  /** The next bytes, the reader's own from now on; reading is what grants the remote more credit. */
  read(stream: MuxStream): Bytes | undefined {
    const chunk = stream.receive.read()
    if (chunk === undefined) {
      stream.readerWaits = true
      return undefined
    }
    this.#receiveWindow.consume(chunk.length)
    if (this.#state !== 'ended') {
      this.#signalCredit(stream)
      this.#settle(stream)
    }
    return chunk
  }

  /** Whether all that the remote had to say has been read. */
  atEnd(stream: MuxStream): boolean {
    return stream.receive.ended && stream.receive.over
  }

  /** Both halves at once. */
  reset(stream: MuxStream, code: number): void {
    if (this.#isGone(stream)) return
    stream.reset = true
    this.#discard(stream)
    stream.send.drop()
    stream.signals.credit = false
    stream.signals.stop = undefined
    stream.signals.reset = code
    stream.lane.scheduler.reconsider(stream)
    if (stream.send.opening) stream.lane.scheduler.add(stream)
    this.#signal(stream)
  }

  /** Reads no more; the remote's writes fail with the code. */
  stop(stream: MuxStream, code: number): void {
    if (this.#isGone(stream) || stream.receive.over) return
    const wasEnded = stream.receive.ended
    this.#discard(stream)
    if (!wasEnded) {
      stream.signals.credit = false
      stream.signals.stop = code
      this.#signal(stream)
    }
    this.#settle(stream)
  }

  // ── inputs ──

  #handle(input: MuxInput, now: Millis): void {
    switch (input.type) {
      case 'started':
        this.#session.start(now)
        return
      case 'message':
        this.#onMessage(input.lane, input.bytes, now)
        return
      case 'tick':
        this.#session.tick(now)
        return
      case 'serve':
        this.#session.serve(input.served)
        return
      case 'opaque':
        this.#session.send(input.number, input.message)
        return
      case 'close':
        this.#close(input.code, input.reason.slice(0, GOAWAY_REASON_MAX_LENGTH))
        return
      case 'fail':
        this.#fail(input.error)
        return
    }
  }

  #onMessage(lane: LaneName, bytes: Bytes, now: Millis): void {
    if (lane === 'control') this.#onControl(bytes, now)
    else if (this.#session.phase === 'open') this.#onFrame(this.#lanes[lane], bytes, now)
    else this.#early.keep(lane, bytes)
  }

  #onControl(bytes: Bytes, now: Millis): void {
    const event = this.#session.receive(bytes, now)
    switch (event?.type) {
      case undefined:
        return
      case 'open':
        this.#onOpen(now)
        return
      case 'protocols':
        this.#earlyBudget.lift()
        this.#outputs.push({ type: 'protocols', served: this.#session.remote?.served ?? [] })
        return
      case 'alive':
        this.#earlyBudget.lift()
        return
      case 'ack':
        this.#onAck(event.lane, event.count)
        return
      case 'opaque':
        this.#outputs.push(event)
        return
      case 'goaway':
        this.#end({ type: 'closed', by: 'remote', code: event.code, reason: event.reason })
    }
  }

  #onOpen(now: Millis): void {
    const remote = this.#session.remote
    if (remote === undefined) return
    this.#sendCredit = new SendCredit(remote.limits.connectionWindowBytes)
    this.#outputs.push({ type: 'ready', instance: remote.instance, served: remote.served })
    for (const { lane, bytes } of this.#early.take()) this.#onFrame(this.#lanes[lane], bytes, now)
  }

  #onFrame(lane: MuxLane, bytes: Bytes, now: Millis): void {
    lane.receive(bytes.length, now)
    this.#earlyBudget.lift()
    const frame = decodeFrame(bytes)
    if (frame.type === 'open') {
      this.#onOpenFrame(lane, frame)
      return
    }
    if (frame.type === 'credit' && frame.stream === 0) {
      this.#onConnectionCredit(frame.offset)
      return
    }
    if (frame.type === 'data' && !this.#receiveWindow.receive(frame.data.length)) {
      throw violation('data beyond the credit of the connection')
    }
    if (frame.type === 'fin') lane.hurry(now)
    const stream = this.#streams.get(frame.stream)
    if (stream === undefined || stream.send.opening) this.#mustHaveExisted(frame.stream)
    else if (stream.lane !== lane) throw violation(`stream ${frame.stream} changed its lane`)
    if (stream === undefined || stream.reset) {
      // Late: it crossed the end of its stream. Its bytes were counted, so they have to be given back.
      if (frame.type === 'data') this.#receiveWindow.consume(frame.data.length)
      return
    }
    this.#onStreamFrame(stream, frame)
  }

  #mustHaveExisted(id: number): void {
    const ours = id % 2 === this.#nextId % 2
    const stream = this.#streams.get(id)
    const existed = ours ? id < this.#nextId && !stream?.send.opening : this.#remoteIds.has(id)
    if (!existed) throw violation(`stream ${id} was never opened`)
  }

  #onOpenFrame(lane: MuxLane, frame: Extract<Frame, { type: 'open' }>): void {
    const { stream: id, header, data } = frame
    this.#remoteIds.open(id)
    if (header.priority > 0 !== (lane === this.#lanes.urgent)) throw violation(`stream ${id} is on the wrong lane`)
    if (!this.#receiveWindow.receive(data.length)) throw violation('data beyond the credit of the connection')
    const receive = new ReceiveHalf(STREAM_WINDOW_BYTES)
    receive.push(data)
    const served = protocolsIn(this.#session.served, header.scope)
    const protocol = header.protocols.find((name) => served.includes(name))
    if (this.#remoteOpen >= STREAMS_MAX || protocol === undefined) {
      this.#receiveWindow.consume(data.length)
      // An honest opener has no more than this many waiting for our answer.
      if (lane.rejects.length >= STREAMS_MAX) throw violation('a flood of streams')
      const code = protocol === undefined ? REJECT_CODES.unsupported : REJECT_CODES.tooMany
      lane.rejects.push({ stream: id, code })
      return
    }
    const stream = new MuxStream({ id, opener: 'remote', protocol, header, lane, send: this.#sendHalf(id), receive })
    this.#remoteOpen += 1
    this.#streams.set(id, stream)
    this.#outputs.push({ type: 'incoming', stream })
  }

  #onStreamFrame(stream: MuxStream, frame: StreamFrame): void {
    if (frame.type === 'accept' || frame.type === 'reject') {
      if (stream.opener === 'remote' || stream.accepted) throw violation(`${frame.type} out of turn`)
      if (frame.type === 'reject') {
        this.#onReject(stream, frame.code)
        return
      }
      if (frame.protocol !== stream.protocol) throw violation('another protocol than the one asked for')
      stream.accepted = true
      stream.send.answered()
      if (stream.finArrived) this.#outputs.push({ type: 'finished', stream })
      this.#settle(stream)
      return
    }
    if (stream.opener === 'local' && !stream.accepted) throw violation(`${frame.type} before accept`)
    switch (frame.type) {
      case 'data':
        stream.receive.push(frame.data)
        if (stream.receive.discarded) this.#receiveWindow.consume(frame.data.length)
        else if (frame.data.length > 0) this.#tellReader(stream)
        this.#signalCredit(stream)
        return
      case 'fin':
        stream.receive.end()
        this.#tellReader(stream)
        this.#settle(stream)
        return
      case 'credit':
        if (stream.send.grant(frame.offset)) this.#tellWriter(stream)
        return
      case 'reset':
        // What had come whole was not cut short: it stays readable.
        if (!stream.receive.ended) this.#discard(stream)
        this.#dropSending(stream)
        this.#outputs.push({ type: 'reset', stream, code: frame.code })
        this.#settle(stream)
        return
      case 'stop':
        if (stream.send.state === 'dropped' || stream.finArrived) return
        this.#dropSending(stream)
        this.#outputs.push({ type: 'stopped', stream, code: frame.code })
        this.#settle(stream)
        return
    }
  }

  #onReject(stream: MuxStream, code: number): void {
    const servedNow = this.remoteProtocols(stream.scope).includes(stream.protocol)
    if (code === REJECT_CODES.unsupported && servedNow && !stream.retried && !stream.receive.discarded) {
      this.#retry(stream)
      return
    }
    this.#discard(stream)
    stream.send.drop()
    this.#outputs.push({ type: 'rejected', stream, code })
    this.#forget(stream)
  }

  /** The OPEN crossed a change of what the remote serves; by its newest list it would be taken. */
  #retry(stream: MuxStream): void {
    const { state } = stream.send
    const replay = stream.send.written()
    this.#streams.delete(stream.id)
    stream.id = this.#nextId
    this.#nextId += 2
    stream.retried = true
    stream.finArrived = false
    stream.send = this.#sendHalf(stream.id, encodeOpenHeader(stream.id, stream.header), replay)
    if (state !== 'open') stream.send.finish()
    this.#streams.set(stream.id, stream)
    stream.lane.scheduler.reconsider(stream)
    stream.lane.scheduler.add(stream)
  }

  #onConnectionCredit(offset: number): void {
    if (!this.#sendCredit.grant(offset)) return
    this.#lanes.urgent.scheduler.creditCame()
    this.#lanes.bulk.scheduler.creditCame()
  }

  #onAck(number: LaneNumber, count: number): void {
    this.#earlyBudget.lift()
    const lane = number === 2 ? this.#lanes.urgent : this.#lanes.bulk
    for (const { stream, half, fin } of lane.acknowledge(count)) {
      if (stream === undefined) continue
      stream.unacknowledged -= 1
      if (fin && half === stream.send) {
        stream.finArrived = true
        if (stream.accepted) this.#outputs.push({ type: 'finished', stream })
      }
      this.#settle(stream)
    }
  }

  // ── what goes out ──

  #pullControl(now: Millis): Bytes | undefined {
    this.#collectAcks(now)
    const message = this.#session.pull(now)
    if (this.#session.phase === 'left') this.#end({ type: 'closed', by: 'local', ...this.#goodbye })
    return message
  }

  #collectAcks(now: Millis): void {
    for (const lane of [this.#lanes.urgent, this.#lanes.bulk]) {
      if (lane.ackDueAt !== undefined && lane.ackDueAt <= now) this.#session.acknowledge(lane.number, lane.takeAck())
    }
  }

  /** First what others wait for, then data. */
  #nextFrame(lane: MuxLane): Bytes | undefined {
    const reject = lane.rejects.shift()
    if (reject !== undefined) return this.#keep(lane, encodeReject(reject.stream, reject.code))
    if (lane === this.#lanes.urgent && this.#receiveWindow.due) {
      return this.#keep(lane, encodeCredit(0, this.#receiveWindow.grant()))
    }
    for (let stream = lane.signals.peek(); stream !== undefined; stream = lane.signals.peek()) {
      const frame = this.#nextSignal(stream)
      if (frame !== undefined) return this.#keep(lane, frame, stream)
      lane.signals.shift()
      stream.signalled = false
      this.#settle(stream)
    }
    const turn = lane.scheduler.next(this.#sendCredit.left)
    if (turn === undefined) return undefined
    const { stream, outgoing } = turn
    this.#sendCredit.use(outgoing.dataBytes)
    if (stream.send.waiting) lane.scheduler.add(stream)
    if (stream.send.state === 'open') this.#tellWriter(stream)
    this.#signal(stream)
    const frame = this.#keep(lane, outgoing.frame, stream, outgoing.fin)
    this.#settle(stream)
    return frame
  }

  #nextSignal(stream: MuxStream): Bytes | undefined {
    const { id, signals } = stream
    if (signals.accept) {
      signals.accept = false
      return encodeAccept(id, stream.protocol)
    }
    if (signals.reset !== undefined) {
      const code = signals.reset
      signals.reset = undefined
      return encodeReset(id, code)
    }
    if (signals.stop !== undefined) {
      const code = signals.stop
      signals.stop = undefined
      return encodeStop(id, code)
    }
    if (signals.credit) {
      signals.credit = false
      return encodeCredit(id, stream.receive.grant())
    }
    return undefined
  }

  #keep(lane: MuxLane, frame: Bytes, stream?: MuxStream, fin = false): Bytes {
    if (stream !== undefined) stream.unacknowledged += 1
    lane.keep({ frame, stream, half: stream?.send, fin })
    return frame
  }

  #signal(stream: MuxStream): void {
    // Nothing can be said of a stream that the remote has not heard of.
    if (stream.signalled || stream.send.opening || !stream.hasSignals) return
    stream.signalled = true
    stream.lane.signals.push(stream)
  }

  #signalCredit(stream: MuxStream): void {
    if (!stream.receive.creditDue || stream.reset) return
    stream.signals.credit = true
    this.#signal(stream)
  }

  // ── ends ──

  #tellReader(stream: MuxStream): void {
    if (!stream.readerWaits || stream.receive.discarded) return
    stream.readerWaits = false
    this.#outputs.push({ type: 'readable', stream })
  }

  #tellWriter(stream: MuxStream): void {
    if (!stream.writerWaits) return
    stream.writerWaits = false
    this.#outputs.push({ type: 'writable', stream })
  }

  #discard(stream: MuxStream): void {
    this.#receiveWindow.consume(stream.receive.discard())
  }

  #dropSending(stream: MuxStream): void {
    stream.send.drop()
    stream.lane.scheduler.reconsider(stream)
  }

  /** Forgets a stream as soon as nothing can come of it any more. */
  #settle(stream: MuxStream): void {
    const { send, receive } = stream
    if (!receive.over || send.opening || (send.state !== 'finished' && send.state !== 'dropped')) return
    // The remote counts its streams until we have acknowledged; we must not count them for longer than that.
    if (stream.opener === 'remote') this.#release(stream)
    if (stream.unacknowledged > 0 || stream.hasSignals) return
    if (send.state === 'finished' && !stream.accepted) return
    this.#forget(stream)
  }

  #forget(stream: MuxStream): void {
    this.#release(stream)
    if (this.#streams.get(stream.id) === stream) this.#streams.delete(stream.id)
  }

  #release(stream: MuxStream): void {
    if (stream.released) return
    stream.released = true
    if (stream.opener === 'local') this.#localOpen -= 1
    else this.#remoteOpen -= 1
  }

  #isGone(stream: MuxStream): boolean {
    return this.#state === 'ended' || stream.reset || this.#streams.get(stream.id) !== stream
  }

  #sendHalf(stream: number, openHeader?: Bytes, replay?: Bytes): SendHalf {
    const windowBytes = this.#session.remote?.limits.streamWindowBytes ?? 0
    const frameMaxBytes = this.#frameMaxBytes
    return new SendHalf({ stream, windowBytes, frameMaxBytes, ...(openHeader && { openHeader }) }, replay)
  }

  #close(code: number, reason: string): void {
    if (this.#state !== 'live') return
    this.#goodbye = { code, reason }
    if (this.#session.leave(code, reason)) this.#state = 'leaving'
    else this.#end({ type: 'closed', by: 'local', code, reason })
  }

  #fail(error: KithError): void {
    this.#end({ type: 'failed', error })
  }

  #end(output: MuxOutput): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#streams.clear()
    this.#outputs.push(output)
  }
}

function protocolsIn(served: ServedProtocols | undefined, scope: Scope): readonly ProtocolName[] {
  const key = scopeKey(scope)
  return served?.find(([of]) => scopeKey(of) === key)?.[1] ?? []
}
