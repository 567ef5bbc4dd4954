import {
  type Bytes,
  concat,
  type IdentityKeys,
  KithError,
  NAME_MAX_LENGTH,
  type PeerId,
  pack,
  parsePeerId,
  publicKeyOf,
  unpackFields,
  utf8,
  verify as verifyEd25519,
  Writer,
} from '@kith/protocol'
import type { Identity, Stop } from '../api.ts'
import { report } from '../runtime/events.ts'
import { put, type Store } from '../storage/store.ts'
import { cutName } from './name.ts'

const NAME_KEY = 'me/name'

/** Me: my name and my signature. The keys stay where the vault put them. */
export class LocalIdentity implements Identity {
  readonly #keys: IdentityKeys
  readonly #store: Store
  readonly #stop: Stop
  #name = ''

  static async open(store: Store, keys: IdentityKeys): Promise<LocalIdentity> {
    const identity = new LocalIdentity(store, keys)
    await identity.#read()
    return identity
  }

  private constructor(store: Store, keys: IdentityKeys) {
    this.#store = store
    this.#keys = keys
    this.#stop = store.onChange((key) => {
      if (key === NAME_KEY) this.#read().catch(report)
    })
  }

  /** What I call myself, told with invitations and introductions, never to a relay. '' at first. */
  get name(): string {
    return this.#name
  }

  /** Kept; my other tabs see it. One line of at most NAME_MAX_LENGTH UTF-16 units: what is longer is cut. */
  async setName(name: string): Promise<void> {
    const cut = cutName(name)
    await this.#store.update(NAME_KEY, () => put(pack([1, cut])))
    this.#name = cut
  }

  /**
   * Ed25519, 64 bytes, over the message and a `context` that says what it is for, so that a signature made for one purpose means
   * nothing for another. Errors: 'invalid-argument'.
   */
  async sign(message: Uint8Array, context: string): Promise<Bytes> {
    return this.#keys.sign(signedBytes(message, context))
  }

  close(): void {
    this.#stop()
  }

  async #read(): Promise<void> {
    const record = await this.#store.get(NAME_KEY)
    if (record === undefined) return
    try {
      const fields = unpackFields(record)
      fields.integer() // version: later ones add fields
      this.#name = cutName(fields.text(NAME_MAX_LENGTH))
    } catch (cause) {
      // A name that cannot be read is typed again in a moment; a start that fails over it is worse.
      report(new KithError('storage', 'The name kept in this browser cannot be read.', { cause }))
    }
  }
}

/**
 * Whether `signer` made `signature` over `message` for `context`, by `peer.identity.sign`. False for bytes of any other kind.
 * Rejects with 'invalid-peer-id' or 'invalid-argument' for arguments that are not what they should be.
 */
export async function verify(signer: PeerId, message: Uint8Array, context: string, signature: Uint8Array): Promise<boolean> {
  const publicKey = publicKeyOf(parsePeerId(signer))
  if (!(signature instanceof Uint8Array)) throw new KithError('invalid-argument', 'A signature must be a Uint8Array.')
  return verifyEd25519(signature, signedBytes(message, context), publicKey)
}

/** The label keeps what an app has signed apart from every proof of the protocol itself. */
function signedBytes(message: Uint8Array, context: string): Bytes {
  if (!(message instanceof Uint8Array))
    throw new KithError('invalid-argument', 'What is signed must be a Uint8Array: encode a text with TextEncoder.')
  // A lone surrogate has no UTF-8: it would become U+FFFD, and two contexts one.
  if (typeof context !== 'string' || /\p{Surrogate}/u.test(context)) {
    throw new KithError('invalid-argument', 'The context of a signature must be a text without lone surrogates.')
  }
  const contextBytes = utf8(context)
  if (contextBytes.length > 0xffff)
    throw new KithError('invalid-argument', 'The context of a signature may have 65,535 bytes at most.')
  return concat(utf8('kith/1/sign\0'), new Writer(contextBytes.length + 2).prefixed(contextBytes).finish(), message)
}
