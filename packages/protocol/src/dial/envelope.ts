/**
 * Every envelope is 1,024 bytes, whatever it holds: its plaintext is padded to fill what the handshake message or the transport
 * message leaves free.
 *
 *     u16 length ‖ body ‖ zeros
 */
import { violation } from '../errors.ts'
import { ENVELOPE_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'

const TAG_BYTES = 16
const KEY_BYTES = 32
/** The u64 nonce that a transport message carries in clear. */
export const NONCE_BYTES = 8

/** Bytes of plaintext that make a sealed message exactly one envelope. */
export const PLAINTEXT_BYTES = {
  /** e, encrypted s, payload, tag (IK). */
  knockWithStatic: ENVELOPE_BYTES - KEY_BYTES - (KEY_BYTES + TAG_BYTES) - TAG_BYTES, // 928
  /** e, payload, tag. */
  handshake: ENVELOPE_BYTES - KEY_BYTES - TAG_BYTES, // 976
  /** nonce, payload, tag. */
  transport: ENVELOPE_BYTES - NONCE_BYTES - TAG_BYTES, // 1000
} as const

/** Throws RangeError when `body` does not fit: the caller splits or shortens before. */
export function pad(body: Uint8Array, plaintextBytes: number): Bytes {
  if (body.length > plaintextBytes - 2) throw new RangeError(`${body.length} bytes do not fit an envelope`)
  const plaintext = new Uint8Array(plaintextBytes)
  plaintext[0] = body.length >>> 8
  plaintext[1] = body.length & 0xff
  plaintext.set(body, 2)
  return plaintext
}

/** The body (a view). Throws 'peer-violation' for a length that lies and for padding that hides something. */
export function unpad(plaintext: Uint8Array): Uint8Array {
  const length = ((plaintext[0] ?? 0) << 8) | (plaintext[1] ?? 0)
  if (plaintext.length < 2 || length > plaintext.length - 2) throw violation('padding: the length lies')
  for (let i = 2 + length; i < plaintext.length; i++) if (plaintext[i] !== 0) throw violation('padding must be zero')
  return plaintext.subarray(2, 2 + length)
}
