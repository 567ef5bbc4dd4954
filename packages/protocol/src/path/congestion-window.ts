/**
 * How much may be in flight: sent, and not yet acknowledged by the machine at the other end. What is in flight waits in queues (the
 * browser's, the kernel's, the network's) and everything sent after it waits behind it, so there should be no more than keeps
 * the path busy: its bandwidth × delay, as in BBR (draft-ietf-ccwg-bbr), and a little more for what acknowledges in steps.
 *
 * Rate and delay are measured from acknowledgements. A round lasts until a frame comes back that was sent in it; the rate is what
 * arrived in it, of the best of the last few, so that one slow round closes nothing. The delay is the least seen, and grows old:
 * the path may have become longer. Queues of our own making look like a longer path, so before it is believed, what is in flight
 * drains for a round.
 */
import { ACK_BYTES, FLIGHT_MAX_BYTES, FLIGHT_MIN_BYTES, FLIGHT_QUEUE_BYTES, FLIGHT_QUEUE_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'

/** Of bandwidth × delay. More than 1, or a path of which only part was ever used would never show what it could carry. */
const GAIN = 1.25

/** Rounds whose best is the rate: long enough to bridge a stall, short enough to follow a path that became slower. */
const RATE_ROUNDS = 4

/** How long the least delay is believed (BBR's MinRTTFilterLen). */
const DELAY_MS = 10_000

export class CongestionWindow {
  #boundBytes = FLIGHT_MIN_BYTES
  #delayMs = Number.POSITIVE_INFINITY
  #delayAt: Millis = 0
  #isDraining = false
  readonly #rates: number[] = []
  #roundAt: Millis = 0
  #roundBytes = 0
  /** Whether the bound held something back in this round: only such a round shows what the path can carry. */
  #isLimited = false

  /** How many bytes may be in flight. A caller whom it stops calls `markLimited`. */
  get boundBytes(): number {
    return this.#isDraining ? ACK_BYTES : this.#boundBytes
  }

  /** The bound held a frame back. */
  markLimited(): void {
    this.#isLimited = true
  }

  /** How long something took there and back; whatever else delayed it, the path is no longer than that. */
  delay(delayMs: Millis, now: Millis): void {
    if (delayMs > this.#delayMs && !this.#isDraining) return
    this.#delayMs = delayMs
    this.#delayAt = now
  }

  /** So many bytes have arrived, the newest of them sent at `sentAt`. `isMost`: on the lane that has most in flight. The other's come
   *  in between, at any time: a round that ended with them would tell a rate that is none. */
  acknowledged(bytes: number, sentAt: Millis, now: Millis, isMost = true): void {
    this.delay(now - sentAt, now)
    this.#roundBytes += bytes
    if (!isMost || sentAt < this.#roundAt || now === this.#roundAt) return
    // What has come back by now was sent after the queues had drained.
    if (this.#isDraining) this.#isDraining = false
    else if (this.#isLimited) this.#adapt(this.#roundBytes / (now - this.#roundAt), now)
    this.#roundAt = now
    this.#roundBytes = 0
    this.#isLimited = false
  }

  #adapt(bytesPerMs: number, now: Millis): void {
    this.#rates.push(bytesPerMs)
    if (this.#rates.length > RATE_ROUNDS) this.#rates.shift()
    const rate = Math.max(...this.#rates)
    const queueBytes = Math.max(FLIGHT_MIN_BYTES, Math.min(rate * FLIGHT_QUEUE_MS, FLIGHT_QUEUE_BYTES))
    this.#boundBytes = Math.min(GAIN * rate * this.#delayMs + queueBytes, FLIGHT_MAX_BYTES)
    this.#isDraining = now - this.#delayAt > DELAY_MS
  }
}
