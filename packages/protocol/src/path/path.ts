/**
 * What belongs to one path between two peers, and begins anew with the next: key confirmation, round trip, congestion window, frame
 * size, and the frames that arrive before the path is confirmed. A path holds nothing of the session that uses it.
 */
import { violation } from '../errors.ts'
import { FRAME_MAX_BYTES, FRAME_MIN_BYTES } from '../limits.ts'
import { Confirmation, type Confirmations } from './confirmation.ts'
import { CongestionWindow } from './congestion-window.ts'
import { EarlyBudget, EarlyFrames } from './early.ts'
import { RoundTrip } from './round-trip.ts'

export interface PathConfig {
  readonly confirmation: Confirmations
  /** Bytes the other side takes as one message; 0 for no limit (RFC 8841 §6). */
  readonly maxMessageSize: number
  /** Bytes in flight before anything is known of the path; WINDOW_FIRST_BYTES where not given. */
  readonly firstWindowBytes?: number
}

export class Path {
  readonly frameMaxBytes: number
  readonly confirmation: Confirmation
  readonly roundTrip = new RoundTrip()
  readonly congestion: CongestionWindow
  readonly early = new EarlyFrames()
  readonly earlyBudget = new EarlyBudget()
  readonly #maxMessageSize: number

  constructor({ confirmation, maxMessageSize, firstWindowBytes }: PathConfig) {
    this.#maxMessageSize = maxMessageSize
    this.frameMaxBytes = maxMessageSize === 0 ? FRAME_MAX_BYTES : Math.min(maxMessageSize, FRAME_MAX_BYTES)
    this.confirmation = new Confirmation(confirmation)
    this.congestion = new CongestionWindow(firstWindowBytes)
  }

  /** Throws 'peer-violation' where the path takes less than `leastBytes` as one message. */
  checkFrameSize(leastBytes = FRAME_MIN_BYTES): void {
    if (this.frameMaxBytes < leastBytes) throw violation(`messages of ${this.#maxMessageSize} bytes at most`)
  }
}
