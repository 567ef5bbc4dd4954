// Where a peer opens WebSockets: relays see its network address, so those that others name are for those who may learn it.
import { encodeInvite, identityFromSeed, type PeerId } from '@kith/protocol'
import wrtc from '@roamhq/wrtc'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { KeyValueStore, Peer, PeerOptions } from './api.ts'
import { Roster } from './carriers/roster.ts'
import { Dialling } from './connection/dialling.ts'
import { openPeer } from './peer.ts'
import { readInvite } from './people/links.ts'
import { nextTask } from './runtime/slices.ts'

/** A WebSocket whose relay never answers. */
class Socket {
  static readonly all: Socket[] = []
  readonly url: string
  binaryType = ''
  readonly #listeners = new Map<string, (event: never) => void>()
  constructor(url: string) {
    this.url = url
    Socket.all.push(this)
  }
  send() {}
  isClosed = false
  close() {
    this.isClosed = true
  }
  addEventListener(type: string, listener: (event: never) => void) {
    this.#listeners.set(type, listener)
  }
  fail() {
    this.isClosed = true
    this.#listeners.get('close')?.({} as never)
  }
}

const open: Peer[] = []
beforeEach(() => {
  Socket.all.length = 0
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  await Promise.all(open.splice(0).map((peer) => peer.close()))
})

const MINE = 'wss://mine.example/relay'
const urlOf = (name: string) => `wss://${name}.example/relay`
const dialled = (url: string) => Socket.all.filter((socket) => socket.url === url).length
const connected = (url: string) => Socket.all.some((socket) => socket.url === url && !socket.isClosed)
const idOf = (n: number): PeerId => identityFromSeed(new Uint8Array(32).fill(n)).id
const [BO, CY, TRUSTED, LAST] = [idOf(1), idOf(2), idOf(3), idOf(4)]

function memory(): KeyValueStore {
  const kept = new Map<string, Uint8Array>()
  return {
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    delete: async (key) => void kept.delete(key),
    keys: async () => [...kept.keys()],
  }
}

async function person(options: PeerOptions = {}): Promise<Peer> {
  const peer = await openPeer({
    storage: 'memory',
    relays: [MINE],
    page: 'https://kith.example/',
    iceServers: [{ urls: 'turn:turn.example', username: 'u', credential: 'c' }],
    local: false,
    wrtc,
    webSocket: Socket as unknown as typeof globalThis.WebSocket,
    ...options,
  })
  open.push(peer)
  return peer
}

/** Those who are asked before these have been asked by then. */
const asked = (...names: string[]) =>
  vi.waitFor(() => expect(names.map((name) => dialled(urlOf(name)))).not.toContain(0), { timeout: 10_000 })

test.each<[string, 'known' | 'trusted', PeerOptions]>([
  ['who is known', 'known', {}],
  ['to whom a function tells less', 'trusted', { disclose: ({ id }) => (id === TRUSTED || id === LAST ? 'direct' : 'relayed') }],
  [
    'of whom a function says nothing clear',
    'trusted',
    {
      disclose: ({ id }) => {
        if (id === TRUSTED || id === LAST) return 'direct'
        throw new Error('no answer')
      },
    },
  ],
])(
  'a relay of one %s is not dialled: for presence, for a dial, when mine comes back, after a reload',
  async (_, trust, options) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const storage = memory()
    for (const start of ['the first', 'a reload']) {
      Socket.all.length = 0
      const peer = await person({ storage, ...options })
      if (start === 'the first') {
        // One before Bo and one after: who was added is asked in turn, and after a reload the latest first.
        await peer.contacts.add({ id: TRUSTED, name: 'Ty', relays: [urlOf('trusted')] })
        await peer.contacts.add({ id: CY, name: 'Cy', trust: 'blocked', relays: [urlOf('cy')] })
        await peer.contacts.add({ id: BO, name: 'Bo', trust, relays: [urlOf('bo')] })
        await peer.contacts.add({ id: LAST, name: 'Li', relays: [urlOf('last')] })
      }
      await asked('trusted', 'last')
      await expect(peer.connect(BO, { timeoutMs: 300 })).rejects.toThrow()
      await expect(peer.connect(BO, { timeoutMs: 300, disclose: 'relayed' })).rejects.toThrow()
      await expect(peer.connect(CY, { timeoutMs: 300 })).rejects.toThrow()
      for (const socket of [...Socket.all]) socket.fail()
      await vi.waitFor(() => expect(dialled(MINE)).toBe(2), { timeout: 10_000 })
      await peer.close()
      expect([dialled(urlOf('bo')), dialled(urlOf('cy'))]).toEqual([0, 0])
    }
  },
  30_000,
)

test('an option tells less than the policy does, for that dial', async () => {
  const peer = await person({ presence: false })
  await peer.contacts.add({ id: BO, name: 'Bo', relays: [urlOf('bo')] })
  await expect(peer.connect(BO, { timeoutMs: 100, disclose: 'relayed' })).rejects.toThrow()
  expect(dialled(urlOf('bo'))).toBe(0)
  await expect(peer.connect(BO, { timeoutMs: 100 })).rejects.toThrow()
  expect(dialled(urlOf('bo'))).toBe(1)
})

test('a relay that was dialled for one dial alone is left with it', async () => {
  const peer = await person({ presence: false })
  await peer.contacts.add({ id: BO, name: 'Bo', trust: 'known', relays: [urlOf('bo')] })
  for (const when of ['at once', 'later']) {
    await expect(peer.connect(BO, { timeoutMs: 200, disclose: 'direct' })).rejects.toThrow()
    // Not before, whatever else changed meanwhile: the contact was added a moment ago.
    expect(connected(urlOf('bo')), when).toBe(true)
    await vi.waitFor(() => expect(connected(urlOf('bo')), when).toBe(false))
  }
})

test('a dial that is under way when trust falls leaves their relay, and goes on with less', async () => {
  const peer = await person({ presence: false })
  await peer.contacts.add({ id: BO, name: 'Bo', relays: [urlOf('bo')] })
  const begun = vi.spyOn(Dialling.prototype, 'dial')
  const disclosures = () => begun.mock.calls.map(([{ disclosure }]) => disclosure)
  const abort = new AbortController()
  const dial = expect(peer.connect(BO, { signal: abort.signal, timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'aborted' })
  await vi.waitFor(() => expect(disclosures()).toEqual(['direct']))
  expect(connected(urlOf('bo'))).toBe(true)
  await peer.contacts.update(BO, { trust: 'known' })
  await vi.waitFor(() => expect(disclosures()).toEqual(['direct', 'relayed']))
  await vi.waitFor(() => expect(connected(urlOf('bo'))).toBe(false))
  abort.abort()
  await dial
})

test('which relays are still wanted is looked up once for all dials that end together', async () => {
  const peer = await person({ presence: false })
  await peer.contacts.add({ id: BO, name: 'Bo', relays: [urlOf('bo')] })
  const begun = vi.spyOn(Dialling.prototype, 'dial')
  const abort = new AbortController()
  const dials = Array.from({ length: 8 }, (_, n) =>
    peer.connect(idOf(100 + n), { signal: abort.signal, timeoutMs: 60_000, disclose: 'direct' }),
  )
  dials.push(peer.connect(BO, { signal: abort.signal, timeoutMs: 60_000 }))
  const ended = Promise.allSettled(dials)
  await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(dials.length), { timeout: 10_000 })
  const lookedUp = vi.spyOn(Roster.prototype, 'keepForeign')
  abort.abort()
  await ended
  await vi.waitFor(() => expect(lookedUp).toHaveBeenCalled())
  // What the same end would have scheduled besides has run by then.
  await nextTask().then(nextTask)
  expect(lookedUp).toHaveBeenCalledOnce()
})

test.each(['known', 'blocked', 'removed'] as const)(
  'the relay of one who is %s from now on is left, and not dialled again',
  async (trust) => {
    const peer = await person()
    await peer.contacts.add({ id: TRUSTED, name: 'Ty', relays: [urlOf('trusted')] })
    await peer.contacts.add({ id: BO, name: 'Bo', relays: [urlOf('bo')] })
    await vi.waitFor(() => expect(connected(urlOf('bo'))).toBe(true), { timeout: 10_000 })
    await asked('trusted')
    if (trust === 'removed') await peer.contacts.remove(BO)
    else await peer.contacts.update(BO, { trust })
    await vi.waitFor(() => expect(connected(urlOf('bo'))).toBe(false))
    const before = dialled(urlOf('bo'))
    await expect(peer.connect(BO, { timeoutMs: 300 })).rejects.toThrow()
    expect(dialled(urlOf('bo'))).toBe(before)
    expect(connected(urlOf('trusted'))).toBe(true)
  },
)

const linkTo = (...relays: string[]) =>
  `https://kith.example/#kith-invite=${encodeInvite({ secret: new Uint8Array(16).fill(7), relays, expiresAt: Date.now() + 3_600_000, name: 'Ada' })}`

test('an invitation’s relays are dialled by accept alone, a few times, and left when it has failed', async () => {
  const peer = await person({ disclose: () => 'direct' })
  const link = linkTo(urlOf('ada'))
  expect(readInvite(link).relays).toEqual([urlOf('ada')])
  expect(dialled(urlOf('ada'))).toBe(0)
  // Longer than this test: what ends it is that they have given up, though a relay of mine is still on its way.
  const accepted = peer.accept(link, { timeoutMs: 600_000 })
  accepted.catch(() => undefined)
  for (let n = 1; n <= 3; n++) {
    await vi.waitFor(() => expect(dialled(urlOf('ada'))).toBe(n), { timeout: 20_000 })
    Socket.all
      .filter(({ url }) => url === urlOf('ada'))
      .at(-1)
      ?.fail()
  }
  await expect(accepted).rejects.toMatchObject({ code: 'no-relay' })
  await vi.waitFor(() => expect(peer.status.relays).toHaveLength(1))
  expect(dialled(urlOf('ada'))).toBe(3)
  // The second try is one of its own, and its relay is left when nothing has come of it.
  const stop = new AbortController()
  const again = peer.accept(link, { timeoutMs: 600_000, signal: stop.signal })
  again.catch(() => undefined)
  await vi.waitFor(() => expect(dialled(urlOf('ada'))).toBe(4), { timeout: 20_000 })
  stop.abort()
  await expect(again).rejects.toMatchObject({ code: 'aborted' })
  await vi.waitFor(() => expect(connected(urlOf('ada'))).toBe(false), { timeout: 20_000 })
}, 90_000)

test('a program without relays of its own dials the one that a link names on this device', async () => {
  const peer = await person({ relays: [] })
  const stop = new AbortController()
  const accepted = peer.accept(linkTo('ws://localhost:8787/relay'), { timeoutMs: 600_000, signal: stop.signal })
  accepted.catch(() => undefined)
  await vi.waitFor(() => expect(dialled('ws://localhost:8787/relay')).toBe(1), { timeout: 20_000 })
  stop.abort()
  await expect(accepted).rejects.toMatchObject({ code: 'aborted' })
}, 30_000)

test('a page of the internet is not sent to this device or network by a link; it says why', async () => {
  vi.stubGlobal('location', new URL('https://kith.example/'))
  for (const relays of [[], [MINE]]) {
    const peer = await person({ relays })
    const link = linkTo('ws://127.0.0.1:6379/', 'ws://[::ffff:192.168.0.1]/reboot', 'ws://router./x', 'ws://2130706433/')
    await expect(peer.accept(link, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'no-relay',
      message: expect.stringMatching(/network/),
    })
    expect(Socket.all.filter(({ url }) => url !== MINE)).toEqual([])
  }
})
