// What has gone through a connection leaves nothing behind, on either side; the whole of it, by hand: `npm run bench -- soak`.
import { STREAMS_MAX } from '@kith/protocol'
import { expect, test } from 'vitest'
import type { Peer, Stream } from './api.ts'
import { heldBytes } from './held-bytes.testing.ts'
import { friends } from './people.testing.ts'

const MIB = 1024 * 1024
const CHUNK_BYTES = 64 * 1024

test('1,000 streams are open at once, each with its own bytes both ways', async () => {
  const [ada, bo] = await echoing()
  await using _ada = ada
  await using _bo = bo
  const count = 1000
  expect(count).toBeLessThanOrEqual(STREAMS_MAX)
  const streams = await Promise.all(Array.from({ length: count }, async () => new Echo(await ada.open(bo, '/echo/v1'))))
  await Promise.all(streams.map((stream, index) => stream.roundTrip(100, index)))
  expect(await openStreams(ada)).toBe(count)
  expect(await openStreams(bo)).toBe(count)
  await Promise.all(streams.map((stream, index) => stream.roundTrip(4096, index)))
  await Promise.all(streams.map((stream) => stream.end()))
  expect(await openStreams(ada)).toBe(0)
})

test('2,000 streams, one after the other, leave nothing behind', async () => {
  const [ada, bo] = await echoing()
  await using _ada = ada
  await using _bo = bo
  const inSequence = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const stream = new Echo(await ada.open(bo, '/echo/v1'))
      await stream.roundTrip(100, index)
      await stream.end()
    }
  }
  // Code is compiled, pools have their size, and an acknowledgement's worth of frames is kept.
  await inSequence(500)
  const before = await heldBytes()
  await inSequence(2000)
  // Both ends are in this page. An entry in a Map or a closure takes 100 bytes, a stream of either end kilobytes; the last ones are
  // kept until they are acknowledged.
  await expect.poll(async () => (await heldBytes()) - before, { timeout: 10_000 }).toBeLessThan(2000 * 100)
})

test('64 MiB through one stream leave nothing behind', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  let [sent, received] = [0, 0]
  let arrived = () => {}
  bo.handle('/sink/v1', async (stream) => {
    const reader = stream.readable.getReader()
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      received += read.value.length
      if (received === sent) arrived()
    }
    await stream.writable.close()
  })
  const stream = await ada.open(bo, '/sink/v1')
  const writer = stream.writable.getWriter()
  const chunk = new Uint8Array(CHUNK_BYTES)
  /** Resolves when all has been read, so that no reading finds anything on its way. */
  const send = async (bytes: number) => {
    const all = new Promise<void>((resolve) => {
      arrived = resolve
    })
    sent += bytes
    for (let left = bytes; left > 0; left -= chunk.length) await writer.write(chunk)
    await all
  }
  await send(16 * MIB)
  const before = await heldBytes()
  await send(64 * MIB)
  expect((await heldBytes()) - before).toBeLessThan(2 * MIB)
  await writer.close()
  await stream.closed
  expect(received).toBe(80 * MIB)
})

async function echoing(): Promise<[Peer, Peer]> {
  const [ada, bo] = await friends()
  bo.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
  return [ada, bo]
}

/** A stream whose other end says what it hears. */
class Echo {
  readonly #stream: Stream
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>

  constructor(stream: Stream) {
    this.#stream = stream
    this.#reader = stream.readable.getReader()
    this.#writer = stream.writable.getWriter()
  }

  async roundTrip(bytes: number, index: number): Promise<void> {
    await this.#writer.write(new Uint8Array(bytes).fill(index % 251))
    let received = 0
    for (; received < bytes; ) {
      const { value } = await this.#reader.read()
      if (!value?.every((byte) => byte === index % 251)) throw new Error('the bytes of another stream')
      received += value.length
    }
    expect(received).toBe(bytes)
  }

  /** Both halves. */
  async end(): Promise<void> {
    await this.#writer.close()
    expect((await this.#reader.read()).done).toBe(true)
    await this.#stream.closed
  }
}

async function openStreams(peer: Peer): Promise<number | undefined> {
  return (await [...peer.connections.values()][0]?.getStats())?.streams
}
