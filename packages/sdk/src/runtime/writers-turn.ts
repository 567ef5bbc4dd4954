/**
 * What would make a message of its own waits for those who could add to it: whoever awaits something that is settled by now, and
 * then writes.
 */

/**
 * Settled promises between the end of one write and the start of the next of somebody who awaits each, and between the opening
 * of a stream and its first write: some are the WritableStream's, some the layers' above. So many turns take a few microseconds and no
 * timer.
 */
const WRITER_TURNS = 16

/** Resolves when they have had the time to write. */
export async function writersTurn(): Promise<void> {
  for (let turn = 0; turn < WRITER_TURNS; turn++) await undefined
}

/** Calls back when they have; each wish puts off the one before, since whoever was told last may write last. */
export class WritersTurn {
  readonly #over: () => void
  #turnsLeft = 0
  #isPassing = false

  constructor(over: () => void) {
    this.#over = over
  }

  await(): void {
    this.#turnsLeft = WRITER_TURNS
    if (!this.#isPassing) void this.#pass()
  }

  /** There is nothing to call back for any more. */
  forget(): void {
    this.#turnsLeft = Number.NEGATIVE_INFINITY
  }

  async #pass(): Promise<void> {
    this.#isPassing = true
    do {
      await undefined
      this.#turnsLeft -= 1
    } while (this.#turnsLeft > 0)
    this.#isPassing = false
    if (this.#turnsLeft === 0) this.#over()
  }
}
