/** A flow of datagrams as users see it. */
import { DATAGRAM_MAX_BYTES } from '@kith/protocol'
import type { Connection, Datagrams } from '../api.ts'
import type { LinkStream } from '../session/link.ts'

/** @param stream of kind 'datagrams'; it is the flow's from now on. */
export function datagrams(stream: LinkStream, connection: Connection): Datagrams {
  const { flow } = stream
  return {
    protocol: stream.protocol,
    remote: connection.remote,
    connection,
    params: stream.params,
    closed: stream.closed,
    maxDatagramSize: DATAGRAM_MAX_BYTES,
    readable: flow.readable,
    writable: flow.writable,
    get stats() {
      return flow.stats
    },
    get waiting() {
      return flow.waiting
    },
    get ready() {
      return flow.ready
    },
    on: (event, listener) => flow.on(event, listener),
    send: (data) => flow.send(data),
    close: () => flow.close(),
  }
}
