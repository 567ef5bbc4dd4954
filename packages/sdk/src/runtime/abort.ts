/** What ends a wait before its result: a caller's signal, or its time. */
import { KithError } from '@kith/protocol'
import { now } from './driver.ts'
import { timerMs } from './timer-ms.ts'

/** How much longer to wait for work that ends by itself. Timers fire late on a busy machine. */
const GRACE_MS = 250

export interface Patience {
  /** As `now()` counts. Undefined: no limit. */
  readonly until: number | undefined
  readonly signal: AbortSignal | undefined
  /** What to reject with when the time is over. */
  readonly late: () => unknown
  /** The work rejects by itself at that time, with a more specific error: wait a moment longer for it. Default false. */
  readonly endsByItself?: boolean
  /** While it says false, neither the signal nor the time ends the wait. */
  readonly mayEnd?: () => boolean
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

/** Settles as `work` does, unless the signal or the time comes first. Leaves no timer and no listener. */
export function orGivenUp<T>(work: Promise<T>, patience: Patience): Promise<T> {
  const { until, signal, late, endsByItself = false, mayEnd = () => true } = patience
  if (until === undefined && signal === undefined) return work
  const graceMs = endsByItself ? GRACE_MS : 0
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
    const timer = until === undefined ? undefined : setTimeout(onLate, timerMs(Math.max(0, until - now()) + graceMs))
    signal?.addEventListener('abort', onAbort)
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
    if (signal?.aborted) onAbort()
  })
}

function aborted(signal: AbortSignal): KithError {
  return new KithError('aborted', 'The signal that was passed in was aborted.', { cause: signal.reason })
}
