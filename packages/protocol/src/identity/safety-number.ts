/**
 * A number that two people compare by a way of their own (reading it aloud, side by side): equal numbers mean that each knows the
 * other by the right PeerId, so there is no man in the middle.
 */
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../bytes/bytes.ts'
import { type PeerId, publicKeyOf } from './peer-id.ts'

/** As Signal's numeric fingerprints: each try at a key with a given half costs so many hashes. */
const ITERATIONS = 5_200
const GROUPS = 6
const GROUP_BYTES = 5
const GROUP_DIGITS = 5

/** 60 decimal digits, the same for both: 30 for each PeerId, the smaller number first. */
export function safetyNumber(one: PeerId, other: PeerId): string {
  return [digitsOf(one), digitsOf(other)].sort().join('')
}

/** Six groups of five digits, each from five bytes of the hash: 2⁴⁰ is so far above 10⁵ that no digit is likelier than another. */
function digitsOf(id: PeerId): string {
  const key = publicKeyOf(id)
  let hash: Uint8Array = sha512(concat(utf8('kith/1/safety\0'), key))
  for (let i = 1; i < ITERATIONS; i++) hash = sha512(concat(hash, key))
  let digits = ''
  for (let group = 0; group < GROUPS; group++) {
    let value = 0
    for (const byte of hash.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES)) value = value * 256 + byte
    digits += String(value % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, '0')
  }
  return digits
}
