/**
 * Who sends next on a lane: the highest priority first, within one priority a frame each in turn. A stream that is cut off by
 * the connection's credit steps aside until there is some, so that those that need none (an OPEN, a FIN) still pass.
 */
import { Fifo } from './fifo.ts'
import type { SendHalf } from './send-half.ts'

export interface Scheduled {
  readonly priority: number
  readonly send: SendHalf
  /** Kept by the scheduler: whether it holds this stream already. */
  scheduled: boolean
}

interface Level<T> {
  readonly priority: number
  readonly turns: Fifo<T>
}

export class Scheduler<T extends Scheduled> {
  /** Highest priority first. */
  #levels: Level<T>[] = []
  #aside: T[] = []

  /** Whether anybody waits for their turn. */
  get isBusy(): boolean {
    return this.#levels.some(({ turns }) => turns.length > 0)
  }

  /** Gives a stream that has something to send its turn; one that has its turn already keeps it. */
  add(stream: T): void {
    if (stream.scheduled) return
    stream.scheduled = true
    this.#levelOf(stream.priority).turns.push(stream)
  }

  /** The stream whose turn it is. It has left the queue: `add` it again should it have more. */
  next(connectionCreditBytes: number): { stream: T; outgoing: NonNullable<ReturnType<SendHalf['next']>> } | undefined {
    for (;;) {
      const level = this.#levels[0]
      if (level === undefined) return undefined
      const stream = level.turns.shift()
      if (stream === undefined) {
        this.#levels.shift()
        continue
      }
      const outgoing = stream.send.next(connectionCreditBytes)
      if (outgoing !== undefined) {
        stream.scheduled = false
        return { stream, outgoing }
      }
      if (stream.send.waiting) this.#aside.push(stream)
      else stream.scheduled = false
    }
  }

  /** The connection has credit again. */
  creditCame(): void {
    const aside = this.#aside
    this.#aside = []
    for (const stream of aside) {
      stream.scheduled = false
      if (stream.send.waiting) this.add(stream)
    }
  }

  /** The send half changed so that it may need no credit any more. */
  reconsider(stream: T): void {
    const at = this.#aside.indexOf(stream)
    if (at < 0) return
    this.#aside.splice(at, 1)
    stream.scheduled = false
  }

  #levelOf(priority: number): Level<T> {
    const at = this.#levels.findIndex((level) => level.priority <= priority)
    const found = at < 0 ? undefined : this.#levels[at]
    if (found?.priority === priority) return found
    const level = { priority, turns: new Fifo<T>() }
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level)
    return level
  }
}
