/** One end of a simulated link: a mux, its driver in virtual time, and an application that keeps account of what it was told. */
import { type Bytes, type LaneName, Mux, type MuxOutput, type MuxStream, type ProtocolName, REJECT_CODES } from '@kith/protocol'
import type { VirtualClock } from './clock.ts'
import { content, isContent } from './content.ts'
import { type Arrival, LANES, type OneWay } from './path.ts'

/** One stream as the application sees it. */
export interface AppStream {
  readonly key: number
  readonly mux: MuxStream
  /** 0 where the opener writes, 1 where the other does. */
  readonly writes: 0 | 1
  written: number
  /** Up to which offset the application wants to write; `write` is pending while it is more than `written`. */
  wanted: number
  read: number
  isPaused: boolean
  /** How each half stands. 'finishing': FIN asked for and not yet known to have arrived. */
  sending: 'open' | 'finishing' | 'finished' | 'failed'
  reading: 'open' | 'ended' | 'failed'
}

export interface EndpointConfig {
  readonly name: 'dialler' | 'callee'
  readonly clock: VirtualClock
  readonly served: readonly ProtocolName[]
  readonly bufferBytes: number
  readonly maxMessageSize: number
  readonly confirmation: { readonly ours: Bytes; readonly theirs: Bytes }
  /** A rule was broken. */
  readonly violated: (what: string) => void
  /** A message is about to leave, is about to be taken in. */
  readonly sending: (lane: LaneName, message: Bytes) => void
  readonly receiving: (arrival: Arrival) => void
}

export class Endpoint {
  readonly mux: Mux
  readonly streams: AppStream[] = []
  readonly byKey = new Map<number, AppStream>()
  isReady = false
  /** How the link ended. */
  end: Extract<MuxOutput, { type: 'closed' | 'failed' }> | undefined
  readonly #config: EndpointConfig
  readonly #byMux = new Map<MuxStream, AppStream>()
  #out: OneWay | undefined
  #cancelTimer: (() => void) | undefined

  constructor(config: EndpointConfig) {
    this.#config = config
    this.mux = new Mux({
      role: config.name === 'dialler' ? 0 : 1,
      confirmation: config.confirmation,
      instance: new Uint8Array(16),
      served: [[0, config.served]],
      maxMessageSize: config.maxMessageSize,
    })
  }

  start(out: OneWay): void {
    this.#out = out
    this.give({ type: 'started' })
  }

  arrive(arrival: Arrival): void {
    this.#config.receiving(arrival)
    this.give({ type: 'message', ...arrival })
  }

  give(input: Parameters<Mux['handle']>[0]): void {
    this.mux.handle(input, this.#config.clock.now)
    this.drain()
  }

  // ── what the application does ──

  /** Undefined where the remote serves none of them or too many are open. */
  open(key: number, protocols: readonly ProtocolName[], priority: number): AppStream | undefined {
    if (!this.isReady || this.end !== undefined) return undefined
    if (!protocols.some((name) => this.mux.remoteProtocols().includes(name))) return undefined
    const stream = this.#adopt(key, this.mux.open({ protocols, priority, params: { key } }), 0)
    this.drain()
    return stream
  }

  write(stream: AppStream, bytes: number): void {
    if (stream.sending !== 'open' || this.end !== undefined) return
    stream.wanted += bytes
    this.#pump(stream)
    this.drain()
  }

  finish(stream: AppStream): void {
    if (stream.sending !== 'open' || this.end !== undefined) return
    stream.sending = 'finishing'
    if (stream.written === stream.wanted) this.mux.finish(stream.mux)
    this.drain()
  }

  reset(stream: AppStream): void {
    if (this.end !== undefined) return
    this.mux.reset(stream.mux, stream.key)
    this.#fail(stream)
    this.drain()
  }

  stop(stream: AppStream): void {
    if (stream.reading !== 'open' || this.end !== undefined) return
    this.mux.stop(stream.mux, stream.key)
    stream.reading = 'failed'
    this.drain()
  }

  pause(stream: AppStream, isPaused: boolean): void {
    stream.isPaused = isPaused
    this.#read(stream)
    this.drain()
  }

  // ── the driver ──

  drain(): void {
    for (;;) {
      const sent = this.#fill()
      const output = this.mux.poll()
      if (output === undefined && !sent) break
      if (output !== undefined) this.#act(output)
    }
    this.#cancelTimer?.()
    const deadline = this.mux.deadline()
    if (deadline !== undefined) this.#cancelTimer = this.#config.clock.at(deadline, () => this.give({ type: 'tick' }))
  }

  #fill(): boolean {
    const out = this.#out
    if (out === undefined) return false
    let sent = false
    for (const lane of LANES) {
      while (out.buffered(lane) < this.#config.bufferBytes) {
        const message = this.mux.pull(lane, this.#config.clock.now)
        if (message === undefined) break
        this.#config.sending(lane, message)
        out.send(lane, message)
        sent = true
      }
    }
    return sent
  }

  #act(output: MuxOutput): void {
    switch (output.type) {
      case 'ready':
        this.isReady = true
        return
      case 'incoming':
        this.#incoming(output.stream)
        return
      case 'protocols':
      case 'opaque':
        return
      case 'closed':
      case 'failed':
        this.end = output
        for (const stream of this.streams) this.#endWith(stream)
        return
    }
    const stream = this.#byMux.get(output.stream)
    if (stream === undefined) return
    switch (output.type) {
      case 'readable':
        this.#read(stream)
        return
      case 'writable':
        this.#pump(stream)
        return
      case 'finished':
        if (stream.sending === 'finishing') stream.sending = 'finished'
        return
      case 'stopped':
        if (stream.sending !== 'finished') stream.sending = 'failed'
        return
      case 'rejected':
      case 'reset':
        this.#endWith(stream)
    }
  }

  #incoming(mux: MuxStream): void {
    const key = (mux.params as { key: number }).key
    if (!this.isReady) this.#config.violated('a stream before the link was ready')
    // Now and then somebody says no although it is served.
    if (key % 17 === 0) {
      this.mux.reject(mux, REJECT_CODES.refused)
      return
    }
    this.mux.accept(mux)
    this.#adopt(key, mux, 1)
  }

  #adopt(key: number, mux: MuxStream, writes: 0 | 1): AppStream {
    const sending = 'open'
    const stream: AppStream = { key, mux, writes, written: 0, wanted: 0, read: 0, isPaused: false, sending, reading: 'open' }
    this.streams.push(stream)
    this.byKey.set(key, stream)
    this.#byMux.set(mux, stream)
    return stream
  }

  #pump(stream: AppStream): void {
    while (stream.written < stream.wanted && (stream.sending === 'open' || stream.sending === 'finishing')) {
      // Some write less than a frame at a time, and say when they go on.
      const pieceBytes = 1000 + ((stream.key * 7919) % 100_000)
      const piece = content(stream.key, stream.writes, stream.written, Math.min(stream.wanted - stream.written, pieceBytes))
      const more = stream.sending === 'finishing' || stream.written + piece.length < stream.wanted
      const count = this.mux.write(stream.mux, piece, more)
      if (count === 0) return
      stream.written += count
    }
    if (stream.sending === 'finishing') this.mux.finish(stream.mux)
  }

  #read(stream: AppStream): void {
    if (stream.reading !== 'open' || stream.isPaused) return
    for (let chunk = this.mux.read(stream.mux); chunk !== undefined; chunk = this.mux.read(stream.mux)) {
      const direction = stream.writes === 0 ? 1 : 0
      if (!isContent(chunk, stream.key, direction, stream.read)) {
        this.#config.violated(`stream ${stream.key}: other bytes than were written, at ${stream.read}`)
      }
      stream.read += chunk.length
    }
    if (this.mux.atEnd(stream.mux)) stream.reading = 'ended'
  }

  /** The stream or the link ended; what had come whole may still be read. */
  #endWith(stream: AppStream): void {
    if (stream.mux.receive.ended && stream.reading === 'open') {
      stream.isPaused = false
      this.#read(stream)
    }
    this.#fail(stream)
  }

  #fail(stream: AppStream): void {
    if (stream.sending !== 'finished') stream.sending = 'failed'
    if (stream.reading !== 'ended') stream.reading = 'failed'
  }
}
