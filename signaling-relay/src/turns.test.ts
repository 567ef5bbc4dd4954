import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

const drain = <Item>(turns: Turns<Item>): Item[] => {
  const items: Item[] = []
  for (let item = turns.next(); item !== undefined; item = turns.next()) items.push(item)
  return items
}

test('each branch in turn, and within it each of its own, in their order', () => {
  const turns = new Turns<string>()
  for (const item of ['a1', 'a2', 'a3']) turns.add(['net', 'a'], item)
  turns.add(['net', 'b'], 'b1')
  turns.add(['other', 'c'], 'c1')
  turns.add(['other', 'c'], 'c2')
  expect(drain(turns)).toEqual(['a1', 'c1', 'b1', 'c2', 'a2', 'a3'])
  expect(turns.isEmpty).toBe(true)
})

test('what comes to a branch later does not move it ahead', () => {
  const turns = new Turns<string>()
  turns.add(['a'], 'a1')
  turns.add(['b'], 'b1')
  expect(turns.next()).toBe('a1')
  turns.add(['a'], 'a2')
  expect(drain(turns)).toEqual(['b1', 'a2'])
})

test('what is removed is gone, with all below it, and nothing else is', () => {
  const turns = new Turns<string>()
  turns.add(['net', 'a'], 'a1')
  turns.add(['net', 'b'], 'b1')
  turns.remove(['net', 'a'])
  turns.remove(['nothing', 'there'])
  expect(drain(turns)).toEqual(['b1'])
  turns.add(['net', 'a'], 'a1')
  turns.add(['other', 'c'], 'c1')
  turns.remove(['net'])
  expect(drain(turns)).toEqual(['c1'])
  turns.remove([])
  expect(turns.isEmpty).toBe(true)
})

test('whoever brings one thing waits for one of each other branch at the most', () => {
  const paths = fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('1', '2', '3')), { maxLength: 60 })
  fc.assert(
    fc.property(paths, (others) => {
      const turns = new Turns<string>()
      for (const path of others) turns.add(path, 'other')
      turns.add(['mine', '1'], 'mine')
      const networks = new Set(others.map(([network]) => network)).size
      expect(drain(turns).indexOf('mine')).toBeLessThanOrEqual(networks)
    }),
  )
})
