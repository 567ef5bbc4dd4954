import { identityFromSeed, ONLINE_MS, type PeerId, PRESENCE_BURST, PRESENCE_MAX_MS, PRESENCE_PER_SECOND } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PresenceQueries } from './presence.ts'

const ids = Array.from({ length: 5 }, (_, n) => identityFromSeed(new Uint8Array(32).fill(n + 1)).id)
/** More than there are keys for: presence never looks into them. */
const many = (count: number) => Array.from({ length: count }, (_, n) => `12D3KooW${n}` as PeerId)

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function presence(contacts: readonly PeerId[], { cost = 1 } = {}) {
  const asked: { id: PeerId; at: number }[] = []
  const online = new Set<PeerId>()
  const absent = new Set(contacts)
  const gone: { id: PeerId; at: number }[] = []
  const startedAt = performance.now()
  const at = () => Math.round(performance.now() - startedAt)
  let expired = 0
  const it = new PresenceQueries({
    absent: () => [...absent].map((id) => ({ id, online: online.has(id) })),
    cost: () => cost,
    ask: async (id) => void asked.push({ id, at: at() }),
    gone: (id) => {
      online.delete(id)
      gone.push({ id, at: at() })
    },
    expire: () => {
      expired += 1
    },
  })
  /** As the peer does. */
  const hear = (id: PeerId, goodForMs = it.goodForMs) => {
    online.add(id)
    it.heard(id, goodForMs)
  }
  const timesOf = (id: PeerId | undefined) => asked.filter((one) => one.id === id).map((one) => one.at)
  return { it, asked, gone, absent, online, hear, timesOf, expired: () => expired }
}

test('everybody is asked, ten a second at the most, and again after 25 s', () => {
  const { it, asked, absent, expired } = presence(ids)
  it.askAll()
  vi.advanceTimersByTime(1_000)
  expect(asked).toEqual(ids.map((id, n) => ({ id, at: n * 100 })))
  expect(expired()).toBe(0)
  for (const id of ids.slice(2)) absent.delete(id)
  vi.advanceTimersByTime(25_000)
  expect(asked.slice(5).map(({ id }) => id)).toEqual(ids.slice(0, 2))
  expect(expired()).toBe(1)
  it.close()
})

test('who was heard is not asked for 25 s: one question informs both', () => {
  const { it, hear, timesOf } = presence(ids.slice(0, 1))
  hear(ids[0] as PeerId)
  vi.advanceTimersByTime(24_000)
  hear(ids[0] as PeerId)
  vi.advanceTimersByTime(24_999)
  expect(timesOf(ids[0])).toEqual([])
  vi.advanceTimersByTime(1)
  expect(timesOf(ids[0])).toEqual([49_000])
  it.close()
})

test('who is online and does not answer is asked three times, and is gone', () => {
  const { it, gone, hear, timesOf } = presence(ids.slice(0, 1))
  hear(ids[0] as PeerId)
  vi.advanceTimersByTime(40_000)
  expect(timesOf(ids[0])).toEqual([25_000, 28_000, 31_000])
  expect(gone).toEqual([{ id: ids[0], at: 34_000 }])
  it.close()
})

test('one answer of three is enough', () => {
  const { it, gone, hear, timesOf } = presence(ids.slice(0, 1))
  hear(ids[0] as PeerId)
  vi.advanceTimersByTime(31_500)
  hear(ids[0] as PeerId)
  vi.advanceTimersByTime(24_000)
  expect([timesOf(ids[0]).length, gone]).toEqual([3, []])
  it.close()
})

test('when a connection has ended, two questions within two seconds tell', () => {
  const { it, gone, hear, timesOf } = presence(ids.slice(0, 1))
  hear(ids[0] as PeerId)
  vi.advanceTimersByTime(1_000)
  it.suspect(ids[0] as PeerId)
  vi.advanceTimersByTime(5_000)
  expect(timesOf(ids[0])).toEqual([1_000, 2_000])
  expect(gone).toEqual([{ id: ids[0], at: 3_000 }])
  it.close()
})

test('who was added is asked at once, and for some seconds again and again, until they are heard', () => {
  const { it, hear, timesOf } = presence(ids.slice(0, 2))
  it.added(ids[0] as PeerId)
  it.added(ids[1] as PeerId)
  vi.advanceTimersByTime(2_000)
  hear(ids[1] as PeerId)
  vi.advanceTimersByTime(20_000)
  expect(timesOf(ids[0])).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500])
  expect(timesOf(ids[1])).toEqual([100, 600, 1_600])
  it.close()
})

test('who can knock from now on is asked, and who is online before those who are away', () => {
  const { it, asked, hear } = presence(ids)
  hear(ids[4] as PeerId)
  for (const id of ids) it.reachable(id)
  vi.advanceTimersByTime(500)
  expect(asked.map(({ id }) => ids.indexOf(id))).toEqual([4, 0, 1, 2, 3])
  it.close()
})

test.each([1, 2])('a thousand contacts, %d envelopes a question: the budget holds in every second', (cost) => {
  const contacts = many(1_000)
  const { it, asked } = presence(contacts, { cost })
  it.askAll()
  vi.advanceTimersByTime(600_000)
  for (const [n, { at }] of asked.entries()) {
    const later = asked.slice(n).filter((one) => one.at <= at + 10_000).length * cost
    expect(later).toBeLessThanOrEqual(PRESENCE_BURST + 10 * PRESENCE_PER_SECOND)
  }
  // Everybody within a few minutes, and then a round takes eight.
  const last = Math.max(...contacts.map((id) => asked.find((one) => one.id === id)?.at ?? Infinity))
  expect(last).toBeLessThan(((1_000 * cost) / PRESENCE_PER_SECOND) * 1_000 + 1_000)
  expect(asked.length).toBeLessThan(2_300)
  it.close()
})

test('answers come before questions: half of the burst is theirs', () => {
  const { it, asked } = presence(many(100))
  it.askAll()
  vi.advanceTimersByTime(5_000)
  const answered = many(100).filter((id) => it.mayAnswer(id)).length
  expect(answered).toBeGreaterThanOrEqual(PRESENCE_BURST / 2)
  const before = asked.length
  vi.advanceTimersByTime(1_000)
  expect(asked.length).toBe(before)
  it.close()
})

test('one who asks eight times a second is answered twice, then once in two seconds; others are answered all the same', () => {
  const { it } = presence(many(100))
  const [pest, other] = many(2) as [PeerId, PeerId]
  const answered: number[] = []
  for (let at = 0; at < 20_000; at += 125) {
    if (it.mayAnswer(pest)) answered.push(at)
    vi.advanceTimersByTime(125)
  }
  expect(answered).toEqual([0, 125, ...Array.from({ length: 9 }, (_, n) => 2_000 * (n + 1))])
  expect(it.mayAnswer(other)).toBe(true)
  it.close()
})

test('however many ask, half of the rate is left for questions', () => {
  const { it, asked } = presence(many(1_000))
  it.askAll()
  vi.advanceTimersByTime(10_000)
  const before = asked.length
  let answered = 0
  for (let n = 0; n < 600; n++) {
    if (it.mayAnswer(many(600)[n] as PeerId)) answered += 1
    vi.advanceTimersByTime(100)
  }
  expect(asked.length - before).toBeGreaterThan(60 * (PRESENCE_PER_SECOND / 2) - PRESENCE_BURST)
  expect(answered).toBeGreaterThan(60 * (PRESENCE_PER_SECOND / 2) - PRESENCE_BURST)
  expect(asked.length - before + answered).toBeLessThanOrEqual(60 * PRESENCE_PER_SECOND + PRESENCE_BURST)
  it.close()
})

test.each([
  [0, ONLINE_MS],
  [200, ONLINE_MS],
  [400, 2 * ONLINE_MS],
  [1_000, 5 * ONLINE_MS],
  [5_000, PRESENCE_MAX_MS],
])('with %d online each counts as online for %d ms', (count, goodForMs) => {
  const contacts = many(count)
  const { it, online } = presence(contacts)
  for (const id of contacts) online.add(id)
  it.askAll()
  vi.advanceTimersByTime(200)
  expect(it.goodForMs).toBe(goodForMs)
  it.close()
})

test('a timer that comes late, as in a hidden page, asks what was missed', () => {
  const { it, asked } = presence(ids)
  vi.advanceTimersByTime(0)
  it.askAll()
  vi.advanceTimersByTime(0)
  expect(asked).toHaveLength(1)
  // The page's clock goes on, its timers do not.
  const spy = vi.spyOn(performance, 'now')
  const before = performance.now()
  spy.mockReturnValue(before + 10_000)
  vi.advanceTimersByTime(100)
  expect(asked).toHaveLength(5)
  spy.mockRestore()
  it.close()
})

test('where nobody is absent nothing is asked, and the day goes on', () => {
  const { it, asked, expired } = presence([])
  it.askAll()
  vi.advanceTimersByTime(75_000)
  expect(asked).toEqual([])
  expect(expired()).toBe(3)
  it.close()
})

test('one question that fails is reported and stops none', async () => {
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
  const asked: PeerId[] = []
  const it = new PresenceQueries({
    absent: () => ids.map((id) => ({ id, online: false })),
    cost: () => 1,
    ask: async (id) => {
      asked.push(id)
      if (asked.length === 1) throw new Error('no')
    },
    gone: () => {},
    expire: () => {},
  })
  it.askAll()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(asked).toEqual(ids)
  expect(reported).toHaveBeenCalledExactlyOnceWith(new Error('no'))
  it.close()
})

test('after close nothing is asked and no timer is left, whoever calls', () => {
  const { it, asked } = presence(ids)
  it.askAll()
  vi.advanceTimersByTime(100)
  it.close()
  it.askAll()
  it.reachable(ids[0] as PeerId)
  it.added(ids[0] as PeerId)
  it.suspect(ids[0] as PeerId)
  vi.advanceTimersByTime(60_000)
  expect(asked).toHaveLength(2)
  expect(vi.getTimerCount()).toBe(0)
})

test('what is forgotten is not kept', () => {
  const { it, asked, absent } = presence(ids.slice(0, 1))
  it.added(ids[0] as PeerId)
  vi.advanceTimersByTime(0)
  absent.clear()
  it.forget(ids[0] as PeerId)
  vi.advanceTimersByTime(60_000)
  expect(asked).toHaveLength(1)
  it.close()
})
