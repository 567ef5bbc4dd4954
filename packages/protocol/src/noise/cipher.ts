import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { violation } from '../errors.ts'
import type { Bytes } from '../machine.ts'

/**
 * One direction of a finished handshake. The nonce is the caller's, who sends it in clear: carriers lose and reorder. The caller
 * owns two duties: never to seal twice under one nonce, and to refuse a nonce that was opened before.
 */
export class Cipher {
  readonly #key: Bytes

  constructor(key: Bytes) {
    this.#key = key
  }

  /** `plaintext` and a tag: 16 bytes longer. `nonce`: 0 … 2⁵³ − 1, else RangeError. */
  seal(nonce: number, plaintext: Uint8Array): Bytes {
    return encrypt(this.#key, nonce, NO_DATA, plaintext)
  }

  /** Throws 'peer-violation' for what was not sealed under this key and nonce. */
  open(nonce: number, ciphertext: Uint8Array): Bytes {
    return decrypt(this.#key, nonce, NO_DATA, ciphertext)
  }
}

const NO_DATA: Bytes = new Uint8Array(0)

/** §4.2, ENCRYPT(k, n, ad, plaintext). */
export function encrypt(key: Bytes, nonce: number, associatedData: Uint8Array, plaintext: Uint8Array): Bytes {
  return chacha20poly1305(key, nonceBytes(nonce), associatedData).encrypt(plaintext) as Bytes
}

/** §4.2, DECRYPT(k, n, ad, ciphertext). Throws 'peer-violation' when it fails to authenticate. */
export function decrypt(key: Bytes, nonce: number, associatedData: Uint8Array, ciphertext: Uint8Array): Bytes {
  try {
    return chacha20poly1305(key, nonceBytes(nonce), associatedData).decrypt(ciphertext) as Bytes
  } catch (cause) {
    throw violation('not sealed under this key', cause)
  }
}

/** §12.3, ChaChaPoly: 4 zero bytes, then n as a little-endian u64. */
function nonceBytes(nonce: number): Bytes {
  if (!Number.isSafeInteger(nonce) || nonce < 0) throw new RangeError(`not a nonce: ${nonce}`)
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, nonce % 0x1_0000_0000, true)
  view.setUint32(8, Math.floor(nonce / 0x1_0000_0000), true)
  return bytes
}
