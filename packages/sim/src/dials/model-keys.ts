/**
 * Private keys of the simulation. Identities and their signatures are real, since the machine verifies those itself. An X25519
 * agreement is a model: a hash of both public keys, the same from both sides. The dial asks for each agreement by an output, so it runs
 * as it would with real ones, a hundred times as fast.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import {
  type Bytes,
  compare,
  concat,
  type IdentityKeys,
  identityFromSeed,
  type KeyNumber,
  publicKeyOf,
  utf8,
  x25519PublicKey,
} from '@kith/protocol'

/** RFC 8410 §7: PKCS #8 of a 32-byte Ed25519 private key is this, then the key. */
const PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20])

export function hash(...parts: readonly Uint8Array[]): Bytes {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return new Uint8Array(digest.digest())
}

export function agreement(one: Uint8Array, other: Uint8Array): Bytes {
  const [low, high] = [one, other].sort(compare) as [Uint8Array, Uint8Array]
  return hash(utf8('agreement'), low, high)
}

/** A person: the same name is the same identity in every run. */
export class ModelIdentity {
  readonly id: IdentityKeys['id']
  readonly staticKey: Bytes
  readonly #signing: KeyObject

  constructor(name: string) {
    const seed = hash(utf8(name))
    this.id = identityFromSeed(seed).id
    this.staticKey = x25519PublicKey(publicKeyOf(this.id))
    this.#signing = createPrivateKey({ key: Buffer.from(concat(PKCS8, seed)), format: 'der', type: 'pkcs8' })
  }

  sign(message: Uint8Array): Bytes {
    return new Uint8Array(sign(null, message, this.#signing))
  }

  sharedWith(other: IdentityKeys['id']): Bytes {
    return agreement(this.staticKey, x25519PublicKey(publicKeyOf(other)))
  }
}

/** The ephemeral pairs of one peer: public halves suffice for the model. */
export class DrawnKeys {
  readonly #drawn = new Map<KeyNumber, Bytes>()

  draw(key: KeyNumber, publicKey: Bytes): Bytes {
    this.#drawn.set(key, publicKey)
    return publicKey
  }

  get(key: KeyNumber): Bytes {
    const publicKey = this.#drawn.get(key)
    if (publicKey === undefined) throw new Error(`key ${key} was not drawn`)
    return publicKey
  }
}
