/**
 * Attempts to reach a person. All callers that want one person, and disclose as much, share one attempt; it succeeds with the first
 * connection to them, whichever side dialled it and by whatever way.
 */
import { type DialNumber, KithError, type PeerId, type ProtocolName } from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import { orGivenUp, throwIfAborted } from '../runtime/abort.ts'
import { type Deferred, deferred } from '../runtime/deferred.ts'
import { now } from '../runtime/driver.ts'
import type { LiveConnection } from './connection.ts'

/** The dials below. */
export interface AttemptDials {
  /**
   * Starts a dial that discloses what the request says. `begun` gets its number before anything comes of it, and says whether it is
   * still wanted. Rejects as `open` does.
   */
  dial(to: PeerId, request: ConnectRequest, begun: (dial: DialNumber) => boolean): Promise<void>
  /** A dial that is under way with them, of whatever way and of either side, once its other end is known to be them. */
  underWay(to: PeerId): DialNumber | undefined
  cancel(dial: DialNumber): void
  /** Cancels it where nothing can have come of it at the other end. */
  release(dial: DialNumber): void
}

export interface AttemptsOptions {
  readonly dials: AttemptDials
  readonly inUse: ReadonlyMap<PeerId, LiveConnection>
  /** How much of my network address they may learn: what was asked for, or else the policy's. Throws where a user's answer is none. */
  readonly disclosure: (to: PeerId, asked: Disclosure | undefined) => Disclosure
}

/** What a caller asks for. Callers that ask for the same person and disclose as much share an attempt. */
export interface ConnectRequest {
  readonly protocols: readonly ProtocolName[]
  readonly timeoutMs: number
  readonly disclose: Disclosure | undefined
  readonly signal: AbortSignal | undefined
}

/** A connection in doubt has so long to give a sign of life before we dial beside it: more than most round trips take. */
const DOUBT_MS = 500

/** A caller that may wait so much longer than an attempt that has failed begins another one. */
const MORE_PATIENCE_MS = 100

/** While a connection may come back, a dial that failed begins anew after so long: relays come back within seconds. */
const REDIAL_MS = 2_000

interface Attempt {
  readonly to: PeerId
  /** The first caller's: joiners share its options. */
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
  /** They or we have left: its waiters do not dial anew. */
  isFinal: boolean
  /** Why the last dial failed, while a connection that may come back is waited for. */
  failure: unknown
  begin: ReturnType<typeof setTimeout> | undefined
  readonly done: Deferred<LiveConnection>
}

export class Attempts {
  readonly #options: AttemptsOptions
  /** One for each person and disclosure. */
  readonly #attempts = new Set<Attempt>()
  #closed: KithError | undefined

  constructor(options: AttemptsOptions) {
    this.#options = options
  }

  /** Resolves with a live connection. Errors: as `open`. */
  async connect(to: PeerId, request: ConnectRequest): Promise<LiveConnection> {
    const { signal } = request
    const until = now() + request.timeoutMs
    for (;;) {
      throwIfAborted(signal)
      if (this.#closed) throw this.#closed
      const live = this.#options.inUse.get(to)
      if (live?.isSure) return live
      const disclose = this.#options.disclosure(to, request.disclose)
      const waiter = { disclose: request.disclose }
      const shared = this.#towards(to).find((attempt) => attempt.discloses === disclose)
      const attempt = shared ?? this.#begin(to, request, waiter, disclose, until)
      attempt.waiters.add(waiter)
      try {
        return await orGivenUp(attempt.done.promise, {
          ...{ until, signal, endsByItself: true },
          late: () => attempt.failure ?? timeout(),
        })
      } catch (error) {
        const isUnanswered = error instanceof KithError && error.code === 'no-answer'
        // A caller with less patience began it, or it gave way to one that came to nothing: go on for the time that is left.
        const mayGoOn = isUnanswered || until - attempt.until > MORE_PATIENCE_MS
        if (attempt.isFinal || signal?.aborted || !mayGoOn || until - now() < MORE_PATIENCE_MS) throw error
      } finally {
        attempt.waiters.delete(waiter)
        if (attempt.waiters.size === 0 && !attempt.isOver) this.#abandon(attempt)
      }
    }
  }

  /** Another connection to this person is in use, or the one in use is in doubt, or sure again. */
  connectionChanged(remote: PeerId): void {
    const best = this.#options.inUse.get(remote)
    for (const attempt of this.#towards(remote)) {
      if (best?.isSure) {
        this.#settle(attempt)
        attempt.done.resolve(best)
        if (attempt.dial !== undefined && !attempt.hasYielded) this.#options.dials.release(attempt.dial)
      } else if (!best && attempt.begin !== undefined) {
        // None that may come back is left: only a dial can help, and at once.
        this.#redial(attempt)
      }
    }
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
      // The dial that ours gave way to failed. Ours was not refused, so callers with time left go on.
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

  #begin(
    to: PeerId,
    request: ConnectRequest,
    waiter: Pick<ConnectRequest, 'disclose'>,
    discloses: Disclosure,
    until: number,
  ): Attempt {
    const done = deferred<LiveConnection>()
    // The waiters get the error. After the last one has gone it concerns none.
    done.promise.catch(() => undefined)
    const attempt: Attempt = {
      ...{ to, request, discloses, until, done },
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
    if (this.#options.inUse.get(to)?.state === 'connected') {
      attempt.begin = setTimeout(() => this.#redial(attempt), DOUBT_MS)
    } else {
      this.#dial(attempt)
    }
    return attempt
  }

  #dial(attempt: Attempt): void {
    const { to, request, until } = attempt
    const { dials } = this.#options
    attempt.begin = undefined
    const other = dials.underWay(to)
    if (other !== undefined) {
      attempt.dial = other
      attempt.hasYielded = true
      return
    }
    const begun = (dial: DialNumber) => {
      attempt.dial = dial
      return !attempt.isOver
    }
    dials.dial(to, { ...request, disclose: attempt.discloses, timeoutMs: until - now() }, begun).catch((error: unknown) => {
      if (!attempt.isOver) this.#failed(attempt, error)
    })
  }

  /** Where one of its waiters would disclose something else now, it ends, and each of them goes on with an attempt of their own. */
  #regroup(attempt: Attempt): boolean {
    const { to, discloses, waiters } = attempt
    try {
      if ([...waiters].every(({ disclose }) => this.#options.disclosure(to, disclose) === discloses)) return false
      this.#reject(attempt, new KithError('no-answer', 'What they may learn of this peer has changed: try again.'))
    } catch (error) {
      this.#reject(attempt, error)
    }
    return true
  }

  /** Where a connection may come back, only the waiters decide for how long. */
  #failed(attempt: Attempt, error: unknown): void {
    const mayWait = this.#options.inUse.has(attempt.to) && !(error instanceof KithError && error.code === 'no-answer')
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
    // The one that ours gave way to has callers of its own: theirs, or the one that accepts an invitation.
    if (dial === undefined || hasYielded) return
    const heir = this.#of(dial)[0]
    if (heir) heir.hasYielded = false
    else this.#options.dials.cancel(dial)
  }

  #reject(attempt: Attempt, error: unknown): void {
    this.#settle(attempt)
    attempt.done.reject(error)
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

const timeout = () => new KithError('timeout', 'No connection came about in time: raise timeoutMs, or try again.')
