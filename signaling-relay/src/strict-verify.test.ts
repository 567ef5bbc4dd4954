import { createHash } from 'node:crypto'
import { verify } from '@kith/protocol'
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { strictVerify } from './strict-verify.ts'

const MESSAGE = Buffer.from('what was signed')
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n
const { Point } = ed25519

const bytesOf = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
const numberOf = (littleEndian: Uint8Array) => BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`)
const torsion = ED25519_TORSION_SUBGROUP.map((text) => Point.fromHex(text))

/** Whoever makes keys and signatures freely: A = a·B + T, R = r·B + U, and S = r + k·a, of which each part may be wrong. */
function forge(a: bigint, r: bigint, t: number, u: number, message: Uint8Array) {
  const [T, U] = [torsion[t % 8], torsion[u % 8]]
  if (!T || !U) throw new Error('eight points of small order')
  const key = (a % L === 0n ? Point.ZERO : Point.BASE.multiply(a % L)).add(T).toBytes()
  const R = (r % L === 0n ? Point.ZERO : Point.BASE.multiply(r % L)).add(U).toBytes()
  const k = numberOf(createHash('sha512').update(R).update(key).update(message).digest()) % L
  return { key, R, S: (r + k * a) % L }
}

const agree = (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean => {
  const told = strictVerify(signature, message, key)
  expect(told).toBe(verify(signature, message, key))
  return told
}

/** With parts of small order it may refuse more than `verify`, and never less. */
const noLaxer = (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean => {
  const told = strictVerify(signature, message, key)
  if (told) expect(verify(signature, message, key)).toBe(true)
  return told
}

test('what honest keys sign holds, and no bit of it may change', () => {
  const secret = Buffer.alloc(32, 7)
  const key = ed25519.getPublicKey(secret)
  const signature = ed25519.sign(MESSAGE, secret)
  expect(agree(signature, MESSAGE, key)).toBe(true)
  for (let bit = 0; bit < 512; bit += 3) {
    const flipped = Uint8Array.from(signature)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(agree(flipped, MESSAGE, key)).toBe(false)
  }
  for (let bit = 0; bit < 256; bit += 3) {
    const flipped = Uint8Array.from(key)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(agree(signature, MESSAGE, flipped)).toBe(false)
  }
})

test('keys and signatures with parts of small order, wholly or mixed, are judged no laxer than the strict verifier judges them', () => {
  const told = new Map<string, boolean>()
  for (const a of [0n, 5n]) {
    for (const r of [0n, 7n]) {
      for (let t = 0; t < 8; t++) {
        for (let u = 0; u < 8; u++) {
          const { key, R, S } = forge(a, r, t, u, MESSAGE)
          told.set(`${a} ${r} ${t} ${u}`, noLaxer(Buffer.concat([R, bytesOf(S)]), MESSAGE, key))
        }
      }
    }
  }
  // Of mixed ones those are refused that only the cofactored equation of RFC 8032 §5.1.7 takes; A and R of small order come to no equation.
  expect(told.get('5 7 0 0')).toBe(true)
  expect(told.get('5 7 0 1')).toBe(false)
  expect([...told].filter(([name]) => name.startsWith('0 ') || / 0 \d \d$/.test(name)).every(([, ok]) => !ok)).toBe(true)
})

test('every encoding of the points of small order, as A and as R, is refused', () => {
  const secret = Buffer.alloc(32, 7)
  const key = ed25519.getPublicKey(secret)
  const signature = ed25519.sign(MESSAGE, secret)
  const ys = torsion.map((point) => point.toAffine().y)
  for (const y of ys) {
    for (const value of [y, y + P]) {
      if (value >= 2n ** 255n) continue
      for (const sign of [0n, 1n]) {
        const encoding = bytesOf(value + (sign << 255n))
        expect(agree(signature, MESSAGE, encoding)).toBe(false)
        expect(agree(Buffer.concat([encoding, signature.subarray(32)]), MESSAGE, key)).toBe(false)
        // S = 0 and A of small order satisfy the equation for R = 0·B.
        expect(agree(Buffer.concat([Point.ZERO.toBytes(), bytesOf(0n)]), MESSAGE, encoding)).toBe(false)
      }
    }
  }
})

test('y from p on, and S from L on, are other spellings, and refused', () => {
  const secret = Buffer.alloc(32, 7)
  const key = ed25519.getPublicKey(secret)
  const signature = ed25519.sign(MESSAGE, secret)
  const S = numberOf(signature.subarray(32))
  for (let times = 1n; S + times * L < 2n ** 256n; times++) {
    expect(agree(Buffer.concat([signature.subarray(0, 32), bytesOf(S + times * L)]), MESSAGE, key)).toBe(false)
  }
  for (let y = P - 2n; y < 2n ** 255n; y++) {
    for (const sign of [0n, 1n]) agree(signature, MESSAGE, bytesOf(y + (sign << 255n)))
  }
  expect(agree(Buffer.concat([signature.subarray(0, 32), bytesOf(L - 1n)]), MESSAGE, key)).toBe(false)
  expect(agree(Buffer.concat([signature.subarray(0, 32), bytesOf(L)]), MESSAGE, key)).toBe(false)
})

test('whatever is made freely or at random is judged alike', () => {
  const scalar = fc.bigInt({ min: 0n, max: L - 1n })
  const torsions = fc.integer({ min: 0, max: 7 })
  const damage = fc.option(fc.tuple(fc.integer({ min: 0, max: 95 }), fc.integer({ min: 1, max: 255 })), { nil: undefined })
  fc.assert(
    fc.property(scalar, scalar, torsions, torsions, fc.uint8Array({ maxLength: 40 }), damage, (a, r, t, u, message, flip) => {
      const { key, R, S } = forge(a, r, t, u, message)
      const whole = Buffer.concat([R, bytesOf(S), key])
      if (flip) whole[flip[0]] = (whole[flip[0]] ?? 0) ^ flip[1]
      const judge = t === 0 && u === 0 ? agree : noLaxer
      judge(whole.subarray(0, 64), message, whole.subarray(64))
    }),
    { numRuns: 150 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 40 }), (signature, key) => {
      agree(signature, MESSAGE, key)
    }),
    { numRuns: 200 },
  )
})
