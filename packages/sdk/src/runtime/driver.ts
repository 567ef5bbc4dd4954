/** The only loop: event → handle → drain → re-arm one timer. */
import type { Machine, Millis } from '@kith/protocol'
import { timerMs } from './timer-ms.ts'

/** Milliseconds since 1970, by a clock that never goes back. */
export function now(): Millis {
  return performance.timeOrigin + performance.now()
}

export class Driver<In, Out> {
  readonly #machine: Machine<In, Out>
  readonly #tick: In
  readonly #act: (output: Out) => void
  readonly #waiting: In[] = []
  #isRunning = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #armedFor = Infinity
  #stopped = false

  /** @param tick what to `handle` when the machine's deadline has come. */
  constructor(machine: Machine<In, Out>, tick: In, act: (output: Out) => void) {
    this.#machine = machine
    this.#tick = tick
    this.#act = act
  }

  /** Acting on an output may give the next input at once: it waits its turn. */
  give(input: In): void {
    if (this.#stopped) return
    this.#waiting.push(input)
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#machine.handle(next, now())
        for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) this.#act(output)
      }
    } finally {
      this.#isRunning = false
      this.#arm()
    }
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    const deadline = this.#stopped ? Infinity : (this.#machine.deadline() ?? Infinity)
    // Nearly every input comes by here. A tick too early is harmless and arms anew; only one too late would matter.
    if (this.#armedFor <= deadline && deadline !== Infinity) return
    clearTimeout(this.#timer)
    this.#armedFor = deadline
    if (deadline === Infinity) return
    const tick = () => {
      this.#armedFor = Infinity
      this.give(this.#tick)
    }
    this.#timer = setTimeout(tick, timerMs(Math.ceil(deadline - now())))
  }
}
