import 'fake-indexeddb/auto'
import { INVITES_MAX, identityFromSeed } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { openIndexedDb } from '../storage/indexeddb.ts'
import { memoryStore } from '../storage/memory.ts'
import { put, type Store } from '../storage/store.ts'
import { InviteBook, type InviteChange } from './invites.ts'

const START = 1_700_000_000_000
const HOUR_MS = 3_600_000
const guest = identityFromSeed(new Uint8Array(32).fill(7)).id

async function book(store: Store = memoryStore()) {
  const clock = { now: START }
  const invites = await InviteBook.open({ store, now: () => clock.now })
  const heard: string[] = []
  invites.events.on('invite', ({ change, invite }) => heard.push(`${change} ${invite.name}`))
  return { invites, clock, heard, store }
}

/** Those that a guest can still use. */
const listOpen = (invites: InviteBook) => invites.listLive().filter(({ state }) => state === 'open')

test('an invitation has a fresh secret, lasts a day unless told otherwise, and outlives a reload', async () => {
  const { invites, store, heard } = await book()
  const first = await invites.create({ name: ' Ann ', purposes: ['chat'] })
  const second = await invites.create({ expiresInMs: 1.9 })
  expect(first).toMatchObject({
    name: 'Ann',
    purposes: ['chat'],
    createdAt: START,
    expiresAt: START + 24 * HOUR_MS,
    state: 'open',
  })
  expect(second).toMatchObject({ name: '', purposes: [], expiresAt: START + 1 })
  expect(first.secret).toHaveLength(16)
  expect(first.secret).not.toEqual(second.secret)
  expect(heard).toEqual(['created Ann', 'created '])
  const again = await book(store)
  expect(listOpen(again.invites).sort((a, b) => b.expiresAt - a.expiresAt)).toEqual([first, second])
})

test.each<[string, object]>([
  ['no time at all', { expiresInMs: 0 }],
  ['the past', { expiresInMs: -1 }],
  ['not a number', { expiresInMs: Number.NaN }],
  ['for ever', { expiresInMs: Number.POSITIVE_INFINITY }],
  ['too long a name', { name: 'x'.repeat(65) }],
  ['purposes that are no list', { purposes: 'chat' }],
])('refuses %s', async (_name, options) => {
  const { invites } = await book()
  await expect(invites.create(options)).rejects.toMatchObject({ code: 'invalid-argument' })
  expect(invites.listLive()).toEqual([])
})

test('so many at a time, until some expire', async () => {
  const { invites, clock } = await book()
  for (let i = 0; i < INVITES_MAX; i++) await invites.create({ expiresInMs: HOUR_MS })
  await expect(invites.create()).rejects.toMatchObject({ code: 'too-many' })
  clock.now += HOUR_MS
  await invites.create()
  expect(invites.listLive()).toHaveLength(1)
})

test('spent once; the spent one is known until it would have expired', async () => {
  const { invites, heard, store } = await book()
  const { id } = await invites.create({ name: 'Ann' })
  expect(await invites.markUsed(id, guest)).toBe(true)
  expect(await invites.markUsed(id, guest)).toBe(false)
  expect(await invites.revoke(id)).toBe(false)
  expect(await invites.markUsed('unknown', guest)).toBe(false)
  expect(listOpen(invites)).toEqual([])
  expect((await book(store)).invites.listLive()).toMatchObject([{ id, state: 'used', usedBy: guest }])
  expect(heard).toEqual(['created Ann', 'used Ann'])
})

test('revoked is not usable any more', async () => {
  const { invites, heard } = await book()
  const { id } = await invites.create({ name: 'Ann' })
  expect(await invites.revoke(id)).toBe(true)
  expect(await invites.markUsed(id, guest)).toBe(false)
  expect(invites.get(id)?.state).toBe('revoked')
  expect(heard).toEqual(['created Ann', 'revoked Ann'])
})

test('expires: open ones expired, spent ones forgotten, and when the next one is due', async () => {
  const { invites, clock, heard, store } = await book()
  const spent = await invites.create({ name: 'Spent', expiresInMs: HOUR_MS })
  await invites.markUsed(spent.id, guest)
  const open = await invites.create({ name: 'Open', expiresInMs: HOUR_MS })
  const later = await invites.create({ name: 'Later', expiresInMs: 2 * HOUR_MS })
  heard.length = 0
  clock.now = open.expiresAt - 1
  expect(await invites.expire()).toBe(open.expiresAt)
  expect(heard).toEqual([])
  clock.now += 1
  expect(await invites.markUsed(open.id, guest)).toBe(false)
  expect(await invites.expire()).toBe(later.expiresAt)
  expect(heard).toEqual(['forgotten Spent', 'expired Open'])
  expect(await store.keys('invite/')).toEqual([`invite/${later.id}`])
  clock.now = later.expiresAt
  expect(await invites.expire()).toBeUndefined()
})

test('two tabs, two guests, one invitation: one gets in, and both tabs know', async () => {
  const [here, there] = await Promise.all([openIndexedDb('invites/race'), openIndexedDb('invites/race')])
  const mine = await book(here)
  const { id } = await mine.invites.create({ name: 'Ann' })
  const theirs = await book(there)
  const told = new Promise<InviteChange>((resolve) => theirs.invites.events.on('invite', resolve))
  const results = await Promise.all([mine.invites.markUsed(id, guest), theirs.invites.markUsed(id, guest)])
  expect(results.filter(Boolean)).toHaveLength(1)
  expect(await told).toMatchObject({ change: 'used', invite: { id } })
  expect(mine.invites.get(id)?.state).toBe('used')
  here.close()
  there.close()
})

test('a record that cannot be read is reported without its secret', async () => {
  const store = memoryStore()
  await (await book(store)).invites.create({ name: 'Ann' })
  await store.update('invite/0011', () => put(Uint8Array.of(1, 2, 3)))
  const reported = vi.fn()
  vi.stubGlobal('reportError', reported)
  expect(listOpen((await book(store)).invites)).toHaveLength(1)
  vi.unstubAllGlobals()
  expect(reported).toHaveBeenCalledTimes(1)
})
