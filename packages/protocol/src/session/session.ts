/**
 * The link: many streams over a few ordered lanes between two peers who have just shaken hands.
 *
 * A lane is a reliable, ordered channel of whole messages. Control says who is there and what they serve (session.ts), urgent
 * and bulk carry the frames of streams (frames.ts); a stream stays on one lane, so its frames keep their order, and nothing may
 * be concluded from the order of frames on different lanes. Lanes may deliver before the control lane has said who speaks: such
 * frames are kept, and handed on after confirm and hello. Beside the ordered lanes there is one for datagrams (datagrams.ts).
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
import { type Bytes, type Machine, type Millis, sooner } from '../machine.ts'
import { Datagrams } from '../mux/datagrams.ts'
import { Fifo } from '../mux/fifo.ts'
import type { Scope } from '../mux/frames.ts'
import type { LaneName } from '../mux/lane-queue.ts'
import { unpackMessage } from '../mux/packing.ts'
import { protocolsIn } from '../mux/served.ts'
import { Streams } from '../mux/streams.ts'
import { Path, type PathConfig } from '../path/path.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Goodbye } from './control.ts'
import { ControlLane, type LaneCounts } from './control-lane.ts'
import { Farewell, type FarewellState } from './farewell.ts'
import type { Feature } from './features.ts'
import type { SessionConfig, SessionInput, SessionOutput } from './io.ts'
import { Lanes } from './lanes.ts'
import { cutReason } from './reason.ts'
import { StreamMethods } from './stream-methods.ts'

export class Session extends StreamMethods implements Machine<SessionInput, SessionOutput> {
  /** Of the first path: what was sent on it may go again on any. */
  readonly #frameMaxBytes: number
  readonly #control: ControlLane
  readonly #lanes: Lanes
  protected readonly all: Streams
  protected readonly flows: Datagrams
  readonly #outputs = new Fifo<SessionOutput>()
  #path: Path
  #isReadyTold = false
  /** The remote's first hello has come. */
  #hasBegun = false
  /** Messages of the control lane but acknowledgements. */
  readonly #controls = new TokenBucket(CONTROL_PER_SECOND, CONTROL_BURST, Number.NEGATIVE_INFINITY)
  readonly #farewell = new Farewell()
  #goodbye: Goodbye = { code: 0, reason: '' }

  constructor(config: SessionConfig) {
    super()
    this.#path = new Path(config)
    this.#frameMaxBytes = this.#path.frameMaxBytes
    this.#control = new ControlLane(config, this.#path)
    const lanes = new Lanes(this.#path)
    this.#lanes = lanes
    this.all = new Streams({
      role: config.role,
      lanes: { urgent: lanes.urgent.queue, bulk: lanes.bulk.queue },
      frameMaxBytes: this.#frameMaxBytes,
      served: config.served,
      tell: (output) => this.#outputs.push(output),
      roomBytes: (queue, now) => lanes.roomBytes(queue, now),
      frameBytes: () => lanes.frameBytes(this.flows.isWaiting),
    })
    this.flows = new Datagrams(this.all.table, (stream) => this.#outputs.push({ type: 'flow', stream }))
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
      sooner(this.#control.deadline(), this.#lanes.dueAt),
      sooner(this.flows.deadline(), sooner(this.all.deadline(), this.#farewell.deadline())),
    )
  }

  /** The next message for a lane, or undefined when there is none. It stays the machine's: send it at once, never change it. */
  pull(name: LaneName | 'datagrams', now: Millis): Bytes | undefined {
    if (this.#isOver) return undefined
    if (name === 'control') return this.#pullControl(now)
    if (this.#control.phase !== 'open') return undefined
    if (name === 'datagrams') return this.flows.pull(now)
    // No writer gets 'writable' any more, so none has to be waited for.
    if (this.#farewell.state.phase === 'leaving') this.all.outgoing.release()
    const message = this.#lanes.pull(name, this.all, this.#control, now)
    if (message !== undefined) this.#path.earlyBudget.use(message.length)
    return message
  }

  /**
   * Whether something is held back for writers of higher priority who have just been told of room ('writable'). Give them a turn, in
   * which they can write, then `release` and pull again.
   */
  get isHolding(): boolean {
    return this.#farewell.state.phase !== 'ended' && this.all.outgoing.isHolding
  }

  /** Bytes in a lane's buffer from which on nothing more is to be pulled for it; at half of it, pull again. Follows the path's rate. */
  bufferBytes(name: LaneName | 'datagrams'): number {
    return this.#lanes.bufferBytes(name)
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
    return this.#control.remoteFeatures
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

  /** Bytes kept because the remote has not acknowledged them. */
  get unacknowledgedBytes(): number {
    return this.#lanes.keptBytes
  }

  /** As `handle` with a message of their lane, whose buffer is ours from now on: asking the clock for each would cost more than taking
   *  it. */
  receiveDatagram(bytes: Bytes, now: () => Millis): void {
    if (!this.#isOver && this.#takesDatagrams) this.#orFail(() => this.flows.receive(bytes, now))
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
        this.#lanes.tick(now)
        this.all.tick(now)
        this.flows.tick(now)
        if (this.#farewell.tick(now)) this.#leftBy(this.#farewell.state)
        return
      case 'serve':
        this.#control.serve(input.served)
        this.all.served = input.served
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
        // A remote that has sent its goaway may close the lanes.
        if (!this.#leftBy(this.#farewell.state)) this.#fail(input.error)
        return
    }
  }

  #onMessage(lane: LaneName | 'datagrams', bytes: Bytes, now: Millis): void {
    if (lane === 'datagrams') {
      if (this.#takesDatagrams) this.flows.receive(bytes, () => now)
    } else if (lane === 'control') {
      this.#onControl(bytes, now)
    } else if (this.#control.phase === 'open') {
      this.#path.earlyBudget.lift()
      const before = this.unacknowledgedBytes
      for (const frame of unpackMessage(bytes)) this.#lanes.receive(lane, frame, this.all, now)
      const { state } = this.#farewell
      if (state.phase === 'leaving' && this.unacknowledgedBytes < before) this.#farewell.goesOn(now)
      if (state.phase === 'left') this.#awaitLast(state.goodbye, now)
    } else if (this.#control.phase !== 'detached') {
      this.#path.early.keep(lane, bytes)
    }
  }

  /** On a first path no flow is open before it is confirmed; on another, those of the session are, and whose they are is not known. */
  get #takesDatagrams(): boolean {
    return this.#control.phase === 'open' || !this.#hasBegun
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
        this.all.remoteServed = this.#control.remote?.served ?? []
        this.#outputs.push({ type: 'protocols', served: this.#control.remote?.served ?? [] })
        return
      case 'alive':
        this.#path.earlyBudget.lift()
        if (event.roundTripMs !== undefined) this.#path.congestion.delay(event.roundTripMs, now)
        return
      case 'ack':
        this.#path.earlyBudget.lift()
        this.#lanes.acknowledged(event.lane, event.count, this.all, now)
        this.#farewell.goesOn(now)
        return
      case 'path':
      case 'opaque':
        this.#outputs.push(event)
        return
      case 'goaway':
        // Where we leave too, what is still to come has no reader.
        if (this.#farewell.state.phase === 'live') this.#awaitLast(event, now)
        else this.#endBy('remote', event)
    }
  }

  #onOpen(received: LaneCounts | undefined, now: Millis): void {
    const remote = this.#control.remote
    if (remote === undefined) return
    if (this.has('prompt-acks')) this.#path.congestion.acksPromptly()
    if (!this.#hasBegun) {
      this.#hasBegun = true
      this.all.begin(remote, { asks: this.#control.has('ask'), own: this.#control.has('own-credit') }, now)
    } else {
      this.all.remoteServed = remote.served
      this.#outputs.push({ type: 'protocols', served: remote.served })
    }
    if (received !== undefined) {
      this.#lanes.resume(received, this.all)
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
    if (this.#leftBy(this.#farewell.state)) return
    this.#lanes.detach()
    this.#control.detach()
  }

  /** Goes on over another path, where both ends can. */
  #attach(config: PathConfig): void {
    if (this.#control.phase !== 'detached') throw new KithError('invalid-argument', 'Detach one path before you attach another.')
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
    const { state } = this.#farewell
    if (state.phase === 'leaving' && (this.#lanes.isIdle || state.wait.isOver(now)))
      this.#control.leave(state.goodbye, this.#lanes.sent)
    const message = this.#control.pull(now)
    if (state.phase === 'leaving' && this.#control.phase === 'left') this.#endBy('local', state.goodbye)
    return message
  }

  // ── ends ──

  get #isOver(): boolean {
    return this.#farewell.state.phase === 'ended'
  }

  protected override checkLive(): void {
    this.#farewell.checkLive()
  }

  protected override checkOpen(): void {
    this.#farewell.checkLive()
    if (!this.#hasBegun) throw new KithError('closed', 'The connection is not open.')
  }

  #close(goodbye: Goodbye, atOnce: boolean, now: Millis): void {
    const { state } = this.#farewell
    if (this.#leftBy(state)) return
    if (state.phase === 'leaving') {
      if (atOnce) this.#farewell.leave(state.goodbye, true, now)
      return
    }
    this.#goodbye = goodbye
    if (this.#control.phase === 'confirming' && !this.#hasBegun) {
      this.#endBy('local', goodbye)
      return
    }
    this.all.leave()
    this.#farewell.leave(goodbye, atOnce, now)
  }

  /** Their goaway has come: the session ends when all has that they sent before. */
  #awaitLast(goodbye: Goodbye, now: Millis): void {
    const isNews = this.#farewell.state.phase !== 'left'
    if (this.#farewell.await(goodbye, this.#lanes.received, now)) this.#endBy('remote', goodbye)
    else if (isNews) this.#outputs.push({ type: 'leaving' })
  }

  /** Ends, where the remote has said goodbye: there is nothing more to wait for. */
  #leftBy(state: FarewellState): boolean {
    if (state.phase === 'left') this.#endBy('remote', state.goodbye)
    return state.phase === 'left'
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
    this.#farewell.end()
    this.all.end()
    this.#outputs.push(output)
  }
}
