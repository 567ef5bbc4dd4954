/** A path between two ends: lanes that keep their own order and nothing between them; latency, a rate, and times of silence. */
import type { Bytes, LaneName } from '@kith/protocol'
import type { VirtualClock } from './clock.ts'
import type { SeededRandom } from './random.ts'

export interface PathModel {
  readonly latencyMs: number
  /** Each message is late by up to so much more, a lane's order kept. */
  readonly jitterMs: number
  /** Shared by the lanes of one direction. */
  readonly bytesPerMs: number
  /** A lane falls silent every so often (a lost packet and its retransmission), for up to so long. */
  readonly stallEveryMs: number
  readonly stallMs: number
}

export const LANES: readonly LaneName[] = ['control', 'urgent', 'bulk']

export interface Arrival {
  readonly lane: LaneName
  readonly bytes: Bytes
}

/** One direction. */
export class OneWay {
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #model: PathModel
  readonly #arrive: (arrival: Arrival) => void
  readonly #roomAgain: () => void
  readonly #buffered: Record<LaneName, number> = { control: 0, urgent: 0, bulk: 0 }
  readonly #lastArrival: Record<LaneName, number> = { control: 0, urgent: 0, bulk: 0 }
  readonly #nextStall: Record<LaneName, number>
  #freeAt = 0

  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    model: PathModel,
    arrive: (arrival: Arrival) => void,
    roomAgain: () => void,
  ) {
    this.#clock = clock
    this.#random = random
    this.#model = model
    this.#arrive = arrive
    this.#roomAgain = roomAgain
    const stall = () => random.between(0, 2 * model.stallEveryMs)
    this.#nextStall = { control: stall(), urgent: stall(), bulk: stall() }
  }

  /** As RTCDataChannel.bufferedAmount. */
  buffered(lane: LaneName): number {
    return this.#buffered[lane]
  }

  /** Copies: the sender keeps its buffer. */
  send(lane: LaneName, message: Bytes): void {
    const bytes = message.slice()
    const { latencyMs, jitterMs, bytesPerMs, stallEveryMs, stallMs } = this.#model
    const leaves = Math.max(this.#freeAt, this.#clock.now) + bytes.length / bytesPerMs
    this.#freeAt = leaves
    let arrives = Math.max(leaves + latencyMs + this.#random.between(0, jitterMs), this.#lastArrival[lane])
    if (arrives >= this.#nextStall[lane]) {
      arrives += this.#random.between(0, stallMs)
      this.#nextStall[lane] = arrives + this.#random.between(0, 2 * stallEveryMs)
    }
    this.#lastArrival[lane] = arrives
    this.#buffered[lane] += bytes.length
    this.#clock.at(leaves, () => {
      this.#buffered[lane] -= bytes.length
      this.#roomAgain()
    })
    this.#clock.at(arrives, () => this.#arrive({ lane, bytes }))
  }
}
