/** §5.2 SymmetricState with the §5.1 CipherState inside. Its fields are replaced, never written into: a copy is shallow and cheap. */
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../bytes/bytes.ts'
import type { Bytes } from '../machine.ts'
import { Cipher, decrypt, encrypt } from './cipher.ts'

/** §4.3: SHA-256. */
const HASH_BYTES = 32

const EMPTY: Bytes = new Uint8Array(0)

export class SymmetricState {
  #chainingKey: Bytes
  #hash: Bytes
  #key: Bytes | undefined
  #nonce = 0

  /** §5.2 InitializeSymmetric: a name of at most 32 bytes is padded with zeros, a longer one hashed. */
  constructor(protocolName: string) {
    const name = utf8(protocolName)
    this.#hash = name.length <= HASH_BYTES ? concat(name, new Uint8Array(HASH_BYTES - name.length)) : (sha256(name) as Bytes)
    this.#chainingKey = this.#hash
  }

  copy(): SymmetricState {
    const copy = new SymmetricState('')
    copy.#chainingKey = this.#chainingKey
    copy.#hash = this.#hash
    copy.#key = this.#key
    copy.#nonce = this.#nonce
    return copy
  }

  /** The handshake hash (§11.2), 32 bytes: a copy. */
  get hash(): Bytes {
    return this.#hash.slice()
  }

  mixHash(data: Uint8Array): void {
    this.#hash = sha256(concat(this.#hash, data)) as Bytes
  }

  mixKey(inputKeyMaterial: Uint8Array): void {
    const [chainingKey, key] = this.#hkdf(inputKeyMaterial)
    this.#chainingKey = chainingKey
    this.#initializeKey(key)
  }

  /** §5.2 MixKeyAndHash, for psk tokens. */
  mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [chainingKey, hash, key] = this.#hkdf(inputKeyMaterial)
    this.#chainingKey = chainingKey
    this.mixHash(hash)
    this.#initializeKey(key)
  }

  /** §5.2 EncryptAndHash: in clear until there is a key. */
  encryptAndHash(plaintext: Uint8Array): Bytes {
    const ciphertext = this.#key ? encrypt(this.#key, this.#nonce++, this.#hash, plaintext) : new Uint8Array(plaintext)
    this.mixHash(ciphertext)
    return ciphertext
  }

  /** §5.2 DecryptAndHash. Throws 'peer-violation' when it fails to authenticate: this state is then spent. */
  decryptAndHash(ciphertext: Uint8Array): Bytes {
    const plaintext = this.#key ? decrypt(this.#key, this.#nonce++, this.#hash, ciphertext) : new Uint8Array(ciphertext)
    this.mixHash(ciphertext)
    return plaintext
  }

  /**
   * §5.2 Split: the first cipher is the initiator's to send with. `bindKey` is the third output of the same HKDF, which Noise
   * leaves unused: secret, and independent of both ciphers.
   */
  split(): { initiator: Cipher; responder: Cipher; bindKey: Bytes } {
    const [initiator, responder, bindKey] = this.#hkdf(EMPTY)
    return { initiator: new Cipher(initiator), responder: new Cipher(responder), bindKey }
  }

  #initializeKey(key: Bytes): void {
    this.#key = key
    this.#nonce = 0
  }

  /** §4.3 HKDF(ck, ikm, 3): RFC 5869 with ck as salt and no info; its two-output form is the beginning of this one. */
  #hkdf(inputKeyMaterial: Uint8Array): [Bytes, Bytes, Bytes] {
    const output = hkdf(sha256, inputKeyMaterial, this.#chainingKey, EMPTY, 3 * HASH_BYTES)
    return [output.slice(0, 32) as Bytes, output.slice(32, 64) as Bytes, output.slice(64) as Bytes]
  }
}
