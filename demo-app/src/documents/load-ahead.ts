/**
 * What a document takes is a chunk of its own, so that the first screen is there soon. It is loaded once the page has nothing else
 * to do rather than when the first document is opened: by then whoever serves the page may be gone.
 */

/** Browsers that do not tell when they are idle (Safari) have shown the first screen by then. */
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
