/**
 * Who is online. A contact who is not connected is asked now and then by a knock that wants nothing; whoever knocks, or answers
 * one, or is connected, has been seen. Both sides ask, so one question in `ASK_MS` each keeps both informed.
 */
import type { PeerId } from '@kith/protocol'
import { report } from './events.ts'

/** Under the minute for which somebody counts as online, by enough for a lost question to be asked again. */
const ASK_MS = 25_000
/** Between two questions of one round: a relay lets a socket send 20 envelopes a second, and dials go first. */
const PACE_MS = 100

export interface PresenceHost {
  /** Everybody to be asked now. */
  absent(): readonly PeerId[]
  ask(id: PeerId): Promise<void>
  /** Time has passed: who has not been seen for a minute is away, and it may be another day. */
  expire(): void
}

export class Presence {
  readonly #host: PresenceHost
  #queue: PeerId[] = []
  #pace: ReturnType<typeof setTimeout> | undefined
  readonly #round: ReturnType<typeof setInterval>
  #isClosed = false

  constructor(host: PresenceHost) {
    this.#host = host
    this.#round = setInterval(() => {
      host.expire()
      this.askAll()
    }, ASK_MS)
  }

  /** Ask all of them: at the start, when a relay has come back, when somebody was added. */
  askAll(): void {
    if (this.#isClosed) return
    this.#queue = [...this.#host.absent()]
    this.#pace ??= setTimeout(() => this.#askNext(), 0)
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#round)
    clearTimeout(this.#pace)
    this.#queue = []
  }

  #askNext(): void {
    const id = this.#queue.shift()
    this.#pace = id === undefined ? undefined : setTimeout(() => this.#askNext(), PACE_MS)
    if (id !== undefined) this.#host.ask(id).catch(report)
  }
}
