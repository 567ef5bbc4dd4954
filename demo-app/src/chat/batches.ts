/**
 * What comes in is taken together: while one batch is being kept and shown, the next gathers. One transaction and one rendering for
 * fifty messages cost little more than for one.
 */

/** Things in one batch: what is done with it is a task of a few milliseconds. As many may wait; then who adds waits. */
export const BATCH_MAX = 50

export class Batches<T> {
  readonly #handle: (batch: readonly T[]) => Promise<void>
  readonly #waiting: T[] = []
  #running: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  /** @param handle takes one batch after the other. What it throws ends that, and is thrown by `add` and `finish`. */
  constructor(handle: (batch: readonly T[]) => Promise<void>) {
    this.#handle = handle
  }

  /** Resolves when there is room for another. */
  async add(item: T): Promise<void> {
    if (this.#failure) throw this.#failure.error
    this.#waiting.push(item)
    this.#running ??= this.#run()
    if (this.#waiting.length >= BATCH_MAX) await this.finish()
  }

  /** Resolves when all has been taken. */
  async finish(): Promise<void> {
    await this.#running
    if (this.#failure) throw this.#failure.error
  }

  async #run(): Promise<void> {
    try {
      // Those that come in the same turn share the first batch.
      await undefined
      while (this.#waiting.length > 0) await this.#handle(this.#waiting.splice(0, BATCH_MAX))
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#running = undefined
    }
  }
}
