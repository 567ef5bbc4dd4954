/** Virtual time: a task runs when all earlier ones have, and time jumps to it. Nothing here waits. */

interface Task {
  readonly at: number
  /** Tasks of one instant run in the order they were given: the same seed gives the same run. */
  readonly order: number
  run: (() => void) | undefined
}

export class VirtualClock {
  #now: number
  #given = 0
  /** A binary heap, earliest first. */
  readonly #tasks: Task[] = []

  /** `now`: the time that it begins with, in milliseconds. */
  constructor(now = 0) {
    this.#now = now
  }

  get now(): number {
    return this.#now
  }

  /** Runs `task` at that time, or as soon as it can where that has passed. Returns what cancels it. */
  at(time: number, task: () => void): () => void {
    const entry: Task = { at: Math.max(time, this.#now), order: this.#given++, run: task }
    this.#push(entry)
    return () => {
      entry.run = undefined
    }
  }

  /** Runs the next task that was not cancelled; false when there is none before `until`. */
  step(until = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      const next = this.#tasks[0]
      if (next === undefined || next.at > until) return false
      this.#pop()
      if (next.run === undefined) continue
      this.#now = next.at
      next.run()
      return true
    }
  }

  /** When the next task runs, unless it was cancelled. */
  get nextAt(): number | undefined {
    return this.#tasks[0]?.at
  }

  /** Runs every task up to this time, which it is then. */
  runUntil(time: number): void {
    while (this.step(time));
    this.#now = Math.max(this.#now, time)
  }

  #push(entry: Task): void {
    const tasks = this.#tasks
    let index = tasks.length
    tasks.push(entry)
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = tasks[above] as Task
      if (before(parent, entry)) break
      tasks[index] = parent
      index = above
    }
    tasks[index] = entry
  }

  #pop(): void {
    const tasks = this.#tasks
    const last = tasks.pop()
    if (last === undefined || tasks.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      if (left >= tasks.length) break
      const right = left + 1
      const child = right < tasks.length && before(tasks[right] as Task, tasks[left] as Task) ? right : left
      if (before(last, tasks[child] as Task)) break
      tasks[index] = tasks[child] as Task
      index = child
    }
    tasks[index] = last
  }
}

function before(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
