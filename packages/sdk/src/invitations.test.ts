import 'fake-indexeddb/auto'
import {
  type DialNumber,
  type Doorstep,
  type Introduced,
  identityFromSeed,
  invitePsk,
  KithError,
  type PeerId,
} from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Recorder } from './carriers/recorder.testing.ts'
import type { Roster } from './carriers/roster.ts'
import { ContactBook } from './contacts.ts'
import type { DialRequest } from './dialling.ts'
import { type AcceptOptions, Invitations, type InvitationsOptions } from './invitations.ts'
import { InviteBook, type InviteRecord } from './invites.ts'
import { parseInviteUrl } from './links.ts'
import { openIndexedDb } from './storage/indexeddb.ts'
import { memoryStore } from './storage/memory.ts'
import type { Store } from './storage/store.ts'

const [ada, bo, cy] = [1, 2, 3].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id) as [PeerId, PeerId, PeerId]
const RELAY = 'wss://relay.example/relay'
const HOUR_MS = 3_600_000

/** Those that a guest can still use. */
const listOpen = (invites: InviteBook) => invites.listLive().filter(({ state }) => state === 'open')

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

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
  const carrier = new Recorder('wss://relay.example')
  const towards: (readonly string[])[] = []
  const it = new Invitations({
    book,
    contacts,
    roster: {
      isAnyRelayReady: true,
      towards: (urls: readonly string[]) => {
        towards.push(urls)
        return [carrier]
      },
    } as unknown as Roster,
    relays: [RELAY],
    page: 'https://kith.example/app',
    myName: () => 'Ada',
    disclosure: async (asked) => asked ?? 'direct',
    ...overrides,
  })
  const dialled: DialRequest[] = []
  const cancelled: DialNumber[] = []
  const dialling = {
    dial: (request: DialRequest) => dialled.push(request),
    cancel: (dial: DialNumber) => {
      cancelled.push(dial)
      it.ended(dial, new KithError('aborted', 'the dial was cancelled'))
    },
  }
  const accept = (link: string, asked: Partial<AcceptOptions> = {}) => it.accept(link, { timeoutMs: 9_000, ...asked }, dialling)
  return { it, book, contacts, store, dialled, cancelled, towards, accept }
}

function door({ secret }: Pick<InviteRecord, 'secret'>): Doorstep {
  return { way: { kind: 'invite', psk: invitePsk(secret) }, origin: 'wss://relay.example', address: new Uint8Array(32), epoch: 0 }
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

// ── taking ──

async function given() {
  const inviter = await tab(ada)
  return (await inviter.it.create({})).link
}

test('taking one up dials where it says; whoever lets me in is a contact', async () => {
  const link = await given()
  const { it, accept, dialled, towards, contacts } = await tab(bo)
  const accepted = accept(link)
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  expect(dialled[0]).toMatchObject({ way: { kind: 'invite' }, timeoutMs: 9_000, disclosure: 'direct' })
  expect(dialled[0]?.protocols).toHaveLength(1)
  expect(towards).toEqual([[RELAY]])
  await it.granted(1, guest(ada, 'Ada'))
  expect(await accepted).toMatchObject({ id: ada, name: 'Ada', relays: [RELAY], online: true })
  expect(contacts.get(ada)).toBeDefined()
  // The dial has done its work; how it ends concerns nobody here.
  it.ended(1, new KithError('lost'))
})

test('what came in the way of it is told', async () => {
  const link = await given()
  for (const code of ['used', 'unreachable', 'no-answer', 'closed'] as const) {
    const { it, accept, dialled } = await tab(bo)
    const accepted = accept(link)
    await vi.waitFor(() => expect(dialled).toHaveLength(1))
    it.ended(1, new KithError(code))
    await expect(accepted).rejects.toMatchObject({ code })
  }
})

test('no answer where no relay could be asked is no relay', async () => {
  const link = await given()
  const roster = { isAnyRelayReady: false, towards: () => [new Recorder('wss://relay.example')] } as unknown as Roster
  const { it, accept, dialled } = await tab(bo, { roster })
  const accepted = accept(link)
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  it.ended(1, new KithError('no-answer'))
  await expect(accepted).rejects.toMatchObject({ code: 'no-relay' })
  const nowhere = await tab(bo, { roster: { towards: () => [] } as unknown as Roster })
  await expect(nowhere.accept(link)).rejects.toMatchObject({ code: 'no-relay' })
})

test('aborted before, while it is prepared and while it is dialled', async () => {
  const link = await given()
  const before = await tab(bo)
  await expect(before.accept(link, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  const preparing = new AbortController()
  const prepared = await tab(bo, {
    disclosure: async () => {
      preparing.abort()
      return 'direct'
    },
  })
  await expect(prepared.accept(link, { signal: preparing.signal })).rejects.toMatchObject({ code: 'aborted' })
  expect([...before.dialled, ...prepared.dialled]).toEqual([])
  const { it, accept, dialled, cancelled, contacts } = await tab(bo)
  const controller = new AbortController()
  const accepted = accept(link, { signal: controller.signal })
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  controller.abort('enough')
  await expect(accepted).rejects.toMatchObject({ code: 'aborted', name: 'AbortError', cause: 'enough' })
  expect(cancelled).toEqual([1])
  await it.granted(1, guest(ada))
  expect([...contacts]).toEqual([])
})

test('once they have let me in there is no way back', async () => {
  const link = await given()
  const { it, accept, dialled, cancelled } = await tab(bo)
  const controller = new AbortController()
  const accepted = accept(link, { signal: controller.signal, name: 'Sister' })
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  const letIn = it.granted(1, guest(ada))
  controller.abort()
  await letIn
  expect((await accepted).name).toBe('Sister')
  expect(cancelled).toEqual([])
})

test('one of somebody whom I have blocked is not taken up', async () => {
  const link = await given()
  const { it, accept, dialled, contacts } = await tab(bo)
  await contacts.add({ id: ada, name: 'Ada', trust: 'blocked' })
  const accepted = expect(accept(link)).rejects.toMatchObject({ code: 'blocked' })
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  await it.granted(1, guest(ada))
  await accepted
})

test('what cannot work is refused before anybody is asked', async () => {
  const link = await given()
  const needsTurn = await tab(bo, { disclosure: () => Promise.reject(new KithError('needs-turn')) })
  await expect(needsTurn.accept(link)).rejects.toMatchObject({ code: 'needs-turn' })
  const { it, accept, dialled } = await tab(bo)
  await expect(accept('https://kith.example/')).rejects.toMatchObject({ code: 'invalid-invite' })
  await expect(accept((await it.create({})).link)).rejects.toMatchObject({ code: 'invalid-argument' })
  vi.setSystemTime(Date.now() + 25 * HOUR_MS)
  await expect(accept(link)).rejects.toMatchObject({ code: 'expired' })
  expect([...needsTurn.dialled, ...dialled]).toEqual([])
})
