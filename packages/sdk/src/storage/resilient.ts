/**
 * A store whose writes may fail at any time (full, closed by a newer version, site data cleared) made into one whose values stay
 * usable for as long as the page: what could not be saved is kept in memory and told, once, with its reason. Nothing is lost
 * silently, and callers need not ask whether a write went through: nothing here rejects but what `decide` throws and values
 * that cannot be cloned.
 */

import type { Bytes, KithError } from '@kith/protocol'
import type { Stop } from '../api.ts'

import { DELETE, type Decision, isCloneError, KEEP, type ObjectSlots, outcome, put, type Store, storageError } from './store.ts'

/** Told of the first failure (and of each next one), and when all that could not be saved has been saved after all. */
export interface Health {
  failed(error: KithError): void
  recovered(): void
}

export function resilient(backing: Store, health: Health): Store {
  const unsaved = new Unsaved(health)
  const records = new Mirror<Bytes>('record', backing, unsaved)
  return {
    get: (key) => records.get(key),
    update: (key, decide) => records.update(key, decide),
    keys: async (prefix) => {
      const kept = await backing.keys(prefix).catch((error) => {
        health.failed(storageError(error))
        return records.knownKeys()
      })
      return records.corrected(kept).filter((key) => key.startsWith(prefix))
    },
    ...(backing.objects && { objects: new Mirror<unknown>('object', backing.objects, unsaved) satisfies ObjectSlots }),
    onChange: (listener): Stop => backing.onChange(listener),
    close: () => backing.close(),
  }
}

/** What is in memory only, over records and objects. */
class Unsaved {
  readonly #names = new Set<string>()
  readonly #health: Health

  constructor(health: Health) {
    this.#health = health
  }

  failed(error: unknown): void {
    this.#health.failed(storageError(error))
  }

  add(name: string): void {
    this.#names.add(name)
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  saved(name: string): void {
    if (this.#names.delete(name) && this.#names.size === 0) this.#health.recovered()
  }
}

interface Backing<Value> {
  get(key: string): Promise<Value | undefined>
  update(key: string, decide: (current: Value | undefined) => Decision<Value>): Promise<Value | undefined>
}

type Decide<Value> = (current: Value | undefined) => Decision<Value>

interface Undone<Value> {
  /** In order. */
  readonly decides: Decide<Value>[]
  trying?: Promise<void> | undefined
}

/** Remembers what was last read or written under each key, to go on from when the backing store fails. */
class Mirror<Value> {
  readonly #kind: string
  readonly #backing: Backing<Value>
  readonly #unsaved: Unsaved
  readonly #known = new Map<string, Value | undefined>()
  /** What was decided about values that were never read: to be decided again about what is stored, once the store answers. */
  readonly #unread = new Map<string, Undone<Value>>()

  constructor(kind: 'record' | 'object', backing: Backing<Value>, unsaved: Unsaved) {
    this.#kind = kind
    this.#backing = backing
    this.#unsaved = unsaved
  }

  async get(key: string): Promise<Value | undefined> {
    if (this.#isUnsaved(key)) return this.#known.get(key)
    try {
      const value = await this.#backing.get(key)
      if (!this.#isUnsaved(key)) this.#known.set(key, value)
    } catch (error) {
      // What was never read counts as absent from here on, so that a page starts with a store that cannot be read. It overwrites
      // nothing: an update asks the store again, in its transaction.
      this.#unsaved.failed(error)
    }
    return this.#known.get(key)
  }

  async update(key: string, decide: (current: Value | undefined) => Decision<Value>): Promise<Value | undefined> {
    if (this.#isUnsaved(key)) return this.#updateInMemory(key, decide)
    let refused = false
    try {
      const after = await this.#backing.update(key, (current) => {
        try {
          return decide(current)
        } catch (error) {
          refused = true
          throw error
        }
      })
      this.#known.set(key, after)
      return after
    } catch (error) {
      if (refused || isCloneError(error)) throw error
      this.#unsaved.failed(error)
      if (!this.#known.has(key)) {
        // A full store can still be read. What one that cannot holds counts as absent for now, and is not written over: it may answer again.
        const stored = await this.#backing.get(key).then(
          (value) => ({ value }),
          () => undefined,
        )
        // Another update may have come as far in the meantime.
        if (!this.#known.has(key)) {
          this.#known.set(key, stored?.value)
          if (!stored) this.#unread.set(key, { decides: [] })
        }
      }
      return this.#updateInMemory(key, decide)
    }
  }

  knownKeys(): string[] {
    return [...this.#known].filter(([, value]) => value !== undefined).map(([key]) => key)
  }

  /** `kept` as it would be if all could be saved. */
  corrected(kept: readonly string[]): string[] {
    const keys = new Set(kept)
    for (const [key, value] of this.#known) {
      if (!this.#isUnsaved(key)) continue
      if (value === undefined) keys.delete(key)
      else keys.add(key)
    }
    return [...keys].sort()
  }

  /** Memory decides; then saving is tried again, since space may have been freed. */
  async #updateInMemory(key: string, decide: (current: Value | undefined) => Decision<Value>): Promise<Value | undefined> {
    const current = this.#known.get(key)
    const decision = decide(current)
    const after = outcome(current, decision)
    const undone = this.#unread.get(key)
    // Also what keeps: of what is stored it may think otherwise.
    undone?.decides.push(decide)
    if (decision.kind === 'keep' && !undone) return after
    this.#known.set(key, after)
    if (!this.#isUnsaved(key)) {
      this.#unsaved.add(this.#name(key))
      return after
    }
    if (undone) return this.#decideAgain(key, undone)
    try {
      await this.#backing.update(key, () => (after === undefined ? { kind: 'delete' } : put(after)))
      if (this.#known.get(key) === after) this.#unsaved.saved(this.#name(key))
    } catch (error) {
      this.#unsaved.failed(error)
    }
    return after
  }

  /** One at a time for a key: what has been decided of the store is not decided twice. */
  async #decideAgain(key: string, undone: Undone<Value>): Promise<Value | undefined> {
    undone.trying ??= this.#decideAll(key, undone).finally(() => {
      undone.trying = undefined
    })
    await undone.trying
    return this.#known.get(key)
  }

  async #decideAll(key: string, { decides }: Undone<Value>): Promise<void> {
    try {
      while (decides.length > 0) {
        const now = [...decides]
        const stored = await this.#backing.update(key, (current) => changed(current, now))
        // What came meanwhile is next.
        decides.splice(0, now.length)
        this.#known.set(key, outcome(stored, changed(stored, decides)))
      }
      this.#unread.delete(key)
      this.#unsaved.saved(this.#name(key))
    } catch (error) {
      this.#unsaved.failed(error)
    }
  }

  #isUnsaved(key: string): boolean {
    return this.#unsaved.has(this.#name(key))
  }

  #name(key: string): string {
    return `${this.#kind} ${key}`
  }
}

/** All of these decisions in a row, as one. */
function changed<Value>(current: Value | undefined, decides: readonly Decide<Value>[]): Decision<Value> {
  let value = current
  for (const decide of decides) {
    try {
      value = outcome(value, decide(value))
    } catch {
      // Refused of what is stored, after it was done in memory: the caller has gone on, and what is stored stays.
    }
  }
  if (value === current) return KEEP
  return value === undefined ? DELETE : put(value)
}
