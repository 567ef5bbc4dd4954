/**
 * A way to be found: how two people who share something (each other's PeerId, a link) derive an address that others cannot compute,
 * and how they authenticate there. The dial asks a Way and does not know which ones there are; `ways/` has one file for each.
 *
 * | code | way | who can compute the address | Noise pattern |
 * |---|---|---|---|
 * | 0 | contact | two people who know each other's PeerId | KK |
 * | 1 | public (reserved) | those who know the PeerId | IK |
 * | 2 | room (reserved) | those who have the room's secret | NNpsk0 |
 * | 3 | invite | those who have the link | NNpsk0 |
 * | 4 | nearby (reserved) | those behind the same network prefix | NNpsk0 |
 */
import type { PeerId } from '../identity/peer-id.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { PatternName, Role } from '../noise/pattern.ts'

/** Where a knock goes: an address that only the right people can derive, on one carrier. */
export interface Route {
  readonly origin: string
  readonly address: Uint8Array
  /** Days since 1970; 0 where the addresses of a way do not change. */
  readonly epoch: number
}

export interface AddressInput {
  /** Of the carrier, as the peer that binds publishes it. */
  readonly origin: string
  readonly epoch: number
  /** 'ours': where we listen. 'theirs': where we call. */
  readonly side: 'ours' | 'theirs'
  /** X25519 of our static key with that of `agreesWith`, 32 bytes; empty where there is none. */
  readonly shared: Uint8Array
}

export interface Way {
  /** Tells this way from all others of this peer: of two knocks by one way, the dial id tells whether they are one dial. */
  readonly replayKey: string
  readonly pattern: PatternName
  /** What the pattern takes beside our static key: the other's static X25519 key, a psk; 32 bytes each. */
  readonly keys: { readonly remote?: Bytes; readonly psk?: Bytes }
  /** Who is at the other end. Undefined: both prove who they are inside the handshake's session. */
  readonly remote: PeerId | undefined
  /** It serves once: 'spent' is an answer to it. */
  readonly isOneTime: boolean
  /** With whose key ours has to agree before an address can be derived. Undefined: the way holds all that it takes. */
  readonly agreesWith: PeerId | undefined
  /** The epochs whose addresses are bound and tried at this time, milliseconds since 1970; the current one first. */
  epochsAt(unixMs: Millis): readonly number[]
  /** The seed of an address key (identity/address.ts), 32 bytes. */
  addressSeed(input: AddressInput): Bytes
  /** What both sides bind into the handshake before its first byte; `role` is ours. */
  prologue(route: Route, role: Role): Bytes
}
