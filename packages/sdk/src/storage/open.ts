import { KithError } from '@kith/protocol'
import type { KeyValueStore, Stop } from '../api.ts'
import { persistsSilently, storageManager } from '../platform/browser.ts'
import { within } from '../platform/environment.ts'
import { Emitter } from '../runtime/events.ts'
import { adaptKeyValueStore } from './adapter.ts'
import { bounded } from './bounded.ts'
import { closable } from './closable.ts'
import { openIndexedDb } from './indexeddb.ts'
import { memoryStore } from './memory.ts'
import { type Health, resilient } from './resilient.ts'
import { type Store, storageError } from './store.ts'

/** 'persistent': the browser promised to keep it; 'best-effort': it may be evicted; 'session': something could not be saved,
 *  and why (no error: 'memory' was asked for). With the others an error says what tabs of this profile do not share. */
export interface StorageStatus {
  readonly state: 'persistent' | 'best-effort' | 'session'
  readonly error?: KithError
}

export interface OpenedStore {
  readonly store: Store
  /** Kept current: a write that fails later turns it to 'session'. */
  readonly status: StorageStatus
  onStatus(listener: (status: StorageStatus) => void): Stop
  /** All is saved, but the browser keeps this page from something that tabs of one profile share. */
  /** Call what it returns once the browser lets it after all. */
  limited(error: KithError): () => void
}

export interface OpenStoreOptions {
  readonly profile: string
  /** Default: IndexedDB. */
  readonly storage?: KeyValueStore | 'memory' | undefined
  /** How the database is opened; tests put a failing one here. */
  readonly openDatabase?: typeof openIndexedDb
}

/** Beyond: 'invalid-argument'. A profile is a word in a page's code; this only keeps database names sane. */
const PROFILE_MAX_LENGTH = 64

/**
 * Never rejects for what storage does: IndexedDB full, blocked or absent means memory for the session, and `status` says why.
 * Errors: 'invalid-argument' for the profile, and for a `storage` that is none.
 */
export async function openStore(options: OpenStoreOptions): Promise<OpenedStore> {
  const { profile, storage } = options
  if (typeof profile !== 'string' || profile.length === 0 || profile.length > PROFILE_MAX_LENGTH) {
    throw new KithError('invalid-argument', `profile must be a text of 1 to ${PROFILE_MAX_LENGTH} characters.`)
  }
  if (storage !== undefined && storage !== 'memory' && !isKeyValueStore(storage)) {
    throw new KithError('invalid-argument', "`storage` is 'memory' or an object with get, set, delete and keys.")
  }
  if (storage === 'memory') return opened(memoryStore(), new StatusHealth({ state: 'session' }))
  const health = new StatusHealth({ state: 'best-effort' })
  try {
    const [backing, state] = storage
      ? [await probed(bounded(adaptKeyValueStore(storage))), 'persistent' as const]
      : await Promise.all([
          (options.openDatabase ?? openIndexedDb)(`kith/${profile}`, { onLost: (error) => health.failed(error) }),
          durability(),
        ])
    health.promised({ state })
    return opened(resilient(storage ? backing : bounded(backing), health), health)
  } catch (cause) {
    return opened(memoryStore(), new StatusHealth({ state: 'session', error: storageError(cause) }))
  }
}

function opened(store: Store, health: StatusHealth): OpenedStore {
  return {
    store: closable(store),
    get status() {
      return health.status
    },
    onStatus: (listener) => health.events.on('status', listener),
    limited: (error) => health.limited(error),
  }
}

class StatusHealth implements Health {
  readonly events = new Emitter<{ status: StorageStatus }>()
  /** What the place promises while writes go through. */
  #promise: StorageStatus
  #error: KithError | undefined
  /** Oldest first: that one is in the status. */
  readonly #limits = new Set<KithError>()

  constructor(promise: StorageStatus) {
    this.#promise = promise
  }

  get status(): StorageStatus {
    if (this.#error) return { state: 'session', error: this.#error }
    const [limit] = this.#limits
    return limit && !this.#promise.error ? { ...this.#promise, error: limit } : this.#promise
  }

  limited(error: KithError): () => void {
    const isFirst = this.#limits.size === 0
    this.#limits.add(error)
    if (isFirst) this.events.emit('status', this.status)
    return () => {
      const [first] = this.#limits
      this.#limits.delete(error)
      if (first === error) this.events.emit('status', this.status)
    }
  }

  promised(promise: StorageStatus): void {
    this.#promise = promise
  }

  failed(error: KithError): void {
    const first = this.#error === undefined
    this.#error = error
    if (first) this.events.emit('status', this.status)
  }

  recovered(): void {
    this.#error = undefined
    this.events.emit('status', this.status)
  }
}

function isKeyValueStore(storage: Partial<KeyValueStore> | null): boolean {
  return (['get', 'set', 'delete', 'keys'] as const).every((name) => typeof storage?.[name] === 'function')
}

/** A user's store that cannot even be listed is reported at the start, not at the first contact. */
async function probed(store: Store): Promise<Store> {
  await store.keys('')
  return store
}

/** A browser that says nothing has promised nothing. */
const DURABILITY_TIMEOUT_MS = 2_000

/**
 * Asks for a promise only where asking is silent. Chromium decides by itself and never prompts; Firefox would put a question to a person who has just come to the page, and Safari decides by use: there a page that
 * knows its moment calls `navigator.storage.persist()` itself.
 */
async function durability(): Promise<'persistent' | 'best-effort'> {
  const ask = async () => {
    const manager = storageManager()
    if (await manager?.persisted?.()) return true
    return persistsSilently() && (await manager?.persist?.()) === true
  }
  try {
    return (await within(DURABILITY_TIMEOUT_MS, ask(), () => 'no answer')) ? 'persistent' : 'best-effort'
  } catch {
    // Not allowed to ask (an opaque origin), or no answer: no promise then, which is the answer.
    return 'best-effort'
  }
}
