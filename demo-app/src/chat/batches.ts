/**
 * Collects incoming messages: while one batch is stored and rendered, the next one fills. A transaction and a rendering of fifty messages
 * cost little more than of one.
 */

/** Items in one batch, so that handling one takes a few milliseconds. As many may wait; beyond that, `add` waits. */
export const BATCH_MAX = 50

export class Batches<T> {
  readonly #handle: (batch: readonly T[]) => Promise<void>
  readonly #waiting: T[] = []
  #running: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  /** @param handle is called with one batch at a time. After it throws, it is not called again, and `add` and `finish` throw the same. */
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

  /** Resolves when all items are handled. */
  async finish(): Promise<void> {
    await this.#running
    if (this.#failure) throw this.#failure.error
  }

  async #run(): Promise<void> {
    try {
      // Items of the same turn share the first batch.
      await undefined
      while (this.#waiting.length > 0) await this.#handle(this.#waiting.splice(0, BATCH_MAX))
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#running = undefined
    }
  }
}
