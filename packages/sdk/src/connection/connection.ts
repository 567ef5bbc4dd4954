/** What carries all conversations with one peer: a link, and the RTCPeerConnection under it. */
import { type Bytes, hex, KithError, type PeerId, type ProtocolName } from '@kith/protocol'
import type {
  Connection,
  ConnectionEvents,
  ConnectionStats,
  Contact,
  Datagrams,
  IncomingMedia,
  Media,
  OpenOptions,
  Stop,
  Stream,
} from '../api.ts'
import type { Negotiator, NegotiatorState } from '../path/webrtc/negotiator.ts'

import { Emitter, report } from '../runtime/events.ts'
import type { Link, LinkStream } from '../session/link.ts'
import type { LinkCloseOptions } from '../session/options.ts'
import { datagrams } from './datagrams.ts'
import type { MediaOpenOptions } from './media/calls.ts'
import { LateCalls } from './media/late-calls.ts'
import { qualityOf } from './quality.ts'
import { Retirement } from './retirement.ts'

export interface ConnectionOptions {
  readonly remote: PeerId
  /** Which of the remote's tabs or devices it is, and which of the two ends' dials it came of; 16 bytes each. */
  readonly instance: Bytes
  readonly dialId: Bytes
  readonly link: Link
  readonly negotiator: Negotiator
  /** Both ends are tabs of this browser. */
  readonly isLocal: boolean
  readonly contact: () => Contact | undefined
}

/** When the path is read again: ICE may find a better pair, and Firefox does not say when it does. */
const PATH_MS = 200

/** A ping that was not answered for so long, in so many steps: a page that was busy itself has not waited. */
const PROBE_MS = 2_000
const PROBE_STEPS = 8

export class LiveConnection implements Connection {
  readonly remote: PeerId
  /** In hex, of the remote and of the dial. */
  readonly instance: string
  readonly dialId: string
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #options: ConnectionOptions
  readonly #events = new Emitter<ConnectionEvents>()
  readonly #calls: LateCalls
  readonly #retirement: Retirement
  readonly #watchers = new Set<() => void>()
  /** ICE has the remote's consent (RFC 7675). */
  #hasConsent = true
  /** Something speaks against the remote's being there; until it is heard again. */
  #isDoubted = false
  /** In doubt, it was asked for a sign of life and gave none. */
  #isSilent = false
  #state: Connection['state'] = 'connected'
  #path: Connection['path']

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.remote = options.remote
    this.instance = hex(options.instance)
    this.dialId = hex(options.dialId)
    const { link } = options
    this.#path = options.isLocal ? 'local' : (this.#located ?? 'direct')
    link.onPath(() => this.#pathMoved())
    this.#calls = new LateCalls({ link, negotiator: options.negotiator, connection: this })
    this.#retirement = new Retirement(
      link,
      () => {
        // Its promise is `closed`, which those who care await.
        this.close({ reason: 'another connection is in use' }).catch(() => undefined)
      },
      () => this.#update(),
    )
    link.onLeaving(() => this.#update())
    link.onProtocols((protocols) => this.#events.emit('protocols', protocols))
    const secondReading = setTimeout(() => {
      // Where it closed before its statistics came, there is no path to tell of.
      options.negotiator.stats().catch(() => undefined)
    }, PATH_MS)
    this.closed = link.closed.finally(() => {
      clearTimeout(secondReading)
      options.negotiator.close()
      this.#become('closed')
    })
    // Callers may await it or not: a rejection that none awaits is not an unhandled one.
    this.closed.catch(() => undefined)
  }

  async getStats(): Promise<ConnectionStats> {
    const { roundTripMs = this.#options.link.roundTripMs, ...measured } = await this.#options.negotiator.stats()
    if (this.#state === 'closed') throw new KithError('closed', 'The connection has closed.')
    const { streams, datagrams } = this.#options.link.stats
    const quality = qualityOf(this.#state === 'connected' && this.#located !== undefined, roundTripMs, measured.lossRatio)
    return { path: this.#path, quality, roundTripMs, ...measured, streams, datagrams }
  }

  get contact(): Contact | undefined {
    return this.#options.contact()
  }

  get protocols(): ReadonlySet<ProtocolName> {
    return this.#options.link.remoteProtocols
  }

  get state(): Connection['state'] {
    return this.#state
  }

  get path(): Connection['path'] {
    return this.#path
  }

  /** Whether streams are opened on it without a second thought. */
  get isSure(): boolean {
    return this.#state === 'connected' && !this.#isDoubted && !this.#retirement.isFinal && !this.#options.link.isLeaving
  }

  /** Whether it may serve again: it is not closed by either side, nor given up for another. */
  get isLive(): boolean {
    return this.#state !== 'closed' && !this.#retirement.isFinal && !this.#options.link.isLeaving
  }

  /** By `performance.now()`; 0: nothing was heard. */
  get heardAt(): number {
    return this.#options.link.heardAt
  }

  /** Calls back when `isSure` or `isLive` may have changed. */
  watch(listener: () => void): void {
    this.#watchers.add(listener)
  }

  /** Whether the remote gives a sign of life within PROBE_MS, when it is asked for one. */
  probe(): Promise<boolean> {
    const { link } = this.#options
    return new Promise((resolve) => {
      let steps = 0
      const done = (isAlive: boolean) => {
        clearInterval(timer)
        stop()
        resolve(isAlive)
      }
      const timer = setInterval(() => {
        steps += 1
        if (steps === PROBE_STEPS) done(false)
      }, PROBE_MS / PROBE_STEPS)
      const stop = link.onHeard(() => done(true))
      link.closed.then(
        () => done(false),
        () => done(false),
      )
      link.ping()
    })
  }

  /**
   * Something speaks against the remote's being there, as a knock of its next start does. Until it is heard again new streams look
   * for another connection; without a sign of life for PROBE_MS it is 'reconnecting'.
   */
  doubt(): void {
    if (this.#isDoubted || this.#state === 'closed') return
    this.#isDoubted = true
    const stop = this.#options.link.onHeard(() => {
      stop()
      this.#isDoubted = this.#isSilent = false
      this.#update()
    })
    this.probe().then((isAlive) => {
      this.#isSilent = this.#isDoubted && !isAlive
      this.#update()
    }, report)
    this.#update()
  }

  /** Another connection with the same instance takes all new streams; `false`: no longer. */
  retire(isReplaced: boolean): void {
    if (isReplaced) this.#retirement.begin()
    else this.#retirement.cancel()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (payload: ConnectionEvents[E]) => unknown): Stop {
    return this.#events.on(event, listener)
  }

  async open(protocols: readonly ProtocolName[], options: OpenOptions): Promise<Stream> {
    return this.wrap(await this.#options.link.open(protocols, options))
  }

  async openDatagrams(protocols: readonly ProtocolName[], options: OpenOptions): Promise<Datagrams> {
    return datagrams(await this.#options.link.open(protocols, { ...options, kind: 'datagrams' }), this)
  }

  /** Resolves when the remote accepts. */
  openMedia(protocols: readonly ProtocolName[], options: MediaOpenOptions): Promise<Media> {
    return this.#calls.open(protocols, options)
  }

  /** A stream of kind 'media' that the remote has opened, as the call that users see. */
  ring(stream: LinkStream): Promise<IncomingMedia> {
    return this.#calls.ring(stream)
  }

  /** Whether this is the connection over that link. */
  carries(link: Link): boolean {
    return this.#options.link === link
  }

  /** A stream of the link as the conversation that users see. */
  wrap(stream: LinkStream): Stream {
    return {
      protocol: stream.protocol,
      remote: this.remote,
      connection: this,
      params: stream.params,
      closed: stream.closed,
      readable: stream.readable,
      writable: stream.writable,
      reset: (code) => stream.reset(code),
    }
  }

  /** What the RTCPeerConnection says of its path. */
  pathChanged(state: NegotiatorState): void {
    switch (state) {
      case 'connected':
        this.#hasConsent = true
        this.#update()
        return
      case 'disconnected':
        this.#hasConsent = false
        this.#update()
        return
      case 'failed':
      case 'closed':
        this.fail(new KithError('lost', 'The connection was lost.', { source: 'network' }))
        return
      case 'connecting':
        return
    }
  }

  /** The path is gone: every pending read and write rejects with `error`. */
  fail(error: KithError): void {
    this.#options.link.fail(error)
  }

  async close({ code = 0, reason = '' }: { code?: number; reason?: string } = {}): Promise<void> {
    if (!Number.isSafeInteger(code) || code < 0)
      throw new KithError('invalid-argument', 'The code must be a whole number from 0.')
    if (typeof reason !== 'string') throw new KithError('invalid-argument', 'The reason must be a text.')
    await this.leave({ code, reason })
  }

  /** `close`, for those who have checked what they say. `atOnce`: what does not leave now is lost. */
  async leave(options: LinkCloseOptions): Promise<void> {
    const closing = this.#options.link.close(options)
    // While the goodbye travels nothing can be opened any more: new conversations need another connection.
    this.#become('closed')
    await closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #update(): void {
    this.#become(this.#hasConsent && !this.#isSilent ? 'connected' : 'reconnecting')
  }

  #become(state: Connection['state']): void {
    if (this.#state === 'closed') return
    const isNews = this.#state !== state
    this.#state = state
    for (const watcher of this.#watchers) watcher()
    if (isNews) this.#events.emit('state', state)
  }

  get #located(): 'direct' | 'turn' | undefined {
    return this.#options.negotiator.path(this.#options.link.remoteIsAtTurn)
  }

  #pathMoved(): void {
    const path = this.#located
    if (this.#options.isLocal || this.#state === 'closed' || path === undefined || path === this.#path) return
    this.#path = path
    this.#events.emit('path', path)
  }
}
