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

/** What differs from one connection to the next. */
export interface PathConfig {
  /** Where it is empty, no STUN or TURN server is asked. */
  readonly iceServers: readonly RTCIceServer[]
  /** 'relay': no candidate but those at a TURN server is told or used. */
  readonly iceTransportPolicy: 'all' | 'relay'
}

export interface FencedConnection {
  readonly connection: RTCPeerConnection
  readonly lanes: Lanes
  readonly config: PathConfig
}

/** Throws what `RTCPeerConnection` throws for a configuration that it refuses. */
export function fencedConnection(Implementation: typeof RTCPeerConnection, config: PathConfig): FencedConnection {
  const connection = new Implementation(complete(config))
  const channel = (label: keyof typeof CHANNELS): RTCDataChannel => {
    const made = connection.createDataChannel(label, { ...CHANNELS[label], negotiated: true })
    made.binaryType = 'arraybuffer'
    return made
  }
  const control = channel('control')
  const lanes: Lanes = { control, datagrams: channel('datagrams'), urgent: channel('urgent'), bulk: channel('bulk') }

  // simple-peer cannot do without a channel: it gets the control lane.
  connection.createDataChannel = () => control
  // Made ahead it is at hand when it is asked for. An answerer never does: then it is nothing if it fails.
  const firstOffer = connection.createOffer()
  firstOffer.catch(() => undefined)
  connection.createOffer = (() => {
    Reflect.deleteProperty(connection, 'createOffer')
    return firstOffer
  }) as RTCPeerConnection['createOffer']
  return { connection, lanes, config }
}

/** The same connection, before its first description, for another path. Throws what `setConfiguration` throws. */
export function reconfigured(fenced: FencedConnection, config: PathConfig): FencedConnection {
  if (JSON.stringify(complete(config)) === JSON.stringify(complete(fenced.config))) return fenced
  fenced.connection.setConfiguration(complete(config))
  return { ...fenced, config }
}

const complete = ({ iceServers, iceTransportPolicy }: PathConfig): RTCConfiguration => ({
  iceServers: [...iceServers],
  iceTransportPolicy,
  bundlePolicy: 'max-bundle',
})
