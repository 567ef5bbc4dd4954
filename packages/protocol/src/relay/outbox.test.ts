import { expect, test } from 'vitest'
import { Outbox } from './outbox.ts'

const drained = (outbox: Outbox) => {
  const frames: number[] = []
  for (let frame = outbox.shift(); frame !== undefined; frame = outbox.shift()) frames.push(frame[0] as number)
  return frames
}

test('at the limit nothing is lost; one more costs the oldest envelope, never an answer', () => {
  const outbox = new Outbox(3)
  expect(outbox.push(Uint8Array.of(9), false)).toBe('kept')
  for (const n of [1, 2, 3]) expect(outbox.push(Uint8Array.of(n), true)).toBe('kept')
  expect(outbox.push(Uint8Array.of(4), true)).toBe('dropped')
  expect(outbox.push(Uint8Array.of(8), false)).toBe('kept')
  expect(outbox.length).toBe(5)
  expect(drained(outbox)).toEqual([9, 2, 3, 4, 8])
  expect(outbox.push(Uint8Array.of(5), true)).toBe('kept')
})

test('a receiver that lets 65 answers pile up is given up', () => {
  const outbox = new Outbox(3)
  for (let n = 0; n < 64; n++) expect(outbox.push(Uint8Array.of(n), false)).toBe('kept')
  expect(outbox.push(Uint8Array.of(64), false)).toBe('overflow')
  expect(outbox.length).toBe(64)
})
