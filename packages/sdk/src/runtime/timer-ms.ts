/** Beyond it `setTimeout` fires at once; nothing is awaited for so long. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** A wait as `setTimeout` can count it. */
export const timerMs = (waitMs: number): number => Math.min(Math.max(0, waitMs), TIMER_MAX_MS)
