/**
 * What both sides bind into the handshake before the first byte: a knock that was sealed for one carrier, one address and one
 * day opens nowhere else.
 */
import { concat, utf8 } from '../bytes/bytes.ts'
import { Writer } from '../bytes/writer.ts'
import { type PeerId, publicKeyOf } from '../identity/peer-id.ts'
import type { Bytes } from '../machine.ts'

/** Where a knock goes: an address that only the right people can derive, on one carrier. */
export interface Route {
  readonly origin: string
  readonly address: Uint8Array
  /** Days since 1970; 0 for invites. */
  readonly epoch: number
}

/** How the other is found, and with what both authenticate. */
export type Way =
  /** Two people who know each other's PeerId: Noise KK. */
  | { readonly kind: 'contact'; readonly remote: PeerId }
  /** Whoever has the link: Noise NNpsk0, identities follow inside. */
  | { readonly kind: 'invite'; readonly psk: Bytes }

const KIND = { contact: 0, invite: 3 } as const

/** `"kith/1" ‖ u8 kind ‖ lp(origin) ‖ address ‖ u64 epoch`, and for contacts `‖ initiator ‖ responder`. */
export function prologue(way: Way, route: Route, parties: { initiator: PeerId; responder: PeerId } | undefined): Bytes {
  const shared = new Writer(128)
    .bytes(utf8('kith/1'))
    .u8(KIND[way.kind])
    .prefixed(utf8(route.origin))
    .bytes(route.address)
    .u64(route.epoch)
    .finish()
  return parties ? concat(shared, publicKeyOf(parties.initiator), publicKeyOf(parties.responder)) : shared
}
