import 'fake-indexeddb/auto'
import { KithError } from '@kith/protocol'
import { describe, expect, test } from 'vitest'
import { adaptKeyValueStore } from './adapter.ts'
import { openIndexedDb } from './indexeddb.ts'
import { memoryStore } from './memory.ts'
import { resilient } from './resilient.ts'
import { DELETE, KEEP, type KeyValueStore, put, type Store } from './store.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)
const silent = { failed: () => {}, recovered: () => {} }

function mapStore(map = new Map<string, Uint8Array>()): KeyValueStore {
  return {
    get: async (key) => map.get(key),
    set: async (key, value) => void map.set(key, value),
    delete: async (key) => void map.delete(key),
    keys: async (prefix) => [...map.keys()].filter((key) => key.startsWith(prefix)),
  }
}

let databases = 0
const stores: Record<string, () => Promise<Store>> = {
  memory: async () => memoryStore(),
  adapter: async () => adaptKeyValueStore(mapStore()),
  indexeddb: () => openIndexedDb(`compliance/${databases++}`),
  resilient: async () => resilient(await openIndexedDb(`compliance/${databases++}`), silent),
}

describe.each(Object.entries(stores))('%s store', (_name, open) => {
  test('keeps, replaces, deletes', async () => {
    const store = await open()
    expect(await store.get('a')).toBeUndefined()
    expect(await store.update('a', () => put(bytes(1, 2)))).toEqual(bytes(1, 2))
    expect(await store.get('a')).toEqual(bytes(1, 2))
    expect(await store.update('a', (current) => put(bytes(...(current ?? []), 3)))).toEqual(bytes(1, 2, 3))
    expect(await store.update('a', () => KEEP)).toEqual(bytes(1, 2, 3))
    expect(await store.update('a', () => DELETE)).toBeUndefined()
    expect(await store.get('a')).toBeUndefined()
    store.close()
  })

  test('lists keys by prefix, sorted', async () => {
    const store = await open()
    for (const key of ['b/2', 'b/1', 'a/1', 'c', 'b']) await store.update(key, () => put(bytes(0)))
    expect(await store.keys('b/')).toEqual(['b/1', 'b/2'])
    expect(await store.keys('')).toEqual(['a/1', 'b', 'b/1', 'b/2', 'c'])
    store.close()
  })

  test('updates of one key follow each other, none is lost', async () => {
    const store = await open()
    const increment = () => store.update('n', (current) => put(bytes((current?.[0] ?? 0) + 1)))
    await Promise.all(Array.from({ length: 50 }, increment))
    expect(await store.get('n')).toEqual(bytes(50))
    store.close()
  })

  test('what a decision throws is thrown on, nothing is written, the next goes on', async () => {
    const store = await open()
    await store.update('a', () => put(bytes(1)))
    const refusal = new KithError('used', 'no')
    const refused = store.update('a', () => {
      throw refusal
    })
    const next = store.update('a', (current) => put(bytes(...(current ?? []), 2)))
    await expect(refused).rejects.toBe(refusal)
    expect(await next).toEqual(bytes(1, 2))
    store.close()
  })
})

test('memory shares no buffer with its callers', async () => {
  const store = memoryStore()
  const buffer = bytes(1)
  await store.update('a', () => put(buffer))
  buffer[0] = 9
  const read = (await store.get('a')) as Uint8Array
  expect(read).toEqual(bytes(1))
  read[0] = 9
  expect(await store.get('a')).toEqual(bytes(1))
})

test('objects keep what only a clone can hold, and unextractable', async () => {
  const name = `objects/${databases++}`
  const first = await openIndexedDb(name)
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
  await first.objects?.update('k', (current) => put(current ?? { key }))
  first.close()
  const again = await openIndexedDb(name)
  const kept = (await again.objects?.get('k')) as { key: CryptoKey }
  expect(kept.key).toBeInstanceOf(CryptoKey)
  expect(kept.key.extractable).toBe(false)
  again.close()
})

test('a value that cannot be cloned is refused as such, not as a failing store', async () => {
  const failures: KithError[] = []
  const store = resilient(await openIndexedDb(`objects/${databases++}`), { ...silent, failed: (error) => failures.push(error) })
  await expect(store.objects?.update('k', () => put(() => {}))).rejects.toMatchObject({ name: 'DataCloneError' })
  expect(failures).toEqual([])
  store.close()
})

test('another tab of the profile hears of a change once it is committed, and not of what was kept', async () => {
  const name = `changes/${databases++}`
  const [mine, theirs] = await Promise.all([openIndexedDb(name), openIndexedDb(name)])
  const heard: [string, Uint8Array | undefined][] = []
  const both = new Promise<void>((resolve) => {
    theirs.onChange(async (key) => {
      heard.push([key, await theirs.get(key)])
      if (heard.length === 2) resolve()
    })
  })
  await mine.update('a', () => KEEP)
  await mine.update('b', () => put(bytes(1)))
  await mine.update('c', () => put(bytes(2)))
  await both
  expect(heard).toEqual([
    ['b', bytes(1)],
    ['c', bytes(2)],
  ])
  mine.close()
  theirs.close()
})

test('a user store that fails gives a typed error with its cause', async () => {
  const cause = new Error('disk on fire')
  const store = adaptKeyValueStore({ ...mapStore(), get: () => Promise.reject(cause) })
  await expect(store.get('a')).rejects.toMatchObject({ code: 'storage', cause })
})
