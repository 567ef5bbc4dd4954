/** What the dials ask of the connector, which owns them, and what it asks of a dial. */
import type {
  Bytes,
  DialNumber,
  DialPeer,
  IdentityKeys,
  Introduced,
  KithError,
  PeerId,
  Presence,
  ProtocolName,
  Route,
  Way,
} from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import type { Roster } from '../carriers/roster.ts'
import type { NegotiatorState } from '../path/webrtc/negotiator.ts'
import type { Admission, Judgement, Knock } from '../people/admission.ts'
import type { DisclosurePolicy } from '../people/disclosure.ts'
import type { Online } from '../people/online.ts'
import type { WebRtc } from '../platform/browser.ts'
import type { Link, LinkOptions } from '../session/link.ts'
import type { LinkUp } from './dial-path.ts'

export interface DialKnock extends Knock {
  /** Which of their tabs or devices, 16 bytes. */
  readonly instance: Bytes
  /** What they say about being online. */
  readonly presence: Presence | undefined
}

export interface DialHost {
  readonly identity: IdentityKeys
  readonly instance: Bytes
  readonly roster: Pick<Roster, 'own' | 'get' | 'mayArrive'>
  readonly admission: Pick<Admission, 'mustRelay' | 'proved'> & { readonly policy: Pick<DisclosurePolicy, 'iceServers'> }
  readonly online: Pick<Online, 'heard' | 'wordsFor'>
  readonly wrtc: WebRtc | undefined
  introduction(): { name: string; relays: readonly string[] }
  judge(knock: DialKnock): Judgement
  /** The host of an invitation has let me in. */
  granted(dial: DialNumber, by: Introduced): void
  /** A caller cannot be offered a path: there are no ICE servers, or the browser refuses them. Undefined: it can again. */
  unable(error: KithError | undefined): void
  /** Whether there may be one more RTCPeerConnection, beside those that are up and the `making` that are being made, with `whom` where
   *  it is known. */
  hasRoom(making: number, whom: PeerId | undefined): boolean
  /** A link over these lanes. */
  link(options: { peer: DialPeer } & Pick<LinkOptions, 'lanes' | 'confirmation' | 'maxMessageSize' | 'awaitsPath'>): Link
  /** Both ends have confirmed the link. Returns a listener for the states of its path. `begunAt`: by `performance.now()`. */
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
  /** The caller asked for this disclosure: it holds for anyone who answers, whatever the policy says. Default false. */
  readonly isDisclosureAsked?: boolean
  /** The carriers that the other end named, where nothing else is known of it. Default: those of `routes`. */
  readonly named?: readonly string[] | undefined
}
