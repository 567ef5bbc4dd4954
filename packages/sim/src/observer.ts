/**
 * Watches one direction of a link from outside and holds the sender to the rules, by its own account: it decodes what passes
 * and never asks the machines.
 */
import {
  type Bytes,
  CONNECTION_WINDOW_BYTES,
  decodeControl,
  decodeFrame,
  type LaneName,
  STREAM_WINDOW_BYTES,
} from '@kith/protocol'
import type { Arrival } from './path.ts'

export class Observer {
  readonly #violated: (what: string) => void
  readonly #maxBytes: number
  #sentConfirm = false
  #gotConfirm = false
  #sentHello = false
  #gotHello = false
  #connectionSent = 0
  #connectionLimit = CONNECTION_WINDOW_BYTES
  readonly #streams = new Map<number, { sent: number; limit: number; opened: boolean; finished: boolean }>()

  constructor(maxBytes: number, violated: (what: string) => void) {
    this.#maxBytes = maxBytes
    this.#violated = violated
  }

  /** The observed side sends. */
  sending(lane: LaneName, message: Bytes): void {
    if (message.length > this.#maxBytes) this.#violated(`a message of ${message.length} bytes`)
    if (lane === 'control') {
      this.#sendingControl(message)
      return
    }
    if (!this.#gotHello) this.#violated('a frame before the remote said hello')
    const frame = decodeFrame(message)
    switch (frame.type) {
      case 'open':
        this.#streams.set(frame.stream, { ...this.#stream(frame.stream), opened: true })
        this.#sendingData(frame.stream, frame.data.length)
        return
      case 'data':
        this.#sendingData(frame.stream, frame.data.length)
        return
      case 'fin':
        this.#stream(frame.stream).finished = true
        return
      default:
        return
    }
  }

  /** The observed side receives: this is how it learns what it may do. */
  receiving({ lane, bytes }: Arrival): void {
    if (lane === 'control') {
      const { type } = decodeControl(bytes)
      if (type === 'confirm') this.#gotConfirm = true
      if (type === 'hello') this.#gotHello = true
      return
    }
    const frame = decodeFrame(bytes)
    if (frame.type !== 'credit') return
    if (frame.stream === 0) this.#connectionLimit = Math.max(this.#connectionLimit, frame.offset)
    else this.#stream(frame.stream).limit = Math.max(this.#stream(frame.stream).limit, frame.offset)
  }

  #sendingControl(message: Bytes): void {
    const { type } = decodeControl(message)
    if (!this.#sentConfirm && type !== 'confirm') this.#violated(`${type} before confirm`)
    if (type === 'confirm') this.#sentConfirm = true
    else if (!this.#gotConfirm) this.#violated(`${type} before the remote confirmed`)
    if (type === 'hello') this.#sentHello = true
    else if (type !== 'confirm' && !this.#sentHello) this.#violated(`${type} before hello`)
  }

  #sendingData(id: number, bytes: number): void {
    const stream = this.#stream(id)
    stream.sent += bytes
    this.#connectionSent += bytes
    if (stream.finished) this.#violated(`stream ${id}: data behind FIN`)
    if (stream.sent > stream.limit) this.#violated(`stream ${id}: ${stream.sent} bytes of ${stream.limit} granted`)
    if (this.#connectionSent > this.#connectionLimit) {
      this.#violated(`connection: ${this.#connectionSent} bytes of ${this.#connectionLimit} granted`)
    }
  }

  #stream(id: number) {
    const known = this.#streams.get(id) ?? { sent: 0, limit: STREAM_WINDOW_BYTES, opened: false, finished: false }
    this.#streams.set(id, known)
    return known
  }
}
