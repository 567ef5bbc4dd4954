/**
 * What applications do with the streams and datagrams of a session: the hot path, which answers at once.
 *
 * Opening takes no round trip. The hello told us what the other side serves, so an OPEN goes out together with the first data,
 * counted against the credit that every new stream has. Should the list have changed meanwhile, the other side says REJECT, and
 * the stream is tried once more if by its newest list it would be taken after all. Where the list has none of the names, it may be
 * late, since it travels on a lane of its own: then the OPEN names all of them and no data goes before the other side has chosen.
 */
import type { ProtocolName } from '../identity/protocol-name.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { Datagrams } from '../mux/datagrams.ts'
import type { DatagramStats } from '../mux/flow.ts'
import type { MuxStream, OpenRequest } from '../mux/stream.ts'
import type { Streams } from '../mux/streams.ts'

export abstract class StreamMethods {
  protected abstract readonly all: Streams
  protected abstract readonly flows: Datagrams

  /** Throws 'closed' where either side leaves, or has left. */
  protected abstract checkLive(): void

  /** The same, and before the remote's first hello. */
  protected abstract checkOpen(): void

  /** Streams that are open, of both sides. */
  get streams(): number {
    return this.all.table.count
  }

  /** Streams that the remote opened, that are over, and that are kept until it has acknowledged our last word: at most
   *  STREAMS_RETAINED_MAX. */
  get retainedStreams(): number {
    return this.all.table.retained
  }

  /** For a person: which protocol has most of the streams that we opened, as ', 3 of them for /chat/v1'; or nothing. */
  get busiest(): string {
    return this.all.table.busiest
  }

  /** Sums over all flows, those that have ended included. */
  get datagrams(): DatagramStats {
    return this.flows.stats
  }

  /** Bytes received and not yet read, on all streams. */
  get unreadBytes(): number {
    return this.all.unreadBytes
  }

  // ── streams ──

  /** Writers have had their turn: what they left free is for lower priorities. */
  release(): void {
    this.all.outgoing.release()
  }

  /**
   * Opens a stream after 'ready'. Where by its last list the remote serves none of the protocols, the stream asks if both ends have
   * that feature (`isAsking`: it sends nothing before 'answered'), else 'unsupported-protocol' is thrown and nothing sent. Throws
   * 'too-many' beyond what either side allows, 'too-large' and 'invalid-argument' for params or priority that cannot travel,
   * 'closed' where there is no link.
   */
  open(request: OpenRequest): MuxStream {
    this.checkOpen()
    const stream = this.all.open(request)
    this.flows.begin(stream)
    return stream
  }

  /** What can be spoken on an incoming stream: what its opener names and we serve, in the opener's order. */
  choices(stream: MuxStream): readonly ProtocolName[] {
    return this.all.choices(stream.header)
  }

  /** Takes an incoming stream, to speak the first of its choices or the one given. */
  accept(stream: MuxStream, protocol?: ProtocolName): void {
    this.all.accept(stream, protocol)
    this.flows.begin(stream)
  }

  /** Turns an incoming stream down, with one of REJECT_CODES. */
  reject(stream: MuxStream, code: number): void {
    this.all.reject(stream, code)
  }

  /**
   * Copies as much as credit and the waiting frame have room for and returns how much; 'writable' tells when to go on. `more`
   * promises another write (of nothing, if need be) or `finish`: a frame that is not full may wait for it.
   */
  write(stream: MuxStream, bytes: Uint8Array, more = false): number {
    return this.all.write(stream, bytes, more)
  }

  /** Nothing more will be written; 'finished' tells when the remote has it all. */
  finish(stream: MuxStream): void {
    this.all.finish(stream)
  }

  /** The next bytes, the reader's own from now on; reading is what grants the remote more credit. */
  read(stream: MuxStream): Bytes | undefined {
    return this.all.read(stream)
  }

  /** Whether all that the remote had to say has been read. */
  atEnd(stream: MuxStream): boolean {
    return this.all.atEnd(stream)
  }

  /** Both halves at once. */
  reset(stream: MuxStream, code: number): void {
    this.all.reset(stream, code)
  }

  /** Writes no more, although there was more to write; the remote's reads fail with the code. The other half goes on. */
  abort(stream: MuxStream, code: number): void {
    this.all.abort(stream, code)
  }

  /** Reads no more; the remote's writes fail with the code. */
  stop(stream: MuxStream, code: number): void {
    this.all.stop(stream, code)
  }

  // ── datagrams, on streams of that kind ──

  /** Queues a copy. Throws 'too-large' beyond DATAGRAM_MAX_BYTES, 'closed' where the flow is over: nothing is sent then. */
  sendDatagram(stream: MuxStream, bytes: Uint8Array, now: Millis): void {
    this.checkLive()
    this.flows.send(stream, bytes, now)
  }

  /** Counts a datagram as dropped that is too large to be sent, for a writer who cannot be told by a throw. */
  refuseDatagram(stream: MuxStream): void {
    this.flows.refuse(stream)
  }

  /** Whether all datagrams that were sent have left or were dropped. If not, 'flow' tells when. */
  isDrained(stream: MuxStream): boolean {
    return this.flows.isDrained(stream)
  }

  /** The next that came, at the start of a buffer of its own, which has a few bytes more behind it. Without one, 'flow' tells when to
   *  look again. */
  readDatagram(stream: MuxStream): Bytes | undefined {
    return this.flows.read(stream)
  }

  /** There is no reader any more: what came is dropped, and so is what will come. */
  ignoreDatagrams(stream: MuxStream): void {
    this.flows.ignore(stream)
  }
}
