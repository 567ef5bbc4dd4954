import { RELAY_CONTROL_BURST, RELAY_CONTROL_PER_SECOND, RELAY_FRAME_BURST, RELAY_FRAMES_PER_SECOND } from '../limits.ts'
import type { Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import { answersBind, type RelayFrame } from './frames.ts'

/** What one connection of a relay may bring: each frame is work for the page, also one that comes to nothing. */
export class FrameBudget {
  readonly #frames: TokenBucket
  readonly #control: TokenBucket

  constructor(now: Millis) {
    this.#frames = new TokenBucket(RELAY_FRAMES_PER_SECOND, RELAY_FRAME_BURST, now)
    this.#control = new TokenBucket(RELAY_CONTROL_PER_SECOND, RELAY_CONTROL_BURST, now)
  }

  takes(frame: RelayFrame, now: Millis): boolean {
    return this.#frames.take(now) && (!isControl(frame) || this.#control.take(now))
  }
}

/** What a relay sends without being asked, envelopes aside. */
function isControl(frame: RelayFrame): boolean {
  switch (frame.type) {
    case 'challenge':
    case 'bound':
    case 'deliver':
      return false
    case 'ping':
    case 'ice':
      return true
    case 'notice':
      return !answersBind(frame.notice)
  }
}
