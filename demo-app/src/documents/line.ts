/**
 * The stream between me and one member of a document, for as long as both are there: opened when there is something to merge,
 * opened again when it broke. Both may do so at once; it is enough to agree roughly, since what arrives twice is taken once.
 */
import { messages, type Peer, type PeerId, type Stream } from '@kith/sdk'
import type { Doc } from 'yjs'
import { codeOf } from '../people/error-code.ts'
import { Value } from '../ui/observable.ts'
import { type DocumentParams, LEFT_CODE, SYNC } from './document.ts'
import { SYNC_MESSAGE_MAX_BYTES, SyncSession } from './sync.ts'

/** Between tries to reach someone who seems to be there: doubled with each that fails, up to the second. */
const RETRY_MS = 500
const RETRY_MAX_MS = 60_000

/** What keeps two people who are both there from writing together. */
export type LineTrouble = 'unsupported-protocol' | 'needs-turn' | 'unreachable'

export type LineState =
  | { readonly at: 'closed' }
  | { readonly at: 'opening' }
  /** `merged`: they have written down all that is here. */
  | { readonly at: 'open'; readonly merged: boolean }
  | { readonly at: 'failed'; readonly why: LineTrouble }

export interface LineNeeds {
  readonly peer: Peer
  readonly doc: Doc
  readonly params: () => DocumentParams
  /** Whether a stream is worth having, should they be there. */ readonly isWanted: () => boolean
  /** Resolves once everything that reached the document is written down. */ readonly kept: () => Promise<void>
  /** I opened the stream that is spoken on: what goes with it is to be opened too, until the signal. */
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
  /** Every stream is heard until its end. */
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

  /** Opens a stream if there is a reason to; called when something changed that may let it succeed. */
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

  /** `code`: what the other side is to make of it. */
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

  /** Only for those who seem to be there: for the others, 'contact' events tell when it is worth a try. */
  #retryLater(): void {
    if (this.#isClosed || !this.#needs.peer.contacts.get(this.with)?.online) return
    // The first comes soon: most streams end because the other page is being loaded again, and a dial waits for it.
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
      // Only now: whoever takes a stream and ends it at once is not to be called again and again.
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
   * Which of two streams counts from now on; returns the other. Of two on one connection that crossed, the one from the lower
   * PeerId, as both sides see; else the newer, since the older belongs to a page that is gone or to another tab.
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

/** What is to be shown after this. Reports it where it is a bug. */
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
