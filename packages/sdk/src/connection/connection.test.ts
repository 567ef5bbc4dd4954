import { identityFromSeed, KithError } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { memoryLanes } from '../path/memory-lanes.ts'
import type { Negotiator } from '../path/webrtc/negotiator.ts'
import type { PathStats } from '../path/webrtc/path-stats.ts'
import { ECHO, linkPair, servedPair } from '../session/pair.testing.ts'
import { LiveConnection } from './connection.ts'

const remote = identityFromSeed(new Uint8Array(32).fill(2)).id

const ends = { remote, instance: new Uint8Array(16), dialId: new Uint8Array(16) }

const measured: PathStats = { roundTripMs: 10, lossRatio: undefined, bytesSent: 1, bytesReceived: 2 }

/** A connection over memory lanes; `stats` is what its RTCPeerConnection says of itself, `path` what it says of its path. */
async function connection({ isLocal = false }: { isLocal?: boolean } = {}) {
  const { dialler, callee } = await servedPair((stream) => stream.readable.pipeTo(stream.writable))
  const stats = vi.fn<Negotiator['stats']>(async () => measured)
  const path = vi.fn<Negotiator['path']>((remoteIsAtTurn) => (remoteIsAtTurn ? 'turn' : 'direct'))
  const close = vi.fn()
  const negotiator = { stats, path, close } as unknown as Negotiator
  const it = new LiveConnection({ ...ends, link: dialler, negotiator, isLocal, contact: () => undefined })
  const states: string[] = []
  const paths: string[] = []
  it.on('state', (state) => states.push(state))
  it.on('path', (said) => paths.push(said))
  return { it, link: dialler, callee, stats, path, close, states, paths }
}

test('a stream tells whose it is, over what, and what it is about', async () => {
  const { it } = await connection()
  const stream = await it.open([ECHO], { params: { doc: 'notes' } })
  expect(stream).toMatchObject({ protocol: ECHO, remote, connection: it, params: { doc: 'notes' } })
  const writer = stream.writable.getWriter()
  await writer.write(Uint8Array.of(7))
  await writer.close()
  expect(new Uint8Array(await new Response(stream.readable).arrayBuffer())).toEqual(Uint8Array.of(7))
  await stream.closed
})

test('the path is told when either end moves, and never for one within this browser', async () => {
  const { it, link, callee, path, paths } = await connection()
  expect(it.path).toBe('direct')
  // The remote's end.
  callee.locate(true)
  await vi.waitFor(() => expect(paths).toEqual(['turn']))
  expect(it.path).toBe('turn')
  callee.locate(false)
  await vi.waitFor(() => expect(paths).toEqual(['turn', 'direct']))
  // Ours. While ICE has no path the last one stands.
  path.mockReturnValueOnce('turn').mockReturnValueOnce(undefined)
  link.locate(true)
  link.locate(undefined)
  expect([it.path, ...paths]).toEqual(['turn', 'turn', 'direct', 'turn'])
  expect((await it.getStats()).path).toBe('turn')
  const local = await connection({ isLocal: true })
  local.path.mockReturnValue('turn')
  local.link.locate(true)
  expect((await local.it.getStats()).path).toBe('local')
  expect(local.paths).toEqual([])
})

test('what the remote said before the connection was there counts from the first moment on', async () => {
  const links = linkPair({}, { awaitsPath: true })
  links.callee.locate(true)
  await Promise.all([links.dialler.ready, links.callee.ready])
  const path = vi.fn<Negotiator['path']>((remoteIsAtTurn) => (remoteIsAtTurn ? 'turn' : 'direct'))
  const negotiator = { stats: async () => measured, path, close: vi.fn() } as unknown as Negotiator
  const it = new LiveConnection({ ...ends, link: links.dialler, negotiator, isLocal: false, contact: () => undefined })
  expect(it.path).toBe('turn')
  await it.close()
})

test('statistics are of the path and of the link, and the round trip that of whoever knows it', async () => {
  const { it, link, stats } = await connection()
  const stream = await it.open([ECHO], {})
  expect(await it.getStats()).toEqual({
    path: 'direct',
    quality: 'excellent',
    roundTripMs: 10,
    lossRatio: undefined,
    bytesSent: 1,
    bytesReceived: 2,
    streams: 1,
    datagrams: { sent: 0, received: 0, droppedOutgoing: 0, droppedIncoming: 0 },
  })
  stats.mockResolvedValueOnce({ ...measured, roundTripMs: undefined, lossRatio: 0.05 })
  await vi.waitFor(() => expect(link.roundTripMs).toBeDefined())
  expect(await it.getStats()).toMatchObject({ roundTripMs: link.roundTripMs, lossRatio: 0.05, quality: 'good' })
  stream.reset()
  await vi.waitFor(async () => expect(await it.getStats()).toMatchObject({ streams: 0 }))
})

test("while it reconnects its quality is 'lost', and of a closed one there are no statistics", async () => {
  const { it, path } = await connection()
  it.pathChanged('disconnected')
  expect(await it.getStats()).toMatchObject({ quality: 'lost', roundTripMs: 10, bytesSent: 1 })
  it.pathChanged('connected')
  expect(await it.getStats()).toMatchObject({ quality: 'excellent' })
  path.mockReturnValueOnce(undefined)
  expect(await it.getStats()).toMatchObject({ quality: 'lost', path: 'direct' })
  const late = it.getStats()
  const closing = it.close()
  for (const asked of [late, it.getStats()]) await expect(asked).rejects.toMatchObject({ code: 'closed' })
  await closing
})

test('it reconnects and is back, or is lost for good', async () => {
  const { it, states, close } = await connection()
  it.pathChanged('connecting')
  it.pathChanged('disconnected')
  it.pathChanged('disconnected')
  expect(it.state).toBe('reconnecting')
  it.pathChanged('connected')
  expect(states).toEqual(['reconnecting', 'connected'])
  it.pathChanged('failed')
  await expect(it.closed).rejects.toMatchObject({ code: 'lost', source: 'network' })
  expect(states).toEqual(['reconnecting', 'connected', 'closed'])
  expect(close).toHaveBeenCalledTimes(1)
  it.pathChanged('connected')
  expect(it.state).toBe('closed')
  await expect(it.open([ECHO], {})).rejects.toMatchObject({ code: 'lost' })
})

test('closing says why to the other side, is closed at once, and may be said twice', async () => {
  const { it, callee, states, close } = await connection()
  const stream = await it.open([ECHO], {})
  const closing = it.close({ code: 4, reason: 'enough' })
  expect(it.state).toBe('closed')
  await expect(it.open([ECHO], {})).rejects.toMatchObject({ code: 'closed' })
  await expect(stream.closed).rejects.toMatchObject({ code: 'closed' })
  await Promise.all([closing, it.close()])
  await it.close()
  expect(await it.closed).toEqual({ code: 4, reason: 'enough' })
  expect(await callee.closed).toEqual({ code: 4, reason: 'enough' })
  expect(states).toEqual(['closed'])
  expect(close).toHaveBeenCalledTimes(1)
})

test.each([-1, 0.5, Number.NaN])('%d is no code, and closes nothing', async (code) => {
  const { it } = await connection()
  await expect(it.close({ code })).rejects.toMatchObject({ code: 'invalid-argument' })
  expect(it.state).toBe('connected')
  await it.close()
})

test('the goodbye of the other side closes it', async () => {
  const { it, callee, states, close } = await connection()
  await callee.close({ reason: 'reloaded' })
  expect(await it.closed).toEqual({ code: 0, reason: 'reloaded' })
  expect(states).toEqual(['closed'])
  expect(close).toHaveBeenCalledTimes(1)
})

test('what the remote serves is kept current', async () => {
  const { dialler, callee } = linkPair({}, { protocols: [ECHO] })
  await Promise.all([dialler.ready, callee.ready])
  const negotiator = { stats: async () => measured, path: () => 'direct', close: () => {} } as unknown as Negotiator
  await using it = new LiveConnection({ ...ends, link: dialler, negotiator, isLocal: false, contact: () => undefined })
  expect([...it.protocols]).toEqual([ECHO])
  const told = new Promise<ReadonlySet<string>>((resolve) => it.on('protocols', resolve))
  callee.setProtocols([])
  expect([...(await told)]).toEqual([])
  expect(it.carries(dialler)).toBe(true)
  expect(it.carries(callee)).toBe(false)
})

test('in doubt it is not sure until the remote is heard; without a sign of life it reconnects, and is back with one', async () => {
  const { it, link, states } = await connection()
  await vi.waitFor(() => expect(link.roundTripMs).toBeDefined())
  const changes: boolean[] = []
  it.watch(() => changes.push(it.isSure))
  it.doubt()
  expect([it.isSure, it.state]).toEqual([false, 'connected'])
  await vi.waitFor(() => expect(it.isSure).toBe(true))
  expect([changes.at(-1), states]).toEqual([true, []])
  expect(await it.probe()).toBe(true)
  const ping = vi.spyOn(link, 'ping').mockImplementation(() => {})
  it.doubt()
  await vi.waitFor(() => expect(states).toEqual(['reconnecting']), { timeout: 5_000 })
  expect(it.isSure).toBe(false)
  ping.mockRestore()
  link.ping()
  await vi.waitFor(() => expect(states).toEqual(['reconnecting', 'connected']))
  expect(it.isSure).toBe(true)
})

test('whoever does not answer for two seconds is not there; nor is one whose link has ended', async () => {
  const { it, link } = await connection()
  vi.spyOn(link, 'ping').mockImplementation(() => {})
  await vi.waitFor(() => expect(link.roundTripMs).toBeDefined())
  const asked = performance.now()
  expect(await it.probe()).toBe(false)
  expect(performance.now() - asked).toBeGreaterThan(1_900)
  const asking = it.probe()
  it.fail(new KithError('lost'))
  expect(await asking).toBe(false)
})

test('from the goodbye of the other side on no new stream takes it, and what is on its way can be read', async () => {
  const lanes = memoryLanes()
  let deliver = () => {}
  const { dialler, callee } = await servedPair(
    async (stream) => {
      const writer = stream.writable.getWriter()
      await writer.write(Uint8Array.of(7))
      writer.close().catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
      void callee.close({ reason: 'enough' })
    },
    withHeldBulk(lanes, (later) => {
      deliver = later
    }),
  )
  const negotiator = { stats: async () => measured, path: () => 'direct', close: () => {} } as unknown as Negotiator
  const it = new LiveConnection({ ...ends, link: dialler, negotiator, isLocal: false, contact: () => undefined })
  const changes: [boolean, boolean][] = []
  it.watch(() => changes.push([it.isSure, it.isLive]))
  const stream = await it.open([ECHO], {})
  await vi.waitFor(() => expect(dialler.isLeaving).toBe(true))
  expect(changes.at(-1)).toEqual([false, false])
  expect(it.state).toBe('connected')
  await expect(it.open([ECHO], {})).rejects.toMatchObject({ code: 'closed', source: 'remote' })
  deliver()
  expect(new Uint8Array(await new Response(stream.readable).arrayBuffer())).toEqual(Uint8Array.of(7))
  expect(await it.closed).toMatchObject({ reason: 'enough' })
})

/** What comes to the dialler on the bulk lane waits until it is delivered. */
function withHeldBulk(lanes: ReturnType<typeof memoryLanes>, held: (deliver: () => void) => void): typeof lanes {
  const { bulk } = lanes[0]
  const waiting: (() => void)[] = []
  let isHeld = true
  held(() => {
    isHeld = false
    for (const event of waiting.splice(0)) event()
  })
  const listen = bulk.addEventListener.bind(bulk) as (type: string, listener: (event: never) => void) => void
  bulk.addEventListener = (type: string, listener: (event: never) => void) =>
    listen(type, (event) => (isHeld && type === 'message' ? waiting.push(() => listener(event)) : listener(event)))
  return lanes
}
