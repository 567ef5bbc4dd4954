/**
 * Of several tabs of one profile one answers what comes in: the one last in focus. The browser's lock manager decides (Web Locks):
 * who holds the profile's lock is on duty; focus steals it; a tab that lost it queues again, so that when the one on duty closes,
 * or crashes, another takes over without anyone watching.
 */
import { report } from './events.ts'

export interface AnswerDutyOptions {
  /** Absent, or a browser without locks: this tab is always on duty. */
  readonly locks?: LockManager | undefined
  /** The profile's own. */
  readonly lockName: string
  /** Whose focus counts. Absent in workers and Node. */
  readonly page?: { readonly document: Pick<Document, 'hasFocus'> & EventTarget; readonly window: EventTarget } | undefined
}

type State =
  | { readonly kind: 'waiting'; readonly abort: AbortController }
  | { readonly kind: 'stealing' }
  | { readonly kind: 'mine'; readonly release: () => void }
  | { readonly kind: 'alone' }
  | { readonly kind: 'closed' }

export class AnswerDuty {
  readonly #options: AnswerDutyOptions
  readonly #listening = new AbortController()
  #state: State = { kind: 'alone' }

  constructor(options: AnswerDutyOptions) {
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
  isMine(): boolean {
    return this.#state.kind === 'mine' || this.#state.kind === 'alone'
  }

  /** Gives the duty up; the next tab in line takes it. */
  close(): void {
    this.#listening.abort()
    const before = this.#state
    this.#state = { kind: 'closed' }
    if (before.kind === 'mine') before.release()
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
    if (before.kind === 'mine' || before.kind === 'stealing' || before.kind === 'closed') return
    const state: State = { kind: 'stealing' }
    this.#state = state
    if (before.kind === 'waiting') before.abort.abort()
    this.#request(state, { steal: true })
  }

  #request(asked: State, options: LockOptions): void {
    let mine: State | undefined
    const hold = () =>
      new Promise<void>((release) => {
        if (this.#state !== asked) return release()
        mine = { kind: 'mine', release }
        this.#state = mine
      })
    this.#options.locks?.request(this.#options.lockName, options, hold).catch((error: unknown) => {
      // Stolen while held (the specification's AbortError), or a request that was withdrawn: only the former concerns who holds it.
      if (mine && this.#state === mine) return this.#wait()
      if (this.#state !== asked) return
      // No locks after all (a document that is going away, an opaque origin): answering twice is better than not at all.
      report(error)
      this.#state = { kind: 'alone' }
    })
  }
}
