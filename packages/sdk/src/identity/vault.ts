/**
 * Where the identity's secret is kept (protocol.md §2). At the first start a root of 32 random bytes is drawn; Ed25519 seed and
 * keys follow from it.
 *
 * In IndexedDB: the root, sealed under an AES-GCM key, and, where WebCrypto has both curves, the two private keys; all three
 * are CryptoKeys that cannot be exported. One record holds them, so a start that is cut short leaves all or nothing. A script
 * that gets into the page can use the sealing key while it runs, hence unseal the root: what ends that is to protect the root
 * by passphrase or passkey, or to erase it. Sealing keeps it from a script that may read
 * the database and not use its keys; who copies the whole browser profile copies the sealing key too.
 *
 * In a user's KeyValueStore, which takes bytes only: the root as it is. Who reads that store is the person.
 */
import {
  type Bytes,
  concat,
  equal,
  type IdentityKeys,
  identityFromSeed,
  identitySeed,
  isPeerId,
  KithError,
  type PeerId,
  pack,
  publicKeyOf,
  unpackFields,
  utf8,
  verify,
} from '@kith/protocol'
import { within } from '../platform/environment.ts'
import { isCloneError, KEEP, type ObjectSlots, put, type Store } from '../storage/store.ts'
import { type IdentityCryptoKeys, identityFromCryptoKeys, importIdentityKeys, webCryptoSupportsCurves } from './webcrypto-keys.ts'

const OBJECT_KEY = 'identity'
const RECORD_KEY = 'identity/root'

const ROOT_BYTES = 32
/** NIST SP 800-38D §8.2: 96 bits. Each sealing key seals once, so a random one cannot repeat under it. */
const IV_BYTES = 12

/** What lies in IndexedDB. Later versions add fields. */
interface VaultRecord {
  readonly version: 1
  readonly id: PeerId
  /** Absent once erased. */
  readonly root?: SealedRoot
  /** Absent where WebCrypto lacks the curves, or cannot store keys of them. */
  readonly keys?: IdentityCryptoKeys
}

interface SealedRoot {
  readonly key: CryptoKey
  readonly iv: Bytes
  readonly ciphertext: Bytes
}

export interface OpenedIdentity {
  readonly keys: IdentityKeys
  /** 'webcrypto': the private keys cannot be exported; 'page': they lie in this page's memory. */
  readonly held: 'webcrypto' | 'page'
}

/** A store takes 10 s at most until it is given up, and what a slow phone computes here less than one. */
const OPEN_TIMEOUT_MS = 30_000

/** The identity of this profile, made at the first start. Rejects with 'storage' where it is there and cannot be read: never is
 *  another made in its place; with 'unsupported-environment' where WebCrypto fails, or never answers. */
export async function openIdentity(store: Store): Promise<OpenedIdentity> {
  const opening = store.objects ? openSealed(store.objects) : openPlain(store)
  try {
    return await within(OPEN_TIMEOUT_MS, opening, () => new Error('no answer'))
  } catch (cause) {
    if (cause instanceof KithError) throw cause
    const words = 'The WebCrypto of this browser does not work on this page: reload, or use a current browser.'
    throw new KithError('unsupported-environment', words, { cause })
  }
}

async function openPlain(store: Store): Promise<OpenedIdentity> {
  const fresh = crypto.getRandomValues(new Uint8Array(ROOT_BYTES))
  const record = await store.update(RECORD_KEY, (current) => (current ? KEEP : put(pack([1, fresh]))))
  try {
    const fields = unpackFields(record ?? new Uint8Array())
    fields.integer() // version: later ones add fields
    return fromRoot(fields.bytes(ROOT_BYTES))
  } catch (cause) {
    throw damaged(cause)
  }
}

async function openSealed(objects: ObjectSlots): Promise<OpenedIdentity> {
  const kept = await objects.get(OBJECT_KEY)
  return adopt(objects, parseRecord(kept === undefined ? await create(objects) : kept))
}

/**
 * Everything is made before the transaction opens, because a transaction does not outlive an await on WebCrypto. Of two tabs that
 * get here at once, the one whose transaction comes second finds a record and takes that.
 */
async function create(objects: ObjectSlots): Promise<unknown> {
  const root = crypto.getRandomValues(new Uint8Array(ROOT_BYTES))
  const seed = identitySeed(root)
  const { id } = identityFromSeed(seed)
  const sealed: VaultRecord = { version: 1, id, root: await seal(root, id) }
  const full: VaultRecord = (await webCryptoSupportsCurves()) ? { ...sealed, keys: await importIdentityKeys(seed) } : sealed
  root.fill(0)
  seed.fill(0)
  const keepFirst = (mine: VaultRecord) => objects.update(OBJECT_KEY, (current) => (current === undefined ? put(mine) : KEEP))
  try {
    return await keepFirst(full)
  } catch (error) {
    // Some browsers had the curves before they could store their keys: then the root alone, and keys from it at each start.
    if (isCloneError(error)) return keepFirst(sealed)
    throw error
  }
}

async function adopt(objects: ObjectSlots, record: VaultRecord): Promise<OpenedIdentity> {
  const { id } = record
  const curves = await webCryptoSupportsCurves()
  if (record.keys && curves) {
    const keys = identityFromCryptoKeys({ ...record.keys, id })
    if (await work(keys)) return { keys, held: 'webcrypto' }
  }
  if (!record.root) throw damaged(new Error('neither usable keys nor a root'))
  const root = await unseal(record.root, id)
  const seed = identitySeed(root)
  root.fill(0)
  const noble = identityFromSeed(seed)
  if (noble.id !== id) throw damaged(new Error('root and PeerId do not belong together'))
  if (!curves) return { keys: noble, held: 'page' }
  // A browser that has learned the curves since, or a record whose keys are missing or spoilt: put them where they belong.
  const keys = await importIdentityKeys(seed)
  try {
    await objects.update(OBJECT_KEY, (current) =>
      parseRecord(current).id === id ? put({ ...parseRecord(current), keys }) : KEEP,
    )
  } catch (error) {
    // Keys that cannot be stored serve for this page all the same.
    if (!isCloneError(error)) throw error
  }
  return { keys: identityFromCryptoKeys({ ...keys, id }), held: 'webcrypto' }
}

/** RFC 7748 §4.1: the u-coordinate that every public key is a multiple of. */
const X25519_BASE_POINT = new Uint8Array(32).fill(9, 0, 1)

/** Whether keys that came out of a store do what they are for, and belong to their PeerId. */
async function work(keys: IdentityKeys): Promise<boolean> {
  const probe = utf8('kith/1/probe\0')
  try {
    const [signature, agreed] = await Promise.all([keys.sign(probe), keys.keyAgreement.agree(X25519_BASE_POINT)])
    return verify(signature, probe, keys.publicKey) && equal(agreed, keys.keyAgreement.publicKey)
  } catch {
    // A spoilt key fails in as many ways as there are engines: each means that the root must make new ones.
    return false
  }
}

function fromRoot(root: Bytes): OpenedIdentity {
  return { keys: identityFromSeed(identitySeed(root)), held: 'page' }
}

async function seal(root: Bytes, id: PeerId): Promise<SealedRoot> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const ciphertext = await crypto.subtle.encrypt(sealing(iv, id), key, root)
  return { key, iv, ciphertext: new Uint8Array(ciphertext) }
}

async function unseal({ key, iv, ciphertext }: SealedRoot, id: PeerId): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(sealing(iv, id), key, ciphertext))
  } catch (cause) {
    throw damaged(cause)
  }
}

function sealing(iv: Bytes, id: PeerId): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: concat(utf8('kith/1/root\0'), publicKeyOf(id)) }
}

/** Throws 'storage' for what no version of ours wrote. */
function parseRecord(value: unknown): VaultRecord {
  const record = value as Partial<VaultRecord> | null | undefined
  const sound =
    typeof record === 'object' &&
    record !== null &&
    typeof record.id === 'string' &&
    isPeerId(record.id) &&
    (record.root === undefined || isSealedRoot(record.root)) &&
    (record.keys === undefined || (record.keys.signing instanceof CryptoKey && record.keys.agreement instanceof CryptoKey))
  if (!sound) throw damaged(new Error('not a vault record'))
  return record as VaultRecord
}

function isSealedRoot({ key, iv, ciphertext }: Partial<SealedRoot>): boolean {
  return key instanceof CryptoKey && iv instanceof Uint8Array && ciphertext instanceof Uint8Array
}

function damaged(cause: unknown): KithError {
  return new KithError(
    'storage',
    'The identity kept in this browser cannot be read: its storage is damaged. Another profile still works.',
    { cause },
  )
}
