import { now } from '../runtime/driver.ts'

/** Far above what timers and clocks jitter, below the minute for which somebody counts as online. */
const SLEPT_MS = 30_000

/**
 * Calls `wake` when somebody looks at the page again, it comes back from the browser's cache, or the network is back. `slept`: the
 * wall clock has gone on without the page's own, which stands still while a device sleeps, or it was set. Returns the undoing.
 */
export function onWake(wake: (slept: boolean) => void): () => void {
  if (typeof addEventListener !== 'function') return () => undefined
  let drift = Date.now() - now()
  const look = () => {
    const before = drift
    drift = Date.now() - now()
    wake(Math.abs(drift - before) > SLEPT_MS)
  }
  const listening = new AbortController()
  const { signal } = listening
  for (const event of ['online', 'pageshow']) addEventListener(event, look, { signal })
  if (typeof document === 'undefined') return () => listening.abort()
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look(), { signal })
  return () => listening.abort()
}
