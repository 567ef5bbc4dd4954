import { type Bytes, DATAGRAM_MAX_BYTES, KithError, STREAM_CODES } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { memoryLanes } from '../path/memory-lanes.ts'
import type { LinkFlow } from './datagrams.ts'
import { streamPair } from './pair.testing.ts'

async function flowPair() {
  const { local, remote, dialler, callee } = await streamPair(memoryLanes(), 'datagrams')
  return { local, remote, here: local.flow, there: remote.flow, dialler, callee }
}

const next = async ({ readable }: LinkFlow) => {
  const reader = readable.getReader()
  const { value } = await reader.read()
  reader.releaseLock()
  return value
}

test('any bytes can be sent, by `send` and by `writable`', async () => {
  const { here, there } = await flowPair()
  const bytes = Uint8Array.of(0, 1, 2, 3)
  const writer = here.writable.getWriter()
  for (const data of [bytes, bytes.buffer, new DataView(bytes.buffer), new Uint16Array(bytes.buffer)]) {
    here.send(data)
    expect(await next(there)).toEqual(bytes)
    await writer.write(data)
    expect(await next(there)).toEqual(bytes)
  }
})

test('numbers of eight bytes can be read in place: by a reader in a buffer that has nothing else, by a listener at its start', async () => {
  const { here, there } = await flowPair()
  const sent = Float64Array.of(1.5, -2)
  here.send(sent)
  const read = await next(there)
  expect(new Float64Array(read?.buffer ?? new ArrayBuffer())).toEqual(sent)
  const heard = new Promise<Bytes>((resolve) => there.on('datagram', resolve))
  here.send(sent)
  const { buffer, byteOffset, length } = await heard
  expect(byteOffset).toBe(0)
  expect(new Float64Array(buffer, byteOffset, length / 8)).toEqual(sent)
})

const NOT_BYTES: readonly [string, unknown][] = [
  ['a string', 'hello'],
  ['a string longer than a datagram', 'x'.repeat(DATAGRAM_MAX_BYTES + 1)],
  ['an object', { byteLength: 3 }],
  ['an object that says it is too large', { length: DATAGRAM_MAX_BYTES + 1 }],
  ['null', null],
  ['undefined', undefined],
  ['shared memory', new Uint8Array(new SharedArrayBuffer(4))],
]

test.each(NOT_BYTES)('`send` throws for %s, and the flow goes on', async (_, data) => {
  const { here, there } = await flowPair()
  const refused = expect.objectContaining({ code: 'invalid-argument', cause: expect.any(TypeError) })
  expect(() => here.send(data as never)).toThrow(refused)
  here.send(Uint8Array.of(1))
  expect(await next(there)).toEqual(Uint8Array.of(1))
})

test.each(NOT_BYTES)('%s written to `writable` ends the flow, and everybody can tell why', async (_, data) => {
  const { here, there, local, remote } = await flowPair()
  const writer = (here.writable as WritableStream<unknown>).getWriter()
  const reading = [here, there].map(({ readable }) => readable.getReader().read())
  const error = await writer.write(data).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'invalid-argument', source: 'local', cause: expect.any(TypeError) })
  await expect(writer.closed).rejects.toBe(error)
  await expect(local.closed).rejects.toBe(error)
  await expect(reading[0]).rejects.toBe(error)
  expect(() => here.send(Uint8Array.of(1))).toThrow(error as Error)
  expect(here.stats).toMatchObject({ sent: 0, droppedOutgoing: 0 })
  const told = { code: 'reset', source: 'remote', streamCode: STREAM_CODES.notBytes }
  await expect(reading[1]).rejects.toMatchObject(told)
  await expect(remote.closed).rejects.toMatchObject(told)
})

test('what is too large for a datagram is dropped by `writable`, and counted, whatever form it has', async () => {
  const { here, there } = await flowPair()
  const writer = here.writable.getWriter()
  await writer.write(new Uint8Array(DATAGRAM_MAX_BYTES + 1))
  await writer.write(new ArrayBuffer(DATAGRAM_MAX_BYTES + 1))
  await writer.write(new Uint16Array(DATAGRAM_MAX_BYTES / 2 + 1))
  await writer.write(new Uint16Array(DATAGRAM_MAX_BYTES / 2))
  expect((await next(there))?.length).toBe(DATAGRAM_MAX_BYTES)
  expect(here.stats).toMatchObject({ sent: 1, droppedOutgoing: 3 })
  expect(() => here.send(new ArrayBuffer(DATAGRAM_MAX_BYTES + 1))).toThrow(expect.objectContaining({ code: 'too-large' }))
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a listener gets each datagram, those that came before it too, until it stops', async () => {
  const { here, there } = await flowPair()
  here.send(Uint8Array.of(0))
  await expect.poll(() => there.stats.received).toBe(1)
  const heard: number[] = []
  const stop = there.on('datagram', (datagram) => heard.push(datagram[0] ?? Number.NaN))
  const again = there.on('datagram', ([first = Number.NaN]) => heard.push(first + 100))
  for (let i = 1; i < 4; i++) here.send(Uint8Array.of(i))
  await expect.poll(() => heard).toEqual([0, 100, 1, 101, 2, 102, 3, 103])
  again()
  here.send(Uint8Array.of(4))
  await expect.poll(() => heard).toContain(4)
  stop()
  stop()
  // From now on they are the reader's.
  here.send(Uint8Array.of(5))
  expect(await next(there)).toEqual(Uint8Array.of(5))
  expect(heard).toEqual([0, 100, 1, 101, 2, 102, 3, 103, 4])
  expect(there.stats).toMatchObject({ received: 6, droppedIncoming: 0 })
})

test('a listener beside a reader is refused; a reader beside a listener waits until it stops', async () => {
  const { here, there } = await flowPair()
  const reader = there.readable.getReader()
  expect(() => there.on('datagram', () => {})).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  reader.releaseLock()
  const heard: Bytes[] = []
  const stop = there.on('datagram', (datagram) => heard.push(datagram))
  const reading = next(there)
  here.send(Uint8Array.of(1))
  await expect.poll(() => heard.length).toBe(1)
  stop()
  here.send(Uint8Array.of(2))
  expect(await reading).toEqual(Uint8Array.of(2))
})

test('what a listener throws is told on the console, once, and disturbs no other', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { here, there } = await flowPair()
  const heard = vi.fn()
  const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
  there.on('datagram', () => {
    throw thrown
  })
  there.on('datagram', async () => {
    throw rejected
  })
  there.on('datagram', heard)
  for (const n of [1, 2, 3]) here.send(Uint8Array.of(n))
  await expect.poll(() => heard.mock.calls.length).toBe(3)
  await expect.poll(() => told.mock.calls).toEqual([[thrown], [rejected]])
  told.mockRestore()
})

test('a listener gets what came before the end, and nothing after it', async () => {
  const { here, there, remote } = await flowPair()
  const heard: number[] = []
  there.on('datagram', ([first = Number.NaN]) => heard.push(first))
  for (let i = 0; i < 100; i++) here.send(Uint8Array.of(i))
  await here.ready
  here.close()
  await remote.closed
  expect(heard).toEqual(Array.from({ length: 100 }, (_, i) => i))
})

test('`ready` is pending while datagrams wait, and fulfils when they have left or the flow is over', async () => {
  const { here, there, dialler } = await flowPair()
  await here.ready
  const full = new Uint8Array(DATAGRAM_MAX_BYTES)
  let sent = 0
  const fill = () => {
    while (here.waiting === 0) {
      here.send(full)
      sent += 1
    }
  }
  fill()
  expect(here.ready).toBe(here.ready)
  const heard = vi.fn()
  there.on('datagram', heard)
  await here.ready
  expect(here.waiting).toBe(0)
  await expect.poll(() => heard.mock.calls.length).toBe(sent)
  fill()
  const ready = here.ready
  dialler.fail(new KithError('lost', 'gone'))
  await ready
})

test('a reader that comes late misses nothing that there is room for, and one that pauses gets it in order', async () => {
  const { here, there } = await flowPair()
  const reader = there.readable.getReader()
  const first = reader.read()
  const read: number[] = []
  for (let i = 0; i < 50; i++) {
    here.send(Uint8Array.of(i))
    if (i % 7 === 0) for (let pause = 0; pause < 5; pause++) await turn()
  }
  read.push((await first).value?.[0] ?? Number.NaN)
  while (read.length < 50) read.push((await reader.read()).value?.[0] ?? Number.NaN)
  expect(read).toEqual(Array.from({ length: 50 }, (_, i) => i))
  expect(there.stats).toMatchObject({ received: 50, droppedIncoming: 0 })
})

test('what came before the connection ended can be read, then why it ended', async () => {
  for (const paused of [false, true]) {
    const { here, there, dialler, callee } = await flowPair()
    const reader = there.readable.getReader()
    // A read that was pending and is satisfied: what comes next is taken in without being asked for.
    const first = reader.read()
    if (paused) here.send(Uint8Array.of(0))
    if (paused) await first
    here.send(Uint8Array.of(1))
    here.send(Uint8Array.of(2))
    await here.ready
    await expect.poll(() => there.stats.received).toBe(paused ? 3 : 2)
    await dialler.close({ code: 3, reason: 'enough' })
    await callee.closed
    const expected = paused ? [1, 2] : [2]
    for (const each of expected) expect((await reader.read()).value).toEqual(Uint8Array.of(each))
    await expect(reader.read()).rejects.toMatchObject({ code: 'closed', message: 'enough' })
  }
})

/** Lanes of which all that was sent arrives in one task, with the microtasks that a browser runs behind each event. */
function burstLanes() {
  const waiting: (() => void)[] = []
  let isRunning = false
  const run = async () => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      task()
      for (let microtask = 0; microtask < 100; microtask++) await undefined
    }
    isRunning = false
  }
  return memoryLanes((task) => {
    waiting.push(task)
    if (!isRunning) setImmediate(run)
    isRunning = true
  })
}

test.each(['a reader', 'a listener'])('%s gets thousands of datagrams that come in one task', async (kind) => {
  const { local, remote } = await streamPair(burstLanes(), 'datagrams')
  const [here, there] = [local.flow, remote.flow]
  const [count, heard] = [5_000, [] as number[]]
  const take = (datagram: Bytes) => heard.push(new DataView(datagram.buffer, datagram.byteOffset).getUint32(0))
  if (kind === 'a listener') there.on('datagram', take)
  else
    void (async () => {
      for await (const datagram of there.readable) take(datagram)
    })().catch(() => undefined)
  await turn()
  for (let n = 0; n < count; n++) {
    const datagram = new DataView(new ArrayBuffer(4))
    datagram.setUint32(0, n)
    here.send(datagram)
    // All of them are on their way before the first one comes.
    if (here.waiting > 0) throw new Error('the lane is full')
  }
  await expect.poll(() => there.stats.received + there.stats.droppedIncoming).toBeGreaterThanOrEqual(count)
  await turn()
  expect(there.stats.droppedIncoming).toBe(0)
  expect(heard).toEqual(Array.from({ length: count }, (_, n) => n))
})
