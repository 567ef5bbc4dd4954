/**
 * Who is online. A contact who is not connected is asked now and then by a knock that wants nothing; one that knocks, or answers
 * one, or is connected, has been seen. Both may ask, and one question informs both, so one that was heard is not asked for a while.
 *
 * Each asks as soon as the other can knock here: of two who add each other, or come back, at one instant, the later to be bound finds
 * the other bound. Who comes online asks everybody, so those who are away need to be asked only rarely; who is online is asked first,
 * and is gone after three questions without an answer.
 *
 * All of it keeps to a budget below half of what a relay lets one send and of the knocks that a peer opens, so that dials never wait
 * for it. With more contacts online than the budget can ask twice a minute, each is asked less often and counts as online for longer.
 */
import { ONLINE_MS, type PeerId, PRESENCE_BURST, PRESENCE_MAX_MS, PRESENCE_PER_SECOND, TokenBucket } from '@kith/protocol'
import { now } from '../runtime/driver.ts'
import { report } from '../runtime/events.ts'

/** Under the minute for which a contact counts as online, by enough for a lost question to be asked again. */
const ASK_MS = 25_000
/** Two who were heard at one instant, by one question, do not ask each other at one instant next time. */
const JITTER_MS = 5_000
/** Between two questions. */
const PACE_MS = 100
/** A question was answered by then, or its answer was lost. */
const RETRY_MS = 3_000
const TRIES = 3
/** When a connection has ended: most often because they left. */
const SUSPECT_RETRY_MS = 1_000
const SUSPECT_TRIES = 2
/** A contact that was just added may add us in this moment: asked again after so long each. */
const ADDED_RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000]
/** One who is away is asked again after this for each who is away, at the soonest after ASK_MS. */
const AWAY_MS = 500
/** Answers come before questions: what is left for them. Of what comes after it they take half, so that questions are asked all the same. */
const RESERVED = PRESENCE_BURST / 2
/** One contact is answered once in two seconds, or twice where an answer was lost: asking more often is no reason to be silent to others. */
const ANSWERS_PER_SECOND = 0.5
const ANSWERS_BURST = 2

export interface Absent {
  readonly id: PeerId
  readonly online: boolean
}

export interface PresenceHost {
  /** Everybody to be asked now and then. */
  absent(): readonly Absent[]
  /** Envelopes that one question takes at a relay: around midnight two. */
  cost(): number
  ask(id: PeerId): Promise<void>
  /** Asked and asked again: they are away. */
  gone(id: PeerId): void
  /** Time has passed: who has not been seen for a minute is away, and it may be another day. */
  expire(): void
}

interface State {
  dueAt: number
  /** Questions without an answer, in a row. */
  tries: number
  triesMax: number
  retryMs: number
  /** Just added: the waits until they are asked again, while they are away. */
  added: number[]
}

export class PresenceQueries {
  readonly #host: PresenceHost
  readonly #states = new Map<PeerId, State>()
  readonly #budget = new TokenBucket(PRESENCE_PER_SECOND, PRESENCE_BURST, now())
  readonly #answers = new TokenBucket(PRESENCE_PER_SECOND / 2, RESERVED, now())
  readonly #answersTo = new Map<PeerId, TokenBucket>()
  #online = 0
  #steppedAt = -Infinity
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Infinity
  readonly #round: ReturnType<typeof setInterval>
  #isClosed = false

  constructor(host: PresenceHost) {
    this.#host = host
    this.#round = setInterval(() => {
      host.expire()
      this.#arm()
    }, ASK_MS)
  }

  /** For how long one question and its answer are good, with so many who are online. */
  get goodForMs(): number {
    const perMinute = (PRESENCE_PER_SECOND * ASK_MS) / 1000
    return Math.min(PRESENCE_MAX_MS, Math.max(ONLINE_MS, (ONLINE_MS * this.#online) / perMinute))
  }

  /** Ask all of them: at the start. */
  askAll(): void {
    for (const { id } of this.#host.absent()) this.#state(id).dueAt = now()
    this.#arm()
  }

  /** They can knock here from now on, and may have tried before. */
  reachable(id: PeerId): void {
    this.#state(id).dueAt = now()
    // Thousands come together, and the next step looks at all of them.
    if (this.#timerAt > now() + PACE_MS) this.#arm()
  }

  /** They were added, and may be adding us. */
  added(id: PeerId): void {
    Object.assign(this.#state(id), { dueAt: now(), added: [...ADDED_RETRY_MS] })
    this.#arm()
  }

  /** They were heard, and `goodForMs` from now on they count as online. */
  heard(id: PeerId, goodForMs: number): void {
    const stretch = goodForMs / ONLINE_MS
    const dueAt = now() + stretch * (ASK_MS + Math.random() * JITTER_MS)
    Object.assign(this.#state(id), { ...asked(dueAt) })
    this.#arm()
  }

  /** A connection to them has ended: have they gone as well? */
  suspect(id: PeerId): void {
    Object.assign(this.#state(id), { ...asked(now()), retryMs: SUSPECT_RETRY_MS, triesMax: SUSPECT_TRIES })
    this.#arm()
  }

  forget(id: PeerId): void {
    this.#states.delete(id)
    this.#answersTo.delete(id)
  }

  /** Whether there is room to answer a question of theirs. Silence is no harm: they ask again. */
  mayAnswer(id: PeerId): boolean {
    const at = now()
    const theirs = this.#answersTo.get(id) ?? new TokenBucket(ANSWERS_PER_SECOND, ANSWERS_BURST, at)
    this.#answersTo.set(id, theirs)
    return theirs.take(at) && this.#answers.has(at) && this.#budget.take(at) && this.#answers.take(at)
  }

  /** Whether there is room to say goodbye: after it nothing is asked or answered. */
  mayLeave(): boolean {
    return this.#budget.take(now())
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#round)
    clearTimeout(this.#timer)
    this.#states.clear()
    this.#answersTo.clear()
  }

  #state(id: PeerId): State {
    const state = this.#states.get(id) ?? asked(now())
    this.#states.set(id, state)
    return state
  }

  /** One question; more where timers come late, as in a hidden page. */
  #step(): void {
    const at = now()
    const missed = Math.floor(Math.max(0, at - this.#timerAt) / PACE_MS)
    this.#timerAt = Infinity
    this.#steppedAt = at
    const absent = this.#host.absent()
    this.#online = absent.filter(({ online }) => online).length
    const due = absent.filter(({ id }) => this.#state(id).dueAt <= at)
    due.sort(
      (a, b) => Number(this.#isPressing(b)) - Number(this.#isPressing(a)) || this.#state(a.id).dueAt - this.#state(b.id).dueAt,
    )
    for (const one of due.slice(0, 1 + missed)) {
      const cost = this.#host.cost()
      if (!this.#budget.has(at, cost + RESERVED)) break
      if (this.#ask(one, at, absent.length)) this.#budget.take(at, cost)
    }
    this.#arm()
  }

  #isPressing({ id, online }: Absent): boolean {
    return online || this.#state(id).added.length > 0
  }

  /** Whether they were asked. */
  #ask({ id, online }: Absent, at: number, absent: number): boolean {
    const state = this.#state(id)
    const awayMs = Math.max(ASK_MS, AWAY_MS * absent)
    if (online && state.tries >= state.triesMax) {
      Object.assign(state, asked(at + awayMs))
      this.#host.gone(id)
      return false
    }
    state.tries += 1
    state.dueAt = at + (online ? state.retryMs : (state.added.shift() ?? awayMs))
    this.#host.ask(id).catch(report)
    return true
  }

  #arm(): void {
    if (this.#isClosed) return
    let dueAt = Infinity
    for (const { id } of this.#host.absent()) dueAt = Math.min(dueAt, this.#state(id).dueAt)
    const at = now()
    const cost = this.#host.cost() + RESERVED
    if (!this.#budget.has(at, cost)) dueAt = Math.max(dueAt, at + this.#budget.waitMs(at, cost))
    dueAt = Math.max(dueAt, this.#steppedAt + PACE_MS)
    if (dueAt === this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = dueAt
    if (dueAt !== Infinity) this.#timer = setTimeout(() => this.#step(), Math.max(0, Math.ceil(dueAt - at)))
  }
}

function asked(dueAt: number): State {
  return { dueAt, tries: 0, triesMax: TRIES, retryMs: RETRY_MS, added: [] }
}
