/** Streams for what the remote may serve: its list of protocols may be late. */
import type { ProtocolName } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import type { Connection } from '../api.ts'
import { LateCalls } from '../connection/media/late-calls.ts'
import type { Lane } from '../path/lane.ts'
import { memoryLanes } from '../path/memory-lanes.ts'
import type { IncomingRequest, StreamHandler } from './options.ts'
import { ECHO, linkPair, type Pair } from './pair.testing.ts'

const LATE: ProtocolName = '/late/1'
const LATER: ProtocolName = '/later/1'
const unsupported = { code: 'unsupported-protocol', source: 'remote' }

/** A callee that serves what its map has, whatever kind of conversation that is for. */
function handlers(): { map: Map<string, StreamHandler>; onIncoming: (request: IncomingRequest) => StreamHandler | undefined } {
  const map = new Map<string, StreamHandler>()
  return { map, onIncoming: ({ kind, protocol }) => map.get(`${kind} ${protocol}`) }
}

/** What comes on this lane comes later than on the others. */
function delay(lane: Lane): void {
  const listen = lane.addEventListener.bind(lane) as (type: string, listener: (event: never) => void) => void
  lane.addEventListener = (type: string, listener: (event: never) => void) =>
    listen(type, type === 'message' ? (event) => setTimeout(() => listener(event), 20) : listener)
}

async function readyPair(onIncoming: ReturnType<typeof handlers>['onIncoming'], features?: []): Promise<Pair> {
  const pair = linkPair({}, { protocols: [ECHO], onIncoming, ...(features && { features }) })
  await Promise.all([pair.dialler.ready, pair.callee.ready])
  return pair
}

/** A callee that says hello, and no more. */
async function mutePair(lanes: ReturnType<typeof memoryLanes>): Promise<Pair> {
  const pair = linkPair({}, { protocols: [ECHO] }, lanes)
  await Promise.all([pair.dialler.ready, pair.callee.ready])
  for (const lane of [lanes[1].urgent, lanes[1].bulk, lanes[1].control]) lane.send = () => undefined
  return pair
}

test('A says by a stream what it serves now, which overtakes the list itself: B opens it', async () => {
  let told = (_: ProtocolName) => {}
  const { map, onIncoming } = handlers()
  const lanes = memoryLanes()
  delay(lanes[0].control)
  const onTold: StreamHandler = async (stream) => told((await new Response(stream.readable).text()) as ProtocolName)
  const { dialler, callee } = linkPair({ protocols: ['/tell/1'], onIncoming: () => onTold }, { onIncoming }, lanes)
  await Promise.all([dialler.ready, callee.ready])
  const opened = new Promise<ProtocolName>((resolve, reject) => {
    told = (name) => void dialler.open(name).then(({ protocol }) => resolve(protocol), reject)
  })
  const telling = await callee.open('/tell/1')
  map.set(`stream ${LATE}`, (stream) => stream.readable.pipeTo(stream.writable))
  callee.setProtocols([LATE])
  const writer = telling.writable.getWriter()
  await writer.write(new TextEncoder().encode(LATE))
  await writer.close()
  expect(await opened).toBe(LATE)
})

test.each(['stream', 'datagrams', 'media'] as const)(
  '%s: a handler may come a moment later, and the stream speaks its protocol',
  async (kind) => {
    const { map, onIncoming } = handlers()
    const { dialler, callee } = await readyPair(onIncoming)
    const params = { for: 'you' }
    const opening = dialler.open([LATER, LATE], { kind, params, priority: 1 })
    const came = new Promise((resolve) => map.set(`${kind} ${LATE}`, resolve))
    callee.setProtocols([ECHO, LATE])
    expect(await opening).toMatchObject({ protocol: LATE, params, priority: 1 })
    expect(await came).toMatchObject({ protocol: LATE, params, priority: 1 })
  },
)

test('of several names the first is taken that is served for this kind of conversation', async () => {
  const { map, onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming)
  const opening = dialler.open([LATER, LATE], { kind: 'media' })
  map.set(`stream ${LATER}`, () => undefined)
  map.set(`media ${LATE}`, () => undefined)
  callee.setProtocols([ECHO, LATER, LATE])
  expect((await opening).protocol).toBe(LATE)
})

test('what is written after the answer arrives whole', async () => {
  const { map, onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming)
  const opening = dialler.open(LATE)
  map.set(`stream ${LATE}`, (stream) => stream.readable.pipeTo(stream.writable))
  callee.setProtocols([LATE])
  const stream = await opening
  const writer = stream.writable.getWriter()
  await writer.write(new TextEncoder().encode('hello'))
  await writer.close()
  expect(await new Response(stream.readable).text()).toBe('hello')
  await stream.closed
})

test('a handler that is gone again by then: the remote says no', async () => {
  const { onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming)
  const opening = dialler.open(LATE)
  // It was served for as long as it took to say so.
  callee.setProtocols([LATE])
  callee.setProtocols([])
  await expect(opening).rejects.toMatchObject(unsupported)
  expect(dialler.stats.streams).toBe(0)
})

test('a signal ends the wait for the answer, at both ends', async () => {
  const { map, onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming)
  const abort = new AbortController()
  const opening = dialler.open(LATE, { signal: abort.signal })
  const other = dialler.open(LATER)
  abort.abort('changed my mind')
  await expect(opening).rejects.toMatchObject({ code: 'aborted', cause: 'changed my mind' })
  let came: unknown
  map.set(`stream ${LATE}`, (stream) => {
    came = stream
  })
  map.set(`stream ${LATER}`, (stream) => stream.reset())
  callee.setProtocols([LATE, LATER])
  await (await other).closed.catch(() => undefined)
  expect(came).toBeUndefined()
  await expect.poll(() => [dialler.stats.streams, callee.stats.streams]).toEqual([0, 0])
})

test('a signal that fires together with the answer leaves nothing behind', async () => {
  const { map, onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming)
  map.set(`stream ${LATE}`, (stream) => stream.readable.cancel())
  for (let round = 0; round < 50; round++) {
    callee.setProtocols([])
    const abort = new AbortController()
    const opening = dialler.open(LATE, { signal: abort.signal })
    callee.setProtocols([LATE])
    const turns = Math.floor(round / 5)
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    abort.abort()
    const stream = await opening.catch(() => undefined)
    stream?.reset()
  }
  await expect.poll(() => [dialler.stats.streams, callee.stats.streams]).toEqual([0, 0])
})

test('the end of the link ends the wait', async () => {
  const { onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming)
  const opening = dialler.open(LATE)
  const closing = callee.close({ reason: 'enough' })
  await expect(opening).rejects.toMatchObject({ code: 'closed', source: 'remote' })
  await closing
})

test('a build without the feature is not asked', async () => {
  const { map, onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming, [])
  map.set(`stream ${LATE}`, () => undefined)
  callee.setProtocols([LATE])
  await expect(dialler.open(LATE)).rejects.toMatchObject(unsupported)
})

test('a remote that never answers holds an open no longer than its time, and the stream is reset', async () => {
  const lanes = memoryLanes()
  const { dialler, callee } = await mutePair(lanes)
  const opening = expect(dialler.open(LATE, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout' })
  await vi.waitFor(() => expect(callee.stats.streams).toBe(1))
  await opening
  await vi.waitFor(() => expect(callee.stats.streams).toBe(0))
})

test('a time beyond what timers can count is not none', async () => {
  const { map, onIncoming } = handlers()
  const { dialler, callee } = await readyPair(onIncoming)
  const opening = dialler.open(LATE, { timeoutMs: 2 ** 40 })
  await new Promise((resolve) => setImmediate(resolve))
  map.set(`stream ${LATE}`, () => undefined)
  callee.setProtocols([LATE])
  expect((await opening).protocol).toBe(LATE)
})

test('a call rings no longer than its time, though the remote does not even answer its stream', async () => {
  const { dialler } = await mutePair(memoryLanes())
  const unused = { renegotiate: () => expect.unreachable() }
  const calls = new LateCalls({ link: dialler, negotiator: unused, connection: {} as Connection })
  await expect(calls.open([LATE], { timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' })
})
