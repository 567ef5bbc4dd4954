/** The end of a link: what came before it can be read, and what was written before it arrives. */
import { FRAME_MAX_BYTES, GOODBYE_MAX_MS, KithError } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import type { Lane } from '../path/lane.ts'
import { memoryLanes } from '../path/memory-lanes.ts'
import { messages } from './messages.ts'
import { ECHO, filled, servedPair, streamPair } from './pair.testing.ts'
import type { LinkStream } from './stream.ts'

const closed = { code: 'closed', source: 'remote', message: 'enough' }
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** All that can be read, and what reading failed with. */
async function readOut(readable: ReadableStream<Uint8Array>): Promise<{ bytes: number; error: unknown }> {
  let bytes = 0
  const reader = readable.getReader()
  for (;;) {
    try {
      const { done, value } = await reader.read()
      if (done) return { bytes, error: undefined }
      bytes += value.length
    } catch (error) {
      return { bytes, error }
    }
    await turn()
  }
}

test('a slow reader gets every message that was sent before the goodbye, then "closed"', async () => {
  const { local, remote, dialler, callee } = await streamPair()
  const sender = messages(local)
  for (let i = 0; i < 10; i++) await sender.send(`message ${i} ${'x'.repeat(5_000)}`)
  const inbox = messages(remote)[Symbol.asyncIterator]()
  const read = [(await inbox.next()).value]
  await dialler.close({ reason: 'enough' })
  await callee.closed
  await expect(remote.closed).rejects.toMatchObject(closed)
  for (let i = 1; i < 10; i++) {
    read.push((await inbox.next()).value)
    await turn()
  }
  expect(read.map((message) => message?.text().slice(0, 9))).toEqual(Array.from({ length: 10 }, (_, i) => `message ${i}`))
  await expect(inbox.next()).rejects.toMatchObject(closed)
})

test.each([
  ['one that has not begun', async () => undefined],
  ['one that has read a part of a chunk into a buffer of its own', readSome],
] as const)('bytes: all for %s, then "closed"', async (_, begin) => {
  const { local, remote, dialler, callee } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(filled(100_000, 1))
  await writer.write(filled(20_000, 1))
  const begun = (await begin(remote.readable)) ?? 0
  await dialler.close({ reason: 'enough' })
  await callee.closed
  const { bytes, error } = await readOut(remote.readable)
  expect(begun + bytes).toBe(120_000)
  expect(error).toMatchObject(closed)
})

async function readSome(readable: ReadableStream<Uint8Array>): Promise<number> {
  const reader = readable.getReader({ mode: 'byob' })
  const { value } = await reader.read(new Uint8Array(100))
  reader.releaseLock()
  return value?.length ?? 0
}

test('what had come whole ends in order', async () => {
  const { local, remote, dialler, callee } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(filled(FRAME_MAX_BYTES, 1))
  await writer.close()
  await dialler.close({ reason: 'enough' })
  await callee.closed
  expect(await readOut(remote.readable)).toEqual({ bytes: FRAME_MAX_BYTES, error: undefined })
})

test('a reader that waits, and one for whom nothing came, learn of the end at once', async () => {
  const { remote, dialler } = await streamPair()
  const reading = remote.readable.getReader().read()
  const failed = expect(reading).rejects.toMatchObject(closed)
  await dialler.close({ reason: 'enough' })
  await failed

  const other = await streamPair()
  await other.dialler.close({ reason: 'enough' })
  await expect(other.remote.readable.getReader().closed).rejects.toMatchObject(closed)
})

test('where the path dies, too, what had arrived can be read', async () => {
  const { local, remote, callee } = await streamPair()
  await local.writable.getWriter().write(filled(1_000, 1))
  for (let i = 0; i < 20; i++) await turn()
  callee.fail(new KithError('lost', 'gone', { source: 'network' }))
  const { bytes, error } = await readOut(remote.readable)
  expect(bytes).toBe(1_000)
  expect(error).toMatchObject({ code: 'lost' })
})

test('who ends the link reads no more', async () => {
  const { local, remote, callee } = await streamPair()
  await local.writable.getWriter().write(filled(1_000, 1))
  for (let i = 0; i < 20; i++) await turn()
  void callee.close()
  await expect(remote.readable.getReader().read()).rejects.toMatchObject({ code: 'closed', source: 'local' })
})

test('datagrams that had arrived can be read, then "closed"', async () => {
  let incoming: (stream: LinkStream) => void = () => {}
  const arrived = new Promise<LinkStream>((resolve) => {
    incoming = resolve
  })
  const { dialler, callee } = await servedPair((stream) => {
    stream.flow.stats // taken up, though nothing is read yet
    incoming(stream)
  })
  const { flow } = await dialler.open(ECHO, { kind: 'datagrams' })
  for (let i = 0; i < 10; i++) flow.send(filled(10, i))
  const theirs = (await arrived).flow
  while (theirs.stats.received < 10) await turn()
  const reader = theirs.readable.getReader()
  const first = await reader.read()
  await dialler.close({ reason: 'enough' })
  await callee.closed
  const read = [first.value?.[0]]
  for (let i = 1; i < 10; i++) read.push((await reader.read()).value?.[0])
  expect(read).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  await expect(reader.read()).rejects.toMatchObject(closed)
  expect(() => theirs.send(filled(1, 1))).toThrow(expect.objectContaining(closed))
})

/** What comes on this lane comes later than on the others, and its end behind it. */
function delay(lane: Lane, ms: number): void {
  const listen = lane.addEventListener.bind(lane) as (type: string, listener: (event: never) => void) => void
  lane.addEventListener = (type: string, listener: (event: never) => void) =>
    listen(type, type === 'message' || type === 'close' ? (event) => setTimeout(() => listener(event), ms) : listener)
}

test.each(['bulk', 'urgent'] as const)(
  'all that was written before close() arrives, though the %s lane is slower than the goodbye',
  async (name) => {
    const lanes = memoryLanes()
    delay(lanes[1][name], 60)
    let incoming: (stream: LinkStream) => void = () => {}
    const arrived = new Promise<LinkStream>((resolve) => {
      incoming = resolve
    })
    const { dialler, callee } = await servedPair((stream) => incoming(stream), lanes)
    const sender = messages(await dialler.open(ECHO, { priority: name === 'urgent' ? 1 : 0 }))
    for (let i = 0; i < 10; i++) await sender.send(`message ${i}`)
    const closing = dialler.close({ reason: 'enough' })
    const read: string[] = []
    const reading = (async () => {
      for await (const message of messages(await arrived)) {
        read.push(message.text())
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    await expect(reading).rejects.toMatchObject(closed)
    expect(read).toEqual(Array.from({ length: 10 }, (_, i) => `message ${i}`))
    await Promise.all([closing, callee.closed])
  },
)

test('a megabyte in many streams, written and never awaited further, arrives behind a full buffer', async () => {
  const received: number[] = []
  const done: Promise<void>[] = []
  const { dialler, callee } = await servedPair((stream) => {
    done.push(readOut(stream.readable).then(({ bytes }) => void received.push(bytes)))
  })
  const streams = await Promise.all(Array.from({ length: 20 }, () => dialler.open(ECHO)))
  await Promise.all(streams.map((stream) => stream.writable.getWriter().write(filled(60_000, 1))))
  await dialler.close({ reason: 'enough' })
  await callee.closed
  await Promise.all(done)
  expect(received).toEqual(Array.from({ length: 20 }, () => 60_000))
})

test('close() is the same however often and from both sides at once', async () => {
  const { dialler, callee } = await servedPair(() => undefined)
  await Promise.all([dialler.close({ code: 1 }), dialler.close({ code: 2 }), callee.close({ code: 3 }), callee.close()])
  expect([1, 3]).toContain((await dialler.closed).code)
  expect([1, 3]).toContain((await callee.closed).code)
})

test('a second close() does not cut short what the first one waits for', async () => {
  const lanes = memoryLanes()
  const { dialler } = await servedPair(() => undefined, lanes)
  // The other side gets the goodbye, and does not close: it goes on acknowledging.
  for (const lane of Object.values(lanes[1]) as Lane[]) lane.close = () => undefined
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    let ended = false
    const first = dialler.close().then(() => {
      ended = true
    })
    await vi.advanceTimersByTimeAsync(500)
    const second = dialler.close()
    for (let waited = 0; waited < 3; waited++) {
      lanes[1].bulk.send(Uint8Array.of(0))
      await turn()
      await vi.advanceTimersByTimeAsync(600)
    }
    expect(ended).toBe(false)
    await vi.advanceTimersByTimeAsync(GOODBYE_MAX_MS)
    await Promise.all([first, second])
  } finally {
    vi.useRealTimers()
  }
})

test('a control lane that takes nothing holds close() no longer than limits say, and keeps no timer busy', async () => {
  const lanes = memoryLanes()
  const { dialler } = await servedPair(() => undefined, lanes)
  await vi.waitFor(() => expect(dialler.roundTripMs).toBeDefined())
  Object.defineProperty(lanes[0].control, 'bufferedAmount', { value: 2 ** 30 })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    const armed = vi.spyOn(globalThis, 'setTimeout')
    const closing = dialler.close({ reason: 'enough' })
    const waited = expect(Promise.race([closing.then(() => 'closed'), after(2 * GOODBYE_MAX_MS)])).resolves.toBe('closed')
    await vi.advanceTimersByTimeAsync(2 * GOODBYE_MAX_MS)
    await waited
    expect(armed.mock.calls.length).toBeLessThan(100)
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
    expect(await dialler.closed).toMatchObject({ reason: 'enough' })
  } finally {
    vi.useRealTimers()
    vi.restoreAllMocks()
  }
})

const after = (ms: number) => new Promise<string>((resolve) => setTimeout(() => resolve('not closed'), ms))
