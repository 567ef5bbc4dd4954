/**
 * A PeerId is an Ed25519 public key in libp2p's form: base58btc of an identity multihash (00 24) over a protobuf PublicKey
 * (08 01: Ed25519, 12 20: 32 bytes). One person, one spelling: every other encoding of a key is refused.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { base58 } from '@scure/base'
import { concat, equal, fromHex } from '../bytes/bytes.ts'
import { KithError } from '../errors.ts'
import type { Bytes } from '../machine.ts'

/** A person's public key (Ed25519) as text: 52 characters, '12D3KooW…'. */
export type PeerId = `12D3KooW${string}`

const PREFIX = fromHex('002408011220')
const KEY_BYTES = 32

/** What every PeerId has: the base58 of 38 bytes that begin with PREFIX. Checked first: base58 takes quadratic time. */
const TEXT_LENGTH = 52

/** `text` as a PeerId; white space around it is taken off. Throws 'invalid-peer-id' with the reason. */
export function parsePeerId(text: string): PeerId {
  const trimmed = typeof text === 'string' ? text.trim() : text
  const refusal = refusalOf(trimmed)
  if (refusal !== undefined) throw new KithError('invalid-peer-id', refusal)
  return trimmed as PeerId
}

/** Whether `text` is a PeerId exactly as it stands: no white space is taken off. */
export function isPeerId(text: string): text is PeerId {
  return refusalOf(text) === undefined
}

/** The PeerId of an Ed25519 public key (32 bytes). Throws 'invalid-peer-id' for a key that no honest person has. */
export function peerIdOf(publicKey: Uint8Array): PeerId {
  const refusal = keyRefusalOf(publicKey)
  if (refusal !== undefined) throw new KithError('invalid-peer-id', refusal)
  return base58.encode(concat(PREFIX, publicKey)) as PeerId
}

/** The Ed25519 public key, 32 bytes. The curve is not asked again: a PeerId was checked when it came in. */
export function publicKeyOf(id: PeerId): Bytes {
  const decoded = decode(id)
  if (typeof decoded === 'string') throw new KithError('invalid-peer-id', decoded)
  return decoded
}

/** Why `text` is no PeerId, as a sentence; undefined when it is one. */
function refusalOf(text: string): string | undefined {
  const decoded = decode(text)
  return typeof decoded === 'string' ? decoded : keyRefusalOf(decoded)
}

/** The public key in `text`, or why there is none. */
function decode(text: string): Bytes | string {
  if (typeof text !== 'string')
    return 'A PeerId is a text of 52 characters that begins with 12D3KooW: pass one, or an object whose `id` is one.'
  if (text.length !== TEXT_LENGTH) return `A PeerId has ${TEXT_LENGTH} characters, not ${text.length}: copy it whole.`
  let bytes: Uint8Array
  try {
    bytes = base58.decode(text)
  } catch {
    // The library's reason names characters by position; that it is not base58 is all that there is to know.
    return 'A PeerId is base58, without 0, O, I and l: copy it again.'
  }
  if (bytes.length !== PREFIX.length + KEY_BYTES || !equal(bytes.subarray(0, PREFIX.length), PREFIX)) {
    return 'This is no PeerId: one begins with 12D3KooW and holds an Ed25519 key.'
  }
  return bytes.slice(PREFIX.length) as Bytes
}

/**
 * Why `key` is no public key to talk to. A key with a torsion component has seven siblings that the cofactored equation of
 * signatures and clamped X25519 cannot tell from it: one person would have eight PeerIds. A small-order key lets anyone sign.
 */
function keyRefusalOf(key: Uint8Array): string | undefined {
  if (key.length !== KEY_BYTES) return `An Ed25519 public key has ${KEY_BYTES} bytes, not ${key.length}.`
  let point: ReturnType<typeof ed25519.Point.fromBytes>
  try {
    // RFC 8032 §5.1.3: y < p, on the curve, and no sign bit where x = 0.
    point = ed25519.Point.fromBytes(key, false)
  } catch {
    // Which of the three rules it breaks does not help the person who typed it.
    return 'This PeerId is damaged: its key is not a canonical point of the curve.'
  }
  if (point.isSmallOrder()) return 'This PeerId cannot belong to a person: its key is of small order.'
  if (!point.isTorsionFree()) return 'This PeerId cannot belong to a person: its key is not in the prime-order group.'
  return undefined
}
