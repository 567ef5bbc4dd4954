/**
 * The RTCPeerConnection that simple-peer is given: ours, with the channels of a link on it from the start, and with what
 * simple-peer must not see or do taken away.
 */

import type { Lanes } from '../lane.ts'
import { withBufferLow } from './buffer-low.ts'

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
  /** 'relay': only candidates at a TURN server are sent or used. */
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
    return withBufferLow(made)
  }
  const control = channel('control')
  const lanes: Lanes = { control, datagrams: channel('datagrams'), urgent: channel('urgent'), bulk: channel('bulk') }

  // simple-peer cannot do without a channel: it gets the control lane.
  connection.createDataChannel = () => control
  const createOffer = connection.createOffer.bind(connection)
  const offer = (options?: RTCOfferOptions) => createOffer(options).then(writable)
  // Made ahead it is at hand when it is asked for. An answerer never does: then it is nothing if it fails.
  let firstOffer: Promise<RTCSessionDescriptionInit> | undefined = offer()
  firstOffer.catch(() => undefined)
  connection.createOffer = ((options?: RTCOfferOptions) => {
    const made = firstOffer ?? offer(options)
    firstOffer = undefined
    return made
  }) as RTCPeerConnection['createOffer']
  const { createAnswer } = connection
  connection.createAnswer = (async () =>
    writable(
      await (createAnswer as () => Promise<RTCSessionDescriptionInit>).call(connection),
    )) as RTCPeerConnection['createAnswer']
  return { connection, lanes, config }
}

/** simple-peer assigns to `sdp`. W3C webrtc-pc §4.6.1 gives a dictionary; node-datachannel gives an object that cannot be written to. */
const writable = ({ type, sdp }: RTCSessionDescriptionInit): RTCSessionDescriptionInit =>
  sdp === undefined ? { type } : { type, sdp }

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
