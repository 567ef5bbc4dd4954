import { createHash, randomBytes } from 'node:crypto'
import type { KithError } from '@kith/protocol'
import { expect, test } from 'vitest'
import type { LinkStream } from './link.ts'
import { ECHO, linkPair } from './pair.testing.ts'

const MIB = 1024 * 1024
const bytes = (text: string) => new TextEncoder().encode(text)

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** A ready pair whose callee hands each stream for ECHO to `handler`. */
async function servedPair(handler: (stream: LinkStream) => unknown) {
  const pair = linkPair({}, { protocols: [ECHO], onIncoming: () => handler })
  await Promise.all([pair.dialler.ready, pair.callee.ready])
  return pair
}

/** Both ends of one stream. */
async function streamPair() {
  let incoming: (stream: LinkStream) => void = () => {}
  const arrived = new Promise<LinkStream>((resolve) => {
    incoming = resolve
  })
  const links = await servedPair((stream) => incoming(stream))
  const local = await links.dialler.open(ECHO)
  return { ...links, local, remote: await arrived }
}

test('an echo, half-closed by each side in turn', async () => {
  const { dialler } = await servedPair((stream) => stream.readable.pipeTo(stream.writable))
  const stream = await dialler.open(ECHO, { params: { doc: 'notes' } })
  const writer = stream.writable.getWriter()
  await writer.write(bytes('hello'))
  await writer.close()
  expect(await new Response(stream.readable).text()).toBe('hello')
  await stream.closed
})

test('64 MiB through a reader that pauses at random arrive whole', async () => {
  const { local, remote } = await streamPair()
  const chunk = randomBytes(1_234_567)
  const total = 64 * MIB
  const sent = createHash('sha256')
  const received = createHash('sha256')
  const send = async () => {
    const writer = local.writable.getWriter()
    for (let at = 0; at < total; at += chunk.length) {
      const piece = chunk.subarray(0, Math.min(chunk.length, total - at))
      sent.update(piece)
      await writer.write(piece)
    }
    await writer.close()
  }
  const receive = async () => {
    let count = 0
    for await (const piece of remote.readable) {
      received.update(piece)
      count += piece.length
      if ((piece[0] ?? 0) < 16) await new Promise((resolve) => setImmediate(resolve))
    }
    return count
  }
  const started = performance.now()
  const [, count] = await Promise.all([send(), receive()])
  console.log(`64 MiB over memory lanes: ${(64_000 / (performance.now() - started)).toFixed(0)} MiB/s`)
  expect(count).toBe(total)
  expect(received.digest('hex')).toBe(sent.digest('hex'))
})

test('reset reaches both halves of the other side, with its code', async () => {
  const { local, remote } = await streamPair()
  const reading = remote.readable.getReader().read()
  const writer = remote.writable.getWriter()
  local.reset(42)
  const expected = { code: 'reset', streamCode: 42, source: 'remote' }
  await expect(reading).rejects.toMatchObject(expected)
  await expect(writer.closed).rejects.toMatchObject(expected)
  await expect(remote.closed).rejects.toMatchObject(expected)
  await expect(local.closed).rejects.toMatchObject({ code: 'reset', source: 'local' } satisfies Partial<KithError>)
  expect(readAll).toBeDefined()
})
