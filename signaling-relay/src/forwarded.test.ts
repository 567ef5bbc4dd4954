import { expect, test } from 'vitest'
import { lastHop } from './forwarded.ts'
import { prefixOf } from './prefix.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:4711', '192.0.2.1'],
  ['"192.0.2.1:4711"', '192.0.2.1'],
  [' 192.0.2.1\t', '192.0.2.1'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::6]', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::6]:4711', '2001:db8:1:2::/64'],
  ['"[2001:db8:1:2::6]:4711"', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:3:4:5:6:4711', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6:4711', '2001:db8:1:2::/64'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
  ['::ffff:192.0.2.1:80', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['[fe80::1%eth0]:80', 'fe80:0:0:0::/64'],
])('%s counts for %s', (hop, prefix) => {
  for (const before of ['', '203.0.113.7, ', '203.0.113.7:1,junk,[::1]:2,', ',,, ']) {
    expect(prefixOf(lastHop(before + hop) ?? 'none')).toBe(prefix)
  }
})

test.each([
  'unknown',
  '_hidden',
  'localhost:80',
  '192.0.2.1:',
  '192.0.2.1:123456',
  '192.0.2.1:80:80',
  '192.0.2.01',
  '192.0.2.256:80',
  '3221225985',
  '[192.0.2.1]:80',
  '[192.0.2.1]',
  '[2001:db8::1',
  '2001:db8::1]',
  '[2001:db8::1]x',
  '[2001:db8::1]:',
  '[]:80',
  ':80',
  '"',
  '1:2:3:4:5:6:7:8:9:80',
])('%s is no address: all of its kind count together', (hop) => {
  expect(prefixOf(lastHop(hop) ?? 'none')).toBe('unknown')
})

test('where the proxy names no client there is none, whatever stands before', () => {
  for (const header of [undefined, '', ' ', '192.0.2.1,', '192.0.2.1, ']) expect(lastHop(header)).toBeUndefined()
})

test('a thousand hops cost no more than one', () => {
  expect(lastHop(`${'203.0.113.7:1, '.repeat(1_000)}192.0.2.1:5`)).toBe('192.0.2.1')
})
