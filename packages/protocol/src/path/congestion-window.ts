/**
 * How much may be in flight: sent, and not yet acknowledged by the machine at the other end. What is in flight waits in queues (the
 * browser's, the kernel's, the network's), and everything sent after it waits behind it: other streams, datagrams, a call. So no more is
 * in flight than keeps the path busy. It is measured in time: on a path of a tenth of the rate, the same number of bytes waits ten
 * times as long.
 *
 * After BBR (draft-ietf-ccwg-bbr): the rate is the best of the last rounds (BBR.max_bw), the delay the least of the last seconds
 * (BBR.min_rtt), the window their product and a short queue. A round lasts until a frame comes back that was sent in it. BBR paces what
 * it sends. Here the transport beneath does, and timers of a page are too coarse for it, so the queue is kept short by the window.
 *
 * - startup: the window doubles each round, as SCTP's own does, until the rate stops growing or a queue shows (Startup; RFC 9406).
 * - steady: the window follows rate and delay.
 * - probing: queues of our own making look like a longer path. When the least delay has grown old, or what comes back has been late for some
 *   rounds, less than the path holds flies for a round, and what is seen then is believed (ProbeRTT).
 *
 * A lane keeps its order, so one lost packet holds back all behind it until it was sent again, and then everything is acknowledged at once.
 * While acknowledgements are overdue, the path is assumed to go on delivering at its rate, for as long as one repair takes.
 */
import {
  ACK_BYTES,
  ACK_LOAD_BYTES,
  ACK_LOAD_MS,
  ACK_MS,
  DATAGRAMS_BUFFER_BYTES,
  DATAGRAMS_BUFFER_MIN_BYTES,
  DATAGRAMS_BUFFER_MS,
  FRAME_MAX_BYTES,
  FRAME_MS,
  FRAME_SHARED_MS,
  FRAME_SLOW_BYTES,
  LANE_BUFFER_FRAMES,
  WINDOW_FIRST_BYTES,
  WINDOW_MAX_BYTES,
  WINDOW_MIN_BYTES,
  WINDOW_QUEUE_BYTES,
  WINDOW_QUEUE_MS,
} from '../limits.ts'
import type { Millis } from '../machine.ts'

/** Rounds whose best is the rate: long enough to bridge a stall, short enough to follow a path that became slower. */
const RATE_ROUNDS = 4

/** …nor from longer ago than this, or than so many times the least delay: where a queue has made the rounds long, the last one counts. */
const RATE_MS = 500
const RATE_DELAYS = 5

/** How long the least delay is believed (BBR's MinRTTFilterLen). */
const DELAY_MS = 10_000

/** Rounds in a row in which everything came back later than our own queue explains: the path has become longer. */
const LATE_ROUNDS = 4

/** Of bandwidth × delay, while it is probed (BBR's ProbeRTTCwndGain is 0.5): our queue drains, and what is sent at once afterwards is
 *  little. */
const PROBE_GAIN = 0.75

/** Startup ends after so many rounds in which the rate grew by less than this (BBRCheckStartupFullBandwidth)… */
const FLAT_ROUNDS = 3
const GROWTH = 1.25

/** …or after so many late acknowledgements in a row: one alone may be the processor's doing. */
const LATE_ACKS = 3

/** A frame is at most this part of the window while the rate is not known, so that acknowledgements flow. */
const FRAMES_IN_WINDOW = 4

type State =
  | { readonly phase: 'startup'; flatRounds: number; bestRate: number; lateAcks: number }
  | { readonly phase: 'steady' }
  /** `delayMs`: what was believed before. */
  | { readonly phase: 'probing'; readonly delayMs: Millis }

export class CongestionWindow {
  #state: State = { phase: 'startup', flatRounds: 0, bestRate: 0, lateAcks: 0 }
  #windowBytes: number
  /** How long an acknowledgement of data in flow waits at the other end. */
  #ackDelayMs = ACK_MS

  #delayMs = Number.POSITIVE_INFINITY
  #delayAt: Millis = 0
  /** The least in this round, and rounds in a row in which that was late. */
  #roundDelayMs = Number.POSITIVE_INFINITY
  #lateRounds = 0

  /** Bytes a millisecond, of the last rounds that show what the path carries. */
  readonly #rates: { readonly rate: number; readonly at: Millis }[] = []
  /** Their best; undefined before the first. */
  #rate: number | undefined
  #roundAt: Millis = 0
  #roundBytes = 0
  /** Whether more waited to be sent in this round: only such a round shows what the path can carry. */
  #isLimited = false

  #lastDelayMs = 0
  /** Since when an acknowledgement is awaited. */
  #awaitedSince: Millis = 0

  /** `firstBytes`: what may be in flight before anything is known of the path. */
  constructor(firstBytes = WINDOW_FIRST_BYTES) {
    this.#windowBytes = firstBytes
  }

  /** The other side acknowledges data in flow within ACK_LOAD_MS. */
  acksPromptly(): void {
    this.#ackDelayMs = ACK_LOAD_MS
  }

  // ── what may be sent ──

  /** How many bytes may be in flight. */
  windowBytes(now: Millis): number {
    const overdueMs = now - this.#awaitedSince
    if (!this.#mayRepair || this.#rate === undefined || overdueMs < this.#overdueMs) return this.#windowBytes
    return Math.min(this.#windowBytes + this.#rate * Math.min(overdueMs, this.#repairMs), WINDOW_MAX_BYTES)
  }

  /** When `windowBytes` allows a frame more, should no acknowledgement come; undefined for not at all. */
  growsAt(now: Millis): Millis | undefined {
    if (!this.#mayRepair) return undefined
    const overdueMs = now - this.#awaitedSince
    if (overdueMs < this.#overdueMs) return now + Math.max(1, this.#overdueMs - overdueMs)
    return overdueMs < this.#repairMs ? now + FRAME_MS : undefined
  }

  /** Bytes of a frame at most: what passes in FRAME_MS, since whatever is urgent waits for the rest of the frame before it. */
  get frameBytes(): number {
    return this.#frameOf(FRAME_MS)
  }

  /** As above, while datagrams wait. */
  get sharedFrameBytes(): number {
    return this.#frameOf(FRAME_SHARED_MS)
  }

  #frameOf(ms: number): number {
    let bytes = (this.#rate ?? Number.POSITIVE_INFINITY) * ms
    // The path may carry twice as much as it has shown.
    if (this.#state.phase === 'startup') bytes = Math.min(2 * bytes, this.#windowBytes / FRAMES_IN_WINDOW)
    return clamp(Math.floor(bytes), FRAME_SLOW_BYTES, FRAME_MAX_BYTES)
  }

  /** Bytes in a lane's buffer from which on nothing more is given to it. */
  get laneBufferBytes(): number {
    return LANE_BUFFER_FRAMES * this.frameBytes
  }

  /** As above, of the lane for datagrams. */
  get datagramBufferBytes(): number {
    if (this.#rate === undefined) return DATAGRAMS_BUFFER_BYTES
    return clamp(Math.floor(this.#rate * DATAGRAMS_BUFFER_MS), DATAGRAMS_BUFFER_MIN_BYTES, DATAGRAMS_BUFFER_BYTES)
  }

  // ── what comes back ──

  /** Something leaves, and nothing was in flight: a round begins, and an acknowledgement takes a round trip. */
  begins(now: Millis): void {
    this.#awaitedSince = now + (Number.isFinite(this.#delayMs) ? this.#delayMs : 0)
    this.#beginRound(now)
  }

  /** How long something took there and back; whatever else delayed it, the path is no longer than that. */
  delay(delayMs: Millis, now: Millis): void {
    if (delayMs > this.#delayMs && this.#state.phase !== 'probing') return
    this.#delayMs = delayMs
    this.#delayAt = now
  }

  /** So many bytes have arrived, the newest of them sent at `sentAt`. `isMost`: on the lane that has most in flight. The other's come
   *  in between, at any time: a round that ended with them would give a wrong rate. `isLimited`: more waits to be sent. */
  acknowledged(bytes: number, sentAt: Millis, now: Millis, { isMost = true, isLimited = true } = {}): void {
    const delayMs = now - sentAt
    this.delay(delayMs, now)
    this.#roundBytes += bytes
    this.#roundDelayMs = Math.min(this.#roundDelayMs, delayMs)
    if (isLimited) this.#isLimited = true
    if (isMost) {
      this.#awaitedSince = now
      this.#lastDelayMs = delayMs
    }
    const isLate = delayMs > this.#delayMs + this.#lateMs
    // A queue shows already: more would only make it longer.
    if (this.#state.phase === 'startup' && this.#isLimited && !isLate) {
      this.#windowBytes = Math.min(this.#windowBytes + bytes, WINDOW_MAX_BYTES)
    }
    if (!isMost || now <= this.#roundAt) return
    const rate = this.#roundBytes / (now - this.#roundAt)
    const isRound = sentAt >= this.#roundAt
    if (this.#state.phase === 'startup') {
      if (this.#isLimited) this.#start(this.#state, { isLate, rate, isRound, now })
    } else if (isRound) {
      this.#endRound(this.#state, rate, now)
    }
    if (isRound) this.#beginRound(now)
  }

  #beginRound(now: Millis): void {
    this.#roundAt = now
    this.#roundBytes = 0
    this.#roundDelayMs = Number.POSITIVE_INFINITY
    this.#isLimited = false
  }

  #endRound(state: Exclude<State, { phase: 'startup' }>, rate: number, now: Millis): void {
    switch (state.phase) {
      case 'steady':
        // What was sent without being held back shows at least so much.
        if (this.#isLimited || rate > (this.#rate ?? 0)) this.#learn(rate, now)
        this.#lateRounds = this.#isLimited && this.#roundDelayMs > this.#delayMs + this.#lateMs ? this.#lateRounds + 1 : 0
        this.#follow()
        if (now - this.#delayAt > DELAY_MS || this.#lateRounds >= LATE_ROUNDS) this.#probe()
        return
      case 'probing':
        // What has come back by now was sent after the queues had drained.
        this.#lateRounds = 0
        this.#follow()
        // Over the longer path the window has shrunk with the rate that it allowed.
        if (this.#delayMs > state.delayMs + this.#lateMs)
          this.#state = { phase: 'startup', flatRounds: 0, bestRate: 0, lateAcks: 0 }
    }
  }

  #learn(rate: number, now: Millis): void {
    this.#rates.push({ rate, at: now })
    const oldest = now - Math.max(RATE_MS, RATE_DELAYS * this.#delayMs)
    while (this.#rates.length > 1 && (this.#rates.length > RATE_ROUNDS || (this.#rates[0]?.at ?? now) < oldest))
      this.#rates.shift()
    this.#rate = Math.max(...this.#rates.map((round) => round.rate))
  }

  // ── startup ──

  /** Something was acknowledged in startup; `rate`: of the round so far. */
  #start(state: State & { phase: 'startup' }, ack: { isLate: boolean; rate: number; isRound: boolean; now: Millis }): void {
    state.lateAcks = ack.isLate ? state.lateAcks + 1 : 0
    const isQueue = state.lateAcks >= LATE_ACKS
    if (!ack.isRound && !isQueue) return
    this.#learn(ack.rate, ack.now)
    if (ack.rate >= GROWTH * state.bestRate) {
      state.bestRate = ack.rate
      state.flatRounds = 0
    } else {
      state.flatRounds += 1
    }
    if (isQueue || state.flatRounds >= FLAT_ROUNDS) this.#follow()
  }

  // ── steady ──

  /** The window follows what was measured. */
  #follow(): void {
    this.#state = { phase: 'steady' }
    const rate = this.#rate ?? 0
    // What waits to be acknowledged at the other end, and the frame that is on its way meanwhile.
    const ackBytes = Math.min(rate * this.#ackDelayMs + ACK_LOAD_BYTES + FRAME_SLOW_BYTES, ACK_BYTES)
    const queueBytes = Math.min(rate * WINDOW_QUEUE_MS + ackBytes, WINDOW_QUEUE_BYTES)
    this.#windowBytes = clamp(rate * this.#delayMs + queueBytes, WINDOW_MIN_BYTES, WINDOW_MAX_BYTES)
  }

  #probe(): void {
    this.#state = { phase: 'probing', delayMs: this.#delayMs }
    this.#windowBytes = clamp(PROBE_GAIN * (this.#rate ?? 0) * this.#delayMs, WINDOW_MIN_BYTES, WINDOW_MAX_BYTES)
  }

  /** What our own queue, the frame itself, and acknowledgements that wait add to the delay. */
  get #lateMs(): number {
    const frameMs = this.#rate === undefined ? 0 : this.frameBytes / this.#rate
    return WINDOW_QUEUE_MS + frameMs + this.#ackDelayMs
  }

  /** Whether overdue acknowledgements are a packet's fault. Where the last were late themselves, the path has become slow. */
  get #mayRepair(): boolean {
    return this.#state.phase === 'steady' && this.#lastDelayMs <= this.#delayMs + 2 * this.#lateMs
  }

  /** Acknowledgements that take longer than this to come are held back by something. */
  get #overdueMs(): number {
    return WINDOW_QUEUE_MS + 2 * this.#ackDelayMs
  }

  /** A lost packet is seen after a round trip, and its successor has come after another. */
  get #repairMs(): number {
    return 2 * this.#delayMs + this.#overdueMs
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most))
}
