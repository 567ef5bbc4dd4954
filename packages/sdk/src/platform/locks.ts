/** Locks between the tabs of one profile (Web Locks), which a browser may lack, refuse, or leave without an answer. */
import { within } from './environment.ts'

export type Locks = Pick<LockManager, 'request'> & Partial<Pick<LockManager, 'query'>>

/** A lock that may be had is granted at once, and the browser says at once which tab holds it. Later than that, the browser's locks do not work. */
export const LOCK_TIMEOUT_MS = 2_000

/** Whether a tab holds it. Rejects where the browser does not say. */
export async function isHeld(locks: Locks, name: string, timeoutMs: number = LOCK_TIMEOUT_MS): Promise<boolean> {
  const query = async () => locks.query?.()
  const snapshot = await within(timeoutMs, query(), () => new Error('the browser does not say who holds the lock'))
  return snapshot?.held?.some((lock) => lock.name === name) === true
}

/**
 * `work`, while no other tab does work of that name. Without locks that work it is done all the same: two tabs then do it on their
 * own. Rejects with the reason of `signal` where that comes before.
 */
export function alone<T>(locks: Locks | undefined, name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!locks) return work()
  return new Promise((resolve, reject) => {
    let running: Promise<T> | undefined
    const begin = async (): Promise<void> => {
      clearTimeout(watch)
      if (signal.aborted && !running) return
      running ??= work()
      // Held until it is over, however it ends.
      await running.then(resolve, reject)
    }
    const watch = setTimeout(() => isHeld(locks, name).then((held) => (held ? undefined : begin()), begin), LOCK_TIMEOUT_MS)
    const giveUp = () => {
      clearTimeout(watch)
      if (!running) reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) return giveUp()
    const request = async () => locks.request(name, { signal }, begin)
    // No locks here after all: an opaque origin, cookies blocked, a document that is going away.
    request().catch(begin)
  })
}
