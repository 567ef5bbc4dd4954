import { given } from './environment.ts'

/** Far above what timers and clocks jitter, below the minute for which a contact counts as online. */
const SLEPT_MS = 30_000

/**
 * Calls `wake` when the page is visible again, it comes back from the browser's cache, or the network is back. `slept`: the
 * wall clock has gone on without the page's own, which stands still while a device sleeps, or it was set. Returns the undoing.
 */
export function onWake(wake: (slept: boolean) => void): () => void {
  if (typeof addEventListener !== 'function') return () => undefined
  let drift = Date.now() - performance.now()
  const look = () => {
    const before = drift
    drift = Date.now() - performance.now()
    wake(Math.abs(drift - before) > SLEPT_MS)
  }
  const listening = new AbortController()
  const { signal } = listening
  for (const event of ['online', 'pageshow']) addEventListener(event, look, { signal })
  const document = given(() => globalThis.document)
  document?.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look(), { signal })
  return () => listening.abort()
}
