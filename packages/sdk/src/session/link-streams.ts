/** The streams of one link: those that we open, and those that the remote opens for a handler of ours. */
import {
  isProtocolName,
  KithError,
  type MuxStream,
  type ProtocolName,
  REJECT_CODES,
  remoteEnd,
  type Session,
  type SessionOutput,
} from '@kith/protocol'
import { orGivenUp, throwIfAborted } from '../runtime/abort.ts'
import { type Deferred, deferred } from '../runtime/deferred.ts'
import { now } from '../runtime/driver.ts'
import { guarded, reportToConsole } from '../runtime/events.ts'
import type { StreamHost } from './host.ts'
import { type LaneDriver, sessionNow } from './lane-driver.ts'
import type { LinkOpenOptions, LinkOptions, StreamHandler } from './options.ts'
import { LinkStream } from './stream.ts'

/** An output that concerns one stream. */
export type StreamOutput = Extract<SessionOutput, { readonly stream: MuxStream }>

export interface LinkStreamsOptions {
  readonly session: Session
  readonly driver: Pick<LaneDriver, 'flush' | 'flushSoon' | 'flushDatagrams'>
  /** Fulfils when streams may be opened and served; rejects with what ended the link before. */
  readonly ready: Promise<unknown>
  readonly onIncoming: LinkOptions['onIncoming']
}

export class LinkStreams {
  readonly #session: Session
  readonly #host: StreamHost
  readonly #ready: Promise<unknown>
  readonly #onIncoming: LinkOptions['onIncoming']
  readonly #streams = new Map<MuxStream, LinkStream>()
  /** Opened for a protocol that the remote may serve: its answer is awaited. */
  readonly #asking = new Map<MuxStream, Deferred<LinkStream>>()
  #isClosing = false
  /** Why nothing can be opened any more. */
  #ended: KithError | undefined

  constructor({ session, driver, ready, onIncoming }: LinkStreamsOptions) {
    this.#session = session
    this.#host = {
      session,
      now: sessionNow,
      flush: () => driver.flush(),
      flushSoon: () => driver.flushSoon(),
      flushDatagrams: (at) => driver.flushDatagrams(at),
      forget: (stream) => this.#streams.delete(stream),
    }
    this.#ready = ready
    this.#onIncoming = onIncoming
  }

  /** As `Link.open`. */
  async open(protocols: ProtocolName | readonly ProtocolName[], options: LinkOpenOptions): Promise<LinkStream> {
    const { kind = 'stream', params, priority = 0, scope = 0, signal, timeoutMs } = options
    const patience = { until: timeoutMs === undefined ? undefined : now() + timeoutMs, signal, late }
    const list = typeof protocols === 'string' ? [protocols] : protocols
    for (const name of list) {
      if (!isProtocolName(name)) throw new KithError('invalid-protocol', `Not a protocol name: ${String(name)}.`)
    }
    if (list.length === 0) throw new KithError('invalid-argument', 'A stream needs a protocol: name at least one.')
    throwIfAborted(signal)
    await orGivenUp(this.#ready, patience)
    if (this.#ended !== undefined) throw this.#ended
    const muxStream = this.#session.open({ kind, protocols: list, params, priority, scope })
    if (muxStream.isAsking) return this.#ask(muxStream, patience)
    const stream = this.#adopt(muxStream)
    this.#host.flushSoon() // what the opener writes at once travels in the OPEN
    return stream
  }

  handle(output: StreamOutput): void {
    const muxStream = output.stream
    switch (output.type) {
      case 'incoming':
        if (!this.#isClosing) this.#serve(muxStream)
        return
      case 'answered':
        if (!this.#isClosing) this.#asking.get(muxStream)?.resolve(this.#adopt(muxStream))
        return
      case 'readable':
        this.#streams.get(muxStream)?.readableNow()
        return
      case 'writable':
        this.#streams.get(muxStream)?.writableNow()
        return
      case 'flow':
        this.#streams.get(muxStream)?.flowNow()
        return
      case 'finished':
        this.#streams.get(muxStream)?.finished()
        return
      case 'rejected':
        this.#asking.get(muxStream)?.reject(rejection(output.code, this.#session.busiest))
        this.#streams.get(muxStream)?.fail(rejection(output.code, this.#session.busiest))
        return
      case 'reset':
        this.#streams.get(muxStream)?.fail(remoteReset(output.code))
        return
      case 'aborted':
        this.#streams.get(muxStream)?.aborted(remoteReset(output.code))
        return
      case 'stopped':
        this.#streams.get(muxStream)?.stopped(remoteReset(output.code))
    }
  }

  /** This side closes: no handler is called from now on. */
  stopServing(): void {
    this.#isClosing = true
  }

  /** The link has ended. `isReadable`: what has arrived can still be read. */
  end(error: KithError, isReadable: boolean): void {
    this.#ended = error
    for (const { reject } of this.#asking.values()) reject(error)
    for (const stream of [...this.#streams.values()]) isReadable ? stream.left(error) : stream.fail(error)
  }

  #serve(muxStream: MuxStream): void {
    const { kind, params, priority, scope, header } = muxStream
    let handler: StreamHandler | undefined
    // A name may be served for another kind of conversation only, and the next name for this kind.
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
    // After the callbacks that await `ready`: one makes the connection that the handler is given.
    void this.#ready
      .then(() => (this.#isClosing ? undefined : serve(stream)))
      .catch((error: unknown) => {
        // A handler that fails with the end of its own conversation has no bug of its own.
        const isOver = stream.endedWith(error)
        // A flow has ended with that, in order or not; of a stream the other half may still be open.
        if (!isOver || kind !== 'datagrams') stream.reset()
        if (!isOver) reportToConsole(error)
      })
  }

  async #ask(muxStream: MuxStream, patience: Parameters<typeof orGivenUp>[1]): Promise<LinkStream> {
    const answer = deferred<LinkStream>()
    this.#asking.set(muxStream, answer)
    this.#host.flush()
    try {
      return await orGivenUp(answer.promise, patience)
    } catch (error) {
      // Given up: the remote may forget the stream. Where it has ended otherwise, this changes nothing.
      this.#session.reset(muxStream, 0)
      this.#streams.delete(muxStream)
      this.#host.flush()
      throw error
    } finally {
      this.#asking.delete(muxStream)
    }
  }

  #adopt(muxStream: MuxStream): LinkStream {
    const stream = new LinkStream(this.#host, muxStream)
    this.#streams.set(muxStream, stream)
    return stream
  }
}

function late(): KithError {
  return new KithError('timeout', 'The remote did not answer in time: raise timeoutMs, or try again.')
}

function rejection(code: number, busiest: string): KithError {
  switch (code) {
    case REJECT_CODES.unsupported:
      return new KithError('unsupported-protocol', 'The remote does not serve this protocol.', { source: 'remote' })
    case REJECT_CODES.tooMany:
      return new KithError('too-many', `The remote has too many streams open${busiest}.`, { source: 'remote' })
    default:
      return new KithError('refused', 'The remote refused the stream.', { source: 'remote' })
  }
}

function remoteReset(streamCode: number): KithError {
  return new KithError('reset', remoteEnd(streamCode), { source: 'remote', streamCode })
}
