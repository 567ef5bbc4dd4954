import type { KeyValueStore } from '../api.ts'
import 'fake-indexeddb/auto'
import type { KithError } from '@kith/protocol'
import { expect, test } from 'vitest'
import { adaptKeyValueStore } from './adapter.ts'
import { openIndexedDb } from './indexeddb.ts'
import { memoryStore } from './memory.ts'
import { resilient } from './resilient.ts'
import { KEEP, put } from './store.ts'

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
