/** What is told of streams, and when: to readers and writers who wait, in order, and nothing once we leave. */
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

  /** Nothing is told any more. */
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

  /** Of a stream that has not been told of, what happens is told later, in order: at most that each half was cut short. */
  tellOrHold(stream: MuxStream, output: StreamOutput): void {
    if (stream.held === undefined) this.tell(output)
    else stream.held.push(output)
  }

  /** That a stream was opened, and what has happened to it meanwhile. */
  tellOfHeld(stream: MuxStream): void {
    const news = stream.held ?? []
    stream.held = undefined
    this.tell({ type: 'incoming', stream })
    for (const output of news) this.tell(output)
    if (stream.receive.readable || stream.receive.ended) this.tellReader(stream)
  }
}
