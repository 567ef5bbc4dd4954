/**
 * One direction of a path, as `path.ts`, with the network behind the transport's queue modelled packet by packet: SCTP as Chromium has
 * it (dcsctp; RFC 9260), over a bottleneck with a short queue, with loss. For figures at a distance, where SCTP's own congestion window,
 * and not the sender's processor, decides what is sent.
 *
 * - Messages are cut into packets, which are full: the rest of one shares a packet with the start of the next. The transport takes whole messages of the lanes in turn, without interleaving (RFC 8260): a small
 *   message waits for the rest of the large one before it, and for what the window does not let out.
 * - Slow start and congestion avoidance grow the window only while it is used (§7.2); three later packets that arrive make a lost one
 *   go again at half the window, silence of RTO_MS makes all go again at one packet.
 * - The bottleneck sends at its rate, and drops what would wait longer than its queue is.
 * - Acknowledgements take the latency back, cost nothing and are not lost: those of SCTP are cumulative.
 */
import type { Bytes } from '@kith/protocol'
import { type Arrival, LANES, type OneWayConfig, PACKET_HEADERS_BYTES, type PathLane, type PathModel, type Way } from './path.ts'
import { Queue } from './queue.ts'

/** Data in one packet: dcsctp's 1,191 less its own headers. */
const PACKET_BYTES = 1_160

/** Packets: dcsctp's cwnd_mtus_initial and cwnd_mtus_min. */
const WINDOW_FIRST = 10
const WINDOW_LEAST = 4

/** Packets that leave at once, when something was sent or acknowledged: dcsctp's max_burst. */
const BURST_PACKETS = 4

/** dcsctp's rto_min. */
const RTO_MS = 400

/** Later packets that arrive before one counts as lost. */
const MISSING_MAX = 3

/** From the transport's thread to the page's. */
const EVENT_MS = 0.5

interface Message {
  readonly arrival: Arrival
  /** Its place on its lane. */
  readonly order: number
  /** Not yet arrived. */
  bytesLeft: number
}

/** A DATA chunk. */
interface Part {
  readonly message: Message
  readonly bytes: number
}

interface Packet {
  readonly number: number
  readonly parts: readonly Part[]
  readonly bytes: number
  sentAt: number
  missing: number
  /** As its sender knows it. */
  state: 'flying' | 'lost' | 'arrived'
  /** At the other end. */
  hasArrived: boolean
}

interface LaneState {
  readonly waiting: Queue<Bytes>
  bufferedBytes: number
  lowThresholdBytes: number
  sent: number
  /** Whole messages that wait for one before them. */
  readonly early: Map<number, Arrival>
  delivered: number
}

export class SctpWay implements Way {
  readonly #config: OneWayConfig
  readonly #lanes: Readonly<Record<PathLane, LaneState>>
  #model: PathModel
  #isDead = false
  #turn = 0
  #current: { readonly message: Message; at: number } | undefined
  #inFlightBytes = 0
  #mostInFlightBytes = 0

  // The transport's sender.
  #nextNumber = 0
  /** Sent and not known to have arrived, oldest first. */
  readonly #outstanding = new Map<number, Packet>()
  #outstandingBytes = 0
  #again: Packet[] = []
  #windowBytes = WINDOW_FIRST * PACKET_BYTES
  #thresholdBytes = Number.POSITIVE_INFINITY
  #partialBytes = 0
  #sinceGrowth = 0
  /** Packets before this one were sent before the loss was seen: their loss is the same one. */
  #recoveryEnd = 0
  #heardAt = 0
  #isTimerSet = false

  // The bottleneck.
  #freeAt = 0

  constructor(config: OneWayConfig) {
    this.#config = config
    this.#model = config.model
    const lane = (): LaneState => ({
      waiting: new Queue(),
      bufferedBytes: 0,
      lowThresholdBytes: 0,
      sent: 0,
      early: new Map(),
      delivered: 0,
    })
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
    const state = this.#lanes[lane]
    state.waiting.push(bytes.slice())
    state.bufferedBytes += bytes.length
    if (lane === 'urgent' || lane === 'bulk') {
      this.#inFlightBytes += bytes.length
      if (this.#inFlightBytes > this.#mostInFlightBytes) this.#mostInFlightBytes = this.#inFlightBytes
    }
    this.#pump(BURST_PACKETS)
  }

  #pump(burst: number): void {
    for (let count = 0; count < burst; count++) {
      if (this.#outstandingBytes > 0 && this.#outstandingBytes + PACKET_BYTES > this.#windowBytes) return
      const packet = this.#again.shift() ?? this.#nextPacket()
      if (packet === undefined) return
      this.#transmit(packet)
    }
  }

  #nextPacket(): Packet | undefined {
    const parts: Part[] = []
    let bytes = 0
    while (bytes < PACKET_BYTES) {
      const part = this.#nextPart(PACKET_BYTES - bytes)
      if (part === undefined) break
      parts.push(part)
      bytes += part.bytes
    }
    if (parts.length === 0) return undefined
    const packet: Packet = { number: this.#nextNumber, parts, bytes, sentAt: 0, missing: 0, state: 'lost', hasArrived: false }
    this.#nextNumber += 1
    this.#outstanding.set(packet.number, packet)
    return packet
  }

  #nextPart(mostBytes: number): Part | undefined {
    const current = this.#current ?? this.#nextMessage()
    if (current === undefined) return undefined
    const { message } = current
    const { lane, bytes } = message.arrival
    const count = Math.min(mostBytes, bytes.length - current.at)
    current.at += count
    this.#current = current.at < bytes.length ? current : undefined
    const state = this.#lanes[lane]
    const before = state.bufferedBytes
    state.bufferedBytes -= count
    if (before > state.lowThresholdBytes && state.bufferedBytes <= state.lowThresholdBytes) {
      const { clock, bufferedAmountLow } = this.#config
      clock.at(clock.now + EVENT_MS, () => {
        if (!this.#isDead) bufferedAmountLow()
      })
    }
    return { message, bytes: count }
  }

  #nextMessage(): { readonly message: Message; at: number } | undefined {
    for (let count = 0; count < LANES.length; count++) {
      const lane = LANES[this.#turn] as PathLane
      this.#turn = (this.#turn + 1) % LANES.length
      const state = this.#lanes[lane]
      const bytes = state.waiting.shift()
      if (bytes === undefined) continue
      const message = { arrival: { lane, bytes }, order: state.sent, bytesLeft: bytes.length }
      state.sent += 1
      return { message, at: 0 }
    }
    return undefined
  }

  #transmit(packet: Packet): void {
    const { clock, random } = this.#config
    const { bytesPerMs, latencyMs, network } = this.#model
    packet.state = 'flying'
    packet.sentAt = clock.now
    packet.missing = 0
    this.#outstandingBytes += packet.bytes
    if (!this.#isTimerSet) this.#setTimer(clock.now)
    const waitMs = Math.max(0, this.#freeAt - clock.now)
    const size = packet.bytes + PACKET_HEADERS_BYTES
    if (network !== undefined && waitMs * bytesPerMs + size > network.queueBytes) return
    this.#freeAt = clock.now + waitMs + size / bytesPerMs
    if (network !== undefined && random.chance(network.loss)) return
    clock.at(this.#freeAt + latencyMs, () => {
      if (this.#isDead) return
      this.#arrive(packet)
      clock.at(clock.now + latencyMs, () => {
        if (!this.#isDead) this.#acknowledge(packet)
      })
    })
  }

  // ── the other end ──

  #arrive(packet: Packet): void {
    if (packet.hasArrived) return
    packet.hasArrived = true
    for (const { message, bytes } of packet.parts) {
      message.bytesLeft -= bytes
      if (message.bytesLeft === 0) this.#deliver(message)
    }
  }

  #deliver(message: Message): void {
    const { lane } = message.arrival
    const state = this.#lanes[lane]
    if (lane === 'datagrams') {
      this.#config.arrive(message.arrival)
      return
    }
    state.early.set(message.order, message.arrival)
    for (let next = state.early.get(state.delivered); next !== undefined; next = state.early.get(state.delivered)) {
      state.early.delete(state.delivered)
      state.delivered += 1
      if (lane === 'urgent' || lane === 'bulk') this.#inFlightBytes -= next.bytes.length
      this.#config.arrive(next)
    }
  }

  // ── acknowledgements ──

  #acknowledge(packet: Packet): void {
    if (packet.state === 'arrived' || !this.#outstanding.has(packet.number)) return
    const { now } = this.#config.clock
    this.#heardAt = now
    const wasUsed = this.#outstandingBytes + PACKET_BYTES >= this.#windowBytes
    if (packet.state === 'flying') this.#outstandingBytes -= packet.bytes
    else this.#again = this.#again.filter((other) => other !== packet)
    packet.state = 'arrived'
    this.#outstanding.delete(packet.number)
    for (const older of this.#outstanding.values()) {
      if (older.number > packet.number) break
      if (older.state !== 'flying' || older.sentAt > packet.sentAt) continue
      older.missing += 1
      if (older.missing >= MISSING_MAX) this.#lose(older)
    }
    if (wasUsed && packet.number >= this.#recoveryEnd) this.#grow(packet.bytes)
    // One acknowledgement for two packets.
    this.#pump(BURST_PACKETS / 2)
  }

  #grow(bytes: number): void {
    if (this.#windowBytes <= this.#thresholdBytes) {
      // One packet an acknowledgement, and one acknowledgement for two packets.
      this.#sinceGrowth += 1
      if (this.#sinceGrowth % 2 === 0) this.#windowBytes += PACKET_BYTES
      return
    }
    this.#partialBytes += bytes
    if (this.#partialBytes < this.#windowBytes) return
    this.#partialBytes -= this.#windowBytes
    this.#windowBytes += PACKET_BYTES
  }

  #lose(packet: Packet): void {
    this.#outstandingBytes -= packet.bytes
    // Datagrams are not sent again, and what comes behind them does not wait.
    const parts = packet.parts.filter(({ message }) => message.arrival.lane !== 'datagrams')
    if (parts.length === 0) {
      packet.state = 'arrived'
      this.#outstanding.delete(packet.number)
    } else {
      packet.state = 'lost'
      this.#again.push(packet)
    }
    if (packet.number < this.#recoveryEnd) return
    this.#recoveryEnd = this.#nextNumber
    this.#thresholdBytes = Math.max(this.#windowBytes / 2, WINDOW_LEAST * PACKET_BYTES)
    this.#windowBytes = this.#thresholdBytes
    this.#partialBytes = 0
  }

  #setTimer(since: number): void {
    const { clock } = this.#config
    this.#isTimerSet = true
    clock.at(since + RTO_MS, () => {
      this.#isTimerSet = false
      const [oldest] = this.#outstanding.values()
      if (this.#isDead || oldest === undefined) return
      const last = Math.max(this.#heardAt, oldest.sentAt)
      if (clock.now < last + RTO_MS) {
        this.#setTimer(last)
        return
      }
      for (const packet of [...this.#outstanding.values()]) if (packet.state === 'flying') this.#lose(packet)
      this.#thresholdBytes = Math.max(this.#windowBytes, WINDOW_LEAST * PACKET_BYTES)
      this.#windowBytes = PACKET_BYTES
      this.#pump(BURST_PACKETS)
      if (this.#outstanding.size > 0 && !this.#isTimerSet) this.#setTimer(clock.now)
    })
  }
}
