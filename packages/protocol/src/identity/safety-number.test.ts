import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { identityFromSeed } from './keys.ts'
import { publicKeyOf } from './peer-id.ts'
import { safetyNumber } from './safety-number.ts'

const [ada, bo, cy] = [1, 2, 3].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id) as [
  `12D3KooW${string}`,
  `12D3KooW${string}`,
  `12D3KooW${string}`,
]

/** The same by other means. */
function half(id: typeof ada): string {
  const key = publicKeyOf(id)
  let hash = createHash('sha512').update('kith/1/safety\0').update(key).digest()
  for (let i = 1; i < 5_200; i++) hash = createHash('sha512').update(hash).update(key).digest()
  return Array.from({ length: 6 }, (_, n) => String(hash.readUIntBE(n * 5, 5) % 100_000).padStart(5, '0')).join('')
}

test('both see the same sixty digits, thirty for each', () => {
  const number = safetyNumber(ada, bo)
  expect(number).toMatch(/^\d{60}$/)
  expect(safetyNumber(bo, ada)).toBe(number)
  expect([number.slice(0, 30), number.slice(30)].sort()).toEqual([half(ada), half(bo)].sort())
})

test('another person in between shows in the number', () => {
  expect(safetyNumber(ada, cy)).not.toBe(safetyNumber(ada, bo))
  expect(safetyNumber(cy, bo)).not.toBe(safetyNumber(ada, bo))
})
