/**
 * A lane's books. Frames are counted from 0 in each direction; what was sent is kept until the other side has acknowledged it,
 * so that the session can go on over another path without losing or repeating anything.
 */
import { violation } from '../errors.ts'
import { ACK_BYTES, ACK_MS, FIN_ACK_MS, UNACKNOWLEDGED_MAX_BYTES } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Fifo } from './fifo.ts'
import type { LaneNumber } from './frames.ts'
import { type Scheduled, Scheduler } from './scheduler.ts'
import type { SendHalf } from './send-half.ts'

/** The lanes by name; their numbers on the wire are the ids of their data channels: 0, 2, 3. */
export type LaneName = 'control' | 'urgent' | 'bulk'

/** What a kept frame costs beside its bytes; without it, a million tiny frames would pass for a megabyte. */
const FRAME_OVERHEAD_BYTES = 64

/** What a conversation of small messages receives while an acknowledgement waits, and no transfer does. */
const LITTLE_BYTES = 16 * 1024

/** What a lane needs to know of a stream. */
export interface LaneStream extends Scheduled {
  /** Frames sent for it and not yet acknowledged. */
  unacknowledged: number
}

export interface KeptFrame<Stream> {
  readonly frame: Bytes
  /** Whose frame it was: it learns when the frame has arrived. */
  readonly stream: Stream | undefined
  /** The half that made it: a stream that was opened again has another one by now. */
  readonly half: SendHalf | undefined
  readonly fin: boolean
  readonly isReject: boolean
  readonly sentAt: Millis
}

export class MuxLane<Stream extends LaneStream> {
  readonly number: LaneNumber
  readonly scheduler = new Scheduler<Stream>()
  /** Streams with something to say that is not data. */
  readonly signals = new Fifo<Stream>()
  /** OPENs that were turned down and have no stream of their own. */
  readonly rejects = new Fifo<{ readonly stream: number; readonly code: number }>()
  /** A frame that has been counted, and did not fit into the message before. */
  held: Bytes | undefined
  readonly #kept = new Fifo<KeptFrame<Stream>>()
  #keptBytes = 0
  #rejectsKept = 0
  #acknowledged = 0
  #received = 0
  #receivedBytes = 0
  #ackDueAt: Millis | undefined
  #isAwaited = false

  constructor(number: LaneNumber) {
    this.number = number
  }

  // ── sending ──

  /** Whether a frame of so many bytes may still be sent and kept. */
  hasRoom(frameBytes: number): boolean {
    return this.#keptBytes + frameBytes + FRAME_OVERHEAD_BYTES <= UNACKNOWLEDGED_MAX_BYTES
  }

  /** Counts a frame that is being sent and returns it. */
  keep(frame: Bytes, now: Millis, stream?: Stream, fin = false, isReject = false): Bytes {
    if (stream !== undefined) stream.unacknowledged += 1
    if (isReject) this.#rejectsKept += 1
    this.#kept.push({ frame, stream, half: stream?.send, fin, isReject, sentAt: now })
    this.#keptBytes += frame.length + FRAME_OVERHEAD_BYTES
    return frame
  }

  /** REJECTs that wait to be sent, or were not acknowledged. */
  get rejectsOwed(): number {
    return this.rejects.length + this.#rejectsKept
  }

  /** Frames sent in all. */
  get sent(): number {
    return this.#acknowledged + this.#kept.length
  }

  /** Frames that have come in all. */
  get received(): number {
    return this.#received
  }

  /** Whether nothing waits to be sent. */
  get isIdle(): boolean {
    return this.scheduler.isIdle && this.signals.length + this.rejects.length === 0 && this.held === undefined
  }

  /** Bytes sent and not acknowledged, with what keeping them costs. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Forgets what has arrived and returns it, oldest first. Throws 'peer-violation' for frames that were never sent. */
  acknowledge(count: number): KeptFrame<Stream>[] {
    if (count > this.#acknowledged + this.#kept.length) throw violation(`frame ${count} acknowledged before it was sent`)
    const arrived: KeptFrame<Stream>[] = []
    while (this.#acknowledged < count) {
      const kept = this.#kept.shift()
      if (kept === undefined) break
      this.#acknowledged += 1
      if (kept.isReject) this.#rejectsKept -= 1
      this.#keptBytes -= kept.frame.length + FRAME_OVERHEAD_BYTES
      arrived.push(kept)
    }
    return arrived
  }

  // ── receiving ──

  receive(frameBytes: number, now: Millis): void {
    this.#received += 1
    this.#receivedBytes += frameBytes + FRAME_OVERHEAD_BYTES
    if (this.#receivedBytes >= ACK_BYTES) this.#ackDueAt = now
    else this.#ackDueAt ??= now + ACK_MS
  }

  /** Somebody waits for the news (a FIN's sender does): not for 50 ms, only for as long as an answer may take that it can go with. */
  hurry(now: Millis): void {
    this.#isAwaited = true
    this.#ackDueAt = Math.min(this.#ackDueAt ?? Number.POSITIVE_INFINITY, now + FIN_ACK_MS)
  }

  /**
   * Whether an acknowledgement is worth going with a message that goes now anyway, where it costs a few bytes; alone it costs as much
   * as that message. So if somebody waits for it, and for a little that has waited half its time; not for more than that, since from
   * even steps the sender learns what the path carries.
   */
  isWorthAcknowledging(now: Millis): boolean {
    if (this.#isAwaited) return true
    return this.#ackDueAt !== undefined && this.#receivedBytes <= LITTLE_BYTES && this.#ackDueAt - now <= ACK_MS / 2
  }

  get ackDueAt(): Millis | undefined {
    return this.#ackDueAt
  }

  /** How many frames to acknowledge; from now on nothing is due. */
  takeAck(): number {
    this.#ackDueAt = undefined
    this.#isAwaited = false
    this.#receivedBytes = 0
    return this.#received
  }
}
