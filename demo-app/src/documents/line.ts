/**
 * The stream between me and one member of a document while both are online: opened when there is something to merge, and again after it
 * breaks. Both may open one at once: an update that arrives twice is merged once.
 */
import { messages, type Peer, type PeerId, type Stream } from '@kith/sdk'
import type { Doc } from 'yjs'
import { codeOf } from '../people/error-code.ts'
import { Value } from '../ui/observable.ts'
import { type DocumentParams, LEFT_CODE, SYNC } from './document.ts'
import { SYNC_MESSAGE_MAX_BYTES, SyncSession } from './sync.ts'

/** Milliseconds between attempts to reach a member who is online: doubled with each failure, up to the second. */
const RETRY_MS = 500
const RETRY_MAX_MS = 60_000

/** Why there is no stream although both are online. */
export type LineTrouble = 'unsupported-protocol' | 'needs-turn' | 'unreachable'

export type LineState =
  | { readonly at: 'closed' }
  | { readonly at: 'opening' }
  /** `merged`: they have stored all that is here. */
  | { readonly at: 'open'; readonly merged: boolean }
  | { readonly at: 'failed'; readonly why: LineTrouble }

export interface LineNeeds {
  readonly peer: Peer
  readonly doc: Doc
  readonly params: () => DocumentParams
  /** Whether a stream is needed. */ readonly isWanted: () => boolean
  /** Resolves once every update of the document is stored. */ readonly kept: () => Promise<void>
  /** I opened a stream: awareness is to be opened beside it, until the signal. */
  readonly opened: (signal: AbortSignal) => void
  /** They have left the document. */ readonly left: () => void
}

interface Spoken {
  readonly stream: Stream
  readonly session: SyncSession
  readonly openedBy: 'me' | 'them'
}

export class Line {
  readonly with: PeerId
  readonly state = new Value<LineState>({ at: 'closed' })

  readonly #needs: LineNeeds
  /** Every stream is read until its end. */
  readonly #heard = new Set<Spoken>()
  #line: Spoken | undefined
  #opening: AbortController | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #isClosed = false

  constructor(contact: PeerId, needs: LineNeeds) {
    this.with = contact
    this.#needs = needs
  }

  /** Opens a stream if one is needed; called after changes that may let it succeed. */
  wake(): void {
    const contact = this.#needs.peer.contacts.get(this.with)
    if (this.#isClosed || this.#line || this.#opening || !contact || contact.trust === 'blocked' || !this.#needs.isWanted())
      return
    clearTimeout(this.#retry)
    void this.#open()
  }

  /** They opened a stream. Settles when it is over. */
  async answer(stream: Stream): Promise<void> {
    await this.#take(stream, 'them')
  }

  /** `code`: tells the other side why. */
  close(code = 0): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#opening?.abort()
    for (const { stream } of this.#heard) stream.reset(code)
  }

  async #open(): Promise<void> {
    const opening = new AbortController()
    this.#opening = opening
    this.state.set({ at: 'opening' })
    try {
      const { peer, params } = this.#needs
      const stream = await peer.open(this.with, SYNC, { params: params(), signal: opening.signal })
      this.#opening = undefined
      void this.#take(stream, 'me')
    } catch (error) {
      this.#opening = undefined
      if (this.#line || this.#isClosed) return
      this.state.set(stateAfter(error))
      this.#retryLater()
    }
  }

  /** Only for members who are online: for the others, a 'contact' event starts the next attempt. */
  #retryLater(): void {
    if (this.#isClosed || !this.#needs.peer.contacts.get(this.with)?.online) return
    // The first attempt comes soon: most streams end because the other page is reloading, and a dial waits for it.
    const delayMs = Math.min(RETRY_MS * 2 ** this.#failures, RETRY_MAX_MS)
    this.#failures += 1
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.wake(), delayMs)
  }

  async #take(stream: Stream, openedBy: Spoken['openedBy']): Promise<void> {
    const channel = messages(stream, { maxMessageSize: SYNC_MESSAGE_MAX_BYTES })
    const session = new SyncSession(this.#needs.doc, channel, this.#needs.kept)
    const spoken: Spoken = { stream, session, openedBy }
    this.#heard.add(spoken)
    const loser = this.#settle(spoken)
    if (loser?.openedBy === 'me') loser.session.end()
    const whileOpen = new AbortController()
    session.merged.on(() => {
      // Reset only here: a remote that accepts a stream and ends it at once must not be dialled in a loop.
      if (session.merged.get()) this.#failures = 0
      if (this.#line === spoken) this.state.set({ at: 'open', merged: session.merged.get() })
    })
    if (openedBy === 'me') this.#needs.opened(whileOpen.signal)
    let after: LineState = { at: 'closed' }
    try {
      await session.run()
    } catch (error) {
      after = stateAfter(error)
      if (isLeft(error)) this.#needs.left()
      stream.reset()
    }
    whileOpen.abort()
    this.#heard.delete(spoken)
    if (this.#line !== spoken) return
    this.#line = undefined
    this.state.set(after)
    if (this.#needs.isWanted()) this.#retryLater()
  }

  /**
   * Chooses which of two streams counts from now on; returns the other. Of two that crossed on one connection it is the one that the
   * lower PeerId opened, so that both sides agree. Else it is the newer: the older belongs to a closed page or to another tab.
   */
  #settle(spoken: Spoken): Spoken | undefined {
    const rival = this.#line
    const lower = this.#needs.peer.id < this.with ? 'me' : 'them'
    const crossed = rival && rival.openedBy !== spoken.openedBy && rival.stream.connection === spoken.stream.connection
    if (crossed && rival.openedBy === lower) return spoken
    this.#line = spoken
    this.state.set({ at: 'open', merged: false })
    return rival
  }
}

const isLeft = (error: unknown) =>
  codeOf(error) === 'reset' && error instanceof Error && 'streamCode' in error && error.streamCode === LEFT_CODE

/** The state of the line after an error. An error without a code is a bug and is reported. */
function stateAfter(error: unknown): LineState {
  const code = codeOf(error)
  switch (code) {
    case 'unsupported-protocol':
    case 'needs-turn':
    case 'unreachable':
      return { at: 'failed', why: code }
    case undefined:
      reportError(error)
      return { at: 'closed' }
    default:
      return { at: 'closed' }
  }
}
