import 'fake-indexeddb/auto'
import {
  type Doorstep,
  INVITE_RETURN_MS,
  INVITES_MAX,
  type Introduced,
  identityFromSeed,
  inviteWay,
  KithError,
  type PeerId,
} from '@kith/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openIndexedDb } from '../storage/indexeddb.ts'
import { memoryStore } from '../storage/memory.ts'
import type { Store } from '../storage/store.ts'
import { ContactBook } from './contacts.ts'
import { Invitations, type InvitationsOptions } from './invitations.ts'
import { InviteBook, type InviteRecord } from './invites.ts'
import { parseInviteUrl } from './links.ts'

const [ada, bo, cy] = [1, 2, 3].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id) as [PeerId, PeerId, PeerId]
const RELAY = 'wss://relay.example/relay'
const HOUR_MS = 3_600_000

/** Those that a guest can still use. */
const listOpen = (invites: InviteBook) => invites.listLive().filter(({ state }) => state === 'open')

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] }))
const open: Invitations[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.close()
  vi.useRealTimers()
})

let profiles = 0
/** Opens what another tab of the same profile has open as well. */
function profile(): () => Promise<Store> {
  const name = `kith/invitations-${profiles++}`
  return () => openIndexedDb(name)
}

/** The invitations of one tab of `self`. */
async function tab(self: PeerId, options: Partial<InvitationsOptions> & { store?: Store } = {}) {
  const { store = memoryStore(), ...overrides } = options
  const book = await InviteBook.open({ store })
  const contacts = await ContactBook.open({ store, self })
  const it = new Invitations({
    book,
    contacts,
    relays: [RELAY],
    page: 'https://kith.example/app',
    myName: () => 'Ada',
    ...overrides,
  })
  open.push(it)
  await it.prepare()
  return { it, book, contacts, store }
}

function door({ secret }: Pick<InviteRecord, 'secret'>): Doorstep {
  return { way: inviteWay(secret), origin: 'wss://relay.example', address: new Uint8Array(32), epoch: 0 }
}
const guest = (id: PeerId, name = 'Bo'): Introduced => ({ id, name, relays: [RELAY] })
const doorOf = (link: string) => door(parseInviteUrl(link))

// ── giving ──

test('the link names my relays and me; whoever proves it first is a contact', async () => {
  const { it, contacts } = await tab(ada)
  const invite = await it.create({ purposes: ['chat'] })
  expect(parseInviteUrl(invite.link)).toMatchObject({ relays: [RELAY], name: 'Ada', expiresAt: invite.expiresAt })
  expect(invite.svg).toContain('<svg')
  expect(await it.proved(doorOf(invite.link), guest(bo))).toBe(true)
  expect(await invite.accepted).toMatchObject({ id: bo, name: 'Bo', purposes: ['chat'], relays: [RELAY], trust: 'trusted' })
  expect(await it.proved(doorOf(invite.link), guest(cy))).toBe(false)
  expect([...contacts].map(({ id }) => id)).toEqual([bo])
})

test('of two guests in the same instant one is in', async () => {
  const { it } = await tab(ada)
  const invite = await it.create({})
  const [first, second] = await Promise.all([
    it.proved(doorOf(invite.link), guest(bo)),
    it.proved(doorOf(invite.link), guest(cy)),
  ])
  expect([first, second].filter(Boolean)).toHaveLength(1)
  expect((await invite.accepted).id).toBe(first ? bo : cy)
})

describe('whoever used it a moment ago', () => {
  /** Used by Bo at this moment. */
  async function used(options: Parameters<typeof tab>[1] = {}) {
    const host = await tab(ada, options)
    const { link, accepted } = await host.it.create({ name: 'Brother', purposes: ['chat'] })
    expect(await host.it.proved(doorOf(link), guest(bo))).toBe(true)
    await accepted
    const isOffered = () => {
      const record = host.it.find(doorOf(link))
      return record !== undefined && host.it.isOffered(record)
    }
    return { ...host, link, isOffered }
  }

  test('comes in again for a minute, and not beyond; the contact stays as it is, and all others stay out', async () => {
    const { it, contacts, link, isOffered } = await used()
    await contacts.update(bo, { name: 'My brother', trust: 'known' })
    vi.setSystemTime(Date.now() + INVITE_RETURN_MS - 1)
    expect(isOffered()).toBe(true)
    expect(await it.proved(doorOf(link), guest(cy))).toBe(false)
    expect(await it.proved(doorOf(link), guest(bo, 'Bo II'))).toBe(true)
    expect([...contacts]).toMatchObject([{ id: bo, name: 'My brother', trust: 'known' }])
    vi.setSystemTime(Date.now() + 1)
    expect(isOffered()).toBe(false)
    expect(await it.proved(doorOf(link), guest(bo))).toBe(false)
  })

  test('is made a contact where the page went before it had saved that', async () => {
    const open = profile()
    const before = await tab(ada, { store: await open() })
    const { link } = await before.it.create({ name: 'Brother' })
    const [record] = before.book.listOpen()
    // As far as the page came.
    await before.book.markUsed(record?.id ?? '', bo)
    before.it.close()
    const { it, contacts } = await tab(ada, { store: await open() })
    expect(contacts.get(bo)).toBeUndefined()
    expect(await it.proved(doorOf(link), guest(bo))).toBe(true)
    expect(contacts.get(bo)).toMatchObject({ name: 'Brother', trust: 'trusted' })
  })

  test('does not, once I have removed or blocked them, also after a reload', async () => {
    const open = profile()
    const { it, contacts, link, isOffered } = await used({ store: await open() })
    await contacts.update(bo, { trust: 'blocked' })
    expect(await it.proved(doorOf(link), guest(bo))).toBe(false)
    await contacts.update(bo, { trust: 'trusted' })
    expect(isOffered()).toBe(true)
    await contacts.remove(bo)
    await vi.waitFor(() => expect(isOffered()).toBe(false))
    expect(await it.proved(doorOf(link), guest(bo))).toBe(false)
    const again = await tab(ada, { store: await open() })
    expect(await again.it.proved(doorOf(link), guest(bo))).toBe(false)
    expect([...again.contacts]).toEqual([])
  })
})

test('it is told where it was given, whichever tab lets the guest in', async () => {
  const open = profile()
  const { it } = await tab(ada, { store: await open() })
  const invite = await it.create({})
  const other = await tab(ada, { store: await open() })
  expect(await other.it.proved(doorOf(invite.link), guest(bo))).toBe(true)
  expect(await invite.accepted).toMatchObject({ id: bo, name: 'Bo' })
  expect(await it.proved(doorOf(invite.link), guest(cy))).toBe(false)
})

test('revoked here or in another tab, it ends with closed, and lets nobody in', async () => {
  const open = profile()
  const { it, book } = await tab(ada, { store: await open() })
  const mine = await it.create({})
  const other = await it.create({})
  const there = await tab(ada, { store: await open() })
  await mine.revoke()
  await mine.revoke()
  for (const { id, state } of there.book.listLive()) if (state === 'open') await there.book.revoke(id)
  for (const invite of [mine, other]) {
    await expect(invite.accepted).rejects.toMatchObject({ code: 'closed' })
    expect(await it.proved(doorOf(invite.link), guest(bo))).toBe(false)
  }
  expect(listOpen(book)).toEqual([])
  // Its door is still known, to say that it is of no use any more.
  expect(it.find(doorOf(mine.link))?.state).toBe('revoked')
})

test('it expires, and then nobody is behind the door', async () => {
  const { it, book } = await tab(ada)
  const invite = await it.create({ expiresInMs: HOUR_MS })
  vi.setSystemTime(Date.now() + HOUR_MS)
  expect(it.find(doorOf(invite.link))).toBeUndefined()
  expect(await it.proved(doorOf(invite.link), guest(bo))).toBe(false)
  await book.expire()
  await expect(invite.accepted).rejects.toMatchObject({ code: 'expired' })
})

test('closing ends the waiting and leaves the invitation as it is', async () => {
  const { it, book } = await tab(ada)
  const invite = await it.create({})
  it.close()
  await expect(invite.accepted).rejects.toMatchObject({ code: 'closed' })
  expect(listOpen(book)).toHaveLength(1)
})

test.each<[string, Partial<InvitationsOptions>, string]>([
  ['no page', { page: undefined }, 'invalid-argument'],
  ['a page that is none', { page: 'kith' }, 'invalid-argument'],
  ['a page too long for a QR code', { page: `https://kith.example/${'x'.repeat(3_000)}` }, 'too-large'],
])('with %s there is no link, and no door stays open', async (_, options, code) => {
  const { it, book } = await tab(ada, options)
  await expect(it.create({})).rejects.toMatchObject({ code })
  expect(listOpen(book)).toEqual([])
})

test('whom I have blocked finds the door closed, and it stays open for others', async () => {
  const { it, contacts } = await tab(ada)
  await contacts.add({ id: bo, name: 'Bo', trust: 'blocked' })
  const invite = await it.create({})
  expect(await it.proved(doorOf(invite.link), guest(bo))).toBe(false)
  expect(contacts.get(bo)?.trust).toBe('blocked')
  expect(await it.proved(doorOf(invite.link), guest(cy))).toBe(true)
})

test.each<[string, string, { name?: string }, string]>([
  ['their own', ' Bo  the\nSecond ', {}, 'Bo the Second'],
  ['mine for them', 'Bo', { name: 'Brother' }, 'Brother'],
  ['the end of their PeerId, where they have none', ' \n', {}, `…${bo.slice(-6)}`],
])('their name: %s', async (_, theirs, options, name) => {
  const { it } = await tab(ada)
  const invite = await it.create(options)
  await it.proved(doorOf(invite.link), guest(bo, theirs))
  expect((await invite.accepted).name).toBe(name)
})

test('one whom I know keeps the name that I gave; what they say of themselves is cut, never refused', async () => {
  const { it, contacts } = await tab(ada)
  await contacts.add({ id: bo, name: 'Brother' })
  const first = await it.create({})
  await it.proved(doorOf(first.link), guest(bo))
  expect((await first.accepted).name).toBe('Brother')
  const second = await it.create({})
  const relays = [...Array.from({ length: 20 }, (_, n) => `wss://relay${n}.example/`), 'ftp://x', 'https://y/']
  expect(await it.proved(doorOf(second.link), { id: cy, name: 'ﷺ'.repeat(80), relays })).toBe(true)
  const contact = await second.accepted
  expect(contact.name.length).toBeGreaterThan(0)
  expect(contact.relays).toHaveLength(8)
})

test('what the store cannot keep is told to whoever waits', async () => {
  const { it, contacts } = await tab(ada)
  const invite = await it.create({})
  vi.spyOn(contacts, 'add').mockRejectedValue(new KithError('storage'))
  await expect(it.proved(doorOf(invite.link), guest(bo))).rejects.toMatchObject({ code: 'storage' })
  await expect(invite.accepted).rejects.toMatchObject({ code: 'storage' })
})

test('listed: those that are open, oldest first, the same objects each time', async () => {
  const { it } = await tab(ada)
  expect(it.open).toEqual([])
  const first = await it.create({})
  vi.setSystemTime(Date.now() + 1)
  const second = await it.create({})
  expect(it.open[0]).toBe(first)
  expect(it.open[1]).toBe(second)
  await first.revoke()
  expect(it.open).toEqual([second])
  await it.proved(doorOf(second.link), guest(bo))
  expect(it.open).toEqual([])
})

test('listed after a reload: the same link, and a guest who comes is waited for', async () => {
  const open = profile()
  const before = await tab(ada, { store: await open() })
  const made = await before.it.create({ purposes: ['chat'] })
  before.it.close()
  const { it } = await tab(ada, { store: await open() })
  const [again] = it.open
  expect(again).toMatchObject({ link: made.link, svg: made.svg, expiresAt: made.expiresAt })
  expect(Object.keys({ ...again }).sort()).toEqual(['accepted', 'expiresAt', 'link', 'revoke', 'svg'])
  expect(await it.proved(doorOf(made.link), guest(bo))).toBe(true)
  expect(await again?.accepted).toMatchObject({ id: bo, purposes: ['chat'] })
})

test('listed after a reload: revoked, expired and closed as one that was made there', async () => {
  const open = profile()
  const before = await tab(ada, { store: await open() })
  await before.it.create({ expiresInMs: HOUR_MS })
  await before.it.create({ expiresInMs: 2 * HOUR_MS })
  await before.it.create({})
  const { it, book } = await tab(ada, { store: await open() })
  const byExpiry = [...it.open].sort((a, b) => a.expiresAt - b.expiresAt)
  const [first, second, third] = byExpiry
  vi.setSystemTime(Date.now() + HOUR_MS)
  await book.expire()
  await expect(first?.accepted).rejects.toMatchObject({ code: 'expired' })
  await second?.revoke()
  await expect(second?.accepted).rejects.toMatchObject({ code: 'closed' })
  expect(it.open).toEqual([third])
  it.close()
  await expect(third?.accepted).rejects.toMatchObject({ code: 'closed' })
  await expect(third?.revoke()).rejects.toMatchObject({ code: 'closed' })
})

describe('codes, whose drawing is fetched late', () => {
  const OFFLINE = { code: 'unsupported-environment', source: 'network' }

  test('of a page that invites nobody: never', async () => {
    const fetchQr = vi.fn()
    const { it } = await tab(ada, { fetchQr })
    expect(it.open).toEqual([])
    expect(fetchQr).not.toHaveBeenCalled()
  })

  test('where that fails no invitation is made, and the next try succeeds', async () => {
    const fetchQr = vi.fn(() => import('./qr.ts')).mockRejectedValueOnce(new TypeError('Failed to fetch'))
    const { it } = await tab(ada, { fetchQr })
    await expect(it.create({})).rejects.toMatchObject(OFFLINE)
    expect(it.open).toEqual([])
    expect((await it.create({})).svg).toContain('<svg')
  })

  test('of one that was open before: the link is there without it, and the code once it can be fetched', async () => {
    const store = memoryStore()
    const made = await (await tab(ada, { store })).it.create({})
    const fetchQr = vi.fn(() => import('./qr.ts')).mockRejectedValueOnce(new TypeError('Failed to fetch'))
    const { it } = await tab(ada, { store, fetchQr })
    const [again] = it.open
    expect(again?.link).toBe(made.link)
    expect(() => again?.svg).toThrow(expect.objectContaining(OFFLINE))
    await vi.waitFor(() => expect(again?.svg).toBe(made.svg))
  })

  test('a server that never answers keeps no peer from opening', { timeout: 20_000 }, async () => {
    const store = memoryStore()
    const made = await (await tab(ada, { store })).it.create({})
    const { it } = await tab(ada, { store, fetchQr: () => new Promise(() => undefined) })
    expect(it.open[0]?.link).toBe(made.link)
    expect(() => it.open[0]?.svg).toThrow(expect.objectContaining(OFFLINE))
  })

  test('of one that another tab makes: it is listed with its code', async () => {
    const open = profile()
    const [here, there] = [await tab(ada, { store: await open() }), await tab(ada, { store: await open() })]
    const made = await there.it.create({})
    await vi.waitFor(() => expect(here.it.open.map(({ svg }) => svg)).toEqual([made.svg]))
  })
})

test('a page that takes up its own again may be reloaded for ever', async () => {
  const store = memoryStore()
  const links = new Set<string>()
  for (let load = 0; load <= INVITES_MAX; load++) {
    const { it } = await tab(ada, { store })
    links.add((it.open[0] ?? (await it.create({}))).link)
    it.close()
  }
  expect(links.size).toBe(1)
})

test('INVITES_MAX are open at once; one more needs a place, which revoking gives', async () => {
  const { it } = await tab(ada)
  const invites = await Promise.all(Array.from({ length: INVITES_MAX }, () => it.create({})))
  await expect(it.create({})).rejects.toMatchObject({ code: 'too-many', message: expect.stringMatching(/peer\.invites.*revoke/) })
  await invites[0]?.revoke()
  await it.create({})
  await expect(it.create({})).rejects.toMatchObject({ code: 'too-many' })
})

describe('on time', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }))

  test.each([1, 1_000, 25_000, 40 * 24 * HOUR_MS])('one that lasts %s ms', async (expiresInMs) => {
    const { it, book } = await tab(ada)
    const invite = await it.create({ expiresInMs })
    const longer = await it.create({ expiresInMs: expiresInMs + HOUR_MS })
    const heard: string[] = []
    book.events.on('invite', ({ change }) => heard.push(change))
    const ended = vi.fn()
    invite.accepted.catch(ended)
    await vi.advanceTimersByTimeAsync(expiresInMs - 1)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2)
    expect(ended).toHaveBeenCalledWith(expect.objectContaining({ code: 'expired' }))
    // So the doorstep is given up as well.
    expect(heard).toEqual(['expired'])
    expect(it.open).toEqual([longer])
    await vi.advanceTimersByTimeAsync(HOUR_MS)
    expect(it.open).toEqual([])
    it.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('one that was used is forgotten when it would have expired', async () => {
    const { it, book } = await tab(ada)
    const invite = await it.create({ expiresInMs: 1_000 })
    await it.proved(doorOf(invite.link), guest(bo))
    const heard: string[] = []
    book.events.on('invite', ({ change }) => heard.push(change))
    await vi.advanceTimersByTimeAsync(1_001)
    expect(heard).toEqual(['forgotten'])
    it.close()
  })
})
