/** One of our streams as js-libp2p's: what it calls `send`, `close` and `abort`, over a WritableStream and a ReadableStream. */
import { KithError } from '@kith/protocol'
import type { LinkStream } from '@kith/sdk/parts'
import type { AbortOptions } from '@libp2p/interface'
import { AbstractStream, type AbstractStreamInit, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

export class KithStream extends AbstractStream {
  readonly #stream: LinkStream
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  /** What was read has been taken. */
  #taken: (() => void) | undefined

  constructor(init: AbstractStreamInit, stream: LinkStream) {
    super(init)
    this.#stream = stream
    this.#writer = stream.writable.getWriter()
    this.#reader = stream.readable.getReader()
    // The remote reads no more; with what else a writer may end, `closed` rejects too.
    this.#writer.closed.catch(() => this.onRemoteCloseRead())
    stream.closed.catch((error: KithError) => this.#cutShort(error))
    void this.#read()
  }

  override sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    // Why it could not be written, `closed` tells.
    this.#writer.write(data.subarray()).catch(() => undefined)
    const canSendMore = (this.#writer.desiredSize ?? 0) > 0
    if (!canSendMore) {
      this.#writer.ready.then(
        () => this.safeDispatchEvent('drain'),
        () => undefined,
      )
    }
    return { sentBytes, canSendMore }
  }

  /** Resolves once the remote has all of it. What keeps it from that is in the 'close' event, as to every js-libp2p stream. */
  override async sendCloseWrite({ signal }: AbortOptions = {}): Promise<void> {
    const closing = this.#writer.close().catch((error: unknown) => {
      if (!(error instanceof KithError)) throw error
    })
    await (signal === undefined ? closing : beforeAbort(closing, signal))
  }

  override async sendCloseRead(): Promise<void> {
    await this.#reader.cancel()
    this.onRemoteCloseWrite()
  }

  override sendReset(): void {
    this.#stream.reset()
  }

  /** Nothing to do: while what was read is not taken, no more is read, and the remote's writer gets no credit. */
  override sendPause(): void {}
  override sendResume(): void {}

  protected override dispatchReadBuffer(): void {
    super.dispatchReadBuffer()
    if (this.readBufferLength === 0) this.#taken?.()
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) break
        this.onData(value)
        if (this.readBufferLength > 0) {
          await new Promise<void>((resolve) => {
            this.#taken = resolve
          })
        }
      }
      this.onRemoteCloseWrite()
    } catch (error) {
      // Told by `closed`, with the same error.
      if (!(error instanceof KithError)) throw error
    }
  }

  #cutShort(error: KithError): void {
    if (error.source === 'local') return
    if (error.code === 'reset') this.onRemoteReset()
    else this.onTransportClosed()
  }
}

function beforeAbort(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
