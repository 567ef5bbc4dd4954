import { CONTROL_EARLY_MAX, type Fields, type ProtocolName } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import type { Connection } from '../../api.ts'
import type { Negotiator } from '../../path/webrtc/negotiator.ts'
import type { Renegotiation } from '../../path/webrtc/renegotiation.ts'
import { filled, linkPair } from '../../session/pair.testing.ts'
import { LateCalls } from './late-calls.ts'

const CALL: ProtocolName = '/call/1'
const SDP = 4

/** The code comes when the test says so. */
function fetching() {
  let come: () => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    come = resolve
  })
  const fetch = vi.fn(async () => {
    await asked
    return import('./calls.ts')
  })
  return { fetch, come: () => come() }
}

/** Keeps what SDP it is given, as its round. */
function negotiator() {
  const rounds: number[] = []
  const renegotiation = { receive: (fields: Fields) => void rounds.push(fields.integer()) } as unknown as Renegotiation
  const renegotiate: Negotiator['renegotiate'] = () => renegotiation
  return { rounds, negotiator: { renegotiate } }
}

/** A pair of links; the calls at the callee's end. */
async function setUp(fetch: NonNullable<ConstructorParameters<typeof LateCalls>[0]['fetch']>) {
  const served: { handler: (...args: never[]) => unknown } = { handler: () => undefined }
  const serve = (stream: Parameters<LateCalls['ring']>[0]) => calls.ring(stream).then(served.handler as () => unknown)
  const pair = linkPair({}, { protocols: [CALL], onIncoming: () => serve })
  const kept = negotiator()
  const options = { negotiator: kept.negotiator, connection: {} as Connection }
  const calls = new LateCalls({ ...options, link: pair.callee, fetch })
  const theirs = new LateCalls({ ...options, negotiator: negotiator().negotiator, link: pair.dialler })
  await Promise.all([pair.dialler.ready, pair.callee.ready])
  return { ...pair, calls, theirs, served, rounds: kept.rounds }
}

/** Resolves once the callee has all that was said before. */
async function said({ dialler, callee }: Pick<Awaited<ReturnType<typeof setUp>>, 'dialler' | 'callee'>): Promise<void> {
  const arrived = new Promise<void>((resolve) => {
    const stop = callee.onControl((type) => {
      if (type !== 10) return
      stop()
      resolve()
    })
  })
  dialler.sendControl(10, [filled(1, 1)])
  await Promise.race([arrived, callee.closed.catch(() => undefined)])
}

test('the code is fetched with the first call, and one that rings waits for it', async () => {
  const { fetch, come } = fetching()
  const { theirs, served } = await setUp(fetch)
  expect(fetch).not.toHaveBeenCalled()
  const rings = vi.fn((call: { decline(): void }) => call.decline())
  served.handler = rings
  const calling = theirs.open([CALL], { timeoutMs: 10_000 })
  await vi.waitFor(() => expect(fetch).toHaveBeenCalled())
  expect(rings).not.toHaveBeenCalled()
  come()
  await expect(calling).rejects.toMatchObject({ code: 'refused' })
  expect(rings).toHaveBeenCalledOnce()
})

test('code that cannot be fetched fails the call, and the next call fetches it', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const fetch = vi.fn(() => import('./calls.ts')).mockRejectedValue(new TypeError('Failed to fetch'))
  const { calls, theirs, served } = await setUp(fetch)
  const offline = { code: 'unsupported-environment', source: 'network' }
  await expect(calls.open([CALL], { timeoutMs: 10_000 })).rejects.toMatchObject(offline)
  // To the caller it is a handler that failed.
  await expect(theirs.open([CALL], { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'refused' })
  fetch.mockImplementation(() => import('./calls.ts'))
  served.handler = (call: { decline(): void }) => call.decline()
  await expect(theirs.open([CALL], { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'refused' })
  await expect(calls.open([CALL], { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'unsupported-protocol' })
})

test('who waits for the code stops waiting in time, and when the signal says so', async () => {
  const { calls } = await setUp(() => new Promise(() => undefined))
  await expect(calls.open([CALL], { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' })
  const reason = new Error('enough')
  const controller = new AbortController()
  const calling = calls.open([CALL], { timeoutMs: 10_000, signal: controller.signal })
  controller.abort(reason)
  await expect(calling).rejects.toMatchObject({ code: 'aborted', cause: reason })
  const signal = AbortSignal.abort(reason)
  await expect(calls.open([CALL], { timeoutMs: 10_000, signal })).rejects.toMatchObject({ code: 'aborted', cause: reason })
})

test('CONTROL_EARLY_MAX messages of SDP before the code is there reach it in order, and before later ones', async () => {
  const { fetch, come } = fetching()
  const links = await setUp(fetch)
  for (let round = 0; round < CONTROL_EARLY_MAX; round++) links.dialler.sendControl(SDP, [round])
  await said(links)
  expect(links.rounds).toEqual([])
  come()
  await vi.waitFor(() => expect(links.rounds).toHaveLength(CONTROL_EARLY_MAX))
  links.dialler.sendControl(SDP, [CONTROL_EARLY_MAX])
  await said(links)
  expect(links.rounds).toEqual(Array.from({ length: CONTROL_EARLY_MAX + 1 }, (_, round) => round))
})

test('one message of SDP more than CONTROL_EARLY_MAX before the code is there is a violation', async () => {
  const { fetch, come } = fetching()
  const links = await setUp(fetch)
  for (let round = 0; round <= CONTROL_EARLY_MAX; round++) links.dialler.sendControl(SDP, [round])
  await expect(links.callee.closed).rejects.toMatchObject({ code: 'peer-violation' })
  come()
  await fetch.mock.results[0]?.value
  await new Promise((resolve) => setImmediate(resolve))
  // What came before it concerns nothing any more.
  expect(links.rounds).toEqual([])
})

test('SDP that is a violation is one also when it is read late', async () => {
  const { fetch, come } = fetching()
  const links = await setUp(fetch)
  links.dialler.sendControl(SDP, ['not a round'])
  await said(links)
  come()
  await expect(links.callee.closed).rejects.toMatchObject({ code: 'peer-violation' })
})

test('SDP whose code cannot be fetched ends the connection: its tracks could never flow', async () => {
  const links = await setUp(() => Promise.reject(new TypeError('Failed to fetch')))
  links.dialler.sendControl(SDP, [1])
  await expect(links.callee.closed).rejects.toMatchObject({ code: 'unsupported-environment' })
})
