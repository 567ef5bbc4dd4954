import { violation } from '../errors.ts'
import { EARLY_BYTES_MAX, EARLY_FRAMES_MAX } from '../limits.ts'
import type { Bytes } from '../machine.ts'

/**
 * Lanes are not ordered among each other: frames may arrive before the confirm and hello that were sent ahead of them. They wait
 * here, unread, within bounds.
 */
export class EarlyFrames {
  #frames: { readonly lane: 'urgent' | 'bulk'; readonly bytes: Bytes }[] = []
  #bytes = 0

  /** Throws 'peer-violation' beyond EARLY_BYTES_MAX or EARLY_FRAMES_MAX. */
  keep(lane: 'urgent' | 'bulk', bytes: Bytes): void {
    this.#bytes += bytes.length
    if (this.#bytes > EARLY_BYTES_MAX || this.#frames.length >= EARLY_FRAMES_MAX) {
      throw violation('too much before the connection was confirmed')
    }
    this.#frames.push({ lane, bytes })
  }

  /** All of them, once. */
  take(): readonly { readonly lane: 'urgent' | 'bulk'; readonly bytes: Bytes }[] {
    const frames = this.#frames
    this.#frames = []
    this.#bytes = 0
    return frames
  }
}

/**
 * The sender's side of it: no more than the other side would keep, until it has shown (by a frame, an acknowledgement, a ping)
 * that it got our hello. A lost packet on the control lane would else make an honest sender a violator.
 */
export class EarlyBudget {
  #frames = 0
  #bytes = 0
  #lifted = false

  lift(): void {
    this.#lifted = true
  }

  allows(frameBytes: number): boolean {
    return this.#lifted || (this.#frames < EARLY_FRAMES_MAX && this.#bytes + frameBytes <= EARLY_BYTES_MAX)
  }

  use(frameBytes: number): void {
    this.#frames += 1
    this.#bytes += frameBytes
  }
}
