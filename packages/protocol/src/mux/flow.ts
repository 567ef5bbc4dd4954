/** The datagrams of one stream: what waits each way, and what was dropped. */
import { DATAGRAM_AGE_MAX_MS, DATAGRAM_QUEUE_MAX, DATAGRAM_QUEUE_MAX_BYTES, DATAGRAMS_QUEUED_MAX_BYTES } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Fifo } from './fifo.ts'

/** What keeping a datagram costs beside its bytes. */
const OVERHEAD_BYTES = 64

export interface DatagramStats {
  /** Given to the path. */
  readonly sent: number
  /** Arrived, whether or not they were read in time. */
  readonly received: number
  /** Never given to the path: too late, or too many. */
  readonly droppedOutgoing: number
  /** Arrived and not read in time. */
  readonly droppedIncoming: number
}

/** The datagrams of one stream. Its fields are the machine's. */
export class Flow {
  readonly outgoing: DatagramQueue
  readonly incoming: DatagramQueue
  sent = 0
  received = 0
  /** It has its turn to send. */
  scheduled = false
  /** The reader found nothing, the writer found something waiting: each waits for an output. */
  readerWaits = false
  writerWaits = false
  /** There is no reader any more. */
  deaf = false

  constructor(outgoing: Budget, incoming: Budget) {
    this.outgoing = new DatagramQueue(outgoing)
    this.incoming = new DatagramQueue(incoming)
  }

  get stats(): DatagramStats {
    const { sent, received, outgoing, incoming } = this
    return { sent, received, droppedOutgoing: outgoing.dropped, droppedIncoming: incoming.dropped }
  }
}

/** What all flows of a link hold together, one way, and what they have dropped. */
export interface Budget {
  usedBytes: number
  dropped: number
}

/** Of one flow, one way. What it has no room for pushes out the oldest: of two datagrams the later one is worth more. */
class DatagramQueue {
  readonly #budget: Budget
  readonly #waiting = new Fifo<{ readonly bytes: Bytes; readonly at: Millis }>()
  #bytes = 0
  dropped = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  get length(): number {
    return this.#waiting.length
  }

  /** `at`: when it was queued, for `expire`. */
  push(bytes: Bytes, at: Millis = 0): void {
    while (this.length > 0 && !this.#hasRoom(bytes.length)) this.#drop()
    // Other flows hold all there is.
    if (!this.#hasRoom(bytes.length)) {
      this.countDropped()
      return
    }
    this.#waiting.push({ bytes, at })
    this.#count(bytes.length, 1)
  }

  shift(): Bytes | undefined {
    const oldest = this.#waiting.shift()
    if (oldest !== undefined) this.#count(oldest.bytes.length, -1)
    return oldest?.bytes
  }

  /** Drops what is too old to be worth sending. */
  expire(now: Millis): void {
    for (let oldest = this.#waiting.peek(); oldest !== undefined; oldest = this.#waiting.peek()) {
      if (now - oldest.at <= DATAGRAM_AGE_MAX_MS) return
      this.#drop()
    }
  }

  clear(): void {
    while (this.length > 0) this.#drop()
  }

  countDropped(): void {
    this.dropped += 1
    this.#budget.dropped += 1
  }

  #drop(): void {
    this.shift()
    this.countDropped()
  }

  #hasRoom(bytes: number): boolean {
    const isLinkFull = this.#budget.usedBytes + bytes + OVERHEAD_BYTES > DATAGRAMS_QUEUED_MAX_BYTES
    return !isLinkFull && this.length < DATAGRAM_QUEUE_MAX && this.#bytes + bytes <= DATAGRAM_QUEUE_MAX_BYTES
  }

  #count(bytes: number, sign: 1 | -1): void {
    this.#bytes += sign * bytes
    this.#budget.usedBytes += sign * (bytes + OVERHEAD_BYTES)
  }
}
