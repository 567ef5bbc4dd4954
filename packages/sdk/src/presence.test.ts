import { identityFromSeed, type PeerId } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Presence } from './presence.ts'

const ids = Array.from({ length: 5 }, (_, n) => identityFromSeed(new Uint8Array(32).fill(n + 1)).id)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function presence(absent: () => readonly PeerId[]) {
  const asked: { id: PeerId; at: number }[] = []
  const startedAt = Date.now()
  let expired = 0
  const it = new Presence({
    absent,
    ask: async (id) => void asked.push({ id, at: Date.now() - startedAt }),
    expire: () => {
      expired += 1
    },
  })
  return { it, asked, expired: () => expired }
}

test('everybody who is absent is asked, ten a second, and again after 25 s', () => {
  let absent = ids
  const { it, asked, expired } = presence(() => absent)
  it.askAll()
  vi.advanceTimersByTime(1_000)
  expect(asked).toEqual(ids.map((id, n) => ({ id, at: n * 100 })))
  expect(expired()).toBe(0)
  absent = ids.slice(0, 2)
  vi.advanceTimersByTime(25_000)
  expect(asked.slice(5).map(({ id }) => id)).toEqual(ids.slice(0, 2))
  expect(expired()).toBe(1)
  it.close()
})

test('asking again while a round is under way begins anew at the same pace', () => {
  const { it, asked } = presence(() => ids.slice(0, 2))
  it.askAll()
  vi.advanceTimersByTime(50)
  it.askAll()
  it.askAll()
  vi.advanceTimersByTime(1_000)
  expect(asked.map(({ id }) => ids.indexOf(id))).toEqual([0, 0, 1])
  expect(asked.map(({ at }) => at)).toEqual([0, 100, 200])
  it.close()
})

test('where nobody is absent nothing is asked, and the day goes on', () => {
  const { it, asked, expired } = presence(() => [])
  it.askAll()
  vi.advanceTimersByTime(75_000)
  expect(asked).toEqual([])
  expect(expired()).toBe(3)
  it.close()
})

test('one question that fails is reported and stops none', async () => {
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
  const asked: PeerId[] = []
  const it = new Presence({
    absent: () => ids,
    ask: async (id) => {
      asked.push(id)
      if (asked.length === 1) throw new Error('no')
    },
    expire: () => {},
  })
  it.askAll()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(asked).toEqual(ids)
  expect(reported).toHaveBeenCalledExactlyOnceWith(new Error('no'))
  it.close()
})

test('after close nothing is asked and no timer is left, whoever calls', () => {
  const { it, asked } = presence(() => ids)
  it.askAll()
  vi.advanceTimersByTime(100)
  it.close()
  it.askAll()
  vi.advanceTimersByTime(60_000)
  expect(asked).toHaveLength(2)
  expect(vi.getTimerCount()).toBe(0)
})

test('who asks after close, between two rounds, starts none', () => {
  const { it, asked } = presence(() => ids)
  it.close()
  it.askAll()
  expect(vi.getTimerCount()).toBe(0)
  expect(asked).toEqual([])
})
