/** In Node the library is whole; here it is as it is bundled, without the methods that `scripts/unused-methods.ts` cuts out. */
import { expect, test } from 'vitest'
import { fromHex } from './bytes.ts'
import { type Packable, pack, unpack } from './struct.ts'

const numbers = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1].flatMap((n) => [n, -n - 1, n + 0.5])
const lengths = [0, 1, 15, 16, 31, 32, 200, 255, 256, 65_535, 65_536]

test.each<[string, Packable[]]>([
  ['numbers', numbers.filter((number) => Number.isSafeInteger(number) || !Number.isInteger(number))],
  ['text', lengths.map((length) => 'é'.repeat(length))],
  ['bytes', lengths.map((length) => new Uint8Array(length).fill(7))],
  ['arrays', [0, 15, 16, 256].map((length) => new Array<Packable>(length).fill(null))],
  ['maps', [0, 15, 16, 256].map((size) => Object.fromEntries(Array.from({ length: size }, (_, i) => [`key ${i}`, true])))],
  ['a struct', [[1, 'name', new Uint8Array(32), ['/chat/v1'], null, { key: [true, false] }]]],
])('%s pass through a bundled msgpack', (_, values) => {
  for (const value of values) expect(unpack(pack(value))).toEqual(value)
})

test.each([
  ['a float of four bytes', 'ca3f800000', 1],
  ['an integer beyond 2^53', 'cf1000000000000000', 2 ** 60],
  ['a negative one', 'd3f000000000000000', -(2 ** 60)],
])('%s is read', (_, wire, value) => expect(unpack(fromHex(wire))).toBe(value))

test.each([
  ['an extension', 'd40100'],
  ['a date', 'd6ff00000000'],
  ['a key named __proto__', '81a95f5f70726f746f5f5f80'],
  ['a value and then another', '0101'],
  ['text that is cut off', 'a548'],
])('%s is refused', (_, wire) => {
  expect(() => unpack(fromHex(wire))).toThrow(expect.objectContaining({ code: 'peer-violation' }))
})
