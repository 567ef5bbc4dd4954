import { type Bytes, KithError } from '@kith/protocol'
import type { Stop } from '../api.ts'
import { Emitter, report } from '../runtime/events.ts'
import { DELETE, type Decision, KEEP, put, type Store } from './store.ts'

export interface CollectionOptions<Item> {
  /** Of the keys in the store: 'contact/'. */
  readonly prefix: string
  /** For error messages: 'contact'. */
  readonly what: string
  readonly pack: (item: Item) => Bytes
  /** Throws for bytes that `pack` did not make. */
  readonly unpack: (bytes: Bytes, id: string) => Item
}

export interface CollectionChange<Item> {
  readonly id: string
  readonly before: Item | undefined
  readonly after: Item | undefined
}

/**
 * Records of one kind, one a key, all of them in memory too. A record that cannot be read is reported and left out; it never takes
 * the others with it, and it is not deleted: a later version may understand it.
 */
export class Collection<Item> {
  readonly #store: Store
  readonly #options: CollectionOptions<Item>
  readonly #items = new Map<string, Item>()
  readonly #changes = new Emitter<{ change: CollectionChange<Item> }>()
  readonly #stop: Stop

  static async open<Item>(store: Store, options: CollectionOptions<Item>): Promise<Collection<Item>> {
    const collection = new Collection(store, options)
    const keys = await store.keys(options.prefix)
    await Promise.all(keys.map((key) => collection.refresh(key.slice(options.prefix.length))))
    return collection
  }

  private constructor(store: Store, options: CollectionOptions<Item>) {
    this.#store = store
    this.#options = options
    // Listening before the first read: what changes in between is read twice rather than missed.
    this.#stop = store.onChange((key) => {
      if (key.startsWith(options.prefix)) this.refresh(key.slice(options.prefix.length)).catch(report)
    })
  }

  get items(): ReadonlyMap<string, Item> {
    return this.#items
  }

  /** `decide` sees what is stored, not what this tab last saw; pure, as in Store.update. What it throws is thrown on. */
  async update(id: string, decide: (current: Item | undefined) => Decision<Item>): Promise<Item | undefined> {
    const { prefix, pack } = this.#options
    const stored = await this.#store.update(prefix + id, (bytes) => {
      const decision = decide(bytes && this.#read(bytes, id))
      return decision.kind === 'put' ? put(pack(decision.value)) : decision.kind === 'delete' ? DELETE : KEEP
    })
    return this.#take(id, stored)
  }

  /** Takes what is stored now. */
  async refresh(id: string): Promise<void> {
    this.#take(id, await this.#store.get(this.#options.prefix + id))
  }

  /** Made here or in another tab; told after `items` has it. */
  onChange(listener: (change: CollectionChange<Item>) => void): Stop {
    return this.#changes.on('change', listener)
  }

  close(): void {
    this.#stop()
  }

  #take(id: string, bytes: Bytes | undefined): Item | undefined {
    const before = this.#items.get(id)
    const after = bytes && this.#read(bytes, id)
    if (after === undefined) this.#items.delete(id)
    else this.#items.set(id, after)
    if (before !== undefined || after !== undefined) this.#changes.emit('change', { id, before, after })
    return after
  }

  #read(bytes: Bytes, id: string): Item | undefined {
    try {
      return this.#options.unpack(bytes, id)
    } catch (cause) {
      report(new KithError('storage', `A ${this.#options.what} kept in this browser cannot be read: it is left out.`, { cause }))
      return undefined
    }
  }
}
