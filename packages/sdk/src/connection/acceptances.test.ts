import 'fake-indexeddb/auto'
import { type DialNumber, type Introduced, identityFromSeed, KithError, type PeerId, TAKEN_INVITES_MAX } from '@kith/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Recorder } from '../carriers/recorder.testing.ts'
import type { Roster } from '../carriers/roster.ts'
import { ContactBook } from '../people/contacts.ts'
import { InviteBook } from '../people/invites.ts'
import { inviteLink } from '../people/links.ts'
import { TakenInvites } from '../people/taken-invites.ts'
import { openIndexedDb } from '../storage/indexeddb.ts'
import { memoryStore } from '../storage/memory.ts'
import { put, type Store } from '../storage/store.ts'
import { Acceptances, type AcceptancesOptions, type AcceptOptions } from './acceptances.ts'
import type { DialRequest } from './dial-host.ts'

const [ada, bo] = [1, 2].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id) as [PeerId, PeerId]
const RELAY = 'wss://relay.example/relay'
const HOUR_MS = 3_600_000
const START = 1_800_000_000_000

beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

let profiles = 0
/** Opens what another tab of the same profile has open as well. */
function profile(): () => Promise<Store> {
  const name = `kith/acceptances-${profiles++}`
  return () => openIndexedDb(name)
}

/** The browser's lock manager, as far as tabs use it: one holder, the next when it is done. */
function lockManager(): Pick<LockManager, 'request'> {
  const held = new Map<string, Promise<unknown>>()
  const request = async (name: string, { signal }: LockOptions, work: () => Promise<unknown>) => {
    const before = held.get(name)
    const turn = (async () => {
      await before?.catch(() => undefined)
      signal?.throwIfAborted()
      return work()
    })()
    held.set(name, turn)
    return turn
  }
  return { request } as unknown as Pick<LockManager, 'request'>
}

/** One tab of `self`, taking up invitations. */
async function tab(self: PeerId, options: Partial<AcceptancesOptions> & { store?: Store } = {}) {
  const { store = memoryStore(), ...overrides } = options
  const book = await InviteBook.open({ store })
  const contacts = await ContactBook.open({ store, self })
  const carrier = new Recorder('wss://relay.example')
  const towards: (readonly string[])[] = []
  const it = new Acceptances({
    book,
    contacts,
    taken: new TakenInvites(store),
    roster: {
      own: [],
      isAnyRelayReady: true,
      clockAheadMsSoon: async () => undefined,
      unsupported: undefined,
      hurry: () => {},
      mayDial: () => true,
      towards: (urls: readonly string[]) => {
        towards.push(urls)
        return [carrier]
      },
    },
    disclosure: async (asked) => asked ?? 'direct',
    locks: undefined,
    lockName: 'kith/test/accept',
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
  /** Once `count` dials are under way. */
  const dials = (count: number) => vi.waitFor(() => expect(dialled).toHaveLength(count))
  return { it, book, contacts, store, dialled, dials, cancelled, towards, accept }
}

const introduced = (id: PeerId, name: string): Introduced => ({ id, name, relays: [RELAY] })

/** A link of Ada's. */
async function given({ expiresInMs = 24 * HOUR_MS } = {}) {
  const book = await InviteBook.open({ store: memoryStore() })
  return inviteLink('https://kith.example/app', await book.create({ expiresInMs }), [RELAY], 'Ada')
}

/** Someone who has taken up `link`, and is Ada's guest. */
async function taken(link: string, options: Parameters<typeof tab>[1] = {}) {
  const guest = await tab(bo, options)
  const accepted = guest.accept(link)
  await guest.dials(1)
  await guest.it.granted(1, introduced(ada, 'Ada'))
  await accepted
  return guest
}

test('taking one up dials where it says; whoever lets me in is a contact', async () => {
  const link = await given()
  const { it, accept, dialled, towards, contacts } = await tab(bo)
  const accepted = accept(link)
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  expect(dialled[0]).toMatchObject({ way: { isOneTime: true }, disclosure: 'direct' })
  expect(dialled[0]?.timeoutMs).toBeGreaterThan(5_000)
  expect(dialled[0]?.timeoutMs).toBeLessThanOrEqual(9_000)
  expect(dialled[0]?.protocols).toHaveLength(1)
  expect(towards).toEqual([[RELAY]])
  await it.granted(1, introduced(ada, 'Ada'))
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
  const roster = {
    own: [],
    isAnyRelayReady: false,
    towards: () => [new Recorder('wss://relay.example')],
    mayDial: () => true,
    hurry: () => {},
  } as unknown as Roster
  const { it, accept, dialled } = await tab(bo, { roster })
  const accepted = accept(link)
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  it.ended(1, new KithError('no-answer'))
  await expect(accepted).rejects.toMatchObject({ code: 'no-relay' })
  const nowhere = await tab(bo, { roster: { towards: () => [] } as unknown as Roster })
  await expect(nowhere.accept(link)).rejects.toMatchObject({ code: 'no-relay' })
})

test.each<[string, string[], RegExp]>([
  ['of mine', ['wss://relay.example'], /^No relay could be reached/],
  ['too near', [], /own device or network/],
])('where the link’s relay is one %s, that is what is said', async (_, mine, words) => {
  const home = mine.map((origin) => new Recorder(origin))
  const roster = { own: home, isAnyRelayReady: false, towards: () => [new Recorder('wss://mine.example')], mayDial: () => false }
  const { it, accept, dials } = await tab(bo, { roster: { ...roster, hurry: () => {} } as unknown as Roster })
  const accepted = accept(await given())
  await dials(1)
  it.ended(1, new KithError('no-answer'))
  await expect(accepted).rejects.toMatchObject({ code: 'no-relay', message: expect.stringMatching(words) })
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
  await it.granted(1, introduced(ada, 'Ada'))
  expect([...contacts]).toEqual([])
})

test('once they have let me in there is no way back', async () => {
  const link = await given()
  const { it, accept, dialled, cancelled } = await tab(bo)
  const controller = new AbortController()
  const accepted = accept(link, { signal: controller.signal, name: 'Sister' })
  await vi.waitFor(() => expect(dialled).toHaveLength(1))
  const letIn = it.granted(1, introduced(ada, 'Ada'))
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
  await it.granted(1, introduced(ada, 'Ada'))
  await accepted
})

test('what cannot work is refused before anybody is asked', async () => {
  const link = await given()
  const needsTurn = await tab(bo, { disclosure: () => Promise.reject(new KithError('needs-turn')) })
  await expect(needsTurn.accept(link)).rejects.toMatchObject({ code: 'needs-turn' })
  const { book, accept, dialled } = await tab(bo)
  await expect(accept('https://kith.example/')).rejects.toMatchObject({ code: 'invalid-invite' })
  const mine = inviteLink('https://kith.example/app', await book.create(), [RELAY], 'Bo')
  await expect(accept(mine)).rejects.toMatchObject({ code: 'invalid-argument' })
  vi.setSystemTime(Date.now() + 25 * HOUR_MS)
  await expect(accept(link)).rejects.toMatchObject({ code: 'expired' })
  expect([...needsTurn.dialled, ...dialled]).toEqual([])
})

// ── taking it up again ──

test('a link that I have taken up gives its maker, and nothing is dialled', async () => {
  const link = await given()
  const { accept, dialled, contacts } = await taken(link)
  expect(await accept(link)).toBe(contacts.get(ada))
  expect(await accept(`${link}).`)).toBe(contacts.get(ada))
  vi.setSystemTime(START + 25 * HOUR_MS)
  expect((await accept(link)).id).toBe(ada)
  expect(dialled).toHaveLength(1)
})

test('also after a reload, in another tab, and where there is no relay', async () => {
  const link = await given()
  const open = profile()
  await taken(link, { store: await open() })
  const offline = { towards: () => [], isAnyRelayReady: false } as unknown as Roster
  const again = await tab(bo, { store: await open(), roster: offline, locks: lockManager() })
  expect(await again.accept(link, { timeoutMs: 1 })).toMatchObject({ id: ada, name: 'Ada' })
})

test.each<[string, (contacts: ContactBook) => Promise<unknown>, string]>([
  ['removed since', (contacts) => contacts.remove(ada), 'used'],
  ['blocked since', (contacts) => contacts.update(ada, { trust: 'blocked' }), 'blocked'],
])('its maker was %s', async (_, change, code) => {
  const link = await given()
  const { accept, dialled, contacts } = await taken(link)
  await change(contacts)
  await expect(accept(link)).rejects.toMatchObject({ code, source: 'local' })
  expect(dialled).toHaveLength(1)
})

test('its maker was removed: who they are is kept nowhere, and that the link was used is; also if they are added again', async () => {
  const link = await given()
  const { accept, contacts, store } = await taken(link)
  const kept = async () => {
    const records = await Promise.all((await store.keys('')).map((key) => store.get(key)))
    return records.map((record) => new TextDecoder().decode(record)).join()
  }
  expect(await kept()).toContain(ada)
  await contacts.remove(ada)
  expect(await kept()).not.toContain(ada)
  await expect(accept(link)).rejects.toMatchObject({ code: 'used', source: 'local' })
  await contacts.add({ id: ada, name: 'Ada again' })
  await expect(accept(link)).rejects.toMatchObject({ code: 'used', source: 'local' })
})

test('while it is being taken up all share the one attempt, each with a time and a signal of its own', async () => {
  const link = await given()
  const { it, accept, dialled, dials, cancelled } = await tab(bo)
  const controller = new AbortController()
  const [first, second, third] = [accept(link), accept(link, { name: 'Sister' }), accept(link, { signal: controller.signal })]
  const late = expect(accept(link, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' })
  await dials(1)
  controller.abort()
  await expect(third).rejects.toMatchObject({ code: 'aborted' })
  await late
  expect(cancelled).toEqual([])
  await it.granted(1, introduced(ada, 'Ada'))
  expect(await first).toBe(await second)
  expect((await first).name).toBe('Sister')
  expect(dialled).toHaveLength(1)
})

test('the last one who gives up ends it', async () => {
  const link = await given()
  const { accept, dials, cancelled } = await tab(bo)
  const controllers = [new AbortController(), new AbortController()]
  const all = controllers.map(({ signal }) => expect(accept(link, { signal })).rejects.toMatchObject({ code: 'aborted' }))
  await dials(1)
  controllers[0]?.abort()
  await all[0]
  expect(cancelled).toEqual([])
  controllers[1]?.abort()
  await all[1]
  expect(cancelled).toEqual([1])
})

test('one with more time goes on where the first had less', async () => {
  const link = await given()
  const { it, accept, dials } = await tab(bo)
  const short = expect(accept(link, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'no-answer' })
  const long = accept(link)
  await dials(1)
  it.ended(1, new KithError('no-answer'))
  await short
  await dials(2)
  await it.granted(2, introduced(ada, 'Ada'))
  expect((await long).id).toBe(ada)
})

test('two tabs at the same link: one dials, and both have the contact', async () => {
  const link = await given()
  const open = profile()
  const locks = lockManager()
  const here = await tab(bo, { store: await open(), locks })
  const there = await tab(bo, { store: await open(), locks })
  const first = here.accept(link)
  await here.dials(1)
  const second = there.accept(link)
  await here.it.granted(1, introduced(ada, 'Ada'))
  expect([(await first).id, (await second).id]).toEqual([ada, ada])
  expect(there.dialled).toEqual([])
})

test('where the other tab got no answer, this one tries for what is left of its time', async () => {
  const link = await given()
  const locks = lockManager()
  const [here, there] = [await tab(bo, { locks }), await tab(bo, { locks })]
  const first = expect(here.accept(link)).rejects.toMatchObject({ code: 'unreachable' })
  await here.dials(1)
  const second = there.accept(link)
  here.it.ended(1, new KithError('unreachable'))
  await first
  await there.dials(1)
  expect(there.dialled[0]?.timeoutMs).toBeGreaterThan(1_000)
  await there.it.granted(1, introduced(ada, 'Ada'))
  expect((await second).id).toBe(ada)
})

test.each<[string, Pick<LockManager, 'request'>]>([
  ['rejects', { request: () => Promise.reject(new DOMException('no', 'SecurityError')) } as unknown as LockManager],
  [
    'throws',
    {
      request: () => {
        throw new DOMException('no', 'SecurityError')
      },
    } as unknown as LockManager,
  ],
])('a browser whose lock manager %s is no hindrance', async (_, locks) => {
  const guest = await taken(await given(), { locks })
  expect(guest.contacts.get(ada)?.name).toBe('Ada')
})

test('closing ends the waiting, also that for another tab', async () => {
  const link = await given()
  const locks = lockManager()
  const [here, there] = [await tab(bo, { locks }), await tab(bo, { locks })]
  const both = [here.accept(link), there.accept(link)].map((accepted) =>
    expect(accepted).rejects.toMatchObject({ code: 'closed' }),
  )
  await here.dials(1)
  there.it.close()
  await both[1]
  here.it.close()
  await both[0]
})

test('what is kept of a link is not its secret; TAKEN_INVITES_MAX of them are, at one more the oldest goes', async () => {
  const store = memoryStore()
  const book = new TakenInvites(store)
  const secret = (n: number) => new Uint8Array(16).fill(n % 256).fill(n >> 8, 0, 1)
  for (let n = 0; n < TAKEN_INVITES_MAX; n++) await book.add(secret(n), ada)
  expect(await book.makerOf(secret(0))).toBe(ada)
  await book.add(secret(0), ada)
  expect(await book.makerOf(secret(1))).toBe(ada)
  await book.add(secret(TAKEN_INVITES_MAX), bo)
  expect(await book.makerOf(secret(1))).toBeUndefined()
  expect(await book.makerOf(secret(0))).toBe(ada)
  expect(await book.makerOf(secret(TAKEN_INVITES_MAX))).toBe(bo)
  const [key = ''] = await store.keys('')
  const stored = new TextDecoder('latin1').decode(await store.get(key))
  expect(stored).not.toContain(new TextDecoder('latin1').decode(secret(7).subarray(1)))
})

test('a memory of links that cannot be read is reported, and hinders nothing', async () => {
  const reported = vi.fn()
  vi.stubGlobal('reportError', reported)
  const store = memoryStore()
  await store.update('taken-invites', () => put(Uint8Array.of(1, 2, 3)))
  const link = await given()
  const guest = await taken(link, { store })
  expect((await guest.accept(link)).id).toBe(ada)
  expect(reported.mock.calls[0]?.[0]).toMatchObject({ code: 'storage' })
  vi.unstubAllGlobals()
})

describe('an invitation that expires while it is being taken up', () => {
  beforeEach(() => void vi.useFakeTimers({ now: START }))

  test('ends with expired, on time', async () => {
    const link = await given({ expiresInMs: 1_000 })
    const { accept, dials, cancelled } = await tab(bo)
    const ended = vi.fn()
    accept(link).catch(ended)
    await vi.advanceTimersByTimeAsync(0)
    await dials(1)
    await vi.advanceTimersByTimeAsync(999)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(300)
    expect(ended).toHaveBeenCalledWith(expect.objectContaining({ code: 'expired' }))
    expect(cancelled).toEqual([1])
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each(['used', 'no-answer'] as const)('also where the inviter says %s by then', async (code) => {
    const link = await given({ expiresInMs: 1_000 })
    const { it, accept, dials } = await tab(bo)
    const ended = expect(accept(link)).rejects.toMatchObject({ code: 'expired', cause: { code } })
    await vi.advanceTimersByTimeAsync(0)
    await dials(1)
    await vi.advanceTimersByTimeAsync(1_100)
    it.ended(1, new KithError(code))
    await ended
  })
})
