/** What the frames of one stream do to it, once its OPEN has left or come. */
import { violation } from '../errors.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { Arrivals } from './arrivals.ts'
import type { FloodGuard } from './flood-guard.ts'
import { encodeOpenHeader, type Frame, REJECT_CODES } from './frames.ts'
import type { News } from './news.ts'
import type { SendHalf, SendHalfConfig } from './send-half.ts'
import { protocolsIn, type ServedProtocols } from './served.ts'
import type { MuxStream } from './stream.ts'
import type { StreamTable } from './stream-table.ts'

type StreamFrame = Exclude<Frame, { type: 'open' | 'ack' }>

export interface StreamFramesConfig {
  readonly table: StreamTable
  readonly news: News
  readonly arrivals: Arrivals
  readonly floods: FloodGuard
  /** What the remote serves by its newest list. */
  readonly remoteServed: () => ServedProtocols
  /** The half that sends for an OPEN that goes again under another id, with what was written. */
  readonly sendAgain: (id: number, opening: Pick<SendHalfConfig, 'openHeader' | 'asks'>, replay: Bytes) => SendHalf
}

export class StreamFrames {
  readonly #config: StreamFramesConfig

  constructor(config: StreamFramesConfig) {
    this.#config = config
  }

  /** A frame other than OPEN, for a stream that is kept. Throws 'peer-violation'. */
  receive(stream: MuxStream, frame: StreamFrame, now: Millis): void {
    const { news, table, floods } = this.#config
    if (frame.type === 'accept' || frame.type === 'reject') {
      if (stream.opener === 'remote' || stream.accepted) throw violation(`${frame.type} out of turn`)
      if (frame.type === 'reject') {
        this.#onReject(stream, frame.code)
        return
      }
      const protocol = stream.header.protocols.find((name) => name === frame.protocol)
      if (protocol === undefined) throw violation('another protocol than the one asked for')
      stream.protocol = protocol
      stream.accepted = true
      stream.send.answered()
      if (stream.asks) {
        news.tell({ type: 'answered', stream })
        news.tellWriter(stream)
        if (stream.send.waiting) stream.lane.scheduler.add(stream)
      }
      if (stream.finArrived) news.tell({ type: 'finished', stream })
      table.settle(stream)
      return
    }
    if (stream.opener === 'local' && !stream.accepted) throw violation(`${frame.type} before accept`)
    switch (frame.type) {
      case 'data':
      case 'own-data':
        if (frame.type === 'data') stream.receive.push(frame.data)
        else stream.receive.pushOwn(frame.data)
        if (!stream.receive.discarded && frame.data.length > 0) news.tellReader(stream)
        stream.raiseCredit()
        return
      case 'fin':
        stream.receive.end()
        // The end concerns a reader who has not asked, too: their stream may be over.
        stream.readerWaits = true
        news.tellReader(stream)
        table.settle(stream)
        return
      case 'credit':
        if (stream.send.grant(frame.offset)) news.tellWriter(stream)
        else floods.countIdle(now)
        return
      case 'own-credit':
        if (!stream.send.grantOwn(frame.offset)) {
          floods.countIdle(now)
          return
        }
        stream.lane.scheduler.reconsider(stream)
        if (stream.send.waiting) stream.lane.scheduler.add(stream)
        return
      case 'reset':
        if (stream.remoteReset) {
          floods.countIdle(now)
          return
        }
        stream.remoteReset = true
        if (stream.held !== undefined) {
          // It waits for its protocol or its turn: the application need not be told of it at all.
          this.#config.arrivals.forget(stream)
          stream.receive.discard()
          stream.send.drop()
          table.forget(stream)
          return
        }
        // What had come whole was not cut short: it stays readable.
        if (!stream.receive.ended) stream.receive.discard()
        stream.dropSending()
        news.tell({ type: 'reset', stream, code: frame.code })
        table.settle(stream)
        return
      case 'abort':
        // What had come whole was not cut short.
        if (stream.receive.ended || stream.receive.discarded) {
          floods.countLate(now)
          return
        }
        stream.receive.discard()
        news.tellOrHold(stream, { type: 'aborted', stream, code: frame.code })
        table.settle(stream)
        return
      case 'stop':
        if (stream.send.state === 'dropped' || stream.finArrived) {
          floods.countLate(now)
          return
        }
        stream.dropSending()
        news.tellOrHold(stream, { type: 'stopped', stream, code: frame.code })
        table.settle(stream)
        return
    }
  }

  #onReject(stream: MuxStream, code: number): void {
    const { news, table, remoteServed } = this.#config
    const served = protocolsIn(remoteServed(), stream.scope)
    const servedNow = stream.header.protocols.some((name) => served.includes(name))
    if (
      code === REJECT_CODES.unsupported &&
      servedNow &&
      !stream.retried &&
      !stream.receive.discarded &&
      stream.send.state !== 'dropped'
    ) {
      this.#retry(stream)
      return
    }
    stream.receive.discard()
    stream.send.drop()
    news.tell({ type: 'rejected', stream, code })
    table.forget(stream)
  }

  /** The OPEN crossed a change of what the remote serves; by its newest list it would be taken. */
  #retry(stream: MuxStream): void {
    const { state } = stream.send
    const replay = stream.send.written()
    this.#config.table.renew(stream)
    stream.retried = true
    stream.finArrived = false
    const openHeader = encodeOpenHeader(stream.id, stream.header)
    stream.send = this.#config.sendAgain(stream.id, { openHeader, asks: stream.asks }, replay)
    if (state !== 'open') stream.send.finish()
    stream.lane.scheduler.reconsider(stream)
    stream.lane.scheduler.add(stream)
  }
}
