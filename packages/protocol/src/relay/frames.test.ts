import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { concat, fromHex, hex } from '../bytes/bytes.ts'
import { pack } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import { BINDS_PER_FRAME, ENVELOPE_BYTES, RELAY_FRAME_MAX_BYTES } from '../limits.ts'
import {
  type ClientFrame,
  decodeClientFrame,
  decodeRelayFrame,
  encodeClientFrame,
  encodeRelayFrame,
  type RelayFrame,
} from './frames.ts'

const filled = (byte: number, length: number) => new Uint8Array(length).fill(byte)

/** Each line a field, `# …` what it is. */
const annotated = (text: string) =>
  text
    .replace(/#.*$/gm, '')
    .replace(/([0-9a-f]{2})×(\d+)/g, (_, byte: string, count: string) => byte.repeat(Number(count)))
    .replace(/\s/g, '')

const fromClients: [name: string, frame: ClientFrame, bytes: string][] = [
  [
    'BIND of one address of each form',
    {
      type: 'bind',
      binds: [
        { form: 0, address: filled(0xaa, 32), signature: filled(0xbb, 64) },
        {
          form: 1,
          address: filled(0xcc, 32),
          signature: filled(0xdd, 64),
          delegate: filled(0xee, 32),
          notAfter: 1_800_000_000,
          certificate: filled(0xff, 64),
        },
      ],
    },
    `02                # type
     02                # n
     00 aa×32 bb×64    # form 0: address, signature
     01 cc×32 dd×64    # form 1: address, signature by the delegate
     ee×32             #   delegate
     000000006b49d200  #   notAfter, u64
     ff×64             #   certificate`,
  ],
  [
    'UNBIND',
    { type: 'unbind', addresses: [filled(1, 32), filled(2, 32)] },
    `04  # type
     02  # n
     01×32
     02×32`,
  ],
  [
    'SEND',
    { type: 'send', address: filled(1, 32), envelope: filled(9, 1024) },
    `05       # type
     01×32    # address
     09×1024  # envelope`,
  ],
  [
    'PONG',
    { type: 'pong', echo: filled(7, 8) },
    `09    # type
     07×8  # what the PING held`,
  ],
  ['ICE', { type: 'ice' }, '0a'],
]

const fromRelays: [name: string, frame: RelayFrame, bytes: string][] = [
  [
    'CHALLENGE',
    { type: 'challenge', nonce: filled(3, 32), limits: { sendBurst: 100 }, nearby: filled(4, 2) },
    `01                           # type
     01                           # version
     03×32                        # nonce
     82                           # map of 2
     a6 6c696d697473              #   'limits':
     81 a9 73656e644275727374 64  #     { 'sendBurst': 100 }
     a6 6e6561726279 c4 02 0404   #   'nearby': 2 bytes`,
  ],
  ['BOUND', { type: 'bound', count: 16 }, '03 10'],
  [
    'DELIVER',
    { type: 'deliver', address: filled(1, 32), envelope: filled(9, 1024) },
    `06       # type
     01×32    # the address it was sent to
     09×1024  # envelope`,
  ],
  [
    'NOTICE rate-limited',
    { type: 'notice', notice: { code: 'rate-limited', retryAfterMs: 50, of: 'send' } },
    `07 01                              # type, code
     82                                 # map of 2
     ac 726574727941667465724d73 32     #   'retryAfterMs': 50
     a2 6f66 a4 73656e64                #   'of': 'send'`,
  ],
  [
    'NOTICE too-many',
    { type: 'notice', notice: { code: 'too-many', limit: 32, of: 'bind' } },
    `07 02                    # type, code
     82                       # map of 2
     a5 6c696d6974 20         #   'limit': 32
     a2 6f66 a4 62696e64      #   'of': 'bind'`,
  ],
  ['NOTICE malformed', { type: 'notice', notice: { code: 'malformed' } }, '07 03 80'],
  ['NOTICE bind-refused', { type: 'notice', notice: { code: 'bind-refused' } }, '07 04 80'],
  [
    'NOTICE restarting',
    { type: 'notice', notice: { code: 'restarting', reconnectInMs: 1, tryForMs: 2 } },
    `07 05                                # type, code
     82                                   # map of 2
     ad 7265636f6e6e656374496e4d73 01     #   'reconnectInMs': 1
     a8 747279466f724d73 02               #   'tryForMs': 2`,
  ],
  ['NOTICE full', { type: 'notice', notice: { code: 'full' } }, '07 06 80'],
  ['PING', { type: 'ping', payload: filled(7, 8) }, '08 07×8'],
  [
    'ICE',
    { type: 'ice', servers: [{ urls: ['turn:t'], username: 'u', credential: 'c' }] },
    `0a                                # type
     91                                # list of 1
     83                                #   map of 3
     a4 75726c73 91 a6 7475726e3a74    #     'urls': ['turn:t']
     a8 757365726e616d65 a1 75         #     'username': 'u'
     aa 63726564656e7469616c a1 63     #     'credential': 'c'`,
  ],
]

test.each(fromClients)('client frame %s has these bytes', (_, frame, bytes) => {
  expect(hex(encodeClientFrame(frame))).toBe(annotated(bytes))
  expect(decodeClientFrame(fromHex(annotated(bytes)))).toEqual(frame)
})

test.each(fromRelays)('relay frame %s has these bytes', (_, frame, bytes) => {
  expect(hex(encodeRelayFrame(frame))).toBe(annotated(bytes))
  expect(decodeRelayFrame(fromHex(annotated(bytes)))).toEqual(frame)
})

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({
    type: fc.constant('bind' as const),
    binds: fc.array(
      fc.oneof(
        fc.record({ form: fc.constant(0 as const), address: bytesOf(32), signature: bytesOf(64) }),
        fc.record({
          form: fc.constant(1 as const),
          address: bytesOf(32),
          signature: bytesOf(64),
          delegate: bytesOf(32),
          notAfter: fc.maxSafeNat(),
          certificate: bytesOf(64),
        }),
      ),
      { minLength: 1, maxLength: BINDS_PER_FRAME },
    ),
  }),
  fc.record({
    type: fc.constant('unbind' as const),
    addresses: fc.array(bytesOf(32), { minLength: 1, maxLength: BINDS_PER_FRAME }),
  }),
  fc.record({ type: fc.constant('send' as const), address: bytesOf(32), envelope: bytesOf(ENVELOPE_BYTES) }),
  fc.record({ type: fc.constant('pong' as const), echo: bytesOf(8) }),
)

test('every client frame comes back as it went, and fits', () => {
  fc.assert(
    fc.property(clientFrame, (frame) => {
      const bytes = encodeClientFrame(frame)
      expect(bytes.length).toBeLessThanOrEqual(RELAY_FRAME_MAX_BYTES)
      expect(decodeClientFrame(bytes)).toEqual(frame)
    }),
    { numRuns: 200 },
  )
})

const count = fc.maxSafeNat()
const relayFrame: fc.Arbitrary<RelayFrame> = fc.oneof(
  fc.record({
    type: fc.constant('challenge' as const),
    nonce: bytesOf(32),
    limits: fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,20}$/), count, { maxKeys: 10, noNullPrototype: true }),
  }),
  fc.record({ type: fc.constant('bound' as const), count: fc.integer({ min: 1, max: BINDS_PER_FRAME }) }),
  fc.record({
    type: fc.constant('notice' as const),
    notice: fc.oneof(
      fc.record({ code: fc.constant('rate-limited' as const), retryAfterMs: count }),
      fc.record({ code: fc.constant('too-many' as const), limit: count, of: fc.constantFrom('bind' as const, 'send' as const) }),
      fc.record({ code: fc.constant('restarting' as const), reconnectInMs: count, tryForMs: count }),
      fc.record({ code: fc.constantFrom('malformed' as const, 'bind-refused' as const, 'full' as const) }),
    ),
  }),
  fc.record({
    type: fc.constant('ice' as const),
    servers: fc.array(fc.record({ urls: fc.array(fc.string({ maxLength: 20 }), { maxLength: 8 }) }), { maxLength: 16 }),
  }),
)

test('every relay frame comes back as it went', () => {
  fc.assert(
    fc.property(relayFrame, (frame) => {
      expect(decodeRelayFrame(encodeRelayFrame(frame))).toEqual(frame)
    }),
    { numRuns: 200 },
  )
})

const malformed = expect.objectContaining({ code: 'peer-violation', source: 'remote' })

test.each([
  ['nothing', new Uint8Array()],
  ['an unknown type', Uint8Array.of(11)],
  ['type 0', Uint8Array.of(0)],
  ['a relay frame from a client', encodeRelayFrame({ type: 'bound', count: 1 })],
  ['BIND of nothing', Uint8Array.of(2, 0)],
  ['BIND of 17', concat(Uint8Array.of(2, 17), new Uint8Array(17 * 97))],
  ['BIND of form 2', concat(Uint8Array.of(2, 1, 2), new Uint8Array(96))],
  ['UNBIND of nothing', Uint8Array.of(4, 0)],
  ['UNBIND of 17', concat(Uint8Array.of(4, 17), new Uint8Array(17 * 32))],
  ['an envelope of 1,023 bytes', concat(Uint8Array.of(5), new Uint8Array(32 + 1023))],
  ['an envelope of 1,025 bytes', concat(Uint8Array.of(5), new Uint8Array(32 + 1025))],
  ['ICE with a body', Uint8Array.of(10, 0x90)],
  ['an oversized frame', new Uint8Array(RELAY_FRAME_MAX_BYTES + 1).fill(10)],
])('a relay refuses %s', (_, bytes) => {
  expect(() => decodeClientFrame(bytes)).toThrow(malformed)
})

test.each([
  ['nothing', new Uint8Array()],
  ['a client frame from a relay', encodeClientFrame({ type: 'ice' })],
  ['BOUND of nothing', Uint8Array.of(3, 0)],
  ['BOUND of 17', Uint8Array.of(3, 17)],
  ['an unknown notice', concat(Uint8Array.of(7, 7), pack({}))],
  ['a notice without its detail', concat(Uint8Array.of(7, 1), pack({}))],
  ['a notice whose details are a list', concat(Uint8Array.of(7, 3), pack([]))],
  ['a retry in the past', concat(Uint8Array.of(7, 1), pack({ retryAfterMs: -1 }))],
  ['a limit that is text', concat(Uint8Array.of(1, 1), new Uint8Array(32), pack({ limits: { sendBurst: '100' } }))],
  ['a challenge without limits', concat(Uint8Array.of(1, 1), new Uint8Array(32), pack({}))],
  ['a long nearby', concat(Uint8Array.of(1, 1), new Uint8Array(32), pack({ limits: {}, nearby: new Uint8Array(65) }))],
  ['17 ICE servers', concat(Uint8Array.of(10), pack(Array.from({ length: 17 }, () => ({ urls: [] }))))],
  ['an ICE server without urls', concat(Uint8Array.of(10), pack([{}]))],
])('a client refuses %s', (_, bytes) => {
  expect(() => decodeRelayFrame(bytes)).toThrow(malformed)
})

test('every truncation and every surplus byte is refused', () => {
  for (const [, frame] of fromClients) {
    const bytes = encodeClientFrame(frame)
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeClientFrame(bytes.subarray(0, length))).toThrow(malformed)
    expect(() => decodeClientFrame(concat(bytes, Uint8Array.of(0)))).toThrow(malformed)
  }
  for (const [, frame] of fromRelays) {
    const bytes = encodeRelayFrame(frame)
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeRelayFrame(bytes.subarray(0, length))).toThrow(malformed)
    expect(() => decodeRelayFrame(concat(bytes, Uint8Array.of(0)))).toThrow(malformed)
  }
})

test('a relay of another version is named as such', () => {
  expect(() => decodeRelayFrame(Uint8Array.of(1, 2))).toThrow(
    expect.objectContaining({
      code: 'unsupported-protocol',
      source: 'relay',
      message: expect.stringMatching(/version 2 .* version 1/),
    }),
  )
})

const FUZZ_COUNT = Number(process.env.KITH_FUZZ ?? 20000)

test.each([
  ['client', decodeClientFrame, fromClients.map(([, frame]) => encodeClientFrame(frame)), 0x7e1a],
  ['relay', decodeRelayFrame, fromRelays.map(([, frame]) => encodeRelayFrame(frame)), 0x7e1b],
] as const)('fuzz: mutated %s frames are decoded or refused, quickly', async (_, decode, corpus, seed) => {
  for (const bytes of mutations(seed, corpus, FUZZ_COUNT)) {
    const attempt = () => {
      try {
        decode(bytes)
      } catch (error) {
        if (!(error instanceof KithError)) throw new Error(`seed ${seed}: ${hex(bytes)}`, { cause: error })
      }
    }
    if ((await leastDurationMs(attempt, () => performance.now(), 50)) > 50) expect.fail(`${hex(bytes)} takes over 50 ms`)
  }
})
