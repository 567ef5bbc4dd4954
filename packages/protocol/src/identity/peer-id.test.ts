import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { base58 } from '@scure/base'
import { expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { concat, fromHex, hex, utf8 } from '../bytes/bytes.ts'
import { KithError } from '../errors.ts'
import { isPeerId, parsePeerId, peerIdOf, publicKeyOf } from './peer-id.ts'

const ID = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'
const KEY = fromHex('1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e')
const PREFIX = '002408011220'

const textOf = (key: Uint8Array, prefix = PREFIX) => base58.encode(concat(fromHex(prefix), key))
const littleEndian = (value: bigint) => fromHex(value.toString(16).padStart(64, '0')).reverse()

const P = 2n ** 255n - 19n
const torsioned = ED25519_TORSION_SUBGROUP.slice(1).map((point) =>
  ed25519.Point.fromBytes(KEY).add(ed25519.Point.fromHex(point)).toBytes(),
)
/** Every y that fits 255 bits and is not below p, with either sign: 19 × 2. */
const nonCanonical = Array.from({ length: 19 }, (_, k) => P + BigInt(k)).flatMap((y) => [
  littleEndian(y),
  littleEndian(y + 2n ** 255n),
])
const offTheCurve = littleEndian(2n)

// libp2p, peer-ids spec, test vectors: Ed25519
test('is the one that libp2p gives to the same key', () => {
  expect(peerIdOf(KEY)).toBe(ID)
  expect(hex(publicKeyOf(parsePeerId(ID)))).toBe(hex(KEY))
})

test('white space around it is taken off by parse, and is no PeerId by is', () => {
  expect(parsePeerId(`\n  ${ID}\t`)).toBe(ID)
  expect(isPeerId(ID)).toBe(true)
  expect(isPeerId(` ${ID}`)).toBe(false)
})

const refusals: [what: string, text: string, reason: RegExp][] = [
  ['nothing', '', /52 characters, not 0/],
  ['white space', '   ', /52 characters/],
  ['one character less', ID.slice(0, -1), /52 characters, not 51/],
  ['one character more', `${ID}A`, /52 characters, not 53/],
  ['a megabyte', '1'.repeat(1_000_000), /52 characters/],
  ['0, which is not base58', `${ID.slice(0, -1)}0`, /base58/],
  ['l, which is not base58', `${ID.slice(0, -1)}l`, /base58/],
  ['white space inside', `${ID.slice(0, 20)} ${ID.slice(21)}`, /base58/],
  ['a number', 5 as unknown as string, /text/],
  ['a secp256k1 key', textOf(KEY, '002408021220'), /Ed25519/],
  ['another multihash', textOf(KEY, '002508011220'), /Ed25519/],
  ['a key of 31 bytes', textOf(KEY.subarray(1)), /characters/],
  ['a key of 33 bytes', textOf(concat(KEY, fromHex('00'))), /characters/],
  ['a point off the curve', textOf(offTheCurve), /canonical/],
  ...ED25519_TORSION_SUBGROUP.map((point): [string, string, RegExp] => [
    `small order ${point.slice(0, 8)}…${point.slice(-2)}`,
    textOf(fromHex(point)),
    /small order|canonical/,
  ]),
  ...torsioned.map((key, i): [string, string, RegExp] => [`a torsioned key ${i + 1}`, textOf(key), /prime-order/]),
  ...nonCanonical.map((key): [string, string, RegExp] => [`y ≥ p: ${hex(key)}`, textOf(key), /canonical/]),
  ['x = 0 with its sign bit set, y = 1', textOf(littleEndian(1n + 2n ** 255n)), /canonical/],
  ['x = 0 with its sign bit set, y = −1', textOf(littleEndian(P - 1n + 2n ** 255n)), /canonical/],
]

test.each(refusals)('refuses %s', (_, text, reason) => {
  expect(() => parsePeerId(text)).toThrow(
    expect.objectContaining({ code: 'invalid-peer-id', message: expect.stringMatching(reason) }),
  )
  expect(isPeerId(text)).toBe(false)
})

test('peerIdOf refuses the keys that parse refuses', () => {
  const keys = [...ED25519_TORSION_SUBGROUP.map(fromHex), ...torsioned, ...nonCanonical, offTheCurve, KEY.subarray(1)]
  for (const key of keys) expect(() => peerIdOf(key), hex(key)).toThrow(expect.objectContaining({ code: 'invalid-peer-id' }))
})

test('publicKeyOf refuses text that was cast, not parsed', () => {
  expect(() => publicKeyOf('12D3KooWnot')).toThrow(expect.objectContaining({ code: 'invalid-peer-id' }))
})

test('damaged text is refused or is another PeerId, and nothing else happens', async () => {
  const count = Number(process.env.KITH_FUZZ ?? 20_000)
  for (const bytes of mutations(1, [utf8(ID)], count)) {
    const text = String.fromCharCode(...bytes)
    const parse = () => {
      try {
        expect(peerIdOf(publicKeyOf(parsePeerId(text)))).toBe(text.trim())
      } catch (error) {
        if (!(error instanceof KithError && error.code === 'invalid-peer-id')) throw error
      }
    }
    if ((await leastDurationMs(parse, () => performance.now(), 50)) > 50) expect.fail(`${text} takes over 50 ms`)
  }
})
