/**
 * Datagrams: messages that may be lost, repeated or overtaken, for what is worth nothing when it is late. Each belongs to a flow,
 * which is a stream of kind 'datagrams': it negotiates protocol and params, and lives as long as the flow does. On their lane a
 * datagram is `varint flow ‖ bytes`, the flow being the id of that stream.
 *
 * Nothing here waits without bound. What cannot leave in time is dropped, oldest first, and so is what comes and is not read; both
 * are counted. Nothing that a remote sends on this lane is worth ending a link for, but a message that is no message: it may be
 * late, or early, or for a flow that is over, by no fault of its sender's.
 */
import { Reader } from '../bytes/reader.ts'
import { putVarint, varintLength } from '../bytes/writer.ts'
import { KithError } from '../errors.ts'
import { DATAGRAM_EARLY_MAX, DATAGRAM_EARLY_MS, DATAGRAM_MAX_BYTES } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { Buffers } from './buffers.ts'
import { Fifo } from './fifo.ts'
import { type Budget, type DatagramStats, Flow } from './flow.ts'
import type { MuxStream } from './stream.ts'

/** Room for the flow before what waits to be sent: only when it leaves is the id of its stream certain. */
const HEADER_BYTES = varintLength(Number.MAX_SAFE_INTEGER)

/** What datagrams need to know of the streams. */
export interface FlowStreams {
  find(id: number): MuxStream | undefined
  /** Whether the remote has yet to open a stream with this id. */
  isToCome(id: number): boolean
}

export class Datagrams {
  readonly #streams: FlowStreams
  readonly #tell: (stream: MuxStream) => void
  /** Flows that have something to send, each in turn. */
  readonly #turns = new Fifo<{ readonly stream: MuxStream; readonly flow: Flow }>()
  readonly #buffers = new Buffers()
  /** The message that was pulled last: it has left when we are called again. */
  #pulled: Bytes | undefined
  readonly #early = new Fifo<{ readonly id: number; readonly bytes: Bytes; readonly at: Millis }>()
  readonly #outgoing: Budget = { usedBytes: 0, dropped: 0 }
  readonly #incoming: Budget = { usedBytes: 0, dropped: 0 }
  #sent = 0
  #received = 0

  /** @param tell a datagram of this flow can be read, or all that it had to send is gone. */
  constructor(streams: FlowStreams, tell: (stream: MuxStream) => void) {
    this.#streams = streams
    this.#tell = tell
  }

  /** Of all flows, those that have ended included. */
  get stats(): DatagramStats {
    return {
      sent: this.#sent,
      received: this.#received,
      droppedOutgoing: this.#outgoing.dropped,
      droppedIncoming: this.#incoming.dropped,
    }
  }

  /** Whether some wait to be sent: their lane has no room. */
  get isWaiting(): boolean {
    return this.#turns.length > 0
  }

  /** A stream was opened or accepted: if it is one of a flow, datagrams flow from now on. */
  begin(stream: MuxStream): void {
    if (stream.kind !== 'datagrams' || stream.flow !== undefined) return
    const flow = new Flow(this.#outgoing, this.#incoming)
    stream.flow = flow
    for (let left = this.#early.length; left > 0; left--) {
      const early = this.#early.shift()
      if (early === undefined) break
      if (early.id === stream.id) this.#arrive(stream, flow, early.bytes)
      else this.#early.push(early)
    }
  }

  /**
   * Queues a copy. Throws 'too-large' beyond DATAGRAM_MAX_BYTES, 'closed' where the flow is over: nothing is sent then.
   */
  send(stream: MuxStream, bytes: Uint8Array, now: Millis): void {
    const { flow } = stream
    if (bytes.length > DATAGRAM_MAX_BYTES) {
      throw new KithError('too-large', `A datagram takes ${DATAGRAM_MAX_BYTES} bytes, not ${bytes.length}.`)
    }
    if (flow === undefined || !isLive(stream)) throw new KithError('closed', 'This flow is over: open another.')
    flow.outgoing.expire(now)
    this.#pulledHasLeft()
    const copy = this.#buffers.take(HEADER_BYTES + bytes.length).subarray(HEADER_BYTES, HEADER_BYTES + bytes.length)
    copy.set(bytes)
    flow.outgoing.push(copy, now)
    this.#schedule(stream, flow)
  }

  /** Counts one as dropped that is too large to be sent. */
  refuse(stream: MuxStream): void {
    stream.flow?.outgoing.countDropped()
  }

  /** Whether all that was sent has left or was dropped. If not, 'flow' tells when. */
  isDrained(stream: MuxStream): boolean {
    const { flow } = stream
    if (flow === undefined || flow.outgoing.length === 0) return true
    flow.writerWaits = true
    return false
  }

  /**
   * The next that came, at the start of the buffer in which it came: behind it that has a few bytes more. Without one, 'flow' tells
   * when to look again.
   */
  read(stream: MuxStream): Bytes | undefined {
    const bytes = stream.flow?.incoming.shift()
    if (bytes !== undefined) return atStart(bytes)
    if (stream.flow !== undefined) stream.flow.readerWaits = true
    return undefined
  }

  /** There is no reader any more: what came is dropped, and so is what will come. */
  ignore(stream: MuxStream): void {
    if (stream.flow === undefined) return
    stream.flow.deaf = true
    stream.flow.incoming.clear()
  }

  /** Takes one message of the lane, which is ours from now on. Throws 'peer-violation' for one that does not begin with a varint. */
  receive(message: Bytes, now: () => Millis): void {
    const reader = new Reader(message)
    const id = reader.varint()
    if (reader.remaining > DATAGRAM_MAX_BYTES) return
    const bytes = message.subarray(message.length - reader.remaining)
    const stream = this.#streams.find(id)
    if (stream?.flow !== undefined) this.#arrive(stream, stream.flow, bytes)
    else if (stream === undefined && this.#streams.isToCome(id)) this.#keepEarly(id, bytes, now())
  }

  /** When `tick` has something to do. */
  deadline(): Millis | undefined {
    const early = this.#early.peek()
    return early && early.at + DATAGRAM_EARLY_MS
  }

  tick(now: Millis): void {
    for (let due = this.deadline(); due !== undefined && now >= due; due = this.deadline()) this.#early.shift()
  }

  /** The next message for the lane, to be sent before this machine is called again. */
  pull(now: Millis): Bytes | undefined {
    this.#pulledHasLeft()
    for (let left = this.#turns.length; left > 0; left--) {
      const turn = this.#turns.shift()
      if (turn === undefined) return undefined
      const { stream, flow } = turn
      flow.scheduled = false
      if (!isLive(stream)) {
        flow.outgoing.clear()
      } else {
        flow.outgoing.expire(now)
        // The remote would not know whose they are, or in which language; and the id may still change.
        const bytes = stream.send.opening || stream.isAsking ? undefined : flow.outgoing.shift()
        this.#schedule(stream, flow)
        if (bytes !== undefined) {
          flow.sent += 1
          this.#sent += 1
          this.#tellWriter(stream, flow)
          this.#pulled = withId(bytes, stream.id)
          return this.#pulled
        }
      }
      this.#tellWriter(stream, flow)
    }
    return undefined
  }

  #pulledHasLeft(): void {
    if (this.#pulled !== undefined) this.#buffers.giveBack(this.#pulled)
    this.#pulled = undefined
  }

  #schedule(stream: MuxStream, flow: Flow): void {
    if (flow.scheduled || flow.outgoing.length === 0) return
    flow.scheduled = true
    this.#turns.push({ stream, flow })
  }

  #tellWriter(stream: MuxStream, flow: Flow): void {
    if (!flow.writerWaits || flow.outgoing.length > 0) return
    flow.writerWaits = false
    this.#tell(stream)
  }

  #arrive(stream: MuxStream, flow: Flow, bytes: Bytes): void {
    if (!isHeard(stream)) return
    flow.received += 1
    this.#received += 1
    flow.incoming.push(bytes)
    if (flow.deaf) flow.incoming.clear()
    else if (flow.readerWaits) {
      flow.readerWaits = false
      this.#tell(stream)
    }
  }

  /** Lanes race: it may have overtaken the OPEN of its stream, which is sent ahead of it. */
  #keepEarly(id: number, bytes: Bytes, now: Millis): void {
    this.tick(now)
    if (this.#early.length >= DATAGRAM_EARLY_MAX) this.#early.shift()
    // A copy: a message may lie in a larger buffer, which would be kept with it.
    this.#early.push({ id, bytes: bytes.slice(), at: now })
  }
}

/** The message of a datagram: what was sent, and before it the flow. */
function withId({ buffer, byteOffset, length }: Bytes, id: number): Bytes {
  const idBytes = varintLength(id)
  const message = new Uint8Array(buffer, byteOffset - idBytes, idBytes + length)
  putVarint(message, 0, id)
  return message
}

/** Moved over the id of its flow: many a reader forgets `byteOffset`, and numbers of 4 or 8 bytes want to be aligned. */
function atStart({ buffer, byteOffset, length }: Bytes): Bytes {
  if (byteOffset > 0) new Uint8Array(buffer).copyWithin(0, byteOffset, byteOffset + length)
  return new Uint8Array(buffer, 0, length)
}

/** A flow ends as a whole, with whichever half of its stream ends first. */
function isLive(stream: MuxStream): boolean {
  return stream.send.state === 'open' && isHeard(stream)
}

/** Datagrams that the remote sent before it knew of our end still belong to the flow; those behind its own end belong to none. */
function isHeard(stream: MuxStream): boolean {
  return !stream.receive.ended && !stream.receive.discarded && !stream.reset
}
