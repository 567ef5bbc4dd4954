/**
 * All streams of a link: who may open them, which frames they get and give, when they are forgotten. The machine around it
 * (mux.ts) sees to who speaks at all.
 */
import { KithError, violation } from '../errors.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import {
  CONNECTION_WINDOW_BYTES,
  PROTOCOLS_MAX,
  REJECTS_OWED_MAX,
  STREAM_RESERVE_BYTES,
  STREAMS_MAX,
  STREAMS_RETAINED_MAX,
  UNREAD_MAX_BYTES,
} from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Arrivals } from './arrivals.ts'
import { Buffers } from './buffers.ts'
import { FloodGuard } from './flood-guard.ts'
import { encodeOpenHeader, type Frame, type OpenHeader, REJECT_CODES } from './frames.ts'
import type { LaneQueue, SentFrame } from './lane-queue.ts'
import { News } from './news.ts'
import { Outgoing } from './outgoing.ts'
import { ReceiveHalf } from './receive-half.ts'
import { SendHalf, type SendHalfConfig } from './send-half.ts'
import { type HelloLimits, protocolsIn, type ServedProtocols } from './served.ts'
import { MuxStream, type OpenRequest, type StreamOutput } from './stream.ts'
import { StreamFrames } from './stream-frames.ts'
import { StreamTable } from './stream-table.ts'
import { ReceiveWindow, SendCredit } from './window.ts'

export interface StreamsConfig {
  readonly role: 0 | 1
  readonly lanes: { readonly urgent: LaneQueue<MuxStream>; readonly bulk: LaneQueue<MuxStream> }
  readonly frameMaxBytes: number
  readonly served: ServedProtocols
  readonly tell: (output: StreamOutput) => void
  /** How many bytes of data a lane may send now. */
  readonly roomBytes: (lane: LaneQueue<MuxStream>, now: Millis) => number
  /** Bytes of a frame at most, on this path at this time. */
  readonly frameBytes: () => number
}

export class Streams {
  readonly #buffers = new Buffers()
  readonly #lanes: StreamsConfig['lanes']
  readonly #frameMaxBytes: number
  #served: ServedProtocols
  /** Whether the remote answers what we ask, and we what it asks. */
  #asks = false
  /** What each stream may carry beyond the connection's credit, where both ends know of that. */
  #ownBytes = 0
  readonly #news: News
  readonly #arrivals: Arrivals
  /** Which streams there are. */
  readonly table: StreamTable
  readonly floods = new FloodGuard()
  readonly #frames: StreamFrames
  /** Which frames go next. */
  readonly outgoing: Outgoing
  readonly #receiveWindow = new ReceiveWindow(CONNECTION_WINDOW_BYTES, UNREAD_MAX_BYTES, true)
  readonly #sendCredit = new SendCredit(0)
  #remoteServed: ServedProtocols = []
  #limits: HelloLimits = { streams: 0, streamWindowBytes: 0, connectionWindowBytes: 0 }
  #isEnded = false

  constructor(config: StreamsConfig) {
    this.#lanes = config.lanes
    this.#frameMaxBytes = config.frameMaxBytes
    this.#served = config.served
    this.#news = new News(config.tell)
    this.#arrivals = new Arrivals(this.#news)
    this.table = new StreamTable(config.role)
    this.#frames = new StreamFrames({
      table: this.table,
      news: this.#news,
      arrivals: this.#arrivals,
      floods: this.floods,
      remoteServed: () => this.#remoteServed,
      sendAgain: (stream, opening, replay) => this.#sendHalf(stream, opening, replay),
    })
    this.outgoing = new Outgoing({
      lanes: config.lanes,
      table: this.table,
      news: this.#news,
      receiveWindow: this.#receiveWindow,
      sendCredit: this.#sendCredit,
      roomBytes: config.roomBytes,
      frameBytes: config.frameBytes,
    })
  }

  /** The hello has come. `asks`, `own`: both ends have 'ask', 'own-credit'. */
  begin(
    remote: { readonly served: ServedProtocols; readonly limits: HelloLimits },
    { asks, own }: { readonly asks: boolean; readonly own: boolean },
    now: Millis,
  ): void {
    this.#asks = asks
    this.#ownBytes = own ? STREAM_RESERVE_BYTES : 0
    if (asks) this.#arrivals.hold(now)
    this.#remoteServed = remote.served
    this.#limits = remote.limits
    this.#sendCredit.grant(remote.limits.connectionWindowBytes)
  }

  set remoteServed(served: ServedProtocols) {
    this.#remoteServed = served
  }

  /** What we serve from now on: those that were opened for it a moment too early come now. */
  set served(served: ServedProtocols) {
    this.#served = served
    this.#arrivals.serve((stream) => {
      const [protocol] = this.choices(stream.header)
      if (protocol !== undefined) stream.protocol = protocol
      return protocol !== undefined
    })
  }

  /** When `tick` has something to do. */
  deadline(): Millis | undefined {
    return this.#arrivals.deadline()
  }

  tick(now: Millis): void {
    for (const stream of this.#arrivals.tick(now)) this.reject(stream, REJECT_CODES.unsupported)
  }

  get unreadBytes(): number {
    let own = 0
    for (const { receive } of this.table.values()) own += receive.ownUnread
    return this.#receiveWindow.unread + own
  }

  /** Nothing is written or opened any more: what was written goes, and there are no outputs. */
  leave(): void {
    this.#news.leave()
    // There is no output for an answer any more, so none is awaited.
    this.#arrivals.clear()
    for (const stream of this.table.values()) {
      stream.send.release()
      if (stream.send.waiting) stream.lane.scheduler.add(stream)
    }
  }

  /** No frame goes either way any more; what has come whole can still be read. */
  end(): void {
    this.#isEnded = true
    this.table.clear()
    this.#arrivals.clear()
  }

  // ── what its users do ──

  /**
   * Opens a stream after 'ready'. Where by its last list the remote serves none of the protocols, the list may be late: then the stream
   * asks, if both ends can (`isAsking`; 'answered' or 'rejected' follows), else 'unsupported-protocol' is thrown. Throws
   * 'too-many' beyond what either side allows, 'too-large' and 'invalid-argument' for params or priority that cannot travel.
   */
  open(request: OpenRequest): MuxStream {
    const { kind = 'stream', protocols, priority = 0, scope = 0, params } = request
    if (!Number.isSafeInteger(priority)) throw new KithError('invalid-argument', 'A priority is a safe integer.')
    const served = protocolsIn(this.#remoteServed, scope)
    const known = protocols.find((name) => served.includes(name))
    const asks = known === undefined && this.#asks
    const protocol = known ?? protocols[0]
    if (protocol === undefined || (known === undefined && !asks)) {
      throw new KithError('unsupported-protocol', `The remote does not serve ${protocols.join(' or ')}.`, { source: 'remote' })
    }
    const { localOpen } = this.table
    if (localOpen >= Math.min(STREAMS_MAX, this.#limits.streams)) {
      throw new KithError('too-many', `${localOpen} streams are open${this.table.busiest}: close or reset those that are done.`)
    }
    if (asks && protocols.length > PROTOCOLS_MAX) {
      throw new KithError('invalid-argument', `Name at most ${PROTOCOLS_MAX} protocols.`)
    }
    // One name, or no data: both must agree on what is spoken while no answer has come yet.
    const header: OpenHeader = { kind, priority, scope, protocols: asks ? protocols : [protocol], params }
    const id = this.table.nextId
    const lane = priority > 0 ? this.#lanes.urgent : this.#lanes.bulk
    const openHeader = encodeOpenHeader(id, header)
    if (openHeader.length > this.#frameMaxBytes) {
      throw new KithError('too-large', `The protocols and params of a stream may take ${this.#frameMaxBytes} bytes together.`)
    }
    const send = this.#sendHalf(id, { openHeader, asks })
    const receive = new ReceiveHalf(this.#receiveWindow)
    const stream = new MuxStream({ id, opener: 'local', protocol, header, lane, send, receive, asks })
    this.table.takeId()
    this.table.add(stream)
    lane.scheduler.add(stream)
    return stream
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
    this.#arrivals.forget(stream)
    stream.receive.discard()
    this.table.forget(stream)
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
    stream.raiseCredit()
    this.table.settle(stream)
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
    stream.receive.discard()
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
    stream.dropSending()
    if (stream.send.opening) stream.lane.scheduler.add(stream)
    stream.signals.abort = code
    stream.raise()
    this.table.settle(stream)
  }

  /** Reads no more; the remote's writes fail with the code. */
  stop(stream: MuxStream, code: number): void {
    if (this.#isGone(stream) || stream.receive.over) return
    const wasEnded = stream.receive.ended
    stream.receive.discard()
    if (!wasEnded) {
      stream.signals.credit = false
      stream.signals.ownCredit = false
      stream.signals.stop = code
      stream.raise()
    }
    this.table.settle(stream)
  }

  // ── frames that come ──

  /** Takes one frame. Throws 'peer-violation'. */
  receive(lane: LaneQueue<MuxStream>, frame: Exclude<Frame, { type: 'ack' }>, now: Millis): void {
    if (frame.type === 'open') {
      this.#onOpenFrame(lane, frame, now)
      return
    }
    if (frame.type === 'credit' && frame.stream === 0) {
      if (!this.#onConnectionCredit(frame.offset)) this.floods.countIdle(now)
      return
    }
    if ((frame.type === 'data' || frame.type === 'own-data') && frame.data.length === 0) this.floods.countIdle(now)
    if ((frame.type === 'own-data' || frame.type === 'own-credit') && this.#ownBytes === 0) {
      throw violation(`${frame.type} without the feature`)
    }
    if (frame.type === 'data' && !this.#receiveWindow.receive(frame.data.length)) {
      throw violation('data beyond the credit of the connection')
    }
    const stream = this.table.find(frame.stream)
    if (stream === undefined || stream.send.opening) this.table.mustHaveExisted(frame.stream)
    else if (stream.lane !== lane) throw violation(`stream ${frame.stream} changed its lane`)
    if (stream === undefined || stream.reset) {
      // Late: it crossed the end of its stream. Its bytes were counted, so they have to be given back.
      if (frame.type === 'data') this.#receiveWindow.consume(frame.data.length)
      else if (frame.type !== 'own-data') this.floods.countLate(now)
      return
    }
    this.#frames.receive(stream, frame, now)
  }

  #onOpenFrame(lane: LaneQueue<MuxStream>, frame: Extract<Frame, { type: 'open' }>, now: Millis): void {
    const { stream: id, header, data } = frame
    // An honest opener has no more than STREAMS_MAX waiting for our answer, and acknowledges those that it got.
    if (lane.rejects.length >= STREAMS_MAX || lane.rejectsOwed >= REJECTS_OWED_MAX) throw violation('a flood of streams')
    this.table.remoteOpens(id)
    if (header.priority > 0 !== (lane === this.#lanes.urgent)) throw violation(`stream ${id} is on the wrong lane`)
    if (!this.#receiveWindow.receive(data.length)) throw violation('data beyond the credit of the connection')
    const receive = new ReceiveHalf(this.#receiveWindow)
    receive.push(data)
    const [chosen] = this.choices(header)
    const isHeld = chosen === undefined && this.#arrivals.mayHold(now)
    const protocol = isHeld ? header.protocols[0] : chosen
    if (this.table.remoteOpen >= STREAMS_MAX || this.table.retained >= STREAMS_RETAINED_MAX || protocol === undefined) {
      this.#receiveWindow.consume(data.length)
      const code = protocol === undefined ? REJECT_CODES.unsupported : REJECT_CODES.tooMany
      lane.rejects.push({ stream: id, code })
      return
    }
    const stream = new MuxStream({ id, opener: 'remote', protocol, header, lane, send: this.#sendHalf(id), receive })
    this.table.add(stream)
    if (isHeld) this.#arrivals.addHeld(stream)
    else this.#arrivals.add(stream, now)
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
        if (stream.accepted) this.#news.tell({ type: 'finished', stream })
      }
      this.table.settle(stream)
    }
  }

  /** Nothing is on its way: buffers that were kept for more are let go. */
  rest(): void {
    this.#buffers.rest()
  }

  // ── within ──

  #isGone(stream: MuxStream): boolean {
    return this.#isEnded || this.#news.isLeaving || stream.reset || !this.table.has(stream)
  }

  #sendHalf(stream: number, opening: Pick<SendHalfConfig, 'openHeader' | 'asks'> = {}, replay?: Bytes): SendHalf {
    const windowBytes = this.#limits.streamWindowBytes
    const frameMaxBytes = this.#frameMaxBytes
    const [buffers, ownBytes] = [this.#buffers, this.#ownBytes]
    return new SendHalf({ stream, windowBytes, frameMaxBytes, buffers, ownBytes, ...opening }, replay)
  }
}
