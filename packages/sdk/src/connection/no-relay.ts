import { KithError } from '@kith/protocol'

/** Nothing carried the dial: there is no relay, or none of them can be reached. */
export const noRelay = (cause?: KithError): KithError =>
  new KithError(
    'no-relay',
    'No relay could be reached, and no tab of this browser answers for them: peer.status.relays says what is wrong with each, createPeer({ relays }) names them.',
    { source: 'network', cause },
  )
