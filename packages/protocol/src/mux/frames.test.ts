import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { concat, fromHex, hex, utf8 } from '../bytes/bytes.ts'
import { pack } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import { FRAME_MAX_BYTES, PARAMS_MAX_BYTES, PROTOCOLS_MAX } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import {
  decodeFrame,
  encodeAccept,
  encodeCredit,
  encodeDataHeader,
  encodeFin,
  encodeOpenHeader,
  encodeOwnCredit,
  encodeReject,
  encodeReset,
  encodeStop,
  makeOwn,
  type OpenHeader,
} from './frames.ts'

const SEED = Number(process.env.KITH_SEED ?? 1)
const SLOW_MS = 50
const FUZZ = Number(process.env.KITH_FUZZ ?? 20_000)

const header: OpenHeader = { kind: 'stream', priority: 0, scope: 0, protocols: ['/chat/v1'], params: undefined }
const violation = expect.objectContaining({ code: 'peer-violation', source: 'remote' })

test.each([
  // stream 1 | OPEN | u16 length | msgpack [0, 0, 0, ['/chat/v1'], nil]
  ['01 01 000f 95 00 00 00 91 a82f636861742f7631 c0', encodeOpenHeader(1, header)],
  // stream 300 as LEB128 | ACCEPT | '/a'
  ['ac02 02 2f61', encodeAccept(300, '/a')],
  ['02 03 01', encodeReject(2, 1)],
  ['01 04', encodeDataHeader(1)],
  // stream 0: the whole connection | CREDIT | 1 MiB
  ['00 05 808040', encodeCredit(0, 1024 * 1024)],
  ['7f 06', encodeFin(127)],
  ['8001 07 2a', encodeReset(128, 42)],
  ['01 08 00', encodeStop(1, 0)],
  ['03 0d 8020', encodeOwnCredit(3, 4096)],
])('on the wire: %s', (wire, encoded) => {
  expect(hex(encoded)).toBe(wire.replaceAll(' ', ''))
})

test('what is encoded comes back', () => {
  const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
  const number = fc.nat({ max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(id, number, fc.uint8Array({ maxLength: 300 }), (stream, value, data) => {
      expect(decodeFrame(encodeReject(stream, value))).toEqual({ type: 'reject', stream, code: value })
      expect(decodeFrame(encodeReset(stream, value))).toEqual({ type: 'reset', stream, code: value })
      expect(decodeFrame(encodeStop(stream, value))).toEqual({ type: 'stop', stream, code: value })
      expect(decodeFrame(encodeCredit(stream, value))).toEqual({ type: 'credit', stream, offset: value })
      expect(decodeFrame(encodeFin(stream))).toEqual({ type: 'fin', stream })
      const whole = decodeFrame(concat(encodeDataHeader(stream), data))
      expect(whole).toMatchObject({ type: 'data', stream })
      expect(whole.type === 'data' && hex(whole.data)).toBe(hex(data))
      expect(decodeFrame(encodeOwnCredit(stream, value))).toEqual({ type: 'own-credit', stream, offset: value })
      const own = concat(encodeDataHeader(stream), data)
      makeOwn(own, encodeDataHeader(stream).length)
      const decoded = decodeFrame(own)
      expect(decoded).toMatchObject({ type: 'own-data', stream })
      expect(decoded.type === 'own-data' && hex(decoded.data)).toBe(hex(data))
    }),
    { seed: SEED },
  )
  const scopes = fc.oneof(fc.constant(0 as const), fc.uint8Array({ minLength: 8, maxLength: 8 }))
  fc.assert(
    fc.property(id, fc.maxSafeInteger(), scopes, fc.jsonValue(), (stream, priority, scope, params) => {
      fc.pre(utf8(JSON.stringify(params)).length <= PARAMS_MAX_BYTES)
      const full = { kind: 'media', priority, scope: scope as 0 | Bytes, protocols: ['/a', '/b/2'], params } as const
      const decoded = decodeFrame(concat(encodeOpenHeader(stream, full), Uint8Array.of(1, 2, 3)))
      const sent = { ...full, params: JSON.parse(JSON.stringify(params)) as unknown }
      expect(decoded).toEqual({ type: 'open', stream, header: sent, data: Uint8Array.of(1, 2, 3) })
    }),
    { seed: SEED },
  )
})

test('data is a view of the message, not a copy', () => {
  const message = concat(encodeDataHeader(5), new Uint8Array(1000))
  const frame = decodeFrame(message)
  expect(frame.type === 'data' && frame.data.buffer).toBe(message.buffer)
})

const open = (fields: Parameters<typeof pack>[0]): Bytes => {
  const packed = pack(fields)
  return concat(Uint8Array.of(1, 1, packed.length >> 8, packed.length & 0xff), packed)
}

test.each([
  ['nothing', ''],
  ['no type', '01'],
  ['an unknown type', '0109'],
  ['type 0', '0100'],
  ['data for stream 0', '000401'],
  ['a varint that is not its shortest form', '810004'],
  ['a stream id beyond 2^53', 'ffffffffffffffff7f04'],
  ['a code cut off', '010780'],
  ['a byte behind FIN', '010600'],
  ['a byte behind a code', '01070000'],
  ['an OPEN cut off', '0101000f9500'],
  ['an ACCEPT that is not UTF-8', '0102ff'],
])('refused: %s', (_, wire) => {
  expect(() => decodeFrame(fromHex(wire))).toThrow(violation)
})

test.each([
  ['an unknown kind', [3, 0, 0, ['/a'], null]],
  ['a priority that is no integer', [0, 0.5, 0, ['/a'], null]],
  ['a scope of 7 bytes', [0, 0, new Uint8Array(7), ['/a'], null]],
  ['a scope of 1', [0, 0, 1, ['/a'], null]],
  ['no protocol', [0, 0, 0, [], null]],
  ['a protocol without a slash', [0, 0, 0, ['a'], null]],
  ['params that are not JSON', [0, 0, 0, ['/a'], '{']],
  ['fields missing', [0, 0, 0]],
])('an OPEN is refused: %s', (_, fields) => {
  expect(() => decodeFrame(open(fields))).toThrow(violation)
})

test('limits hold at N and not at N + 1', () => {
  const names = Array.from({ length: PROTOCOLS_MAX }, (_, i) => `/p/${i}` as const)
  expect(decodeFrame(open([0, 0, 0, names, null])).type).toBe('open')
  expect(() => decodeFrame(open([0, 0, 0, [...names, '/one/more'], null]))).toThrow(violation)

  // A JSON string: two quotes and the text, counted in UTF-8.
  const text = (bytes: number) => 'é'.repeat((bytes - 2) / 2)
  const fitting = encodeOpenHeader(1, { ...header, params: text(PARAMS_MAX_BYTES) })
  expect(decodeFrame(fitting)).toMatchObject({ header: { params: text(PARAMS_MAX_BYTES) } })
  const tooLarge = expect.objectContaining({ code: 'too-large' })
  expect(() => encodeOpenHeader(1, { ...header, params: text(PARAMS_MAX_BYTES + 2) })).toThrow(tooLarge)
  expect(() => decodeFrame(open([0, 0, 0, ['/a'], JSON.stringify(text(PARAMS_MAX_BYTES + 2))]))).toThrow(violation)
  expect(() => encodeOpenHeader(1, { ...header, params: 1n })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))

  const frame = (length: number) => concat(encodeDataHeader(1), new Uint8Array(length - 2))
  expect(decodeFrame(frame(FRAME_MAX_BYTES)).type).toBe('data')
  expect(() => decodeFrame(frame(FRAME_MAX_BYTES + 1))).toThrow(violation)
})

test(`${FUZZ} damaged frames: a frame or a violation, and soon (seed ${SEED})`, () => {
  const scoped: OpenHeader = { ...header, scope: new Uint8Array(8).fill(7), priority: -3, params: { doc: 'notes' } }
  const corpus = [
    concat(encodeOpenHeader(1, header), utf8('hello')),
    encodeOpenHeader(77, scoped),
    encodeAccept(1, '/chat/v1'),
    encodeReject(2, 1),
    concat(encodeDataHeader(9), utf8('bytes')),
    encodeCredit(0, 1024 * 1024),
    encodeFin(3),
    encodeReset(300, 42),
    encodeStop(1, 0),
  ]
  const decodeMs = (damaged: Bytes): number => {
    const before = performance.now()
    try {
      decodeFrame(damaged)
    } catch (error) {
      if (!(error instanceof KithError)) throw new Error(`${hex(damaged)}: ${String(error)}`)
    }
    return performance.now() - before
  }
  for (const damaged of mutations(SEED, corpus, FUZZ)) {
    // Slow once may be a busy machine, slow twice is slow.
    if (decodeMs(damaged) >= SLOW_MS) expect(decodeMs(damaged)).toBeLessThan(SLOW_MS)
  }
})

class Place {
  x = 1
}

const refused = { code: 'invalid-argument', message: expect.stringMatching(/^params must be JSON: /) }
test.each<[string, unknown]>([
  ['a function', () => 1],
  ['a function within', { on: () => 1 }],
  ['a symbol', Symbol('x')],
  ['a symbol within', [Symbol('x')]],
  ['undefined in a list', [undefined]],
  ['no number', { size: Number.NaN }],
  ['no finite number', [Number.POSITIVE_INFINITY]],
  ['a bigint', { n: 1n }],
  ['bytes', { id: new Uint8Array(3) }],
  ['a buffer', new ArrayBuffer(3)],
  ['a Map', { seen: new Map([[1, 2]]) }],
  ['a Set', new Set([1])],
  ['a RegExp', /x/],
  ['an Error', { why: new Error('x') }],
  ['a Promise', { later: Promise.resolve(1) }],
  ['what says that it is nothing', { toJSON: () => undefined }],
])('params that are %s are refused, not changed', (_, params) => {
  expect(() => encodeOpenHeader(1, { ...header, params })).toThrow(expect.objectContaining(refused))
})

test('params of themselves are refused', () => {
  const params: { self?: unknown } = {}
  params.self = params
  expect(() => encodeOpenHeader(1, { ...header, params })).toThrow(expect.objectContaining(refused))
})

test.each<[string, unknown, unknown]>([
  ['null', null, null],
  ['a property that is absent', { name: 'a.pdf', size: undefined }, { name: 'a.pdf' }],
  ['a date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
  ['a class of their own', new Place(), { x: 1 }],
  ['lists and texts', ['a', [true, 0.5, '']], ['a', [true, 0.5, '']]],
])('params that are %s travel', (_, params, arrived) => {
  const frame = decodeFrame(encodeOpenHeader(1, { ...header, params }))
  expect(frame).toMatchObject({ header: { params: arrived } })
})
