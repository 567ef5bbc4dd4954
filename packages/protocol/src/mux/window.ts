/**
 * Flow control by credit, twice: once a stream, once for the whole connection. The receiver grants absolute offsets, so that a
 * grant that was repeated or merged means the same, and only what its reader has taken is ever granted anew.
 *
 * A window must hold what the reader takes in one round trip, or the sender stands still until the next grant arrives. So it
 * starts small and is doubled whenever half of it was consumed in less than two of them (as QUIC's receivers do: quic-go's
 * flowcontrol; one would not do, since whole frames make the halves of what comes in a round trip more than half); one whose
 * reader pauses never grows. The connection's, which all readers share, also grows while those that pause hold half of it: what they hold
 * is bounded by their own windows, and the others need room.
 */
import { WINDOW_PACE_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'

/** What may still be sent. */
export class SendCredit {
  #limit: number
  #used = 0

  constructor(initialBytes: number) {
    this.#limit = initialBytes
  }

  get left(): number {
    return this.#limit - this.#used
  }

  use(bytes: number): void {
    this.#used += bytes
  }

  /** Whether the offset granted more than was there. Lanes keep order, yet a smaller one would be harmless: it is ignored. */
  grant(offset: number): boolean {
    if (offset <= this.#limit) return false
    this.#limit = offset
    return true
  }
}

/** What the other side may still send. */
export class ReceiveWindow {
  #sizeBytes: number
  readonly #maxBytes: number
  readonly #isShared: boolean
  #received = 0
  #consumed = 0
  #granted: number
  #grantedAt: Millis | undefined

  /** `isShared`: several readers take from it, each at its own pace. */
  constructor(sizeBytes: number, maxBytes: number, isShared = false) {
    this.#sizeBytes = sizeBytes
    this.#maxBytes = maxBytes
    this.#isShared = isShared
    this.#granted = sizeBytes
  }

  /** Received and not yet consumed. */
  get unread(): number {
    return this.#received - this.#consumed
  }

  /** Whether so many bytes were within what had been granted; they are counted only then. */
  receive(bytes: number): boolean {
    if (this.#received + bytes > this.#granted) return false
    this.#received += bytes
    return true
  }

  consume(bytes: number): void {
    this.#consumed += bytes
  }

  /**
   * Whether a grant is worth a frame: half a window was consumed, or is held by readers that pause. Where the window is shared, also when the sender has nothing
   * left although we have room: readers that pause could hold so much of it that what the others read never adds up to half of
   * it, and streams that are being read would stop for good.
   */
  get due(): boolean {
    const more = this.#consumed + this.#sizeBytes - this.#granted
    return more * 2 >= this.#sizeBytes || this.#isCrowded || (this.#isShared && more > 0 && this.#received === this.#granted)
  }

  get #isCrowded(): boolean {
    return this.#isShared && this.unread * 2 >= this.#sizeBytes && this.#sizeBytes < this.#maxBytes
  }

  /** The offset to tell the sender, which from now on counts as granted. */
  grant(now: Millis, roundTripMs = 0): number {
    const isTooSmall = this.#grantedAt !== undefined && now - this.#grantedAt < Math.max(WINDOW_PACE_MS, 2 * roundTripMs)
    if (isTooSmall || this.#isCrowded) this.#sizeBytes = Math.min(this.#sizeBytes * 2, this.#maxBytes)
    this.#grantedAt = now
    this.#granted = this.#consumed + this.#sizeBytes
    return this.#granted
  }
}
