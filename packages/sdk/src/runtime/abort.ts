/** What ends a wait before its result: a caller's signal, or its time. */
import { KithError } from '@kith/protocol'
import { now } from './driver.ts'
import { timerMs } from './timer-ms.ts'

/** The operation's own, more specific error precedes the timeout, where both come at once. */
const GRACE_MS = 250

export interface Patience {
  /** As `now()` counts. */
  readonly until: number
  readonly signal: AbortSignal | undefined
  /** What to reject with when the time is over. */
  readonly late: () => unknown
  /** While it says false, neither the signal nor the time ends the wait. */
  readonly mayEnd?: () => boolean
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

/** Settles as `work` does, unless the signal or the time comes first. Leaves no timer and no listener. */
export function orGivenUp<T>(work: Promise<T>, { until, signal, late, mayEnd = () => true }: Patience): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      how()
    }
    const onAbort = () => {
      if (signal && mayEnd()) settle(() => reject(aborted(signal)))
    }
    const onLate = () => {
      if (mayEnd()) settle(() => reject(late()))
    }
    const timer = setTimeout(onLate, timerMs(Math.max(0, until - now()) + GRACE_MS))
    signal?.addEventListener('abort', onAbort)
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}

function aborted(signal: AbortSignal): KithError {
  return new KithError('aborted', 'It was aborted by the signal that was passed in.', { cause: signal.reason })
}
