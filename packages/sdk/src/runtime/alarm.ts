import { timerMs } from './timer-ms.ts'

/**
 * Calls `ring` once `Date.now()` is `at`, however far off that is; at once, but not from within this call, where it has passed. Returns
 * what stops it. By the wall clock, as what is stored has its times: timers may be early by it, never the call.
 */
export function alarmAt(at: number, ring: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const arm = () => {
    timer = setTimeout(look, timerMs(at - Date.now()))
  }
  const look = () => {
    if (Date.now() >= at) ring()
    else arm()
  }
  arm()
  return () => clearTimeout(timer)
}
