/**
 * The store of documents: for each an entry and its updates, oldest first, which are merged into one now and then. An update is opaque
 * to the store.
 */
import type { DocumentEntry, DocumentId } from './document.ts'

export type Change = (entry: DocumentEntry) => DocumentEntry
export type Merge = (updates: Uint8Array[]) => Uint8Array

/** A document that I left, and the latest `sharedAt` that I knew of: only a later one brings it back. */
export interface LeftDocument {
  readonly id: DocumentId
  readonly leftUntil: number
}

export interface DocumentStore {
  /** Whether it is kept after the page is closed. */ readonly saved: boolean
  list(): Promise<{ entries: DocumentEntry[]; left: LeftDocument[] }>
  add(entry: DocumentEntry): Promise<void>
  /** Does nothing where there is no such entry. */
  change(id: DocumentId, change: Change): Promise<void>
  /** Resolves once it is written; the entry is changed with it, or neither is. */
  append(id: DocumentId, update: Uint8Array, change: Change): Promise<void>
  updates(id: DocumentId): Promise<Uint8Array[]>
  /** Merges all updates into one. */
  compact(id: DocumentId, merge: Merge): Promise<void>
  leave(left: LeftDocument): Promise<void>
}

/** In memory, for as long as the page is open: where IndexedDB cannot be used. */
export class MemoryDocumentStore implements DocumentStore {
  readonly saved = false
  readonly #entries = new Map<DocumentId, DocumentEntry>()
  readonly #left = new Map<DocumentId, LeftDocument>()
  readonly #updates = new Map<DocumentId, Uint8Array[]>()

  async list(): Promise<{ entries: DocumentEntry[]; left: LeftDocument[] }> {
    return { entries: [...this.#entries.values()], left: [...this.#left.values()] }
  }

  async add(entry: DocumentEntry): Promise<void> {
    this.#entries.set(entry.id, entry)
    this.#left.delete(entry.id)
  }

  async change(id: DocumentId, change: Change): Promise<void> {
    const entry = this.#entries.get(id)
    if (entry) this.#entries.set(id, change(entry))
  }

  async append(id: DocumentId, update: Uint8Array, change: Change): Promise<void> {
    this.#updates.set(id, [...(this.#updates.get(id) ?? []), update])
    await this.change(id, change)
  }

  async updates(id: DocumentId): Promise<Uint8Array[]> {
    return this.#updates.get(id) ?? []
  }

  async compact(id: DocumentId, merge: Merge): Promise<void> {
    const updates = this.#updates.get(id)
    if (updates) this.#updates.set(id, [merge(updates)])
  }

  async leave(left: LeftDocument): Promise<void> {
    this.#entries.delete(left.id)
    this.#updates.delete(left.id)
    this.#left.set(left.id, left)
  }
}
