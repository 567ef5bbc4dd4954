/**
 * The editor is a chunk of its own, so that the first screen is fast. It is loaded once the page is idle, not when the first document is
 * opened: the page's server may be unreachable by then.
 */

/** Milliseconds before loading in browsers without requestIdleCallback (Safari): the first screen is shown by then. */
const LATER_MS = 2_000

export function loadAhead(): void {
  if (savesData()) return
  const load = () => {
    Promise.all([import('./live-document.ts'), import('./components/DocumentView.tsx')]).catch((error: unknown) => {
      // Opening a document tries again, and says so where that fails.
      console.warn('The editor could not be loaded ahead:', error)
    })
  }
  if ('requestIdleCallback' in globalThis) requestIdleCallback(load)
  else setTimeout(load, LATER_MS)
}

/** The person asked their browser to load no more than is needed (Network Information §5). */
function savesData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } }
  return connection?.saveData === true
}
