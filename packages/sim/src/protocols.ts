import type { ProtocolName } from '@kith/protocol'

/** What both ends of a simulated link serve, until they change their minds. */
export const PROTOCOLS: readonly [ProtocolName, ...ProtocolName[]] = ['/a/1', '/b/1', '/c/1']
