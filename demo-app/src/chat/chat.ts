/**
 * One conversation: its messages, and the stream that carries them while both are online.
 *
 * Which stream carries them does not matter. Each message is stored before it is sent, sent again on the next stream until the other
 * page acknowledges it, and dropped by the other page if it is stored there. So a page writes to one stream and reads every stream until
 * its end.
 */
import { type Message, type Messages, messages, type Peer, type PeerId, type Stream } from '@kith/sdk'
import { codeOf } from '../people/error-code.ts'
import { Value } from '../ui/observable.ts'
import { Batches } from './batches.ts'
import { type ChatMessage, type Entry, type History, isMessage, type NewCall, type NewEntry } from './history.ts'
import { CHAT, decode, encodeAck, encodeSaid, type Said, WIRE_MAX_BYTES, type Wire } from './wire.ts'

/** Messages shown at first, and with each 'Show earlier'. */
const PAGE_MESSAGES = 60

/** Entries held for a conversation that is on the screen, all of them read: beyond twice as many, the oldest are read from the history again
 *  when they are asked for. */
const HELD_MAX = 500

/** Messages of mine after which it is shown that they were sent, where many go at once. */
const SENT_STEP = 50

/** Milliseconds between attempts to open a stream to a contact who is online: doubled with each failure, up to the second. */
const RETRY_MS = 500
const RETRY_MAX_MS = 60_000

interface Line {
  readonly stream: Stream
  readonly messages: Messages
  readonly openedBy: 'me' | 'them'
  /** Ids of mine that were written to it. */ readonly sent: Set<string>
  /** My half is closed. */ ended: boolean
}

export type LineState =
  /** `missedAt`: when my last attempt had no answer, in milliseconds since 1970. */
  | { readonly at: 'closed'; readonly missedAt?: number }
  | { readonly at: 'opening' }
  | { readonly at: 'open' }
  | { readonly at: 'failed'; readonly why: LineTrouble }

/** Why there is no stream although both are online: the other page has no chat, hiding a network address needs a TURN server that is not
 *  set up, or the networks block the connection. */
export type LineTrouble = 'unsupported-protocol' | 'needs-turn' | 'unreachable'

export interface ChatNeeds {
  readonly peer: Peer
  readonly history: History
  /** The history has changed: other tabs of this profile read it again. */
  readonly changed: () => void
  /** A message is shown but could not be saved. */
  readonly unsaved: (error: unknown) => void
}

export class Chat {
  readonly with: PeerId
  /** Messages, and between them calls that are over. */
  readonly entries = new Value<readonly Entry[]>([])
  readonly unread = new Value(0)
  readonly line = new Value<LineState>({ at: 'closed' })
  /** Ids of mine that are on their way. */
  readonly sent = new Value<ReadonlySet<string>>(new Set())
  readonly hasEarlier = new Value(false)

  readonly #needs: ChatNeeds
  #line: Line | undefined
  #watched = false
  #closed = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #opening: AbortController | undefined
  #flushing = false
  #loading: Promise<void> | undefined
  #loadAgain = false
  /** Before this seq nothing is shown. */
  #firstSeq = 0

  constructor(contact: PeerId, needs: ChatNeeds) {
    this.with = contact
    this.#needs = needs
  }

  /** Reads the history. Calls during a read cause one more read. */
  async load(): Promise<void> {
    this.#loadAgain = true
    this.#loading ??= this.#loadUntilCurrent()
    await this.#loading
  }

  async #loadUntilCurrent(): Promise<void> {
    try {
      while (this.#loadAgain) {
        this.#loadAgain = false
        await this.#load()
      }
    } finally {
      this.#loading = undefined
    }
  }

  async #load(): Promise<void> {
    const shown = this.entries.get().length
    const latest = await this.#needs.history.latest(this.with, Math.max(PAGE_MESSAGES, shown))
    this.#firstSeq = latest[0]?.seq ?? 0
    const kept = new Set(latest.map(({ author, id }) => `${author} ${id}`))
    const unsaved = this.entries.get().filter(({ seq, author, id }) => seq === UNSAVED && !kept.has(`${author} ${id}`))
    this.#show([...latest, ...unsaved])
    this.hasEarlier.set(latest.length >= PAGE_MESSAGES)
    void this.#flush()
  }

  async loadEarlier(): Promise<void> {
    const earlier = await this.#needs.history.before(this.with, this.#firstSeq, PAGE_MESSAGES)
    this.#firstSeq = earlier[0]?.seq ?? this.#firstSeq
    this.hasEarlier.set(earlier.length === PAGE_MESSAGES)
    this.#show([...earlier, ...this.entries.get()])
  }

  /** Whether the conversation is on the screen: then messages are marked as read, and a stream is opened. */
  watch(watched: boolean): void {
    this.#watched = watched
    if (!watched) return
    void this.#read()
    this.wake()
  }

  async say(text: string): Promise<void> {
    const said: Said = { id: crypto.randomUUID(), text, at: Date.now() }
    this.#append(await this.#keep([{ ...said, with: this.with, author: 'me', delivered: false, read: true }]))
    this.#failures = 0
    this.wake()
    await this.#flush()
  }

  /** Adds a line for a call that is over. A missed call is unread until it is seen. */
  async noteCall({ author, call }: Pick<NewCall, 'author' | 'call'>): Promise<void> {
    const about = { id: crypto.randomUUID(), with: this.with, at: Date.now(), author, delivered: true }
    this.#append(await this.#keep([{ ...about, call, read: call.how !== 'missed' }]))
    if (this.#watched) await this.#read()
  }

  /** Opens a stream if one is needed; called after changes that may let it succeed. */
  wake(): void {
    const contact = this.#needs.peer.contacts.get(this.with)
    if (this.#closed || this.#line || this.#opening || !contact || contact.trust === 'blocked') return
    if (!this.#watched && this.#undelivered().length === 0) return
    clearTimeout(this.#retry)
    void this.#open()
  }

  /** They opened a stream. Settles when it is over. */
  async answer(stream: Stream): Promise<void> {
    await this.#take(stream, 'them')
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#opening?.abort()
    this.#line?.stream.reset()
  }

  // ── streams ────────────────────────────────────────────────────────────────────────────────

  async #open(): Promise<void> {
    const opening = new AbortController()
    this.#opening = opening
    this.line.set({ at: 'opening' })
    try {
      const stream = await this.#needs.peer.open(this.with, CHAT, { signal: opening.signal })
      this.#opening = undefined
      void this.#take(stream, 'me')
    } catch (error) {
      this.#opening = undefined
      if (this.#line || this.#closed) return
      this.line.set(lineAfter(error))
      this.#retryLater()
    }
  }

  /** Only for contacts who are online: for the others, a 'contact' event starts the next attempt. */
  #retryLater(): void {
    if (this.#closed || !this.#needs.peer.contacts.get(this.with)?.online) return
    // The first attempt comes soon: most streams end because the other page is reloading, and a dial waits for it.
    const delayMs = Math.min(RETRY_MS * 2 ** this.#failures, RETRY_MAX_MS)
    this.#failures += 1
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.wake(), delayMs)
  }

  async #take(stream: Stream, openedBy: Line['openedBy']): Promise<void> {
    const line: Line = {
      stream,
      openedBy,
      messages: messages(stream, { maxMessageSize: WIRE_MAX_BYTES }),
      sent: new Set(),
      ended: false,
    }
    const loser = this.#settle(line)
    if (loser?.openedBy === 'me') void end(loser)
    let state: LineState = { at: 'closed' }
    let isClean = false
    const inbox = new Batches<Wire>((batch) => this.#receive(line, batch))
    try {
      if (loser !== line) void this.#flush()
      try {
        for await (const message of line.messages) await this.#hear(inbox, message)
        isClean = true
      } finally {
        // What arrived before the end is stored.
        await inbox.finish()
      }
      await end(line)
    } catch (error) {
      state = lineAfter(error)
    }
    if (this.#line !== line) return
    this.#line = undefined
    this.sent.set(new Set())
    this.line.set(state)
    // A clean end means that another tab of mine or theirs continues the conversation. A stream is opened again when needed.
    if (!isClean || this.#undelivered().length > 0) this.#retryLater()
  }

  /**
   * Chooses which of two streams is written to from now on; returns the other. Of two that crossed on one connection it is the one that
   * the lower PeerId opened, so that both sides agree. Else it is the newer: the older belongs to a closed page or to another tab.
   */
  #settle(line: Line): Line | undefined {
    const rival = this.#line
    const lower = this.#needs.peer.id < this.with ? 'me' : 'them'
    const crossed = rival && rival.openedBy !== line.openedBy && rival.stream.connection === line.stream.connection
    if (crossed && rival.openedBy === lower) return line
    this.#line = line
    this.sent.set(new Set())
    this.line.set({ at: 'open' })
    return rival
  }

  async #hear(inbox: Batches<Wire>, message: Message): Promise<void> {
    // Reset only here: a remote that accepts a stream and ends it at once must not be dialled in a loop.
    this.#failures = 0
    const wire = decode(message.text())
    // A later version of this page may send other kinds of messages.
    if (wire) await inbox.add(wire)
  }

  async #receive(line: Line, batch: readonly Wire[]): Promise<void> {
    const arrived = new Set(batch.flatMap((wire) => (wire.kind === 'ack' ? [wire.id] : [])))
    if (arrived.size > 0) {
      this.#change((known) => known.author === 'me' && !known.delivered && arrived.has(known.id), { delivered: true })
      await this.#save(() => this.#needs.history.markDelivered(this.with, [...arrived]))
    }
    const said = batch.flatMap((wire) => (wire.kind === 'said' ? [wire.said] : []))
    if (said.length === 0) return
    const known = new Set(this.entries.get().flatMap(({ author, id }) => (author === 'them' ? [id] : [])))
    const isNew = ({ id }: Said) => !known.has(id) && known.add(id)
    // On the screen, messages are read on arrival.
    const read = this.#watched
    this.#append(
      await this.#keep(said.filter(isNew).map((one) => ({ ...one, with: this.with, author: 'them', delivered: false, read }))),
    )
    await Promise.all(said.map(({ id }) => line.messages.send(encodeAck(id))))
    if (this.#watched) await this.#read()
  }

  /** Sends, in order, what has not been acknowledged and was not sent on this stream. */
  async #flush(): Promise<void> {
    if (this.#flushing) return
    this.#flushing = true
    try {
      for (let line = this.#line; line; line = this.#line) {
        const { sent } = line
        const next = this.#undelivered().filter(({ id }) => !sent.has(id))
        if (next.length === 0) return
        for (const [n, message] of next.entries()) {
          if (line !== this.#line) break
          sent.add(message.id)
          await line.messages.send(encodeSaid(message))
          if (line === this.#line && (n % SENT_STEP === 0 || n === next.length - 1)) this.sent.set(new Set(sent))
        }
      }
    } catch (error) {
      // The stream is over. Its reader ends as well, and unacknowledged messages are sent on the next stream.
      if (codeOf(error) === undefined) reportError(error)
    } finally {
      this.#flushing = false
    }
  }

  // ── messages ───────────────────────────────────────────────────────────────────────────────

  #undelivered(): readonly ChatMessage[] {
    return this.entries
      .get()
      .filter(isMessage)
      .filter(({ author, delivered }) => author === 'me' && !delivered)
  }

  /** Stores entries. Returns those that were new: another tab of this profile may have stored some. */
  async #keep(entries: readonly NewEntry[]): Promise<readonly Entry[]> {
    if (entries.length === 0) return []
    try {
      const kept = await this.#needs.history.add(entries)
      if (kept.length > 0) this.#needs.changed()
      return kept
    } catch (error) {
      this.#needs.unsaved(error)
      return entries.map((entry) => ({ ...entry, seq: UNSAVED }))
    }
  }

  async #save(write: () => Promise<void>): Promise<void> {
    try {
      await write()
      this.#needs.changed()
    } catch (error) {
      this.#needs.unsaved(error)
    }
  }

  async #read(): Promise<void> {
    if (this.unread.get() === 0) return
    this.#change((entry) => entry.author === 'them' && !entry.read, { read: true })
    await this.#save(() => this.#needs.history.markRead(this.with))
  }

  #append(entries: readonly Entry[]): void {
    if (entries.length > 0) this.#show(this.#withoutOldest([...this.entries.get(), ...entries]))
  }

  /** Drops the oldest entries beyond the limit, only read and delivered ones. */
  #withoutOldest(entries: readonly Entry[]): readonly Entry[] {
    if (entries.length <= 2 * HELD_MAX) return entries
    const isOpen = ({ author, delivered, read, seq }: Entry) => seq === UNSAVED || (author === 'me' ? !delivered : !read)
    const firstOpen = entries.findIndex(isOpen)
    const end = entries.length - HELD_MAX
    const kept = entries.slice(firstOpen === -1 ? end : Math.min(end, firstOpen))
    if (kept.length === entries.length) return entries
    this.#firstSeq = kept[0]?.seq ?? this.#firstSeq
    this.hasEarlier.set(true)
    return kept
  }

  #change(which: (entry: Entry) => boolean, change: Partial<Pick<Entry, 'delivered' | 'read'>>): void {
    const entries = this.entries.get()
    if (!entries.some(which)) return
    this.#show(entries.map((entry) => (which(entry) ? { ...entry, ...change } : entry)))
  }

  #show(shown: readonly Entry[]): void {
    this.entries.set(shown)
    this.unread.set(shown.filter(({ author, read }) => author === 'them' && !read).length)
  }
}

/** The seq of entries that are shown but could not be saved: after all others. */
const UNSAVED = Number.MAX_SAFE_INTEGER

/** The state of the line after an error. An error without a code is a bug and is reported. */
function lineAfter(error: unknown): LineState {
  const code = codeOf(error)
  switch (code) {
    case 'unsupported-protocol':
    case 'needs-turn':
    case 'unreachable':
      return { at: 'failed', why: code }
    case 'no-answer':
    case 'no-relay':
      return { at: 'closed', missedAt: Date.now() }
    case undefined:
      reportError(error)
      return { at: 'closed' }
    default:
      return { at: 'closed' }
  }
}

/** Ends my half, once. */
async function end(line: Line): Promise<void> {
  if (line.ended) return
  line.ended = true
  try {
    await line.messages.close()
  } catch (error) {
    // The stream was reset, which ends my half as well.
    if (codeOf(error) === undefined) reportError(error)
  }
}
