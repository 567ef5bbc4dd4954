/** The documents in IndexedDB, one database a profile, beside that of the messages. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { DocumentEntry, DocumentId } from './document.ts'
import { type Change, type DocumentStore, type LeftDocument, MemoryDocumentStore, type Merge } from './store.ts'

interface Schema extends DBSchema {
  entries: { key: DocumentId; value: DocumentEntry }
  left: { key: DocumentId; value: LeftDocument }
  updates: {
    key: number
    value: { readonly doc: DocumentId; readonly update: Uint8Array }
    indexes: { doc: DocumentId }
  }
}

/** Falls back to memory where the browser refuses: a private window, a full disk, storage switched off. */
export async function openDocumentStore(profile: string): Promise<DocumentStore> {
  try {
    const database = await openDB<Schema>(`kith-demo/${profile}/documents`, 1, {
      upgrade(db) {
        db.createObjectStore('entries', { keyPath: 'id' })
        db.createObjectStore('left', { keyPath: 'id' })
        db.createObjectStore('updates', { autoIncrement: true }).createIndex('doc', 'doc')
      },
    })
    return new IdbDocumentStore(database)
  } catch (error) {
    console.warn('Documents are kept in memory only:', error)
    return new MemoryDocumentStore()
  }
}

class IdbDocumentStore implements DocumentStore {
  readonly saved = true
  readonly #database: IDBPDatabase<Schema>

  constructor(database: IDBPDatabase<Schema>) {
    this.#database = database
  }

  async list(): Promise<{ entries: DocumentEntry[]; left: LeftDocument[] }> {
    const [entries, left] = await Promise.all([this.#database.getAll('entries'), this.#database.getAll('left')])
    return { entries, left }
  }

  async add(entry: DocumentEntry): Promise<void> {
    const transaction = this.#database.transaction(['entries', 'left'], 'readwrite')
    await Promise.all([
      transaction.objectStore('entries').put(entry),
      transaction.objectStore('left').delete(entry.id),
      transaction.done,
    ])
  }

  async change(id: DocumentId, change: Change): Promise<void> {
    const transaction = this.#database.transaction('entries', 'readwrite')
    const entry = await transaction.store.get(id)
    if (entry) await transaction.store.put(change(entry))
    await transaction.done
  }

  async append(id: DocumentId, update: Uint8Array, change: Change): Promise<void> {
    const transaction = this.#database.transaction(['entries', 'updates'], 'readwrite')
    const entries = transaction.objectStore('entries')
    const appended = transaction.objectStore('updates').add({ doc: id, update })
    const entry = await entries.get(id)
    if (entry) void entries.put(change(entry))
    // Not waiting for the requests to report back: the less there is between typing and keeping, the less is lost with a page.
    transaction.commit()
    await Promise.all([appended, transaction.done])
  }

  async updates(id: DocumentId): Promise<Uint8Array[]> {
    const kept = await this.#database.getAllFromIndex('updates', 'doc', id)
    return kept.map(({ update }) => update)
  }

  async compact(id: DocumentId, merge: Merge): Promise<void> {
    // In one transaction: another tab of this profile may be appending.
    const transaction = this.#database.transaction('updates', 'readwrite')
    const index = transaction.store.index('doc')
    const [keys, kept] = await Promise.all([index.getAllKeys(id), index.getAll(id)])
    if (kept.length > 1) {
      const update = merge(kept.map((one) => one.update))
      await Promise.all([transaction.store.add({ doc: id, update }), ...keys.map((key) => transaction.store.delete(key))])
    }
    await transaction.done
  }

  async leave(left: LeftDocument): Promise<void> {
    const transaction = this.#database.transaction(['entries', 'left', 'updates'], 'readwrite')
    const updates = transaction.objectStore('updates')
    const keys = await updates.index('doc').getAllKeys(left.id)
    await Promise.all([
      ...keys.map((key) => updates.delete(key)),
      transaction.objectStore('entries').delete(left.id),
      transaction.objectStore('left').put(left),
      transaction.done,
    ])
  }
}
