/**
 * Delays a flush, so that writes after an `await` share a message with what waits already: code that awaits a promise which is
 * settled by now runs, and writes, some microtasks later.
 */

/**
 * Microtasks between the end of one write and the start of the next by code that awaits each, and between the opening of a stream
 * and its first write: some are the WritableStream's, some the layers' above. So many take a few microseconds, and no timer.
 */
const WRITER_TURNS = 16

/** Resolves when code that awaited settled promises has had the time to write. */
export async function afterPendingWrites(): Promise<void> {
  for (let turn = 0; turn < WRITER_TURNS; turn++) await undefined
}

/** Calls `flush` after pending writes. Each `hold` delays it anew, since the writer that was resumed last may write last. */
export class Cork {
  readonly #flush: () => void
  #turnsLeft = 0
  #isPassing = false

  constructor(flush: () => void) {
    this.#flush = flush
  }

  hold(): void {
    this.#turnsLeft = WRITER_TURNS
    if (!this.#isPassing) void this.#pass()
  }

  /** Nothing is left to flush. */
  drop(): void {
    this.#turnsLeft = Number.NEGATIVE_INFINITY
  }

  async #pass(): Promise<void> {
    this.#isPassing = true
    do {
      await undefined
      this.#turnsLeft -= 1
    } while (this.#turnsLeft > 0)
    this.#isPassing = false
    if (this.#turnsLeft === 0) this.#flush()
  }
}
