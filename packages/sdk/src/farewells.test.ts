import { ENVELOPE_BYTES, hex, identityFromSeed } from '@kith/protocol'
import { expect, test } from 'vitest'
import { Farewells } from './farewells.ts'

const [ada, bo] = [1, 2].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id)
if (!ada || !bo) throw new Error('two people')

test('a farewell is understood once, by the one whose token it is', () => {
  const [hers, his] = [new Farewells(), new Farewells()]
  his.heard(ada, hers.token(bo))
  const envelope = hers.envelope(bo)
  expect(envelope).toHaveLength(ENVELOPE_BYTES)
  expect(his.read(bo, envelope)).toBe('no')
  expect(his.read(ada, hers.envelope(ada))).toBe('no')
  expect(his.read(ada, envelope)).toBe('last')
  expect(his.read(ada, envelope)).toBe('no')
})

test('each contact has a token of their own, the same each time', () => {
  const hers = new Farewells()
  expect(hers.token(bo)).toEqual(hers.token(bo))
  expect(hers.token(bo)).not.toEqual(hers.token(ada))
})

test('of several tabs or devices the last one counts, and no more than eight are remembered', () => {
  const his = new Farewells()
  const tabs = Array.from({ length: 9 }, () => new Farewells())
  for (const tab of tabs) his.heard(ada, tab.token(bo))
  const told = tabs.map((tab) => his.read(ada, tab.envelope(bo)))
  expect(told).toEqual(['no', ...Array(7).fill('one'), 'last'])
})

test('a token looks like the X25519 key that a knock begins with', () => {
  for (let n = 0; n < 64; n++) {
    const envelope = new Farewells().envelope(bo)
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
  hers.heard(bo, new Farewells().token(ada))
  expect([...hers.companions]).toEqual([])
  hers.token(bo)
  expect([...hers.companions]).toEqual([bo])
  hers.token(ada)
  expect([...hers.companions]).toEqual([bo])
})

test('who is forgotten says and hears nothing', () => {
  const [hers, his] = [new Farewells(), new Farewells()]
  his.heard(ada, hers.token(bo))
  his.token(ada)
  expect([...his.companions]).toEqual([ada])
  his.forget(ada)
  expect([...his.companions]).toEqual([])
  expect(his.read(ada, hers.envelope(bo))).toBe('no')
})
