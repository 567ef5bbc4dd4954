/** The streams that are kept, by their ids: which may be opened, how many are open, and when one is forgotten. */
import { violation } from '../errors.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import { RemoteIds } from './remote-ids.ts'
import type { MuxStream } from './stream.ts'

export class StreamTable {
  readonly #streams = new Map<number, MuxStream>()
  readonly #remoteIds: RemoteIds
  /** Ids that we give out go up by two; the next one. */
  #nextId: number
  #localOpen = 0
  #remoteOpen = 0

  /** `role`: 0 opened the connection and its streams have odd ids. */
  constructor(role: 0 | 1) {
    this.#nextId = role === 0 ? 1 : 2
    this.#remoteIds = new RemoteIds(role === 0 ? 2 : 1)
  }

  // ── ids ──

  /** The id of the next stream that we open. */
  get nextId(): number {
    return this.#nextId
  }

  takeId(): number {
    const id = this.#nextId
    this.#nextId += 2
    return id
  }

  /** Throws 'peer-violation' for an id that is not the remote's to open. */
  remoteOpens(id: number): void {
    this.#remoteIds.open(id)
  }

  /** Whether the remote has yet to open a stream with this id. */
  isToCome(id: number): boolean {
    return id % 2 !== this.#nextId % 2 && !this.#remoteIds.has(id)
  }

  /** Throws 'peer-violation' for an id of which no OPEN has left or come. */
  mustHaveExisted(id: number): void {
    const ours = id % 2 === this.#nextId % 2
    const stream = this.#streams.get(id)
    const existed = ours ? id < this.#nextId && !stream?.send.opening : this.#remoteIds.has(id)
    if (!existed) throw violation(`stream ${id} was never opened`)
  }

  // ── streams ──

  find(id: number): MuxStream | undefined {
    return this.#streams.get(id)
  }

  has(stream: MuxStream): boolean {
    return this.#streams.get(stream.id) === stream
  }

  values(): Iterable<MuxStream> {
    return this.#streams.values()
  }

  /** A stream that was opened by either side. */
  add(stream: MuxStream): void {
    if (stream.opener === 'local') this.#localOpen += 1
    else this.#remoteOpen += 1
    this.#streams.set(stream.id, stream)
  }

  /** A stream is opened once more, under the next id. */
  renew(stream: MuxStream): void {
    this.#streams.delete(stream.id)
    stream.id = this.takeId()
    this.#streams.set(stream.id, stream)
  }

  clear(): void {
    this.#streams.clear()
  }

  // ── counts ──

  get localOpen(): number {
    return this.#localOpen
  }

  get remoteOpen(): number {
    return this.#remoteOpen
  }

  get count(): number {
    return this.#localOpen + this.#remoteOpen
  }

  /** Streams that are over and kept until the remote has acknowledged what we said of them. */
  get retained(): number {
    return this.#streams.size - this.count
  }

  /** For a person: which protocol has most of the streams that we opened. Empty where none is open. */
  get busiest(): string {
    const counts = new Map<ProtocolName, number>()
    for (const { opener, released, protocol } of this.#streams.values()) {
      if (opener === 'local' && !released) counts.set(protocol, (counts.get(protocol) ?? 0) + 1)
    }
    const [most] = [...counts].sort(([, a], [, b]) => b - a)
    return most === undefined ? '' : `, ${most[1]} of them for ${most[0]}`
  }

  // ── ends ──

  /** Forgets a stream as soon as nothing can come of it any more. */
  settle(stream: MuxStream): void {
    const { send, receive } = stream
    if (!receive.over || send.opening || (send.state !== 'finished' && send.state !== 'dropped')) return
    // The remote counts its streams until we have acknowledged; we must not count them for longer than that.
    if (stream.opener === 'remote') {
      this.#release(stream)
      // The application has its own: what is kept here may be kept for long. One that it may still take it has yet to look at.
      const isDecided = stream.accepted || stream.reset
      if (isDecided && stream.header.protocols.length > 0) stream.header = { ...stream.header, params: undefined, protocols: [] }
    }
    if (stream.unacknowledged > 0 || stream.hasSignals) return
    // All of it came in one message with its OPEN: its opener still waits for an answer.
    if (stream.opener === 'remote' && !stream.accepted) return
    // Our FIN has arrived, yet the stream may still be turned down, or have to be opened again.
    if (send.state === 'finished' && !stream.accepted && !stream.reset) return
    this.forget(stream)
  }

  forget(stream: MuxStream): void {
    this.#release(stream)
    if (this.#streams.get(stream.id) === stream) this.#streams.delete(stream.id)
  }

  #release(stream: MuxStream): void {
    if (stream.released) return
    stream.released = true
    if (stream.opener === 'local') this.#localOpen -= 1
    else this.#remoteOpen -= 1
  }
}
