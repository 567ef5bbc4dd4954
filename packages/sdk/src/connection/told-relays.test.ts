import { CONTACT_RELAYS_MAX, RELAY_URL_MAX_LENGTH } from '@kith/protocol'
import { expect, test } from 'vitest'
import { linkPair } from '../session/pair.testing.ts'
import { exchangeRelays } from './told-relays.ts'

test('only the first list of relays on a connection counts', async () => {
  const { dialler, callee } = linkPair()
  await Promise.all([dialler.ready, callee.ready])
  const told: (readonly string[])[] = []
  exchangeRelays(callee, [], (relays) => told.push(relays))
  const seen = new Promise<void>((resolve) => callee.onControl((type) => type === 10 && resolve()))
  dialler.sendControl(12, [['wss://a.example/relay']])
  dialler.sendControl(12, [['wss://b.example/relay']])
  dialler.sendControl(10, [])
  await seen
  expect(told).toEqual([['wss://a.example/relay']])
})

const urls = (count: number) => Array.from({ length: count }, (_, i) => `wss://r${i}.example/relay`)

test.each([
  ['N relays', urls(CONTACT_RELAYS_MAX), urls(CONTACT_RELAYS_MAX)],
  ['relays twice', ['wss://a.example/relay', 'wss://A.example:443/relay'], ['wss://a.example/relay']],
  [
    'what is no relay',
    ['https://a.example/', 'javascript:alert(1)', 'wss://ada:pw@a.example/', 'file:///etc/passwd', '', 'wss://'],
    [],
  ],
  ['names of N characters', [`wss://a.example/${'x'.repeat(RELAY_URL_MAX_LENGTH - 16)}`], 1],
])('a contact names %s', async (_, named, expected) => {
  const { dialler, callee } = linkPair()
  await Promise.all([dialler.ready, callee.ready])
  const told = new Promise<readonly string[]>((resolve) => exchangeRelays(callee, [], resolve))
  dialler.sendControl(12, [named])
  if (typeof expected === 'number') expect(await told).toHaveLength(expected)
  else expect(await told).toEqual(expected)
})

test.each([
  ['N + 1 relays', urls(CONTACT_RELAYS_MAX + 1)],
  ['a name of N + 1 characters', [`wss://a.example/${'x'.repeat(RELAY_URL_MAX_LENGTH - 15)}`]],
  ['a number', [7]],
])('a contact who names %s breaks the protocol', async (_, named) => {
  const { dialler, callee } = linkPair()
  await Promise.all([dialler.ready, callee.ready])
  const told: unknown[] = []
  exchangeRelays(callee, [], (relays) => told.push(relays))
  dialler.sendControl(12, [named])
  await expect(callee.closed).rejects.toMatchObject({ code: 'peer-violation' })
  expect(told).toEqual([])
})
