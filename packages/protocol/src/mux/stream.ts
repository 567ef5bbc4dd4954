import type { ProtocolName } from '../identity/protocol-name.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { Flow } from './flow.ts'
import {
  encodeAbort,
  encodeAccept,
  encodeCredit,
  encodeOwnCredit,
  encodeReset,
  encodeStop,
  type OpenHeader,
  type Scope,
  type StreamKind,
} from './frames.ts'
import type { LaneQueue } from './lane-queue.ts'
import type { ReceiveHalf } from './receive-half.ts'
import type { SendHalf } from './send-half.ts'

/** What the machine tells of streams. */
export type StreamOutput =
  /** Answer with `accept` or `reject`. Outputs about what came in one message with its OPEN follow in either case. */
  | { readonly type: 'incoming'; readonly stream: MuxStream }
  /** The remote has taken a stream that asked: `protocol` is what is spoken, and writing may begin. */
  | { readonly type: 'answered'; readonly stream: MuxStream }
  /** `read` found nothing before and may find something, or the end, now. */
  | { readonly type: 'readable'; readonly stream: MuxStream }
  /** `write` took less than all before and may take more now. */
  | { readonly type: 'writable'; readonly stream: MuxStream }
  /** The remote has everything up to our FIN. */
  | { readonly type: 'finished'; readonly stream: MuxStream }
  | { readonly type: 'rejected'; readonly stream: MuxStream; readonly code: number }
  /** The remote ended both halves. What it had finished can still be read. */
  | { readonly type: 'reset'; readonly stream: MuxStream; readonly code: number }
  /** The remote cut short what it was writing. */
  | { readonly type: 'aborted'; readonly stream: MuxStream; readonly code: number }
  /** The remote reads no more. */
  | { readonly type: 'stopped'; readonly stream: MuxStream; readonly code: number }
  /** `readDatagram` found nothing before and may find something now, or all is gone for which `isDrained` was asked. */
  | { readonly type: 'flow'; readonly stream: MuxStream }

export interface OpenRequest {
  readonly kind?: StreamKind
  /** In order of preference; the first that the remote serves is spoken. At most PROTOCOLS_MAX. */
  readonly protocols: readonly ProtocolName[]
  readonly priority?: number
  readonly scope?: Scope
  readonly params?: unknown
}

export interface StreamInit extends Pick<MuxStream, 'id' | 'opener' | 'protocol' | 'header' | 'lane' | 'send' | 'receive'> {
  readonly asks?: boolean
}

/**
 * One stream, as the machine keeps it. For its users it is a handle whose fields are read and never written. Its halves end
 * independently; it is forgotten when both have and all that we sent was acknowledged.
 */
export class MuxStream {
  /** On the wire. Changes once, should an OPEN that crossed a change of protocols be tried again. */
  id: number
  readonly opener: 'local' | 'remote'
  /** Of one that asks: the one it would like best, until the remote has chosen. */
  protocol: ProtocolName
  header: OpenHeader
  readonly lane: LaneQueue<MuxStream>
  send: SendHalf
  readonly receive: ReceiveHalf

  /** Whether the side that did not open it has accepted it. */
  accepted = false
  /** Opened by us for what the remote may or may not serve: it sends nothing before the remote has said what is spoken. */
  readonly asks: boolean
  /** Opened by the remote for what is not served yet: the application does not know of it. Outputs about it wait here. */
  held: StreamOutput[] | undefined
  retried = false
  /** All that we sent up to FIN has arrived. */
  finArrived = false
  /** We ended it abruptly; what still comes for it is thrown away. */
  reset = false
  /** The remote ended it abruptly. */
  remoteReset = false
  /** It no longer counts as open. */
  released = false

  /** Its datagrams, once it was opened by us or accepted, where its kind is 'datagrams'. */
  flow: Flow | undefined

  /** What is to be said as soon as the lane has room. Merged, never queued: a remote cannot make this grow. */
  readonly signals: {
    accept: boolean
    credit: boolean
    ownCredit: boolean
    stop: number | undefined
    abort: number | undefined
    reset: number | undefined
  } = { accept: false, credit: false, ownCredit: false, stop: undefined, abort: undefined, reset: undefined }
  /** Whether the lane's queue of signals holds it. */
  signalled = false
  scheduled = false
  round = 0
  roundBytes = 0
  /** Frames sent for it and not yet acknowledged. */
  unacknowledged = 0

  /** The reader found nothing and wants to be told; so does the writer that found no room. */
  readerWaits = true
  writerWaits = false

  constructor(init: StreamInit) {
    this.id = init.id
    this.opener = init.opener
    this.protocol = init.protocol
    this.header = init.header
    this.lane = init.lane
    this.send = init.send
    this.receive = init.receive
    this.asks = init.asks ?? false
  }

  /** Whether what is spoken on it is still to be said. */
  get isAsking(): boolean {
    return this.asks && !this.accepted
  }

  get kind(): StreamKind {
    return this.header.kind
  }

  get priority(): number {
    return this.header.priority
  }

  get scope(): Scope {
    return this.header.scope
  }

  get params(): unknown {
    return this.header.params
  }

  get hasSignals(): boolean {
    const { accept, credit, ownCredit, stop, abort, reset } = this.signals
    return accept || credit || ownCredit || stop !== undefined || abort !== undefined || reset !== undefined
  }

  /** Queues it with its lane, if there is something to say. */
  raise(): void {
    // Nothing can be said of a stream that the remote has not heard of.
    if (this.signalled || this.send.opening || !this.hasSignals) return
    this.signalled = true
    this.lane.signals.push(this)
  }

  /** Queues the grants that are due. */
  raiseCredit(): void {
    const { creditDue, ownCreditDue } = this.receive
    if ((!creditDue && !ownCreditDue) || this.reset) return
    if (creditDue) this.signals.credit = true
    if (ownCreditDue) this.signals.ownCredit = true
    this.raise()
  }

  /** Nothing more is sent, but an OPEN that has not left. */
  dropSending(): void {
    this.send.drop()
    this.lane.scheduler.reconsider(this)
  }

  /** The next thing to be said of it, once the lane's turn for it has come. */
  nextSignal(now: Millis, roundTripMs: number | undefined): Bytes | undefined {
    const { id, signals } = this
    if (signals.accept) {
      signals.accept = false
      return encodeAccept(id, this.protocol)
    }
    if (signals.reset !== undefined) {
      const code = signals.reset
      signals.reset = undefined
      return encodeReset(id, code)
    }
    if (signals.abort !== undefined) {
      const code = signals.abort
      signals.abort = undefined
      return encodeAbort(id, code)
    }
    if (signals.stop !== undefined) {
      const code = signals.stop
      signals.stop = undefined
      return encodeStop(id, code)
    }
    if (signals.credit) {
      signals.credit = false
      return encodeCredit(id, this.receive.grant(now, roundTripMs))
    }
    if (signals.ownCredit) {
      signals.ownCredit = false
      return encodeOwnCredit(id, this.receive.grantOwn(now))
    }
    return undefined
  }
}
