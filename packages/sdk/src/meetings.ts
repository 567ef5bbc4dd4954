/**
 * Who I am connected with, and whom I am trying to reach. All that want one person share one attempt; it ends well with the first
 * connection to them, whoever dialled it.
 */
import { type DialNumber, KithError, type PeerId, type ProtocolName } from '@kith/protocol'
import type { Disclosure } from './api.ts'
import type { PeerConnection } from './connection.ts'
import { now } from './driver.ts'
import type { Link } from './link/link.ts'

export interface MeetingsHost {
  /** Starts a dial and tells its number at once: it may end, or give way, before a promise could tell. Rejects as `open` does. */
  dial(to: PeerId, wish: Wish, begun: (dial: DialNumber) => void): Promise<void>
  cancel(dial: DialNumber): void
}

/** What whoever wants a connection says about it; of several who want the same person, the first one's counts. */
export interface Wish {
  readonly protocols: readonly ProtocolName[]
  readonly timeoutMs: number
  readonly disclose: Disclosure | undefined
  readonly signal: AbortSignal | undefined
}

/** The machine's own word on why nobody came comes first. */
const GRACE_MS = 250

/** Beyond it `setTimeout` fires at once; nobody waits so long. */
const TIMER_MAX_MS = 2 ** 31 - 1

interface Attempt {
  /** Ours, or the one that it gave way to. */
  dial: DialNumber | undefined
  waiters: number
  hasYielded: boolean
  isOver: boolean
  readonly done: Promise<PeerConnection>
  readonly resolve: (connection: PeerConnection) => void
  readonly reject: (error: unknown) => void
}

export class Meetings {
  /** By PeerId, the one last used. */
  readonly connections = new Map<PeerId, PeerConnection>()
  readonly #host: MeetingsHost
  readonly #all = new Set<PeerConnection>()
  readonly #attempts = new Map<PeerId, Attempt>()
  /** Links with streams that wait for their connection. */
  readonly #awaited = new Map<
    Link,
    { readonly promise: Promise<PeerConnection | undefined>; readonly resolve: (connection: PeerConnection) => void }
  >()

  constructor(host: MeetingsHost) {
    this.#host = host
  }

  /** How many connections there are, to whomever. */
  get size(): number {
    return this.#all.size
  }

  all(): readonly PeerConnection[] {
    return [...this.#all]
  }

  /** The connection over that link, which may be about to be made. Undefined where the link ends before. */
  over(link: Link): PeerConnection | Promise<PeerConnection | undefined> {
    const made = this.all().find((connection) => connection.carries(link))
    if (made) return made
    let awaited = this.#awaited.get(link)
    if (!awaited) {
      let resolve: (connection?: PeerConnection) => void = () => undefined
      const promise = new Promise<PeerConnection | undefined>((settle) => {
        resolve = settle
      })
      awaited = { promise, resolve }
      this.#awaited.set(link, awaited)
      const gone = () => {
        this.#awaited.delete(link)
        resolve()
      }
      link.closed.then(gone, gone)
    }
    return awaited.promise
  }

  /** Resolves with a live connection. Errors: as `open`. */
  async with(to: PeerId, wish: Wish): Promise<PeerConnection> {
    const { signal } = wish
    const until = now() + wish.timeoutMs
    for (;;) {
      throwIfAborted(signal)
      const live = this.connections.get(to)
      if (live && live.state !== 'closed') return live
      const attempt = this.#attempts.get(to) ?? this.#begin(to, { ...wish, timeoutMs: until - now() })
      attempt.waiters += 1
      try {
        return await orGivenUp(attempt.done, until, signal)
      } catch (error) {
        // Somebody with less patience began it: go on for the time that is left.
        if (!(error instanceof KithError) || error.code !== 'no-answer' || until - now() < 100) throw error
      } finally {
        attempt.waiters -= 1
        if (attempt.waiters === 0 && !attempt.isOver) this.#abandon(to, attempt)
      }
    }
  }

  /** A link to them is up. */
  add(connection: PeerConnection): void {
    const { remote } = connection
    this.#all.add(connection)
    this.connections.set(remote, connection)
    for (const [link, { resolve }] of this.#awaited) if (connection.carries(link)) resolve(connection)
    const gone = () => {
      this.#all.delete(connection)
      if (this.connections.get(remote) !== connection) return
      this.connections.delete(remote)
      const other = [...this.#all].find((one) => one.remote === remote)
      if (other) this.connections.set(remote, other)
    }
    connection.closed.then(gone, gone)
    const attempt = this.#attempts.get(remote)
    if (!attempt) return
    this.#settle(remote, attempt)
    attempt.resolve(connection)
  }

  /** It opened or was handed a stream. */
  used(connection: PeerConnection): void {
    if (this.#all.has(connection)) this.connections.set(connection.remote, connection)
  }

  yielded(dial: DialNumber, to: DialNumber): void {
    const entry = this.#find(dial)
    if (!entry) return
    entry[1].dial = to
    entry[1].hasYielded = true
  }

  /** A dial ended without a connection. */
  ended(dial: DialNumber, error: KithError): void {
    const entry = this.#find(dial)
    if (!entry) return
    const [to, attempt] = entry
    this.#settle(to, attempt)
    // Theirs, which ours gave way to, came to nothing: we were not the ones who got no answer, so whoever has time left goes on.
    attempt.reject(attempt.hasYielded ? new KithError('no-answer', error.message, { source: 'remote', cause: error }) : error)
  }

  /** Whoever waits, waits no longer. */
  close(error: KithError): void {
    for (const [to, attempt] of [...this.#attempts]) {
      this.#settle(to, attempt)
      attempt.reject(error)
    }
  }

  #begin(to: PeerId, wish: Wish): Attempt {
    let resolve: Attempt['resolve'] = () => undefined
    let reject: Attempt['reject'] = () => undefined
    const done = new Promise<PeerConnection>((yes, no) => {
      resolve = yes
      reject = no
    })
    // Whoever waits hears of it; after the last one has gone, nobody does.
    done.catch(() => undefined)
    const attempt: Attempt = { dial: undefined, waiters: 0, hasYielded: false, isOver: false, done, resolve, reject }
    this.#attempts.set(to, attempt)
    const begun = (dial: DialNumber) => {
      attempt.dial = dial
      if (attempt.isOver) this.#host.cancel(dial)
    }
    this.#host.dial(to, wish, begun).catch((error: unknown) => {
      this.#settle(to, attempt)
      reject(error)
    })
    return attempt
  }

  #abandon(to: PeerId, attempt: Attempt): void {
    this.#settle(to, attempt)
    // The one that ours gave way to is theirs: they still want it.
    if (attempt.dial !== undefined && !attempt.hasYielded) this.#host.cancel(attempt.dial)
  }

  #settle(to: PeerId, attempt: Attempt): void {
    attempt.isOver = true
    if (this.#attempts.get(to) === attempt) this.#attempts.delete(to)
  }

  #find(dial: DialNumber): [PeerId, Attempt] | undefined {
    return [...this.#attempts].find(([, attempt]) => attempt.dial === dial)
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

export function aborted(signal: AbortSignal): KithError {
  return new KithError('aborted', 'The operation was aborted.', { cause: signal.reason })
}

/** What `promise` gives, unless the signal or the time comes first. */
function orGivenUp<T>(promise: Promise<T>, until: number, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      how()
    }
    const onAbort = () => settle(() => signal && reject(aborted(signal)))
    const late = () => settle(() => reject(new KithError('timeout', 'No connection came about in time.')))
    const timer = setTimeout(late, Math.min(Math.max(0, until - now()) + GRACE_MS, TIMER_MAX_MS))
    signal?.addEventListener('abort', onAbort)
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
