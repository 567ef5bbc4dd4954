// What flows between two peers over a real connection.
import { STREAM_WINDOW_BYTES } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Stream } from './api.ts'
import { messages } from './index.ts'
import { friends } from './people.testing.ts'

const MIB = 1024 * 1024
const reported: unknown[] = []

beforeEach(() => {
  reported.length = 0
  vi.spyOn(console, 'error').mockImplementation((error: unknown) => reported.push(error))
})
afterEach(() => void vi.restoreAllMocks())

test('a handler that throws resets its stream, and the console is told', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  bo.handle('/throws/v1', () => {
    throw new Error('at once')
  })
  bo.handle('/rejects/v1', async (stream) => {
    await stream.readable.getReader().read()
    throw new Error('later')
  })
  const thrown = await ada.open(bo, '/throws/v1')
  await expect(thrown.readable.getReader().read()).rejects.toMatchObject({ code: 'reset', source: 'remote', streamCode: 0 })
  const rejected = await ada.open(bo, '/rejects/v1')
  await rejected.writable.getWriter().write(Uint8Array.of(1))
  await expect(rejected.closed).rejects.toMatchObject({ code: 'reset', source: 'remote' })
  expect(reported).toEqual([new Error('at once'), new Error('later')])
  expect(thrown.connection.state).toBe('connected')
})

test('a handler that ends because its connection or its stream ended is not told of', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  const ends: Promise<unknown>[] = []
  const served = (handler: (stream: Stream) => Promise<unknown>) => (stream: Stream) => {
    const ended = handler(stream)
    ends.push(ended)
    return ended
  }
  bo.handle(
    '/read/v1',
    served((stream) => stream.readable.getReader().read()),
  )
  bo.handle(
    '/pipe/v1',
    served((stream) => stream.readable.pipeTo(stream.writable)),
  )
  bo.handle(
    '/closed/v1',
    served((stream) => stream.closed),
  )
  bo.handle(
    '/messages/v1',
    served(async (stream) => {
      const chat = messages(stream)
      for await (const message of chat) await chat.send(message.data)
    }),
  )
  const names = ['/read/v1', '/pipe/v1', '/closed/v1', '/messages/v1'] as const
  for (const name of names) (await ada.open(bo, name)).reset(5)
  await vi.waitFor(() => expect(ends).toHaveLength(names.length))
  const connection = await ada.connect(bo)
  for (const name of names) await ada.open(bo, name)
  await vi.waitFor(() => expect(ends).toHaveLength(2 * names.length))
  await connection.close()
  expect((await Promise.allSettled(ends)).map(({ status }) => status)).toEqual(Array(8).fill('rejected'))
  expect(reported).toEqual([])
})

test('messages on a stream of a peer arrive whole, in order, whatever their size', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  bo.handle('/echo/v1', async (stream) => {
    const chat = messages(stream)
    for await (const message of chat) await chat.send(message.data)
    await chat.close()
  })
  const chat = messages(await ada.open(bo, '/echo/v1'))
  const sizes = [0, 1, 127, 128, 65_535, 65_536, 300_000, MIB]
  const sending = (async () => {
    for (const size of sizes) await chat.send(new Uint8Array(size).fill(size % 251))
    await chat.close()
  })()
  const heard: number[] = []
  for await (const { data } of chat) {
    expect(data.every((byte) => byte === data.length % 251)).toBe(true)
    heard.push(data.length)
  }
  await sending
  expect(heard).toEqual(sizes)
  await chat.stream.closed
})

test('64 MiB to a reader that pauses at random arrive whole', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  const total = 64 * MIB
  const chunk = new Uint8Array(1_234_567)
  for (let at = 0; at < chunk.length; at += 65_536) crypto.getRandomValues(chunk.subarray(at, at + 65_536))
  let heard: (sum: { length: number; hash: string }) => void = () => {}
  const arrived = new Promise<{ length: number; hash: string }>((resolve) => {
    heard = resolve
  })
  bo.handle('/file/v1', async (stream) => {
    const whole = new Uint8Array(total)
    let length = 0
    for await (const piece of chunksOf(stream)) {
      whole.set(piece, length)
      length += piece.length
      if ((piece[0] ?? 0) < 8) await new Promise((resolve) => setTimeout(resolve, piece[0]))
    }
    heard({ length, hash: await sha256(whole) })
    await stream.writable.close()
  })
  const stream = await ada.open(bo, '/file/v1')
  const writer = stream.writable.getWriter()
  const sent = new Uint8Array(total)
  for (let at = 0; at < total; at += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, total - at))
    sent.set(piece, at)
    await writer.write(piece)
  }
  await writer.close()
  expect(await arrived).toEqual({ length: total, hash: await sha256(sent) })
  await stream.closed
})

test('a reader that pauses stops its writer within what was granted, and another stream goes on', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  let take: (stream: Stream) => void = () => {}
  const taken = new Promise<Stream>((resolve) => {
    take = resolve
  })
  bo.handle('/paused/v1', (stream) => take(stream))
  bo.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
  const paused = await ada.open(bo, '/paused/v1')
  const writer = paused.writable.getWriter()
  const piece = new Uint8Array(16 * 1024)
  let written = 0
  let isOver = false
  const writing = (async () => {
    while (!isOver) {
      await writer.write(piece)
      written += piece.length
    }
    await writer.close()
  })()
  const remote = await taken
  // It has stopped when a whole echo on the same connection, sent after it, found it where it was.
  let before = -1
  while (before !== written) {
    before = written
    for (let round = 0; round < 5; round++) {
      const echo = await ada.open(bo, '/echo/v1')
      await echo.writable.close()
      await new Response(echo.readable).arrayBuffer()
    }
  }
  expect(written).toBeGreaterThan(0)
  expect(written).toBeLessThanOrEqual(STREAM_WINDOW_BYTES + piece.length)
  isOver = true
  let length = 0
  for await (const chunk of chunksOf(remote)) length += chunk.length
  await writing
  expect(length).toBe(written)
})

/** Chromium iterates over a ReadableStream, Safari does not yet. */
async function* chunksOf({ readable }: Stream): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].join()
}
