/**
 * Runs our goodbye after the page's own listeners for pagehide, visibilitychange and unload.
 *
 * A page that goes gets 'pagehide', then 'visibilitychange' if it was visible, then 'unload' (HTML, "unload a document"); nothing of it runs
 * after that. Within one event, listeners are called in the order in which they were added, and those of the page may come after
 * ours: so ours waits for the next event, whose listener it adds only now, behind all others.
 */
import { page } from './browser.ts'

/**
 * Calls `leave` once, in time for what is sent at once to leave. Not where the page may come back from the browser's cache, nor where
 * there is no page. Returns the undoing.
 * @param settled resolves when microtasks that the page's listeners have begun are over: some browsers run them only when all
 *   listeners have been called
 */
export function onPageEnd(leave: () => void, settled: () => Promise<void>): () => void {
  if (!page()) return () => undefined
  const listening = new AbortController()
  const { signal } = listening
  const end = () => {
    if (signal.aborted) return
    listening.abort()
    void settled().then(leave)
  }
  const onHide = ({ persisted }: PageTransitionEvent) => {
    if (persisted) return
    if (document.visibilityState === 'visible') addEventListener('visibilitychange', end, { signal })
    else if (mayUnload()) addEventListener('unload', end, { signal })
    else end()
    // A page that goes has no next task. Where there is one nevertheless, nothing more is to be expected.
    setTimeout(end)
  }
  addEventListener('pagehide', onHide, { signal })
  return () => listening.abort()
}

/** Whether 'unload' comes: Chromium lets pages go without it, by a policy. */
function mayUnload(): boolean {
  const { featurePolicy } = document as { featurePolicy?: { allowsFeature(name: string): boolean } }
  return featurePolicy?.allowsFeature('unload') ?? true
}
