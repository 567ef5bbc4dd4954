import type { KeyValueStore } from '../api.ts'
import 'fake-indexeddb/auto'
import { type Bytes, KithError } from '@kith/protocol'
import { describe, expect, test, vi } from 'vitest'
import { openIndexedDb } from './indexeddb.ts'
import { memoryStore } from './memory.ts'
import { openStore, type StorageStatus } from './open.ts'
import { DELETE, put, type Store, storageError } from './store.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)
let profiles = 0
const fresh = () => `open-test-${profiles++}`

/** A store whose writes, or everything, can be made to fail as a browser would. */
function fragile() {
  const inner = memoryStore()
  const broken = { writes: undefined as string | undefined, reads: undefined as string | undefined }
  const check = (name: string | undefined): undefined => {
    if (name) throw storageError(new DOMException(name, name))
  }
  const store: Store = {
    get: async (key) => check(broken.reads) ?? inner.get(key),
    keys: async (prefix) => check(broken.reads) ?? inner.keys(prefix),
    update: async (key, decide) => check(broken.writes) ?? inner.update(key, decide),
    onChange: (listener) => inner.onChange(listener),
    close: () => inner.close(),
  }
  return { inner, broken, open: () => openStore({ profile: fresh(), openDatabase: async () => store }) }
}

test('IndexedDB that works is best-effort unless the browser promises more, and outlives the store', async () => {
  const profile = fresh()
  const first = await openStore({ profile })
  expect(first.status).toEqual({ state: 'best-effort' })
  await first.store.update('a', () => put(bytes(1)))
  first.store.close()
  const second = await openStore({ profile })
  expect(await second.store.get('a')).toEqual(bytes(1))
  second.store.close()
})

test.each([
  [
    'Chromium, which decides silently, is asked',
    { userAgentData: {}, storage: { persisted: async () => false, persist: async () => true } },
    'persistent',
  ],
  [
    'Chromium may say no',
    { userAgentData: {}, storage: { persisted: async () => false, persist: async () => false } },
    'best-effort',
  ],
  ['others are not asked', { storage: { persisted: async () => false, persist: () => expect.unreachable() } }, 'best-effort'],
  [
    'what was promised before counts',
    { storage: { persisted: async () => true, persist: () => expect.unreachable() } },
    'persistent',
  ],
  [
    'no answer is no promise',
    { storage: { persisted: async () => Promise.reject(new TypeError('opaque origin')) } },
    'best-effort',
  ],
])('%s', async (_name, navigator, state) => {
  vi.stubGlobal('navigator', navigator)
  const { status, store } = await openStore({ profile: fresh() })
  vi.unstubAllGlobals()
  expect(status).toEqual({ state })
  store.close()
})

/** A request that fails as a browser lets it fail, an event later. */
function failing(name: string): IDBOpenDBRequest {
  const request = Object.assign(new EventTarget(), { error: new DOMException(name, name) })
  queueMicrotask(() => request.dispatchEvent(new Event('error')))
  return request as unknown as IDBOpenDBRequest
}

const forbidden = (name = 'SecurityError') => {
  throw new DOMException('The operation is insecure.', name)
}

describe('a page that may not store anything goes on for the session, and says why', () => {
  test.each<[string, PropertyDescriptor, RegExp]>([
    ['no IndexedDB, in Node', { value: undefined }, /no IndexedDB here.*`storage`/],
    ['one that may not be looked at', { get: () => forbidden() }, /allow site data/],
    ['open throws', { value: { open: () => forbidden() } }, /allow site data/],
    ['open throws something else', { value: { open: () => expect.unreachable() } }, /could not be read/],
    ['open fails', { value: { open: () => failing('InvalidStateError') } }, /closed under this page/],
    ['open never answers', { value: { open: () => new EventTarget() } }, /in time/],
  ])('%s', async (_name, descriptor, sentence) => {
    vi.useFakeTimers()
    const before = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB') as PropertyDescriptor
    Object.defineProperty(globalThis, 'indexedDB', { ...descriptor, configurable: true })
    const opening = openStore({ profile: fresh() })
    await vi.advanceTimersByTimeAsync(5_000)
    const { status, store } = await opening
    Object.defineProperty(globalThis, 'indexedDB', before)
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
    expect(status).toMatchObject({ state: 'session', error: { code: 'storage', message: sentence } })
    await store.update('a', () => put(bytes(1)))
    expect(await store.get('a')).toEqual(bytes(1))
  })

  test('no IndexedDB, in a page', async () => {
    vi.stubGlobal('indexedDB', undefined)
    vi.stubGlobal('window', {})
    vi.stubGlobal('document', {})
    const { status } = await openStore({ profile: fresh() })
    vi.unstubAllGlobals()
    expect(status).toMatchObject({ state: 'session', error: { message: 'This browser has no IndexedDB for this page.' } })
  })
})

describe('what a page does not need to store does not keep it from storing', () => {
  test.each<[string, string, unknown]>([
    ['no BroadcastChannel', 'BroadcastChannel', undefined],
    ['a BroadcastChannel that may not be made', 'BroadcastChannel', forbidden],
    [
      'a BroadcastChannel that takes nothing',
      'BroadcastChannel',
      class {
        postMessage = () => forbidden('InvalidStateError')
        close() {}
      },
    ],
    ['no navigator', 'navigator', undefined],
    ['a navigator without storage', 'navigator', { userAgentData: {} }],
    [
      'a storage manager that may not be looked at',
      'navigator',
      Object.defineProperty({}, 'storage', { get: () => forbidden() }),
    ],
    ['a storage manager that may not be asked', 'navigator', { storage: { persisted: () => forbidden() } }],
    ['a storage manager that never answers', 'navigator', { storage: { persisted: () => new Promise(() => {}) } }],
    [
      'a browser that never promises',
      'navigator',
      { userAgentData: {}, storage: { persisted: async () => false, persist: () => new Promise(() => {}) } },
    ],
  ])('%s', async (_name, api, value) => {
    const profile = fresh()
    vi.stubGlobal(api, value)
    const { status, store } = await openStore({ profile })
    await store.update('a', () => put(bytes(1)))
    expect(status).toEqual({ state: 'best-effort' })
    store.close()
    vi.unstubAllGlobals()
    const again = await openStore({ profile })
    expect(await again.store.get('a')).toEqual(bytes(1))
    again.store.close()
  })
})

test('a database that stops answering: what is in it is out of reach, the page goes on and says so', async () => {
  const never = () => new Promise<never>(() => {})
  const stuck: Store = { get: never, keys: never, update: never, onChange: () => expect.unreachable(), close: () => {} }
  vi.useFakeTimers()
  const opened = await openStore({ profile: fresh(), openDatabase: async () => stuck })
  const { store } = opened
  const all = Promise.all([store.update('a', () => put(bytes(1))), store.keys(''), store.get('b')])
  await vi.advanceTimersByTimeAsync(10_000)
  await all
  expect(await store.get('a')).toEqual(bytes(1))
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  expect(opened.status).toMatchObject({ state: 'session', error: { message: /does not answer/ } })
})

test('what tabs cannot share is told beside what is stored, once; what cannot be stored comes first', async () => {
  const { broken, open } = fragile()
  const opened = await open()
  const heard: StorageStatus[] = []
  opened.onStatus((status) => heard.push(status))
  const limit = new KithError('storage', 'no channel')
  const unlimited = opened.limited(limit)
  const noLocks = new KithError('storage', 'no locks either')
  const locksCame = opened.limited(noLocks)
  expect(opened.status).toEqual({ state: 'best-effort', error: limit })
  expect(heard).toHaveLength(1)
  unlimited()
  expect(opened.status).toEqual({ state: 'best-effort', error: noLocks })
  locksCame()
  locksCame()
  expect(opened.status).toEqual({ state: 'best-effort' })
  expect(heard).toHaveLength(3)
  opened.limited(limit)
  broken.writes = 'QuotaExceededError'
  await opened.store.update('a', () => put(bytes(1)))
  expect(opened.status).toMatchObject({ state: 'session', error: { message: /full/ } })
})

test.each([
  ['a word that is not known', 'session'],
  ['null', null],
  ['half a store', { get: async () => undefined, set: async () => {} }],
])('a storage that is none: %s', async (_name, storage) => {
  const opening = openStore({ profile: fresh(), storage: storage as unknown as 'memory' })
  await expect(opening).rejects.toMatchObject({ code: 'invalid-argument', message: /`storage`/ })
})

test('an IndexedDB that refuses to open: the session, and a sentence for each reason', async () => {
  for (const [name, sentence] of [
    ['QuotaExceededError', /full/],
    ['VersionError', /newer version/],
    ['SecurityError', /allow site data/],
    ['SomethingElse', /could not be read/],
  ] as const) {
    const cause = new DOMException('x', name)
    const openDatabase = () => Promise.reject(storageError(cause))
    const { status } = await openStore({ profile: fresh(), openDatabase })
    expect(status).toMatchObject({ state: 'session', error: { code: 'storage', cause } })
    expect(status.error?.message).toMatch(sentence)
  }
})

test('asked for memory: the session, and no error', async () => {
  expect((await openStore({ profile: 'x', storage: 'memory' })).status).toEqual({ state: 'session' })
})

test('a user store that cannot be listed: the session', async () => {
  const fails = () => Promise.reject(new Error('offline'))
  const { status } = await openStore({ profile: 'x', storage: { get: fails, set: fails, delete: fails, keys: fails } })
  expect(status).toMatchObject({ state: 'session', error: { code: 'storage', message: /`storage`.*offline/ } })
})

test('a Map looks like a store at first: the session, and what is wrong', async () => {
  const { status } = await openStore({ profile: 'x', storage: new Map() as unknown as KeyValueStore })
  expect(status).toMatchObject({ state: 'session', error: { code: 'storage', message: /keys.*list/ } })
})

test('a write that fails later: told once, usable in memory, saved and told when there is room again', async () => {
  const { broken, inner, open } = fragile()
  const opened = await open()
  const { store } = opened
  await store.update('old', () => put(bytes(1)))
  await store.update('doomed', () => put(bytes(1)))
  const heard: StorageStatus[] = []
  opened.onStatus((status) => heard.push(status))

  broken.writes = 'QuotaExceededError'
  expect(await store.update('old', (current) => put(bytes(...(current as Bytes), 2)))).toEqual(bytes(1, 2))
  await store.update('new', (current) => put(bytes(...(current ?? [7]))))
  await store.update('doomed', () => DELETE)
  expect(opened.status).toMatchObject({ state: 'session', error: { code: 'storage', message: /full/ } })
  expect(await Promise.all(['old', 'new', 'doomed'].map((key) => store.get(key)))).toEqual([bytes(1, 2), bytes(7), undefined])
  expect(await store.keys('')).toEqual(['new', 'old'])
  expect(heard).toHaveLength(1)

  broken.writes = undefined
  await store.update('old', (current) => put(bytes(...(current as Bytes), 3)))
  await store.update('new', () => put(bytes(8)))
  expect(opened.status.state).toBe('session')
  await store.update('doomed', () => put(bytes(9)))
  expect(opened.status).toEqual({ state: 'best-effort' })
  expect(heard).toHaveLength(2)
  expect(await Promise.all(['old', 'new', 'doomed'].map((key) => inner.get(key)))).toEqual([bytes(1, 2, 3), bytes(8), bytes(9)])
})

test('a store lost altogether: what was seen stays, what never was is absent, and why is told', async () => {
  const { broken, open } = fragile()
  const opened = await open()
  await opened.store.update('seen', () => put(bytes(1)))
  broken.reads = broken.writes = 'InvalidStateError'
  expect(await opened.store.get('seen')).toEqual(bytes(1))
  expect(await opened.store.keys('s')).toEqual(['seen'])
  expect(await opened.store.get('never')).toBeUndefined()
  expect(await opened.store.update('fresh', (current) => put(current ?? bytes(2)))).toEqual(bytes(2))
  expect(await opened.store.get('fresh')).toEqual(bytes(2))
  expect(opened.status).toMatchObject({ state: 'session', error: { message: /reload/ } })
})

test('a read that fails for a moment does not overwrite what is there', async () => {
  const { broken, inner, open } = fragile()
  const { store } = await open()
  await inner.update('identity', () => put(bytes(1)))
  broken.reads = 'UnknownError'
  expect(await store.get('identity')).toBeUndefined()
  expect(await store.update('identity', (current) => put(current ?? bytes(2)))).toEqual(bytes(1))
})

test('a newer version in another tab takes the database: this one says so and goes on in memory', async () => {
  const profile = fresh()
  const old = await openStore({ profile })
  await old.store.update('a', () => put(bytes(1)))
  const told = new Promise<StorageStatus>((resolve) => old.onStatus(resolve))
  const newer = await openIndexedDb(`kith/${profile}`, { migrations: [() => {}, () => {}] })
  expect(await told).toMatchObject({ state: 'session', error: { code: 'storage' } })
  await old.store.update('a', () => put(bytes(2)))
  expect(await old.store.get('a')).toEqual(bytes(2))
  expect(await newer.get('a')).toEqual(bytes(1))
  newer.close()

  const late = await openStore({ profile })
  expect(late.status).toMatchObject({ state: 'session', error: { message: /newer version/ } })
})

test('an open that never answers is given up', async () => {
  const profile = fresh()
  const holder = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(`kith/${profile}`, 1)
    request.onsuccess = () => resolve(request.result)
  })
  indexedDB.deleteDatabase(`kith/${profile}`)
  const openDatabase: typeof openIndexedDb = (name, options) => openIndexedDb(name, { ...options, openTimeoutMs: 20 })
  const { status } = await openStore({ profile, openDatabase })
  expect(status).toMatchObject({ state: 'session', error: { code: 'storage', message: /in time/ } })
  holder.close()
})

test('profiles are separate, and named sanely', async () => {
  const [a, b] = await Promise.all([openStore({ profile: fresh() }), openStore({ profile: fresh() })])
  await a.store.update('k', () => put(bytes(1)))
  expect(await b.store.get('k')).toBeUndefined()
  await expect(openStore({ profile: '' })).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(openStore({ profile: 'x'.repeat(65) })).rejects.toMatchObject({ code: 'invalid-argument' })
  expect((await openStore({ profile: 'x'.repeat(64) })).status.state).toBe('best-effort')
})

test('a closed store says so, and keeps nothing more', async () => {
  const { store } = await openStore({ profile: 'closing', storage: 'memory' })
  await store.update('a', () => put(Uint8Array.of(1)))
  store.close()
  for (const late of [store.get('a'), store.keys(''), store.update('a', () => put(Uint8Array.of(2)))]) {
    await expect(late).rejects.toMatchObject({ name: 'KithError', code: 'closed' })
  }
})
