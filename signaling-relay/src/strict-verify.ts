/**
 * Ed25519 by OpenSSL, a tenth of the time that JavaScript takes, and stricter than `verify` in packages/protocol.
 *
 * OpenSSL checks the equation without the cofactor and accepts keys and R of small order, so the checks of RFC 8032 §5.1.3 and §5.1.7
 * come first. What it accepts, the cofactored equation of `verify` accepts as well. A signature that it refuses and `verify` accepts has a
 * torsion component, which no honest key or signature has. Checking those again in JavaScript would let a flood of bad signatures cost
 * milliseconds each.
 */
import { createPublicKey, verify as openSslVerify } from 'node:crypto'

/** RFC 8410 §4: SubjectPublicKeyInfo of an Ed25519 key, up to its 32 bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** The order of the base point, and p = 2^255 − 19, little-endian. */
const L = littleEndian(2n ** 252n + 27742317777372353535851937790883648493n)
const P = littleEndian(2n ** 255n - 19n)

/** y of the points of small order: 1, −1, 0 and the two of order 8 (RFC 7748 §6.1 has them as u). */
const SMALL_ORDER_Y = [
  littleEndian(1n),
  littleEndian(2n ** 255n - 20n),
  littleEndian(0n),
  Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'),
  Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'),
]

/** False, never a throw, for bytes of any length or meaning. */
export function strictVerify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  return isWellFormed(signature, publicKey) && isAccepted(signature, message, publicKey)
}

function isWellFormed(signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false
  return isStrictPoint(publicKey) && isStrictPoint(signature.subarray(0, 32)) && isBelow(signature.subarray(32), L)
}

function isAccepted(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
  return openSslVerify(null, message, key, signature)
}

/** A canonical y, of no point of small order. Whether it is on the curve shows when it is decoded. */
function isStrictPoint(encoding: Uint8Array): boolean {
  const y = new Uint8Array(encoding)
  y[31] = (y[31] ?? 0) & 0x7f
  return isBelow(y, P) && !SMALL_ORDER_Y.some((small) => small.equals(y))
}

/** Neither is a secret. */
function isBelow(bytes: Uint8Array, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const [a = 0, b = 0] = [bytes[i], bound[i]]
    if (a !== b) return a < b
  }
  return false
}

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}
