/**
 * Watches one end of a link from outside and holds it to the rules, by its own account: it decodes what the end sends and gets,
 * knows what its application has read, and never asks the machine what it may do.
 */
import {
  CONNECTION_WINDOW_BYTES,
  type ControlMessage,
  DATAGRAM_AGE_MAX_MS,
  DATAGRAM_MAX_BYTES,
  decodeControl,
  decodeFrame,
  type Frame,
  HELD_OPENS_MS,
  Reader,
  STREAM_RESERVE_BYTES,
  STREAM_WINDOW_MAX_BYTES,
  UNREAD_MAX_BYTES,
  unpackMessage,
} from '@kith/protocol'
import type { AppStream } from './app-stream.ts'
import { readDatagram } from './content.ts'
import type { Arrival, PathLane } from './path.ts'
import { type OrderedLane, PathStart, resumedLane } from './path-start.ts'
import { type StreamAccount, streamAccount } from './stream-account.ts'
import { Turns } from './turns.ts'

export interface ObserverConfig {
  /** 0 dialled: its streams have odd ids. */
  readonly role: 0 | 1
  readonly frameMaxBytes: number
  /** The streams at this end of which something may still come. */
  readonly live: () => readonly AppStream[]
  /** Whether its application has this stream, which the remote opened. */
  readonly isTold: (id: number) => boolean
  readonly now: () => number
  readonly violated: (what: string) => void
  /** Paths die: what goes again over another is held against what went first. */
  readonly keepsSent?: boolean
}

export class Observer {
  readonly #config: ObserverConfig
  readonly #streams = new Map<number, StreamAccount>()
  readonly #turns: Turns
  readonly #start: PathStart
  #mayOwn = false
  /** This end knows of holding. */
  #mayHold = false
  #holdsUntil = Number.NEGATIVE_INFINITY
  #holds = false
  #sentBytes = 0
  #limit = CONNECTION_WINDOW_BYTES
  #receivedBytes = 0
  #granted = CONNECTION_WINDOW_BYTES
  #windowBytes = CONNECTION_WINDOW_BYTES
  readonly sentFrames: Record<OrderedLane, number> = { urgent: 0, bulk: 0 }
  readonly arrivedFrames: Record<OrderedLane, number> = { urgent: 0, bulk: 0 }
  readonly #acknowledged: Record<OrderedLane, number> = { urgent: 0, bulk: 0 }
  /** Every frame that was sent, where paths die. */
  readonly #sent: Record<OrderedLane, Uint8Array[]> = { urgent: [], bulk: [] }
  /** The number of the frame that goes next on this path: less than `sentFrames` while frames go again. */
  readonly #next: Record<OrderedLane, number> = { urgent: 0, bulk: 0 }
  framesAgain = 0
  /** Frames that came before the path was open: the machine takes them then, or never. */
  #early: { readonly lane: OrderedLane; readonly frame: Frame }[] = []

  constructor(config: ObserverConfig) {
    this.#config = config
    this.#turns = new Turns(config.live, config.violated)
    this.#start = new PathStart(config.violated)
  }

  /** Bytes that came for streams whose application has not read them and still may: what the machine must be holding. */
  get unreadBytes(): number {
    let unread = 0
    for (const stream of this.#config.live()) {
      if (stream.reading === 'open') unread += this.unreadBytesOf(stream)
    }
    return unread + this.#heldBytes
  }

  unreadBytesOf(stream: AppStream): number {
    return (this.#streams.get(stream.mux.id)?.receivedBytes ?? 0) - stream.read
  }

  /** Bytes of streams that the remote opened for what is not served yet: their data waits with them, for the first second. */
  get #heldBytes(): number {
    if (this.#config.now() >= this.#holdsUntil || !this.#mayHold) return 0
    let held = 0
    for (const [id, stream] of this.#streams) {
      if (stream.cameOpen && !stream.mayNotRead && !this.#config.isTold(id)) held += stream.receivedBytes
    }
    return held
  }

  /** What the remote may still send on the whole connection. */
  get grantLeftBytes(): number {
    return this.#granted - this.#receivedBytes
  }

  get creditLeftBytes(): number {
    return this.#limit - this.#sentBytes
  }

  /** Whether the remote's FIN came, on the stream with this id. */
  gotFin(id: number): boolean {
    return this.#streams.get(id)?.hasFinished ?? false
  }

  /** Another path: it begins with confirm and hello, and with counts. */
  attached(): void {
    this.#start.attached()
  }

  /** The path is found to be gone: what waited for its opening is lost. */
  detached(): void {
    this.#early = []
    this.#start.detached()
  }

  /** The observed side sends. */
  sending(lane: PathLane, message: Arrival['bytes']): void {
    if (message.length > this.#config.frameMaxBytes) this.#config.violated(`a message of ${message.length} bytes`)
    if (lane === 'control') {
      this.#sendingControl(decodeControl(message))
      return
    }
    if (!this.#start.isOpen) this.#config.violated('a frame before the remote said hello, and what it has')
    if (lane === 'datagrams') {
      this.#sendingDatagram(message)
      return
    }
    for (const bytes of unpackMessage(message)) if (!this.#isAgain(lane, bytes)) this.#sendingFrame(lane, decodeFrame(bytes))
  }

  /** The observed side receives: this is how it learns what it may do. */
  receiving({ lane, bytes }: Arrival): void {
    if (lane === 'datagrams') return
    if (lane === 'control') {
      const message = decodeControl(bytes)
      this.#start.receiving(message)
      if (message.type === 'hello') {
        this.#mayOwn = message.features.includes('own-credit')
        this.#holds = message.features.includes('ask')
      }
      if (message.type === 'resume') this.#next[resumedLane(message.lane)] = message.received
      const isFirst = this.#holdsUntil === Number.NEGATIVE_INFINITY
      if (this.#start.isOpen && isFirst && this.#holds) this.#holdsUntil = this.#config.now() + HELD_OPENS_MS
      if (this.#start.isOpen) for (const { lane, frame } of this.#early.splice(0)) this.#receivingFrame(lane, frame)
      return
    }
    for (const frame of unpackMessage(bytes)) {
      if (this.#start.isOpen) this.#receivingFrame(lane, decodeFrame(frame))
      else this.#early.push({ lane, frame: decodeFrame(frame) })
    }
  }

  /** Whether a frame has been sent before: it must be the one whose turn it is, unchanged. */
  #isAgain(lane: OrderedLane, bytes: Uint8Array): boolean {
    if (!this.#config.keepsSent || decodeFrame(bytes.slice()).type === 'ack') return false
    const number = this.#next[lane]++
    const before = this.#sent[lane][number]
    if (before === undefined) {
      this.#sent[lane].push(bytes.slice())
      return false
    }
    this.framesAgain += 1
    if (Buffer.compare(before, bytes) !== 0) this.#config.violated(`frame ${number} of ${lane} goes again as another`)
    return true
  }

  #receivingFrame(lane: OrderedLane, frame: Frame): void {
    if (frame.type === 'ack') return
    this.arrivedFrames[lane] += 1
    if (frame.type === 'credit' && frame.stream === 0) {
      this.#limit = Math.max(this.#limit, frame.offset)
      return
    }
    const stream = this.#stream(frame.stream)
    switch (frame.type) {
      case 'open':
      case 'data':
        if (frame.type === 'open') stream.cameOpen = true
        stream.receivedBytes += frame.data.length
        this.#receivedBytes += frame.data.length
        return
      case 'own-data':
        stream.receivedBytes += frame.data.length
        stream.receivedOwn += frame.data.length
        return
      case 'own-credit':
        stream.ownLimit = Math.max(stream.ownLimit, frame.offset)
        return
      case 'credit':
        stream.limit = Math.max(stream.limit, frame.offset)
        return
      case 'fin':
        stream.hasFinished = true
        return
      case 'accept':
        stream.asks = false
        return
      case 'abort':
        stream.mayNotRead = true
        return
      case 'reset':
        stream.mayNotRead = true
        stream.mayNotSend = true
        return
      case 'stop':
      case 'reject':
        stream.mayNotSend = true
    }
  }

  #sendingControl(message: ControlMessage): void {
    this.#start.sending(message)
    if (message.type === 'hello') this.#mayHold = message.features.includes('ask')
    if (message.type === 'ack') this.#acknowledging(message.lane, message.count)
    if (message.type === 'resume') this.#resuming(resumedLane(message.lane), message.received)
  }

  /** Exactly what has come over all paths. */
  #resuming(lane: OrderedLane, received: number): void {
    this.#start.resuming(lane)
    const arrived = this.arrivedFrames[lane]
    if (received !== arrived) this.#config.violated(`resumes behind frame ${received} of ${lane}, ${arrived} had come`)
    this.#acknowledged[lane] = received
  }

  #acknowledging(number: 2 | 3, count: number): void {
    const { violated } = this.#config
    const lane = number === 2 ? 'urgent' : 'bulk'
    if (count > this.arrivedFrames[lane])
      violated(`${count} frames acknowledged on ${lane}, ${this.arrivedFrames[lane]} had come`)
    if (count <= this.#acknowledged[lane]) violated(`${count} frames acknowledged again on ${lane}`)
    this.#acknowledged[lane] = count
  }

  #sendingFrame(lane: OrderedLane, frame: Frame): void {
    if (frame.type === 'ack') {
      this.#acknowledging(frame.lane, frame.count)
      return
    }
    this.sentFrames[lane] += 1
    if (frame.type === 'credit' && frame.stream === 0) {
      this.#grantingConnection(frame.offset)
      return
    }
    const { violated } = this.#config
    const id = frame.stream
    const isOurs = id % 2 === 1 - this.#config.role
    const isKnown = this.#streams.has(id)
    const stream = this.#stream(id)
    const hasBegun = isOurs ? stream.opened : isKnown
    if (frame.type !== 'open' && !hasBegun) violated(`stream ${id}: ${frame.type} before its OPEN`)
    if (stream.reset) violated(`stream ${id}: ${frame.type} behind RESET`)
    switch (frame.type) {
      case 'open':
        if (!isOurs || stream.opened) violated(`stream ${id}: OPEN, which is not ours to say`)
        stream.opened = true
        stream.asks = frame.header.protocols.length > 1
        if (stream.asks && frame.data.length > 0) violated(`stream ${id}: data before a protocol was chosen`)
        this.#sendingData(lane, id, stream, frame.data.length)
        return
      case 'accept':
      case 'reject':
        if (isOurs || stream.answered) violated(`stream ${id}: ${frame.type}, which is not ours to say`)
        stream.answered = true
        return
      case 'data':
      case 'own-data':
        if (!isOurs && !stream.answered) violated(`stream ${id}: data before ACCEPT`)
        if (stream.asks) violated(`stream ${id}: data before a protocol was chosen`)
        this.#sendingData(lane, id, stream, frame.data.length, frame.type === 'own-data')
        return
      case 'fin':
        if (stream.finished) violated(`stream ${id}: FIN behind FIN`)
        stream.finished = true
        if (stream.asks) violated(`stream ${id}: FIN before a protocol was chosen`)
        this.#turns.took(lane, id, 0)
        return
      case 'abort':
        stream.finished = true
        return
      case 'reset':
        stream.reset = true
        return
      case 'credit':
        this.#granting(id, stream, frame.offset)
        return
      case 'own-credit':
        this.#grantingOwn(id, stream, frame.offset)
        return
      case 'stop':
        return
    }
  }

  #sendingData(lane: OrderedLane, id: number, stream: StreamAccount, bytes: number, isOwn = false): void {
    const { violated } = this.#config
    stream.sentBytes += bytes
    if (isOwn) stream.sentOwn += bytes
    else this.#sentBytes += bytes
    if (stream.sentOwn > stream.ownLimit) violated(`stream ${id}: ${stream.sentOwn} bytes of its own ${stream.ownLimit} granted`)
    if (isOwn && !this.#mayOwn) violated(`stream ${id}: a frame that the remote does not know`)
    if (stream.finished) violated(`stream ${id}: data behind FIN`)
    if (stream.mayNotSend && bytes > 0) violated(`stream ${id}: data behind the remote's end`)
    if (stream.sentBytes > stream.limit) violated(`stream ${id}: ${stream.sentBytes} bytes of ${stream.limit} granted`)
    if (this.#sentBytes > this.#limit) violated(`connection: ${this.#sentBytes} bytes of ${this.#limit} granted`)
    this.#turns.took(lane, id, bytes, (other) => this.#mayWait(other))
  }

  /** Whether it has no credit but what the connection may get. */
  #mayWait(id: number): boolean {
    const stream = this.#streams.get(id)
    return this.creditLeftBytes === 0 && stream !== undefined && stream.sentOwn === stream.ownLimit
  }

  /** What of its own was read is granted anew, and no more than that. */
  #grantingOwn(id: number, stream: StreamAccount, offset: number): void {
    const reader = this.#config.live().find(({ mux }) => mux.id === id)
    const unreadBytes = reader?.reading === 'open' ? stream.receivedBytes - reader.read : 0
    if (offset <= stream.ownGranted) this.#config.violated(`stream ${id}: ${offset} of its own granted again`)
    // Which bytes were read first cannot be seen from here: of what is unread no more can be the connection's than came for it.
    const readBytes = stream.receivedOwn - Math.max(0, unreadBytes - (stream.receivedBytes - stream.receivedOwn))
    if (offset > readBytes + STREAM_RESERVE_BYTES)
      this.#config.violated(`stream ${id}: ${offset} of its own granted, ${readBytes} read`)
    stream.ownGranted = offset
  }

  /** Bytes unread that may not be the connection's. */
  get #ownBytes(): number {
    let own = 0
    for (const stream of this.#config.live()) {
      const account = this.#streams.get(stream.mux.id)
      if (account !== undefined) own += Math.min(account.receivedOwn, account.receivedBytes - stream.read, STREAM_RESERVE_BYTES)
    }
    return own
  }

  /** Exactly what was consumed and a window are granted; a window at most doubles from one grant to the next. */
  #granting(id: number, stream: StreamAccount, offset: number): void {
    const reader = this.#config.live().find(({ mux }) => mux.id === id)
    // Where the application reads no more, what is granted was read before.
    const windowBytes = offset - (reader?.read ?? stream.receivedBytes)
    const mayBeBytes = Math.min(2 * stream.windowBytes, STREAM_WINDOW_MAX_BYTES)
    if (offset <= stream.granted) this.#config.violated(`stream ${id}: ${offset} granted again`)
    if (windowBytes > mayBeBytes) this.#config.violated(`stream ${id}: a window of ${windowBytes} bytes, ${mayBeBytes} at most`)
    stream.granted = offset
    stream.windowBytes = Math.max(stream.windowBytes, windowBytes)
  }

  #grantingConnection(offset: number): void {
    const windowBytes = offset - (this.#receivedBytes - this.unreadBytes) - this.#ownBytes
    const mayBeBytes = Math.min(2 * this.#windowBytes, UNREAD_MAX_BYTES)
    if (offset <= this.#granted) this.#config.violated(`connection: ${offset} granted again`)
    if (windowBytes > mayBeBytes) this.#config.violated(`connection: a window of ${windowBytes} bytes, ${mayBeBytes} at most`)
    this.#granted = offset
    this.#windowBytes = Math.max(this.#windowBytes, windowBytes)
  }

  #sendingDatagram(message: Arrival['bytes']): void {
    const { violated, live, now } = this.#config
    const reader = new Reader(message)
    const id = reader.varint()
    if (reader.remaining > DATAGRAM_MAX_BYTES) violated(`flow ${id}: a datagram of ${reader.remaining} bytes`)
    const flow = live().find(({ mux }) => mux.id === id)
    if (flow === undefined) {
      violated(`flow ${id}: a datagram of a flow that is over`)
      return
    }
    const read = readDatagram(reader.rest(), flow.key, flow.writes)
    if (read === undefined) violated(`flow ${id}: a datagram with other bytes than were given`)
    else if (now() - read.sentAt > DATAGRAM_AGE_MAX_MS) violated(`flow ${id}: a datagram ${now() - read.sentAt} ms old`)
  }

  #stream(id: number): StreamAccount {
    const known = this.#streams.get(id)
    if (known !== undefined) return known
    const account = streamAccount()
    this.#streams.set(id, account)
    return account
  }
}
