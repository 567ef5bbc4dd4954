/** Of one kind of line. */
const INTERVAL_MS = 1_000

/** A log that clients cannot fill: one line a second of each kind, then how many were left out. There are few kinds. */
export class PacedLog {
  readonly #log: (line: string) => void
  readonly #kinds = new Map<string, { timer: NodeJS.Timeout; more: number }>()

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  /** Logs `line` now, or counts it: "12 more: KIND" follows within a second. */
  say(kind: string, line = kind): void {
    const known = this.#kinds.get(kind)
    if (known !== undefined) {
      known.more += 1
      return
    }
    this.#log(line)
    this.#wait(kind)
  }

  /** Logs what is counted. */
  close(): void {
    for (const [kind, { timer, more }] of this.#kinds) {
      clearTimeout(timer)
      if (more > 0) this.#log(`${more} more: ${kind}`)
    }
    this.#kinds.clear()
  }

  #wait(kind: string): void {
    const timer = setTimeout(() => {
      const more = this.#kinds.get(kind)?.more ?? 0
      this.#kinds.delete(kind)
      if (more === 0) return
      this.#log(`${more} more: ${kind}`)
      this.#wait(kind)
    }, INTERVAL_MS)
    timer.unref()
    this.#kinds.set(kind, { timer, more: 0 })
  }
}
