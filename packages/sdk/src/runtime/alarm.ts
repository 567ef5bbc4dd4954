/** The longest that `setTimeout` can wait: beyond it fires at once. */
export const TIMER_MAX_MS = 2 ** 31 - 1

/**
 * Calls `ring` once `Date.now()` is `at`, however far off that is; at once, but not from within this call, where it has passed. Returns
 * what stops it. By the wall clock, as what is stored has its times: timers may be early by it, never the call.
 */
export function alarmAt(at: number, ring: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const arm = () => {
    timer = setTimeout(look, Math.min(Math.max(0, at - Date.now()), TIMER_MAX_MS))
  }
  const look = () => {
    if (Date.now() >= at) ring()
    else arm()
  }
  arm()
  return () => clearTimeout(timer)
}
