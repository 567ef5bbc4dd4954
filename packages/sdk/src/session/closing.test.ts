import { GOODBYE_IDLE_MS, GOODBYE_MAX_MS } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { memoryLanes } from '../path/memory-lanes.ts'
import { Closing } from './closing.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

function begun() {
  const [{ control }] = memoryLanes()
  const closing = new Closing(control)
  expect(closing.hasBegun).toBe(false)
  closing.begin()
  expect(closing.hasBegun).toBe(true)
  return { closing, control }
}

/** How many milliseconds pass until `wait` fulfils. */
async function duration(wait: Promise<unknown>, between: () => void = () => undefined): Promise<number> {
  let isDone = false
  wait.then(() => {
    isDone = true
  })
  let ms = -1
  while (!isDone) {
    await vi.advanceTimersByTimeAsync(ms < 0 ? 0 : 100)
    ms = ms < 0 ? 0 : ms + 100
    if (!isDone) between()
  }
  return ms
}

test('a goodbye that leaves ends the first wait at once; one that does not, after GOODBYE_MAX_MS', async () => {
  const { closing } = begun()
  const sent = closing.untilSent()
  closing.sessionEnded()
  expect(await sent).toBe(true)
  expect(await closing.untilSent()).toBe(true)
  expect(vi.getTimerCount()).toBe(0)

  const stuck = begun().closing.untilSent()
  expect(await duration(stuck)).toBe(GOODBYE_MAX_MS)
  expect(await stuck).toBe(false)
})

test('the answer is awaited until the lanes close', async () => {
  const { closing, control } = begun()
  const answered = closing.untilAnswered()
  control.close()
  expect(await duration(answered)).toBeLessThan(GOODBYE_IDLE_MS)
  expect(vi.getTimerCount()).toBe(0)
  expect(await duration(new Closing(control).untilAnswered())).toBe(0)
})

test('a remote that says nothing is awaited for GOODBYE_IDLE_MS, one that goes on for GOODBYE_MAX_MS', async () => {
  expect(await duration(begun().closing.untilAnswered())).toBe(GOODBYE_IDLE_MS)
  const { closing } = begun()
  expect(await duration(closing.untilAnswered(), () => closing.heard())).toBe(GOODBYE_MAX_MS)
  expect(vi.getTimerCount()).toBe(0)
})
