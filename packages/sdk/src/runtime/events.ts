import mitt, { type EventType } from 'mitt'
import type { Events, Stop } from '../api.ts'
import { errorReporter } from '../platform/browser.ts'

/** Safari has no `Symbol.dispose` yet; compilers that lower `using` look for this registered symbol instead. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')

export function makeStop(undo: () => void): Stop {
  let done = false
  const stop = () => {
    if (done) return
    done = true
    undo()
  }
  return Object.assign(stop, { [DISPOSE]: stop })
}

/** For an error that no caller awaits: goes to the page's error handling, as an exception in a DOM event listener would. */
export function report(error: unknown): void {
  const reporter = errorReporter() ?? console.error
  reporter(error)
}

/** What `run` throws is reported: the caller goes on. */
export function guarded(run: () => void): void {
  try {
    run()
  } catch (error) {
    report(error)
  }
}

/** For errors that a remote's input may cause, as in a handler: a remote must not be able to trigger the page's error handling. */
export function reportToConsole(error: unknown): void {
  console.error(error)
}

/** `Map`: event name → payload. The owner emits, and shows others only `Events<Map>`. */
export class Emitter<Map> implements Events<Map> {
  readonly #mitt = mitt<Record<EventType, unknown>>()

  on<E extends keyof Map>(event: E, listener: (payload: Map[E]) => unknown): Stop {
    // A wrapper for each registration, so that one listener registered twice is called twice and undone once at a time.
    const guarded = (payload: unknown) => {
      try {
        const result = listener(payload as Map[E])
        if (result instanceof Promise) result.catch(report)
      } catch (error) {
        report(error)
      }
    }
    this.#mitt.on(event as EventType, guarded)
    return makeStop(() => this.#mitt.off(event as EventType, guarded))
  }

  emit<E extends keyof Map>(event: E, payload: Map[E]): void {
    this.#mitt.emit(event as EventType, payload)
  }
}
