import { expect, test } from 'vitest'
import { linkPair } from './link/pair.testing.ts'
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
