/**
 * Flow control by credit, twice: once a stream, once for the whole connection. The receiver grants absolute offsets, so that a
 * grant that was repeated or merged means the same, and only what its reader has taken is ever granted anew. Sizes are fixed
 * for now; what adapts them to the reader's pace and the round trip belongs into this file and nowhere else.
 */

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
  readonly #sizeBytes: number
  readonly #isShared: boolean
  #received = 0
  #consumed = 0
  #granted: number

  /** `isShared`: several readers take from it, each at its own pace. */
  constructor(sizeBytes: number, isShared = false) {
    this.#sizeBytes = sizeBytes
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
   * Whether a grant is worth a frame: half a window was consumed. Where the window is shared, also when the sender has nothing
   * left although we have room: readers that pause could hold so much of it that what the others read never adds up to half of
   * it, and streams that are being read would stop for good.
   */
  get due(): boolean {
    const more = this.#consumed + this.#sizeBytes - this.#granted
    return more * 2 >= this.#sizeBytes || (this.#isShared && more > 0 && this.#received === this.#granted)
  }

  /** The offset to tell the sender, which from now on counts as granted. */
  grant(): number {
    this.#granted = this.#consumed + this.#sizeBytes
    return this.#granted
  }
}
