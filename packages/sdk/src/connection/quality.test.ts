import { expect, test } from 'vitest'
import { qualityOf } from './quality.ts'

test.each([
  ['excellent', 0, 0],
  ['excellent', 200, 0.02],
  ['good', 201, 0],
  ['good', 0, 0.021],
  ['good', 480, 0.06],
  ['poor', 481, 0],
  ['poor', 0, 0.061],
  ['poor', 30_000, 1],
  // Without tracks there is no loss to tell of.
  ['excellent', 200, undefined],
  ['poor', 481, undefined],
  // Without a round trip nothing is excellent, and loss still counts.
  ['good', undefined, undefined],
  ['good', undefined, 0.06],
  ['poor', undefined, 0.061],
] as const)('%s at %d ms and a loss of %d', (quality, roundTripMs, lossRatio) => {
  expect(qualityOf(true, roundTripMs, lossRatio)).toBe(quality)
})

test('without a path it is lost, whatever was measured last', () => {
  expect(qualityOf(false, 0, 0)).toBe('lost')
  expect(qualityOf(false, undefined, undefined)).toBe('lost')
})
