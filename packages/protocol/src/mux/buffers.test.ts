import { expect, test } from 'vitest'
import { FRAME_MAX_BYTES } from '../limits.ts'
import { Buffers } from './buffers.ts'

test('small ones are cut from shared ones, each its own part', () => {
  const buffers = new Buffers()
  const parts = Array.from({ length: 500 }, (_, n) => buffers.take(n).fill(n % 251))
  expect(parts.every((part, n) => part.length === n && part.every((byte) => byte === n % 251))).toBe(true)
  expect(new Set(parts.map(({ buffer }) => buffer)).size).toBeLessThan(15)
})

test('an idle connection that said little holds 4 KiB', () => {
  expect(new Buffers().take(100).buffer.byteLength).toBe(4096)
})

test('a shared one is cut up anew once all its parts have come back', () => {
  const buffers = new Buffers()
  const parts = [buffers.take(1000), buffers.take(1000)]
  for (const part of parts) buffers.giveBack(part.subarray(1))
  const [again, next, other] = [buffers.take(2000), buffers.take(2000), buffers.take(2000)]
  expect([again.buffer, again.byteOffset]).toEqual([parts[0]?.buffer, 0])
  expect([next.buffer, next.byteOffset]).toEqual([again.buffer, 2000])
  expect(other.buffer).not.toBe(again.buffer)
  // One that is cut up no longer is not touched again.
  buffers.giveBack(again)
  buffers.giveBack(next)
  expect(buffers.take(100).byteOffset).toBe(2000)
})

test('a large one is given out again when it has come back, and not before', () => {
  const buffers = new Buffers()
  const [first, second] = [buffers.take(FRAME_MAX_BYTES), buffers.take(FRAME_MAX_BYTES)]
  expect(first.buffer).not.toBe(second.buffer)
  buffers.giveBack(first.subarray(0, 40_000))
  const again = buffers.take(FRAME_MAX_BYTES - 1)
  expect([again.buffer, again.length]).toEqual([first.buffer, FRAME_MAX_BYTES])
  expect(buffers.take(FRAME_MAX_BYTES).buffer).not.toBe(first.buffer)
})

test('what is small or of middling size, or more than is in flight, is not kept', () => {
  const buffers = new Buffers()
  const [small, middling] = [buffers.take(2048), buffers.take(2049)]
  for (const bytes of [small, middling]) buffers.giveBack(bytes)
  expect([buffers.take(2049).buffer, buffers.take(FRAME_MAX_BYTES).buffer]).not.toContain(middling.buffer)
  const many = Array.from({ length: 20 }, () => buffers.take(FRAME_MAX_BYTES))
  for (const bytes of many) buffers.giveBack(bytes)
  const known = new Set(many.map(({ buffer }) => buffer))
  const again = Array.from({ length: 20 }, () => buffers.take(FRAME_MAX_BYTES))
  expect(again.filter(({ buffer }) => known.has(buffer))).toHaveLength(8)
})

test('at rest nothing is kept', () => {
  const buffers = new Buffers()
  const first = buffers.take(FRAME_MAX_BYTES)
  buffers.giveBack(first)
  buffers.rest()
  expect(buffers.take(FRAME_MAX_BYTES).buffer).not.toBe(first.buffer)
})
