import type { Bytes } from '@kith/protocol'
import type { Stop } from '../api.ts'
import { makeStop } from '../runtime/events.ts'
import { type Decision, type ObjectSlots, outcome, type Store } from './store.ts'

/** For as long as this page: where nothing else can be had, and for tests. */
export function memoryStore(): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  readonly #records = new Map<string, Bytes>()
  readonly objects: ObjectSlots = new MemoryObjects()

  async get(key: string): Promise<Bytes | undefined> {
    return this.#records.get(key)?.slice()
  }

  async keys(prefix: string): Promise<string[]> {
    return [...this.#records.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  async update(key: string, decide: (current: Bytes | undefined) => Decision<Bytes>): Promise<Bytes | undefined> {
    const current = this.#records.get(key)
    const after = outcome(current, decide(current?.slice()))
    // Copied in and out: a caller that goes on using its buffer must not change what is stored.
    if (after === undefined) this.#records.delete(key)
    else if (after !== current) this.#records.set(key, after.slice())
    return after?.slice()
  }

  onChange(): Stop {
    return makeStop(() => {})
  }

  close(): void {
    this.#records.clear()
  }
}

class MemoryObjects implements ObjectSlots {
  readonly #objects = new Map<string, unknown>()

  async get(key: string): Promise<unknown> {
    return this.#objects.get(key)
  }

  async update(key: string, decide: (current: unknown) => Decision<unknown>): Promise<unknown> {
    const current = this.#objects.get(key)
    const after = outcome(current, decide(current))
    if (after === undefined) this.#objects.delete(key)
    else this.#objects.set(key, after)
    return after
  }
}
