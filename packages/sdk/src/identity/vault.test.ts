import 'fake-indexeddb/auto'
import { type IdentityKeys, identityFromSeed, identitySeed, pack, unpackFields, verify } from '@kith/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { adaptKeyValueStore } from '../storage/adapter.ts'
import { openIndexedDb } from '../storage/indexeddb.ts'
import { memoryStore } from '../storage/memory.ts'
import { openStore } from '../storage/open.ts'
import { DELETE, type ObjectSlots, put, type Store } from '../storage/store.ts'
import { openIdentity } from './vault.ts'
import type * as webcrypto from './webcrypto-keys.ts'

/** Whether WebCrypto has the curves is set by each test. */
const curves = { there: true }
vi.mock('./webcrypto-keys.ts', async (original) => {
  const real = await original<typeof webcrypto>()
  return { ...real, webCryptoSupportsCurves: async () => curves.there && (await real.webCryptoSupportsCurves()) }
})
afterEach(() => {
  curves.there = true
})

let databases = 0
const fresh = () => `vault/${databases++}`
const MESSAGE = Uint8Array.of(1, 2, 3)

async function expectWhole(keys: IdentityKeys) {
  expect(verify(await keys.sign(MESSAGE), MESSAGE, keys.publicKey)).toBe(true)
  const other = identityFromSeed(new Uint8Array(32).fill(5))
  expect(await keys.keyAgreement.agree(other.keyAgreement.publicKey)).toEqual(
    await other.keyAgreement.agree(keys.keyAgreement.publicKey),
  )
}

interface Stored {
  id: string
  root?: { key: CryptoKey; iv: Uint8Array; ciphertext: Uint8Array }
  keys?: { signing: CryptoKey; agreement: CryptoKey }
}
const stored = async (store: Store) => (await store.objects?.get('identity')) as Stored
/** Writes what `change` makes of the vault's record. */
const spoil = (store: Store, change: (record: Stored) => unknown) =>
  store.objects?.update('identity', (record) => put(change(record as Stored)))

describe.each([
  ['WebCrypto has the curves', true, 'webcrypto'],
  ['it has not', false, 'page'],
] as const)('where %s', (_name, there, held) => {
  test('the identity is made once, works, and is there after a reload', async () => {
    curves.there = there
    const name = fresh()
    const first = await openIndexedDb(name)
    const made = await openIdentity(first)
    expect(made.held).toBe(held)
    await expectWhole(made.keys)
    first.close()
    const again = await openIndexedDb(name)
    const opened = await openIdentity(again)
    expect([opened.keys.id, opened.held]).toEqual([made.keys.id, held])
    await expectWhole(opened.keys)
    again.close()
  })

  test('tabs that start in the same instant make one identity', async () => {
    curves.there = there
    const name = fresh()
    const tabs = await Promise.all(Array.from({ length: 5 }, () => openIndexedDb(name)))
    const opened = await Promise.all(tabs.map(openIdentity))
    expect(new Set(opened.map(({ keys }) => keys.id)).size).toBe(1)
    for (const { keys } of opened) await expectWhole(keys)
    for (const tab of tabs) tab.close()
  })
})

test('nothing that is stored can be read out: no plain root, no extractable key', async () => {
  const store = await openIndexedDb(fresh())
  const { keys } = await openIdentity(store)
  const record = await stored(store)
  const secrets = [record.root!.key, record.keys!.signing, record.keys!.agreement]
  for (const secret of secrets) {
    expect(secret.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('raw', secret)).rejects.toThrow()
  }
  const root = new Uint8Array(await decrypt(record, keys.publicKey))
  expect(identityFromSeed(identitySeed(root)).id).toBe(keys.id)
  expect(await store.keys('')).toEqual([])
  store.close()
})

function decrypt({ root }: Stored, publicKey: Uint8Array): Promise<ArrayBuffer> {
  const additionalData = new Uint8Array([...new TextEncoder().encode('kith/1/root\0'), ...publicKey])
  return crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: new Uint8Array(root!.iv), additionalData },
    root!.key,
    new Uint8Array(root!.ciphertext),
  )
}

test.each<[string, (record: Stored) => unknown]>([
  ['a start that stored the root and no keys', ({ keys: _, ...rest }) => rest],
  ['keys of someone else', (record) => ({ ...record, keys: { ...record.keys, signing: record.keys!.agreement } })],
])('%s is healed from the root', async (_name, change) => {
  const store = await openIndexedDb(fresh())
  const { keys } = await openIdentity(store)
  await spoil(store, change)
  const healed = await openIdentity(store)
  expect([healed.keys.id, healed.held]).toEqual([keys.id, 'webcrypto'])
  await expectWhole(healed.keys)
  expect((await stored(store)).keys?.signing.algorithm.name).toBe('Ed25519')
  store.close()
})

test('an identity made without the curves moves into WebCrypto when the browser has learned them', async () => {
  curves.there = false
  const store = await openIndexedDb(fresh())
  const { keys } = await openIdentity(store)
  expect((await stored(store)).keys).toBeUndefined()
  curves.there = true
  const moved = await openIdentity(store)
  expect([moved.keys.id, moved.held]).toEqual([keys.id, 'webcrypto'])
  expect((await stored(store)).keys).toBeDefined()
  store.close()
})

test('without a root (erased) the keys go on', async () => {
  const store = await openIndexedDb(fresh())
  const { keys } = await openIdentity(store)
  await spoil(store, ({ root: _, ...rest }) => rest)
  expect((await openIdentity(store)).keys.id).toBe(keys.id)
  store.close()
})

test.each<[string, (record: Stored) => unknown]>([
  ['neither root nor keys', ({ id }) => ({ version: 1, id })],
  [
    'a root that was tampered with',
    ({ keys: _, root, ...rest }) => ({ ...rest, root: { ...root, ciphertext: root!.ciphertext.map((b) => b ^ 1) } }),
  ],
  ['the root of someone else', ({ root }) => ({ version: 1, root, id: identityFromSeed(new Uint8Array(32)).id })],
  ['junk', () => ({ junk: true })],
  ['nothing at all', () => null],
])('%s: an error, never another identity in its place', async (_name, change) => {
  const store = await openIndexedDb(fresh())
  await openIdentity(store)
  await spoil(store, change)
  const before = await stored(store)
  await expect(openIdentity(store)).rejects.toMatchObject({ code: 'storage', message: /24 words/ })
  expect(await stored(store)).toEqual(before)
  store.close()
})

test('a browser that cannot store keys of the curves keeps the sealed root', async () => {
  const memory = memoryStore()
  const objects: ObjectSlots = {
    get: (key) => memory.objects!.get(key),
    update: (key, decide) =>
      memory.objects!.update(key, (current) => {
        const decision = decide(current)
        if (decision.kind === 'put' && (decision.value as Stored).keys) throw new DOMException('no', 'DataCloneError')
        return decision
      }),
  }
  const store = { ...memory, objects } as Store
  const made = await openIdentity(store)
  expect(made.held).toBe('webcrypto')
  expect((await stored(store)).keys).toBeUndefined()
  expect((await openIdentity(store)).keys.id).toBe(made.keys.id)
})

test('IndexedDB full: one identity for the session, also when asked for again', async () => {
  const full: typeof openIndexedDb = async (name, options) => {
    const store = await openIndexedDb(name, options)
    const refuse = () => Promise.reject(new DOMException('full', 'QuotaExceededError'))
    return {
      get: (key) => store.get(key),
      keys: (prefix) => store.keys(prefix),
      update: refuse,
      objects: { get: (key) => store.objects!.get(key), update: refuse },
      onChange: (listener) => store.onChange(listener),
      close: () => store.close(),
    }
  }
  const opened = await openStore({ profile: 'vault-full', openDatabase: full })
  const made = await openIdentity(opened.store)
  await expectWhole(made.keys)
  expect((await openIdentity(opened.store)).keys.id).toBe(made.keys.id)
  expect(opened.status).toMatchObject({ state: 'session', error: { code: 'storage', message: /full/ } })
})

test('a store of bytes keeps the root as it is; a damaged one is an error', async () => {
  const map = new Map<string, Uint8Array>()
  const store = adaptKeyValueStore({
    get: async (key) => map.get(key),
    set: async (key, value) => void map.set(key, value),
    delete: async (key) => void map.delete(key),
    keys: async () => [...map.keys()],
  })
  const [first, second] = await Promise.all([openIdentity(store), openIdentity(store)])
  expect(second.keys.id).toBe(first.keys.id)
  expect(first.held).toBe('page')
  await expectWhole(first.keys)
  const fields = unpackFields(map.get('identity/root')!)
  expect(fields.integer()).toBe(1)
  expect(identityFromSeed(identitySeed(fields.bytes(32))).id).toBe(first.keys.id)
  for (const bad of [new Uint8Array(), pack([1]), pack([1, new Uint8Array(31)])]) {
    await store.update('identity/root', () => put(bad))
    await expect(openIdentity(store)).rejects.toMatchObject({ code: 'storage' })
  }
  await store.update('identity/root', () => DELETE)
  expect((await openIdentity(store)).keys.id).not.toBe(first.keys.id)
})

test.each<[string, () => Promise<never>]>([
  ['fails', () => Promise.reject(new DOMException('no', 'OperationError'))],
  ['never answers', () => new Promise(() => {})],
])('WebCrypto that %s: a sentence, and no identity', async (_name, generateKey) => {
  vi.useFakeTimers()
  const spy = vi.spyOn(crypto.subtle, 'generateKey').mockImplementation(generateKey)
  const store = memoryStore()
  const opening = expect(openIdentity(store)).rejects.toMatchObject({
    name: 'KithError',
    code: 'unsupported-environment',
    message: /WebCrypto/,
  })
  // What comes before in WebCrypto is done by threads that know no pretended time.
  await vi.waitFor(() => expect(spy).toHaveBeenCalled(), { timeout: 10_000 })
  await vi.advanceTimersByTimeAsync(30_000)
  await opening
  expect(await store.objects?.get('identity')).toBeUndefined()
  spy.mockRestore()
  vi.useRealTimers()
})
