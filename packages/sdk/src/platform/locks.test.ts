import { describe, expect, test, vi } from 'vitest'
import { alone, LOCK_TIMEOUT_MS, type Locks } from './locks.ts'

const never = () => new Promise<never>(() => {})
const forbidden = () => {
  throw new DOMException('The operation is insecure.', 'SecurityError')
}
const open = new AbortController().signal

describe('work that one tab alone is to do is done without locks, too', () => {
  test.each<[string, unknown]>([
    ['there are none', undefined],
    ['asking throws', { request: forbidden }],
    ['asking is refused', { request: async () => forbidden() }],
    ['asking is never answered, nor who holds the lock', { request: never, query: never }],
    ['asking is never answered, and who holds the lock may not be asked', { request: never, query: forbidden }],
    ['asking is never answered, and nobody holds the lock', { request: never, query: async () => ({ held: [], pending: [] }) }],
    ['asking is never answered, and there is nobody to ask', { request: never }],
  ])('%s', async (_name, locks) => {
    vi.useFakeTimers()
    const work = vi.fn(async () => 7)
    const done = alone(locks as Locks | undefined, 'x', open, work)
    await vi.advanceTimersByTimeAsync(2 * LOCK_TIMEOUT_MS)
    expect(await done).toBe(7)
    expect([work.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0])
    vi.useRealTimers()
  })
})

test('while another tab holds the lock it is waited for', async () => {
  vi.useFakeTimers()
  let grant = (): Promise<unknown> => Promise.resolve()
  const locks = {
    request: (_name: string, _options: LockOptions, hold: () => Promise<unknown>) =>
      new Promise((resolve, reject) => {
        grant = () => hold().then(resolve, reject)
      }),
    query: async () => ({ held: [{ name: 'x' }], pending: [] }),
  } as unknown as Locks
  const work = vi.fn(async () => 7)
  const done = alone(locks, 'x', open, work)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(work).not.toHaveBeenCalled()
  await grant()
  expect(await done).toBe(7)
  vi.useRealTimers()
})

test('a lock that comes after the work has begun without it is held until that is done, and the work is not done again', async () => {
  vi.useFakeTimers()
  let hold = (): Promise<unknown> => Promise.resolve()
  const request = (_name: string, _options: LockOptions, held: typeof hold) => {
    hold = held
    return never()
  }
  let finish = (_value: number) => {}
  const work = vi.fn(() => new Promise<number>((resolve) => (finish = resolve)))
  const done = alone({ request } as unknown as Locks, 'x', open, work)
  await vi.advanceTimersByTimeAsync(2 * LOCK_TIMEOUT_MS)
  const held = hold()
  finish(7)
  await held
  expect(await done).toBe(7)
  expect(work).toHaveBeenCalledTimes(1)
  vi.useRealTimers()
})

test.each([
  ['before it is asked for', true],
  ['while it is not answered', false],
])('what is given up %s is not done, and leaves no timer', async (_name, isEarly) => {
  vi.useFakeTimers()
  const control = new AbortController()
  const reason = new Error('enough')
  if (isEarly) control.abort(reason)
  const work = vi.fn(async () => 7)
  const done = expect(alone({ request: never }, 'x', control.signal, work)).rejects.toBe(reason)
  control.abort(reason)
  await done
  await vi.advanceTimersByTimeAsync(2 * LOCK_TIMEOUT_MS)
  expect([work.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
  vi.useRealTimers()
})

test('what the work rejects with is what it rejects with', async () => {
  const locks = { request: (_name: string, _options: LockOptions, hold: () => Promise<unknown>) => hold() } as unknown as Locks
  const work = vi.fn(async () => Promise.reject(new Error('no')))
  await expect(alone(locks, 'x', open, work)).rejects.toThrow('no')
  expect(work).toHaveBeenCalledTimes(1)
})
