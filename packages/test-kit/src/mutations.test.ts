import { expect, test } from 'vitest'
import { fromHex, hex } from '../../protocol/src/bytes/bytes.ts'
import { leastDurationMs, mutations } from './mutations.ts'
import { seededRandom } from './random.ts'

const CORPUS = [fromHex('000102030405060708090a0b0c0d0e0f'), fromHex('ff')]

test('a seed gives the same bytes again, another seed others', () => {
  expect(hex(seededRandom(1)(32))).toBe(hex(seededRandom(1)(32)))
  expect(hex(seededRandom(1)(32))).not.toBe(hex(seededRandom(2)(32)))
  const run = (seed: number) => [...mutations(seed, CORPUS, 50)].map(hex)
  expect(run(3)).toEqual(run(3))
  expect(run(3)).not.toEqual(run(4))
})

test('random numbers stay below their limit and reach all of it', () => {
  const random = seededRandom(5)
  const seen = new Set(Array.from({ length: 1000 }, () => random.below(7)))
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('nearly all are damaged, in many ways, and the corpus is left as it was', () => {
  const before = CORPUS.map(hex)
  const made = [...mutations(6, CORPUS, 1000)].map(hex)
  expect(CORPUS.map(hex)).toEqual(before)
  expect(new Set(made).size).toBeGreaterThan(700)
  expect(made.filter((bytes) => before.includes(bytes)).length).toBeLessThan(100)
})

test('a slow try is forgiven, ten are not', async () => {
  const clock =
    (...times: number[]) =>
    () =>
      times.shift() ?? expect.fail('asked too often')
  expect(await leastDurationMs(() => {}, clock(0, 80, 80, 81), 50)).toBe(1)
  const slow = Array.from({ length: 10 }, (_, n) => [n * 100, n * 100 + 70 + n]).flat()
  expect(await leastDurationMs(() => {}, clock(...slow), 50)).toBe(70)
})
