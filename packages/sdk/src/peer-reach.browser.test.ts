// Who can be reached by whom, what is told of the network address, and where it is all kept.
import { expect, test } from 'vitest'
import type { PeerOptions } from './api.ts'
import { createPeer, type KeyValueStore } from './index.ts'
import { acquaint, countedWebRtc, friends, person } from './people.testing.ts'

/** What a user may bring: here a Map, which outlives the peer. */
function mapStore(): KeyValueStore & { readonly map: Map<string, Uint8Array> } {
  const map = new Map<string, Uint8Array>()
  return {
    map,
    get: async (key) => map.get(key),
    set: async (key, value) => void map.set(key, value),
    delete: async (key) => void map.delete(key),
    keys: async (prefix) => [...map.keys()].filter((key) => key.startsWith(prefix)),
  }
}

test('a store of the user’s keeps who I am and whom I know', async () => {
  const storage = mapStore()
  const options: PeerOptions = { storage, relays: [], page: 'https://kith.example/' }
  const first = await createPeer(options)
  await using bo = await person()
  await first.identity.setName('Ada')
  await acquaint(first, bo)
  await first.contacts.update(bo, { purposes: ['chat'] })
  const invite = await first.invite({ name: 'Cy' })
  expect(first.status.storage).toEqual({ state: 'persistent' })
  await first.close()
  await expect(invite.accepted).rejects.toMatchObject({ code: 'closed' })
  await using second = await createPeer(options)
  expect(second.id).toBe(first.id)
  expect(second.identity.name).toBe('Ada')
  expect([...second.contacts]).toMatchObject([{ id: bo.id, name: 'Bo', purposes: ['chat'] }])
  bo.handle('/chat/v1', (stream) => stream.writable.close())
  await (await second.open(bo, '/chat/v1')).writable.close()
  // What was given out still opens the door.
  await using cy = await person()
  expect(await cy.accept(invite.link)).toMatchObject({ id: second.id, name: 'Ada' })
  expect(second.contacts.get(cy.id)?.name).toBe('Cy')
})

test('findable by nobody: not reached, dials all the same, and is found again at once', async () => {
  const [ada, bo] = await friends({ findableBy: 'nobody' })
  await using _ada = ada
  await using _bo = bo
  ada.handle('/chat/v1', (stream) => stream.writable.close())
  bo.handle('/chat/v1', (stream) => stream.writable.close())
  await expect(bo.open(ada, '/chat/v1', { timeoutMs: 500 })).rejects.toMatchObject({ code: 'no-relay' })
  const stream = await ada.open(bo, '/chat/v1')
  await stream.writable.close()
  // Over the connection that is there, they can open as well.
  await (await bo.open(ada, '/chat/v1')).writable.close()
  await stream.connection.close()
  ada.findableBy = 'contacts'
  await (await bo.open(ada, '/chat/v1')).writable.close()
  expect(() => {
    ada.findableBy = 'world' as 'nobody'
  }).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})

test('relayed without a TURN server needs one, and nothing is made', async () => {
  const here = countedWebRtc()
  const [ada, bo] = await friends({ wrtc: here.wrtc })
  await using _ada = ada
  await using _bo = bo
  const { link } = await bo.invite()
  const relayed = { disclose: 'relayed' } as const
  await expect(ada.open(bo, '/chat/v1', relayed)).rejects.toMatchObject({ code: 'needs-turn' })
  await expect(ada.connect(bo, relayed)).rejects.toMatchObject({ code: 'needs-turn' })
  await ada.contacts.update(bo, { trust: 'known' })
  await expect(ada.connect(bo)).rejects.toMatchObject({ code: 'needs-turn' })
  await expect(ada.connect(bo, { disclose: 'Relayed' as 'relayed' })).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(ada.accept(link, relayed)).rejects.toMatchObject({ code: 'needs-turn' })
  expect(here.made).toEqual([])
  await ada.connect(bo, { disclose: 'direct' })
})

test('whoever lets a function decide is asked about invitations as well, given and taken', async () => {
  const there = countedWebRtc()
  await using shy = await person({ disclose: () => 'relayed' })
  await using shyHost = await person({
    disclose: () => 'relayed',
    iceServers: [{ urls: 'turn:127.0.0.1:49151?transport=udp', username: 'x', credential: 'x' }],
    wrtc: there.wrtc,
  })
  await using open = await person()
  await expect(shy.accept((await open.invite()).link)).rejects.toMatchObject({ code: 'needs-turn' })
  // Nothing but TURN, and there is none at that port: no path, rather than a direct one.
  await open.accept((await shyHost.invite()).link, { timeoutMs: 3_000 })
  expect(there.made.map((made) => made.getConfiguration().iceTransportPolicy)).toEqual(['relay'])
  expect(shyHost.connections.size).toBe(0)
})

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a number', 7],
  ['a name', 'Bo'],
  ['an object without an id', {}],
])('%s is nobody to open to', async (_, who) => {
  await using ada = await person()
  await expect(ada.open(who as Parameters<typeof ada.open>[0], '/chat/v1')).rejects.toMatchObject({ code: 'invalid-peer-id' })
})

test('oneself is nobody to open to', async () => {
  await using ada = await person()
  await expect(ada.open(ada, '/chat/v1')).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(ada.accept((await ada.invite()).link)).rejects.toMatchObject({ code: 'invalid-argument' })
})
