import { ED25519_TORSION_SUBGROUP, ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { concat, fromHex, hex, utf8 } from '../bytes/bytes.ts'
import { identityFromSeed, identitySeed, verify, x25519PublicKey, x25519SecretKey } from './keys.ts'
import { publicKeyOf } from './peer-id.ts'

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })

const RFC8032 = [
  {
    name: '§7.1 TEST 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: '§7.1 TEST 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: '§7.1 TEST 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

test.each(RFC8032)('signs and verifies as RFC 8032 $name', async (v) => {
  const keys = identityFromSeed(fromHex(v.seed))
  expect(hex(keys.publicKey)).toBe(v.publicKey)
  expect(hex(publicKeyOf(keys.id))).toBe(v.publicKey)
  expect(hex(await keys.sign(fromHex(v.message)))).toBe(v.signature)
  expect(verify(fromHex(v.signature), fromHex(v.message), fromHex(v.publicKey))).toBe(true)
})

test('the X25519 underneath is RFC 7748’s (§5.2)', () => {
  const scalar = fromHex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4')
  const u = fromHex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c')
  expect(hex(x25519.getSharedSecret(scalar, u))).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
})

test('the HKDF underneath is RFC 5869’s (A.1 and A.3)', () => {
  const ikm = new Uint8Array(22).fill(0x0b)
  const basic = hkdf(sha256, ikm, fromHex('000102030405060708090a0b0c'), fromHex('f0f1f2f3f4f5f6f7f8f9'), 42)
  expect(hex(basic)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
  const unsalted = hkdf(sha256, ikm, undefined, undefined, 42)
  expect(hex(unsalted)).toBe('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8')
})

test('a root gives these keys, for as long as there is a version 1', () => {
  const root = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  const keys = identityFromSeed(identitySeed(root))
  expect({ seed: hex(identitySeed(root)), id: keys.id, agreement: hex(keys.keyAgreement.publicKey) }).toEqual({
    seed: '6b63c5585710a4a611592969f60f85a15b005dc3f27114d675a7fdf0b87aa679',
    id: '12D3KooWPyjBAsLvMe69EtFCRYgedVPargmkjtR78UoKteNd5X3e',
    agreement: '8f32899c5376a85e4df01a08725dda166caa20a960e110bd836f881808c59179',
  })
})

test('the agreement key is the signing key, converted: public and secret halves match, and both sides agree', async () => {
  await fc.assert(
    fc.asyncProperty(seed, seed, async (a, b) => {
      const [alice, bob] = [identityFromSeed(a), identityFromSeed(b)]
      expect(hex(x25519.getPublicKey(x25519SecretKey(a)))).toBe(hex(alice.keyAgreement.publicKey))
      const [fromAlice, fromBob] = await Promise.all([
        alice.keyAgreement.agree(x25519PublicKey(bob.publicKey)),
        bob.keyAgreement.agree(x25519PublicKey(alice.publicKey)),
      ])
      expect(hex(fromAlice)).toBe(hex(fromBob))
    }),
    { numRuns: 25 },
  )
})

test('the seed is copied: what its owner does to it afterwards changes nothing', async () => {
  const bytes = fromHex(RFC8032[1]!.seed)
  const keys = identityFromSeed(bytes)
  bytes.fill(0)
  expect(hex(await keys.sign(fromHex('72')))).toBe(RFC8032[1]!.signature)
})

// RFC 7748 §6.1: u = 0, 1, p − 1, the two of order 8, and those that reduce to them
test.each([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  '00'.repeat(31),
])('no agreement with %s', async (remote) => {
  const { keyAgreement } = identityFromSeed(fromHex(RFC8032[0]!.seed))
  await expect(keyAgreement.agree(fromHex(remote))).rejects.toMatchObject({ code: 'peer-violation', source: 'remote' })
})

test.each([0, 31, 33, 64])('a seed or root of %d bytes is refused', (length) => {
  const bytes = new Uint8Array(length)
  for (const derive of [identityFromSeed, identitySeed, x25519SecretKey]) {
    expect(() => derive(bytes)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  }
})

test('x25519PublicKey refuses what is not on the curve', () => {
  for (const bad of [new Uint8Array(31), fromHex(`02${'00'.repeat(31)}`), fromHex(`01${'00'.repeat(31)}`)]) {
    expect(() => x25519PublicKey(bad), hex(bad)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  }
})

const MESSAGE = utf8('what was signed')
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const toNumber = (littleEndian: Uint8Array) => BigInt(`0x${hex(littleEndian.slice().reverse())}`)
const toBytes = (value: bigint) => fromHex(value.toString(16).padStart(64, '0')).reverse()
const challenge = (r: Uint8Array, a: Uint8Array) => toNumber(sha512(concat(r, a, MESSAGE))) % L

test('every bit of a signature counts', async () => {
  const keys = identityFromSeed(fromHex(RFC8032[0]!.seed))
  const signature = await keys.sign(MESSAGE)
  expect(verify(signature, MESSAGE, keys.publicKey)).toBe(true)
  for (let bit = 0; bit < 512; bit++) {
    const flipped = signature.slice()
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    expect(verify(flipped, MESSAGE, keys.publicKey), `bit ${bit}`).toBe(false)
  }
})

test('S + L, another spelling of the same signature, is refused', async () => {
  const keys = identityFromSeed(fromHex(RFC8032[0]!.seed))
  const signature = await keys.sign(MESSAGE)
  const malleated = concat(signature.subarray(0, 32), toBytes(toNumber(signature.subarray(32)) + L))
  expect(verify(malleated, MESSAGE, keys.publicKey)).toBe(false)
})

test('no key of small order has signed anything, though for it any R = s·B with S = s satisfies the equation', () => {
  const s = 12_345n
  const signature = concat(ed25519.Point.BASE.multiply(s).toBytes(), toBytes(s))
  for (const point of ED25519_TORSION_SUBGROUP.map(fromHex)) {
    expect(ed25519.verify(signature, MESSAGE, point, { zip215: true })).toBe(true)
    expect(verify(signature, MESSAGE, point)).toBe(false)
  }
})

test('R of small order is refused, though the equation holds and noble alone would take it', () => {
  const secret = fromHex(RFC8032[0]!.seed)
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(secret)
  const r = fromHex(ED25519_TORSION_SUBGROUP[0]!)
  const signature = concat(r, toBytes((challenge(r, pointBytes) * scalar) % L))
  expect(ed25519.verify(signature, MESSAGE, pointBytes, { zip215: false })).toBe(true)
  expect(verify(signature, MESSAGE, pointBytes)).toBe(false)
})

test('damaged signatures and keys of any length are false, never a throw', () => {
  const random = seededRandom(2)
  const secret = random(32)
  const whole = concat(ed25519.sign(MESSAGE, secret), ed25519.getPublicKey(secret))
  for (const bytes of mutations(3, [whole], 500)) {
    const split = random.below(bytes.length + 1)
    expect(verify(bytes.subarray(0, split), MESSAGE, bytes.subarray(split))).toBe(false)
    if (hex(bytes) !== hex(whole)) expect(verify(bytes.subarray(0, 64), MESSAGE, bytes.subarray(64))).toBe(false)
  }
})
