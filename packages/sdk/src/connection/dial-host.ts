/** What the dials ask of the connector, which owns them, and what it asks of a dial. */
import type {
  Bytes,
  DialNumber,
  DialPeer,
  Doorstep,
  IdentityKeys,
  Introduced,
  KithError,
  PeerId,
  Presence,
  ProtocolName,
  Random,
  Route,
  Verdict,
  Way,
} from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import type { Roster } from '../carriers/roster.ts'
import type { NegotiatorState } from '../path/webrtc/negotiator.ts'
import type { WebRtc } from '../platform/browser.ts'
import type { Link, LinkOptions } from '../session/link.ts'
import type { LinkUp } from './dial-path.ts'

export interface Knocking {
  readonly doorstep: Doorstep
  readonly from: PeerId | undefined
  /** Which of their tabs or devices, 16 bytes. */
  readonly instance: Bytes
  readonly protocols: readonly ProtocolName[]
  /** What they say of their being online. */
  readonly presence: Presence | undefined
}

/** An answer to a knock: an offer says how much of our network address it may tell. */
export type Judgement = Exclude<Verdict['type'], 'offer'> | { readonly offer: Disclosure }

export interface DialHost {
  readonly identity: IdentityKeys
  readonly instance: Bytes
  readonly random: Random
  readonly roster: Roster
  readonly wrtc: WebRtc | undefined
  introduction(): { name: string; relays: readonly string[] }
  iceServers(): Promise<RTCIceServer[]>
  judge(knock: Knocking): Judgement
  /** Whether they are a contact already, and may not learn our network address. */
  mustRelay(id: PeerId): boolean
  /** They proved an invitation: it is theirs, if they are the first. */
  proved(doorstep: Doorstep, by: Introduced): Promise<boolean>
  granted(dial: DialNumber, by: Introduced): void
  /** @param instance which of their tabs or devices, 16 bytes */
  present(remote: PeerId, instance: Bytes, presence: Presence | undefined): void
  /** What I say of my being online to this contact, by this carrier. */
  presence?(remote: PeerId, origin: string): Presence | undefined
  /** Whether a dial that began `sinceMs` ago may still arrive by these carriers. */
  mayArrive(origins: readonly string[], sinceMs: number): boolean
  /** They called, and nothing can be offered: the ICE servers are not to be had, or the browser does not take them. Undefined: it
   *  can again. */
  unable(error: KithError | undefined): void
  /** Whether there may be an RTCPeerConnection more, beside those that are up and the `making` that are being made, with
   *  `whom` where it is known. */
  hasRoom(making: number, whom: PeerId | undefined): boolean
  /** A link over these lanes. */
  link(options: { peer: DialPeer } & Pick<LinkOptions, 'lanes' | 'confirmation' | 'maxMessageSize' | 'awaitsPath'>): Link
  /** Both ends have confirmed it. Returns what gets the states of its path from now on. `begunAt`: by `performance.now()`. */
  connected(up: LinkUp, begunAt: number): (state: NegotiatorState) => void
  yielded(dial: DialNumber, to: DialNumber): void
  ended(dial: DialNumber, error: KithError): void
}

export interface DialRequest {
  readonly way: Way
  readonly routes: readonly Route[]
  readonly protocols: readonly ProtocolName[]
  readonly timeoutMs: number
  readonly disclosure: Disclosure
  /** The caller asked for this disclosure, whoever they are and whatever the policy says. Default false. */
  readonly isDisclosureAsked?: boolean
  /** Those of its carriers at which the other end said to wait, where that is all that is known of it. */
  readonly named?: readonly string[] | undefined
}
