// What a newcomer gets wrong, by the public API alone: each mistake has its code, and a sentence that says what is so and what to do.
import { expect, test, vi } from 'vitest'
import type { PeerOptions, PeerStatus } from './api.ts'
import { type Contact, createPeer, KithError, type Peer, type PeerId, parsePeerId } from './index.ts'
import { acquaint, friends, person } from './people.testing.ts'

/** Nothing listens there. */
const NOWHERE = 'ws://localhost:49152/relay'
/** Somebody, whom nobody knows. */
const STRANGER = parsePeerId('12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X')
const SOON_MS = 8_000

/** What was thrown or rejected with. */
async function errorOf(act: () => unknown): Promise<KithError> {
  try {
    await act()
  } catch (error) {
    if (error instanceof KithError) return error
    throw error
  }
  throw new Error('It worked.')
}

const expectSentence = (error: KithError, code: string, sentence: RegExp) => {
  expect(error.message).toMatch(sentence)
  expect(error.code).toBe(code)
  expect(error.message).toMatch(/^\S.* .*[.?]$/)
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code, message: error.message, source: error.source })
}

const anything = (options: object) => options as PeerOptions

test.each<[string, PeerOptions, string, RegExp]>([
  ['relay', anything({ relay: NOWHERE }), 'invalid-argument', /createPeer has no option 'relay': did you mean 'relays'\?/],
  ['Relays', anything({ Relays: [] }), 'invalid-argument', /'Relays': did you mean 'relays'\?/],
  ['iceserver', anything({ iceserver: [] }), 'invalid-argument', /did you mean 'iceServers'\?/],
  ['websocket', anything({ websocket: WebSocket }), 'invalid-argument', /did you mean 'webSocket'\?/],
  ['store', anything({ store: 'memory' }), 'invalid-argument', /did you mean 'storage'\?/],
  ['something else', anything({ debug: true }), 'invalid-argument', /no option 'debug': it has relays, profile/],
  ['no object', 'wss://relay.example/relay' as PeerOptions, 'invalid-argument', /options as an object, not "wss:/],
  ['null', null as unknown as PeerOptions, 'invalid-argument', /options as an object, not null/],
  ['relays as a text', anything({ relays: NOWHERE }), 'invalid-argument', /relays must be a list/],
  ['an http relay', { relays: ['http://localhost:1/relay'] }, 'invalid-argument', /ws: or wss:.*Try "ws:\/\/localhost:1\/relay"/],
  ['a page that is no address', { page: 'app.html' }, 'invalid-argument', /page must be a full address/],
  ['disclose as a text', anything({ disclose: 'direct' }), 'invalid-argument', /must be a function/],
  ['iceServers as a text', anything({ iceServers: 'stun:a' }), 'invalid-argument', /iceServers must be a list/],
  ['an ICE server as a text', anything({ iceServers: ['stun:a'] }), 'invalid-argument', /iceServers\[0\] has no address/],
  ['an ICE server with url', anything({ iceServers: [{ url: 'stun:a' }] }), 'invalid-argument', /iceServers\[0\] has no address/],
  [
    'no scheme',
    { iceServers: [{ urls: 'stun:a' }, { urls: 'stun.b:1' }] },
    'invalid-argument',
    /iceServers\[1\], "stun\.b:1".*stun:/,
  ],
  ['slashes', { iceServers: [{ urls: 'stun://stun.example' }] }, 'invalid-argument', /iceServers\[0\].*slashes/],
  [
    'no password',
    { iceServers: [{ urls: ['turn:t.example'] }] },
    'invalid-argument',
    /iceServers\[0\].*username and a credential/,
  ],
  ['http', { iceServers: [{ urls: 'https://stun.example' }] }, 'invalid-argument', /iceServers\[0\], "https:/],
])('createPeer: %s', async (_, options, code, sentence) => {
  const given = typeof options === 'object' && options !== null ? { storage: 'memory' as const, ...options } : options
  expectSentence(await errorOf(() => createPeer(given)), code, sentence)
})

test.each<[string, (peer: Peer, friend: Contact) => unknown, RegExp]>([
  ['invite', (peer) => peer.invite({ expires: 1 } as object), /invite has no option 'expires': did you mean 'expiresInMs'\?/],
  ['accept', (peer) => peer.accept('x', { timeout: 1 } as object), /accept has no option 'timeout': did you mean 'timeoutMs'\?/],
  [
    'open',
    (peer, friend) => peer.open(friend, '/a', { param: 1 } as object),
    /open has no option 'param': did you mean 'params'\?/,
  ],
  ['openDatagrams', (peer, friend) => peer.openDatagrams(friend, '/a', { prio: 1 } as object), /did you mean 'priority'\?/],
  ['openMedia', (peer, friend) => peer.openMedia(friend, '/a', { singal: 1 } as object), /did you mean 'signal'\?/],
  ['connect', (peer, friend) => peer.connect(friend, { disclosure: 'direct' } as object), /did you mean 'disclose'\?/],
  [
    'contacts.add',
    (peer) => peer.contacts.add({ id: STRANGER, nam: 'A' } as never),
    /contacts\.add has no option 'nam': did you mean 'name'\?/,
  ],
  ['contacts.update', (peer, friend) => peer.contacts.update(friend, { purpose: [] } as object), /did you mean 'purposes'\?/],
  ['handle', (peer) => (peer.handle as (...all: unknown[]) => void)('/a', () => {}, { once: true }), /handle takes no options/],
  ['a signal', (peer, friend) => peer.open(friend, '/a', { signal: new AbortController() as never }), /AbortSignal/],
  ['options as a text', (peer, friend) => peer.open(friend, '/a', 'x' as never), /options as an object/],
  ['a name too long', (peer) => peer.accept('x', { name: 'n'.repeat(65) }), /1 to 64 characters/],
])('the options of %s', async (_, act, sentence) => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  const friend = ada.contacts.get(bo.id)
  if (!friend) throw new Error('no friend')
  expectSentence(await errorOf(() => act(ada, friend)), 'invalid-argument', sentence)
})

test.each<[string, (peer: Peer) => unknown]>([
  ['open', (peer) => peer.open(STRANGER, '/chat/v1')],
  ['openMedia', (peer) => peer.openMedia(STRANGER, '/chat/v1')],
  ['connect', (peer) => peer.connect(STRANGER)],
])('%s to somebody who is no contact', async (_, act) => {
  await using ada = await person({ relays: [NOWHERE] })
  const startedAt = performance.now()
  expectSentence(await errorOf(() => act(ada)), 'no-answer', /no contact of yours.*contacts\.add.*invitation/)
  expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
})

test('one who has added me can be opened to, and one who has not does not answer', async () => {
  await using ada = await person()
  await using bo = await person()
  await bo.contacts.add({ id: ada.id, name: 'Ada' })
  bo.handle('/chat/v1', (stream) => stream.writable.close())
  await (await ada.open(bo, '/chat/v1', { disclose: 'direct' })).writable.close()
})

const closedVerbs: [string, (peer: Peer) => unknown][] = [
  ['handle', (peer) => peer.handle('/a', () => {})],
  ['handleDatagrams', (peer) => peer.handleDatagrams('/a', () => {})],
  ['handleMedia', (peer) => peer.handleMedia('/a', () => {})],
  ['open', (peer) => peer.open(STRANGER, '/a')],
  ['openDatagrams', (peer) => peer.openDatagrams(STRANGER, '/a')],
  ['openMedia', (peer) => peer.openMedia(STRANGER, '/a')],
  ['connect', (peer) => peer.connect(STRANGER)],
  ['invite', (peer) => peer.invite()],
  ['accept', (peer) => peer.accept('x')],
  ['contacts.add', (peer) => peer.contacts.add({ id: STRANGER, name: 'A' })],
  ['contacts.remove', (peer) => peer.contacts.remove(STRANGER)],
  ['identity.setName', (peer) => peer.identity.setName('A')],
  [
    'findableBy',
    (peer) => {
      peer.findableBy = 'nobody'
    },
  ],
]
test.each(closedVerbs)('%s after close', async (_, act) => {
  const ada = await person()
  await ada.close()
  expectSentence(await errorOf(() => act(ada)), 'closed', /closed/)
})

/** The first status of a relay that says what is wrong with it. */
function troubleOf(peer: Peer): Promise<PeerStatus['relays'][number]> {
  return new Promise((resolve) => {
    const look = (status: PeerStatus) => {
      const [relay] = status.relays
      if (relay?.error) resolve(relay)
    }
    peer.on('status', look)
    look(peer.status)
  })
}

test.each<[string, string, RegExp]>([
  ['nothing there', NOWHERE, /No relay answers at ws:\/\/localhost:49152\/relay.*Check that it runs.*path/],
  ['a web server', `ws://${location.host}/nothing/here`, /No relay answers at .*\/nothing\/here.*path/],
  ['no TLS', 'wss://localhost:49152/relay', /No relay answers at wss:.*TLS certificate/],
])('a relay that is none, %s: what was tried and what to do, and no dial waits for it', async (_, url, sentence) => {
  const [ada, bo] = await Promise.all([person({ relays: [url], local: false }), person({ relays: [url], local: false })])
  await using _ada = ada
  await using _bo = bo
  await acquaint(ada, bo)
  const trouble = await troubleOf(ada)
  // A server that neither takes nor refuses a WebSocket, as Vite's does at most paths, is given up after a while.
  expect(trouble.error?.code).toMatch(/^(no-relay|timeout)$/)
  expect(trouble.error?.message).toMatch(sentence)
  expect(trouble.state).toMatch(/waiting|connecting/)
  const { link } = await bo.invite()
  const startedAt = performance.now()
  expectSentence(await errorOf(() => ada.open(bo, '/chat/v1')), 'no-relay', /peer\.status\.relays/)
  expectSentence(await errorOf(() => ada.accept(link)), 'no-relay', /peer\.status\.relays/)
  expect(performance.now() - startedAt).toBeLessThan(2 * SOON_MS)
})

test('no relay and no tab: no dial takes its whole time', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await bo.close()
  const startedAt = performance.now()
  expectSentence(
    await errorOf(() => ada.open(bo, '/chat/v1')),
    'no-relay',
    /No relay could be reached, and no tab of this browser/,
  )
  expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
})

test('a function that gives servers the browser refuses: the one who dials is told, and where one is called, status says it', async () => {
  const uncaught = vi.fn()
  addEventListener('error', uncaught)
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  try {
    let servers: RTCIceServer[] = [{ urls: 'stun:a' }, { urls: 'stn:b' }]
    const [ada, bo] = await friends({ iceServers: async () => servers })
    await using _ada = ada
    await using _bo = bo
    bo.handle('/a/v1', (stream) => stream.writable.close())
    ada.handle('/a/v1', (stream) => stream.writable.close())
    expectSentence(await errorOf(() => ada.open(bo, '/a/v1')), 'invalid-argument', /refuses iceServers\[1\], "stn:b".*stun:/)
    const said = new Promise<PeerStatus>((resolve) => ada.on('status', resolve))
    const called = bo.open(ada, '/a/v1', { timeoutMs: 1_500 }).catch((error: KithError) => error.code)
    expect((await said).iceServers.error?.message).toMatch(/refuses iceServers\[1\], "stn:b"/)
    expect(await called).toMatch(/^(no-answer|no-relay|timeout)$/)
    expect(logged).toHaveBeenCalledTimes(1)
    servers = []
    await (await bo.open(ada, '/a/v1')).writable.close()
    expect(ada.status.iceServers).toEqual({})
    expect(uncaught).not.toHaveBeenCalled()
  } finally {
    removeEventListener('error', uncaught)
    logged.mockRestore()
  }
})

test.each<[string, unknown, RegExp]>([
  ['throws', () => Promise.reject(new Error('no network')), /iceServers/],
  ['gives nothing', async () => undefined, /iceServers must be a list/],
  ['gives no servers', async () => [null], /iceServers\[0\] has no address/],
])('a function for servers that %s', async (_, iceServers, sentence) => {
  const [ada, bo] = await friends({ iceServers: iceServers as () => Promise<RTCIceServer[]> })
  await using _ada = ada
  await using _bo = bo
  const error = await errorOf(() => ada.connect(bo))
  expect(error.message).toMatch(sentence)
  expect(['invalid-argument', 'unreachable']).toContain(error.code)
})

test.each<[string, unknown, string, RegExp]>([
  ['nothing', undefined, 'invalid-peer-id', /PeerId/],
  ['a name', 'Bo', 'invalid-peer-id', /PeerId/],
])('%s is nobody to open to', async (_, who, code, sentence) => {
  await using ada = await person()
  expectSentence(await errorOf(() => ada.open(who as PeerId, '/a')), code, sentence)
})
