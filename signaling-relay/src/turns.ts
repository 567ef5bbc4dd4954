/**
 * Round robin over the branches of a tree (sites, networks, sockets): no branch delays another by more than one item. Items of one leaf
 * keep their order.
 */
export class Turns<Item> {
  /** The next to be served first. None is empty. */
  readonly #branches = new Map<string, Turns<Item>>()
  /** Of a leaf, whose path ends here. */
  readonly #items: Item[] = []

  get isEmpty(): boolean {
    return this.#branches.size === 0 && this.#items.length === 0
  }

  add([first, ...rest]: readonly string[], item: Item): void {
    if (first === undefined) {
      this.#items.push(item)
      return
    }
    const known = this.#branches.get(first)
    const branch = known ?? new Turns<Item>()
    branch.add(rest, item)
    if (!known) this.#branches.set(first, branch)
  }

  next(): Item | undefined {
    for (const [name, branch] of this.#branches) {
      const item = branch.next()
      this.#branches.delete(name)
      // Behind all others.
      if (!branch.isEmpty) this.#branches.set(name, branch)
      return item
    }
    return this.#items.shift()
  }

  /** Everything below this path. */
  remove([first, ...rest]: readonly string[]): void {
    if (first === undefined) {
      this.#branches.clear()
      this.#items.length = 0
      return
    }
    const branch = this.#branches.get(first)
    branch?.remove(rest)
    if (branch?.isEmpty) this.#branches.delete(first)
  }
}
