/**
 * Stands in for readable-stream (17 KiB gzip). simple-peer is a Duplex only for those who pipe through it; our bytes go through
 * channels of our own. What is left is an event emitter.
 */
type Listener = (...values: unknown[]) => void

export class Duplex {
  readonly #listeners = new Map<string, Listener[]>()

  /** Both halves count as finished from the start, so that its destroy() neither pushes nor ends. */
  readonly _readableState = { ended: true }
  readonly _writableState = { finished: true }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
    return this
  }

  once(event: string, listener: Listener): this {
    const first: Listener = (...values) => {
      this.removeListener(event, first)
      listener(...values)
    }
    return this.on(event, first)
  }

  removeListener(event: string, listener: Listener): this {
    const kept = this.#listeners.get(event)?.filter((other) => other !== listener) ?? []
    this.#listeners.set(event, kept)
    return this
  }

  emit(event: string, ...values: unknown[]): boolean {
    const listeners = this.#listeners.get(event) ?? []
    for (const listener of listeners) listener(...values)
    return listeners.length > 0
  }

  /** Its channel is our control lane, which we read ourselves: kept here, messages would pile up unread for ever. */
  push(): void {}

  end(): void {}
}
