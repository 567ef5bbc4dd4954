/** A stream of the mux as WHATWG streams: the browser's queueing, piping and cancelling over the machine's credit. */
import { type Bytes, KithError, type MuxStream, type ProtocolName, type Scope, STREAM_CODES } from '@kith/protocol'
import type { Chunk } from '../api.ts'
import { afterPendingWrites } from '../runtime/cork.ts'
import { bytesOf, sizeOf } from './buffer-source.ts'
import { LinkFlow } from './datagrams.ts'
import type { StreamHost } from './host.ts'

/** Bytes that may queue in front of the machine: one chunk of a frame's size under way and one behind it, so that the end of
 *  the first can share a message with the start of the second. */
const QUEUE_BYTES = 128 * 1024

const NOTHING = new Uint8Array(0)

interface PendingWrite {
  readonly chunk: Uint8Array
  /** Of the chunk when it was written: its owner may take the buffer away, and then it is 0. */
  readonly length: number
  offset: number
  readonly resolve: () => void
  /** With what ended the half, or with what `abort` was given. */
  readonly reject: (reason: unknown) => void
}

/** How a half ended: undefined while it has not, 'clean', or why not. */
type HalfEnd = undefined | 'clean' | KithError

export class LinkStream {
  readonly protocol: ProtocolName
  readonly params: unknown
  readonly priority: number
  readonly scope: Scope
  /** A byte stream: a `byob` reader gets its own buffers filled. */
  readonly readable: ReadableStream<Bytes>
  /** A write resolves when its bytes are framed, `close()` when the remote has all of them. */
  readonly writable: WritableStream<Chunk>
  /** Fulfils when both halves have ended cleanly, rejects otherwise; never an unhandled rejection. */
  readonly closed: Promise<void>

  readonly #host: StreamHost
  readonly #stream: MuxStream
  #flow: LinkFlow | undefined
  #reader: ReadableByteStreamController | undefined
  #writer: WritableStreamDefaultController | undefined
  #readerWaits = false
  #readEnd: HalfEnd
  #writeEnd: HalfEnd
  #pendingWrite: PendingWrite | undefined
  #pendingClose: { readonly resolve: () => void; readonly reject: (reason: unknown) => void } | undefined
  #isPumping = false
  /** Chunks that have been given to `writable` and have not reached us. */
  #queuedChunks = 0
  /** Chunks that have reached us. */
  #writes = 0
  #settleClosed!: { readonly resolve: () => void; readonly reject: (error: KithError) => void }

  /** On the wire, and the same at both ends. Final once the remote has said anything: an OPEN that is tried again has another. */
  get id(): number {
    return this.#stream.id
  }

  constructor(host: StreamHost, stream: MuxStream) {
    this.#host = host
    this.#stream = stream
    this.protocol = stream.protocol
    this.params = stream.params
    this.priority = stream.priority
    this.scope = stream.scope
    this.closed = new Promise((resolve, reject) => {
      this.#settleClosed = { resolve, reject }
    })
    this.closed.catch(() => undefined) // not every user awaits it: no unhandled rejection
    this.readable = new ReadableStream({
      type: 'bytes',
      start: (controller) => {
        this.#reader = controller
      },
      pull: () => this.#pull(),
      cancel: (reason) => this.#cancel(streamCodeOf(reason)),
    })
    this.writable = new WritableStream(
      {
        start: (controller) => {
          this.#writer = controller
          // A pending write would hold up abort() for as long as there is no credit: it has to give way.
          controller.signal.addEventListener('abort', () => this.#abandonPending(controller.signal.reason), { once: true })
        },
        write: (chunk) => this.#write(chunk),
        close: () => this.#finish(),
        abort: (reason) => this.#abort(reason),
      },
      { highWaterMark: QUEUE_BYTES, size: (chunk) => this.#enqueued(chunk) },
    )
  }

  /** The datagrams that go with it, where its kind is 'datagrams'. The flow takes both halves: their end is its own. */
  get flow(): LinkFlow {
    this.#flow ??= new LinkFlow(this.#host, this.#stream, this)
    return this.#flow
  }

  /** Both halves at once; the remote's pending reads and writes reject with 'reset' and this code. */
  reset(code = 0): void {
    const streamCode = streamCodeOf(code)
    this.#resetWith(streamCode, new KithError('reset', `The stream was reset here with code ${streamCode}.`, { streamCode }))
  }

  /** Both halves end with `error`, which is ours: something was given to a flow's `writable` that is not bytes. */
  refuse(error: KithError): void {
    this.#resetWith(STREAM_CODES.notBytes, error)
  }

  #resetWith(streamCode: number, error: KithError): void {
    if (this.#readEnd !== undefined && this.#writeEnd !== undefined) return
    this.#host.session.reset(this.#stream, streamCode)
    this.fail(error)
    this.#host.flush()
  }

  /** Whether this very error is what ended a half of it. */
  endedWith(error: unknown): boolean {
    return error instanceof KithError && (error === this.#readEnd || error === this.#writeEnd || !!this.#flow?.endedWith(error))
  }

  // ── outputs of the session, from the link ──

  readableNow(): void {
    if (this.#readEnd !== undefined) return
    if (this.#readerWaits) this.#pull()
    else if (this.#host.session.atEnd(this.#stream)) this.#endReading()
  }

  flowNow(): void {
    this.#flow?.update()
  }

  writableNow(): void {
    this.#pump()
  }

  /** The remote has everything up to our FIN. */
  finished(): void {
    this.#pendingClose?.resolve()
    this.#pendingClose = undefined
    this.#endWriting('clean')
  }

  /** The remote cut short what it was writing. */
  aborted(error: KithError): void {
    this.#failReading(error)
  }

  /** The remote reads no more. */
  stopped(error: KithError): void {
    this.#failWriting(error)
  }

  /** The connection is over. Both halves fail, yet what has arrived can be read before that. */
  left(error: KithError): void {
    this.#flow?.left(error)
    this.#failWriting(error)
    if (this.#readEnd !== undefined) return
    const { readable, ended } = this.#stream.receive
    const isUnread = readable || (this.#reader?.desiredSize ?? 0) < 0
    if (ended || !isUnread) {
      this.#failReading(error)
      return
    }
    this.#readEnd = error
    this.#settle()
  }

  /** Both halves, or what is left of them: what had come whole can still be read. */
  fail(error: KithError): void {
    this.#failReading(error)
    this.#failWriting(error)
  }

  // ── reading ──

  #pull(): void {
    const { session } = this.#host
    const chunk = session.read(this.#stream)
    this.#readerWaits = chunk === undefined
    if (chunk !== undefined) this.#reader?.enqueue(chunk)
    // The connection is over, and now all that had arrived was read.
    else if (this.#readEnd instanceof KithError) this.#reader?.error(this.#readEnd)
    if (session.atEnd(this.#stream)) this.#endReading()
    if (chunk !== undefined) this.#host.flushSoon()
  }

  #endReading(): void {
    if (this.#readEnd !== undefined) return
    this.#readEnd = 'clean'
    try {
      this.#reader?.close()
      // WHATWG Streams: a byob read that is pending when its stream closes gets its buffer back only by this.
      this.#reader?.byobRequest?.respond(0)
    } catch (cause) {
      // WHATWG Streams, ReadableByteStreamControllerClose: the read has rejected with this, and the stream is in error.
      const message = 'The stream ended within an element of the array that it is read into: read into a Uint8Array.'
      this.#readEnd = new KithError('invalid-argument', message, { cause })
    }
    this.#flow?.over()
    this.#settle()
  }

  #failReading(error: KithError): void {
    if (this.#readEnd !== undefined) return
    const { session } = this.#host
    if (this.#stream.receive.ended && !this.#stream.receive.discarded) {
      for (let chunk = session.read(this.#stream); chunk !== undefined; chunk = session.read(this.#stream))
        this.#reader?.enqueue(chunk)
      this.#endReading()
      return
    }
    this.#reader?.error(error)
    this.#readEnd = error
    this.#flow?.over(error)
    this.#settle()
  }

  #cancel(code: number): void {
    if (this.#readEnd !== undefined) return
    this.#host.session.stop(this.#stream, code)
    this.#readEnd = new KithError('reset', `Reading was cancelled here with code ${code}.`, { streamCode: code })
    this.#settle()
    this.#host.flush()
  }

  // ── writing ──

  #enqueued(chunk: unknown): number {
    this.#queuedChunks += 1
    return sizeOf(chunk)
  }

  #write(chunk: unknown): Promise<void> | undefined {
    this.#queuedChunks -= 1
    this.#writes += 1
    if (this.#writeEnd instanceof KithError) throw this.#writeEnd
    let bytes: Uint8Array
    try {
      bytes = bytesOf(chunk)
    } catch (error) {
      throw this.#spoil(error as KithError)
    }
    let promise: Promise<void> | undefined
    // Until there is a promise: what comes of it at once. Promises cost more than all else about a small write.
    let rejected: { readonly reason: unknown } | undefined
    let settle = {
      resolve: () => {},
      reject: (reason: unknown) => {
        rejected = { reason }
      },
    }
    const pending: PendingWrite = {
      chunk: bytes,
      length: bytes.length,
      offset: 0,
      resolve: () => settle.resolve(),
      reject: (reason) => settle.reject(reason),
    }
    this.#pendingWrite = pending
    this.#pump()
    if (this.#pendingWrite === pending) {
      promise = new Promise((resolve, reject) => {
        settle = { resolve, reject }
      })
    }
    if (rejected !== undefined) throw (rejected as { readonly reason: unknown }).reason
    return promise
  }

  /** What was written cannot be sent: this half ends with `error`, and the remote gets the reason. */
  #spoil(error: KithError): KithError {
    this.#host.session.abort(this.#stream, STREAM_CODES.notBytes)
    this.#endWriting(error)
    this.#host.flush()
    return error
  }

  /** Frames as much of the pending chunk as there is room for. */
  #pump(): void {
    const pending = this.#pendingWrite
    if (pending === undefined || this.#isPumping) return
    this.#isPumping = true
    const { session } = this.#host
    const { chunk, length } = pending
    let [count, isRest, more] = [0, false, false]
    do {
      if (chunk.length !== length) break
      // What a full frame left over of a chunk is small and in no hurry: it shares the next chunk's message, if there is one.
      isRest = pending.offset > 0
      more = isRest || this.#queuedChunks > 0
      count = session.write(this.#stream, isRest ? chunk.subarray(pending.offset) : chunk, more)
      pending.offset += count
      if (count > 0 && pending.offset < length) this.#host.flush()
    } while (count > 0 && pending.offset < length)
    this.#isPumping = false
    if (chunk.length !== length) {
      this.#takenAway(pending)
      return
    }
    // Flushing may call `writableNow` at once, so not while we are pumping.
    if (pending.offset < length || !more) this.#host.flush()
    else if (isRest && this.#queuedChunks === 0) void this.#releaseRest()
    if (pending.offset < length || this.#pendingWrite !== pending) return
    this.#pendingWrite = undefined
    pending.resolve()
  }

  /** The chunk's buffer was transferred, or shrank below it, while part of it had been framed. */
  #takenAway(pending: PendingWrite): void {
    if (this.#pendingWrite !== pending) return
    this.#pendingWrite = undefined
    const message = 'The chunk was taken away while it was being sent: leave its buffer alone until its write has settled.'
    const cause = new TypeError('the buffer was transferred, detached or resized')
    pending.reject(this.#spoil(new KithError('invalid-argument', message, { cause })))
  }

  /** What waits goes alone if no write follows. */
  async #releaseRest(): Promise<void> {
    const writes = this.#writes
    await afterPendingWrites()
    if (this.#writes !== writes) return
    this.#host.session.write(this.#stream, NOTHING)
    this.#host.flush()
  }

  #finish(): Promise<void> {
    if (this.#writeEnd instanceof KithError) return Promise.reject(this.#writeEnd)
    return new Promise((resolve, reject) => {
      this.#pendingClose = { resolve, reject }
      this.#host.session.finish(this.#stream)
      this.#host.flushSoon()
    })
  }

  #abort(reason: unknown): void {
    const streamCode = streamCodeOf(reason)
    this.#host.session.abort(this.#stream, streamCode)
    this.#endWriting(new KithError('reset', `Writing was aborted here with code ${streamCode}.`, { streamCode, cause: reason }))
    this.#host.flush()
  }

  /**
   * `abort(reason)` was called. What is pending gives way, with that very reason; the sink's own `abort` then ends the half. Only a
   * pending close takes the abort with it, so then it has to end from here.
   */
  #abandonPending(reason: unknown): void {
    this.#pendingWrite?.reject(reason)
    this.#pendingWrite = undefined
    const closing = this.#pendingClose
    if (closing === undefined) return
    this.#pendingClose = undefined
    this.#abort(reason)
    closing.reject(reason)
  }

  #failWriting(error: KithError): void {
    if (this.#writeEnd !== undefined) return
    this.#endWriting(error)
    this.#writer?.error(error)
    this.#pendingWrite?.reject(error)
    this.#pendingWrite = undefined
    this.#pendingClose?.reject(error)
    this.#pendingClose = undefined
  }

  #endWriting(end: 'clean' | KithError): void {
    if (this.#writeEnd !== undefined) return
    this.#writeEnd = end
    this.#settle()
  }

  #settle(): void {
    if (this.#readEnd === undefined || this.#writeEnd === undefined) return
    this.#host.forget(this.#stream)
    const unclean = [this.#writeEnd, this.#readEnd].find((end) => end !== 'clean')
    if (unclean instanceof KithError) this.#settleClosed.reject(unclean)
    else this.#settleClosed.resolve()
  }
}

/** The code that is sent to the remote: `reason` itself if it is a number, or the code that another stream's error (or its JSON) carries; else 0. */
export function streamCodeOf(reason: unknown): number {
  const carries = typeof reason === 'object' && reason !== null && 'streamCode' in reason
  const code = carries ? reason.streamCode : reason
  return typeof code === 'number' && Number.isSafeInteger(code) && code >= 0 ? code : 0
}
