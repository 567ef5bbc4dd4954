/**
 * simple-peer's setTimeout. It waits for a timer of 0 ms before each createOffer, since a Chrome of long ago crashed without;
 * pages in the background get their timers once a second, which would delay each answer to a knock by as much.
 */
export function setTimeout(task: () => void, delayMs: number): unknown {
  if (delayMs === 0) return queueMicrotask(task)
  return globalThis.setTimeout(task, delayMs)
}
