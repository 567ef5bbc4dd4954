/**
 * What one lane has sent and received. Frames are counted from 0 in each direction, over all paths; what was sent is kept until the
 * other side has acknowledged it. So a session goes on over another path without losing or repeating anything: each side tells how
 * many frames it has received, and the other sends again what comes behind those.
 */
import { violation } from '../errors.ts'
import {
  ACK_BYTES,
  ACK_FIRST_BYTES,
  ACK_LOAD_BYTES,
  ACK_LOAD_MS,
  ACK_MS,
  FIN_ACK_MS,
  UNACKNOWLEDGED_MAX_BYTES,
} from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Fifo } from '../mux/fifo.ts'
import type { LaneNumber } from '../mux/frames.ts'
import type { SentFrame } from '../mux/lane-queue.ts'

/** What a kept frame costs beside its bytes; without it, a million tiny frames would pass for a megabyte. */
const FRAME_OVERHEAD_BYTES = 64

/** What a conversation of small messages receives while an acknowledgement waits, and no transfer does. */
const LITTLE_BYTES = 16 * 1024

export class LaneLedger<Stream> {
  readonly number: LaneNumber
  readonly #kept = new Fifo<SentFrame<Stream>>()
  #keptBytes = 0
  #acknowledged = 0
  /** Of the kept frames so many have been sent on this path; the rest goes again. */
  #sentHere = 0
  #inFlightBytes = 0
  /** A frame that has been counted, and did not fit into the message before. */
  held: Bytes | undefined
  #received = 0
  /** Received since the last acknowledgement, and on this path in all. */
  #receivedBytes = 0
  #receivedHereBytes = 0
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

  /** Counts a frame that is being sent for the first time, and returns its bytes. Only where nothing `waitsAgain`. */
  keep(sent: SentFrame<Stream>): Bytes {
    this.#kept.push(sent)
    this.#sentHere += 1
    const bytes = sent.frame.length + FRAME_OVERHEAD_BYTES
    this.#inFlightBytes += bytes
    this.#keptBytes += bytes
    return sent.frame
  }

  /** Whether frames of an earlier path are still to be sent on this one. */
  get waitsAgain(): boolean {
    return this.#sentHere < this.#kept.length
  }

  /** The next frame that an earlier path may have lost. */
  nextAgain(now: Millis): Bytes | undefined {
    const again = this.#kept.at(this.#sentHere)
    if (again === undefined) return undefined
    this.#sentHere += 1
    this.#inFlightBytes += again.frame.length + FRAME_OVERHEAD_BYTES
    // The congestion window of this path learns from the time that the frame takes here.
    again.sentAt = now
    return again.frame
  }

  /** Frames sent in all. */
  get sent(): number {
    return this.#acknowledged + this.#kept.length
  }

  /** Frames that have come in all. */
  get received(): number {
    return this.#received
  }

  /** Bytes sent and not acknowledged, with what keeping them costs. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Of those, what was sent on this path. */
  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  /** Forgets what has arrived and returns it, oldest first. Throws 'peer-violation' for frames that were never sent. */
  acknowledge(count: number): SentFrame<Stream>[] {
    if (count > this.#acknowledged + this.#sentHere) throw violation(`frame ${count} acknowledged before it was sent`)
    return this.#forget(count)
  }

  #forget(count: number): SentFrame<Stream>[] {
    const arrived: SentFrame<Stream>[] = []
    while (this.#acknowledged < count) {
      const sent = this.#kept.shift()
      if (sent === undefined) break
      this.#acknowledged += 1
      const bytes = sent.frame.length + FRAME_OVERHEAD_BYTES
      this.#keptBytes -= bytes
      if (this.#sentHere > 0) {
        this.#sentHere -= 1
        this.#inFlightBytes -= bytes
      }
      arrived.push(sent)
    }
    return arrived
  }

  // ── another path ──

  /** The path is gone, and what was owed on it: the next one begins with a count. */
  detach(): void {
    this.#sentHere = 0
    this.#inFlightBytes = 0
    this.held = undefined
    this.#receivedHereBytes = 0
    this.takeAck()
  }

  /**
   * So many frames have arrived over the paths before; what comes behind them goes again. Returns those that arrived. Throws
   * 'peer-violation' for a count that cannot be: of frames that were never sent, or less than was acknowledged.
   */
  resume(count: number): SentFrame<Stream>[] {
    if (count > this.sent) throw violation(`resumes behind frame ${count} of ${this.sent}`)
    if (count < this.#acknowledged) throw violation(`resumes behind frame ${count}, and has acknowledged ${this.#acknowledged}`)
    return this.#forget(count)
  }

  // ── receiving ──

  receive(frameBytes: number, now: Millis): void {
    this.#received += 1
    const bytes = frameBytes + FRAME_OVERHEAD_BYTES
    const wasLoad = this.#receivedBytes >= ACK_LOAD_BYTES
    this.#receivedBytes += bytes
    this.#receivedHereBytes += bytes
    if (this.#receivedBytes >= this.#ackBytes) this.#ackDueAt = now
    else if (!wasLoad && this.#receivedBytes >= ACK_LOAD_BYTES) this.#dueWithin(ACK_LOAD_MS, now)
    else this.#ackDueAt ??= now + ACK_MS
  }

  /** A FIN's sender waits: the acknowledgement waits only as long as an answer may take that it can go with. */
  ackSoon(now: Millis): void {
    this.#isAwaited = true
    this.#dueWithin(FIN_ACK_MS, now)
  }

  get #ackBytes(): number {
    return Math.min(ACK_BYTES, Math.max(ACK_FIRST_BYTES, this.#receivedHereBytes / 4))
  }

  #dueWithin(ms: number, now: Millis): void {
    this.#ackDueAt = Math.min(this.#ackDueAt ?? Number.POSITIVE_INFINITY, now + ms)
  }

  /**
   * Whether an acknowledgement is worth going with a message that goes now anyway, where it costs a few bytes; alone it costs as much
   * as that message. It is for a FIN's sender, and for a little that has waited half its time; not for more than that, since from
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
