/**
 * The keys of a person: Ed25519 to sign, and the same secret as X25519 to agree on keys. One secret for both is a stated
 * assumption (SECURITY.md); every use carries its own label. This is the fallback where WebCrypto lacks the curves, and the
 * reference that tests hold WebCrypto equal to.
 */
import { ED25519_TORSION_SUBGROUP, ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { equal, fromHex, utf8 } from '../bytes/bytes.ts'
import { KithError, violation } from '../errors.ts'
import type { Bytes } from '../machine.ts'
import { type PeerId, peerIdOf } from './peer-id.ts'

/** The private half of an X25519 pair, wherever it lives. */
export interface KeyAgreement {
  /** X25519, 32 bytes. */
  readonly publicKey: Bytes
  /** The shared secret with an X25519 public key, 32 bytes. Rejects 'peer-violation' when it would be all zero (RFC 7748 §6.1). */
  agree(remotePublicKey: Uint8Array): Promise<Bytes>
}

export interface IdentityKeys {
  readonly id: PeerId
  /** Ed25519, 32 bytes. */
  readonly publicKey: Bytes
  /** Ed25519 (RFC 8032), 64 bytes. */
  sign(message: Uint8Array): Promise<Bytes>
  readonly keyAgreement: KeyAgreement
  /** A fresh X25519 pair for one handshake, where something better is at hand than drawing it in the page. */
  readonly newEphemeral?: () => Promise<KeyAgreement>
}

/** The Ed25519 seed (32 bytes) of an identity's root (32 random bytes). */
export function identitySeed(root: Uint8Array): Bytes {
  return hkdf(sha256, secret32(root, 'root'), undefined, utf8('kith/1/id-ed25519'), 32) as Bytes
}

/** The keys of an Ed25519 seed (32 bytes, copied). */
export function identityFromSeed(ed25519Seed: Uint8Array): IdentityKeys {
  const seed = secret32(ed25519Seed, 'seed')
  const publicKey = ed25519.getPublicKey(seed) as Bytes
  return {
    id: peerIdOf(publicKey),
    publicKey,
    sign: async (message) => ed25519.sign(message, seed) as Bytes,
    keyAgreement: keyAgreementOf(x25519SecretKey(seed)),
  }
}

/** The X25519 secret of an Ed25519 seed: clamp(SHA-512(seed)[:32]), the scalar that RFC 8032 §5.1.5 signs with. */
export function x25519SecretKey(ed25519Seed: Uint8Array): Bytes {
  return ed25519.utils.toMontgomerySecret(secret32(ed25519Seed, 'seed')) as Bytes
}

/** The X25519 form of an Ed25519 public key: u = (1 + y) / (1 − y) (RFC 7748 §4.1). Throws 'invalid-argument' off the curve. */
export function x25519PublicKey(ed25519PublicKey: Uint8Array): Bytes {
  try {
    return ed25519.utils.toMontgomery(ed25519PublicKey) as Bytes
  } catch (cause) {
    throw new KithError('invalid-argument', 'This is not an Ed25519 public key.', { cause })
  }
}

/**
 * Whether `signature` (64 bytes) over `message` is by `publicKey` (Ed25519, 32 bytes). False, never a throw, for bytes of any
 * other length or meaning.
 *
 * What noble 2.4 does with `zip215: false`: refuses A and R that are not canonical (RFC 8032 §5.1.3), S ≥ L, and A of small
 * order; then checks the cofactored equation of §5.1.7. It takes R of small order, which only a signer of S = k·a can make:
 * refused here, as in libsodium.
 */
export function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false
  const r = signature.subarray(0, 32)
  if (SMALL_ORDER.some((encoding) => equal(encoding, r))) return false
  return ed25519.verify(signature, message, publicKey, { zip215: false })
}

/** The eight points of small order in their canonical encodings; the others do not pass the decoder. */
const SMALL_ORDER = ED25519_TORSION_SUBGROUP.map(fromHex)

/** The X25519 pair of this secret (32 bytes, not copied), in the page. */
export function keyAgreementOf(secretKey: Bytes): KeyAgreement {
  return {
    publicKey: x25519.getPublicKey(secretKey) as Bytes,
    agree: async (remotePublicKey) => {
      try {
        return x25519.getSharedSecret(secretKey, remotePublicKey) as Bytes
      } catch (cause) {
        throw violation('no shared secret with this X25519 key', cause)
      }
    },
  }
}

function secret32(bytes: Uint8Array, name: string): Bytes {
  if (bytes.length !== 32) throw new KithError('invalid-argument', `The ${name} must have 32 bytes, not ${bytes.length}.`)
  return new Uint8Array(bytes)
}
