/** An open document: its text, its storage, and the lines over which it is merged with the copies of its members. */
import type { Peer, PeerId, Stream } from '@kith/sdk'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { codeOf } from '../people/error-code.ts'
import { Value } from '../ui/observable.ts'
import { AwarenessSharing } from './awareness.ts'
import { type AwarenessChannel, openAwareness } from './awareness-channel.ts'
import { othersIn, type Present } from './awareness-state.ts'
import { type DocumentEntry, type DocumentId, LEFT_CODE, TITLE_MAX_LENGTH, without } from './document.ts'
import { Line, type LineState } from './line.ts'
import type { Change, DocumentStore } from './store.ts'

/** Updates kept one by one: more are merged into one when the document is opened, which takes milliseconds. */
const COMPACT_ABOVE = 64

export type Keeping = 'kept' | 'keeping' | 'failed'

export interface LiveNeeds {
  readonly peer: Peer
  readonly store: DocumentStore
  readonly entry: () => DocumentEntry | undefined
  /** Changes the entry in memory as well as in the store. */ readonly change: (change: Change) => void
  /** As `change`, in memory alone: the store has it already. */ readonly changed: (change: Change) => void
  /** For the other tabs of this profile. */ readonly toTabs: (update: Uint8Array) => void
  readonly unsaved: (error: unknown) => void
}

/** The origin of updates that another tab of this profile has stored already. */
const OTHER_TAB = Symbol('other tab')

export class LiveDocument {
  readonly id: DocumentId
  readonly text: Y.Text
  readonly title: Y.Text
  readonly awareness: Awareness
  readonly keeping = new Value<Keeping>('kept')
  readonly present = new Value<readonly Present[]>([])
  readonly lines = new Value<ReadonlyMap<PeerId, LineState>>(new Map())

  readonly #needs: LiveNeeds
  readonly #doc = new Y.Doc()
  readonly #lines = new Map<PeerId, Line>()
  readonly #sharing: AwarenessSharing
  #unkept: Uint8Array[] = []
  #writing: Promise<void> | undefined
  #isShown = false

  private constructor(id: DocumentId, needs: LiveNeeds) {
    this.id = id
    this.#needs = needs
    this.text = this.#doc.getText('text')
    this.title = this.#doc.getText('title')
    this.awareness = new Awareness(this.#doc)
    this.awareness.setLocalState(null)
    this.#sharing = new AwarenessSharing(this.awareness)
  }

  /** Reads it from the store. Rejects where that cannot be read. */
  static async load(id: DocumentId, needs: LiveNeeds): Promise<LiveDocument> {
    const document = new LiveDocument(id, needs)
    const updates = await needs.store.updates(id)
    Y.transact(document.#doc, () => {
      for (const update of updates) Y.applyUpdate(document.#doc, update)
    })
    if (updates.length > COMPACT_ABOVE) needs.store.compact(id, Y.mergeUpdates).catch(needs.unsaved)
    document.#watch()
    return document
  }

  /** It is on the screen: others see that I am here, and lines to all members are opened. */
  show(name: string): void {
    this.#isShown = true
    this.awareness.setLocalState({ user: { name } })
    if (this.#needs.entry()?.isNew) this.#needs.change((entry) => ({ ...entry, isNew: false }))
    this.wake()
  }

  hide(): void {
    this.#isShown = false
    this.awareness.setLocalState(null)
  }

  /** Opens the lines that are needed; called when a member comes online or is added. */
  wake(): void {
    for (const member of this.#needs.entry()?.members ?? []) this.#line(member).wake()
  }

  /** A member opened a stream. Settles when it is over. */
  async answer(stream: Stream): Promise<void> {
    await this.#line(stream.remote).answer(stream)
  }

  async answerAwareness(channel: AwarenessChannel): Promise<void> {
    try {
      await this.#sharing.share(channel)
    } catch (error) {
      // Connections end, and remotes may send anything; only an error that is not a KithError is a bug of ours.
      if (codeOf(error) === undefined) reportError(error)
    } finally {
      channel.close()
    }
  }

  /** An update that another tab of this profile has stored. */
  takeFromTab(update: Uint8Array): void {
    Y.applyUpdate(this.#doc, update, OTHER_TAB)
  }

  forget(member: PeerId): void {
    this.#lines.get(member)?.close()
    this.#lines.delete(member)
    this.#showLines()
  }

  /** I leave the document: members who are online learn it now, the others when they open a stream. Resolves after the last write. */
  async leave(): Promise<void> {
    for (const line of this.#lines.values()) line.close(LEFT_CODE)
    this.#doc.destroy()
    this.#doc.off('update', this.#updated)
    this.#unkept = []
    await this.#writing
  }

  // ── keeping ────────────────────────────────────────────────────────────────────────────────

  readonly #updated = (update: Uint8Array, origin: unknown) => {
    if (origin === OTHER_TAB) return
    this.#unkept.push(update)
    this.#writing ??= this.#write()
  }

  #watch(): void {
    this.#doc.on('update', this.#updated)
    this.awareness.on('change', () => this.present.set(othersIn(this.awareness)))
  }

  /** Resolves once every update so far is stored; rejects where that fails. */
  readonly #kept = async (): Promise<void> => {
    await this.#writing
    if (this.keeping.get() === 'failed') throw new Error('the document could not be saved')
  }

  /** One write at a time; updates that come meanwhile are merged into the next. */
  async #write(): Promise<void> {
    this.keeping.set('keeping')
    try {
      // The lines see the update in this same turn, and are then no longer merged.
      await Promise.resolve()
      while (this.#unkept.length > 0) {
        const update = this.#unkept.length === 1 && this.#unkept[0] ? this.#unkept[0] : Y.mergeUpdates(this.#unkept)
        this.#unkept = []
        const change = this.#changeNow()
        try {
          await this.#needs.store.append(this.id, update, change)
        } catch (error) {
          // Stored again with the next update: nothing that is on the screen is given up.
          this.#unkept.unshift(update)
          throw error
        }
        this.#needs.changed(change)
        this.#needs.toTabs(update)
      }
      this.keeping.set('kept')
    } catch (error) {
      this.keeping.set('failed')
      this.#needs.unsaved(error)
    } finally {
      this.#writing = undefined
    }
  }

  #changeNow(): Change {
    const title = this.title.toString().slice(0, TITLE_MAX_LENGTH)
    const changedAt = Date.now()
    const merged = new Set([...this.#lines.values()].filter(isMerged).map((line) => line.with))
    return (entry) => ({
      ...entry,
      // Until the first update of a document that was shared with me is here, its title is what came with the share.
      title: title === '' && this.title.length === 0 && this.text.length === 0 ? entry.title : title,
      changedAt,
      behind: entry.members.filter((member) => !merged.has(member)),
    })
  }

  // ── others ─────────────────────────────────────────────────────────────────────────────────

  #line(member: PeerId): Line {
    const known = this.#lines.get(member)
    if (known) return known
    const { peer, entry, change } = this.#needs
    const line: Line = new Line(member, {
      peer,
      doc: this.#doc,
      params: () => {
        const { title = '', sharedAt = 0 } = entry() ?? {}
        return { doc: this.id, title, sharedAt }
      },
      isWanted: () => this.#isShown || (entry()?.behind.includes(member) ?? false),
      kept: this.#kept,
      opened: (signal) => void this.#openAwareness(member, signal),
      left: () => {
        this.forget(member)
        change((known) => ({ ...known, members: without(known.members, member), behind: without(known.behind, member) }))
      },
    })
    this.#lines.set(member, line)
    line.state.on(() => {
      this.#showLines()
      if (isMerged(line) && entry()?.behind.includes(member)) {
        change((known) => ({ ...known, behind: without(known.behind, member) }))
      }
    })
    return line
  }

  async #openAwareness(member: PeerId, signal: AbortSignal): Promise<void> {
    try {
      const channel = await openAwareness(this.#needs.peer, member, { doc: this.id }, signal)
      signal.addEventListener('abort', () => channel.close(), { once: true })
      await this.answerAwareness(channel)
    } catch (error) {
      // The text is merged without it: cursors are not worth a second dial.
      if (codeOf(error) === undefined) reportError(error)
    }
  }

  #showLines(): void {
    this.lines.set(new Map(Array.from(this.#lines, ([member, line]) => [member, line.state.get()])))
  }
}

const isMerged = (line: Line) => {
  const state = line.state.get()
  return state.at === 'open' && state.merged
}
