import { expect, test } from 'vitest'
import type { Audience, PeerOptions } from './api.ts'
import { parseAudience, parsePeerOptions, parseTimeout } from './peer-options.ts'

const refused = expect.objectContaining({ name: 'KithError', code: 'invalid-argument' })

test('what is not said has a default', () => {
  expect(parsePeerOptions({})).toEqual({ relays: [], profile: 'default', findableBy: 'contacts', maxConnections: 32 })
})

test.each<[string, PeerOptions]>([
  ['no connection', { maxConnections: 0 }],
  ['half a connection', { maxConnections: 1.5 }],
  ['NaN connections', { maxConnections: Number.NaN }],
  ['connections as text', { maxConnections: '9' as unknown as number }],
  ['an audience of strangers', { findableBy: 'anyone' as Audience }],
  ['a relay on http', { relays: ['https://relay.example/'] }],
  ['nine relays', { relays: Array.from({ length: 9 }, (_, n) => `wss://relay${n}.example/`) }],
  ['two relays at one origin', { relays: ['wss://relay.example/eu', 'wss://relay.example/us'] }],
])('%s is refused', (_, options) => {
  expect(() => parsePeerOptions(options)).toThrow(refused)
})

test('eight relays are taken; one named twice is one', () => {
  const relays = Array.from({ length: 8 }, (_, n) => `wss://relay${n}.example/`)
  expect(parsePeerOptions({ relays }).relays).toEqual(relays)
  expect(parsePeerOptions({ relays: ['wss://a.example', 'wss://A.example/'] }).relays).toEqual(['wss://a.example/'])
})

test.each([0, -1, Number.NaN, Infinity, '5' as unknown as number])('%s is no timeout', (timeoutMs) => {
  expect(() => parseTimeout({ timeoutMs })).toThrow(refused)
})

test('a timeout', () => {
  expect([parseTimeout({}), parseTimeout({ timeoutMs: 1 }), parseTimeout({ timeoutMs: 1e15 })]).toEqual([15_000, 1, 1e15])
  expect(parseAudience('nobody')).toBe('nobody')
})
