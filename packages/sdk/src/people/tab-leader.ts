/**
 * Of several tabs of one profile one answers what comes in: the one last in focus. The browser's lock manager decides (Web Locks):
 * the holder of the profile's lock leads; focus steals it; a tab that lost it queues again, so that when the leader closes,
 * or crashes, another takes over without anyone watching.
 */
import { KithError } from '@kith/protocol'
import { isHeld, LOCK_TIMEOUT_MS, type Locks } from '../platform/locks.ts'

/** Why tabs of one profile do not act as one peer. */
export function tabsApart(cause?: unknown): KithError {
  const words = 'The browser does not let tabs of this page see each other: they meet through a relay, and each of them answers.'
  return new KithError('storage', words, { cause })
}

export interface TabLeaderOptions {
  /** Absent, or a browser without locks: this tab always leads. */
  readonly locks?: Locks | undefined
  /** The profile's own. */
  readonly lockName: string
  /** Whose focus counts. Absent in workers and Node. */
  readonly page?: { readonly document: Pick<Document, 'hasFocus'> & EventTarget; readonly window: EventTarget } | undefined
  /** The browser has locks and does not let this page use them: it answers as if it were alone. Once, until `onUsable`. */
  readonly onUnusable?: ((cause: unknown) => void) | undefined
  /** They work after all: what was asked for has come, late. */
  readonly onUsable?: (() => void) | undefined
}

type State =
  | { readonly kind: 'waiting'; readonly abort: AbortController }
  | { readonly kind: 'stealing' }
  | { readonly kind: 'leading'; readonly release: () => void }
  /** Without locks. `asked` has not been answered: should it be after all, there are locks again. */
  | { readonly kind: 'alone'; readonly asked?: State }
  | { readonly kind: 'closed' }

export class TabLeader {
  readonly #options: TabLeaderOptions
  readonly #listening = new AbortController()
  #state: State = { kind: 'alone' }
  #watch: ReturnType<typeof setTimeout> | undefined
  #isUnusable = false

  constructor(options: TabLeaderOptions) {
    this.#options = options
    if (!options.locks) return
    const { page } = options
    if (page) {
      const { signal } = this.#listening
      page.window.addEventListener('focus', () => this.#steal(), { signal })
      page.document.addEventListener('visibilitychange', () => page.document.hasFocus() && this.#steal(), { signal })
    }
    if (page?.document.hasFocus()) this.#steal()
    else this.#wait()
  }

  /** Whether this tab answers. */
  isLeader(): boolean {
    return this.#state.kind === 'leading' || this.#state.kind === 'alone'
  }

  /** Gives the lead up; the next tab in line takes it. */
  close(): void {
    this.#listening.abort()
    clearTimeout(this.#watch)
    const before = this.#state
    this.#state = { kind: 'closed' }
    if (before.kind === 'leading') before.release()
    else if (before.kind === 'waiting') before.abort.abort()
  }

  #wait(): void {
    const abort = new AbortController()
    const state: State = { kind: 'waiting', abort }
    this.#state = state
    this.#request(state, { signal: abort.signal })
  }

  #steal(): void {
    const before = this.#state
    if (before.kind === 'leading' || before.kind === 'stealing' || before.kind === 'closed' || this.#isUnusable) return
    const state: State = { kind: 'stealing' }
    this.#state = state
    if (before.kind === 'waiting') before.abort.abort()
    this.#request(state, { steal: true })
  }

  #request(asked: State, options: LockOptions): void {
    let leading: State | undefined
    const hold = () =>
      new Promise<void>((release) => {
        const isAsked = this.#state === asked || (this.#state.kind === 'alone' && this.#state.asked === asked)
        if (!isAsked) return release()
        clearTimeout(this.#watch)
        leading = { kind: 'leading', release }
        this.#state = leading
        if (!this.#isUnusable) return
        this.#isUnusable = false
        this.#options.onUsable?.()
      })
    const request = async () => this.#options.locks?.request(this.#options.lockName, options, hold)
    request().catch((error: unknown) => {
      // Stolen while held (the specification's AbortError), or a request that was withdrawn: only the former concerns who holds it.
      if (leading && this.#state === leading) return this.#wait()
      if (this.#state === asked) this.#goOnAlone(error)
    })
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      this.#isHeldElsewhere().then(
        (isTaken) => isTaken || this.#goOnAlone(new Error('the lock is not granted, and no tab holds it'), asked),
        (error: unknown) => this.#goOnAlone(error, asked),
      )
    }, LOCK_TIMEOUT_MS)
  }

  /** Then that tab answers until this one has the lock: also one that is taken away from another comes late in a busy browser. */
  async #isHeldElsewhere(): Promise<boolean> {
    const { locks, lockName } = this.#options
    return locks !== undefined && isHeld(locks, lockName)
  }

  /** No locks after all (a document that is going away, an opaque origin): answering twice is better than not at all. */
  #goOnAlone(cause: unknown, asked?: State): void {
    if (this.#state.kind === 'closed' || (asked && this.#state !== asked)) return
    clearTimeout(this.#watch)
    this.#isUnusable = true
    this.#state = asked ? { kind: 'alone', asked } : { kind: 'alone' }
    this.#options.onUnusable?.(cause)
  }
}
