/**
 * One end of a link: a session as promises, WHATWG streams and callbacks. The session decides; the driver carries its messages over the
 * four lanes of a path; streams, control messages and the closing handshake are parts of their own.
 */
import {
  type Bytes,
  type Feature,
  KithError,
  type OpaqueType,
  type Packable,
  PROTOCOLS_MAX,
  type ProtocolName,
  pack,
  type ServedProtocols,
  Session,
  type SessionOutput,
} from '@kith/protocol'
import type { Stop } from '../api.ts'
import { type Deferred, deferred } from '../runtime/deferred.ts'
import { guarded, makeStop } from '../runtime/events.ts'
import { Closing } from './closing.ts'
import { type ControlListener, ControlMessages } from './control-messages.ts'
import { LaneDriver } from './lane-driver.ts'
import { LinkStreams } from './link-streams.ts'
import type { LinkCloseOptions, LinkOpenOptions, LinkOptions, LinkStats } from './options.ts'
import type { LinkStream } from './stream.ts'

export type { LinkOpenOptions, LinkOptions, LinkStats } from './options.ts'
export { LinkStream } from './stream.ts'

export class Link {
  /** Both ends have confirmed and said hello. Rejects when the link ends before. */
  readonly ready: Promise<{ instance: Bytes; protocols: ReadonlySet<ProtocolName> }>
  /** Fulfils after a goodbye of either side, rejects otherwise; never an unhandled rejection. */
  readonly closed: Promise<{ code: number; reason: string }>

  readonly #session: Session
  readonly #driver: LaneDriver
  readonly #streams: LinkStreams
  readonly #control: ControlMessages
  readonly #closing: Closing
  readonly #ready: Deferred<{ instance: Bytes; protocols: ReadonlySet<ProtocolName> }> = deferred()
  readonly #closed: Deferred<{ code: number; reason: string }> = deferred()
  readonly #protocolListeners = new Set<(protocols: ReadonlySet<ProtocolName>) => void>()
  readonly #pathListeners = new Set<() => void>()
  readonly #messageListeners = new Set<() => void>()
  readonly #leavingListeners = new Set<() => void>()
  #remoteProtocols: ReadonlySet<ProtocolName> = new Set()
  #isLeaving = false
  #isEnded = false

  /** Throws 'invalid-argument' for more than PROTOCOLS_MAX protocols. */
  constructor(options: LinkOptions) {
    const { lanes, role, confirmation, instance, maxMessageSize } = options
    const session = new Session({
      role,
      confirmation,
      instance,
      maxMessageSize,
      served: served(options.protocols),
      ...(options.features && { features: options.features }),
      awaitsPath: options.awaitsPath ?? false,
    })
    this.#session = session
    this.ready = this.#ready.promise
    this.closed = this.#closed.promise
    // Not every user awaits them: no unhandled rejections.
    this.ready.catch(() => undefined)
    this.closed.catch(() => undefined)
    this.#closing = new Closing(lanes.control)
    this.#control = new ControlMessages((error) => this.fail(error))
    const driver = new LaneDriver({
      session,
      lanes,
      onOutput: (output) => this.#act(output),
      onMessage: (isDatagram) => this.#messageCame(isDatagram),
    })
    this.#driver = driver
    this.#streams = new LinkStreams({ session, driver, ready: this.ready, onIncoming: options.onIncoming })
    driver.start()
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

  /** Says to the remote whether our end of the path is at a TURN server: at first and at each change. Undefined: not known now. */
  locate(isAtTurn: boolean | undefined): void {
    this.#driver.give({ type: 'path', isAtTurn })
    call(this.#pathListeners)
  }

  /** Calls back when either end has said where it is. */
  onPath(listener: () => void): Stop {
    return listen(this.#pathListeners, listener)
  }

  get stats(): LinkStats {
    return { streams: this.#session.streams, datagrams: this.#session.datagrams }
  }

  /** Calls back whenever the remote changes what it serves. */
  onProtocols(listener: (protocols: ReadonlySet<ProtocolName>) => void): Stop {
    return listen(this.#protocolListeners, listener)
  }

  /** From now on we serve these. Throws 'invalid-argument' for more than PROTOCOLS_MAX. */
  setProtocols(protocols: readonly ProtocolName[]): void {
    this.#driver.give({ type: 'serve', served: served(protocols) })
  }

  /**
   * Opens a stream for the first of `protocols` that the remote serves. On a ready link this takes no round trip: if the remote rejects
   * the stream, both halves reject with 'unsupported-protocol', 'too-many' or 'refused'. Only where the remote has not said that it
   * serves any of them, this waits for its answer, since its list may be late.
   * Rejects with these, with 'invalid-protocol', 'invalid-argument', 'too-large' (params), 'aborted', 'timeout', or with what ended the
   * link.
   */
  open(protocols: ProtocolName | readonly ProtocolName[], options: LinkOpenOptions = {}): Promise<LinkStream> {
    return this.#streams.open(protocols, options)
  }

  /**
   * Says goodbye behind all that was written, and closes the lanes. Streams end with 'closed' at once. The promise fulfils when the
   * remote has all of it and has closed too, or a second after its last message: a path that is torn down earlier loses the goodbye.
   * `atOnce`, as when the page ends: what the lanes take leaves before this returns, and the goodbye with it.
   */
  async close({ code = 0, reason = '', atOnce = false }: LinkCloseOptions = {}): Promise<void> {
    if (!Number.isSafeInteger(code) || code < 0) throw new KithError('invalid-argument', 'A code must be a whole number from 0.')
    this.#closing.begin()
    this.#streams.stopServing()
    // What has happened before this call counts: the remote may have all of a stream. After the end it would come too late.
    this.#driver.dispatchAll()
    this.#driver.give({ type: 'close', code, reason, atOnce })
    const { goodbye } = this.#session
    this.#end({ type: 'closed', by: 'local', ...goodbye })
    if (await this.#closing.untilSent()) await this.#closing.untilAnswered()
    else this.fail(new KithError('lost', 'The goodbye could not leave.', { source: 'network' }))
    this.#driver.closeLanes()
    this.#closed.resolve(goodbye)
  }

  /** The path is gone for good: every pending read and write rejects with `error`. */
  fail(error: KithError): void {
    this.#driver.give({ type: 'fail', error })
  }

  /** No stream is open, and the remote has all that was sent. */
  get isIdle(): boolean {
    return this.#session.streams === 0 && this.#session.unacknowledgedBytes === 0
  }

  /** When the remote's last message came, but for datagrams; by `performance.now()`. 0: none has. */
  get heardAt(): number {
    return this.#driver.heardAt
  }

  /** The remote has said goodbye, and its last data is awaited: what comes can be read, and nothing new begins. */
  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** Calls back when `isLeaving` becomes true. */
  onLeaving(listener: () => void): Stop {
    return listen(this.#leavingListeners, listener)
  }

  /** Calls back at every message of the remote's. */
  onHeard(listener: () => void): Stop {
    return listen(this.#messageListeners, listener)
  }

  /** Asks the remote for a sign of life. */
  ping(): void {
    this.#driver.give({ type: 'ping' })
  }

  /** For parts of the control lane that are not the link's: SDP for media (4), mentions (10), that another connection is in use (11), and
   *  relays (12). */
  sendControl(type: OpaqueType, fields: readonly Packable[]): void {
    this.#driver.give({ type: 'opaque', number: type, message: pack([type, ...fields]) })
  }

  /**
   * Gets the fields behind the type. A listener that throws 'peer-violation' fails the link. What came before the first listener is
   * delivered in a microtask, to all listeners that there are by then.
   */
  onControl(listener: ControlListener): Stop {
    return this.#control.on(listener)
  }

  #messageCame(isDatagram: boolean): void {
    for (const listener of this.#messageListeners) listener()
    if (!isDatagram) this.#closing.heard()
  }

  #act(output: SessionOutput): void {
    switch (output.type) {
      case 'ready':
        this.#remoteProtocols = new Set(this.#session.remoteProtocols())
        this.#ready.resolve({ instance: output.instance, protocols: this.#remoteProtocols })
        return
      case 'protocols':
        if (this.#closing.hasBegun) return
        this.#remoteProtocols = new Set(this.#session.remoteProtocols())
        for (const listener of this.#protocolListeners) guarded(() => listener(this.#remoteProtocols))
        return
      case 'path':
        call(this.#pathListeners)
        return
      case 'opaque':
        if (!this.#closing.hasBegun) this.#control.deliver(output.number, output.message)
        return
      case 'resumed':
        return
      case 'leaving':
        this.#isLeaving = true
        call(this.#leavingListeners)
        return
      case 'closed':
      case 'failed':
        this.#driver.stop()
        this.#closing.sessionEnded()
        this.#end(output)
        if (output.type === 'failed' || output.by === 'remote') this.#driver.closeLanes()
        return
      default:
        this.#streams.handle(output)
    }
  }

  #end(output: Extract<SessionOutput, { type: 'closed' | 'failed' }>): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#control.end()
    let error: KithError
    if (output.type === 'closed') {
      const { by, code, reason } = output
      error = new KithError('closed', reason || 'The connection was closed.', { source: by })
      // Our own goodbye may still be in the lane's buffer: `close` waits for it.
      if (by === 'remote') this.#closed.resolve({ code, reason })
    } else {
      error = output.error
      this.#closed.reject(error)
    }
    this.#ready.reject(error)
    // A local close discards unread data. After a remote or network end it stays readable.
    const isReadable = output.type === 'closed' ? output.by === 'remote' : error.code === 'lost'
    this.#streams.end(error, isReadable)
  }
}

function listen<T>(listeners: Set<T>, listener: T): Stop {
  listeners.add(listener)
  return makeStop(() => listeners.delete(listener))
}

function call(listeners: ReadonlySet<() => void>): void {
  for (const listener of listeners) guarded(listener)
}

function served(protocols: readonly ProtocolName[]): ServedProtocols {
  if (protocols.length > PROTOCOLS_MAX)
    throw new KithError('invalid-argument', `At most ${PROTOCOLS_MAX} protocols can be served: stop serving some.`)
  return [[0, protocols]]
}
