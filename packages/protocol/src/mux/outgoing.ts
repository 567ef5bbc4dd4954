/** Which frame goes next on a lane, of all streams. */
import type { Millis } from '../machine.ts'
import { encodeCredit, encodeReject } from './frames.ts'
import type { LaneQueue, SentFrame } from './lane-queue.ts'
import type { News } from './news.ts'
import { SPARSE_BYTES } from './scheduler.ts'
import type { MuxStream } from './stream.ts'
import type { StreamTable } from './stream-table.ts'
import type { ReceiveWindow, SendCredit } from './window.ts'

/** Of streams that send little, beyond the window where a frame is less: a message of each of four. */
const SPARSE_BEYOND_BYTES = 4 * SPARSE_BYTES

export interface OutgoingConfig {
  readonly lanes: { readonly urgent: LaneQueue<MuxStream>; readonly bulk: LaneQueue<MuxStream> }
  readonly table: StreamTable
  readonly news: News
  /** The connection's, of what the remote may send and of what we may. */
  readonly receiveWindow: ReceiveWindow
  readonly sendCredit: SendCredit
  /** How many bytes of data a lane may send now. */
  readonly roomBytes: (lane: LaneQueue<MuxStream>, now: Millis) => number
  /** Bytes of a frame at most, on this path at this time. */
  readonly frameBytes: () => number
}

export class Outgoing {
  readonly #config: OutgoingConfig

  constructor(config: OutgoingConfig) {
    this.#config = config
  }

  /** Whether data waits for no other reason than that a writer of higher priority may go on: `release` it after their turn. */
  get isHolding(): boolean {
    const { urgent, bulk } = this.#config.lanes
    return urgent.scheduler.isHolding || bulk.scheduler.isHolding || (urgent.scheduler.isExpecting && bulk.scheduler.isBusy)
  }

  /** Writers that got 'writable' have had a turn to use it. */
  release(): void {
    this.#config.lanes.urgent.scheduler.release()
    this.#config.lanes.bulk.scheduler.release()
  }

  /** First what others wait for, then data. */
  next(lane: LaneQueue<MuxStream>, now: Millis, roundTripMs: number | undefined): SentFrame<MuxStream> | undefined {
    const { receiveWindow, sendCredit } = this.#config
    const reject = lane.rejects.shift()
    if (reject !== undefined) return lane.send(encodeReject(reject.stream, reject.code), now, undefined, false, true)
    if (lane === this.#config.lanes.urgent && receiveWindow.due) {
      return lane.send(encodeCredit(0, receiveWindow.grant(now, roundTripMs)), now)
    }
    for (let stream = lane.signals.peek(); stream !== undefined; stream = lane.signals.peek()) {
      const frame = stream.nextSignal(now, roundTripMs)
      if (frame !== undefined) return lane.send(frame, now, stream)
      lane.signals.shift()
      stream.signalled = false
      this.#config.table.settle(stream)
    }
    const room = lane.scheduler.isBusy ? this.#config.roomBytes(lane, now) : 0
    const frameBytes = this.#config.frameBytes()
    // Streams that send little are not held back, for so much beyond the window.
    if (room <= -Math.max(frameBytes, SPARSE_BEYOND_BYTES)) return undefined
    const turn = lane.scheduler.next(sendCredit.left, room <= 0 || this.#yieldsToUrgent(lane), frameBytes)
    if (turn === undefined) return undefined
    const { stream, outgoing } = turn
    sendCredit.use(outgoing.dataBytes)
    if (stream.send.waiting) lane.scheduler.add(stream)
    if (stream.send.state === 'open') {
      if (stream.send.hasCredit) lane.scheduler.expect(stream)
      this.#config.news.tellWriter(stream)
    }
    stream.raise()
    const frame = lane.send(outgoing.frame, now, stream, outgoing.fin)
    this.#config.table.settle(stream)
    return frame
  }

  /** Lanes share one path: while there is urgent data, of the bulk lane only those go that send little. */
  #yieldsToUrgent(lane: LaneQueue<MuxStream>): boolean {
    const { urgent } = this.#config.lanes
    return lane !== urgent && (urgent.scheduler.isBusy || urgent.scheduler.isExpecting)
  }
}
