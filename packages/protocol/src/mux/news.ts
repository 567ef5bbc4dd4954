/** Outputs about streams: in order, to readers and writers that wait, and none once we leave. */
import type { MuxStream, StreamOutput } from './stream.ts'

export class News {
  readonly #tell: (output: StreamOutput) => void
  #isLeaving = false

  constructor(tell: (output: StreamOutput) => void) {
    this.#tell = tell
  }

  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** There are no outputs from here on. */
  leave(): void {
    this.#isLeaving = true
  }

  tell(output: StreamOutput): void {
    if (!this.#isLeaving) this.#tell(output)
  }

  tellReader(stream: MuxStream): void {
    if (!stream.readerWaits || stream.receive.discarded || stream.held !== undefined) return
    stream.readerWaits = false
    this.tell({ type: 'readable', stream })
  }

  tellWriter(stream: MuxStream): void {
    if (!stream.writerWaits) return
    stream.writerWaits = false
    this.tell({ type: 'writable', stream })
  }

  /** An output about a stream that the application does not know yet waits: at most one for each half that was cut short. */
  tellOrHold(stream: MuxStream, output: StreamOutput): void {
    if (stream.held === undefined) this.tell(output)
    else stream.held.push(output)
  }

  /** The stream is handed to the application, with what has happened to it meanwhile. */
  tellOfHeld(stream: MuxStream): void {
    const news = stream.held ?? []
    stream.held = undefined
    this.tell({ type: 'incoming', stream })
    for (const output of news) this.tell(output)
    if (stream.receive.readable || stream.receive.ended) this.tellReader(stream)
  }
}
