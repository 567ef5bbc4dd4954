/** Streams that the remote has opened and that wait to be told of: for what we may serve in a moment, or for their turn. */
import { HELD_OPENS_MAX, HELD_OPENS_MS, INCOMING_BURST, INCOMING_PER_SECOND } from '../limits.ts'
import type { Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { News } from './news.ts'
import type { MuxStream } from './stream.ts'

export class Arrivals {
  readonly #news: News
  /** Opened to us for what we may serve before `#holdsUntil`, oldest first. */
  readonly #held = new Set<MuxStream>()
  #holdsUntil: Millis = Number.NEGATIVE_INFINITY
  /** Opened to us faster than INCOMING_PER_SECOND, oldest first. */
  readonly #late = new Set<MuxStream>()
  #lateDueAt: Millis | undefined
  readonly #incoming = new TokenBucket(INCOMING_PER_SECOND, INCOMING_BURST, Number.NEGATIVE_INFINITY)

  constructor(news: News) {
    this.#news = news
  }

  /** The hello has come, and both ends have 'ask': OPENs for what is not served wait for a while. */
  hold(now: Millis): void {
    this.#holdsUntil = now + HELD_OPENS_MS
  }

  /** Whether one more may wait for what is not served. */
  mayHold(now: Millis): boolean {
    return now < this.#holdsUntil && this.#held.size < HELD_OPENS_MAX
  }

  /** A stream that waits until its protocol is served. */
  addHeld(stream: MuxStream): void {
    stream.held = []
    // While we leave it stays unanswered, as all streams do.
    if (!this.#news.isLeaving) this.#held.add(stream)
  }

  /** A stream whose protocol is served: it is handed to the application now, or in its turn. */
  add(stream: MuxStream, now: Millis): void {
    if (this.#late.size === 0 && this.#incoming.take(now)) {
      this.#news.tell({ type: 'incoming', stream })
      return
    }
    stream.held = []
    if (this.#news.isLeaving) return
    this.#late.add(stream)
    this.#lateDueAt ??= now + this.#incoming.waitMs(now)
  }

  /** What we serve has changed: those come now for which `served` is true. */
  serve(served: (stream: MuxStream) => boolean): void {
    for (const stream of this.#held) {
      if (!served(stream)) continue
      this.#held.delete(stream)
      this.#news.tellOfHeld(stream)
    }
  }

  /** A stream is over before the application had it. */
  forget(stream: MuxStream): void {
    this.#held.delete(stream)
    this.#late.delete(stream)
    if (this.#late.size === 0) this.#lateDueAt = undefined
  }

  /** No stream is handed over any more. */
  clear(): void {
    this.#held.clear()
    this.#late.clear()
    this.#lateDueAt = undefined
  }

  /** When `tick` has something to do. */
  deadline(): Millis | undefined {
    if (this.#held.size === 0) return this.#lateDueAt
    return Math.min(this.#holdsUntil, this.#lateDueAt ?? Number.POSITIVE_INFINITY)
  }

  /** Tells of those whose turn has come; returns those that have waited in vain for their protocol, to be rejected. */
  tick(now: Millis): readonly MuxStream[] {
    this.#tellOfLate(now)
    return now < this.#holdsUntil ? [] : [...this.#held]
  }

  #tellOfLate(now: Millis): void {
    for (const stream of this.#late) {
      if (!this.#incoming.take(now)) {
        this.#lateDueAt = now + this.#incoming.waitMs(now)
        return
      }
      this.#late.delete(stream)
      this.#news.tellOfHeld(stream)
    }
    this.#lateDueAt = undefined
  }
}
