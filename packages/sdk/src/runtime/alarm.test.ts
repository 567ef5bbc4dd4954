import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { alarmAt } from './alarm.ts'

const START = 1_800_000_000_000
const DAY_MS = 86_400_000

beforeEach(() => void vi.useFakeTimers({ now: START }))
afterEach(() => void vi.useRealTimers())

test.each([0, 1, 1_000, 2 ** 31 - 1, 2 ** 31, 60 * DAY_MS])('rings %s ms from now, not before', (waitMs) => {
  const ring = vi.fn()
  alarmAt(START + waitMs, ring)
  if (waitMs > 0) vi.advanceTimersByTime(waitMs - 1)
  expect(ring).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(ring).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(90 * DAY_MS)
  expect(ring).toHaveBeenCalledTimes(1)
})

test('what has passed rings soon; what was stopped does not ring', () => {
  const [past, stopped] = [vi.fn(), vi.fn()]
  alarmAt(START - DAY_MS, past)
  alarmAt(START + 1_000, stopped)()
  expect(past).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2_000)
  expect(past).toHaveBeenCalledTimes(1)
  expect(stopped).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})

test('a timer that is early by the wall clock waits on', () => {
  const ring = vi.fn()
  alarmAt(START + 1_000, ring)
  // The clock was put back meanwhile.
  vi.advanceTimersByTime(999)
  vi.setSystemTime(START)
  vi.advanceTimersByTime(1)
  expect(ring).not.toHaveBeenCalled()
  vi.advanceTimersByTime(999)
  expect(ring).toHaveBeenCalledTimes(1)
})
