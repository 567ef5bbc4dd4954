/** Stored messages and calls. The SDK stores contacts; the page stores their conversations. */
import type { PeerId } from '@kith/sdk'
import type { Said } from './wire.ts'

interface About {
  readonly with: PeerId
  /** Who wrote or called. */ readonly author: 'me' | 'them'
  /** Mine: the other page has acknowledged it. */ readonly delivered: boolean
  /** Theirs: it was on the screen. */ readonly read: boolean
}

export interface NewMessage extends About, Said {}

export interface NewCall extends About, Omit<Said, 'text'> {
  readonly call: CallRecord
}

/** How a call ended. */
export type CallRecord =
  | { readonly how: 'answered'; readonly lastedMs: number }
  /** 'missed' and 'declined': theirs. 'unanswered': mine, for any reason. */
  | { readonly how: 'missed' | 'declined' | 'unanswered' }

export type NewEntry = NewMessage | NewCall

interface Numbered {
  /** Grows with every entry, by whichever tab of this profile. */ readonly seq: number
}
export type ChatMessage = NewMessage & Numbered
export type CallEntry = NewCall & Numbered
/** A line of a conversation. */
export type Entry = ChatMessage | CallEntry

export const isMessage = (entry: Entry): entry is ChatMessage => 'text' in entry

export interface History {
  /** Whether it is kept after the page is closed. */ readonly saved: boolean
  /** The last `count` entries, and as many more as it takes to reach the first that is undelivered or unread; oldest first. */
  latest(contact: PeerId, count: number): Promise<Entry[]>
  /** The `count` entries before this one; oldest first. */
  before(contact: PeerId, seq: number, count: number): Promise<Entry[]>
  /** Adds those that are not stored yet, by id and author; in order, all or none. Returns them. `entries` has no duplicates. */
  add(entries: readonly NewEntry[]): Promise<Entry[]>
  markDelivered(contact: PeerId, ids: readonly string[]): Promise<void>
  markRead(contact: PeerId): Promise<void>
  forget(contact: PeerId): Promise<void>
}

const identityOf = ({ with: contact, author, id }: NewEntry) => `${contact} ${author} ${id}`

/** In memory, for as long as the page is open: where IndexedDB cannot be used. */
export class MemoryHistory implements History {
  readonly saved = false
  #seq = 0
  #entries: Entry[] = []

  async latest(contact: PeerId, count: number): Promise<Entry[]> {
    const all = this.#with(contact)
    const open = all.findIndex((entry) => (entry.author === 'me' ? !entry.delivered : !entry.read))
    const start = Math.max(0, all.length - count)
    return all.slice(open === -1 ? start : Math.min(start, open))
  }

  async before(contact: PeerId, seq: number, count: number): Promise<Entry[]> {
    return this.#with(contact)
      .filter((entry) => entry.seq < seq)
      .slice(-count)
  }

  async add(entries: readonly NewEntry[]): Promise<Entry[]> {
    const known = new Set(this.#entries.map(identityOf))
    const kept = entries.filter((entry) => !known.has(identityOf(entry))).map((entry) => ({ ...entry, seq: ++this.#seq }))
    this.#entries.push(...kept)
    return kept
  }

  async markDelivered(contact: PeerId, ids: readonly string[]): Promise<void> {
    const arrived = new Set(ids)
    this.#change((entry) => entry.with === contact && entry.author === 'me' && arrived.has(entry.id), { delivered: true })
  }

  async markRead(contact: PeerId): Promise<void> {
    this.#change((entry) => entry.with === contact && entry.author === 'them', { read: true })
  }

  async forget(contact: PeerId): Promise<void> {
    this.#entries = this.#entries.filter((entry) => entry.with !== contact)
  }

  #with(contact: PeerId): Entry[] {
    return this.#entries.filter((entry) => entry.with === contact)
  }

  #change(which: (entry: Entry) => boolean, change: Partial<About>): void {
    this.#entries = this.#entries.map((entry) => (which(entry) ? { ...entry, ...change } : entry))
  }
}
