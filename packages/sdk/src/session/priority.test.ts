// Two transfers at once: the one of larger priority is whole before the other has got far.
import { expect, test } from 'vitest'
import { frames, linkAgainst } from '../../../test-kit/src/index.ts'
import { together } from './hand-driven.testing.ts'
import type { LinkStream } from './link.ts'
import { ECHO, servedPair } from './pair.testing.ts'

const MIB = 1024 * 1024
const TRANSFER_BYTES = 10 * MIB

/** Ways to write so many bytes. */
const WRITERS: Readonly<Record<string, (stream: LinkStream) => Promise<void>>> = {
  'each write awaited': async ({ writable }) => {
    const writer = writable.getWriter()
    const chunk = new Uint8Array(64 * 1024)
    for (let sent = 0; sent < TRANSFER_BYTES; sent += chunk.length) await writer.write(chunk)
    await writer.close()
  },
  'small writes, as ready says': async ({ writable }) => {
    const writer = writable.getWriter()
    const chunk = new Uint8Array(16 * 1024)
    for (let sent = 0; sent < TRANSFER_BYTES; sent += chunk.length) {
      await writer.ready
      writer.write(chunk).catch(() => undefined)
    }
    await writer.close()
  },
  'one chunk': async ({ writable }) => {
    const writer = writable.getWriter()
    await writer.write(new Uint8Array(TRANSFER_BYTES))
    await writer.close()
  },
  piped: ({ writable }) => {
    let left = TRANSFER_BYTES
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = new Uint8Array(Math.min(left, 100_000))
        left -= chunk.length
        controller.enqueue(chunk)
        if (left === 0) controller.close()
      },
    })
    return source.pipeTo(writable)
  },
}

/** The part of the first that has been read when the second is whole. */
async function partOfFirst(first: number, second: number, write: (stream: LinkStream) => Promise<void>): Promise<number> {
  const readBytes: Record<string, number> = { first: 0, second: 0 }
  let secondIsWhole = () => {}
  const whole = new Promise<void>((resolve) => {
    secondIsWhole = resolve
  })
  const { dialler } = await servedPair(async (stream) => {
    const which = stream.params as string
    for await (const chunk of stream.readable) readBytes[which] = (readBytes[which] ?? 0) + chunk.length
    if (which === 'second') secondIsWhole()
    await stream.writable.close()
  })
  const writing = [
    write(await dialler.open(ECHO, { priority: first, params: 'first' })),
    write(await dialler.open(ECHO, { priority: second, params: 'second' })),
  ]
  await whole
  const part = (readBytes.first ?? 0) / TRANSFER_BYTES
  await Promise.all(writing)
  expect(readBytes).toEqual({ first: TRANSFER_BYTES, second: TRANSFER_BYTES })
  return part
}

for (const [name, write] of Object.entries(WRITERS)) {
  test.each([
    [1, 2],
    [-2, -1],
    [0, 1],
    [-1, 1],
  ])(`${name}: of a transfer at %i little has come when one at %i is whole`, async (low, high) => {
    const isOneLane = low > 0 === high > 0
    const part = await partOfFirst(low, high, write)
    expect(part).toBeLessThan(isOneLane ? 0.1 : 0.2)
  })
}

test('two of the same priority share', async () => {
  for (const write of Object.values(WRITERS)) expect(await partOfFirst(1, 1, write)).toBeGreaterThan(0.8)
})

test('a transfer of lower priority goes on while the reader of the higher one pauses', async () => {
  const { dialler } = await servedPair(async (stream) => {
    if (stream.priority === 2) return
    for await (const _ of stream.readable);
    await stream.writable.close()
  })
  for (const priority of [1, 0]) {
    const paused = await dialler.open(ECHO, { priority: 2 })
    const writing = paused.writable.getWriter().write(new Uint8Array(MIB))
    const stream = await dialler.open(ECHO, { priority })
    await WRITERS['each write awaited']?.(stream)
    await expect(new Response(stream.readable).text()).resolves.toBe('')
    paused.reset()
    await expect(writing).rejects.toMatchObject({ code: 'reset' })
  }
})

test('a lower priority does not go while the writer of the higher one waits to be told of room', async () => {
  const [startBytes, moreBytes] = [1024, 12 * 1024]
  const { hand, link } = linkAgainst()
  const limits = { streams: 1024, streamWindowBytes: MIB, connectionWindowBytes: startBytes }
  await hand.greet({ served: [[0, [ECHO]]], limits, features: [] })
  let opened = 0
  const accepted = async (priority: number) => {
    const stream = await link.open(ECHO, { priority })
    await hand.frames.next(({ type }) => type === 'open')
    opened += 1
    // Else the window would hold the next ones back.
    hand.bytes('bulk', frames.ack(3, opened))
    hand.bytes('bulk', frames.accept(stream.id, ECHO))
    return stream
  }
  const high = await accepted(0)
  const low = await accepted(-1)
  // More than is told in one task is told before there is room.
  const others: LinkStream[] = []
  while (others.length < 600) others.push(await accepted(0))
  const writing = [high, low].map(({ writable }) => writable.getWriter().write(new Uint8Array(MIB)))
  const bytes = new Map<number, number>()
  const read = async (total: number) => {
    for (let sum = 0; sum < total; ) {
      const frame = await hand.frames.next(({ type }) => type === 'data' || type === 'open')
      if (frame?.type !== 'data' && frame?.type !== 'open') throw new Error('the link has ended')
      bytes.set(frame.stream, (bytes.get(frame.stream) ?? 0) + frame.data.length)
      sum += frame.data.length
    }
  }
  await read(startBytes)
  const stops = others.map(({ id }) => frames.stop(id, 0))
  const message = together([...stops, frames.credit(0, startBytes + moreBytes)])
  expect(message.length).toBe(1)
  for (const each of message) hand.bytes('bulk', each)
  await read(moreBytes)
  expect([bytes.get(high.id), bytes.get(low.id) ?? 0]).toEqual([startBytes + moreBytes, 0])
  const over = Promise.allSettled(writing)
  await link.close({ atOnce: true }).catch(() => undefined)
  await over
})
