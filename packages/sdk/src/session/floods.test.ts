// A remote that makes work: what is done of it in one task is bounded, and the page has its turns in between.
import { type Bytes, STREAMS_MAX, STREAMS_RETAINED_MAX } from '@kith/protocol'
import { expect, test } from 'vitest'
import { frames, linkAgainst } from '../../../test-kit/src/index.ts'
import { memoryLanes } from '../path/memory-lanes.ts'
import { nextTask } from '../runtime/slices.ts'
import { finFrame, greeting, openFrame, resetFrame, together } from './hand-driven.testing.ts'
import { Link } from './link.ts'
import { messages } from './messages.ts'
import { ECHO, filled } from './pair.testing.ts'
import type { LinkStream } from './stream.ts'

/** A link whose remote is the test. */
async function driven(handler: (stream: LinkStream) => unknown) {
  const [lanes, theirs] = memoryLanes()
  const link = new Link({
    lanes,
    role: 1,
    confirmation: { ours: filled(32, 2), theirs: filled(32, 1) },
    instance: filled(16, 7),
    protocols: [ECHO],
    maxMessageSize: 262_144,
    onIncoming: () => handler,
  })
  for (const message of greeting()) theirs.control.send(message)
  await link.ready
  return { link, lanes: theirs }
}

/** The most that `read` grew by between two turns of the event loop, until `done` is true. */
async function mostInATurn(read: () => number, done: () => boolean): Promise<number> {
  let [most, before] = [0, read()]
  while (!done()) {
    await nextTask()
    most = Math.max(most, read() - before)
    before = read()
  }
  return most
}

test.each(['stream', 'datagrams', 'media'] as const)(
  '60,000 of kind %s opened and reset, and nothing acknowledged: the link ends, and the page has had its turns',
  async (kind) => {
    let opened = 0
    const { link, lanes } = await driven(() => {
      opened += 1
    })
    const pairs = Array.from({ length: 60_000 }, (_, n) => [openFrame(2 * n + 1, ECHO, kind), resetFrame(2 * n + 1)])
    for (const message of together(pairs.flat())) lanes.bulk.send(message)
    let isOver = false
    link.closed.catch(() => {
      isOver = true
    })
    const most = await mostInATurn(
      () => opened,
      () => isOver,
    )
    expect(most).toBeLessThanOrEqual(64)
    expect(opened).toBeLessThanOrEqual(STREAMS_RETAINED_MAX)
    await expect(link.closed).rejects.toMatchObject({ code: 'peer-violation' })
  },
)

test('a stream that is reset in the message in which it was opened is served, and its reader told with the code', async () => {
  const reading = new Promise((resolve) => {
    void driven((stream) => stream.readable.getReader().read().catch(resolve)).then(({ lanes }) => {
      for (const message of together([openFrame(1, ECHO), resetFrame(1, 5)])) lanes.bulk.send(message)
    })
  })
  expect(await reading).toMatchObject({ code: 'reset', source: 'remote', streamCode: 5 })
})

test(`${STREAMS_MAX} streams at once reach their handler in order, a few in a task`, async () => {
  const opened: number[] = []
  const { lanes } = await driven((stream) => opened.push(stream.id))
  const ids = Array.from({ length: STREAMS_MAX }, (_, n) => 2 * n + 1)
  for (const message of together(ids.map((id) => openFrame(id, ECHO)))) lanes.bulk.send(message)
  const most = await mostInATurn(
    () => opened.length,
    () => opened.length === STREAMS_MAX,
  )
  expect(opened).toEqual(ids)
  // What is told after a pause and what the next message brings may fall into one turn of the loop.
  expect(most).toBeLessThanOrEqual(64)
})

test('streams that all end at once tell so, a few in a task', async () => {
  let ended = 0
  let opened = 0
  const { lanes } = await driven((stream) => {
    opened += 1
    stream.closed.catch(() => {
      ended += 1
    })
  })
  const ids = Array.from({ length: STREAMS_MAX }, (_, n) => 2 * n + 1)
  for (const message of together(ids.map((id) => openFrame(id, ECHO)))) lanes.bulk.send(message)
  while (opened < STREAMS_MAX) await nextTask()
  for (const message of together(ids.map((id) => resetFrame(id)))) lanes.bulk.send(message)
  const most = await mostInATurn(
    () => ended,
    () => ended === STREAMS_MAX,
  )
  expect(most).toBeLessThanOrEqual(512)
})

test('after our own close no handler begins, and every stream that a handler has settles', async () => {
  const closed: Promise<unknown>[] = []
  let closing: Promise<void> | undefined
  const served = driven(async (stream) => {
    closed.push(stream.closed.catch((error: unknown) => error))
    closing ??= (await served).link.close()
  })
  const { lanes } = await served
  const ids = Array.from({ length: 200 }, (_, n) => 2 * n + 1)
  const message = together(ids.map((id) => openFrame(id, ECHO)))
  expect(message.length).toBe(1)
  for (const each of message) lanes.bulk.send(each)
  while (closing === undefined) await nextTask()
  const begun = closed.length
  lanes.control.close()
  await closing
  for (let turns = 0; turns < 100; turns++) await nextTask()
  expect(closed.length).toBe(begun)
  for (const error of await Promise.all(closed)) expect(error).toMatchObject({ code: 'closed', source: 'local' })
})

test('a stream of which the remote has all is finished, though we close while that waits to be told', async () => {
  const { hand, link } = linkAgainst()
  await hand.greet({ served: [[0, [ECHO]]] })
  // What is acknowledged opens the window: all of what follows is in flight at once.
  const warm = await link.open(ECHO)
  const warming = warm.writable.getWriter().write(new Uint8Array(200_000))
  hand.bytes('bulk', frames.accept(warm.id, ECHO))
  let warmFrames = 0
  for (let bytes = 0; bytes < 200_000; warmFrames += 1) {
    const frame = await hand.frames.next()
    if (frame?.type === 'data' || frame?.type === 'open') bytes += frame.data.length
    hand.say({ type: 'ack', lane: 3, count: warmFrames + 1 })
  }
  await warming
  const closing: Promise<void>[] = []
  const streams: LinkStream[] = []
  while (streams.length < 600) {
    const stream = await link.open(ECHO)
    hand.bytes('bulk', frames.accept(stream.id, ECHO))
    streams.push(stream)
    closing.push(stream.writable.close())
  }
  // An OPEN and a FIN each.
  for (let fins = 0; fins < streams.length; ) if ((await hand.frames.next())?.type === 'fin') fins += 1
  let ended: Promise<void> | undefined
  closing[0]?.then(() => {
    ended = link.close()
  })
  hand.say({ type: 'ack', lane: 3, count: warmFrames + 2 * streams.length })
  await Promise.all(closing)
  hand.lanes.control.close()
  await ended
})

test('what was opened, finished and told in pauses is read whole', async () => {
  const texts: string[] = []
  const { lanes } = await driven(async (stream) => {
    texts.push(await new Response(stream.readable).text())
  })
  const ids = Array.from({ length: 500 }, (_, n) => 2 * n + 1)
  const frames = ids.flatMap((id) => [openFrame(id, ECHO, 'stream', new TextEncoder().encode(`<${id}>`)), finFrame(id)])
  for (const message of together(frames)) lanes.bulk.send(message)
  while (texts.length < ids.length) await nextTask()
  expect(texts.sort()).toEqual(ids.map((id) => `<${id}>`).sort())
})

test('one chunk with 100,000 messages leaves the page its turns', async () => {
  const chunk = new Uint8Array(200_000)
  for (let at = 0; at < chunk.length; at += 2) chunk.set([1, 65], at)
  const readable = new ReadableStream<Bytes>({
    start(controller) {
      controller.enqueue(chunk)
      controller.close()
    },
  })
  const stream = { readable, writable: new WritableStream(), reset: () => undefined }
  let count = 0
  const reading = (async () => {
    for await (const message of messages(stream)) if (message.text() === 'A') count += 1
  })()
  let [turns, before] = [0, 0]
  while (count < 100_000) {
    await nextTask()
    if (count > before && count < 100_000) turns += 1
    before = count
  }
  await reading
  // It takes tens of milliseconds on any machine.
  expect(turns).toBeGreaterThanOrEqual(3)
})
