/**
 * Where what will be sent is put together. Making an ArrayBuffer costs a browser more than copying a small message into it, and the
 * memory of a large one is cleared before it is filled: so small ones are cut from one that they share, and all are used again once
 * what they held has left or arrived.
 */
import { FRAME_MAX_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'

/** Up to this size a buffer is cut from a shared one. */
const SMALL_BYTES = 2048

/** The first shared buffer, and the largest: each is twice the one before, so that an idle connection holds little. One that was
 *  cut up lives as long as the longest-lived of its parts, which wait to be sent or acknowledged, a moment. */
const SHARED_MIN_BYTES = 4 * 1024
const SHARED_MAX_BYTES = 32 * 1024

/** Large ones kept for use again: about as many as are in flight on a path without delay. */
const FREE_MAX = 8

export class Buffers {
  #shared: Bytes = new Uint8Array(0)
  #sharedUsed = 0
  /** Parts of it that have not come back. */
  #sharedParts = 0
  readonly #free: Bytes[] = []

  /** At least so many bytes, of at most FRAME_MAX_BYTES; whatever they held before is still there. */
  take(bytes: number): Bytes {
    if (bytes <= SMALL_BYTES) return this.#cut(bytes)
    if (bytes * 2 <= FRAME_MAX_BYTES) return new Uint8Array(bytes)
    return this.#free.pop() ?? new Uint8Array(FRAME_MAX_BYTES)
  }

  /** What was taken, or a part of it, will never be looked at again. Once for each that was taken, or not at all. */
  giveBack({ buffer }: Bytes): void {
    if (buffer === this.#shared.buffer) {
      this.#sharedParts -= 1
      if (this.#sharedParts === 0) this.#sharedUsed = 0
    } else if (buffer.byteLength === FRAME_MAX_BYTES && this.#free.length < FREE_MAX) {
      this.#free.push(new Uint8Array(buffer))
    }
  }

  /** Nothing is on its way: what was kept for more is let go. */
  rest(): void {
    this.#free.length = 0
  }

  #cut(bytes: number): Bytes {
    if (this.#sharedUsed + bytes > this.#shared.length) {
      this.#shared = new Uint8Array(Math.max(SHARED_MIN_BYTES, Math.min(this.#shared.length * 2, SHARED_MAX_BYTES)))
      this.#sharedUsed = 0
      this.#sharedParts = 0
    }
    this.#sharedUsed += bytes
    this.#sharedParts += 1
    return this.#shared.subarray(this.#sharedUsed - bytes, this.#sharedUsed)
  }
}
