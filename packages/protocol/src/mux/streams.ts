/**
 * All streams of a link: who may open them, which frames they get and give, when they are forgotten. The machine around it
 * (mux.ts) sees to who speaks at all.
 */
import { KithError, violation } from '../errors.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import {
  CONNECTION_WINDOW_BYTES,
  FRAME_MAX_BYTES,
  HELD_OPENS_MAX,
  HELD_OPENS_MS,
  IDLE_FRAMES_BURST,
  IDLE_FRAMES_PER_SECOND,
  INCOMING_BURST,
  INCOMING_PER_SECOND,
  LATE_FRAMES_BURST,
  LATE_FRAMES_PER_SECOND,
  PROTOCOLS_MAX,
  REJECTS_OWED_MAX,
  STREAM_RESERVE_BYTES,
  STREAMS_MAX,
  STREAMS_RETAINED_MAX,
  UNREAD_MAX_BYTES,
} from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import { Buffers } from './buffers.ts'
import { encodeCredit, encodeOpenHeader, encodeReject, type Frame, type OpenHeader, REJECT_CODES } from './frames.ts'
import type { LaneQueue, SentFrame } from './lane-queue.ts'
import { ReceiveHalf } from './receive-half.ts'
import { RemoteIds } from './remote-ids.ts'
import { SendHalf, type SendHalfConfig } from './send-half.ts'
import { type HelloLimits, protocolsIn, type ServedProtocols } from './served.ts'
import { MuxStream, type OpenRequest, type StreamOutput } from './stream.ts'
import { ReceiveWindow, SendCredit } from './window.ts'

type StreamFrame = Exclude<Frame, { type: 'open' | 'ack' }>

export interface StreamsConfig {
  readonly role: 0 | 1
  readonly lanes: { readonly urgent: LaneQueue<MuxStream>; readonly bulk: LaneQueue<MuxStream> }
  readonly frameMaxBytes: number
  readonly served: ServedProtocols
  readonly tell: (output: StreamOutput) => void
  /** How many bytes of data a lane may send now; not more than a frame beyond 0 goes of streams that send little. */
  readonly roomBytes: (lane: LaneQueue<MuxStream>) => number
}

export class Streams {
  readonly #buffers = new Buffers()
  readonly #lanes: StreamsConfig['lanes']
  readonly #frameMaxBytes: number
  readonly #tell: StreamsConfig['tell']
  readonly #roomBytes: StreamsConfig['roomBytes']
  #served: ServedProtocols
  /** Whether the remote answers what we ask, and we what it asks. */
  #asks = false
  /** What each stream may carry beyond the connection's credit, where both ends know of that. */
  #ownBytes = 0
  /** Opened to us for what we may serve before `#holdsUntil`, oldest first. */
  readonly #held = new Set<MuxStream>()
  #holdsUntil: Millis = Number.NEGATIVE_INFINITY
  /** Opened to us faster than INCOMING_PER_SECOND, oldest first. */
  readonly #late = new Set<MuxStream>()
  #lateDueAt: Millis | undefined
  readonly #incoming = new TokenBucket(INCOMING_PER_SECOND, INCOMING_BURST, Number.NEGATIVE_INFINITY)
  readonly #idle = new TokenBucket(IDLE_FRAMES_PER_SECOND, IDLE_FRAMES_BURST, Number.NEGATIVE_INFINITY)
  readonly #crossing = new TokenBucket(LATE_FRAMES_PER_SECOND, LATE_FRAMES_BURST, Number.NEGATIVE_INFINITY)
  readonly #streams = new Map<number, MuxStream>()
  readonly #receiveWindow = new ReceiveWindow(CONNECTION_WINDOW_BYTES, UNREAD_MAX_BYTES, true)
  #sendCredit = new SendCredit(0)
  #remoteServed: ServedProtocols = []
  #limits: HelloLimits = { streams: 0, streamWindowBytes: 0, connectionWindowBytes: 0 }
  /** Ids that we give out go up by two; the next one. */
  #nextId: number
  readonly #remoteIds: RemoteIds
  #localOpen = 0
  #remoteOpen = 0
  #isLeaving = false
  #isEnded = false

  constructor(config: StreamsConfig) {
    this.#lanes = config.lanes
    this.#frameMaxBytes = config.frameMaxBytes
    this.#tell = (output) => {
      if (!this.#isLeaving) config.tell(output)
    }
    this.#roomBytes = config.roomBytes
    this.#served = config.served
    this.#nextId = config.role === 0 ? 1 : 2
    this.#remoteIds = new RemoteIds(config.role === 0 ? 2 : 1)
  }

  /** The hello has come. `asks`, `own`: both ends have 'ask', 'own-credit'. */
  begin(
    remote: { readonly served: ServedProtocols; readonly limits: HelloLimits },
    { asks, own }: { readonly asks: boolean; readonly own: boolean },
    now: Millis,
  ): void {
    this.#asks = asks
    this.#ownBytes = own ? STREAM_RESERVE_BYTES : 0
    if (asks) this.#holdsUntil = now + HELD_OPENS_MS
    this.#remoteServed = remote.served
    this.#limits = remote.limits
    this.#sendCredit = new SendCredit(remote.limits.connectionWindowBytes)
  }

  set remoteServed(served: ServedProtocols) {
    this.#remoteServed = served
  }

  /** What we serve from now on: those that were opened for it a moment too early come now. */
  set served(served: ServedProtocols) {
    this.#served = served
    for (const stream of this.#held) {
      const protocol = this.#choose(stream.header)
      if (protocol === undefined) continue
      this.#held.delete(stream)
      stream.protocol = protocol
      this.#tellOfHeld(stream)
    }
  }

  /** When `tick` has something to do. */
  deadline(): Millis | undefined {
    if (this.#held.size === 0) return this.#lateDueAt
    return Math.min(this.#holdsUntil, this.#lateDueAt ?? Number.POSITIVE_INFINITY)
  }

  tick(now: Millis): void {
    this.#tellOfLate(now)
    if (now < this.#holdsUntil) return
    for (const stream of this.#held) this.reject(stream, REJECT_CODES.unsupported)
  }

  get count(): number {
    return this.#localOpen + this.#remoteOpen
  }

  /** Streams that are over and kept until the remote has acknowledged what we said of them. */
  get retained(): number {
    return this.#streams.size - this.count
  }

  find(id: number): MuxStream | undefined {
    return this.#streams.get(id)
  }

  /** Whether the remote has yet to open a stream with this id. */
  isToCome(id: number): boolean {
    return id % 2 !== this.#nextId % 2 && !this.#remoteIds.has(id)
  }

  get unreadBytes(): number {
    let own = 0
    for (const { receive } of this.#streams.values()) own += receive.ownUnread
    return this.#receiveWindow.unread + own
  }

  /** Nothing is written or opened any more: what was written goes, and nothing is told. */
  leave(): void {
    this.#isLeaving = true
    // No answer is told any more, so none is awaited.
    this.#held.clear()
    this.#clearLate()
    for (const stream of this.#streams.values()) {
      stream.send.release()
      if (stream.send.waiting) stream.lane.scheduler.add(stream)
    }
  }

  /** No frame goes either way any more; what has come whole can still be read. */
  end(): void {
    this.#isEnded = true
    this.#streams.clear()
    this.#held.clear()
    this.#clearLate()
  }

  // ── what its users do ──

  /**
   * Opens a stream after 'ready'. Where by its last list the remote serves none of the protocols, the list may be late: then the stream
   * asks, if both ends can (`isAsking`; 'answered' or 'rejected' follows), else 'unsupported-protocol' is thrown. Throws
   * 'too-many' beyond what either side allows, 'too-large' and 'invalid-argument' for params or priority that cannot travel.
   */
  open(request: OpenRequest): MuxStream {
    const { kind = 'stream', protocols, priority = 0, scope = 0, params } = request
    if (!Number.isSafeInteger(priority)) throw new KithError('invalid-argument', 'a priority is a safe integer')
    const served = protocolsIn(this.#remoteServed, scope)
    const known = protocols.find((name) => served.includes(name))
    const asks = known === undefined && this.#asks
    const protocol = known ?? protocols[0]
    if (protocol === undefined || (known === undefined && !asks)) {
      throw new KithError('unsupported-protocol', `the remote serves none of ${protocols.join(' ')}`, { source: 'remote' })
    }
    if (this.#localOpen >= Math.min(STREAMS_MAX, this.#limits.streams)) {
      throw new KithError('too-many', `${this.#localOpen} streams are open${this.busiest}: close or reset those that are done`)
    }
    if (asks && protocols.length > PROTOCOLS_MAX) {
      throw new KithError('invalid-argument', `at most ${PROTOCOLS_MAX} protocols can be asked for`)
    }
    // One name, or no data: both must agree on what is spoken while no answer has come yet.
    const header: OpenHeader = { kind, priority, scope, protocols: asks ? protocols : [protocol], params }
    const id = this.#nextId
    const lane = priority > 0 ? this.#lanes.urgent : this.#lanes.bulk
    const openHeader = encodeOpenHeader(id, header)
    if (openHeader.length > this.#frameMaxBytes) {
      throw new KithError('too-large', `the protocols and params of a stream may take ${this.#frameMaxBytes} bytes together`)
    }
    const send = this.#sendHalf(id, { openHeader, asks })
    const receive = new ReceiveHalf(this.#receiveWindow)
    const stream = new MuxStream({ id, opener: 'local', protocol, header, lane, send, receive, asks })
    this.#nextId += 2
    this.#localOpen += 1
    this.#streams.set(id, stream)
    lane.scheduler.add(stream)
    return stream
  }

  /** For a person: which protocol has most of the streams that we opened. Empty where none is open. */
  get busiest(): string {
    const counts = new Map<ProtocolName, number>()
    for (const { opener, released, protocol } of this.#streams.values()) {
      if (opener === 'local' && !released) counts.set(protocol, (counts.get(protocol) ?? 0) + 1)
    }
    const [most] = [...counts].sort(([, a], [, b]) => b - a)
    return most === undefined ? '' : `, ${most[1]} of them for ${most[0]}`
  }

  /** What we serve of what a stream was opened for. */
  choices({ protocols, scope }: OpenHeader): readonly ProtocolName[] {
    const served = protocolsIn(this.#served, scope)
    return protocols.filter((name) => served.includes(name))
  }

  /** Takes an incoming stream. */
  accept(stream: MuxStream, protocol = stream.protocol): void {
    if (this.#isGone(stream) || stream.accepted) return
    stream.protocol = protocol
    stream.accepted = true
    stream.signals.accept = true
    stream.raise()
  }

  /** Turns an incoming stream down, with one of REJECT_CODES. */
  reject(stream: MuxStream, code: number): void {
    if (this.#isGone(stream) || stream.accepted) return
    this.#held.delete(stream)
    this.#discard(stream)
    this.#forget(stream)
    stream.lane.rejects.push({ stream: stream.id, code })
  }

  /**
   * Copies as much as credit and the waiting frame have room for and returns how much; 'writable' tells when to go on. `more`:
   * another write or `finish` follows for certain, and a frame that is not full may wait for it.
   */
  write(stream: MuxStream, bytes: Uint8Array, more = false): number {
    if (this.#isGone(stream)) return 0
    const count = stream.send.write(bytes, more)
    if (stream.send.waiting) stream.lane.scheduler.add(stream)
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
    if (this.#isEnded) return chunk
    this.#raiseCredit(stream)
    this.#settle(stream)
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
    stream.signals.ownCredit = false
    stream.signals.stop = undefined
    stream.signals.abort = undefined
    stream.signals.reset = code
    stream.lane.scheduler.reconsider(stream)
    if (stream.send.opening) stream.lane.scheduler.add(stream)
    stream.raise()
  }

  /** Writes no more, although there was more to write; the remote's reads fail with the code. The other half goes on. */
  abort(stream: MuxStream, code: number): void {
    const { state } = stream.send
    // Behind a FIN there is nothing left to cut short.
    if (this.#isGone(stream) || state === 'finished' || state === 'dropped') return
    this.#dropSending(stream)
    if (stream.send.opening) stream.lane.scheduler.add(stream)
    stream.signals.abort = code
    stream.raise()
    this.#settle(stream)
  }

  /** Reads no more; the remote's writes fail with the code. */
  stop(stream: MuxStream, code: number): void {
    if (this.#isGone(stream) || stream.receive.over) return
    const wasEnded = stream.receive.ended
    this.#discard(stream)
    if (!wasEnded) {
      stream.signals.credit = false
      stream.signals.ownCredit = false
      stream.signals.stop = code
      stream.raise()
    }
    this.#settle(stream)
  }

  // ── frames that come ──

  /** Takes one frame. Throws 'peer-violation'. */
  receive(lane: LaneQueue<MuxStream>, frame: Exclude<Frame, { type: 'ack' }>, now: Millis): void {
    if (frame.type === 'open') {
      this.#onOpenFrame(lane, frame, now)
      return
    }
    if (frame.type === 'credit' && frame.stream === 0) {
      if (!this.#onConnectionCredit(frame.offset)) this.countIdle(now)
      return
    }
    if ((frame.type === 'data' || frame.type === 'own-data') && frame.data.length === 0) this.countIdle(now)
    if ((frame.type === 'own-data' || frame.type === 'own-credit') && this.#ownBytes === 0) {
      throw violation(`${frame.type}, which was not agreed on`)
    }
    if (frame.type === 'data' && !this.#receiveWindow.receive(frame.data.length)) {
      throw violation('data beyond the credit of the connection')
    }
    const stream = this.#streams.get(frame.stream)
    if (stream === undefined || stream.send.opening) this.#mustHaveExisted(frame.stream)
    else if (stream.lane !== lane) throw violation(`stream ${frame.stream} changed its lane`)
    if (stream === undefined || stream.reset) {
      // Late: it crossed the end of its stream. Its bytes were counted, so they have to be given back.
      if (frame.type === 'data') this.#receiveWindow.consume(frame.data.length)
      else if (frame.type !== 'own-data') this.#countLate(now)
      return
    }
    this.#onStreamFrame(stream, frame, now)
  }

  #mustHaveExisted(id: number): void {
    const ours = id % 2 === this.#nextId % 2
    const stream = this.#streams.get(id)
    const existed = ours ? id < this.#nextId && !stream?.send.opening : this.#remoteIds.has(id)
    if (!existed) throw violation(`stream ${id} was never opened`)
  }

  #onOpenFrame(lane: LaneQueue<MuxStream>, frame: Extract<Frame, { type: 'open' }>, now: Millis): void {
    const { stream: id, header, data } = frame
    // An honest opener has no more than STREAMS_MAX waiting for our answer, and acknowledges those that it got.
    if (lane.rejects.length >= STREAMS_MAX || lane.rejectsOwed >= REJECTS_OWED_MAX) throw violation('a flood of streams')
    this.#remoteIds.open(id)
    if (header.priority > 0 !== (lane === this.#lanes.urgent)) throw violation(`stream ${id} is on the wrong lane`)
    if (!this.#receiveWindow.receive(data.length)) throw violation('data beyond the credit of the connection')
    const receive = new ReceiveHalf(this.#receiveWindow)
    receive.push(data)
    const chosen = this.#choose(header)
    const isHeld = chosen === undefined && now < this.#holdsUntil && this.#held.size < HELD_OPENS_MAX
    const protocol = isHeld ? header.protocols[0] : chosen
    if (this.#remoteOpen >= STREAMS_MAX || this.retained >= STREAMS_RETAINED_MAX || protocol === undefined) {
      this.#receiveWindow.consume(data.length)
      const code = protocol === undefined ? REJECT_CODES.unsupported : REJECT_CODES.tooMany
      lane.rejects.push({ stream: id, code })
      return
    }
    const stream = new MuxStream({ id, opener: 'remote', protocol, header, lane, send: this.#sendHalf(id), receive })
    this.#remoteOpen += 1
    this.#streams.set(id, stream)
    if (isHeld) {
      stream.held = []
      // While we leave it stays unanswered, as all streams do.
      if (!this.#isLeaving) this.#held.add(stream)
    } else if (this.#late.size === 0 && this.#incoming.take(now)) {
      this.#tell({ type: 'incoming', stream })
    } else {
      stream.held = []
      if (this.#isLeaving) return
      this.#late.add(stream)
      this.#lateDueAt ??= now + this.#incoming.waitMs(now)
    }
  }

  /** Those for which it was too early. */
  #tellOfLate(now: Millis): void {
    for (const stream of this.#late) {
      if (!this.#incoming.take(now)) {
        this.#lateDueAt = now + this.#incoming.waitMs(now)
        return
      }
      this.#late.delete(stream)
      this.#tellOfHeld(stream)
    }
    this.#lateDueAt = undefined
  }

  #clearLate(): void {
    this.#late.clear()
    this.#lateDueAt = undefined
  }

  /** That it was opened, and what has happened to it meanwhile. */
  #tellOfHeld(stream: MuxStream): void {
    const news = stream.held ?? []
    stream.held = undefined
    this.#tell({ type: 'incoming', stream })
    for (const output of news) this.#tell(output)
    if (stream.receive.readable || stream.receive.ended) this.#tellReader(stream)
  }

  /** A frame or acknowledgement that changes nothing. Throws 'peer-violation' beyond IDLE_FRAMES_PER_SECOND. */
  countIdle(now: Millis): void {
    if (!this.#idle.take(now)) throw violation('a flood of frames that say nothing')
  }

  /** A frame that may have crossed the end of what it concerns. Throws 'peer-violation' beyond LATE_FRAMES_PER_SECOND. */
  #countLate(now: Millis): void {
    if (!this.#crossing.take(now)) throw violation('a flood of frames for streams that are over')
  }

  #choose(header: OpenHeader): ProtocolName | undefined {
    return this.choices(header)[0]
  }

  #onStreamFrame(stream: MuxStream, frame: StreamFrame, now: Millis): void {
    if (frame.type === 'accept' || frame.type === 'reject') {
      if (stream.opener === 'remote' || stream.accepted) throw violation(`${frame.type} out of turn`)
      if (frame.type === 'reject') {
        this.#onReject(stream, frame.code)
        return
      }
      const protocol = stream.header.protocols.find((name) => name === frame.protocol)
      if (protocol === undefined) throw violation('another protocol than the one asked for')
      stream.protocol = protocol
      stream.accepted = true
      stream.send.answered()
      if (stream.asks) {
        this.#tell({ type: 'answered', stream })
        this.#tellWriter(stream)
        if (stream.send.waiting) stream.lane.scheduler.add(stream)
      }
      if (stream.finArrived) this.#tell({ type: 'finished', stream })
      this.#settle(stream)
      return
    }
    if (stream.opener === 'local' && !stream.accepted) throw violation(`${frame.type} before accept`)
    switch (frame.type) {
      case 'data':
      case 'own-data':
        if (frame.type === 'data') stream.receive.push(frame.data)
        else stream.receive.pushOwn(frame.data)
        if (!stream.receive.discarded && frame.data.length > 0) this.#tellReader(stream)
        this.#raiseCredit(stream)
        return
      case 'fin':
        stream.receive.end()
        // The end concerns a reader who has not asked, too: their stream may be over.
        stream.readerWaits = true
        this.#tellReader(stream)
        this.#settle(stream)
        return
      case 'credit':
        if (stream.send.grant(frame.offset)) this.#tellWriter(stream)
        else this.countIdle(now)
        return
      case 'own-credit':
        if (!stream.send.grantOwn(frame.offset)) {
          this.countIdle(now)
          return
        }
        stream.lane.scheduler.reconsider(stream)
        if (stream.send.waiting) stream.lane.scheduler.add(stream)
        return
      case 'reset':
        if (stream.remoteReset) {
          this.countIdle(now)
          return
        }
        stream.remoteReset = true
        if (stream.held !== undefined) {
          // It waits for its protocol or its turn: the application need not be told of it at all.
          this.#held.delete(stream)
          this.#late.delete(stream)
          if (this.#late.size === 0) this.#lateDueAt = undefined
          this.#discard(stream)
          stream.send.drop()
          this.#forget(stream)
          return
        }
        // What had come whole was not cut short: it stays readable.
        if (!stream.receive.ended) this.#discard(stream)
        this.#dropSending(stream)
        this.#tell({ type: 'reset', stream, code: frame.code })
        this.#settle(stream)
        return
      case 'abort':
        // What had come whole was not cut short.
        if (stream.receive.ended || stream.receive.discarded) {
          this.#countLate(now)
          return
        }
        this.#discard(stream)
        this.#tellOrHold(stream, { type: 'aborted', stream, code: frame.code })
        this.#settle(stream)
        return
      case 'stop':
        if (stream.send.state === 'dropped' || stream.finArrived) {
          this.#countLate(now)
          return
        }
        this.#dropSending(stream)
        this.#tellOrHold(stream, { type: 'stopped', stream, code: frame.code })
        this.#settle(stream)
        return
    }
  }

  #onReject(stream: MuxStream, code: number): void {
    const served = protocolsIn(this.#remoteServed, stream.scope)
    const servedNow = stream.header.protocols.some((name) => served.includes(name))
    if (
      code === REJECT_CODES.unsupported &&
      servedNow &&
      !stream.retried &&
      !stream.receive.discarded &&
      stream.send.state !== 'dropped'
    ) {
      this.#retry(stream)
      return
    }
    this.#discard(stream)
    stream.send.drop()
    this.#tell({ type: 'rejected', stream, code })
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
    const openHeader = encodeOpenHeader(stream.id, stream.header)
    stream.send = this.#sendHalf(stream.id, { openHeader, asks: stream.asks }, replay)
    if (state !== 'open') stream.send.finish()
    this.#streams.set(stream.id, stream)
    stream.lane.scheduler.reconsider(stream)
    stream.lane.scheduler.add(stream)
  }

  /** Whether it granted more. */
  #onConnectionCredit(offset: number): boolean {
    if (!this.#sendCredit.grant(offset)) return false
    this.#lanes.urgent.scheduler.creditCame()
    this.#lanes.bulk.scheduler.creditCame()
    return true
  }

  /** The remote has these frames of a lane, oldest first. */
  arrived(lane: LaneQueue<MuxStream>, frames: readonly SentFrame<MuxStream>[]): void {
    for (const sent of frames) {
      lane.arrived(sent)
      const { frame, stream, half, fin } = sent
      if (stream === undefined) continue
      if (!half?.isUnanswered) this.#buffers.giveBack(frame)
      stream.unacknowledged -= 1
      if (fin && half === stream.send) {
        stream.finArrived = true
        if (stream.accepted) this.#tell({ type: 'finished', stream })
      }
      this.#settle(stream)
    }
  }

  /** Nothing is on its way: buffers that were kept for more are let go. */
  rest(): void {
    this.#buffers.rest()
  }

  // ── frames that go ──

  /** Whether data waits for no other reason than that a writer of higher priority may go on: `release` it after their turn. */
  get isHolding(): boolean {
    const { urgent, bulk } = this.#lanes
    return urgent.scheduler.isHolding || bulk.scheduler.isHolding || (urgent.scheduler.isExpecting && bulk.scheduler.isBusy)
  }

  /** Writers that were told of room have had a turn to use it. */
  release(): void {
    this.#lanes.urgent.scheduler.release()
    this.#lanes.bulk.scheduler.release()
  }

  /** First what others wait for, then data. */
  nextFrame(lane: LaneQueue<MuxStream>, now: Millis, roundTripMs: number | undefined): SentFrame<MuxStream> | undefined {
    const reject = lane.rejects.shift()
    if (reject !== undefined) return lane.send(encodeReject(reject.stream, reject.code), now, undefined, false, true)
    if (lane === this.#lanes.urgent && this.#receiveWindow.due) {
      return lane.send(encodeCredit(0, this.#receiveWindow.grant(now, roundTripMs)), now)
    }
    for (let stream = lane.signals.peek(); stream !== undefined; stream = lane.signals.peek()) {
      const frame = stream.nextSignal(now, roundTripMs)
      if (frame !== undefined) return lane.send(frame, now, stream)
      lane.signals.shift()
      stream.signalled = false
      this.#settle(stream)
    }
    const room = lane.scheduler.isBusy ? this.#roomBytes(lane) : 0
    if (room <= -FRAME_MAX_BYTES) return undefined
    const turn = lane.scheduler.next(this.#sendCredit.left, room <= 0 || this.#yieldsToUrgent(lane))
    if (turn === undefined) return undefined
    const { stream, outgoing } = turn
    this.#sendCredit.use(outgoing.dataBytes)
    if (stream.send.waiting) lane.scheduler.add(stream)
    if (stream.send.state === 'open') {
      if (stream.send.hasCredit) lane.scheduler.expect(stream)
      this.#tellWriter(stream)
    }
    stream.raise()
    const frame = lane.send(outgoing.frame, now, stream, outgoing.fin)
    this.#settle(stream)
    return frame
  }

  /** Lanes share one path: while there is urgent data, of the bulk lane only those go that send little. */
  #yieldsToUrgent(lane: LaneQueue<MuxStream>): boolean {
    const { urgent } = this.#lanes
    return lane !== urgent && (urgent.scheduler.isBusy || urgent.scheduler.isExpecting)
  }

  // ── within ──

  /** Of a stream that nobody has been told of, what happened is told later, in order: at most that each half was cut short. */
  #tellOrHold(stream: MuxStream, output: StreamOutput): void {
    if (stream.held === undefined) this.#tell(output)
    else stream.held.push(output)
  }

  #tellReader(stream: MuxStream): void {
    if (!stream.readerWaits || stream.receive.discarded || stream.held !== undefined) return
    stream.readerWaits = false
    this.#tell({ type: 'readable', stream })
  }

  #tellWriter(stream: MuxStream): void {
    if (!stream.writerWaits) return
    stream.writerWaits = false
    this.#tell({ type: 'writable', stream })
  }

  #raiseCredit(stream: MuxStream): void {
    const { creditDue, ownCreditDue } = stream.receive
    if ((!creditDue && !ownCreditDue) || stream.reset) return
    if (creditDue) stream.signals.credit = true
    if (ownCreditDue) stream.signals.ownCredit = true
    stream.raise()
  }

  #discard(stream: MuxStream): void {
    stream.receive.discard()
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
    if (stream.opener === 'remote') {
      this.#release(stream)
      // The application has its own: what is kept here may be kept for long. One that it may still take it has yet to look at.
      const isDecided = stream.accepted || stream.reset
      if (isDecided && stream.header.protocols.length > 0) stream.header = { ...stream.header, params: undefined, protocols: [] }
    }
    if (stream.unacknowledged > 0 || stream.hasSignals) return
    // All of it came in one message with its OPEN: whoever opened it waits for an answer still.
    if (stream.opener === 'remote' && !stream.accepted) return
    // Our FIN has arrived, yet the stream may still be turned down, or have to be opened again.
    if (send.state === 'finished' && !stream.accepted && !stream.reset) return
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
    return this.#isEnded || this.#isLeaving || stream.reset || this.#streams.get(stream.id) !== stream
  }

  #sendHalf(stream: number, opening: Pick<SendHalfConfig, 'openHeader' | 'asks'> = {}, replay?: Bytes): SendHalf {
    const windowBytes = this.#limits.streamWindowBytes
    const frameMaxBytes = this.#frameMaxBytes
    const [buffers, ownBytes] = [this.#buffers, this.#ownBytes]
    return new SendHalf({ stream, windowBytes, frameMaxBytes, buffers, ownBytes, ...opening }, replay)
  }
}
