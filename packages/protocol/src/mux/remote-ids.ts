import { violation } from '../errors.ts'
import { STREAMS_MAX } from '../limits.ts'

/**
 * Which streams the remote has opened so far. Its ids go up by two, but the urgent lane may overtake the bulk lane, so some
 * below the highest may still be on their way: never more than it may have open at once, since an opener counts a stream as open
 * until its OPEN was acknowledged.
 */
export class RemoteIds {
  #next: number
  readonly #skipped = new Set<number>()

  /** `first`: 1 where the remote dialled, 2 where it was called. */
  constructor(first: 1 | 2) {
    this.#next = first
  }

  /** Throws 'peer-violation' for an id that is not the remote's to give, was given before, or skips too many. */
  open(id: number): void {
    if (id % 2 !== this.#next % 2) throw violation(`stream ${id} is not the remote's to open`)
    if (id < this.#next) {
      if (!this.#skipped.delete(id)) throw violation(`stream ${id} opened twice`)
      return
    }
    if ((id - this.#next) / 2 + this.#skipped.size > STREAMS_MAX) throw violation(`stream ${id} skips too many`)
    for (; this.#next < id; this.#next += 2) this.#skipped.add(this.#next)
    this.#next = id + 2
  }

  /** Whether the remote has opened this id at any time. */
  has(id: number): boolean {
    return id % 2 === this.#next % 2 && id < this.#next && !this.#skipped.has(id)
  }
}
