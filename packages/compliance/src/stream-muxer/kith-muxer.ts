/** Our link as a stream muxer of js-libp2p: the machine, its driver and its streams as they are shipped, over four lanes that share
 *  the connection it is given. */
import type { ProtocolName } from '@kith/protocol'
import { Link, type LinkStream } from '@kith/sdk/parts'
import type { AbortOptions, MultiaddrConnection, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { AbstractStreamMuxer } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import { ConnectionLanes, MESSAGE_MAX_BYTES } from './connection-lanes.ts'
import { KithStream } from './kith-stream.ts'

/** What a stream is for, js-libp2p asks on the stream itself, so to us all are for one thing. */
const PROTOCOL: ProtocolName = '/libp2p/stream/1'

/** The dialler's and the callee's. Whom a connection leads to, js-libp2p makes sure of before it is muxed. */
const CONFIRMATIONS = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const

export function kithMuxer(): StreamMuxerFactory {
  return {
    protocol: '/kith/mux/1',
    createStreamMuxer: (connection) => new KithMuxer(connection as MultiaddrConnection),
  }
}

class KithMuxer extends AbstractStreamMuxer<KithStream> implements StreamMuxer<KithStream> {
  readonly #carrier: ConnectionLanes
  readonly #link: Link

  constructor(connection: MultiaddrConnection) {
    super(connection, { protocol: '/kith/mux/1', name: 'kith' })
    this.#carrier = new ConnectionLanes(connection)
    const role = connection.direction === 'outbound' ? 0 : 1
    this.#link = new Link({
      lanes: this.#carrier.lanes,
      role,
      confirmation: { ours: CONFIRMATIONS[role], theirs: CONFIRMATIONS[role === 0 ? 1 : 0] },
      instance: new Uint8Array(16),
      protocols: [PROTOCOL],
      maxMessageSize: MESSAGE_MAX_BYTES,
      onIncoming: () => (stream) => this.onRemoteStream(this.#adapt(stream, 'inbound')),
    })
    const over = () => this.onTransportClosed()
    this.#link.closed.then(over, over)
  }

  override async onCreateStream(): Promise<KithStream> {
    return this.#adapt(await this.#link.open(PROTOCOL), 'outbound')
  }

  override onData(data: Uint8Array | Uint8ArrayList): void {
    this.#carrier.receive(data)
  }

  override async close(options?: AbortOptions): Promise<void> {
    if (this.status !== 'open') return
    await super.close(options)
    await this.#link.close()
  }

  override abort(error: Error): void {
    if (this.status === 'closed') return
    super.abort(error)
    void this.#link.close({ code: 1, reason: 'aborted' })
  }

  #adapt(stream: LinkStream, direction: 'inbound' | 'outbound'): KithStream {
    return new KithStream({ id: String(stream.id), direction, log: this.log.newScope(direction) }, stream)
  }
}
