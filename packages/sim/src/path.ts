/**
 * One direction of a path, as WebRTC's data channels behave over one SCTP association (measured with Chromium):
 *
 *     send() → a buffer a lane → the transport's queue → the wire, at its rate → latency, jitter, stalls → arrival
 *              bufferedAmount     shared by all lanes
 *
 * - `bufferedAmount` is only what waits in front of the transport. Behind it is a queue of hundreds of KiB (SCTP, IPC, socket)
 *   that all lanes share, and that no page can look into or overtake: the more is in flight, the later is what comes next.
 * - The transport takes whole messages from the lanes' buffers, in turn (RFC 8831 §6.4 leaves the order open; dcsctp does so), and
 *   tells a lane when its buffer falls to its low threshold.
 * - The rate is shared by the lanes. A message costs a packet's headers beside its bytes.
 * - A lane that lost a packet is silent until it was sent again, and then delivers in order; the others overtake it. The lane for
 *   datagrams loses messages for good and keeps no order.
 */
import { type Bytes, FRAME_MAX_BYTES, type LaneName } from '@kith/protocol'
import type { VirtualClock } from '../../test-kit/src/clock.ts'
import type { SeededRandom } from '../../test-kit/src/random.ts'
import { Queue } from './queue.ts'

export type PathLane = LaneName | 'datagrams'

export const LANES: readonly PathLane[] = ['control', 'urgent', 'bulk', 'datagrams']

export interface PathModel {
  /** One way. */
  readonly latencyMs: number
  /** Each message is late by up to so much more; lanes that keep order keep it. */
  readonly jitterMs: number
  readonly bytesPerMs: number
  /** A lane that keeps order falls silent every so often (a lost packet and its retransmission), for up to so long. Never: 0. */
  readonly stallEveryMs: number
  readonly stallMs: number
  /** Which part of the datagrams gets lost, 0 to 1. */
  readonly datagramLoss: number
  /** Bytes that the transport takes ahead of the wire. */
  readonly queueBytes: number
  /** Where given, the path is `sctp.ts`'s: which part of the packets gets lost, and how many bytes wait for the bottleneck at most. It
   *  has neither jitter nor stalls, and its queue is SCTP's window. */
  readonly network?: { readonly loss: number; readonly queueBytes: number }
}

/** A clean path without stalls or loss, and Chromium's queue. */
export function cleanPath(latencyMs: number, bytesPerMs: number): PathModel {
  return { latencyMs, jitterMs: 0, bytesPerMs, stallEveryMs: 0, stallMs: 0, datagramLoss: 0, queueBytes: TRANSPORT_QUEUE_BYTES }
}

/** The same over a network: what waits for the bottleneck takes 50 ms at most, or 64 KiB. */
export function networkPath(latencyMs: number, bytesPerMs: number, loss: number): PathModel {
  const queueBytes = Math.max(64 * 1024, 50 * bytesPerMs)
  return { ...cleanPath(latencyMs, bytesPerMs), network: { loss, queueBytes } }
}

/** Chromium's packet socket blocks near 541 packets; a raw ping beside a bulk transfer of 36 MB/s takes 14 to 16 ms, as many. */
export const TRANSPORT_QUEUE_BYTES = 512 * 1024

/** IP 20, UDP 8, DTLS 37, SCTP 28. */
export const PACKET_HEADERS_BYTES = 93

export interface Arrival {
  readonly lane: PathLane
  /** The receiver's own for reading; the sender may keep it too, so neither writes to it. */
  readonly bytes: Bytes
}

export interface OneWayConfig {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly model: PathModel
  readonly maxMessageSize: number
  readonly arrive: (arrival: Arrival) => void
  /** As 'bufferedamountlow'. */
  readonly bufferedAmountLow: () => void
  readonly violated: (what: string) => void
}

/** One direction, as its sender drives it. */
export interface Way {
  readonly model: PathModel
  /** Sent on the lanes that keep order and carry streams, and not arrived. */
  readonly inFlightBytes: number
  readonly mostInFlightBytes: number
  /** From now on the path is another one; what is on its way stays as it was. */
  change(change: Partial<PathModel>): void
  /** Nothing arrives any more, and nothing says so: what is on its way is lost, and so is what is sent. */
  die(): void
  /** As RTCDataChannel.bufferedAmount. */
  buffered(lane: PathLane): number
  setLowThreshold(lane: PathLane, bytes: number): void
  send(lane: PathLane, bytes: Bytes): void
}

interface LaneState {
  readonly waiting: Queue<Bytes>
  bufferedBytes: number
  lowThresholdBytes: number
  lastArrivalAt: number
  nextStallAt: number
}

export class OneWay implements Way {
  readonly #config: OneWayConfig
  readonly #lanes: Readonly<Record<PathLane, LaneState>>
  readonly #queue = new Queue<Arrival>()
  #model: PathModel
  #queuedBytes = 0
  /** Which lane the transport looks at next. */
  #turn = 0
  #isSending = false
  #inFlightBytes = 0
  #mostInFlightBytes = 0
  #isDead = false

  constructor(config: OneWayConfig) {
    this.#config = config
    this.#model = config.model
    const { random } = config
    const lane = (): LaneState => {
      const nextStallAt =
        config.model.stallEveryMs > 0 ? random.between(0, 2 * config.model.stallEveryMs) : Number.POSITIVE_INFINITY
      return { waiting: new Queue(), bufferedBytes: 0, lowThresholdBytes: 0, lastArrivalAt: 0, nextStallAt }
    }
    this.#lanes = { control: lane(), urgent: lane(), bulk: lane(), datagrams: lane() }
  }

  change(change: Partial<PathModel>): void {
    this.#model = { ...this.#model, ...change }
  }

  die(): void {
    this.#isDead = true
  }

  get model(): PathModel {
    return this.#model
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  get mostInFlightBytes(): number {
    return this.#mostInFlightBytes
  }

  buffered(lane: PathLane): number {
    return this.#lanes[lane].bufferedBytes
  }

  setLowThreshold(lane: PathLane, bytes: number): void {
    this.#lanes[lane].lowThresholdBytes = bytes
  }

  send(lane: PathLane, bytes: Bytes): void {
    if (this.#isDead) return
    const { maxMessageSize, violated } = this.#config
    if (maxMessageSize > 0 && bytes.length > maxMessageSize)
      violated(`a message of ${bytes.length} bytes, larger than the path takes`)
    if (bytes.length > FRAME_MAX_BYTES) violated(`a message of ${bytes.length} bytes`)
    const state = this.#lanes[lane]
    // As RTCDataChannel.send: what the sender does to its buffer after that is its own affair.
    state.waiting.push(bytes.slice())
    state.bufferedBytes += bytes.length
    if (lane === 'urgent' || lane === 'bulk') {
      this.#inFlightBytes += bytes.length
      if (this.#inFlightBytes > this.#mostInFlightBytes) this.#mostInFlightBytes = this.#inFlightBytes
    }
    this.#fillQueue()
  }

  /** The transport takes what it has room for, a message of each lane in turn. */
  #fillQueue(): void {
    for (let empty = 0; empty < LANES.length && this.#queuedBytes < this.#model.queueBytes; ) {
      const lane = LANES[this.#turn] as PathLane
      this.#turn = (this.#turn + 1) % LANES.length
      const state = this.#lanes[lane]
      const bytes = state.waiting.shift()
      if (bytes === undefined) {
        empty += 1
        continue
      }
      empty = 0
      this.#queue.push({ lane, bytes })
      this.#queuedBytes += bytes.length
      const before = state.bufferedBytes
      state.bufferedBytes -= bytes.length
      if (before > state.lowThresholdBytes && state.bufferedBytes <= state.lowThresholdBytes) {
        this.#config.clock.at(this.#config.clock.now, () => {
          if (!this.#isDead) this.#config.bufferedAmountLow()
        })
      }
    }
    if (!this.#isSending) this.#sendNext()
  }

  #sendNext(): void {
    const next = this.#queue.shift()
    this.#isSending = next !== undefined
    if (next === undefined) return
    const { clock } = this.#config
    clock.at(clock.now + (next.bytes.length + PACKET_HEADERS_BYTES) / this.#model.bytesPerMs, () => {
      this.#queuedBytes -= next.bytes.length
      this.#leave(next)
      this.#isSending = false
      this.#fillQueue()
    })
  }

  #leave(message: Arrival): void {
    const { clock, random, arrive } = this.#config
    const { latencyMs, jitterMs, stallEveryMs, stallMs, datagramLoss } = this.#model
    const state = this.#lanes[message.lane]
    let arrivesAt = clock.now + latencyMs
    if (jitterMs > 0) arrivesAt += random.between(0, jitterMs)
    if (message.lane === 'datagrams') {
      if (datagramLoss > 0 && random.chance(datagramLoss)) return
    } else {
      arrivesAt = Math.max(arrivesAt, state.lastArrivalAt)
      if (arrivesAt >= state.nextStallAt) {
        arrivesAt += random.between(0, stallMs)
        state.nextStallAt = arrivesAt + random.between(0, 2 * stallEveryMs)
      }
      state.lastArrivalAt = arrivesAt
    }
    clock.at(arrivesAt, () => {
      if (this.#isDead) return
      if (message.lane === 'urgent' || message.lane === 'bulk') this.#inFlightBytes -= message.bytes.length
      arrive(message)
    })
  }
}
