/**
 * An identity whose private keys live in WebCrypto and cannot be read out: a script that gets into the page can use them while
 * it runs, not carry them away. Same bytes as `identityFromSeed` of @kith/protocol, which is the fallback; to choose between the
 * two is the caller's.
 */
import {
  type Bytes,
  concat,
  fromHex,
  type IdentityKeys,
  type KeyAgreement,
  KithError,
  type PeerId,
  publicKeyOf,
  violation,
  x25519PublicKey,
  x25519SecretKey,
} from '@kith/protocol'
import { subtleCrypto } from '../platform/browser.ts'

/** Both non-extractable; IndexedDB keeps them as they are. */
export interface IdentityCryptoKeys {
  /** Ed25519, private, for 'sign'. */
  readonly signing: CryptoKey
  /** X25519, private, for 'deriveBits'. */
  readonly agreement: CryptoKey
}

/** A dial is under way: its work goes first. */
const REFILL_MS = 500

/** RFC 8410 §7: PKCS #8 of a 32-byte private key is this, then the key. */
const PKCS8_ED25519 = fromHex('302e020100300506032b657004220420')
const PKCS8_X25519 = fromHex('302e020100300506032b656e04220420')

/**
 * Whether this environment has Ed25519 and X25519, by using both: there are versions of browsers that know a name and fail at
 * the work, or that answer otherwise than the reference. `subtle` is undefined where the page is not a secure context.
 */
export async function webCryptoSupportsCurves(subtle: SubtleCrypto | undefined = subtleCrypto()): Promise<boolean> {
  if (subtle === undefined) return false
  try {
    const { signing, agreement } = await importIdentityKeys(PROBE.seed, subtle)
    const publicKey = await subtle.importKey('raw', PROBE.publicKey, 'Ed25519', false, ['verify'])
    const signature = await subtle.sign('Ed25519', signing, PROBE.seed)
    if (!(await subtle.verify('Ed25519', publicKey, signature, PROBE.seed))) return false
    const shared = await agree(subtle, agreement, x25519PublicKey(PROBE.publicKey))
    return shared.length === 32
  } catch {
    // NotSupportedError, or whatever else an engine without the curves comes up with: each means no.
    return false
  }
}

/** RFC 8032 §7.1, TEST 1. */
const PROBE = {
  seed: fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
  publicKey: fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
}

/**
 * The private keys of an Ed25519 seed (32 bytes; `identitySeed(root)`), non-extractable. The seed stays the caller's, to erase.
 * Rejects 'unsupported-environment' where WebCrypto lacks the curves.
 */
export async function importIdentityKeys(
  ed25519Seed: Uint8Array,
  subtle: SubtleCrypto = crypto.subtle,
): Promise<IdentityCryptoKeys> {
  const scalar = x25519SecretKey(ed25519Seed)
  const pkcs8 = { signing: concat(PKCS8_ED25519, ed25519Seed), agreement: concat(PKCS8_X25519, scalar) }
  try {
    const [signing, agreement] = await Promise.all([
      subtle.importKey('pkcs8', pkcs8.signing, 'Ed25519', false, ['sign']),
      subtle.importKey('pkcs8', pkcs8.agreement, 'X25519', false, ['deriveBits']),
    ])
    return { signing, agreement }
  } catch (cause) {
    throw new KithError(
      'unsupported-environment',
      'The WebCrypto of this browser has no Ed25519 or no X25519: use a current Chrome, Edge, Firefox or Safari.',
      { cause },
    )
  } finally {
    for (const copy of [scalar, pkcs8.signing, pkcs8.agreement]) copy.fill(0)
  }
}

/** What the protocol asks of an identity, done by these keys, which must be those of `id`. */
export function identityFromCryptoKeys(
  { id, signing, agreement }: IdentityCryptoKeys & { readonly id: PeerId },
  subtle: SubtleCrypto = crypto.subtle,
): IdentityKeys {
  const publicKey = publicKeyOf(id)
  // Ready before it is asked for, since a dial waits for it; and the next is made when that has what it waited for.
  let spare: Promise<KeyAgreement> | undefined = newEphemeral(subtle)
  const refill = () => {
    spare ??= newEphemeral(subtle)
  }
  return {
    id,
    publicKey,
    newEphemeral: () => {
      const taken = spare ?? newEphemeral(subtle)
      spare = undefined
      setTimeout(refill, REFILL_MS)
      return taken
    },
    sign: async (message) => new Uint8Array(await subtle.sign('Ed25519', signing, new Uint8Array(message))),
    keyAgreement: {
      publicKey: x25519PublicKey(publicKey),
      agree: (remotePublicKey) => agree(subtle, agreement, remotePublicKey),
    },
  }
}

function newEphemeral(subtle: SubtleCrypto): Promise<KeyAgreement> {
  const made = (async () => {
    const pair = (await subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair
    return {
      publicKey: new Uint8Array(await subtle.exportKey('raw', pair.publicKey)),
      agree: (remotePublicKey: Uint8Array) => agree(subtle, pair.privateKey, remotePublicKey),
    }
  })()
  // The dial that takes it gets the error; until then it is no unhandled rejection.
  made.catch(() => undefined)
  return made
}

/** Rejects 'peer-violation' for a key that is none, or that leads to an all-zero secret (RFC 7748 §6.1). */
async function agree(subtle: SubtleCrypto, secret: CryptoKey, remotePublicKey: Uint8Array): Promise<Bytes> {
  let shared: Bytes
  try {
    const remote = await subtle.importKey('raw', new Uint8Array(remotePublicKey), 'X25519', false, [])
    shared = new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: remote }, secret, 256))
  } catch (cause) {
    throw violation('no shared secret with this X25519 key', cause)
  }
  // Web Cryptography Level 2 lets deriveBits fail for these by itself; an older engine might not.
  if (shared.every((byte) => byte === 0)) throw violation('an all-zero shared secret')
  return shared
}
