/** All conversations of this peer, and the one that is on the screen. */
import type { Peer, PeerId } from '@kith/sdk'
import type { ConversationSummary, Conversations } from '../people/conversations.ts'
import { Value } from '../ui/observable.ts'
import { openTabs, type Tabs } from '../ui/tabs.ts'
import { Chat } from './chat.ts'
import type { Entry, History } from './history.ts'
import { CHAT } from './wire.ts'

export class Chats implements Conversations {
  /** Whether messages are kept after the page is closed. */
  readonly saved: boolean
  /** The last message could not be saved. */
  readonly unsaved = new Value(false)
  /** Changes with any conversation. */
  readonly changes = new Value(0)

  readonly #peer: Peer
  readonly #history: History
  readonly #chats = new Map<PeerId, Chat>()
  /** To the other tabs of this profile. */
  readonly #tabs: Tabs<PeerId>
  #watched: Chat | undefined

  constructor(peer: Peer, history: History, profile: string) {
    this.#peer = peer
    this.#history = history
    this.saved = history.saved
    this.#tabs = openTabs(`kith-demo/${profile}`, (contact) => {
      void this.#chats.get(contact)?.load()
    })
    peer.handle(CHAT, (stream) => this.of(stream.remote).answer(stream))
    peer.on('contact', ({ change, contact }) => {
      if (change === 'removed') void this.#forget(contact.id)
      else this.of(contact.id).wake()
    })
    peer.on('connection', (connection) => this.#chats.get(connection.remote)?.wake())
    for (const contact of peer.contacts) this.of(contact.id)
  }

  of(contact: PeerId): Chat {
    const known = this.#chats.get(contact)
    if (known) return known
    const chat = new Chat(contact, {
      peer: this.#peer,
      history: this.#history,
      changed: () => this.#tabs.post(contact),
      unsaved: (error) => {
        console.warn('A message could not be saved:', error)
        this.unsaved.set(true)
      },
    })
    this.#chats.set(contact, chat)
    const changed = () => this.changes.set(this.changes.get() + 1)
    for (const value of [chat.entries, chat.unread, chat.line]) value.on(changed)
    // Undelivered messages of the history are sent.
    chat.load().then(() => chat.wake(), reportError)
    return chat
  }

  about(contact: PeerId): ConversationSummary {
    const { unread, entries, line } = this.of(contact)
    const state = line.get()
    return {
      unread: unread.get(),
      lastAt: entries.get().at(-1)?.at,
      isOpening: state.at === 'opening',
      unansweredAt: state.at === 'closed' ? state.missedAt : undefined,
    }
  }

  last(contact: PeerId): Entry | undefined {
    return this.#chats.get(contact)?.entries.get().at(-1)
  }

  /** `undefined`: none is on the screen, or the page is in the background. */
  watch(contact: PeerId | undefined): void {
    const chat = contact && this.of(contact)
    if (chat === this.#watched) return
    this.#watched?.watch(false)
    this.#watched = chat
    chat?.watch(true)
  }

  async #forget(contact: PeerId): Promise<void> {
    this.#chats.get(contact)?.close()
    this.#chats.delete(contact)
    if (this.#watched?.with === contact) this.#watched = undefined
    await this.#history.forget(contact).catch(reportError)
    this.changes.set(this.changes.get() + 1)
  }
}
