import { ENVELOPE_BYTES, identityFromSeed } from '@kith/protocol'
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

test('who is forgotten says and hears nothing', () => {
  const [hers, his] = [new Farewells(), new Farewells()]
  his.heard(ada, hers.token(bo))
  expect([...his.companions]).toEqual([ada])
  his.forget(ada)
  expect([...his.companions]).toEqual([])
  expect(his.read(ada, hers.envelope(bo))).toBe('no')
})
