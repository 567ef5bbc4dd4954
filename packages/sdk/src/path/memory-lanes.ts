/** Lanes without a network: two ends in one process, or the two ends of a MessageChannel. For tests, and for one page's frames. */
import { keepAlive } from '../platform/node.ts'
import type { Lane, Lanes } from './lane.ts'

type LaneEvent = 'message' | 'open' | 'close' | 'error' | 'bufferedamountlow'
type Listener = (event: { readonly data: unknown }) => void

/** What carries messages between two memory lanes: called later, in order, never at once. */
export type Defer = (task: () => void) => void

/** One end of a pair. A message is copied when it is sent, as an RTCDataChannel does: the sender keeps its buffer. */
export class MemoryLane implements Lane {
  bufferedAmountLowThreshold = 0
  readyState: Lane['readyState'] = 'open'
  #bufferedAmount = 0
  #other: MemoryLane | undefined
  readonly #defer: Defer
  readonly #listeners = new Listeners()

  private constructor(defer: Defer) {
    this.#defer = defer
  }

  /** Two ends of one lane. `defer` decides when a message arrives; by default in a task of its own. */
  static pair(defer: Defer = inTask()): [MemoryLane, MemoryLane] {
    const a = new MemoryLane(defer)
    const b = new MemoryLane(defer)
    a.#other = b
    b.#other = a
    return [a, b]
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new DOMException('the lane is not open', 'InvalidStateError')
    const data = message.slice().buffer
    this.#bufferedAmount += data.byteLength
    this.#defer(() => {
      const before = this.#bufferedAmount
      this.#bufferedAmount -= data.byteLength
      if (this.#other?.readyState === 'open') this.#other.#listeners.emit('message', data)
      const { bufferedAmountLowThreshold: low } = this
      if (before > low && this.#bufferedAmount <= low) this.#listeners.emit('bufferedamountlow')
    })
  }

  addEventListener(type: LaneEvent, listener: Listener): void {
    this.#listeners.add(type, listener)
  }

  /** Ends both ends; what was sent before still arrives. */
  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.#defer(() => {
      this.#other?.close()
      this.#listeners.emit('close')
    })
  }
}

/** Two ends of a path. */
export function memoryLanes(defer: Defer = inTask()): [Lanes, Lanes] {
  const control = MemoryLane.pair(defer)
  const datagrams = MemoryLane.pair(defer)
  const urgent = MemoryLane.pair(defer)
  const bulk = MemoryLane.pair(defer)
  return [
    { control: control[0], datagrams: datagrams[0], urgent: urgent[0], bulk: bulk[0] },
    { control: control[1], datagrams: datagrams[1], urgent: urgent[1], bulk: bulk[1] },
  ]
}

/** Tasks in the order they were given, each in a turn of the event loop of its own, so that streams and timers run in between. */
function inTask(): Defer {
  const waiting: (() => void)[] = []
  const { port1, port2 } = new MessageChannel()
  // These are not waited for.
  port1.onmessage = () => {
    waiting.shift()?.()
    if (waiting.length === 0) keepAlive(port1, false)
  }
  keepAlive(port1, false)
  return (task) => {
    waiting.push(task)
    keepAlive(port1, true)
    port2.postMessage(undefined)
  }
}

/**
 * A lane over one end of a MessageChannel: to a frame, a worker or another tab. A port does not say how much of what was posted
 * is still on its way, so each end answers a message with its length: what is not answered is buffered.
 */
export class PortLane implements Lane {
  bufferedAmountLowThreshold = 0
  readyState: Lane['readyState'] = 'open'
  #bufferedAmount = 0
  readonly #port: MessagePort
  readonly #listeners = new Listeners()

  /** Takes the port over. */
  constructor(port: MessagePort) {
    this.#port = port
    port.onmessage = ({ data }: { data: unknown }) => this.#receive(data)
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new DOMException('the lane is not open', 'InvalidStateError')
    const { buffer } = message.slice()
    this.#bufferedAmount += buffer.byteLength
    this.#port.postMessage(buffer, [buffer])
  }

  addEventListener(type: LaneEvent, listener: Listener): void {
    this.#listeners.add(type, listener)
  }

  /** Ends both ends; what was sent before still arrives. */
  close(): void {
    if (this.readyState === 'closed') return
    this.#port.postMessage('close')
    this.#closed()
  }

  #receive(data: unknown): void {
    if (typeof data === 'number') {
      const before = this.#bufferedAmount
      this.#bufferedAmount = Math.max(0, before - data)
      const { bufferedAmountLowThreshold: low } = this
      if (before > low && this.#bufferedAmount <= low) this.#listeners.emit('bufferedamountlow')
    } else if (data === 'close') {
      this.#closed()
    } else if (this.readyState === 'open') {
      if (data instanceof ArrayBuffer) this.#port.postMessage(data.byteLength)
      this.#listeners.emit('message', data)
    }
  }

  #closed(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.#port.close()
    this.#listeners.emit('close')
  }
}

/** Listeners by event, as an EventTarget without the events' objects. */
class Listeners {
  readonly #byType = new Map<LaneEvent, Set<Listener>>()

  add(type: LaneEvent, listener: Listener): void {
    const listeners = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, listeners.add(listener))
  }

  emit(type: LaneEvent, data?: unknown): void {
    for (const listener of this.#byType.get(type) ?? []) listener({ data })
  }
}
