import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { KithError } from '../errors.ts'
import { fromHex, hex } from './bytes.ts'
import { Reader } from './reader.ts'
import { varintLength, Writer } from './writer.ts'

const violation = expect.objectContaining({ code: 'peer-violation', source: 'remote' })
const MAX = Number.MAX_SAFE_INTEGER

type Kind = 'u8' | 'u16' | 'u32' | 'u64' | 'varint'

test.each<[Kind, string, number]>([
  ['u8', '00', 0],
  ['u8', 'ff', 255],
  ['u16', '0102', 0x0102], // big-endian
  ['u16', 'ffff', 65_535],
  ['u32', '01020304', 0x0102_0304],
  ['u32', 'ffffffff', 2 ** 32 - 1],
  ['u64', '0000000100000000', 2 ** 32],
  ['u64', '001fffffffffffff', MAX],
  ['varint', '00', 0],
  ['varint', '7f', 127],
  ['varint', '8001', 128], // the low seven bits first; the high bit says that more follow
  ['varint', 'ac02', 300],
  ['varint', '80808001', 2 ** 21],
  ['varint', 'ffffffffffffff0f', MAX],
])('%s %s is %d, read and written', (kind, bytes, value) => {
  const reader = new Reader(fromHex(bytes))
  expect(reader[kind]()).toBe(value)
  reader.end()
  expect(hex(new Writer(1)[kind](value).finish())).toBe(bytes)
  if (kind === 'varint') expect(varintLength(value)).toBe(bytes.length / 2)
})

test.each<[string, string, (reader: Reader) => unknown]>([
  ['u8 of nothing', '', (r) => r.u8()],
  ['half a u16', '01', (r) => r.u16()],
  ['three quarters of a u32', '010203', (r) => r.u32()],
  ['seven eighths of a u64', '01020304050607', (r) => r.u64()],
  ['a u64 of 2^53', '0020000000000000', (r) => r.u64()],
  ['the greatest u64', 'ffffffffffffffff', (r) => r.u64()],
  ['a varint that goes on', '8080', (r) => r.varint()],
  ['a varint of 2^53', '8080808080808010', (r) => r.varint()],
  ['a varint without end', 'ff'.repeat(1000), (r) => r.varint()],
  ['0 in two bytes', '8000', (r) => r.varint()],
  ['127 in two bytes', 'ff00', (r) => r.varint()],
  ['a byte more than there is', '0102', (r) => r.view(3)],
  ['a copy of more than there is', '0102', (r) => r.take(3)],
  ['a prefix beyond the end', '000301 02', (r) => r.prefixed()],
  ['half a prefix', '00', (r) => r.prefixed()],
  ['a prefix beyond what is allowed', '0003010203', (r) => r.prefixed(2)],
  ['an end with a byte left', '00', (r) => r.end()],
])('refuses %s', (_, bytes, read) => {
  expect(() => read(new Reader(fromHex(bytes.replace(' ', ''))))).toThrow(violation)
})

test('a view is a window on the message, a copy is not', () => {
  const message = fromHex('0102030405')
  const reader = new Reader(message)
  const [view, copy, rest] = [reader.view(2), reader.take(2), reader.rest()]
  expect(reader.remaining).toBe(0)
  reader.end()
  message.fill(0xff)
  expect([hex(view), hex(copy), hex(rest)]).toEqual(['ffff', '0304', 'ff'])
})

test('as many bytes as a prefix may announce', () => {
  expect(hex(new Reader(fromHex('0002aabb')).prefixed(2))).toBe('aabb')
})

test('what was written is read', () => {
  const number = fc.oneof(
    fc.record({ kind: fc.constant('u8' as const), number: fc.nat(0xff) }),
    fc.record({ kind: fc.constant('u16' as const), number: fc.nat(0xffff) }),
    fc.record({ kind: fc.constant('u32' as const), number: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
    fc.record({ kind: fc.constantFrom('u64' as const, 'varint' as const), number: fc.maxSafeNat() }),
  )
  const bytes = fc.record({ prefixed: fc.boolean(), bytes: fc.uint8Array({ maxLength: 100 }) })
  fc.assert(
    fc.property(fc.array(fc.oneof(number, bytes)), fc.integer({ min: 1, max: 64 }), (fields, capacity) => {
      const writer = new Writer(capacity)
      for (const field of fields) {
        if ('number' in field) writer[field.kind](field.number)
        else if (field.prefixed) writer.prefixed(field.bytes)
        else writer.bytes(field.bytes)
      }
      const written = writer.finish()
      expect(written.buffer.byteLength).toBe(written.length)
      const reader = new Reader(written)
      for (const field of fields) {
        if ('number' in field) expect(reader[field.kind]()).toBe(field.number)
        else expect(hex(field.prefixed ? reader.prefixed() : reader.take(field.bytes.length))).toBe(hex(field.bytes))
      }
      reader.end()
    }),
  )
})

test('damaged messages, read by whatever method: a value or a violation', async () => {
  const corpus = [
    new Writer().u8(1).u16(2).u32(3).u64(4).varint(300).prefixed(fromHex('0102')).finish(),
    fromHex('ff'.repeat(12)),
  ]
  const random = seededRandom(21)
  const methods: ((reader: Reader) => unknown)[] = [
    (r) => r.u8(),
    (r) => r.u16(),
    (r) => r.u32(),
    (r) => r.u64(),
    (r) => r.varint(),
    (r) => r.prefixed(16),
    (r) => r.view(random.below(8)),
    (r) => r.take(random.below(8)),
    (r) => r.end(),
  ]
  for (const bytes of mutations(22, corpus, Number(process.env.KITH_FUZZ ?? 20_000))) {
    const read = () => {
      const reader = new Reader(bytes)
      try {
        for (let i = 0; i < 10; i++) methods[random.below(methods.length)]!(reader)
      } catch (error) {
        if (!(error instanceof KithError && error.code === 'peer-violation')) throw error
      }
    }
    if ((await leastDurationMs(read, () => performance.now(), 50)) > 50) expect.fail(`${hex(bytes)} takes over 50 ms`)
  }
})
