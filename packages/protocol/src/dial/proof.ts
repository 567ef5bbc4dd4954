/** Two short proofs: who I am (in a handshake that had no static keys), and that our DTLS is the one we agreed on. */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../bytes/bytes.ts'
import { type PeerId, publicKeyOf } from '../identity/peer-id.ts'
import type { Bytes } from '../machine.ts'

/** 0 = lo / initiator / dialler, 1 = hi / responder. */
export type Role = 0 | 1

/** What `prove` signs: the handshake hash makes it worthless in any other conversation, the role against reflection. */
export function proofOfIdentity(role: Role, handshakeHash: Uint8Array, id: PeerId): Bytes {
  return concat(utf8('kith/1/prove\0'), Uint8Array.of(role), handshakeHash, publicKeyOf(id))
}

/**
 * The first control frame each way. Authenticated fingerprints alone allow an unknown key-share (RFC 8844): Mallory passes
 * Alice's description to Bob as her own, and each takes the other for Mallory. Only the two ends of this very handshake know
 * `bindKey`, and only they see this very pair of fingerprints.
 */
export function confirmation(bindKey: Uint8Array, role: Role, ownFingerprint: Uint8Array, peerFingerprint: Uint8Array): Bytes {
  return hmac(sha256, bindKey, concat(utf8('kith/1/confirm'), Uint8Array.of(role), ownFingerprint, peerFingerprint)) as Bytes
}
