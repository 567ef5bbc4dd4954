import 'fake-indexeddb/auto'
import type { PeerId } from '@kith/sdk'
import { expect, test } from 'vitest'
import type { DocumentEntry } from './document.ts'
import { openDocumentStore } from './idb-store.ts'
import { MemoryDocumentStore } from './store.ts'

const entry: DocumentEntry = {
  id: '7e0b4b54-6d2f-4c1e-9b6a-3a1f0c9d2e11',
  title: 'Notes',
  createdAt: 1,
  changedAt: 1,
  members: [],
  behind: [],
  sharedAt: 0,
  isNew: false,
}
const ada = '12D3KooWada' as PeerId
const concatenated = (updates: Uint8Array[]) => new Uint8Array(updates.flatMap((update) => [...update]))

let profiles = 0
const STORES = [
  ['IndexedDB', () => openDocumentStore(`test-${profiles++}`)],
  ['memory', async () => new MemoryDocumentStore()],
] as const

test.each(STORES)('%s: an entry and its updates, in their order', async (_, open) => {
  const store = await open()
  await store.add(entry)
  const change = (known: DocumentEntry) => ({ ...known, changedAt: 2, behind: [ada] })
  await store.append(entry.id, new Uint8Array([1]), change)
  await store.append(entry.id, new Uint8Array([2, 3]), (known) => known)
  expect((await store.list()).entries).toEqual([{ ...entry, changedAt: 2, behind: [ada] }])
  expect(await store.updates(entry.id)).toEqual([new Uint8Array([1]), new Uint8Array([2, 3])])
  expect(await store.updates('another')).toEqual([])
})

test.each(STORES)('%s: updates are merged into one, and what comes later is after it', async (_, open) => {
  const store = await open()
  await store.add(entry)
  for (const byte of [1, 2, 3]) await store.append(entry.id, new Uint8Array([byte]), (known) => known)
  await Promise.all([store.compact(entry.id, concatenated), store.append(entry.id, new Uint8Array([4]), (known) => known)])
  expect(concatenated(await store.updates(entry.id))).toEqual(new Uint8Array([1, 2, 3, 4]))
})

test.each(STORES)('%s: what I leave is gone, remembered as left, and can come back', async (_, open) => {
  const store = await open()
  await store.add(entry)
  await store.append(entry.id, new Uint8Array([1]), (known) => known)
  await store.leave({ id: entry.id, leftUntil: 7 })
  expect(await store.list()).toEqual({ entries: [], left: [{ id: entry.id, leftUntil: 7 }] })
  expect(await store.updates(entry.id)).toEqual([])
  await store.change(entry.id, () => entry)
  expect((await store.list()).entries).toEqual([])
  await store.add(entry)
  expect(await store.list()).toEqual({ entries: [entry], left: [] })
})
