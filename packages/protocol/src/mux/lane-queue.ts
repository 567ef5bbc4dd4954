/** What waits to be sent on one lane: data of streams in their turns, what else is to be said of them, and REJECTs. */
import type { Bytes, Millis } from '../machine.ts'
import { Fifo } from './fifo.ts'
import type { LaneNumber } from './frames.ts'
import { type Scheduled, Scheduler } from './scheduler.ts'
import type { SendHalf } from './send-half.ts'

/** The lanes by name; their numbers on the wire are the ids of their data channels: 0, 2, 3. */
export type LaneName = 'control' | 'urgent' | 'bulk'

/** What a lane needs to know of a stream. */
export interface LaneStream extends Scheduled {
  /** Frames sent for it and not yet acknowledged. */
  unacknowledged: number
}

/** A frame that leaves, and what its arrival will mean. */
export interface SentFrame<Stream> {
  /** Kept as it is until it was acknowledged: it may be sent again on another path. */
  readonly frame: Bytes
  /** The stream whose frame it is. */
  readonly stream: Stream | undefined
  /** The half that made it: a stream that was opened again has another one by then. */
  readonly half: SendHalf | undefined
  readonly fin: boolean
  readonly isReject: boolean
  /** When it was sent, last. */
  sentAt: Millis
}

export class LaneQueue<Stream extends LaneStream> {
  readonly number: LaneNumber
  readonly scheduler = new Scheduler<Stream>()
  /** Streams with something to say that is not data. */
  readonly signals = new Fifo<Stream>()
  /** OPENs that were turned down and have no stream of their own. */
  readonly rejects = new Fifo<{ readonly stream: number; readonly code: number }>()
  #rejectsKept = 0

  constructor(number: LaneNumber) {
    this.number = number
  }

  /** A frame of this lane, counted for its stream. */
  send(frame: Bytes, now: Millis, stream?: Stream, fin = false, isReject = false): SentFrame<Stream> {
    if (stream !== undefined) stream.unacknowledged += 1
    if (isReject) this.#rejectsKept += 1
    return { frame, stream, half: stream?.send, fin, isReject, sentAt: now }
  }

  /** A frame has arrived at the other end. */
  arrived({ isReject }: SentFrame<Stream>): void {
    if (isReject) this.#rejectsKept -= 1
  }

  /** REJECTs that wait to be sent, or were not acknowledged. */
  get rejectsOwed(): number {
    return this.rejects.length + this.#rejectsKept
  }

  /** Whether nothing waits to be sent. */
  get isIdle(): boolean {
    return this.scheduler.isIdle && this.signals.length + this.rejects.length === 0
  }
}
