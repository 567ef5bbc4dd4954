/** What the handle of a call says of it, while it rings and once it is accepted. */
import type { KithError, PeerId, ProtocolName } from '@kith/protocol'
import type { Connection } from '../../api.ts'
import type { Deferred } from '../../runtime/deferred.ts'
import type { CallSignaling } from './call-signaling.ts'

export interface CallHandleOptions {
  readonly signaling: CallSignaling
  readonly connection: Connection
}

export abstract class CallHandle {
  readonly protocol: ProtocolName
  readonly remote: PeerId
  readonly connection: Connection
  readonly params: unknown
  readonly closed: Promise<void>

  constructor({ signaling, connection }: CallHandleOptions, closed: Promise<void>) {
    this.protocol = signaling.stream.protocol
    this.params = signaling.stream.params
    this.connection = connection
    this.remote = connection.remote
    this.closed = closed
    closed.catch(() => undefined) // callers may await it or not
  }
}

/** @param error undefined: a clean end */
export function settle(closed: Deferred<void>, error: KithError | undefined): void {
  if (error === undefined) closed.resolve()
  else closed.reject(error)
}
