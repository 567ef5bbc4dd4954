/** Frames that cost work and say nothing: a few are honest, a flood is a violation. */
import { violation } from '../errors.ts'
import { IDLE_FRAMES_BURST, IDLE_FRAMES_PER_SECOND, LATE_FRAMES_BURST, LATE_FRAMES_PER_SECOND } from '../limits.ts'
import type { Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'

export class FloodGuard {
  readonly #idle = new TokenBucket(IDLE_FRAMES_PER_SECOND, IDLE_FRAMES_BURST, Number.NEGATIVE_INFINITY)
  readonly #late = new TokenBucket(LATE_FRAMES_PER_SECOND, LATE_FRAMES_BURST, Number.NEGATIVE_INFINITY)

  /** A frame or acknowledgement that changes nothing. Throws 'peer-violation' beyond IDLE_FRAMES_PER_SECOND. */
  countIdle(now: Millis): void {
    if (!this.#idle.take(now)) throw violation('a flood of frames that say nothing')
  }

  /** A frame that may have crossed the end of what it concerns. Throws 'peer-violation' beyond LATE_FRAMES_PER_SECOND. */
  countLate(now: Millis): void {
    if (!this.#late.take(now)) throw violation('a flood of frames for streams that are over')
  }
}
