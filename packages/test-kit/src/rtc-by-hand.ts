/** A link by hand over a real RTCPeerConnection, with a real peer of this page at the other end: for tests in a browser. */
import { type IdentityKeys, type PeerId, parseCandidate, type TransportDescription } from '@kith/protocol'
import { BroadcastChannelCarrier } from '@kith/sdk/parts'
import type { Lanes } from '../../sdk/src/path/lane.ts'
import { fencedConnection } from '../../sdk/src/path/webrtc/fenced-connection.ts'
import { descriptionFromSdp, sdpFromDescription } from '../../sdk/src/path/webrtc/sdp-template.ts'
import { answerByHand, type Call, callByHand } from './call-by-hand.ts'
import type { Knock } from './dial-by-hand.ts'
import { LinkByHand } from './link-by-hand.ts'

export interface RtcByHand extends Disposable {
  readonly call: Call
  /** Neither confirmed nor greeted: `await link.greet()`. */
  readonly link: LinkByHand
  readonly connection: RTCPeerConnection
  /** Whether it offers new descriptions when tracks change. */
  readonly role: 'offerer' | 'answerer'
}

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** We knock: they offer, we answer. They must have us among their contacts. */
export async function dialPeer(
  peer: { readonly id: PeerId },
  identity: IdentityKeys,
  knock: Partial<Knock> = {},
): Promise<RtcByHand> {
  const carrier = new BroadcastChannelCarrier()
  const call = await callByHand({ carrier, identity, random, with: peer.id, now: Date.now() }, knock)
  const { connection, lanes } = fencedConnection(RTCPeerConnection, { iceServers: [], iceTransportPolicy: 'all' })
  if (!('description' in call.first)) throw new Error('they did not offer')
  const { description: theirs } = call.first
  await connection.setRemoteDescription({ type: 'offer', sdp: sdpFromDescription(theirs, 'offer') })
  await connection.setLocalDescription()
  const ours = descriptionFromSdp(connection.localDescription?.sdp ?? '')
  call.say({ type: 'answer', description: ours })
  return linked({ call, connection, lanes, role: 'answerer' }, ours, theirs, () => carrier.close())
}

/** They knock, as `peer.connect(identity.id)` makes them: we offer, they answer. */
export async function awaitPeer(peer: { readonly id: PeerId }, identity: IdentityKeys): Promise<RtcByHand> {
  const carrier = new BroadcastChannelCarrier()
  const { connection, lanes } = fencedConnection(RTCPeerConnection, { iceServers: [], iceTransportPolicy: 'all' })
  await connection.setLocalDescription()
  const ours = descriptionFromSdp(connection.localDescription?.sdp ?? '')
  const call = await answerByHand(
    { carrier, identity, random, with: peer.id, now: Date.now() },
    { instance: random(16), description: ours },
  )
  const answer = await call.heard.next(({ type }) => type === 'answer')
  if (answer?.type !== 'answer') throw new Error('they did not answer')
  await connection.setRemoteDescription({ type: 'answer', sdp: sdpFromDescription(answer.description, 'answer') })
  return linked({ call, connection, lanes, role: 'offerer' }, ours, answer.description, () => carrier.close())
}

async function linked(
  made: { readonly call: Call; readonly connection: RTCPeerConnection; readonly lanes: Lanes; readonly role: RtcByHand['role'] },
  ours: TransportDescription,
  theirs: TransportDescription,
  closeCarrier: () => void,
): Promise<RtcByHand> {
  const { call, connection, lanes, role } = made
  const { dial } = call
  const open = new Promise<void>((resolve) => lanes.control.addEventListener('open', resolve))
  const tell = ({ candidate }: { readonly candidate: RTCIceCandidate | null }) => {
    const parsed = parseCandidate(candidate?.candidate ?? '')
    if (parsed !== undefined) call.say({ type: 'candidates', candidates: [parsed] })
  }
  // What was gathered before: it is in the description by now.
  for (const line of connection.localDescription?.sdp.match(/^a=candidate.*$/gm) ?? []) {
    const parsed = parseCandidate(line)
    if (parsed !== undefined) call.say({ type: 'candidates', candidates: [parsed] })
  }
  connection.addEventListener('icecandidate', tell)
  const link = new LinkByHand(lanes, dial.confirmation(ours.fingerprint, theirs.fingerprint))
  // Their candidates are not needed: they check ours, which makes them known (RFC 8445 §7.3.1.3).
  await open
  return {
    call,
    link,
    connection,
    role,
    [Symbol.dispose]() {
      call[Symbol.dispose]()
      closeCarrier()
      connection.close()
    },
  }
}
