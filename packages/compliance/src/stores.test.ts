import 'fake-indexeddb/auto'
import { adaptKeyValueStore, memoryStore, openIndexedDb, resilient } from '@kith/sdk/parts'
import { storeSuite } from './store-suite.ts'

let databases = 0
const name = () => `compliance/${databases++}`

storeSuite('memory', async () => memoryStore())
storeSuite("a user's", async () => {
  const map = new Map<string, Uint8Array>()
  return adaptKeyValueStore({
    get: async (key) => map.get(key),
    set: async (key, value) => void map.set(key, value),
    delete: async (key) => void map.delete(key),
    keys: async (prefix) => [...map.keys()].filter((key) => key.startsWith(prefix)),
  })
})
storeSuite('IndexedDB', () => openIndexedDb(name()))
storeSuite('IndexedDB, and memory once it fails', async () =>
  resilient(await openIndexedDb(name()), { failed: () => {}, recovered: () => {} }),
)
