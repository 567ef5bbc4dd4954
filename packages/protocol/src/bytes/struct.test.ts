import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { KithError } from '../errors.ts'
import { concat, fromHex, fromUtf8, hex, utf8 } from './bytes.ts'
import { type Fields, type Packable, pack, unpack, unpackFields } from './struct.ts'

const violation = expect.objectContaining({ code: 'peer-violation', source: 'remote' })

test('on the wire', () => {
  const wire = [
    '97', // array of 7
    '07', // 7
    'cd0100', // u16: 256
    'c0', // nil
    'c3', // true
    'c4020102', // 2 bytes
    'a24869', // 2 bytes of UTF-8: "Hi"
    '9101', // array of 1: [1]
  ].join('')
  const value = [7, 256, null, true, fromHex('0102'), 'Hi', [1]]
  expect(hex(pack(value))).toBe(wire)
  expect(unpack(fromHex(wire))).toEqual(value)
})

test('what was packed is unpacked', () => {
  const { value } = fc.letrec<{ value: Packable }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('value'), { maxLength: 8 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, (given) => {
      expect(unpack(pack(given))).toEqual(given)
    }),
  )
})

test.each([
  ['nothing', ''],
  ['the byte that msgpack never uses', 'c1'],
  ['a value and then another', '0101'],
  ['text that is cut off', 'a548'],
  ['an array of four billion', 'ddffffffff'],
  ['a map of four billion', 'dfffffffff'],
  ['four gigabytes', 'c6ffffffff'],
  ['text of four gigabytes', 'dbffffffff'],
  ['an extension', 'd40100'],
  ['an extension of four gigabytes', 'c9ffffffff01'],
  ['a timestamp', 'd6ff00000000'],
  ['an array of 257', `dc0101${'01'.repeat(257)}`],
])('unpack refuses %s', (_, bytes) => expect(() => unpack(fromHex(bytes))).toThrow(violation))

test('an array of 256 is the longest', () => {
  expect(unpack(fromHex(`dc0100${'01'.repeat(256)}`))).toHaveLength(256)
})

test('fields are taken in order, and those of a later version are left', () => {
  const fields = unpackFields(
    pack([
      1,
      utf8('ab'),
      utf8('abc'),
      'text',
      [
        [1, 'a'],
        [2, 'b'],
      ],
      [9],
      null,
      'later',
      true,
    ]),
  )
  expect(fields.integer(1)).toBe(1)
  expect(hex(fields.bytes(2))).toBe('6162')
  expect(hex(fields.bytes(3))).toBe('616263')
  expect(fields.text(4)).toBe('text')
  const pairs = fields.list(2, (item) => item.struct()).map((pair) => [pair.integer(), pair.text(1)])
  expect(pairs).toEqual([
    [1, 'a'],
    [2, 'b'],
  ])
  expect(fields.struct().integer()).toBe(9)
  expect(fields.optional((f) => f.integer())).toBeUndefined()
  expect(fields.optional((f) => f.text(5))).toBe('later')
  expect(fields.boolean()).toBe(true)
  expect(fields.optional((f) => f.text(5))).toBeUndefined()
})

test('bytes are copied out of the message', () => {
  const message = pack([utf8('ab'), utf8('cd')])
  const fields = unpackFields(message)
  const taken = [fields.bytes(2), fields.bytes(2)]
  message.fill(0)
  expect(taken.map(hex)).toEqual(['6162', '6364'])
})

test.each<[string, Packable, (fields: Fields) => unknown]>([
  ['no array', 1, (f) => f.integer()],
  ['a map', {}, (f) => f.integer()],
  ['a field that is missing', [], (f) => f.integer()],
  ['an integer beyond its maximum', [8], (f) => f.integer(7)],
  ['a negative integer', [-1], (f) => f.integer()],
  ['a fraction', [0.5], (f) => f.integer()],
  ['an integer beyond 2^53', [2 ** 60], (f) => f.integer()],
  ['text for an integer', ['1'], (f) => f.integer()],
  ['bytes too few', [utf8('a')], (f) => f.bytes(2)],
  ['bytes too many', [utf8('abc')], (f) => f.bytes(2)],
  ['text for bytes', ['ab'], (f) => f.bytes(2)],
  ['an integer for true or false', [1], (f) => f.boolean()],
  ['nil for true or false', [null], (f) => f.boolean()],
  ['text too long', ['abc'], (f) => f.text(2)],
  ['bytes for text', [utf8('ab')], (f) => f.text(2)],
  ['a list too long', [[1, 2, 3]], (f) => f.list(2, (item) => item.integer())],
  ['no list', [1], (f) => f.list(2, (item) => item.integer())],
  ['a list with a wrong element', [[1, 'a']], (f) => f.list(2, (item) => item.integer())],
  ['no struct', [1], (f) => f.struct()],
  ['something optional of the wrong kind', ['a'], (f) => f.optional((fields) => fields.integer())],
])('refuses %s', (_, value, take) => expect(() => take(unpackFields(pack(value)))).toThrow(violation))

test('bytes that are not UTF-8 are no text', () => {
  expect(fromUtf8(utf8('Zoë 😀'))).toBe('Zoë 😀')
  for (const bytes of ['ff', 'c3', 'c080', 'eda080', 'f4908080']) expect(() => fromUtf8(fromHex(bytes)), bytes).toThrow(violation)
})

test('deep nesting is a violation or a value, not an overflow of the stack', () => {
  for (const depth of [16, 1000, 100_000]) {
    const nested = concat(new Uint8Array(depth).fill(0x91), fromHex('c0'))
    try {
      unpack(nested)
    } catch (error) {
      expect(error).toEqual(violation)
    }
  }
})

test('damaged structs: a value or a violation', async () => {
  const corpus = [
    pack([1, 'name', new Uint8Array(32), ['/chat/v1', '/doc/v1'], null, { key: [true, 2 ** 40] }]),
    fromHex('dc0101'),
    fromHex('ddffffffff'),
    fromHex('c6ffffffff'),
  ]
  const random = seededRandom(31)
  const takes: ((fields: Fields) => unknown)[] = [
    (f) => f.integer(),
    (f) => f.bytes(32),
    (f) => f.boolean(),
    (f) => f.text(16),
    (f) => f.list(8, (item) => item.text(16)),
    (f) => f.struct(),
    (f) => f.optional((fields) => fields.text(4)),
  ]
  for (const bytes of mutations(32, corpus, Number(process.env.KITH_FUZZ ?? 20_000))) {
    const take = () => {
      try {
        const fields = unpackFields(bytes)
        for (let i = 0; i < 4; i++) takes[random.below(takes.length)]!(fields)
      } catch (error) {
        if (!(error instanceof KithError && error.code === 'peer-violation')) throw error
      }
    }
    if ((await leastDurationMs(take, () => performance.now(), 50)) > 50) expect.fail(`${hex(bytes)} takes over 50 ms`)
  }
})
