/** All documents of this peer: the list, and whom each is shared with. Yjs is loaded when one is opened. */
import type { Peer, PeerId, Stream } from '@kith/sdk'
import { Value } from '../ui/observable.ts'
import { openTabs, type Tabs } from '../ui/tabs.ts'
import { type AwarenessChannel, handleAwareness } from './awareness-channel.ts'
import {
  DOCUMENTS_MAX,
  type DocumentEntry,
  type DocumentId,
  including,
  LEFT_CODE,
  readParams,
  SYNC,
  without,
} from './document.ts'
import { openDocumentStore } from './idb-store.ts'
import type { LiveDocument } from './live-document.ts'
import { type Change, type DocumentStore, type LeftDocument, MemoryDocumentStore } from './store.ts'

/** To the other tabs of this profile: this document changed, by this update if there is one. */
interface TabMessage {
  readonly doc: DocumentId
  readonly update?: Uint8Array
}

export interface KeptDocuments {
  readonly store: DocumentStore
  readonly entries: readonly DocumentEntry[]
  readonly left: readonly LeftDocument[]
}

export async function readDocuments(profile: string): Promise<KeptDocuments> {
  const store = await openDocumentStore(profile)
  try {
    return { store, ...(await store.list()) }
  } catch (error) {
    console.warn('The documents cannot be read; new ones are kept in memory only:', error)
    return { store: new MemoryDocumentStore(), entries: [], left: [] }
  }
}

export class Library {
  /** The last changed document is first. */
  readonly entries: Value<readonly DocumentEntry[]>
  /** Whether documents are kept after the page is closed. */
  readonly saved: boolean
  /** A document could not be saved. */
  readonly unsaved = new Value(false)
  /** The last document that was shared with me. */
  readonly arrived = new Value<{ readonly id: DocumentId; readonly from: PeerId } | undefined>(undefined)

  readonly #peer: Peer
  readonly #store: DocumentStore
  readonly #tabs: Tabs<TabMessage>
  readonly #live = new Map<DocumentId, Promise<LiveDocument>>()
  #left: ReadonlyMap<DocumentId, number> = new Map()

  constructor(peer: Peer, { store, entries, left }: KeptDocuments, profile: string) {
    this.#peer = peer
    this.#store = store
    this.saved = store.saved
    this.entries = new Value(sorted(entries))
    this.#left = new Map(left.map(({ id, leftUntil }) => [id, leftUntil]))
    this.#tabs = openTabs(`kith-demo/${profile}/documents`, (message) => void this.#hearTab(message).catch(reportError))
    peer.handle(SYNC, (stream) => this.#answer(stream))
    handleAwareness(peer, (channel, params) => this.#answerAwareness(channel, params))
    peer.on('contact', ({ change, contact }) => (change === 'removed' ? this.#forget(contact.id) : this.#wake(contact.id)))
    peer.on('connection', (connection) => this.#wake(connection.remote))
    for (const contact of peer.contacts) this.#wake(contact.id)
  }

  get(id: DocumentId): DocumentEntry | undefined {
    return this.entries.get().find((entry) => entry.id === id)
  }

  async create(): Promise<DocumentId> {
    const now = Date.now()
    const id = crypto.randomUUID()
    await this.#add({ id, title: '', createdAt: now, changedAt: now, members: [], behind: [], sharedAt: 0, isNew: false })
    return id
  }

  /** They get it as soon as both are online. */
  async share(id: DocumentId, who: PeerId): Promise<void> {
    const sharedAt = Date.now()
    await this.#change(id, (entry) => ({
      ...entry,
      members: including(entry.members, who),
      behind: including(entry.behind, who),
      sharedAt,
    }))
    const document = await this.open(id)
    document.wake()
  }

  /** Deletes it here; its members keep theirs. */
  async leave(id: DocumentId): Promise<void> {
    const leftUntil = this.get(id)?.sharedAt ?? 0
    const live = await this.#live.get(id)
    await live?.leave()
    this.#live.delete(id)
    this.#left = new Map(this.#left).set(id, leftUntil)
    this.entries.set(this.entries.get().filter((entry) => entry.id !== id))
    await this.#keep(() => this.#store.leave({ id, leftUntil }))
    this.#post({ doc: id })
  }

  /** Rejects where the editor cannot be loaded or the document cannot be read; a later call tries again. */
  open(id: DocumentId): Promise<LiveDocument> {
    const known = this.#live.get(id)
    if (known) return known
    const opening = this.#load(id)
    this.#live.set(id, opening)
    opening.catch(() => this.#live.delete(id))
    return opening
  }

  async #load(id: DocumentId): Promise<LiveDocument> {
    const { LiveDocument } = await import('./live-document.ts')
    return await LiveDocument.load(id, {
      peer: this.#peer,
      store: this.#store,
      entry: () => this.get(id),
      change: (change) => void this.#change(id, change),
      changed: (change) => this.#show(id, change),
      toTabs: (update) => this.#post({ doc: id, update }),
      unsaved: (error) => this.#warn(error),
    })
  }

  // ── others ─────────────────────────────────────────────────────────────────────────────────

  async #answer(stream: Stream): Promise<void> {
    const params = readParams(stream.params)
    if (!params || !this.#admit(params.doc, params.title, params.sharedAt, stream.remote)) {
      stream.reset(params && this.#left.has(params.doc) ? LEFT_CODE : 0)
      return
    }
    const document = await this.open(params.doc)
    await document.answer(stream)
  }

  /** A remote that knows a document's id got it from a member. False: I left the document, or the list is full. */
  #admit(id: DocumentId, title: string, sharedAt: number, from: PeerId): boolean {
    const entry = this.get(id)
    if (entry) {
      if (!entry.members.includes(from) || sharedAt > entry.sharedAt) {
        const latest = Math.max(sharedAt, entry.sharedAt)
        void this.#change(id, (known) => ({ ...known, members: including(known.members, from), sharedAt: latest }))
      }
      return true
    }
    if (sharedAt <= (this.#left.get(id) ?? -1) || this.entries.get().length >= DOCUMENTS_MAX) return false
    const now = Date.now()
    void this.#add({ id, title, createdAt: now, changedAt: now, members: [from], behind: [], sharedAt, isNew: true })
    this.arrived.set({ id, from })
    return true
  }

  async #answerAwareness(channel: AwarenessChannel, params: unknown): Promise<void> {
    const id = typeof params === 'object' && params !== null && 'doc' in params ? params.doc : undefined
    const entry = this.entries.get().find((known) => known.id === id)
    if (!entry?.members.includes(channel.remote)) {
      channel.close()
      return
    }
    const document = await this.open(entry.id)
    await document.answerAwareness(channel)
  }

  /** A contact came or went: documents that they do not have completely are opened, and so sent to them. */
  #wake(who: PeerId): void {
    const isThere = this.#peer.contacts.get(who)?.online || this.#peer.connections.has(who)
    for (const { id, members, behind } of this.entries.get()) {
      if (!members.includes(who)) continue
      if (this.#live.has(id) || (isThere && behind.includes(who))) this.open(id).then((live) => live.wake(), reportError)
    }
  }

  #forget(who: PeerId): void {
    for (const { id, members } of this.entries.get()) {
      if (!members.includes(who)) continue
      this.#live.get(id)?.then((live) => live.forget(who), reportError)
      const change: Change = (known) => ({ ...known, members: without(known.members, who), behind: without(known.behind, who) })
      void this.#change(id, change)
    }
  }

  // ── the list ───────────────────────────────────────────────────────────────────────────────

  async #add(entry: DocumentEntry): Promise<void> {
    this.entries.set(sorted([...this.entries.get(), entry]))
    const left = new Map(this.#left)
    left.delete(entry.id)
    this.#left = left
    await this.#keep(() => this.#store.add(entry))
    this.#post({ doc: entry.id })
  }

  async #change(id: DocumentId, change: Change): Promise<void> {
    this.#show(id, change)
    await this.#keep(() => this.#store.change(id, change))
    this.#post({ doc: id })
  }

  #show(id: DocumentId, change: Change): void {
    this.entries.set(sorted(this.entries.get().map((entry) => (entry.id === id ? change(entry) : entry))))
  }

  async #hearTab({ doc, update }: TabMessage): Promise<void> {
    const { entries, left } = await this.#store.list()
    this.entries.set(sorted(entries))
    this.#left = new Map(left.map(({ id, leftUntil }) => [id, leftUntil]))
    const live = await this.#live.get(doc)
    if (update) live?.takeFromTab(update)
    if (this.get(doc)) return
    await live?.leave()
    this.#live.delete(doc)
  }

  #post(message: TabMessage): void {
    this.#tabs.post(message)
  }

  async #keep(write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      this.#warn(error)
    }
  }

  #warn(error: unknown): void {
    console.warn('A document could not be saved:', error)
    this.unsaved.set(true)
  }
}

const sorted = (entries: readonly DocumentEntry[]) => [...entries].sort((a, b) => b.changedAt - a.changedAt)
