import { expect, test } from 'vitest'
import { hex } from './bytes.ts'
import { Writer } from './writer.ts'

test.each<[string, (writer: Writer) => unknown]>([
  ['u8 256', (w) => w.u8(256)],
  ['u8 -1', (w) => w.u8(-1)],
  ['u8 0.5', (w) => w.u8(0.5)],
  ['u16 65,536', (w) => w.u16(65_536)],
  ['u32 2^32', (w) => w.u32(2 ** 32)],
  ['u64 2^53', (w) => w.u64(2 ** 53)],
  ['u64 -1', (w) => w.u64(-1)],
  ['varint 2^53', (w) => w.varint(2 ** 53)],
  ['varint -1', (w) => w.varint(-1)],
  ['varint NaN', (w) => w.varint(Number.NaN)],
  ['65,536 bytes behind a u16', (w) => w.prefixed(new Uint8Array(65_536))],
])('does not write %s', (_, write) => expect(() => write(new Writer())).toThrow(RangeError))

test('65,535 bytes fit behind a u16', () => {
  expect(new Writer().prefixed(new Uint8Array(65_535)).finish().length).toBe(65_537)
})

test('bytes are copied in, and what was finished is left alone by further writing', () => {
  const given = new Uint8Array([1, 2])
  const writer = new Writer().bytes(given)
  given.fill(0)
  const finished = writer.finish()
  writer.u8(3)
  expect(hex(finished)).toBe('0102')
  expect(hex(writer.finish())).toBe('010203')
})
