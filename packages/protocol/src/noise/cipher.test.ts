import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, hex } from '../bytes/bytes.ts'
import { Cipher } from './cipher.ts'

const KEY = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
const violation = expect.objectContaining({ code: 'peer-violation' })

// The nonces are 4 zero bytes and a little-endian u64; computed with OpenSSL's chacha20-poly1305.
test.each([
  [0, '73d136598f6add7823acec105ebe72129ada0ccf'],
  [1, 'f43e8737bdba37ebb2539bee975b86af48eb76d3'],
  [4294967296, '3819751ebeeed027b73271393a5381008e17d2cd'],
  [9007199254740991, '63b9f960edfb1911b36d2a63f01b10a2efd72965'],
])('nonce %d', (nonce, sealed) => {
  const cipher = new Cipher(KEY)
  expect(hex(cipher.seal(nonce, fromHex('6b697468')))).toBe(sealed)
  expect(hex(cipher.open(nonce, fromHex(sealed)))).toBe('6b697468')
})

test('what was sealed opens under its own nonce alone', () => {
  const cipher = new Cipher(KEY)
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.uint8Array({ maxLength: 100 }), (nonce, other, plaintext) => {
      const sealed = cipher.seal(nonce, plaintext)
      expect(sealed.length).toBe(plaintext.length + 16)
      expect(hex(cipher.open(nonce, sealed))).toBe(hex(plaintext))
      if (other !== nonce) expect(() => cipher.open(other, sealed)).toThrow(violation)
    }),
  )
})

test('every flipped bit and every truncation is refused', () => {
  const cipher = new Cipher(KEY)
  const sealed = cipher.seal(3, fromHex('6b697468'))
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = sealed.slice()
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => cipher.open(3, flipped), `bit ${bit}`).toThrow(violation)
  }
  for (let length = 0; length < sealed.length; length++)
    expect(() => cipher.open(3, sealed.subarray(0, length))).toThrow(violation)
})

test.each([-1, 0.5, 2 ** 53, Number.NaN])('%d is no nonce', (nonce) => {
  expect(() => new Cipher(KEY).seal(nonce, KEY)).toThrow(RangeError)
})
