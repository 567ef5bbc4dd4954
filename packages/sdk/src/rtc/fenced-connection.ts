/**
 * The RTCPeerConnection that simple-peer is given: ours, with the channels of a link on it from the start, and with what
 * simple-peer must not see or do taken away.
 */
import type { Lanes } from './lane.ts'

/** Ids and reliability of the channels (SPEC, "The link"). Negotiated beforehand: no DCEP, so they open with the association. */
const CHANNELS = {
  control: { id: 0, ordered: true },
  datagrams: { id: 1, ordered: false, maxRetransmits: 0 },
  urgent: { id: 2, ordered: true },
  bulk: { id: 3, ordered: true },
} as const

export interface FencedConnection {
  readonly connection: RTCPeerConnection
  readonly lanes: Lanes
}

/** Throws what `RTCPeerConnection` throws for a configuration that it refuses. */
export function fencedConnection(Implementation: typeof RTCPeerConnection, config: RTCConfiguration): FencedConnection {
  const connection = new Implementation(config)
  const channel = (label: keyof typeof CHANNELS): RTCDataChannel => {
    const made = connection.createDataChannel(label, { ...CHANNELS[label], negotiated: true })
    made.binaryType = 'arraybuffer'
    return made
  }
  const control = channel('control')
  const lanes: Lanes = { control, datagrams: channel('datagrams'), urgent: channel('urgent'), bulk: channel('bulk') }

  // simple-peer cannot do without a channel: it gets the control lane.
  connection.createDataChannel = () => control
  return { connection, lanes }
}
