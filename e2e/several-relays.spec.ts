// People at different relays, and relays that go and come back.
import { test as base, expect } from './fixtures.ts'
import { RelayProcess } from './relay.ts'
import { join, meet, relayIs, whoAnswers } from './several.ts'

const test = base.extend<{ other: RelayProcess }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are needed: none
  other: async ({}, use) => {
    const other = new RelayProcess()
    await other.start()
    await use(other)
    await other.stop()
  },
})

for (const [where, adaAt, boAt] of [
  ['one at two relays, the other at the second of them', [0, 1], [1]],
  ['one at one relay, the other at another', [0], [1]],
] as const) {
  test(`${where}: they meet by an invitation, and as contacts after a reload`, async ({ relay, other, site, newBrowser }) => {
    const urls = [relay.url, other.url]
    const at = (relays: readonly number[]) => relays.map((n) => urls[n] ?? '')
    const [ada, bo] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
    const adaId = await join(ada, site, { relays: at(adaAt), name: 'Ada' })
    const boId = await join(bo, site, { relays: at(boAt), name: 'Bo' })
    await meet(ada, bo)
    expect(await whoAnswers(bo, adaId)).toBe('Ada')
    expect(await whoAnswers(ada, boId)).toBe('Bo')

    expect(await join(ada, site, { relays: at(adaAt), name: 'Ada' })).toBe(adaId)
    expect(await join(bo, site, { relays: at(boAt), name: 'Bo' })).toBe(boId)
    expect(await whoAnswers(ada, boId)).toBe('Bo')
    expect(await whoAnswers(bo, adaId)).toBe('Ada')
    // Each knows where the other is, and does not move there.
    const known = await bo.evaluate((id) => me.contacts.get(Kith.parsePeerId(id))?.relays, adaId)
    expect(known).toEqual(at(adaAt))
    expect(await bo.evaluate(() => me.status.relays.map(({ url }) => url))).toEqual(at(boAt))
  })
}

test('a change in the address book does not take the relay from a dial that goes through it', async ({
  relay,
  other,
  site,
  newBrowser,
}) => {
  const [ada, bo] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
  const adaId = await join(ada, site, { relays: [relay.url], name: 'Ada' })
  await join(bo, site, { relays: [other.url], name: 'Bo' })
  const link = await ada.evaluate(async () => (await me.invite()).link)
  const contact = await bo.evaluate(async (url) => {
    const somebody = await Kith.createPeer({ storage: 'memory', relays: [], local: false })
    const accepting = me.accept(url)
    await me.contacts.add({ id: somebody.id, name: 'Somebody' })
    await me.contacts.remove(somebody.id)
    return (await accepting).id
  }, link)
  expect(contact).toBe(adaId)
})

test('one of two relays stops: both are found through the other, and through it alone when it is back', async ({
  relay,
  other,
  site,
  newBrowser,
}) => {
  const relays = [relay.url, other.url]
  const [ada, bo] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
  const adaId = await join(ada, site, { relays, name: 'Ada' })
  const boId = await join(bo, site, { relays, name: 'Bo' })
  await meet(ada, bo)

  await relay.stop()
  await relayIs(ada, relay.url, 'gone')
  expect(await whoAnswers(ada, boId)).toBe('Bo')
  // Who comes now finds one relay only.
  await join(bo, site, { relays, name: 'Bo' }, [other.url])
  expect(await whoAnswers(bo, adaId)).toBe('Ada')
  expect(await bo.evaluate(() => me.status.reach)).toBe('online')

  await relay.start()
  await Promise.all([relayIs(ada, relay.url, 'ready'), relayIs(bo, relay.url, 'ready')])
  await other.stop()
  await Promise.all([relayIs(ada, other.url, 'gone'), relayIs(bo, other.url, 'gone')])
  expect(await whoAnswers(ada, boId)).toBe('Bo')
  expect(await whoAnswers(bo, adaId)).toBe('Ada')

  // With none left, connections stay, and no new person is found.
  await relay.stop()
  await Promise.all([relayIs(ada, relay.url, 'gone'), relayIs(bo, relay.url, 'gone')])
  expect(await ada.evaluate(() => [me.connections.size, me.status.reach])).toEqual([1, 'offline'])
  expect(await whoAnswers(ada, boId).catch((error: Error) => error.message)).toContain('No relay could be reached')
})
