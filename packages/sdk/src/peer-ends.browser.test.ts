// How dials, connections and peers end: by whoever wants it, in time, and without anything left behind on either side.
import { expect, test, vi } from 'vitest'
import type { PeerOptions, Stream } from './api.ts'
import { acquaint, countedWebRtc, friends, type Moment, person } from './people.testing.ts'
import { Link } from './session/link.ts'

/** The callee hears of an abort at once, or, where nobody had answered it yet, gives up by itself (INCOMING_DIAL_MS). */
const BOTH_KNOW_MS = 25_000

test.concurrent.each<[string, { mine?: Moment; theirs?: Moment; soon?: number }]>([
  ['at once', {}],
  ['a moment later', { soon: 0 }],
  ['when my connection is made', { mine: 'made' }],
  ['when theirs is made', { theirs: 'made' }],
  ['when theirs is described', { theirs: 'described' }],
  ['when I read their description', { mine: 'answered' }],
  ['when I describe mine', { mine: 'described' }],
  ['when they read mine', { theirs: 'answered' }],
  ['when candidates are tried', { mine: 'checking' }],
  ['when the path is up and the link is not', { mine: 'connected' }],
])('open() aborted %s leaves no connection on either side', async (_, { mine, theirs, soon }) => {
  const controller = new AbortController()
  const here = countedWebRtc((moment) => moment === mine && controller.abort('enough'))
  const there = countedWebRtc((moment) => moment === theirs && controller.abort('enough'))
  const [ada, bo] = await friends({ wrtc: here.wrtc }, { wrtc: there.wrtc })
  bo.handle('/chat/v1', () => {})
  const opening = ada.open(bo, '/chat/v1', { signal: controller.signal })
  if (soon !== undefined) setTimeout(() => controller.abort('enough'), soon)
  if (!mine && !theirs && soon === undefined) controller.abort('enough')
  await expect(opening).rejects.toMatchObject({ code: 'aborted', name: 'AbortError', cause: 'enough' })
  await vi.waitFor(() => expect([here.open(), there.open()]).toEqual([0, 0]), { timeout: BOTH_KNOW_MS })
  expect([ada.connections.size, bo.connections.size]).toEqual([0, 0])
  // Nothing of it stands in the way of the next.
  await (await ada.open(bo, '/chat/v1')).writable.close()
  expect(here.open()).toBe(1)
  expect([here.spare(), there.spare()].filter((count) => count > 1)).toEqual([])
  await Promise.all([ada.close(), bo.close()])
  expect([here.open(), there.open(), here.spare(), there.spare()]).toEqual([0, 0, 0, 0])
})

test('timeoutMs is kept, and leaves nothing open', async () => {
  const { wrtc, made, open } = countedWebRtc()
  await using ada = await person({ wrtc })
  await using away = await person()
  await ada.contacts.add({ id: away.id, name: 'Away' })
  const startedAt = performance.now()
  await expect(ada.open(away, '/chat/v1', { timeoutMs: 500 })).rejects.toMatchObject({ code: 'no-relay' })
  expect(performance.now() - startedAt).toBeGreaterThan(450)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  expect([made.length, open()]).toEqual([1, 0])
  for (const timeoutMs of [0, -1, Number.NaN, Infinity]) {
    await expect(ada.open(away, '/chat/v1', { timeoutMs })).rejects.toMatchObject({ code: 'invalid-argument' })
  }
})

test('ICE servers that never come hold a dial no longer than its time', async () => {
  await using ada = await person({ iceServers: () => new Promise(() => {}) })
  await using away = await person()
  await ada.contacts.add({ id: away.id, name: 'Away' })
  const dial = { timeoutMs: 300 }
  await expect(ada.open(away, '/chat/v1', { ...dial, disclose: 'relayed' })).rejects.toMatchObject({ code: 'timeout' })
  await expect(ada.connect(away, dial)).rejects.toMatchObject({ code: 'no-relay' })
})

test('connect() ahead: the stream takes the connection that is there', async () => {
  const here = countedWebRtc()
  const [ada, bo] = await friends({ wrtc: here.wrtc })
  await using _ada = ada
  await using _bo = bo
  bo.handle('/chat/v1', (stream) => stream.writable.close())
  const [one, other] = await Promise.all([ada.connect(bo), ada.connect(bo.id)])
  expect(one).toBe(other)
  expect(one).toMatchObject({ remote: bo.id, state: 'connected', path: 'local' })
  const stream = await ada.open(bo, '/chat/v1')
  expect(stream.connection).toBe(one)
  expect(ada.connections.get(bo.id)).toBe(one)
  expect(here.made).toHaveLength(1)
  await one.close({ code: 3, reason: 'done' })
  expect(await one.closed).toEqual({ code: 3, reason: 'done' })
  const next = await ada.connect(bo)
  expect(next).not.toBe(one)
  expect(here.open()).toBe(1)
})

test('a connection that is being closed is not the one that the next stream takes', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  bo.handle('/chat/v1', () => {})
  const old = await ada.connect(bo)
  const closing = old.close()
  const stream = await ada.open(bo, '/chat/v1')
  expect(stream.connection).not.toBe(old)
  await closing
})

test('maxConnections: N are made and one more is not, whoever dials', async () => {
  const here = countedWebRtc()
  const ada = await person({ wrtc: here.wrtc, maxConnections: 2 })
  const others = await Promise.all([person(), person(), person()])
  await using _ada = ada
  await using _one = others[0]
  await using _two = others[1]
  await using _three = others[2]
  for (const other of others) await acquaint(ada, other)
  // All in the same instant: none is counted when it is asked.
  const dials = await Promise.allSettled(others.map((other) => ada.connect(other)))
  expect(dials.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  const left = others[dials.findIndex(({ status }) => status === 'rejected')]
  const connected = others.find((other) => other !== left)
  if (!left || !connected) throw new Error('none was left out')
  expect(dials.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'too-many' } })
  expect(here.made).toHaveLength(2)
  await expect(left.connect(ada, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'no-relay' })
  await expect(ada.accept((await left.invite()).link)).rejects.toMatchObject({ code: 'too-many' })
  expect(here.made).toHaveLength(2)
  await (await ada.connect(connected)).close()
  await left.connect(ada)
  // Nor is there one ahead that would be one too many.
  expect([here.open(), here.spare()]).toEqual([2, 0])
})

test('closing ends what waits, twice is once, and nothing begins after it', async () => {
  const { wrtc, open, spare } = countedWebRtc()
  const [ada, bo] = await friends({ wrtc })
  await using away = await person()
  await using inviter = await person()
  await using _bo = bo
  const link = (await inviter.invite()).link
  await inviter.close()
  await ada.contacts.add({ id: away.id, name: 'Away' })
  bo.handle('/chat/v1', () => {})
  const stream = await ada.open(bo, '/chat/v1')
  const reading = stream.readable.getReader().read()
  const [invite, revocable] = [await ada.invite(), await ada.invite()]
  const pending = [ada.open(away, '/chat/v1'), ada.connect(away), ada.accept(link), invite.accepted, reading]
  const ends = Promise.allSettled([...pending, stream.closed])
  const closing = ada.close()
  expect(ada.close()).toBe(closing)
  await closing
  expect((await ends).map((end) => end.status === 'rejected' && end.reason.code)).toEqual(Array(6).fill('closed'))
  expect([open(), spare()]).toEqual([0, 0])
  for (const late of [
    () => ada.open(bo, '/chat/v1'),
    () => ada.connect(bo),
    () => ada.invite(),
    () => ada.accept(link),
    () => ada.contacts.add({ id: away.id, name: 'Late' }),
    () => ada.contacts.update(bo, { name: 'Late' }),
    () => ada.contacts.remove(bo),
    () => ada.identity.setName('Late'),
    () => revocable.revoke(),
  ]) {
    await expect(late()).rejects.toMatchObject({ code: 'closed' })
  }
  await ada.close()
  expect(ada.connections.size).toBe(0)
})

test('a peer closed in the instant in which it dials makes no connection', async () => {
  const { wrtc, open, spare } = countedWebRtc()
  const [ada, bo] = await friends({ wrtc })
  await using _bo = bo
  const opening = expect(ada.open(bo, '/chat/v1')).rejects.toMatchObject({ code: 'closed' })
  await ada.close()
  await opening
  // Whatever was on its way has had its turn.
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect([open(), spare()]).toEqual([0, 0])
})

test('a page that goes away closes its peer; one that is only put aside does not', async () => {
  const [ada, bo] = await friends()
  await using _bo = bo
  const connection = await bo.connect(ada)
  window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
  expect(connection.state).toBe('connected')
  await using third = await person()
  void third
  const others = [bo, third].map((peer) => vi.spyOn(peer, 'close'))
  window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))
  // All of this page's peers are closed: it is one page.
  expect(await connection.closed).toMatchObject({ reason: 'closed' })
  for (const close of others) expect(close).toHaveBeenCalledOnce()
  await expect(ada.open(bo, '/chat/v1')).rejects.toMatchObject({ code: 'closed' })
})

test('a page that goes while its peer is being closed says at once what had time before', async () => {
  const [ada, bo] = await friends()
  await using _bo = bo
  // It takes all that it has credit for and reads nothing: the rest cannot leave.
  bo.handle('/flood/v1', () => new Promise(() => {}))
  const stream = await ada.open(bo, '/flood/v1')
  void stream.writable
    .getWriter()
    .write(new Uint8Array(4_000_000))
    .catch(() => undefined)
  const goodbyes = vi.spyOn(Link.prototype, 'close')
  try {
    const closing = ada.close()
    const link = goodbyes.mock.contexts[0]
    // The page's own listener may close it first.
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))
    await closing
    const said = goodbyes.mock.calls.filter((_, i) => goodbyes.mock.contexts[i] === link)
    expect(said.map(([options]) => options?.atOnce)).toEqual([false, true])
  } finally {
    goodbyes.mockRestore()
  }
})

test('someone who is blocked while a dial is under way does not get through', async () => {
  let block = () => {}
  const there = countedWebRtc((moment) => moment === 'answered' && block())
  const [ada, bo] = await friends({}, { wrtc: there.wrtc })
  await using _ada = ada
  await using _bo = bo
  const heard: Stream[] = []
  bo.handle('/chat/v1', (stream) => heard.push(stream))
  let blocked: Promise<unknown> = Promise.resolve()
  block = () => {
    blocked = bo.contacts.update(ada, { trust: 'blocked' })
  }
  await expect(ada.open(bo, '/chat/v1', { timeoutMs: 2_000 })).rejects.toMatchObject({ name: 'KithError' })
  await blocked
  expect([bo.connections.size, there.open(), heard.length]).toEqual([0, 0, 0])
})

test('blocking someone ends the dial to them, and their connection', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  await using away = await person()
  await ada.contacts.add({ id: away.id, name: 'Away' })
  const opening = expect(ada.open(away, '/chat/v1')).rejects.toMatchObject({ code: 'blocked' })
  const connection = await ada.connect(bo)
  await ada.contacts.update(away, { trust: 'blocked' })
  await opening
  await ada.contacts.update(bo, { trust: 'blocked' })
  expect(connection.state).toBe('closed')
  await connection.closed
})

test.each<[string, PeerOptions]>([
  ['maxConnections 0', { maxConnections: 0 }],
  ['two relays at one origin', { relays: ['wss://relay.example/a', 'wss://relay.example/b'] }],
  ['an unknown audience', { findableBy: 'world' as 'nobody' }],
])('createPeer refuses %s', async (_, options) => {
  await expect(person(options)).rejects.toMatchObject({ code: 'invalid-argument' })
})
