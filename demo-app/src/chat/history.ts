/** What was said, kept by the page itself: the SDK keeps people, the page keeps their words. */
import type { PeerId } from '@kith/sdk'
import type { Said } from './wire.ts'

export interface ChatMessage extends Said {
  /** Grows with every message that came in or was written, by whichever tab of this profile. */ readonly seq: number
  readonly with: PeerId
  readonly author: 'me' | 'them'
  /** Of mine: it has arrived, the other's page said so. */ readonly delivered: boolean
  /** Of theirs: it was on the screen. */ readonly read: boolean
}

export type NewMessage = Omit<ChatMessage, 'seq'>

export interface History {
  /** Whether it outlives this page. */ readonly saved: boolean
  /** The last `count` messages, and as many more as it takes to reach the first that is undelivered or unread; oldest first. */
  latest(contact: PeerId, count: number): Promise<ChatMessage[]>
  /** The `count` messages before this one; oldest first. */
  before(contact: PeerId, seq: number, count: number): Promise<ChatMessage[]>
  /** Undefined where a message of this id by this author is there already. */
  add(message: NewMessage): Promise<ChatMessage | undefined>
  markDelivered(contact: PeerId, id: string): Promise<void>
  markRead(contact: PeerId): Promise<void>
  forget(contact: PeerId): Promise<void>
}

/** For as long as this page: where IndexedDB is unusable. */
export class MemoryHistory implements History {
  readonly saved = false
  #seq = 0
  #messages: ChatMessage[] = []

  async latest(contact: PeerId, count: number): Promise<ChatMessage[]> {
    const all = this.#with(contact)
    const open = all.findIndex((message) => (message.author === 'me' ? !message.delivered : !message.read))
    const start = Math.max(0, all.length - count)
    return all.slice(open === -1 ? start : Math.min(start, open))
  }

  async before(contact: PeerId, seq: number, count: number): Promise<ChatMessage[]> {
    return this.#with(contact)
      .filter((message) => message.seq < seq)
      .slice(-count)
  }

  async add(message: NewMessage): Promise<ChatMessage | undefined> {
    if (this.#with(message.with).some(({ id, author }) => id === message.id && author === message.author)) return undefined
    this.#seq += 1
    const kept = { ...message, seq: this.#seq }
    this.#messages.push(kept)
    return kept
  }

  async markDelivered(contact: PeerId, id: string): Promise<void> {
    this.#change((message) => message.with === contact && message.author === 'me' && message.id === id, { delivered: true })
  }

  async markRead(contact: PeerId): Promise<void> {
    this.#change((message) => message.with === contact && message.author === 'them', { read: true })
  }

  async forget(contact: PeerId): Promise<void> {
    this.#messages = this.#messages.filter((message) => message.with !== contact)
  }

  #with(contact: PeerId): ChatMessage[] {
    return this.#messages.filter((message) => message.with === contact)
  }

  #change(which: (message: ChatMessage) => boolean, change: Partial<ChatMessage>): void {
    this.#messages = this.#messages.map((message) => (which(message) ? { ...message, ...change } : message))
  }
}
