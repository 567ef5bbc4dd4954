/** The history in IndexedDB, one database a profile, beside the SDK's own. */
import type { PeerId } from '@kith/sdk'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { type Entry, type History, MemoryHistory, type NewCall, type NewEntry, type NewMessage } from './history.ts'

type Kept = (Omit<NewMessage, 'delivered' | 'read'> | Omit<NewCall, 'delivered' | 'read'>) & {
  seq?: number
  /** Only there while mine is undelivered or theirs unread, so that the index holds no others: true is not a valid key. */
  open?: 1
}

interface Schema extends DBSchema {
  messages: {
    key: number
    value: Kept
    indexes: {
      with: [PeerId, number]
      identity: [PeerId, Kept['author'], string]
      open: [PeerId, Kept['author'], 1, number]
    }
  }
}

/** Falls back to memory where the browser refuses: a private window, a full disk, storage switched off. */
export async function openHistory(profile: string): Promise<History> {
  try {
    const database = await openDB<Schema>(`kith-demo/${profile}`, 1, {
      upgrade(db) {
        const messages = db.createObjectStore('messages', { keyPath: 'seq', autoIncrement: true })
        messages.createIndex('with', ['with', 'seq'])
        messages.createIndex('identity', ['with', 'author', 'id'], { unique: true })
        messages.createIndex('open', ['with', 'author', 'open', 'seq'])
      },
    })
    return new IdbHistory(database)
  } catch (error) {
    console.warn('The history is kept in memory only:', error)
    return new MemoryHistory()
  }
}

const entryOf = ({ seq = 0, open, ...kept }: Kept): Entry => ({
  ...kept,
  seq,
  delivered: kept.author === 'me' && !open,
  read: kept.author === 'me' || !open,
})

/** Every seq of one contact, from `first` up to but without `end`. */
const between = (contact: PeerId, first: number, end: number) => IDBKeyRange.bound([contact, first], [contact, end], false, true)
const openOf = (contact: PeerId, author: Kept['author']) =>
  IDBKeyRange.bound([contact, author, 1, 0], [contact, author, 1, Number.POSITIVE_INFINITY])

class IdbHistory implements History {
  readonly saved = true
  readonly #database: IDBPDatabase<Schema>

  constructor(database: IDBPDatabase<Schema>) {
    this.#database = database
  }

  async latest(contact: PeerId, count: number): Promise<Entry[]> {
    const { store } = this.#database.transaction('messages')
    const everything = between(contact, 0, Number.POSITIVE_INFINITY)
    const [undelivered, unread, last] = await Promise.all([
      store.index('open').getKey(openOf(contact, 'me')),
      store.index('open').getKey(openOf(contact, 'them')),
      startOfLast(store.index('with').openKeyCursor(everything, 'prev'), count),
    ])
    const first = Math.min(last, undelivered ?? last, unread ?? last)
    const kept = await store.index('with').getAll(between(contact, first, Number.POSITIVE_INFINITY))
    return kept.map(entryOf)
  }

  async before(contact: PeerId, seq: number, count: number): Promise<Entry[]> {
    const index = this.#database.transaction('messages').store.index('with')
    const first = await startOfLast(index.openKeyCursor(between(contact, 0, seq), 'prev'), count)
    return (await index.getAll(between(contact, first, seq))).map(entryOf)
  }

  async add(entries: readonly NewEntry[]): Promise<Entry[]> {
    const transaction = this.#database.transaction('messages', 'readwrite')
    const { store } = transaction
    const kept = await Promise.all(
      entries.map(async ({ delivered, read, ...entry }) => {
        const { with: contact, author, id } = entry
        // Asked first: a ConstraintError would abort the transaction, and its `done` reject unheard.
        if ((await store.index('identity').getKey([contact, author, id])) !== undefined) return []
        const one: Kept = { ...entry }
        if (author === 'me' ? !delivered : !read) one.open = 1
        return [entryOf({ ...one, seq: await store.add(one) })]
      }),
    )
    await transaction.done
    return kept.flat()
  }

  async markDelivered(contact: PeerId, ids: readonly string[]): Promise<void> {
    const transaction = this.#database.transaction('messages', 'readwrite')
    const { store } = transaction
    await Promise.all(
      ids.map(async (id) => {
        const kept = await store.index('identity').get([contact, 'me', id])
        if (kept?.open) await store.put(closed(kept))
      }),
    )
    await transaction.done
  }

  async markRead(contact: PeerId): Promise<void> {
    const transaction = this.#database.transaction('messages', 'readwrite')
    const unread = await transaction.store.index('open').getAll(openOf(contact, 'them'))
    await Promise.all(unread.map((kept) => transaction.store.put(closed(kept))))
    await transaction.done
  }

  async forget(contact: PeerId): Promise<void> {
    const transaction = this.#database.transaction('messages', 'readwrite')
    const keys = await transaction.store.index('with').getAllKeys(between(contact, 0, Number.POSITIVE_INFINITY))
    await Promise.all(keys.map((key) => transaction.store.delete(key)))
    await transaction.done
  }
}

function closed({ open: _, ...kept }: Kept): Kept {
  return kept
}

/** The seq of the `count`th message from the end, or of the first if there are fewer. */
async function startOfLast(
  opened: Promise<{ primaryKey: number; advance(count: number): Promise<unknown> } | null>,
  count: number,
): Promise<number> {
  const cursor = await opened
  if (!cursor) return 0
  const before = count > 1 ? await cursor.advance(count - 1) : cursor
  return before ? cursor.primaryKey : 0
}
