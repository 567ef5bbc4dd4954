/** First in, first out, in constant time. */
export class Queue<T> {
  #first: Link<T> | undefined
  #last: Link<T> | undefined

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  push(item: T): void {
    const link: Link<T> = { item, next: undefined }
    if (this.#last === undefined) this.#first = link
    else this.#last.next = link
    this.#last = link
  }

  shift(): T | undefined {
    const first = this.#first
    this.#first = first?.next
    if (this.#first === undefined) this.#last = undefined
    return first?.item
  }
}

interface Link<T> {
  readonly item: T
  next: Link<T> | undefined
}
