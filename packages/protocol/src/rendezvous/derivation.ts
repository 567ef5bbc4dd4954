/**
 * Ways to be found. Each derives an address (see identity/address.ts) that only the right people can compute; no two origins,
 * epochs or directions share one, so what a relay saw says nothing about anywhere or any day else. One function a row of
 * SPEC.md's table.
 */
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { compare, utf8 } from '../bytes/bytes.ts'
import { Writer } from '../bytes/writer.ts'
import { KithError } from '../errors.ts'
import { type PeerId, publicKeyOf } from '../identity/peer-id.ts'
import type { Bytes } from '../machine.ts'

export interface ContactAddress {
  /** X25519 of one's own static key with the other's, 32 bytes: the same for both. */
  shared: Uint8Array
  local: PeerId
  remote: PeerId
  /** Of the carrier, as the one who binds publishes it. */
  origin: string
  epoch: number
  /** Of the one who binds: `directionOf(local, remote)` to listen, `directionOf(remote, local)` to call. */
  direction: 0 | 1
}

/** contact (0): two people who know each other's PeerId. Swapping `local` and `remote` changes nothing. */
export function contactAddressSeed({ shared, local, remote, origin, epoch, direction }: ContactAddress): Bytes {
  const [lo, hi] = [publicKeyOf(local), publicKeyOf(remote)].sort(compare) as [Bytes, Bytes]
  const info = new Writer().bytes(lo).bytes(hi).prefixed(utf8(origin)).u64(epoch).u8(direction).finish()
  return hkdf32(shared, utf8('kith/1/contact'), info)
}

/** 0 when `local` is the one of the two whose public key sorts first. Throws 'invalid-argument' for one person twice. */
export function directionOf(local: PeerId, remote: PeerId): 0 | 1 {
  const order = compare(publicKeyOf(local), publicKeyOf(remote))
  if (order === 0) throw new KithError('invalid-argument', 'Both PeerIds are the same person’s.')
  return order < 0 ? 0 : 1
}

/** invite (3): whoever has the link's secret (16 bytes). Its epoch is 0: it lives as long as the invite. */
export function inviteAddressSeed(secret: Uint8Array, origin: string): Bytes {
  return hkdf32(secret, EMPTY, new Writer().bytes(utf8('kith/1/invite-addr')).prefixed(utf8(origin)).finish())
}

/** invite (3): the psk (32 bytes) of the handshake. */
export function invitePsk(secret: Uint8Array): Bytes {
  return hkdf32(secret, EMPTY, utf8('kith/1/invite-psk'))
}

/** Names an invitation that was taken up, where its secret must not be kept: 32 bytes. Never leaves the browser. */
export function inviteMark(secret: Uint8Array): Bytes {
  return hkdf32(secret, EMPTY, utf8('kith/1/invite-mark'))
}

const EMPTY: Bytes = new Uint8Array(0)

function hkdf32(secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Bytes {
  return hkdf(sha256, secret, salt, info, 32) as Bytes
}
