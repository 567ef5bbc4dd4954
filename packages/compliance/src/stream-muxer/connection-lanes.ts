/**
 * Four lanes over one ordered connection of bytes, as js-libp2p gives to a stream muxer. Each message goes as a frame: a byte for
 * the lane, with the high bit for its close; the length, 32 bits; the message. One that closes has no message.
 */
import type { Lane, Lanes } from '@kith/sdk/parts'
import type { MultiaddrConnection } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

const HEADER_BYTES = 5
const CLOSES = 0x80

/** A connection is trusted no more than a data channel: Chromium takes as much as one message. Beyond: `receive` throws. */
export const MESSAGE_MAX_BYTES = 256 * 1024

/** Enough that small frames share what a write costs, and few enough that large ones do not fill it for all. */
const FRAMES_PER_WRITE = 16

const NAMES = ['control', 'datagrams', 'urgent', 'bulk'] as const satisfies readonly (keyof Lanes)[]

type LaneEvent = 'message' | 'open' | 'close' | 'error' | 'bufferedamountlow'
type Listener = (event: { readonly data: unknown }) => void

export class ConnectionLanes {
  readonly lanes: Lanes
  readonly #connection: MultiaddrConnection
  readonly #all: readonly ConnectionLane[]
  readonly #received = new Uint8ArrayList()
  /** What the connection has no room for yet. */
  readonly #waiting: { readonly lane: ConnectionLane; readonly frame: Uint8Array; readonly length: number }[] = []
  #isFull = false

  /** The owner of the connection calls `receive` with what arrives. */
  constructor(connection: MultiaddrConnection) {
    this.#connection = connection
    const lane = (index: number) => new ConnectionLane((message) => this.#send(index, message))
    const [control, datagrams, urgent, bulk] = [lane(0), lane(1), lane(2), lane(3)]
    this.lanes = { control, datagrams, urgent, bulk }
    this.#all = NAMES.map((name) => ({ control, datagrams, urgent, bulk })[name])
    connection.addEventListener('drain', () => this.#drain())
    connection.addEventListener('close', () => {
      for (const each of this.#all) each.closed()
    })
  }

  /** Throws for what is no frame. */
  receive(data: Uint8Array | Uint8ArrayList): void {
    this.#received.append(data)
    while (this.#received.byteLength >= HEADER_BYTES) {
      const [first = 0] = this.#received.subarray(0, 1)
      const length = this.#received.getUint32(1)
      const lane = this.#all[first & ~CLOSES]
      if (lane === undefined || length > MESSAGE_MAX_BYTES) throw new Error('what came is no frame of a lane')
      if (this.#received.byteLength < HEADER_BYTES + length) return
      const message = this.#received.slice(HEADER_BYTES, HEADER_BYTES + length)
      this.#received.consume(HEADER_BYTES + length)
      if ((first & CLOSES) !== 0) lane.closed()
      else lane.received(message)
    }
  }

  #send(index: number, message: Uint8Array | undefined): void {
    const length = message?.length ?? 0
    const frame = new Uint8Array(HEADER_BYTES + length)
    frame[0] = message === undefined ? index | CLOSES : index
    new DataView(frame.buffer).setUint32(1, length)
    if (message !== undefined) frame.set(message, HEADER_BYTES)
    const lane = this.#all[index] as ConnectionLane // `index` is one of the four that the constructor made
    this.#waiting.push({ lane, frame, length })
    lane.buffered(length)
    if (this.#isFull || this.#waiting.length > 1) return
    // What is said in one turn goes in one write.
    queueMicrotask(() => this.#drain())
  }

  #drain(): void {
    this.#isFull = false
    while (!this.#isFull && this.#waiting.length > 0 && this.#connection.status === 'open') {
      const frames = this.#waiting.splice(0, FRAMES_PER_WRITE)
      this.#isFull = !this.#connection.send(new Uint8ArrayList(...frames.map(({ frame }) => frame)))
      for (const { lane, length } of frames) lane.buffered(-length)
    }
  }
}

class ConnectionLane implements Lane {
  bufferedAmountLowThreshold = 0
  readyState: Lane['readyState'] = 'open'
  #bufferedAmount = 0
  readonly #send: (message: Uint8Array | undefined) => void
  readonly #listeners = new Map<LaneEvent, Set<Listener>>()

  constructor(send: (message: Uint8Array | undefined) => void) {
    this.#send = send
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new DOMException('the lane is not open', 'InvalidStateError')
    this.#send(message)
  }

  addEventListener(type: LaneEvent, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
  }

  /** Ends both ends; what was sent before still arrives. */
  close(): void {
    if (this.readyState === 'closed') return
    this.#send(undefined)
    this.readyState = 'closed'
    queueMicrotask(() => this.#emit('close'))
  }

  // ── what the connection tells ──

  /** The remote's end was closed, or the connection. */
  closed(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.#emit('close')
  }

  received(message: Uint8Array): void {
    if (this.readyState === 'open') this.#emit('message', message.slice().buffer)
  }

  buffered(bytes: number): void {
    const before = this.#bufferedAmount
    this.#bufferedAmount += bytes
    const { bufferedAmountLowThreshold: low } = this
    // Later, as everywhere: a sender is not called back from within its call.
    if (before > low && this.#bufferedAmount <= low) queueMicrotask(() => this.#emit('bufferedamountlow'))
  }

  #emit(type: LaneEvent, data?: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ data })
  }
}
