import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, hex } from '../bytes/bytes.ts'
import { addressKeys, addressOf, signBind, verifyBind } from '../identity/address.ts'
import { identityFromSeed, x25519PublicKey } from '../identity/keys.ts'
import { type ContactAddress, contactAddressSeed, directionOf } from './ways/contact.ts'
import { inviteAddressSeed, invitePsk } from './ways/invite.ts'

const ALICE = identityFromSeed(new Uint8Array(32).fill(1))
const BOB = identityFromSeed(new Uint8Array(32).fill(2))
const [LO, HI] = hex(ALICE.publicKey) < hex(BOB.publicKey) ? [ALICE, BOB] : [BOB, ALICE]
const ORIGIN = 'wss://relay.example'
const SHARED = fromHex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
const SECRET = fromHex('000102030405060708090a0b0c0d0e0f')
const base: ContactAddress = { shared: SHARED, local: LO.id, remote: HI.id, origin: ORIGIN, epoch: 20_000, direction: 0 }

// Known answers: a change to any of them is a change of the wire. Computed with node:crypto's hkdfSync from SPEC.md's table.
test('contact', () => {
  expect(hex(contactAddressSeed(base))).toBe('f5fabbf00cb719e550410c3fb538f097730bb71825697c20c8a3fa57b7ec2f78')
  expect(hex(contactAddressSeed({ ...base, direction: 1 }))).toBe(
    'd6e8f4afa7c5b00b29bd7310f761fa15a9fe8ee6168c0a5ee2c61fd92118431a',
  )
  expect(hex(addressOf(contactAddressSeed(base)))).toBe('680ea80853f0819037e938d3f860434fdf79d573e25c3033d28609215839c0fd')
})

test('invite', () => {
  expect(hex(inviteAddressSeed(SECRET, ORIGIN))).toBe('330baa0f82dfc3908c8a8b5fc9e8d41645cbd484cb7bf1ee0f958db4cb9c2fdd')
  expect(hex(invitePsk(SECRET))).toBe('708691da982fdb7cb4304c5ace8c430f988f3b684f933891bfc5154de3892226')
})

test('a bind proof', () => {
  const keys = addressKeys(inviteAddressSeed(SECRET, ORIGIN))
  const nonce = new Uint8Array(32).fill(7)
  expect(hex(signBind(keys, ORIGIN, nonce))).toBe(
    'f41837a78979aa510fc94cbd3e23fc874d58b0303bdfe93df49f834445f426f4843f8c06ad9d6b8f94ffd344696f9c3537228a6afcef078d815da2ea7528820c',
  )
})

test('both compute the same, whoever is local', async () => {
  const fromAlice = await ALICE.keyAgreement.agree(x25519PublicKey(BOB.publicKey))
  const fromBob = await BOB.keyAgreement.agree(x25519PublicKey(ALICE.publicKey))
  const direction = directionOf(ALICE.id, BOB.id)
  const alices = contactAddressSeed({ ...base, shared: fromAlice, local: ALICE.id, remote: BOB.id, direction })
  const bobs = contactAddressSeed({ ...base, shared: fromBob, local: BOB.id, remote: ALICE.id, direction })
  expect(hex(alices)).toBe(hex(bobs))
})

test('the one whose key sorts first is 0', () => {
  expect(directionOf(LO.id, HI.id)).toBe(0)
  expect(directionOf(HI.id, LO.id)).toBe(1)
  expect(() => directionOf(LO.id, LO.id)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})

test('everything that goes in changes what comes out', () => {
  const CAROL = identityFromSeed(new Uint8Array(32).fill(3))
  const changes: Partial<ContactAddress>[] = [
    { shared: new Uint8Array(32) },
    { remote: CAROL.id },
    { origin: 'ws://relay.example' },
    { origin: `${ORIGIN}/` },
    { epoch: 20_001 },
    { epoch: 2 ** 40 },
    { direction: 1 },
  ]
  const seeds = [base, ...changes.map((change) => ({ ...base, ...change }))].map((input) => hex(contactAddressSeed(input)))
  expect(new Set(seeds).size).toBe(seeds.length)
  const invites = [
    inviteAddressSeed(SECRET, ORIGIN),
    inviteAddressSeed(SECRET, 'broadcast'),
    invitePsk(SECRET),
    invitePsk(SHARED),
  ]
  expect(new Set(invites.map(hex)).size).toBe(invites.length)
})

test('an address signs as its key does, and its seed is copied', () => {
  const seed = SHARED.slice()
  const keys = addressKeys(seed)
  seed.fill(0)
  expect(hex(keys.address)).toBe(hex(ed25519.getPublicKey(SHARED)))
  expect(hex(keys.sign(SECRET))).toBe(hex(ed25519.sign(SECRET, SHARED)))
  for (const length of [0, 31, 33]) {
    expect(() => addressKeys(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  }
})

test('a bind proof serves one address, one relay, one challenge', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  fc.assert(
    fc.property(bytes(32), bytes(32), fc.nat(511), (seed, nonce, bit) => {
      const keys = addressKeys(seed)
      const signature = signBind(keys, ORIGIN, nonce)
      expect(verifyBind(keys.address, ORIGIN, nonce, signature)).toBe(true)
      const flip = (from: Uint8Array) => from.map((byte, i) => (i === (bit >> 3) % from.length ? byte ^ (1 << (bit & 7)) : byte))
      expect(verifyBind(flip(keys.address), ORIGIN, nonce, signature)).toBe(false)
      expect(verifyBind(keys.address, ORIGIN, flip(nonce), signature)).toBe(false)
      expect(verifyBind(keys.address, ORIGIN, nonce, flip(signature))).toBe(false)
      expect(verifyBind(keys.address, 'wss://other.example', nonce, signature)).toBe(false)
    }),
    { numRuns: 20 },
  )
})
