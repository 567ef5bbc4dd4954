import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { fromHex, hex, utf8 } from '../bytes/bytes.ts'
import { type Packable, pack } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import {
  FEATURE_NAME_MAX_LENGTH,
  FEATURES_MAX,
  FRAME_MAX_BYTES,
  GOAWAY_REASON_MAX_BYTES,
  PROTOCOLS_MAX,
  SCOPES_MAX,
} from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { type ControlMessage, decodeControl, encodeControl } from './control.ts'

const SEED = Number(process.env.KITH_SEED ?? 1)
const SLOW_MS = 50
const FUZZ = Number(process.env.KITH_FUZZ ?? 20_000)
const violation = expect.objectContaining({ code: 'peer-violation' })
const bytes = (length: number) => new Uint8Array(length).fill(0xaa)

const hello: ControlMessage = {
  type: 'hello',
  version: 1,
  instance: bytes(16),
  served: [
    [0, ['/chat/v1']],
    [bytes(8), ['/doc/v1', '/call/v1']],
  ],
  limits: { streams: 1024, streamWindowBytes: 262_144, connectionWindowBytes: 1_048_576 },
  features: ['a', 'of a later version'],
}

const atTurn: ControlMessage = { ...hello, features: ['path'], isAtTurn: true }

const messages: [wire: string, message: ControlMessage][] = [
  [`92 01 c420${'aa'.repeat(32)}`, { type: 'confirm', hmac: bytes(32) }],
  ['92 03 91 92 00 91 a22f61', { type: 'protocols', served: [[0, ['/a']]] }],
  ['93 05 03 cd0100', { type: 'ack', lane: 3, count: 256 }],
  ['93 06 02 00', { type: 'resume', lane: 2, received: 0 }],
  ['92 07 01', { type: 'ping', token: 1 }],
  ['92 08 01', { type: 'pong', token: 1 }],
  ['93 09 07 a3627965', { type: 'goaway', code: 7, reason: 'bye' }],
  ['95 09 07 a3627965 01 cd0100', { type: 'goaway', code: 7, reason: 'bye', sent: { urgent: 1, bulk: 256 } }],
  ['92 04 a3736470', { type: 'opaque', number: 4, message: fromHex('9204a3736470') }],
  ['91 0b', { type: 'opaque', number: 11, message: fromHex('910b') }],
  ['92 0d c3', { type: 'path', isAtTurn: true }],
  ['92 0d c2', { type: 'path', isAtTurn: false }],
  ['92 0a 90', { type: 'opaque', number: 10, message: fromHex('920a90') }],
]

test.each(messages)('on the wire: %s', (wire, message) => {
  expect(hex(encodeControl(message))).toBe(wire.replaceAll(' ', ''))
  expect(decodeControl(encodeControl(message))).toEqual(message)
})

test('a hello comes back, and what later versions add is passed over', () => {
  expect(decodeControl(encodeControl(hello))).toEqual(hello)
  const later = pack([2, 2, bytes(16), [], [1, 2, 3, 'more'], ['a feature'], 'more'])
  expect(decodeControl(later)).toMatchObject({ type: 'hello', version: 2, limits: { connectionWindowBytes: 3 } })
})

test('a hello of a build without features names none', () => {
  expect(decodeControl(pack([2, 1, bytes(16), [], [1, 1, 1]]))).toMatchObject({ features: [] })
  expect(decodeControl(pack([2, 1, bytes(16), [], [1, 1, 1], null]))).toMatchObject({ features: [] })
})

test.each([true, false])('a hello says where its end of the path is: %s', (isAtTurn) => {
  const message = { ...hello, features: ['path'], isAtTurn }
  expect(decodeControl(encodeControl(message))).toEqual(message)
})

test('where a hello does not say where its end of the path is, or does not know that it could, nothing is read of it', () => {
  const read = (features: string[], ...more: Packable[]) =>
    decodeControl(pack([2, 1, bytes(16), [], [1, 1, 1], features, ...more]))
  for (const silent of [read(['path']), read(['path'], null), read(['other'], true)])
    expect(silent).not.toHaveProperty('isAtTurn')
})

test.each<[string, Packable]>([
  ['no array', 1],
  ['an unknown type', [14]],
  ['a path that is no boolean', [13, 1]],
  ['a path of nothing', [13]],
  [
    "a hello whose end of the path is no boolean, of one who has the feature 'path'",
    [2, 1, bytes(16), [], [1, 1, 1], ['path'], 1],
  ],
  ['type 0', [0]],
  ['an HMAC of 31 bytes', [1, bytes(31)]],
  ['version 0', [2, 0, bytes(16), [], [1, 1, 1]]],
  ['an instance of 15 bytes', [2, 1, bytes(15), [], [1, 1, 1]]],
  ['limits missing', [2, 1, bytes(16), []]],
  ['features that are no list', [2, 1, bytes(16), [], [1, 1, 1], 'feature']],
  ['a feature that is no text', [2, 1, bytes(16), [], [1, 1, 1], [1]]],
  ['a name that is none', [3, [[0, ['chat']]]]],
  ['an ack of lane 1', [5, 1, 0]],
  ['a negative count', [5, 2, -1]],
  ['a reason that is no text', [9, 0, 1]],
  ['a goodbye that counts less than nothing', [9, 0, '', -1, 0]],
])('refused: %s', (_, message) => {
  expect(() => decodeControl(pack(message))).toThrow(violation)
})

test('limits hold at N and not at N + 1', () => {
  const scope = (i: number): Packable => [Uint8Array.of(0, 0, 0, 0, 0, 0, i >> 8, i), []]
  const scopes = Array.from({ length: SCOPES_MAX + 1 }, (_, i) => scope(i))
  expect(decodeControl(pack([3, scopes.slice(1)])).type).toBe('protocols')
  expect(() => decodeControl(pack([3, scopes]))).toThrow(violation)

  const names = Array.from({ length: PROTOCOLS_MAX + 1 }, (_, i) => `/p/${i}`)
  expect(decodeControl(pack([3, [[0, names.slice(1)]]])).type).toBe('protocols')
  expect(() => decodeControl(pack([3, [[0, names]]]))).toThrow(violation)

  const features = Array.from({ length: FEATURES_MAX + 1 }, (_, i) => `feature ${i}`)
  const helloWith = (list: string[]) => decodeControl(pack([2, 1, bytes(16), [], [1, 1, 1], list]))
  expect(helloWith(features.slice(1))).toMatchObject({ features: features.slice(1) })
  expect(helloWith(features)).toMatchObject({ features: features.slice(0, FEATURES_MAX) })
  expect(helloWith(['x'.repeat(FEATURE_NAME_MAX_LENGTH)])).toMatchObject({ features: ['x'.repeat(FEATURE_NAME_MAX_LENGTH)] })
  expect(() => helloWith(['x'.repeat(FEATURE_NAME_MAX_LENGTH + 1)])).toThrow(violation)

  for (const character of ['x', 'ü', '👋']) {
    const reason = character.repeat(GOAWAY_REASON_MAX_BYTES / utf8(character).length)
    expect(decodeControl(pack([9, 0, reason]))).toMatchObject({ reason })
    expect(() => decodeControl(pack([9, 0, `${reason}x`]))).toThrow(violation)
  }

  // [4, bin]: one byte of array, one of type, five of the bin's header.
  expect(decodeControl(pack([4, new Uint8Array(FRAME_MAX_BYTES - 5)])).type).toBe('opaque')
  expect(() => decodeControl(pack([4, new Uint8Array(FRAME_MAX_BYTES - 4)]))).toThrow(violation)
})

test(`${FUZZ} damaged control messages: a message or a violation, and soon (seed ${SEED})`, () => {
  const corpus = [...messages.map(([, message]) => encodeControl(message)), encodeControl(hello), encodeControl(atTurn)]
  const decodeMs = (damaged: Bytes): number => {
    const before = performance.now()
    try {
      decodeControl(damaged)
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
