import { type Bytes, KithError } from '@kith/protocol'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Stop } from '../api.ts'
import { hasIndexedDb, openChannel, page } from '../platform/browser.ts'
import { Emitter } from '../runtime/events.ts'
import { type Decision, isCloneError, KEEP, type ObjectSlots, outcome, type Store, storageError } from './store.ts'

interface Schema extends DBSchema {
  records: { key: string; value: Bytes }
  /** What only a structured clone can hold: CryptoKeys. */
  objects: { key: string; value: unknown }
}
type Database = IDBPDatabase<Schema>

/** Entry n takes a database of version n to n + 1. Never change one that was released: add another. */
const MIGRATIONS: readonly ((database: Database) => void)[] = [
  (database) => {
    database.createObjectStore('records')
    database.createObjectStore('objects')
  },
]

/** Browsers have let an open hang for good (after a deletion that another tab holds up, or a crashed storage process): longer
 *  than the slowest phone takes, short enough to start without it. */
const OPEN_TIMEOUT_MS = 5_000

export interface IndexedDbOptions {
  /** The database was taken away: by a newer version in another tab, or by clearing site data. Writes fail from now on. */
  readonly onLost?: (error: KithError) => void
  /** For tests. */
  readonly migrations?: typeof MIGRATIONS
  /** For tests. */
  readonly openTimeoutMs?: number
}

/** Opens or makes the database `name`. Rejects with 'storage' and a reason. */
export async function openIndexedDb(name: string, options: IndexedDbOptions = {}): Promise<Store> {
  if (!hasIndexedDb()) throw noIndexedDb()
  return new IndexedDbStore(await openDatabase(name, options), name)
}

function openDatabase(name: string, options: IndexedDbOptions): Promise<Database> {
  const migrations = options.migrations ?? MIGRATIONS
  return new Promise((resolve, reject) => {
    let settled = false
    const fail = (error: KithError) => {
      settled = true
      clearTimeout(timer)
      reject(error)
    }
    const timer = setTimeout(
      () =>
        fail(
          new KithError('storage', 'The browser did not open its storage in time: close other tabs of this page, then reload.'),
        ),
      options.openTimeoutMs ?? OPEN_TIMEOUT_MS,
    )
    // In a function of its own: `indexedDB.open` may throw as well as fail.
    const open = async () =>
      openDB<Schema>(name, migrations.length, {
        upgrade(database, oldVersion) {
          for (const migrate of migrations.slice(oldVersion)) migrate(database)
        },
        blocked() {
          fail(
            new KithError('storage', 'Another tab holds the storage with an older version of this page: close it, then reload.'),
          )
        },
        blocking(_current, _blocked, event) {
          // A newer version waits for us: giving way costs this old page its saving, standing in the way would cost the new one its start.
          const database = event.target as IDBDatabase
          database.close()
          options.onLost?.(storageError(new DOMException('closed by a newer version', 'InvalidStateError')))
        },
        terminated() {
          options.onLost?.(storageError(new DOMException('closed by the browser', 'InvalidStateError')))
        },
      })
    open().then(
      (database) => {
        // Too late: the page has gone on without it, and an open connection would stand in others' way.
        if (settled) return database.close()
        settled = true
        clearTimeout(timer)
        resolve(database)
      },
      (cause) => fail(storageError(cause)),
    )
  })
}

class IndexedDbStore implements Store {
  readonly objects: ObjectSlots
  readonly #database: Database
  readonly #changes = new Emitter<{ change: string }>()
  /** Absent in old Safari and some embedded views, forbidden to some pages: then tabs see each other's changes at their next start. */
  readonly #channel: BroadcastChannel | undefined

  constructor(database: Database, name: string) {
    this.#database = database
    this.objects = new IndexedDbObjects(database)
    this.#channel = openChannel(`${name}/changes`)
    if (!this.#channel) return
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') this.#changes.emit('change', data)
    }
  }

  async get(key: string): Promise<Bytes | undefined> {
    return typed(() => this.#database.get('records', key))
  }

  async keys(prefix: string): Promise<string[]> {
    // U+FFFF sorts after every character that a key of ours can hold.
    return typed(() => this.#database.getAllKeys('records', IDBKeyRange.bound(prefix, `${prefix}\uffff`)))
  }

  async update(key: string, decide: (current: Bytes | undefined) => Decision<Bytes>): Promise<Bytes | undefined> {
    let decision: Decision<Bytes> = KEEP
    const after = await updateIn<Bytes>(this.#database, 'records', key, (current) => {
      decision = decide(current)
      return decision
    })
    // Announced when committed, so that a listener also finds it.
    if (decision.kind !== 'keep') this.#announce(key)
    return after
  }

  onChange(listener: (key: string) => void): Stop {
    return this.#changes.on('change', listener)
  }

  #announce(key: string): void {
    try {
      this.#channel?.postMessage(key)
    } catch {
      // It is saved, which is what was asked; the other tabs read it at their next start.
    }
  }

  close(): void {
    this.#channel?.close()
    this.#database.close()
  }
}

class IndexedDbObjects implements ObjectSlots {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async get(key: string): Promise<unknown> {
    return typed(() => this.#database.get('objects', key))
  }

  update(key: string, decide: (current: unknown) => Decision<unknown>): Promise<unknown> {
    return updateIn<unknown>(this.#database, 'objects', key, decide)
  }
}

/** One readwrite transaction; what `decide` throws aborts it and is thrown on. */
async function updateIn<Value>(
  database: Database,
  storeName: 'records' | 'objects',
  key: string,
  decide: (current: Value | undefined) => Decision<Value>,
): Promise<Value | undefined> {
  return typed(async () => {
    // 'strict': an identity or a spent invitation must not come undone by a power cut, and writes are few and small.
    const transaction = database.transaction(storeName, 'readwrite', { durability: 'strict' })
    // Awaited below; this keeps it from being an unhandled rejection when an earlier step fails first.
    transaction.done.catch(() => {})
    const current = (await transaction.store.get(key)) as Value | undefined
    let decision: Decision<Value>
    try {
      decision = decide(current)
    } catch (error) {
      transaction.abort()
      throw error
    }
    if (decision.kind === 'put') await transaction.store.put(decision.value as Bytes, key)
    else if (decision.kind === 'delete') await transaction.store.delete(key)
    await transaction.done
    return outcome(current, decision)
  })
}

async function typed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw isCloneError(cause) ? cause : storageError(cause)
  }
}

/** Of a page one expects it, so there it is the browser's; elsewhere there never was one. */
function noIndexedDb(): KithError {
  return new KithError(
    'storage',
    page()
      ? 'This browser has no IndexedDB for this page.'
      : "There is no IndexedDB here, so nothing is kept: pass `storage`, a KeyValueStore of your own, or 'memory'.",
  )
}
