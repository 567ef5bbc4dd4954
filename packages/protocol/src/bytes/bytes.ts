import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { violation } from '../errors.ts'
import type { Bytes } from '../machine.ts'

export const concat = (...parts: Uint8Array[]): Bytes => concatBytes(...parts) as Bytes
export const utf8 = (text: string): Bytes => utf8ToBytes(text) as Bytes
/** Throws 'peer-violation' for bytes that are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    // ECMA-262 §19.2.6.4: no overlong form, no surrogate, nothing cut off. It is wherever JavaScript is, unlike TextDecoder.
    return decodeURIComponent(bytesToHex(bytes).replace(/../g, '%$&'))
  } catch (cause) {
    throw violation('not UTF-8', cause)
  }
}
export const hex = (bytes: Uint8Array): string => bytesToHex(bytes)
export const fromHex = (text: string): Bytes => hexToBytes(text) as Bytes

/** Whether both hold the same bytes; the time it takes says nothing about where they differ. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** Negative, zero or positive, as `a` sorts before, with or after `b`. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
