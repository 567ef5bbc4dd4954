/**
 * Who I am connected with, and whom I am trying to reach. All who want one person share one attempt; it ends well with the first
 * connection to them, whoever dialled it and by whatever way.
 *
 * There may still be several connections to one person: one for each of their instances (tabs, devices), which all live; and of one
 * instance two whose dials crossed. Of those, both ends use the one of the lower dial id, and the other closes when its streams are
 * over. Where a new connection comes beside an old one, the old one may be what a crash has left: it is asked for a sign of life.
 */
import { type DialNumber, KithError, type PeerId, type ProtocolName } from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import { now } from '../runtime/driver.ts'
import { report } from '../runtime/events.ts'
import type { Link } from '../session/link.ts'
import type { LiveConnection } from './connection.ts'

export interface MeetingsHost {
  /**
   * Starts a dial that discloses what the request says. `begun` gets its number before anything comes of it, and says whether it is still wanted. Rejects as `open` does.
   */
  dial(to: PeerId, request: ConnectRequest, begun: (dial: DialNumber) => boolean): Promise<void>
  /** How much of my network address they may learn: what was asked for, or else the policy's. Throws where a user's answer is none. */
  disclosure(to: PeerId, asked: Disclosure | undefined): Disclosure
  /** A dial that is under way with them, of whatever way and of either side, once its other end is known to be them. */
  underWay(to: PeerId): DialNumber | undefined
  cancel(dial: DialNumber): void
  /** Cancels it where nothing can have come of it at the other end. */
  release(dial: DialNumber): void
  /** A connection that is in use for the first time. */
  announce(connection: LiveConnection): void
}

/** What a caller asks for. Callers that ask for the same person and disclose as much share an attempt. */
export interface ConnectRequest {
  readonly protocols: readonly ProtocolName[]
  readonly timeoutMs: number
  readonly disclose: Disclosure | undefined
  readonly signal: AbortSignal | undefined
}

/** Lets the dial’s own, more specific error precede the timeout. */
const GRACE_MS = 250

/** Beyond it `setTimeout` fires at once; nobody waits so long. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** A connection in doubt has so long to give a sign of life before we dial beside it: more than most round trips take. */
const DOUBT_MS = 500

/** Whoever may wait so much longer than an attempt that has failed begins another one. */
const MORE_PATIENCE_MS = 100

/** While a connection may come back, a dial that failed begins anew after so long: relays come back within seconds. */
const REDIAL_MS = 2_000

interface Attempt {
  readonly to: PeerId
  /** The first caller's. */
  readonly request: ConnectRequest
  /** What its dials disclose: as much as each waiter asked for, or the policy says of those who asked for nothing. */
  readonly discloses: Disclosure
  readonly until: number
  /** Ours, or the one that it gave way to. */
  dial: DialNumber | undefined
  /** What each waiter asked for. */
  readonly waiters: Set<Pick<ConnectRequest, 'disclose'>>
  hasYielded: boolean
  isOver: boolean
  /** They or we have left: nobody is to dial anew. */
  isFinal: boolean
  /** Why the last dial failed, while a connection that may come back is waited for. */
  failure: unknown
  begin: ReturnType<typeof setTimeout> | undefined
  readonly done: Promise<LiveConnection>
  readonly resolve: (connection: LiveConnection) => void
  readonly reject: (error: unknown) => void
}

export class Meetings {
  /** By PeerId, the one in use. */
  readonly connections = new Map<PeerId, LiveConnection>()
  readonly #host: MeetingsHost
  readonly #all = new Set<LiveConnection>()
  readonly #announced = new WeakSet<LiveConnection>()
  /** When an instance was last connected with or used, counted in uses; by PeerId and instance. */
  readonly #usedAt = new Map<string, number>()
  #uses = 0
  /** One for each person and disclosure. */
  readonly #attempts = new Set<Attempt>()
  #closed: KithError | undefined
  /** Links with streams that wait for their connection. */
  readonly #awaited = new Map<
    Link,
    { readonly promise: Promise<LiveConnection | undefined>; readonly resolve: (connection: LiveConnection) => void }
  >()

  constructor(host: MeetingsHost) {
    this.#host = host
  }

  /** How many connections there are, to whomever. */
  get size(): number {
    return this.#all.size
  }

  all(): readonly LiveConnection[] {
    return [...this.#all]
  }

  /** The connection over that link, which may be about to be made. Undefined where the link ends before. */
  over(link: Link): LiveConnection | Promise<LiveConnection | undefined> {
    const made = this.all().find((connection) => connection.carries(link))
    if (made) return made
    let awaited = this.#awaited.get(link)
    if (!awaited) {
      let resolve: (connection?: LiveConnection) => void = () => undefined
      const promise = new Promise<LiveConnection | undefined>((settle) => {
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
  async with(to: PeerId, request: ConnectRequest): Promise<LiveConnection> {
    const { signal } = request
    const until = now() + request.timeoutMs
    for (;;) {
      throwIfAborted(signal)
      if (this.#closed) throw this.#closed
      const live = this.connections.get(to)
      if (live?.isSure) return live
      const disclose = this.#host.disclosure(to, request.disclose)
      const waiter = { disclose: request.disclose }
      const shared = this.#towards(to).find((attempt) => attempt.discloses === disclose)
      const attempt = shared ?? this.#begin(to, request, waiter, disclose, until)
      attempt.waiters.add(waiter)
      try {
        return await orGivenUp(attempt, until, signal)
      } catch (error) {
        const isUnanswered = error instanceof KithError && error.code === 'no-answer'
        // Somebody with less patience began it, or it gave way to one that came to nothing: go on for the time that is left.
        const mayGoOn = isUnanswered || until - attempt.until > MORE_PATIENCE_MS
        if (attempt.isFinal || signal?.aborted || !mayGoOn || until - now() < MORE_PATIENCE_MS) throw error
      } finally {
        attempt.waiters.delete(waiter)
        if (attempt.waiters.size === 0 && !attempt.isOver) this.#abandon(attempt)
      }
    }
  }

  /**
   * A link to them is up, and both ends have confirmed it.
   * @param begunAt when its dial began, by `performance.now()`
   */
  add(connection: LiveConnection, begunAt: number): void {
    const { remote } = connection
    const others = this.#to(remote)
    this.#all.add(connection)
    this.#use(connection)
    for (const [link, { resolve }] of this.#awaited) if (connection.carries(link)) resolve(connection)
    const gone = () => {
      this.#all.delete(connection)
      if (!this.#to(remote).some(({ instance }) => instance === connection.instance)) this.#usedAt.delete(keyOf(connection))
      this.#changed(remote)
    }
    connection.watch(() => this.#changed(remote))
    for (const other of others) this.#outlives(other, connection, begunAt)
    this.#changed(remote)
    connection.closed.then(gone, gone)
  }

  /** It opened or was handed a stream. */
  used(connection: LiveConnection): void {
    if (!this.#all.has(connection)) return
    this.#use(connection)
    this.#changed(connection.remote)
  }

  /**
   * They knock, though there is a connection: they may have started anew, or lost it. A knock proves nothing (it may have been held
   * back), so nothing is closed for it.
   */
  knocked(from: PeerId): void {
    for (const connection of this.#to(from)) connection.doubt()
  }

  /** How many connections to them may be what a crash has left. */
  doubtful(whom: PeerId): number {
    return this.#to(whom).filter(({ isSure }) => !isSure).length
  }

  yielded(dial: DialNumber, to: DialNumber): void {
    for (const attempt of this.#of(dial)) {
      attempt.dial = to
      attempt.hasYielded = true
    }
  }

  /** A dial ended without a connection. */
  ended(dial: DialNumber, error: KithError): void {
    for (const attempt of this.#of(dial)) {
      // The one that ours gave way to came to nothing: we were not the ones who got no answer, so whoever has time left goes on.
      const { hasYielded } = attempt
      this.#failed(attempt, hasYielded ? new KithError('no-answer', error.message, { source: 'remote', cause: error }) : error)
    }
  }

  /**
   * They may learn less than before: those who wait by the policy begin anew, each with what it says now.
   * @returns the dials that go on since 'direct' was asked for
   */
  tighten(to: PeerId): Set<DialNumber> {
    for (const attempt of this.#towards(to)) this.#regroup(attempt)
    const asked = this.#towards(to).filter(({ discloses }) => discloses === 'direct')
    return new Set(asked.flatMap(({ dial }) => dial ?? []))
  }

  /** All who wait for this person get `error`, and do not dial anew. Before the dials end: what they end with is for others. */
  leave(to: PeerId, error: KithError): void {
    for (const attempt of this.#towards(to)) {
      attempt.isFinal = true
      this.#reject(attempt, error)
    }
  }

  /** As `leave`, for all; and none begins after it. */
  close(error: KithError): void {
    this.#closed = error
    for (const { to } of [...this.#attempts]) this.leave(to, error)
  }

  // ── several connections to one person ──

  #to(remote: PeerId): LiveConnection[] {
    return this.all().filter((connection) => connection.remote === remote && connection.isLive)
  }

  #use(connection: LiveConnection): void {
    this.#uses += 1
    this.#usedAt.set(keyOf(connection), this.#uses)
  }

  /** What becomes of `old` now that `connection` is confirmed. */
  #outlives(old: LiveConnection, connection: LiveConnection, begunAt: number): void {
    const isSame = old.instance === connection.instance
    const lost = () => old.fail(new KithError('lost', 'The connection was lost; there is another one.', { source: 'network' }))
    if (isSame && old.state === 'reconnecting') {
      lost()
      return
    }
    // Heard since the new one's dial began, they are two whose dials crossed; else the remote may have lost the old one.
    if (old.heardAt < begunAt) old.doubt()
    old.probe().then((isAlive) => {
      if (!isAlive && old.state !== 'closed') lost()
    }, report)
  }

  /** Chooses anew which connection is in use for them, and which are replaced. */
  #changed(remote: PeerId): void {
    const live = this.#to(remote).sort((a, b) => this.#compare(a, b))
    const [best] = live
    if (best) this.connections.set(remote, best)
    else this.connections.delete(remote)
    const first = new Map<string, LiveConnection>()
    for (const connection of live) {
      const rival = first.get(connection.instance)
      // Not where only a doubt of ours puts it second: the other end may have none, and would retire the other one.
      connection.retire(rival?.isSure === true && rival.dialId < connection.dialId)
      if (rival) continue
      first.set(connection.instance, connection)
      if (this.#announced.has(connection)) continue
      this.#announced.add(connection)
      this.#host.announce(connection)
    }
    for (const attempt of this.#towards(remote)) {
      if (best?.isSure) {
        this.#settle(attempt)
        attempt.resolve(best)
        if (attempt.dial !== undefined && !attempt.hasYielded) this.#host.release(attempt.dial)
      } else if (!best && attempt.begin !== undefined) {
        // None that may come back is left: only a dial can help, and at once.
        this.#redial(attempt)
      }
    }
  }

  /** The one to use first: those that are sure, of the instance that was used last, of the lowest dial id. */
  #compare(a: LiveConnection, b: LiveConnection): number {
    if (a.isSure !== b.isSure) return a.isSure ? -1 : 1
    if (a.instance !== b.instance) return (this.#usedAt.get(keyOf(b)) ?? 0) - (this.#usedAt.get(keyOf(a)) ?? 0)
    return a.dialId < b.dialId ? -1 : 1
  }

  // ── attempts ──

  #begin(
    to: PeerId,
    request: ConnectRequest,
    waiter: Pick<ConnectRequest, 'disclose'>,
    discloses: Disclosure,
    until: number,
  ): Attempt {
    let resolve: Attempt['resolve'] = () => undefined
    let reject: Attempt['reject'] = () => undefined
    const done = new Promise<LiveConnection>((yes, no) => {
      resolve = yes
      reject = no
    })
    // Whoever waits hears of it; after the last one has gone, nobody does.
    done.catch(() => undefined)
    const attempt: Attempt = {
      ...{ to, request, discloses, until, done, resolve, reject },
      ...{
        dial: undefined,
        waiters: new Set([waiter]),
        hasYielded: false,
        isOver: false,
        isFinal: false,
        failure: undefined,
        begin: undefined,
      },
    }
    this.#attempts.add(attempt)
    // ICE still has consent: one that is only in doubt will most often answer before a dial could.
    if (this.connections.get(to)?.state === 'connected') {
      attempt.begin = setTimeout(() => this.#redial(attempt), DOUBT_MS)
    } else {
      this.#dial(attempt)
    }
    return attempt
  }

  #dial(attempt: Attempt): void {
    const { to, request, until } = attempt
    attempt.begin = undefined
    const other = this.#host.underWay(to)
    if (other !== undefined) {
      attempt.dial = other
      attempt.hasYielded = true
      return
    }
    const begun = (dial: DialNumber) => {
      attempt.dial = dial
      return !attempt.isOver
    }
    this.#host.dial(to, { ...request, disclose: attempt.discloses, timeoutMs: until - now() }, begun).catch((error: unknown) => {
      if (!attempt.isOver) this.#failed(attempt, error)
    })
  }

  /** Where one of its waiters would disclose something else now, it ends, and each of them goes on with an attempt of their own. */
  #regroup(attempt: Attempt): boolean {
    const { to, discloses, waiters } = attempt
    try {
      if ([...waiters].every(({ disclose }) => this.#host.disclosure(to, disclose) === discloses)) return false
      this.#reject(attempt, new KithError('no-answer', 'What they may learn of this peer has changed: try again.'))
    } catch (error) {
      this.#reject(attempt, error)
    }
    return true
  }

  /** Where a connection may come back, only who waits decides for how long. */
  #failed(attempt: Attempt, error: unknown): void {
    const mayWait = this.connections.has(attempt.to) && !(error instanceof KithError && error.code === 'no-answer')
    if (!mayWait) {
      this.#reject(attempt, error)
      return
    }
    attempt.dial = undefined
    attempt.hasYielded = false
    attempt.failure = error
    attempt.begin = setTimeout(() => this.#redial(attempt), REDIAL_MS)
  }

  #redial(attempt: Attempt): void {
    clearTimeout(attempt.begin)
    const { failure, until } = attempt
    // Those with more patience begin one of their own.
    if (failure !== undefined && until - now() < MORE_PATIENCE_MS) {
      this.#reject(attempt, failure)
      return
    }
    // The policy may have changed since it was asked.
    if (!this.#regroup(attempt)) this.#dial(attempt)
  }

  #abandon(attempt: Attempt): void {
    this.#settle(attempt)
    const { dial, hasYielded } = attempt
    // The one that ours gave way to is wanted by others: theirs by them, that of an invitation by whoever accepts it.
    if (dial === undefined || hasYielded) return
    const heir = this.#of(dial)[0]
    if (heir) heir.hasYielded = false
    else this.#host.cancel(dial)
  }

  #reject(attempt: Attempt, error: unknown): void {
    this.#settle(attempt)
    attempt.reject(error)
  }

  #settle(attempt: Attempt): void {
    attempt.isOver = true
    clearTimeout(attempt.begin)
    this.#attempts.delete(attempt)
  }

  #towards(to: PeerId): Attempt[] {
    return [...this.#attempts].filter((attempt) => attempt.to === to)
  }

  #of(dial: DialNumber): Attempt[] {
    return [...this.#attempts].filter((attempt) => attempt.dial === dial)
  }
}

const keyOf = ({ remote, instance }: LiveConnection): string => `${remote} ${instance}`

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

export function aborted(signal: AbortSignal): KithError {
  return new KithError('aborted', 'It was aborted by the signal that was passed in.', { cause: signal.reason })
}

/** What the attempt gives, unless the signal or the time comes first. */
function orGivenUp(attempt: Attempt, until: number, signal: AbortSignal | undefined): Promise<LiveConnection> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      how()
    }
    const onAbort = () => settle(() => signal && reject(aborted(signal)))
    const late = () =>
      settle(() =>
        reject(attempt.failure ?? new KithError('timeout', 'No connection came about in time: raise timeoutMs, or try again.')),
      )
    const timer = setTimeout(late, Math.min(Math.max(0, until - now()) + GRACE_MS, TIMER_MAX_MS))
    signal?.addEventListener('abort', onAbort)
    attempt.done.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
