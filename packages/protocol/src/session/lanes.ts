/**
 * The two lanes that carry the frames of streams: what waits on each (the mux's queue), and what it has sent and received (its
 * ledger). Messages are put together here, acknowledgements are counted here, and here a session goes on over another path.
 */
import { PACK_MAX_BYTES } from '../limits.ts'
import { type Bytes, type Millis, sooner } from '../machine.ts'
import { decodeFrame, encodeAck, type LaneNumber } from '../mux/frames.ts'
import { type LaneName, LaneQueue } from '../mux/lane-queue.ts'
import { PACKED_FRAME_MAX_BYTES, Packing } from '../mux/packing.ts'
import type { MuxStream } from '../mux/stream.ts'
import type { Streams } from '../mux/streams.ts'
import type { Path } from '../path/path.ts'
import type { ControlLane, LaneCounts } from './control-lane.ts'
import { LaneLedger } from './lane-ledger.ts'

export interface SessionLane {
  readonly queue: LaneQueue<MuxStream>
  readonly ledger: LaneLedger<MuxStream>
}

function makeLane(number: LaneNumber): SessionLane {
  return { queue: new LaneQueue(number), ledger: new LaneLedger(number) }
}

export class Lanes {
  readonly urgent = makeLane(2)
  readonly bulk = makeLane(3)
  #path: Path
  /** When the window may have grown although nothing was acknowledged; data waits for it. */
  #roomAt: Millis | undefined

  constructor(path: Path) {
    this.#path = path
  }

  // ── counts ──

  /** Frames received on each lane in all. */
  get received(): LaneCounts {
    return { urgent: this.urgent.ledger.received, bulk: this.bulk.ledger.received }
  }

  /** Frames sent on each lane in all. */
  get sent(): LaneCounts {
    return { urgent: this.urgent.ledger.sent, bulk: this.bulk.ledger.sent }
  }

  /** Bytes kept because the remote has not acknowledged them. */
  get keptBytes(): number {
    return this.urgent.ledger.keptBytes + this.bulk.ledger.keptBytes
  }

  /** Whether nothing that was written waits to leave. */
  get isIdle(): boolean {
    return isIdle(this.urgent) && isIdle(this.bulk)
  }

  /** When to acknowledge, or to look whether data may go. */
  get dueAt(): Millis | undefined {
    return sooner(sooner(this.urgent.ledger.ackDueAt, this.bulk.ledger.ackDueAt), this.#roomAt)
  }

  tick(now: Millis): void {
    if (this.#roomAt !== undefined && this.#roomAt <= now) this.#roomAt = undefined
  }

  /** Bytes of a frame at most, on this path at this time; `isShared`: datagrams wait. */
  frameBytes(isShared: boolean): number {
    const { congestion, frameMaxBytes } = this.#path
    return Math.min(isShared ? congestion.sharedFrameBytes : congestion.frameBytes, frameMaxBytes)
  }

  /** Bytes in a lane's buffer from which on nothing more is to be given to it. */
  bufferBytes(name: LaneName | 'datagrams'): number {
    const { congestion } = this.#path
    return name === 'datagrams' ? congestion.datagramBufferBytes : congestion.laneBufferBytes
  }

  // ── paths ──

  detach(): void {
    this.urgent.ledger.detach()
    this.bulk.ledger.detach()
    this.#roomAt = undefined
  }

  attach(path: Path): void {
    this.#path = path
  }

  /** The remote has so much of what went over the paths before; the rest goes again. Throws 'peer-violation' for impossible counts. */
  resume(received: LaneCounts, streams: Streams): void {
    // Both counts are checked before anything is told of either.
    const urgent = this.urgent.ledger.resume(received.urgent)
    const bulk = this.bulk.ledger.resume(received.bulk)
    streams.arrived(this.urgent.queue, urgent)
    streams.arrived(this.bulk.queue, bulk)
  }

  /** One frame that came on a lane of this path. Throws 'peer-violation'. */
  receive(name: 'urgent' | 'bulk', bytes: Bytes, streams: Streams, now: Millis): void {
    const frame = decodeFrame(bytes)
    if (frame.type === 'ack') {
      this.acknowledged(frame.lane, frame.count, streams, now)
      return
    }
    const { queue, ledger } = this[name]
    ledger.receive(bytes.length, now)
    if (frame.type === 'fin') ledger.ackSoon(now)
    streams.receive(queue, frame, now)
  }

  // ── acknowledgements ──

  /** Frames of a lane have arrived on this path. Throws 'peer-violation' for more than were sent. */
  acknowledged(number: LaneNumber, count: number, streams: Streams, now: Millis): void {
    const [lane, other] = number === 2 ? [this.urgent, this.bulk] : [this.bulk, this.urgent]
    const { ledger } = lane
    const before = ledger.inFlightBytes
    const arrived = ledger.acknowledge(count)
    if (arrived.length === 0) streams.floods.countIdle(now)
    const newest = arrived.at(-1)
    if (newest !== undefined) {
      const isMost = before >= other.ledger.inFlightBytes
      const isLimited = hasData(lane) || hasData(other)
      this.#path.congestion.acknowledged(before - ledger.inFlightBytes, newest.sentAt, now, { isMost, isLimited })
      this.#roomAt = undefined
    }
    streams.arrived(lane.queue, arrived)
    if (ledger.keptBytes === 0) streams.rest()
  }

  /** `isSending`: there is a message that they may go with. */
  collectAcks(control: ControlLane, now: Millis, isSending = false): void {
    this.#collectAck(this.urgent.ledger, control, now, isSending)
    this.#collectAck(this.bulk.ledger, control, now, isSending)
  }

  #collectAck(ledger: LaneLedger<MuxStream>, control: ControlLane, now: Millis, isSending: boolean): void {
    const isDue = ledger.ackDueAt !== undefined && ledger.ackDueAt <= now
    if (isDue || (isSending && ledger.isWorthAcknowledging(now))) control.acknowledge(ledger.number, ledger.takeAck())
  }

  // ── what goes out ──

  /** What may still be in flight: bulk within what the path carries, the urgent as if no bulk were in flight. */
  roomBytes(queue: LaneQueue<MuxStream>, now: Millis): number {
    const { urgent, bulk } = this
    const { congestion } = this.#path
    const inFlightBytes = urgent.ledger.inFlightBytes + (queue === urgent.queue ? 0 : bulk.ledger.inFlightBytes)
    const room = congestion.windowBytes(now) - inFlightBytes
    this.#roomAt = room <= 0 ? congestion.growsAt(now) : undefined
    return room
  }

  /** The next message of a lane: a large frame alone; small ones together, with what is to be acknowledged. */
  pull(name: 'urgent' | 'bulk', streams: Streams, control: ControlLane, now: Millis): Bytes | undefined {
    const { frameMaxBytes, earlyBudget, roundTrip } = this.#path
    if (!earlyBudget.allows(frameMaxBytes)) return undefined
    const lane = this[name]
    const { ledger } = lane
    const first = ledger.held ?? this.#nextFrame(lane, streams, now, roundTrip.ms)
    ledger.held = undefined
    if (first === undefined || first.length > PACKED_FRAME_MAX_BYTES) return first
    const packing = new Packing(Math.min(PACK_MAX_BYTES, frameMaxBytes))
    this.collectAcks(control, now, true)
    for (const [number, count] of control.takeAcks()) packing.add(encodeAck(number, count))
    for (let next: Bytes | undefined = first; next !== undefined; next = this.#nextFrame(lane, streams, now, roundTrip.ms)) {
      if (packing.add(next)) continue
      ledger.held = next
      break
    }
    return packing.finish()
  }

  /** First what an earlier path may have lost: a lane keeps its order. */
  #nextFrame({ queue, ledger }: SessionLane, streams: Streams, now: Millis, roundTripMs: number | undefined): Bytes | undefined {
    const isFirst = this.urgent.ledger.inFlightBytes + this.bulk.ledger.inFlightBytes === 0
    const frame = this.#takeFrame({ queue, ledger }, streams, now, roundTripMs)
    if (frame !== undefined && isFirst) this.#path.congestion.begins(now)
    return frame
  }

  #takeFrame({ queue, ledger }: SessionLane, streams: Streams, now: Millis, roundTripMs: number | undefined): Bytes | undefined {
    if (ledger.waitsAgain) return this.roomBytes(queue, now) > 0 ? ledger.nextAgain(now) : undefined
    if (!ledger.hasRoom(this.#path.frameMaxBytes)) return undefined
    const sent = streams.outgoing.next(queue, now, roundTripMs)
    return sent && ledger.keep(sent)
  }
}

/** Whether something waits that the window or the lane's buffer holds back, rather than its writer. */
function hasData({ queue, ledger }: SessionLane): boolean {
  return queue.scheduler.isBusy || ledger.waitsAgain
}

function isIdle({ queue, ledger }: SessionLane): boolean {
  return queue.isIdle && ledger.held === undefined && !ledger.waitsAgain
}
