/**
 * Which stream sends next on a lane: the highest priority first, within one priority a frame each in turn. A stream with little to
 * send goes before those, as sparse flows do in fq_codel (RFC 8290 §4.2): a ping does not wait for a hundred transfers to take
 * their turns. Little means: little in a round, and no more than a frame between two turns, so that many of them shut no other out. A
 * stream that is cut off by the connection's credit steps aside until there is some, so that those that need none (an OPEN, a
 * FIN) still pass.
 *
 * At most one frame of a stream waits here, so between two frames of a transfer its queue is empty for a moment. If that moment
 * were left to lower priorities, they would send frame for frame with it. So they are held back from the time a stream has sent
 * until its writer has had a turn to go on (`release`).
 */
import { FRAME_MAX_BYTES } from '../limits.ts'
import { Fifo } from './fifo.ts'
import type { SendHalf } from './send-half.ts'

/** Bytes that a stream may send in a round without waiting for its turn: a message of a game or of a voice, not a part of a file. */
export const SPARSE_BYTES = 4096

export interface Scheduled {
  readonly priority: number
  readonly send: SendHalf
  /** Kept by the scheduler: whether it holds this stream already. */
  scheduled: boolean
  /** Kept by the scheduler: the round in which the stream was last heard, and what it has sent in it. */
  round: number
  roundBytes: number
}

interface Level<T> {
  readonly priority: number
  /** Those that have little to say. */
  readonly sparse: Fifo<T>
  /** Bytes that these have sent since it was last anybody's turn. */
  sparseBytes: number
  readonly turns: Fifo<T>
}

export class Scheduler<T extends Scheduled> {
  /** Highest priority first. */
  #levels: Level<T>[] = []
  /** Counted over all levels: a level is forgotten when no stream waits in it. */
  #round = 0
  #aside: T[] = []
  /** Lower priorities are held back; undefined where none is. */
  #floor: number | undefined

  /** Whether anybody waits for their turn. */
  get isBusy(): boolean {
    return this.#levels.some(({ sparse, turns }) => sparse.length + turns.length > 0)
  }

  /** The writer of a stream that has just sent may have more: lower priorities are held back until `release`. */
  expect(stream: T): void {
    if (this.#floor === undefined || stream.priority > this.#floor) this.#floor = stream.priority
  }

  /** Writers have had their turn. */
  release(): void {
    this.#floor = undefined
  }

  /** Whether a writer is expected to go on. */
  get isExpecting(): boolean {
    return this.#floor !== undefined
  }

  /** Whether a stream with something to send is held back. */
  get isHolding(): boolean {
    const floor = this.#floor
    if (floor === undefined) return false
    return this.#levels.some(({ priority, sparse, turns }) => priority < floor && sparse.length + turns.length > 0)
  }

  /** Whether no stream waits, for its turn or for credit. */
  get isIdle(): boolean {
    return !this.isBusy && this.#aside.length === 0
  }

  /** Gives a stream that has something to send its turn; one that has its turn already keeps it. */
  add(stream: T): void {
    if (stream.scheduled) return
    stream.scheduled = true
    const level = this.#levelOf(stream.priority)
    if (stream.round !== this.#round) {
      stream.round = this.#round
      stream.roundBytes = 0
    }
    if (isLittle(stream)) level.sparse.push(stream)
    else level.turns.push(stream)
  }

  /**
   * The stream whose turn it is, of those alone that send little if `isFull`. It has left the queue: `add` it again should it have
   * more.
   */
  next(
    connectionCreditBytes: number,
    isFull = false,
    frameBytes = FRAME_MAX_BYTES,
  ): { stream: T; outgoing: NonNullable<ReturnType<SendHalf['next']>> } | undefined {
    for (;;) {
      const level = this.#levels[0]
      if (level === undefined || (this.#floor !== undefined && level.priority < this.#floor)) return undefined
      const isSparse = level.sparse.length > 0 && (level.sparseBytes < FRAME_MAX_BYTES || level.turns.length === 0)
      if (isFull && !isSparse && level.turns.length > 0) return undefined
      const stream = isSparse ? level.sparse.shift() : this.#nextTurn(level)
      if (stream === undefined) {
        this.#levels.shift()
        continue
      }
      if (isSparse && !isLittle(stream)) {
        // It was, when it was added; more has been written since.
        level.turns.push(stream)
        continue
      }
      const outgoing = stream.send.next(connectionCreditBytes, frameBytes)
      if (outgoing !== undefined) {
        stream.scheduled = false
        stream.roundBytes += outgoing.frame.length
        if (isSparse) level.sparseBytes += outgoing.frame.length
        else level.sparseBytes = 0
        return { stream, outgoing }
      }
      if (stream.send.waiting) this.#aside.push(stream)
      else stream.scheduled = false
    }
  }

  /** The connection has credit again. */
  creditCame(): void {
    const aside = this.#aside
    this.#aside = []
    for (const stream of aside) {
      stream.scheduled = false
      if (stream.send.waiting) this.add(stream)
    }
  }

  /** The send half changed so that it may need no credit any more. */
  reconsider(stream: T): void {
    const at = this.#aside.indexOf(stream)
    if (at < 0) return
    this.#aside.splice(at, 1)
    stream.scheduled = false
  }

  #nextTurn({ turns }: Level<T>): T | undefined {
    const stream = turns.shift()
    if (stream === undefined) return undefined
    // It has had its turn in this round, so with this one the next round begins.
    if (stream.round === this.#round) this.#round += 1
    stream.round = this.#round
    stream.roundBytes = 0
    return stream
  }

  #levelOf(priority: number): Level<T> {
    const at = this.#levels.findIndex((level) => level.priority <= priority)
    const found = at < 0 ? undefined : this.#levels[at]
    if (found?.priority === priority) return found
    const level = { priority, sparse: new Fifo<T>(), sparseBytes: 0, turns: new Fifo<T>() }
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level)
    return level
  }
}

function isLittle({ roundBytes, send }: Scheduled): boolean {
  return roundBytes + send.waitingBytes <= SPARSE_BYTES
}
