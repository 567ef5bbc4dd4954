import { ENVELOPE_BYTES, hex, identityFromSeed } from '@kith/protocol'
import { expect, test } from 'vitest'
import { Farewells } from './farewells.ts'

const [ada, bo] = [1, 2].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id)
if (!ada || !bo) throw new Error('two people')
const [ONE, TWO] = ['wss://one.example', 'wss://two.example']
/** The instance of one tab or device. */
const instance = (n: number) => new Uint8Array(16).fill(n)

test('a farewell is understood once, by the one whose token it is', () => {
  const [hers, his] = [new Farewells(), new Farewells()]
  his.heard(ada, instance(1), hers.token(bo, ONE))
  const envelope = hers.envelope(bo, ONE)
  expect(envelope).toHaveLength(ENVELOPE_BYTES)
  expect(his.read(bo, envelope)).toBe('no')
  expect(his.read(ada, hers.envelope(ada, ONE))).toBe('no')
  expect(his.read(ada, envelope)).toBe('last')
  expect(his.read(ada, envelope)).toBe('no')
})

test('what an instance had sent before it left is no news; what another one sends is', () => {
  const [hers, his] = [new Farewells(), new Farewells()]
  const token = hers.token(bo, ONE)
  expect(his.heard(ada, instance(1), token)).toBe(true)
  expect(his.hasLeft(ada)).toBe(false)
  expect(his.read(ada, hers.envelope(bo, ONE))).toBe('last')
  expect(his.heard(ada, instance(1), token)).toBe(false)
  expect(his.hasLeft(ada)).toBe(true)
  expect(his.heard(ada, instance(2), new Farewells().token(bo, ONE))).toBe(true)
  expect(his.hasLeft(ada)).toBe(false)
  his.heard(bo, instance(3), token)
  his.read(bo, hers.envelope(bo, ONE))
  his.back(bo)
  expect(his.hasLeft(bo)).toBe(false)
})

test('256 that have left are remembered, not one more', () => {
  const his = new Farewells()
  const leave = (n: number) => {
    const hers = new Farewells()
    his.heard(ada, Uint8Array.of(n >> 8, n), hers.token(bo, ONE))
    his.read(ada, hers.envelope(bo, ONE))
  }
  for (let n = 0; n <= 256; n++) leave(n)
  const token = new Farewells().token(bo, ONE)
  expect([0, 1, 256].map((n) => his.heard(ada, Uint8Array.of(n >> 8, n), token))).toEqual([true, false, false])
})

test('each contact has a token of their own, the same each time', () => {
  const hers = new Farewells()
  expect(hers.token(bo, ONE)).toEqual(hers.token(bo, ONE))
  expect(hers.token(bo, ONE)).not.toEqual(hers.token(ada, ONE))
})

test('two relays see nothing alike: each has a token of its own, and the goodbye by either counts for both', () => {
  const [hers, his] = [new Farewells(), new Farewells()]
  his.heard(ada, instance(1), hers.token(bo, ONE))
  his.heard(ada, instance(1), hers.token(bo, TWO))
  const [first, second] = [hers.envelope(bo, ONE), hers.envelope(bo, TWO)]
  expect(hex(first.subarray(0, 32))).not.toBe(hex(second.subarray(0, 32)))
  // By the first, which is down, it may never come.
  expect(his.read(ada, second)).toBe('last')
  expect(his.read(ada, first)).toBe('no')
  // Nothing of it is left that would hold up who leaves later.
  const later = new Farewells()
  his.heard(ada, instance(2), later.token(bo, ONE))
  expect(his.read(ada, later.envelope(bo, ONE))).toBe('last')
})

test('of two tabs that were heard by two carriers each, one that leaves leaves the other', () => {
  const his = new Farewells()
  const tabs = [new Farewells(), new Farewells()]
  for (const [n, tab] of tabs.entries()) for (const origin of [ONE, TWO]) his.heard(ada, instance(n), tab.token(bo, origin))
  expect(tabs.map((tab) => his.read(ada, tab.envelope(bo, TWO)))).toEqual(['one', 'last'])
})

test('of several tabs or devices the last one counts, and no more than 24 are remembered', () => {
  const his = new Farewells()
  const tabs = Array.from({ length: 25 }, () => new Farewells())
  for (const [n, tab] of tabs.entries()) his.heard(ada, instance(n), tab.token(bo, ONE))
  const told = tabs.map((tab) => his.read(ada, tab.envelope(bo, ONE)))
  expect(told).toEqual(['no', ...Array(23).fill('one'), 'last'])
})

test('a token looks like the X25519 key that a knock begins with', () => {
  for (let n = 0; n < 64; n++) {
    const envelope = new Farewells().envelope(bo, ONE)
    expect((envelope[31] as number) & 0x80).toBe(0)
    expect(isOnCurve25519(envelope.subarray(0, 32))).toBe(true)
  }
})

/** v² = u³ + 486662u² + u has a solution: half of all numbers have none, and no public key is among those. */
function isOnCurve25519(bytes: Uint8Array): boolean {
  const p = 2n ** 255n - 19n
  const u = BigInt(`0x${hex(bytes.slice().reverse())}`)
  let [base, exponent, result] = [(u * u * u + 486662n * u * u + u) % p, (p - 1n) / 2n, 1n]
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % p
    base = (base * base) % p
  }
  return u < p && result === 1n
}

test('farewell is said to those alone with whom tokens were exchanged both ways', () => {
  const hers = new Farewells()
  hers.heard(bo, instance(1), new Farewells().token(ada, ONE))
  expect([...hers.companions]).toEqual([])
  hers.token(bo, ONE)
  expect([...hers.companions]).toEqual([bo])
  hers.token(ada, ONE)
  expect([...hers.companions]).toEqual([bo])
})

test('who is forgotten says and hears nothing', () => {
  const [hers, his] = [new Farewells(), new Farewells()]
  his.heard(ada, instance(1), hers.token(bo, ONE))
  his.token(ada, ONE)
  expect([...his.companions]).toEqual([ada])
  his.forget(ada)
  expect([...his.companions]).toEqual([])
  expect(his.read(ada, hers.envelope(bo, ONE))).toBe('no')
})
