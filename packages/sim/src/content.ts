/** What streams carry in a simulation: bytes that tell where they belong, so that a lost, repeated or moved one is seen. */
import { SeededRandom } from './random.ts'

/** A prime length: no frame size divides it, so a frame in the wrong place never looks right. */
const PATTERN = new SeededRandom(0x6b697468).bytes(262_139)

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
