/** Long work in short pieces, between which the page answers. */
import { immediate } from '../platform/node.ts'

/** A frame of a display at 60 Hz has 16 ms: half of it is left to the page. */
const SLICE_MS = 8

/** A task of its own, soon: unlike a timer's it is not put off in hidden pages, nor by 4 ms when it comes often. */
export function nextTask(): Promise<void> {
  const soon = immediate()
  if (soon) return new Promise((resolve) => soon(resolve))
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

export class Slices {
  #startedAt = performance.now()

  /** Whether it is time for a `pause`. */
  get isOver(): boolean {
    return performance.now() - this.#startedAt >= SLICE_MS
  }

  /** The page has had its turn by itself, while something was awaited. */
  restart(): void {
    this.#startedAt = performance.now()
  }

  /** Call it after each piece of work: waits when the slice is used up. */
  async pause(): Promise<void> {
    if (!this.isOver) return
    await nextTask()
    this.restart()
  }
}
