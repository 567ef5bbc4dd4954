import { RELAY_URL_MAX_LENGTH } from '@kith/protocol'
import { expect, test } from 'vitest'
import { parseRelayUrl, parseRelayUrls } from './relay-url.ts'

test.each([
  ['wss://Relay.Example', 'wss://relay.example/'],
  ['wss://relay.example:443/relay', 'wss://relay.example/relay'],
  ['ws://localhost:8787/relay#x', 'ws://localhost:8787/relay'],
  [' wss://r.example/a b ', 'wss://r.example/a%20b'],
])('%s is %s', (text, url) => {
  expect(parseRelayUrl(text)).toBe(url)
})

test.each(['', 'relay.example', 'https://relay.example', 'wss://', 'wss://ann:pw@relay.example', 'javascript:1', 7 as never])(
  '%s is refused',
  (text) => {
    expect(() => parseRelayUrl(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  },
)

test('a page’s address is named as the relay’s that was meant', () => {
  expect(() => parseRelayUrl('https://relay.example/relay')).toThrow(/wss:\/\/relay\.example\/relay/)
})

test('length at N and N + 1', () => {
  const base = 'wss://r.example/'
  expect(parseRelayUrl(base + 'x'.repeat(RELAY_URL_MAX_LENGTH - base.length))).toHaveLength(RELAY_URL_MAX_LENGTH)
  expect(() => parseRelayUrl(base + 'x'.repeat(RELAY_URL_MAX_LENGTH + 1 - base.length))).toThrow(/at most/)
})

test('a list holds each once, and so many', () => {
  expect(parseRelayUrls(['wss://a', 'wss://b', 'wss://A/'], 2)).toEqual(['wss://a/', 'wss://b/'])
  expect(() => parseRelayUrls(['wss://a', 'wss://b', 'wss://c'], 2)).toThrow(/2 relays at most/)
  expect(() => parseRelayUrls('wss://a' as never, 2)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})
