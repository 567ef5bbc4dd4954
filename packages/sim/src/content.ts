/** What travels in a simulation: bytes that tell where they belong, so that a lost, repeated or moved one is seen. */
import type { Bytes } from '@kith/protocol'
import { seededRandom } from '../../test-kit/src/random.ts'

/** A prime length: no frame size divides it, so a frame in the wrong place never looks right. */
const PATTERN = seededRandom(0x6b697468)(262_139)

/** `length` bytes of the stream `key` in one direction, from `offset` on (a view, or a copy where it wraps around). */
export function content(key: number, direction: 0 | 1, offset: number, length: number): Uint8Array {
  const start = (offset + key * 7919 + direction * 104_729) % PATTERN.length
  if (start + length <= PATTERN.length) return PATTERN.subarray(start, start + length)
  const bytes = new Uint8Array(length)
  for (let at = 0, from = start; at < length; from = 0) {
    const piece = PATTERN.subarray(from, Math.min(PATTERN.length, from + length - at))
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

export function isContent(chunk: Uint8Array, key: number, direction: 0 | 1, offset: number): boolean {
  return Buffer.compare(chunk, content(key, direction, offset, chunk.length)) === 0
}

export const DATAGRAM_HEADER_BYTES = 12

/** A datagram says which one it is and when it was sent; behind that, bytes of its flow. */
export function datagram(key: number, direction: 0 | 1, sequence: number, sentAt: number, length: number): Bytes {
  const bytes = new Uint8Array(Math.max(length, DATAGRAM_HEADER_BYTES))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, sequence)
  view.setFloat64(4, sentAt)
  bytes.set(content(key, direction, sequence * 31, bytes.length - DATAGRAM_HEADER_BYTES), DATAGRAM_HEADER_BYTES)
  return bytes
}

/** Which one it is; undefined for anything but a datagram of this flow, whole. */
export function readDatagram(
  bytes: Uint8Array,
  key: number,
  direction: 0 | 1,
): { readonly sequence: number; readonly sentAt: number } | undefined {
  if (bytes.length < DATAGRAM_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const sequence = view.getUint32(0)
  if (!isContent(bytes.subarray(DATAGRAM_HEADER_BYTES), key, direction, sequence * 31)) return undefined
  return { sequence, sentAt: view.getFloat64(4) }
}
