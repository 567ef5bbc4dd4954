/** What a whole link must do over any path: streams, their ends, many at once, and datagrams. */
import { DATAGRAM_MAX_BYTES } from '@kith/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../test-kit/src/random.ts'
import { ECHO, type Linked, linked as linkedOver, TAKE } from './linked.ts'
import type { OpenPath } from './path.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** The same each time. */
const noise = (length: number) => seededRandom(1)(length)

async function sha256(data: BufferSource): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', data)
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function linkSuite(name: string, open: OpenPath): void {
  describe(`link: ${name}`, () => {
    let current: Linked | undefined
    afterEach(() => current?.close())

    async function linked(): Promise<Linked> {
      current = await linkedOver(open)
      return current
    }

    test('an echo, half-closed by each side in turn', async () => {
      const { dialler } = await linked()
      const stream = await dialler.open(ECHO)
      const writer = stream.writable.getWriter()
      await writer.write(bytes('hello'))
      await writer.close()
      expect(await new Response(stream.readable).text()).toBe('hello')
      await stream.closed
    })

    test('reset reaches both halves of the other side, with its code', async () => {
      const { dialler, taken } = await linked()
      const local = await dialler.open(TAKE)
      const remote = await taken
      const expected = { code: 'reset', streamCode: 42, source: 'remote' }
      const reading = expect(remote.readable.getReader().read()).rejects.toMatchObject(expected)
      const writing = expect(remote.writable.getWriter().closed).rejects.toMatchObject(expected)
      local.reset(42)
      await Promise.all([reading, writing, expect(remote.closed).rejects.toMatchObject(expected)])
    })

    test('1,000 open streams, each with its own bytes', async () => {
      const { dialler } = await linked()
      const streams = await Promise.all(Array.from({ length: 1000 }, () => dialler.open(ECHO)))
      expect(dialler.stats.streams).toBe(1000)
      const texts = await Promise.all(
        streams.map(async (stream, i) => {
          const writer = stream.writable.getWriter()
          void writer.write(bytes(`stream ${i}`)).then(() => writer.close())
          return new Response(stream.readable).text()
        }),
      )
      expect(texts).toEqual(streams.map((_, i) => `stream ${i}`))
      await Promise.all(streams.map((stream) => stream.closed))
    })

    test('8 MiB arrive whole', async () => {
      const { dialler, taken } = await linked()
      const sent = noise(8 * 1024 * 1024)
      const local = await dialler.open(TAKE)
      const writer = local.writable.getWriter()
      const writing = writer.write(sent).then(() => writer.close())
      const received = await new Response((await taken).readable).arrayBuffer()
      await writing
      expect(received.byteLength).toBe(sent.length)
      expect(await sha256(received)).toBe(await sha256(sent))
    })

    test('a reader that reads nothing stops its own writer, and no other', async () => {
      const { dialler, taken } = await linked()
      const [held, lively] = await Promise.all([dialler.open(TAKE), dialler.open(ECHO)])
      const sent = noise(8 * 1024 * 1024)
      const holding = held.writable.getWriter()
      let isWritten = false
      const writing = holding.write(sent).then(() => {
        isWritten = true
        return holding.close()
      })
      // As much again as it holds, forth and back.
      const writer = lively.writable.getWriter()
      const echoed = new Response(lively.readable).arrayBuffer()
      await writer.write(sent).then(() => writer.close())
      expect((await echoed).byteLength).toBe(sent.length)
      expect(isWritten).toBe(false)
      const received = await new Response((await taken).readable).arrayBuffer()
      await writing
      expect(await sha256(received)).toBe(await sha256(sent))
    })

    test('datagrams, both ways, up to the largest', async () => {
      const { dialler, taken } = await linked()
      const stream = await dialler.open(TAKE, { kind: 'datagrams' })
      const [local, remote] = [stream.flow, (await taken).flow]
      const sent = noise(DATAGRAM_MAX_BYTES)
      expect(() => local.send(new Uint8Array(DATAGRAM_MAX_BYTES + 1))).toThrow(expect.objectContaining({ code: 'too-large' }))
      const [atRemote, atLocal] = [remote.readable.getReader().read(), local.readable.getReader().read()]
      local.send(sent)
      remote.send(sent.subarray(1))
      expect([(await atRemote).value, (await atLocal).value]).toEqual([sent, sent.slice(1)])
      local.close()
      await Promise.all([stream.closed, (await taken).closed])
    })

    test('a datagram that comes when its reader is gone is dropped', async () => {
      const { dialler, taken } = await linked()
      const stream = await dialler.open(TAKE, { kind: 'datagrams' })
      const [local, remote] = [stream.flow, (await taken).flow]
      const reader = local.readable.getReader()
      const reading = reader.read()
      remote.send(noise(10))
      local.close()
      expect((await reading).done).toBe(true)
      await Promise.all([stream.closed, (await taken).closed])
    })

    test('a goodbye reaches the other side with its reason', async () => {
      const { dialler, callee } = await linked()
      await dialler.close({ code: 3, reason: 'enough' })
      expect(await callee.closed).toEqual({ code: 3, reason: 'enough' })
      await expect(dialler.open(ECHO)).rejects.toMatchObject({ code: 'closed' })
    })

    test('a lane that ends without a goodbye ends the link at both sides', async () => {
      const { dialler, callee, path } = await linked()
      path.ends[0].bulk.close()
      await Promise.all([dialler, callee].map((link) => expect(link.closed).rejects.toMatchObject({ code: 'lost' })))
    })
  })
}
