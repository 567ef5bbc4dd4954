/** HKDF-SHA256 with 32 bytes out: how every way derives its addresses and keys. */
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Bytes } from '../machine.ts'

export function hkdf32(secret: Uint8Array, salt: Uint8Array | undefined, info: Uint8Array): Bytes {
  return hkdf(sha256, secret, salt, info, 32) as Bytes
}
