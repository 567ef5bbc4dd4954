import { expect, test } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

test('the burst at once, then so many a second, and never more than the burst gathers', () => {
  const bucket = new TokenBucket(5, 20, 1_000)
  for (let i = 0; i < 20; i++) expect(bucket.take(1_000)).toBe(true)
  expect(bucket.take(1_000)).toBe(false)
  expect(bucket.take(1_199)).toBe(false)
  expect(bucket.take(1_200)).toBe(true)
  expect(bucket.take(1_399)).toBe(false)
  expect(bucket.take(1_400)).toBe(true)
  for (let i = 0; i < 20; i++) expect(bucket.take(9_000_000)).toBe(true)
  expect(bucket.take(9_000_000)).toBe(false)
})

test('several at once are taken together or not at all', () => {
  const bucket = new TokenBucket(1, 10, 0)
  expect(bucket.take(0, 11)).toBe(false)
  expect(bucket.take(0, 10)).toBe(true)
  expect(bucket.take(1_999, 2)).toBe(false)
  expect(bucket.take(2_000, 2)).toBe(true)
})

test('waiting for as long as it says is enough, and a millisecond less is not', () => {
  const bucket = new TokenBucket(7, 3, 0)
  for (let now = 0, taken = 0; taken < 200; taken++) {
    while (bucket.take(now)) taken++
    const waitMs = bucket.waitMs(now)
    expect(bucket.take(now + waitMs - 1)).toBe(false)
    now += waitMs
    expect(bucket.take(now)).toBe(true)
  }
  expect(new TokenBucket(5, 5, 0).waitMs(0)).toBe(1)
  expect(new TokenBucket(0, 0, 0).waitMs(0)).toBe(Number.MAX_SAFE_INTEGER)
})

test('no rounding is lost over a day of small steps', () => {
  const bucket = new TokenBucket(3, 1, 0)
  let taken = 0
  for (let now = 0; now <= 86_400; now++) if (bucket.take(now)) taken++
  // 3 a second for 86.4 s, and the one that was there; each waits for the next whole millisecond.
  expect(taken).toBeGreaterThanOrEqual(259)
  expect(taken).toBeLessThanOrEqual(260)
})

test('a clock that goes back gives nothing and takes nothing', () => {
  const bucket = new TokenBucket(1, 2, 10_000)
  bucket.take(10_000, 2)
  expect(bucket.take(0)).toBe(false)
  expect(bucket.take(10_999)).toBe(false)
  expect(bucket.take(11_000)).toBe(true)
})

test('full again: nothing to remember', () => {
  const bucket = new TokenBucket(10, 10, 0)
  expect(bucket.full(0)).toBe(true)
  bucket.take(0)
  expect([bucket.full(99), bucket.full(100)]).toEqual([false, true])
})
