/**
 * Who sends next on a lane, seen from outside: never one of lower priority while another waits, and among equals each in turn, but
 * for those that send little.
 */
import { SPARSE_BYTES } from '@kith/protocol'
import type { AppStream } from './app-stream.ts'

export class Turns {
  readonly #live: () => readonly AppStream[]
  readonly #violated: (what: string) => void
  #turn = 0

  constructor(live: () => readonly AppStream[], violated: (what: string) => void) {
    this.#live = live
    this.#violated = violated
  }

  /** The stream with this id has just sent so many bytes. What needs no credit of the connection may pass those that wait for some;
   *  `mayWait` tells which have none. */
  took(lane: 'urgent' | 'bulk', id: number, bytes: number, mayWait: (id: number) => boolean = () => false): void {
    const live = this.#live()
    const taker = live.find(({ mux }) => mux.id === id)
    if (taker === undefined || bytes === 0) return
    this.#turn += 1
    const [before, last] = taker.lastTurns
    const laneNumber = taker.mux.lane.number
    if (laneNumber !== (lane === 'urgent' ? 2 : 3)) this.#violated(`stream ${id} on the lane ${lane}`)
    for (const other of live) {
      if (other === taker || other.mux.lane.number !== laneNumber) continue
      if (!other.mux.send.waiting || other.mux.id === id || mayWait(other.mux.id)) {
        other.waitsSince = undefined
        continue
      }
      other.waitsSince ??= this.#turn
      if (other.mux.priority > taker.mux.priority && other.waitsSince < this.#turn) {
        this.#violated(`stream ${id} of priority ${taker.mux.priority} sent while ${other.mux.id} of ${other.mux.priority} waits`)
      }
      // A stream that stood aside without credit comes back behind those that never had to: one turn each at most.
      if (bytes > SPARSE_BYTES && other.mux.priority === taker.mux.priority && other.waitsSince <= before) {
        this.#violated(`stream ${id} had three turns while ${other.mux.id} waits for one`)
      }
    }
    taker.waitsSince = undefined
    if (bytes > SPARSE_BYTES) taker.lastTurns = [last, this.#turn]
  }
}
