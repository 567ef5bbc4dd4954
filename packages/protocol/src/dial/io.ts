/** What goes into the dial machine and what comes out of it: the whole conversation between deciding and doing. */
import type { KithError } from '../errors.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { KeyRequest } from '../noise/handshake.ts'
import type { Route, Way } from '../rendezvous/way.ts'
import type { Candidate } from './candidate.ts'
import type { TransportDescription } from './description.ts'
import type { Presence } from './messages.ts'
import type { Role } from './proof.ts'

/** Names one dial towards the driver: outgoing ones are named by it (above 0, none twice), incoming ones here (below 0). */
export type DialNumber = number

/** An address of ours where knocks arrive, and what it takes to read them. */
export interface Doorstep extends Route {
  readonly way: Way
}

export type Verdict =
  /** Let us talk. `replyAddress`: a fresh one of ours, bound at the carrier of the knock until 'unbind'. */
  | { readonly type: 'offer'; readonly replyAddress: Bytes }
  /** Yes, I am online. `presence`: what I say of that. */
  | { readonly type: 'here'; readonly presence?: Presence | undefined }
  /** This invitation has been used. */
  | { readonly type: 'spent' }
  /** No answer. */
  | { readonly type: 'silence' }

/** Who the other turned out to be, and what both ends of this handshake alone know. */
export interface DialPeer {
  readonly id: PeerId
  /** 16 bytes. */
  readonly instance: Bytes
  readonly role: Role
  /** 16 bytes, drawn by the caller for this dial: of two connections between the same two instances it tells which to use. */
  readonly dialId: Bytes
  /** The carrier that brought us together. */
  readonly origin: string
  readonly bindKey: Bytes
}

/** Where the answer to a knock is waited for: one address for each carrier, or two relays would see that one peer has bound it at both. */
export interface Reply {
  readonly origin: string
  /** Fresh, and bound until 'unbind'. A dial that only asks for presence may use one again. */
  readonly address: Bytes
  /** What I say by this carrier of my being online. */
  readonly presence?: Presence | undefined
}

/** What I call myself and where I can be found. */
export interface Introduction {
  readonly name: string
  readonly relays: readonly string[]
}

export type DialInput =
  /** Routes are tried all at once, each with the reply of its carrier. No `protocols`: asks only whether they are there. */
  | {
      readonly type: 'dial'
      readonly dial: DialNumber
      readonly way: Way
      readonly routes: readonly Route[]
      readonly replies: readonly Reply[]
      readonly protocols: readonly ProtocolName[]
      readonly timeoutMs: Millis
    }
  | { readonly type: 'cancel'; readonly dial: DialNumber }
  /** An envelope that came to one of our doorsteps. */
  | { readonly type: 'knocked'; readonly doorstep: Doorstep; readonly envelope: Bytes }
  /** An envelope that came to a reply address of this dial. */
  | { readonly type: 'replied'; readonly dial: DialNumber; readonly origin: string; readonly envelope: Bytes }
  /** The answers to 'draw', 'agree' and 'sign'. */
  | { readonly type: 'drawn'; readonly work: number; readonly publicKey: Bytes }
  | { readonly type: 'agreed'; readonly work: number; readonly shared: Bytes }
  | { readonly type: 'signed'; readonly work: number; readonly signature: Bytes; readonly introduction: Introduction }
  | { readonly type: 'failed'; readonly work: number; readonly error: unknown }
  | { readonly type: 'verdict'; readonly dial: DialNumber; readonly verdict: Verdict }
  /** The answer to 'proved': may they have what the invitation promised? */
  | {
      readonly type: 'grant'
      readonly dial: DialNumber
      readonly granted: boolean
      /** They are let in, but not told our candidates: this dial ends. Default false. */
      readonly isWithoutPath?: boolean
    }
  | { readonly type: 'described'; readonly dial: DialNumber; readonly description: TransportDescription }
  | { readonly type: 'candidate'; readonly dial: DialNumber; readonly candidate: Candidate }
  /** The link is up and both ends have confirmed it, or the driver gave up: the dial has done its work. */
  | { readonly type: 'connected'; readonly dial: DialNumber }
  | { readonly type: 'tick' }

export type DialOutput =
  /** The last output of a dial: its reply addresses are free, and the key pairs that were drawn for it. */
  | { readonly type: 'unbind'; readonly dial: DialNumber }
  | { readonly type: 'send'; readonly origin: string; readonly to: Bytes; readonly envelope: Bytes }
  /** Work with private keys, which may live in WebCrypto: answer with 'drawn', 'agreed' or 'signed', or with 'failed'. */
  | (Extract<KeyRequest, { type: 'draw' }> & { readonly work: number; readonly dial: DialNumber })
  | (Extract<KeyRequest, { type: 'agree' }> & { readonly work: number; readonly dial: DialNumber })
  /** Sign this with the identity key. */
  | { readonly type: 'sign'; readonly work: number; readonly dial: DialNumber; readonly message: Bytes }
  /** A knock; answer with 'verdict'. `from` is unknown where identities follow inside. */
  | {
      readonly type: 'knock'
      readonly dial: DialNumber
      readonly doorstep: Doorstep
      readonly from: PeerId | undefined
      /** Which of their tabs or devices. */
      readonly instance: Bytes
      readonly protocols: readonly ProtocolName[]
      readonly presence: Presence | undefined
    }
  /** A knock is out: until it is answered there is time to make the RTCPeerConnection that 'describe' will ask. */
  | { readonly type: 'prepare'; readonly dial: DialNumber }
  /** Start an RTCPeerConnection: without `remote` as the offerer, with it as the answerer; answer with 'described'. */
  | { readonly type: 'describe'; readonly dial: DialNumber; readonly remote?: TransportDescription; readonly peer?: DialPeer }
  /** The answerer's description has come: hand it to the RTCPeerConnection. */
  | { readonly type: 'answered'; readonly dial: DialNumber; readonly remote: TransportDescription; readonly peer: DialPeer }
  | { readonly type: 'candidates'; readonly dial: DialNumber; readonly candidates: readonly Candidate[] }
  /** They hold the invitation and have proved who they are; answer with 'grant'. */
  | { readonly type: 'proved'; readonly dial: DialNumber; readonly doorstep: Doorstep; readonly by: Introduced }
  /** The inviter has let us in. */
  | { readonly type: 'granted'; readonly dial: DialNumber; readonly by: Introduced }
  /** They are online. With no protocols asked for, the dial has done its work. */
  | {
      readonly type: 'present'
      readonly dial: DialNumber
      readonly remote: PeerId
      /** Which of their tabs or devices, 16 bytes. */
      readonly instance: Bytes
      readonly presence: Presence | undefined
    }
  /** Ours gave way to another dial with the same person, which goes on as `to`: should that end, it is for the driver to dial again. */
  | { readonly type: 'yielded'; readonly dial: DialNumber; readonly to: DialNumber }
  /** It ended without a connection. Also for incoming ones, so that what was started for them is stopped. */
  | { readonly type: 'ended'; readonly dial: DialNumber; readonly error: KithError }

/** What a remote says of itself beside its proof. */
export interface Introduced extends Introduction {
  readonly id: PeerId
}
