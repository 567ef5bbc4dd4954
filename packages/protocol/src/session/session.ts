/**
 * The link: many streams over a few ordered lanes between two peers who have just shaken hands.
 *
 * A lane is a reliable, ordered channel of whole messages. Control says who is there and what they serve (session.ts), urgent
 * and bulk carry the frames of streams (frames.ts); a stream stays on one lane, so its frames keep their order, and nothing may
 * be concluded from the order of frames on different lanes. Lanes may deliver before the control lane has said who speaks: such
 * frames are kept, and handed on after confirm and hello. Beside the ordered lanes there is one for datagrams (datagrams.ts).
 *
 * Opening takes no round trip. The hello told us what the other side serves, so an OPEN goes out together with the first data,
 * counted against the credit that every new stream has. Should the list have changed meanwhile, the other side says REJECT, and
 * the stream is tried once more if by its newest list it would be taken after all. Where the list has none of the names, it may be
 * late, since it travels on a lane of its own: then the OPEN names all of them and no data goes before the other side has chosen.
 *
 * Nothing here grows because a remote wants it to: data is bounded by credit, which only a reader's `read` renews; what we owe
 * (ACCEPT, CREDIT, RESET, STOP, acknowledgements, pongs) is a state that is merged, not a queue; streams are counted.
 *
 * As in quinn-proto, three things are methods rather than inputs and outputs, because they are the hot path and answer at once:
 * `open`, `write`, `read` and their kin on a stream; and `pull(lane)`, which hands out the next message for a lane, since only
 * the driver knows which lane has room. After each of them, as after `handle`, drain `poll` and pull what the lanes will take;
 * where `isHolding` then, `release` once writers have had a turn.
 */
import { KithError, violation } from '../errors.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import { CONTROL_BURST, CONTROL_PER_SECOND, OUTPUTS_MAX } from '../limits.ts'
import type { Bytes, Machine, Millis } from '../machine.ts'
import { Datagrams } from '../mux/datagrams.ts'
import { Fifo } from '../mux/fifo.ts'
import type { DatagramStats } from '../mux/flow.ts'
import { decodeFrame, type Scope } from '../mux/frames.ts'
import type { LaneName } from '../mux/lane-queue.ts'
import { unpackMessage } from '../mux/packing.ts'
import { protocolsIn } from '../mux/served.ts'
import type { MuxStream, OpenRequest } from '../mux/stream.ts'
import { Streams } from '../mux/streams.ts'
import { Path, type PathConfig } from '../path/path.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Goodbye } from './control.ts'
import { ControlLane, type LaneCounts } from './control-lane.ts'
import type { Feature } from './features.ts'
import type { SessionConfig, SessionInput, SessionOutput } from './io.ts'
import { Lanes } from './lanes.ts'
import { Patience } from './patience.ts'
import { cutReason } from './reason.ts'

/** 'leaving': what was written is on its way out, and then our goaway. 'left': theirs has come, and not all that it counts. */
type SessionState =
  | { readonly phase: 'live' }
  | { readonly phase: 'leaving' | 'left'; readonly goodbye: Goodbye; readonly wait: Patience }
  | { readonly phase: 'ended' }

const NO_FEATURES: ReadonlySet<string> = new Set()

export class Session implements Machine<SessionInput, SessionOutput> {
  /** Of the first path: what was sent on it may go again on any. */
  readonly #frameMaxBytes: number
  readonly #control: ControlLane
  readonly #lanes: Lanes
  readonly #streams: Streams
  readonly #datagrams: Datagrams
  readonly #outputs = new Fifo<SessionOutput>()
  #path: Path
  #isReadyTold = false
  /** The remote's first hello has come. */
  #hasBegun = false
  /** Messages of the control lane but acknowledgements. */
  readonly #controls = new TokenBucket(CONTROL_PER_SECOND, CONTROL_BURST, Number.NEGATIVE_INFINITY)
  #state: SessionState = { phase: 'live' }
  #goodbye: Goodbye = { code: 0, reason: '' }
  /** We leave, and what was written has been waited for long enough. */
  #isOverdue = false

  constructor(config: SessionConfig) {
    this.#path = new Path(config)
    this.#frameMaxBytes = this.#path.frameMaxBytes
    this.#control = new ControlLane(config, this.#path)
    const lanes = new Lanes(this.#path)
    this.#lanes = lanes
    this.#streams = new Streams({
      role: config.role,
      lanes: { urgent: lanes.urgent.queue, bulk: lanes.bulk.queue },
      frameMaxBytes: this.#frameMaxBytes,
      served: config.served,
      tell: (output) => this.#outputs.push(output),
      roomBytes: (queue) => lanes.roomBytes(queue),
    })
    this.#datagrams = new Datagrams(this.#streams.table, (stream) => this.#outputs.push({ type: 'flow', stream }))
    this.#orFail(() => this.#path.checkFrameSize())
  }

  // ── the machine ──

  handle(input: SessionInput, now: Millis): void {
    if (this.#isOver) return
    this.#orFail(() => {
      this.#handle(input, now)
      if (this.#outputs.length > OUTPUTS_MAX) {
        // Else the end would wait behind all of it.
        this.#outputs.clear()
        throw violation('more happens than can be told')
      }
      this.#lanes.collectAcks(this.#control, now)
    })
  }

  poll(): SessionOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): Millis | undefined {
    if (this.#isOver) return undefined
    return sooner(
      sooner(this.#control.deadline(), this.#lanes.ackDueAt),
      sooner(this.#datagrams.deadline(), this.#lastDeadline()),
    )
  }

  /** The next message for a lane, or undefined when there is none. It stays the machine's: send it at once, never change it. */
  pull(name: LaneName | 'datagrams', now: Millis): Bytes | undefined {
    if (this.#isOver) return undefined
    if (name === 'control') return this.#pullControl(now)
    if (this.#control.phase !== 'open') return undefined
    if (name === 'datagrams') return this.#datagrams.pull(now)
    // No writer is told of room any more, and none has to be waited for.
    if (this.#state.phase === 'leaving') this.#streams.outgoing.release()
    const message = this.#lanes.pull(name, this.#streams, this.#control, now)
    if (message !== undefined) this.#path.earlyBudget.use(message.length)
    return message
  }

  /**
   * Whether something is held back for writers of higher priority who have just been told of room ('writable'). Give them a turn, in
   * which they can write, then `release` and pull again.
   */
  get isHolding(): boolean {
    return this.#state.phase !== 'ended' && this.#streams.outgoing.isHolding
  }

  /** Writers have had their turn: what they left free is for lower priorities. */
  release(): void {
    this.#streams.outgoing.release()
  }

  /** What was given to 'close', the reason as it was sent. */
  get goodbye(): { readonly code: number; readonly reason: string } {
    return this.#goodbye
  }

  // ── what is going on ──

  /** What the remote serves in a scope; empty before 'ready'. */
  remoteProtocols(scope: Scope = 0): readonly ProtocolName[] {
    return protocolsIn(this.#control.remote?.served, scope)
  }

  /** Names of the remote's hello, unknown ones included; empty before 'ready'. */
  get remoteFeatures(): ReadonlySet<string> {
    return this.#control.remote?.features ?? NO_FEATURES
  }

  /** Whether the remote's end of the path is at a TURN server, by its own word. Undefined: it does not say, or not yet. */
  get remoteIsAtTurn(): boolean | undefined {
    return this.#control.remote?.isAtTurn
  }

  /** Whether both ends have a feature; false before 'ready'. Anything beyond version 1 is sent only where it is so. */
  has(feature: Feature): boolean {
    return this.#control.has(feature)
  }

  get roundTripMs(): number | undefined {
    return this.#path.roundTrip.ms
  }

  /** Streams that are open, whoever opened them. */
  get streams(): number {
    return this.#streams.table.count
  }

  /** Streams that the remote opened, that are over, and that are kept until it has acknowledged our last word: at most
   *  STREAMS_RETAINED_MAX. */
  get retainedStreams(): number {
    return this.#streams.table.retained
  }

  /** For a person: which protocol has most of the streams that we opened, as ', 3 of them for /chat/v1'; or nothing. */
  get busiest(): string {
    return this.#streams.table.busiest
  }

  /** Sums over all flows, those that have ended included. */
  get datagrams(): DatagramStats {
    return this.#datagrams.stats
  }

  /** Bytes received and not yet read, on all streams. */
  get unreadBytes(): number {
    return this.#streams.unreadBytes
  }

  /** Bytes kept because the remote has not acknowledged them. */
  get unacknowledgedBytes(): number {
    return this.#lanes.keptBytes
  }

  // ── streams ──

  /**
   * Opens a stream after 'ready'. Where by its last list the remote serves none of the protocols, the stream asks if both ends have
   * that feature (`isAsking`: it sends nothing before 'answered'), else 'unsupported-protocol' is thrown and nothing sent. Throws
   * 'too-many' beyond what either side allows, 'too-large' and 'invalid-argument' for params or priority that cannot travel,
   * 'closed' where there is no link.
   */
  open(request: OpenRequest): MuxStream {
    this.#checkLive()
    if (!this.#hasBegun) throw new KithError('closed', 'the link is not open')
    const stream = this.#streams.open(request)
    this.#datagrams.begin(stream)
    return stream
  }

  /** What can be spoken on an incoming stream: what its opener names and we serve, in the opener's order. */
  choices(stream: MuxStream): readonly ProtocolName[] {
    return this.#streams.choices(stream.header)
  }

  /** Takes an incoming stream, to speak the first of its choices or the one given. */
  accept(stream: MuxStream, protocol?: ProtocolName): void {
    this.#streams.accept(stream, protocol)
    this.#datagrams.begin(stream)
  }

  /** Turns an incoming stream down, with one of REJECT_CODES. */
  reject(stream: MuxStream, code: number): void {
    this.#streams.reject(stream, code)
  }

  /**
   * Copies as much as credit and the waiting frame have room for and returns how much; 'writable' tells when to go on. `more`
   * promises another write (of nothing, if need be) or `finish`: a frame that is not full may wait for it.
   */
  write(stream: MuxStream, bytes: Uint8Array, more = false): number {
    return this.#streams.write(stream, bytes, more)
  }

  /** Nothing more will be written; 'finished' tells when the remote has it all. */
  finish(stream: MuxStream): void {
    this.#streams.finish(stream)
  }

  /** The next bytes, the reader's own from now on; reading is what grants the remote more credit. */
  read(stream: MuxStream): Bytes | undefined {
    return this.#streams.read(stream)
  }

  /** Whether all that the remote had to say has been read. */
  atEnd(stream: MuxStream): boolean {
    return this.#streams.atEnd(stream)
  }

  /** Both halves at once. */
  reset(stream: MuxStream, code: number): void {
    this.#streams.reset(stream, code)
  }

  /** Writes no more, although there was more to write; the remote's reads fail with the code. The other half goes on. */
  abort(stream: MuxStream, code: number): void {
    this.#streams.abort(stream, code)
  }

  /** Reads no more; the remote's writes fail with the code. */
  stop(stream: MuxStream, code: number): void {
    this.#streams.stop(stream, code)
  }

  // ── datagrams, on streams of that kind ──

  /** Queues a copy. Throws 'too-large' beyond DATAGRAM_MAX_BYTES, 'closed' where the flow is over: nothing is sent then. */
  sendDatagram(stream: MuxStream, bytes: Uint8Array, now: Millis): void {
    this.#checkLive()
    this.#datagrams.send(stream, bytes, now)
  }

  /** As `handle` with a message of their lane, whose buffer is ours from now on: asking the clock for each would cost more than taking
   *  it. */
  receiveDatagram(bytes: Bytes, now: () => Millis): void {
    if (!this.#isOver && this.#takesDatagrams) this.#orFail(() => this.#datagrams.receive(bytes, now))
  }

  /** Counts a datagram as dropped that is too large to be sent, for a writer who cannot be told by a throw. */
  refuseDatagram(stream: MuxStream): void {
    this.#datagrams.refuse(stream)
  }

  /** Whether all datagrams that were sent have left or were dropped. If not, 'flow' tells when. */
  isDrained(stream: MuxStream): boolean {
    return this.#datagrams.isDrained(stream)
  }

  /** The next that came, at the start of a buffer of its own, which has a few bytes more behind it. Without one, 'flow' tells when to
   *  look again. */
  readDatagram(stream: MuxStream): Bytes | undefined {
    return this.#datagrams.read(stream)
  }

  /** Nobody reads any more: what came is dropped, and so is what will come. */
  ignoreDatagrams(stream: MuxStream): void {
    this.#datagrams.ignore(stream)
  }

  // ── inputs ──

  #handle(input: SessionInput, now: Millis): void {
    switch (input.type) {
      case 'started':
        this.#path.confirmation.start(now)
        return
      case 'detach':
        this.#detach()
        return
      case 'attach':
        this.#attach(input.path)
        return
      case 'message':
        this.#onMessage(input.lane, input.bytes, now)
        return
      case 'tick':
        this.#control.tick(now)
        this.#tellReady()
        this.#streams.tick(now)
        this.#datagrams.tick(now)
        this.#tickEnd(now)
        return
      case 'serve':
        this.#control.serve(input.served)
        this.#streams.served = input.served
        return
      case 'path':
        this.#control.locate(input.isAtTurn)
        this.#tellReady()
        return
      case 'opaque':
        this.#control.send(input.number, input.message)
        return
      case 'ping':
        if (this.#control.phase === 'open') this.#path.roundTrip.ask()
        return
      case 'close':
        this.#close({ code: input.code, reason: cutReason(input.reason, this.has('long-reason')) }, input.atOnce ?? false, now)
        return
      case 'fail':
        // Who has said goodbye may close the lanes.
        if (this.#state.phase === 'left') this.#endBy('remote', this.#state.goodbye)
        else this.#fail(input.error)
        return
    }
  }

  #onMessage(lane: LaneName | 'datagrams', bytes: Bytes, now: Millis): void {
    if (lane === 'datagrams') {
      if (this.#takesDatagrams) this.#datagrams.receive(bytes, () => now)
    } else if (lane === 'control') {
      this.#onControl(bytes, now)
    } else if (this.#control.phase === 'open') {
      this.#path.earlyBudget.lift()
      const before = this.unacknowledgedBytes
      for (const frame of unpackMessage(bytes)) this.#onFrame(lane, frame, now)
      if (this.#state.phase === 'leaving' && this.unacknowledgedBytes < before) this.#state.wait.goesOn(now)
      if (this.#state.phase === 'left') this.#awaitLast(this.#state.goodbye, this.#state.wait, now)
    } else if (this.#control.phase !== 'detached') {
      this.#path.early.keep(lane, bytes)
    }
  }

  /** On a first path no flow is open before it is confirmed; on another, those of the session are, and whose they are is not known. */
  get #takesDatagrams(): boolean {
    return this.#control.phase === 'open' || !this.#hasBegun
  }

  #onFrame(name: 'urgent' | 'bulk', bytes: Bytes, now: Millis): void {
    const frame = decodeFrame(bytes)
    if (frame.type === 'ack') {
      this.#lanes.acknowledged(frame.lane, frame.count, this.#streams, now)
      return
    }
    const { queue, ledger } = this.#lanes[name]
    ledger.receive(bytes.length, now)
    if (frame.type === 'fin') ledger.ackSoon(now)
    this.#streams.receive(queue, frame, now)
  }

  #onControl(bytes: Bytes, now: Millis): void {
    const event = this.#control.receive(bytes, now)
    if (event?.type !== 'ack' && !this.#controls.take(now)) throw violation('a flood of control messages')
    switch (event?.type) {
      case undefined:
        return
      case 'open':
        this.#onOpen(event.received, now)
        return
      case 'protocols':
        this.#streams.remoteServed = this.#control.remote?.served ?? []
        this.#outputs.push({ type: 'protocols', served: this.#control.remote?.served ?? [] })
        return
      case 'path':
        this.#outputs.push(event)
        return
      case 'alive':
        this.#path.earlyBudget.lift()
        if (event.roundTripMs !== undefined) this.#path.congestion.delay(event.roundTripMs, now)
        return
      case 'ack':
        this.#path.earlyBudget.lift()
        this.#lanes.acknowledged(event.lane, event.count, this.#streams, now)
        if (this.#state.phase === 'leaving') this.#state.wait.goesOn(now)
        return
      case 'opaque':
        this.#outputs.push(event)
        return
      case 'goaway':
        // Where we leave too, nobody reads what is still to come.
        if (this.#state.phase === 'live') this.#awaitLast(event, new Patience(now), now)
        else this.#endBy('remote', event)
    }
  }

  #onOpen(received: LaneCounts | undefined, now: Millis): void {
    const remote = this.#control.remote
    if (remote === undefined) return
    if (!this.#hasBegun) {
      this.#hasBegun = true
      this.#streams.begin(remote, { asks: this.#control.has('ask'), own: this.#control.has('own-credit') }, now)
    } else {
      this.#streams.remoteServed = remote.served
      this.#outputs.push({ type: 'protocols', served: remote.served })
    }
    if (received !== undefined) {
      this.#lanes.resume(received, this.#streams)
      this.#outputs.push({ type: 'resumed' })
    }
    this.#tellReady()
    for (const { lane, bytes } of this.#path.early.take()) this.#onMessage(lane, bytes, now)
  }

  // ── paths ──

  /** The path is gone. What was sent on it and not acknowledged is kept; nothing leaves before `attach`. */
  #detach(): void {
    if (this.#control.phase === 'detached') return
    // The remote has ended its session with its goodbye: there is nothing to go on with.
    if (this.#state.phase === 'left') {
      this.#endBy('remote', this.#state.goodbye)
      return
    }
    this.#lanes.detach()
    this.#control.detach()
  }

  /** Goes on over another path, where both ends can. */
  #attach(config: PathConfig): void {
    if (this.#control.phase !== 'detached') throw new KithError('invalid-argument', 'detach one path before you attach another')
    if (this.#hasBegun && !this.has('resume')) {
      throw new KithError('lost', 'One side cannot go on over another path: connect again.', { source: 'network' })
    }
    this.#path = new Path(config)
    this.#path.checkFrameSize(this.#frameMaxBytes)
    this.#lanes.attach(this.#path)
    this.#control.attach(this.#path, this.#lanes.received)
  }

  /** Once their hello has come and ours waits for nothing. */
  #tellReady(): void {
    const { remote, isHolding } = this.#control
    if (this.#isReadyTold || remote === undefined || isHolding) return
    this.#isReadyTold = true
    this.#outputs.push({ type: 'ready', instance: remote.instance, served: remote.served })
  }

  // ── what goes out ──

  #pullControl(now: Millis): Bytes | undefined {
    this.#lanes.collectAcks(this.#control, now)
    const state = this.#state
    if (state.phase === 'leaving' && (this.#lanes.isIdle || state.wait.isOver(now)))
      this.#control.leave(this.#counted(state.goodbye))
    const message = this.#control.pull(now)
    if (state.phase === 'leaving' && this.#control.phase === 'left') this.#endBy('local', state.goodbye)
    return message
  }

  // ── ends ──

  get #isOver(): boolean {
    return this.#state.phase === 'ended'
  }

  #close(goodbye: Goodbye, atOnce: boolean, now: Millis): void {
    switch (this.#state.phase) {
      case 'live':
        this.#goodbye = goodbye
        if (this.#control.phase === 'confirming' && !this.#hasBegun) {
          this.#endBy('local', goodbye)
          return
        }
        this.#streams.leave()
        this.#state = { phase: 'leaving', goodbye, wait: new Patience(atOnce ? Number.NEGATIVE_INFINITY : now) }
        return
      case 'leaving':
        if (atOnce) this.#state = { ...this.#state, wait: new Patience(Number.NEGATIVE_INFINITY) }
        return
      case 'left':
        this.#endBy('remote', this.#state.goodbye)
        return
      case 'ended':
        return
    }
  }

  #tickEnd(now: Millis): void {
    const state = this.#state
    if ((state.phase !== 'leaving' && state.phase !== 'left') || !state.wait.isOver(now)) return
    if (state.phase === 'left') this.#endBy('remote', state.goodbye)
    // Our goaway goes with the next pull: until the control lane has room for it, there is nothing to wake up for.
    else this.#isOverdue = true
  }

  /** Throws 'closed'. */
  #checkLive(): void {
    switch (this.#state.phase) {
      case 'live':
        return
      case 'left':
        throw new KithError('closed', 'the remote is closing the connection', { source: 'remote' })
      case 'leaving':
      case 'ended':
        throw new KithError('closed', 'the link is not open')
    }
  }

  #counted({ code, reason }: Goodbye): Goodbye {
    if (!this.has('counted-goodbye')) return { code, reason }
    return { code, reason, sent: this.#lanes.sent }
  }

  /** Their goaway has come: the link ends when all has that they sent before. It may travel slower, on lanes of its own. */
  #awaitLast(goodbye: Goodbye, wait: Patience, now: Millis): void {
    const { urgent, bulk } = this.#lanes.received
    const isAll = !goodbye.sent || (urgent >= goodbye.sent.urgent && bulk >= goodbye.sent.bulk)
    if (isAll) {
      this.#endBy('remote', goodbye)
      return
    }
    wait.goesOn(now)
    if (this.#state.phase !== 'left') this.#outputs.push({ type: 'leaving' })
    this.#state = { phase: 'left', goodbye, wait }
  }

  #lastDeadline(): Millis | undefined {
    const state = this.#state
    const waits = state.phase === 'left' || (state.phase === 'leaving' && !this.#isOverdue)
    return sooner(this.#streams.deadline(), waits ? state.wait.deadline : undefined)
  }

  #endBy(by: 'local' | 'remote', { code, reason }: Goodbye): void {
    this.#end({ type: 'closed', by, code, reason })
  }

  #orFail(step: () => void): void {
    try {
      step()
    } catch (error) {
      // A bug of ours is not a remote's doing: it must not be passed off as one.
      if (!(error instanceof KithError)) throw error
      this.#fail(error)
    }
  }

  #fail(error: KithError): void {
    this.#end({ type: 'failed', error })
  }

  #end(output: SessionOutput): void {
    if (this.#isOver) return
    this.#state = { phase: 'ended' }
    this.#streams.end()
    this.#outputs.push(output)
  }
}

function sooner(a: Millis | undefined, b: Millis | undefined): Millis | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}
