/**
 * The half of a stream that receives: views of the messages as they came, handed to the reader without a copy. The reader owns
 * what it was given, buffer and all.
 *
 * Every byte counts against the stream's window and one more: the connection's, or the stream's own reserve, as its frame says. So
 * both ends always agree on which, and each is a credit like any other. What is read is given back to the connection first: as long
 * as anything is unread the reader has something to read, and the others may need it.
 */
import { violation } from '../errors.ts'
import { STREAM_RESERVE_BYTES, STREAM_WINDOW_BYTES, STREAM_WINDOW_MAX_BYTES } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Fifo } from './fifo.ts'
import { ReceiveWindow } from './window.ts'

/** Chunks below this many bytes that queue up are copied together: a buffer of its own for every byte would turn a window of
 *  256 KiB into a hundred times as much memory. */
const SMALL_BYTES = 1024
const SHARED_BYTES = 4096

/** A small chunk is copied out of a buffer of more than so many times its size: one byte of credit would hold 64 KiB. */
const BUFFER_SHARE = 4

export class ReceiveHalf {
  readonly #window: ReceiveWindow
  readonly #connection: ReceiveWindow
  readonly #reserve = new ReceiveWindow(STREAM_RESERVE_BYTES, STREAM_RESERVE_BYTES, true)
  readonly #chunks = new Fifo<Bytes>()
  /** Where small chunks gather behind `#chunks`. */
  #shared: { readonly bytes: Bytes; length: number } | undefined
  #ended = false
  #discarded = false

  constructor(connection: ReceiveWindow) {
    this.#connection = connection
    this.#window = new ReceiveWindow(STREAM_WINDOW_BYTES, STREAM_WINDOW_MAX_BYTES)
  }

  /** FIN has come. */
  get ended(): boolean {
    return this.#ended
  }

  /** Whether nothing will be read any more: all was read, or discarded. */
  get over(): boolean {
    return this.#discarded || (this.#ended && this.#window.unread === 0)
  }

  get readable(): boolean {
    return this.#chunks.length > 0 || this.#shared !== undefined
  }

  get discarded(): boolean {
    return this.#discarded
  }

  /** Bytes unread that the connection does not answer for. */
  get ownUnread(): number {
    return this.#reserve.unread
  }

  /** Takes data that the connection's window has counted. Throws 'peer-violation' for data beyond what was granted, or behind FIN. */
  push(data: Bytes): void {
    this.#take(data)
    if (this.#discarded) this.#consume(data.length)
  }

  /** Takes data that only the stream itself answers for. Throws as `push`. */
  pushOwn(data: Bytes): void {
    if (!this.#reserve.receive(data.length))
      throw violation('data beyond the credit of the connection and the reserve of its stream')
    this.#take(data)
    if (this.#discarded) this.#consume(data.length)
  }

  #take(data: Bytes): void {
    if (this.#ended) throw violation('data behind FIN')
    if (!this.#window.receive(data.length)) throw violation('data beyond the credit of its stream')
    if (data.length === 0 || this.#discarded) return
    if (data.length >= SMALL_BYTES || !this.readable) {
      this.#closeShared()
      this.#chunks.push(isWasteful(data) ? data.slice() : data)
      return
    }
    if (this.#shared !== undefined && this.#shared.length + data.length > SHARED_BYTES) this.#closeShared()
    this.#shared ??= { bytes: new Uint8Array(SHARED_BYTES), length: 0 }
    this.#shared.bytes.set(data, this.#shared.length)
    this.#shared.length += data.length
  }

  /** Throws 'peer-violation' for a second FIN. */
  end(): void {
    if (this.#ended) throw violation('FIN behind FIN')
    this.#ended = true
  }

  /** The next chunk; its bytes count as consumed from now on. */
  read(): Bytes | undefined {
    if (this.#chunks.length === 0) this.#closeShared()
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) this.#consume(chunk.length)
    return chunk
  }

  /** There is no reader any more. What still comes is counted and dropped. */
  discard(): void {
    this.#consume(this.#window.unread)
    this.#discarded = true
    this.#chunks.clear()
    this.#shared = undefined
  }

  /** Whether the sender should be told of more credit. */
  get creditDue(): boolean {
    return !this.#ended && !this.#discarded && this.#window.due
  }

  /** The same, of its own. */
  get ownCreditDue(): boolean {
    return !this.#ended && !this.#discarded && this.#reserve.due
  }

  grantOwn(now: Millis): number {
    return this.#reserve.grant(now)
  }

  /** The offset to tell the sender. */
  grant(now: Millis, roundTripMs: number | undefined): number {
    return this.#window.grant(now, roundTripMs)
  }

  #consume(bytes: number): void {
    const shared = Math.min(bytes, this.#window.unread - this.#reserve.unread)
    this.#window.consume(bytes)
    this.#connection.consume(shared)
    this.#reserve.consume(bytes - shared)
  }

  #closeShared(): void {
    if (this.#shared === undefined) return
    const { bytes, length } = this.#shared
    const chunk = bytes.subarray(0, length)
    this.#chunks.push(isWasteful(chunk) ? chunk.slice() : chunk)
    this.#shared = undefined
  }
}

function isWasteful({ length, buffer }: Bytes): boolean {
  return length < SMALL_BYTES && buffer.byteLength > BUFFER_SHARE * length
}
