import { contactWay, DIALS_MAX, type IdentityKeys, identityFromSeed, KithError } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Recorder } from '../carriers/recorder.testing.ts'
import { Doorsteps } from '../people/doorsteps.ts'
import type { DialHost, DialRequest } from './dial-host.ts'
import { Dialling } from './dialling.ts'

const [ada, bo] = [1, 2].map((n) => identityFromSeed(new Uint8Array(32).fill(n))) as [IdentityKeys, IdentityKeys]

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Ada's dialling, and a request to dial Bo; RTCPeerConnections never come about, since the ICE servers do not. */
async function dialling(overrides: Partial<DialHost> = {}) {
  const carrier = new Recorder('wss://relay.example')
  const ended: [number, string][] = []
  const host: DialHost = {
    identity: ada,
    instance: new Uint8Array(16),
    roster: { own: [carrier], get: () => carrier, mayArrive: () => true },
    admission: { mustRelay: () => false, proved: async () => false, policy: { iceServers: () => new Promise(() => {}) } },
    online: { heard: () => {}, wordsFor: () => undefined },
    wrtc: undefined,
    introduction: () => ({ name: 'Ada', relays: [] }),
    judge: () => 'silence',
    granted: () => {},
    hasRoom: () => true,
    unable: () => {},
    link: () => {
      throw new Error('no link can come up')
    },
    connected: () => () => {},
    yielded: () => {},
    ended: (dial, error) => ended.push([dial, error.code]),
    ...overrides,
  }
  const it = new Dialling(host)
  const mine = new Doorsteps({ identity: ada, carriers: [carrier], onEnvelope: () => {} })
  const request: DialRequest = {
    way: contactWay(ada.id, bo.id),
    routes: await mine.routesTo(bo.id, [carrier]),
    protocols: ['/chat/v1'],
    timeoutMs: 1_000,
    disclosure: 'direct',
  }
  return { it, carrier, ended, request }
}

test('a dial that nobody answers ends, and leaves nothing behind', async () => {
  const { it, carrier, ended, request } = await dialling()
  const dial = it.dial(request)
  expect(it.origins).toEqual(new Set(['wss://relay.example']))
  await vi.advanceTimersByTimeAsync(1_500)
  expect(ended).toEqual([[dial, 'no-answer']])
  expect(carrier.sent.length).toBeGreaterThan(1)
  expect(it.origins.size).toBe(0)
  it.close()
  expect(carrier.addresses.size).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('DIALS_MAX are under way at once; one more is refused at once', async () => {
  const { it, request } = await dialling()
  for (let n = 0; n < DIALS_MAX; n++) it.dial({ ...request, protocols: [] })
  expect(() => it.dial(request)).toThrow(expect.objectContaining({ code: 'too-many' }))
  await vi.advanceTimersByTimeAsync(1_500)
  it.dial(request)
  it.close()
})

test('a dial that still waits for its ICE servers takes up room; one that asks for presence does not', async () => {
  const { it, request } = await dialling({ hasRoom: (making) => making < 2 })
  it.dial({ ...request, protocols: [] })
  it.dial(request)
  it.dial(request)
  expect(() => it.dial(request)).toThrow(expect.objectContaining({ code: 'too-many' }))
  it.dial({ ...request, protocols: [] })
  it.close()
})

test('whether there is room is asked of the one who is dialled', async () => {
  const { it, request } = await dialling({ hasRoom: (_making, whom) => whom === bo.id })
  it.dial(request)
  expect(() => it.dial({ ...request, way: contactWay(bo.id, ada.id) })).toThrow(expect.objectContaining({ code: 'too-many' }))
  it.close()
})

test('closing ends each dial with closed, and none begins after it', async () => {
  const { it, carrier, ended, request } = await dialling()
  const dials = [it.dial(request), it.dial(request)]
  it.close()
  expect(ended).toEqual(dials.map((dial) => [dial, 'closed']))
  expect(() => it.dial(request)).toThrow(expect.objectContaining({ code: 'closed' }))
  expect(carrier.addresses.size).toBe(0)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(vi.getTimerCount()).toBe(0)
})

test('leaving someone ends what is under way with them', async () => {
  const { it, ended, request } = await dialling()
  const dial = it.dial(request)
  it.leave(ada.id, new KithError('blocked'))
  expect(ended).toEqual([])
  it.leave(bo.id, new KithError('blocked'))
  expect(ended).toEqual([[dial, 'blocked']])
  it.close()
})

test('when they may learn less, what would tell them ends, but for what was asked for and for questions', async () => {
  const { it, ended, request } = await dialling()
  const byPolicy = it.dial(request)
  const kept = it.dial(request)
  it.dial({ ...request, isDisclosureAsked: true })
  it.dial({ ...request, disclosure: 'relayed' })
  it.dial({ ...request, protocols: [] })
  it.tighten(ada.id, new Set(), new KithError('no-answer'))
  expect(ended).toEqual([])
  it.tighten(bo.id, new Set([kept]), new KithError('no-answer'))
  expect(ended).toEqual([[byPolicy, 'no-answer']])
  it.close()
})

test('where there are no ICE servers to be had, the dial says so', async () => {
  const error = new KithError('unreachable', 'none')
  const { it, ended, request } = await dialling({
    admission: { mustRelay: () => false, proved: async () => false, policy: { iceServers: () => Promise.reject(error) } },
  })
  const dial = it.dial(request)
  await vi.advanceTimersByTimeAsync(1)
  expect(ended).toEqual([[dial, 'unreachable']])
  it.close()
})

test('a policy that throws is reported, and is silence to whoever knocked', async () => {
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
  const caller = await dialling()
  const carrier = new Recorder('wss://relay.example')
  const callee = await dialling({
    identity: bo,
    roster: { own: [carrier], get: () => carrier, mayArrive: () => true },
    judge: () => {
      throw new Error('oops')
    },
  })
  const doorsteps = new Doorsteps({
    identity: bo,
    carriers: [carrier],
    onEnvelope: (doorstep, envelope) => callee.it.knocked(doorstep, envelope),
  })
  await doorsteps.update({ contacts: [ada.id], invites: [] })
  caller.it.dial(caller.request)
  await vi.advanceTimersByTimeAsync(10)
  const [route] = caller.request.routes
  const [knock] = caller.carrier.sent
  if (!route || !knock) throw new Error('no knock')
  carrier.deliver(route.address, knock.envelope)
  await vi.advanceTimersByTimeAsync(100)
  expect(reported).toHaveBeenCalledExactlyOnceWith(new Error('oops'))
  expect(carrier.sent).toEqual([])
  reported.mockRestore()
  caller.it.close()
  callee.it.close()
})
