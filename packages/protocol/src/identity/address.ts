/**
 * An address: an Ed25519 public key that a relay forwards envelopes to, for the client that proves to hold its key. It is all that a
 * relay knows of anyone. How the right people compute each other's is the affair of `rendezvous`; what one is, and how it is
 * proved, concerns the dial and the relay as well, and so lives down here.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { utf8 } from '../bytes/bytes.ts'
import { Writer } from '../bytes/writer.ts'
import { KithError } from '../errors.ts'
import type { Bytes } from '../machine.ts'
import { verify } from './keys.ts'

/** The keys of an address: at home in memory, for an epoch at most, so they sign at once. */
export interface AddressKeys {
  /** Ed25519 public key, 32 bytes. */
  readonly address: Bytes
  /** Ed25519 (RFC 8032), 64 bytes. */
  sign(message: Uint8Array): Bytes
}

/** The address whose key has this seed (32 bytes, copied). */
export function addressKeys(seed: Uint8Array): AddressKeys {
  const address = addressOf(seed)
  const secret = new Uint8Array(seed)
  return { address, sign: (message) => ed25519.sign(message, secret) as Bytes }
}

/** The address alone, 32 bytes, of the key with this seed (32 bytes): for sending to it. */
export function addressOf(seed: Uint8Array): Bytes {
  if (seed.length !== 32) throw new KithError('invalid-argument', `An address seed has 32 bytes, not ${seed.length}.`)
  return ed25519.getPublicKey(seed) as Bytes
}

/**
 * Form 0 of a bind proof, 64 bytes: the address itself signs. `nonce` is the relay's challenge (32 bytes), so that a proof
 * serves once; `origin` the relay that was dialled, so that it serves nowhere else.
 */
export function signBind(keys: AddressKeys, origin: string, nonce: Uint8Array): Bytes {
  return keys.sign(bindMessage(keys.address, origin, nonce))
}

/** Whether `signature` proves to the relay at `origin`, which sent `nonce`, that its sender holds the key of `address`. */
export function verifyBind(address: Uint8Array, origin: string, nonce: Uint8Array, signature: Uint8Array): boolean {
  return verify(signature, bindMessage(address, origin, nonce), address)
}

/** What a bind proof of form 0 signs. */
export function bindMessage(address: Uint8Array, origin: string, nonce: Uint8Array): Bytes {
  return new Writer(256).bytes(utf8('kith/1/bind\0')).prefixed(utf8(origin)).bytes(nonce).bytes(address).finish()
}
