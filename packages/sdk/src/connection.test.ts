import { identityFromSeed, KithError } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { PeerConnection } from './connection.ts'
import { ECHO, linkPair, servedPair } from './link/pair.testing.ts'
import type { Negotiator } from './rtc/negotiator.ts'

const remote = identityFromSeed(new Uint8Array(32).fill(2)).id

/** A connection over memory lanes; `path` is what its RTCPeerConnection says of itself. */
async function connection({ isLocal = false }: { isLocal?: boolean } = {}) {
  const { dialler, callee } = await servedPair((stream) => stream.readable.pipeTo(stream.writable))
  const path = vi.fn<Negotiator['path']>(async () => 'direct')
  const close = vi.fn()
  const negotiator = { path, close } as unknown as Negotiator
  const it = new PeerConnection({ remote, link: dialler, negotiator, isLocal, contact: () => undefined })
  const states: string[] = []
  const paths: string[] = []
  it.on('state', (state) => states.push(state))
  it.on('path', (said) => paths.push(said))
  return { it, link: dialler, callee, path, close, states, paths }
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

test('the path is told when it is known and when it changes, and never for one within this browser', async () => {
  const { it, path, paths } = await connection()
  path.mockResolvedValueOnce('turn')
  it.pathChanged('connected')
  await vi.waitFor(() => expect(paths).toEqual(['turn']))
  expect(it.path).toBe('turn')
  path.mockRejectedValueOnce(new KithError('closed'))
  it.pathChanged('connected')
  it.pathChanged('connected')
  await vi.waitFor(() => expect(paths).toEqual(['turn', 'direct']))
  const local = await connection({ isLocal: true })
  local.it.pathChanged('connected')
  expect(local.it.path).toBe('local')
  expect(local.path).not.toHaveBeenCalled()
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
  const negotiator = { path: async () => 'direct', close: () => {} } as unknown as Negotiator
  await using it = new PeerConnection({ remote, link: dialler, negotiator, isLocal: false, contact: () => undefined })
  expect([...it.protocols]).toEqual([ECHO])
  const told = new Promise<ReadonlySet<string>>((resolve) => it.on('protocols', resolve))
  callee.setProtocols([])
  expect([...(await told)]).toEqual([])
  expect(it.carries(dialler)).toBe(true)
  expect(it.carries(callee)).toBe(false)
})
