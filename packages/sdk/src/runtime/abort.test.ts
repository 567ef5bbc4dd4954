import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { orGivenUp } from './abort.ts'
import { deferred } from './deferred.ts'
import { now } from './driver.ts'

const late = () => new Error('late')

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** How a wait stands, in a word. */
function watched(wait: Promise<unknown>): () => string {
  let state = 'pending'
  wait.then(
    (value) => {
      state = `value ${value}`
    },
    (error: Error) => {
      state = error.message
    },
  )
  return () => state
}

test('work that is done in time, or fails, settles the wait', async () => {
  const { signal } = new AbortController()
  expect(await orGivenUp(Promise.resolve(7), { until: now() + 1_000, signal, late })).toBe(7)
  await expect(orGivenUp(Promise.reject(new Error('no')), { until: undefined, signal, late })).rejects.toThrow('no')
})

test.each([
  [false, 1_000],
  [true, 1_250],
])('time ends the wait; where the work ends by itself (%s), after %s ms', async (endsByItself, ms) => {
  const state = watched(orGivenUp(new Promise(() => {}), { until: now() + 1_000, signal: undefined, late, endsByItself }))
  await vi.advanceTimersByTimeAsync(ms - 1)
  expect(state()).toBe('pending')
  await vi.advanceTimersByTimeAsync(1)
  expect(state()).toBe('late')
})

test('a signal ends the wait, with its reason as cause, also one that was aborted before', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const wait = orGivenUp(new Promise(() => {}), { until: now() + 1_000, signal: controller.signal, late })
  controller.abort(reason)
  await expect(wait).rejects.toMatchObject({ code: 'aborted', cause: reason })
  const signal = AbortSignal.abort(reason)
  await expect(orGivenUp(Promise.resolve(7), { until: undefined, signal, late })).rejects.toMatchObject({ code: 'aborted' })
})

test('while the wait may not end, neither the signal nor the time ends it', async () => {
  const controller = new AbortController()
  const work = deferred<number>()
  const state = watched(orGivenUp(work.promise, { until: now() + 1_000, signal: controller.signal, late, mayEnd: () => false }))
  controller.abort()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(state()).toBe('pending')
  work.resolve(7)
  await vi.advanceTimersByTimeAsync(0)
  expect(state()).toBe('value 7')
})
