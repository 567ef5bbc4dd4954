/** What came and was not looked at yet, in order. */
export class Inbox<T> {
  readonly #items: T[] = []
  #isOver = false
  #wake: () => void = () => {}

  add(item: T): void {
    this.#items.push(item)
    this.#wake()
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true
    this.#wake()
  }

  /** The next one for which `matches`; those before it are dropped. Undefined once nothing more comes. */
  async next(matches: (item: T) => boolean = () => true): Promise<T | undefined> {
    for (;;) {
      while (this.#items.length > 0) {
        const item = this.#items.shift() as T
        if (matches(item)) return item
      }
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** All that came and was not taken. */
  get waiting(): readonly T[] {
    return this.#items
  }
}
