import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bounded, OPERATION_TIMEOUT_MS } from './bounded.ts'
import { memoryStore } from './memory.ts'
import { resilient } from './resilient.ts'
import { type Decision, KEEP, put, type Store } from './store.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A store that answers when `release` is called, and at once after that. */
function slow() {
  const inner = memoryStore()
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const after = async <T>(work: () => Promise<T>): Promise<T> => {
    await gate
    return work()
  }
  const store: Store = {
    get: (key) => after(() => inner.get(key)),
    keys: (prefix) => after(() => inner.keys(prefix)),
    update: (key, decide) => after(() => inner.update(key, decide)),
    objects: {
      get: (key) => after(async () => inner.objects?.get(key)),
      update: (key, decide) => after(async () => inner.objects?.update(key, decide)),
    },
    onChange: (listener) => inner.onChange(listener),
    close: () => inner.close(),
  }
  return { inner, store: bounded(store), release: () => release() }
}

test.each<[string, (store: Store) => Promise<unknown> | undefined]>([
  ['get', (store) => store.get('a')],
  ['keys', (store) => store.keys('')],
  ['update', (store) => store.update('a', () => put(bytes(1)))],
  ['get of an object', (store) => store.objects?.get('a')],
  ['update of an object', (store) => store.objects?.update('a', () => put({}))],
])('%s that does not answer is given up in time; the next are not waited for', async (_name, ask) => {
  const { store } = slow()
  const answer = expect(ask(store)).rejects.toMatchObject({ code: 'storage', message: /does not answer/ })
  await vi.advanceTimersByTimeAsync(OPERATION_TIMEOUT_MS)
  await answer
  await expect(ask(store)).rejects.toMatchObject({ code: 'storage' })
  expect(vi.getTimerCount()).toBe(0)
})

test('one that answers just in time is as it was', async () => {
  const { store, release } = slow()
  const answer = store.update('a', () => put(bytes(1)))
  await vi.advanceTimersByTimeAsync(OPERATION_TIMEOUT_MS - 1)
  release()
  expect(await answer).toEqual(bytes(1))
})

test('what was given up changes nothing when it is done after all, and then the store is asked again', async () => {
  const { store, inner, release } = slow()
  const decide = vi.fn((): Decision<Uint8Array<ArrayBuffer>> => put(bytes(1)))
  const answer = expect(store.update('a', decide)).rejects.toMatchObject({ code: 'storage' })
  await vi.advanceTimersByTimeAsync(OPERATION_TIMEOUT_MS)
  await answer
  release()
  await vi.advanceTimersByTimeAsync(0)
  expect(decide).not.toHaveBeenCalled()
  expect(await inner.keys('')).toEqual([])
  expect(await store.update('a', () => put(bytes(2)))).toEqual(bytes(2))
})

test('what could not be read while the store hung is not written over once it answers: all that was decided is, of what is stored', async () => {
  const { store, inner, release } = slow()
  await inner.update('a', () => put(bytes(9, 1)))
  const health = { failed: vi.fn(), recovered: vi.fn() }
  const kept = resilient(store, health)
  const add = (value: number) => kept.update('a', (current) => put(bytes(...(current ?? []), value)))
  const dropOne = () =>
    kept.update('a', (current) => (current?.includes(1) ? put(bytes(...current.filter((n) => n !== 1))) : KEEP))
  const first = [add(2), add(3)]
  await vi.advanceTimersByTimeAsync(OPERATION_TIMEOUT_MS)
  await Promise.all(first)
  await dropOne()
  expect(await kept.get('a')).toEqual(bytes(2, 3))
  expect(health.failed).toHaveBeenCalled()
  release()
  await vi.advanceTimersByTimeAsync(0)
  await Promise.all([add(4), add(5)])
  expect(await kept.get('a')).toEqual(bytes(9, 2, 3, 4, 5))
  expect(await inner.get('a')).toEqual(bytes(9, 2, 3, 4, 5))
  expect(health.recovered).toHaveBeenCalledTimes(1)
  await add(6)
  expect(await inner.get('a')).toEqual(bytes(9, 2, 3, 4, 5, 6))
})
