import { describe, expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { Fields, pack, unpackFields } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import { REMOTE_MESSAGE_MIN_BYTES } from '../limits.ts'
import { packDescription, readDescription, type TransportDescription } from './description.ts'

const offer: TransportDescription = {
  fingerprint: new Uint8Array(32).fill(0xab),
  iceUfrag: 'EsAw',
  icePwd: 'bP+XJMM09aR8AiX1jdukzR6Y',
  setup: 'actpass',
  sctpPort: 5000,
  maxMessageSize: 262_144,
}

const DESCRIPTIONS: readonly [string, TransportDescription][] = [
  ['an offer', offer],
  ['an active answer', { ...offer, setup: 'active' }],
  ['a passive answer', { ...offer, setup: 'passive' }],
  ['messages without limit', { ...offer, maxMessageSize: 0 }],
  ['the least messages', { ...offer, maxMessageSize: REMOTE_MESSAGE_MIN_BYTES }],
  ['the longest credentials', { ...offer, iceUfrag: 'u'.repeat(256), icePwd: 'p'.repeat(256) }],
  ['the shortest credentials', { ...offer, iceUfrag: 'u/+9', icePwd: 'p'.repeat(22) }],
]

test.each(DESCRIPTIONS)('round trip: %s', (_what, description) => {
  expect(readDescription(unpackFields(pack(packDescription(description))))).toEqual(description)
})

test('the bytes', () => {
  const text = new TextEncoder()
  // fixarray 6, bin8 fingerprint, ufrag, pwd, actpass, 5000, 262144
  const head = [0x96, 0xc4, 32, ...offer.fingerprint, 0xa4, ...text.encode(offer.iceUfrag), 0xb8, ...text.encode(offer.icePwd)]
  expect([...pack(packDescription(offer))]).toEqual([...head, 0, 0xcd, 0x13, 0x88, 0xce, 0, 4, 0, 0])
})

describe('refused', () => {
  const struct = packDescription(offer)
  const withField = (at: number, value: unknown) => struct.map((field, index) => (index === at ? value : field))
  test.each([
    ['fingerprint of 31', withField(0, new Uint8Array(31))],
    ['fingerprint of 33', withField(0, new Uint8Array(33))],
    ['fingerprint as text', withField(0, 'ab'.repeat(32))],
    ['ufrag of 3', withField(1, 'abc')],
    ['ufrag of 257', withField(1, 'a'.repeat(257))],
    ['ufrag with a line of its own', withField(1, 'abcd\r\na=setup:active')],
    ['ufrag with a line feed', withField(1, 'abcd\n')],
    ['pwd of 21', withField(2, 'p'.repeat(21))],
    ['pwd of 257', withField(2, 'p'.repeat(257))],
    ['pwd with a space', withField(2, `${'p'.repeat(22)} `)],
    ['setup 3', withField(3, 3)],
    ['setup as text', withField(3, 'actpass')],
    ['SCTP port 0', withField(4, 0)],
    ['SCTP port 65536', withField(4, 65_536)],
    ['messages of dust', withField(5, REMOTE_MESSAGE_MIN_BYTES - 1)],
    ['negative messages', withField(5, -1)],
    ['messages of 2^53', withField(5, 2 ** 53)],
    ['a field missing', struct.slice(0, 5)],
    ['not a struct', { fingerprint: 1 }],
  ])('%s', (_why, value) => {
    expect(() => readDescription(new Fields(value))).toThrow(expect.objectContaining({ code: 'peer-violation' }))
  })
})

test('fuzz: damaged structs are refused in kind, and soon', async () => {
  const corpus = DESCRIPTIONS.map(([, description]) => pack(packDescription(description)))
  for (const bytes of mutations(8841, corpus, Number(process.env.KITH_FUZZ ?? 20_000))) {
    const attempt = () => {
      try {
        const description = readDescription(unpackFields(bytes))
        expect(readDescription(new Fields(packDescription(description)))).toEqual(description)
      } catch (error) {
        if (!(error instanceof KithError)) throw error
      }
    }
    expect(await leastDurationMs(attempt, () => performance.now(), 50)).toBeLessThan(50)
  }
})
