import { expect, test } from 'vitest'
import { epochOf, epochsAround } from './epoch.ts'
import { paddedCount } from './padding.ts'

const DAY_MS = 86_400_000
const TWO_HOURS_MS = 7_200_000
const START = Date.UTC(2026, 10, 22)

test.each([
  [0, 0],
  [DAY_MS - 1, 0],
  [DAY_MS, 1],
  [Date.UTC(2026, 10, 22, 23, 59, 59, 999), 20_779],
])('%d ms is in epoch %d', (unixMs, epoch) => expect(epochOf(unixMs)).toBe(epoch))

test.each([
  ['at the boundary', START, [20_779, 20_778]],
  ['2 h after it', START + TWO_HOURS_MS, [20_779, 20_778]],
  ['1 ms later', START + TWO_HOURS_MS + 1, [20_779]],
  ['at noon', START + DAY_MS / 2, [20_779]],
  ['1 ms before the last 2 h', START + DAY_MS - TWO_HOURS_MS - 1, [20_779]],
  ['2 h before the next', START + DAY_MS - TWO_HOURS_MS, [20_779, 20_780]],
  ['1 ms before the next', START + DAY_MS - 1, [20_779, 20_780]],
  ['on the first day there was', 0, [0]],
])('%s, these epochs', (_, unixMs, epochs) => expect(epochsAround(unixMs)).toEqual(epochs))

test.each([
  [0, 16],
  [16, 16],
  [17, 64],
  [64, 64],
  [65, 256],
  [256, 256],
  [257, 1024],
  [1024, 1024],
  [1025, 4096],
  [4096, 4096],
  [4097, 4096],
])('%d addresses are shown as %d', (count, padded) => expect(paddedCount(count)).toBe(padded))
