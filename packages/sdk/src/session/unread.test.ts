/** Streams that nobody reads hold what was sent to them, and nothing else. */
import { expect, test } from 'vitest'
import { memoryLanes } from '../path/memory-lanes.ts'
import { messages } from './messages.ts'
import { ECHO, linkPair, type Pair } from './pair.testing.ts'
import type { LinkStream } from './stream.ts'

/** The callee keeps file offers, and never reads them; all else it sends back. */
async function keeperPair(): Promise<Pair & { readonly kept: LinkStream[] }> {
  const kept: LinkStream[] = []
  const keep = (stream: LinkStream) => void kept.push(stream)
  const echo = (stream: LinkStream) => stream.readable.pipeTo(stream.writable)
  const pair = linkPair(
    {},
    { protocols: ['/file/1', ECHO], onIncoming: ({ protocol }) => (protocol === '/file/1' ? keep : echo) },
    memoryLanes(),
  )
  await Promise.all([pair.dialler.ready, pair.callee.ready])
  return { ...pair, kept }
}

async function offer({ dialler }: Pair, bytes: number): Promise<void> {
  const writer = (await dialler.open('/file/1')).writable.getWriter()
  // As much of it as goes.
  writer.write(new Uint8Array(bytes)).catch(() => undefined)
}

async function echoed({ dialler }: Pair, bytes: number, priority = 0): Promise<void> {
  const stream = await dialler.open(ECHO, { priority })
  const writer = stream.writable.getWriter()
  const sending = writer.write(new Uint8Array(bytes)).then(() => writer.close())
  expect((await new Response(stream.readable).arrayBuffer()).byteLength).toBe(bytes)
  await sending
  await stream.closed
}

test.each([
  [4, 1024 * 1024],
  [6, 200 * 1024],
  [1, 20 * 1024 * 1024],
  [200, 200 * 1024],
  [1000, 20 * 1024],
])('%i file offers of %i bytes unread: chat, new streams and urgent ones go on', { timeout: 60_000 }, async (count, bytes) => {
  const pair = await keeperPair()
  const chat = messages(await pair.dialler.open(ECHO))
  const answers = chat[Symbol.asyncIterator]()
  for (let i = 0; i < count; i++) await offer(pair, bytes)
  for (let i = 0; i < 20; i++) {
    await chat.send(`message ${i} ${'x'.repeat(i * 1_000)}`)
    expect((await answers.next()).value?.text().startsWith(`message ${i} `)).toBe(true)
  }
  await echoed(pair, 1_000)
  await echoed(pair, 1_000, 10)
  await echoed(pair, 100_000)
  await echoed(pair, 100_000, 10)
  expect(pair.kept.length).toBe(count)
  // And those can be read yet.
  const first = pair.kept[0]?.readable.getReader()
  expect((await first?.read())?.value?.length).toBeGreaterThan(0)
})
