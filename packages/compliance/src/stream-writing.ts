/** What a WritableStream of ours does: writes, their order, `abort`, and the remote that cancels. */
import { KithError } from '@kith/protocol'
import { describe, expect, test } from 'vitest'
import { bytes, isPending, MUCH, type OpenPair, settled, textOf, wholeOf } from './stream-pair.ts'

export function writingTests(pair: OpenPair): void {
  describe('writing', () => {
    test('a new writer has room, and its promises are in order', async () => {
      const { local } = await pair()
      expect(local.writable.locked).toBe(false)
      const writer = local.writable.getWriter()
      expect(local.writable.locked).toBe(true)
      expect(() => local.writable.getWriter()).toThrow(TypeError)
      expect(writer.desiredSize).toBeGreaterThan(0)
      await writer.ready
      expect(await isPending(writer.closed)).toBe(true)
    })

    test('writes arrive in order, whether or not each is awaited', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      await writer.write(bytes('one '))
      const writes = [bytes('two '), bytes(''), bytes('three')].map((chunk) => writer.write(chunk))
      const closing = writer.close()
      expect(await textOf(remote.readable)).toBe('one two three')
      await Promise.all([...writes, closing, writer.closed])
    })

    test('desiredSize falls by what is written, ready waits while there is no room, and both come back', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      const room = writer.desiredSize ?? 0
      const writing = writer.write(new Uint8Array(MUCH))
      expect(writer.desiredSize).toBe(room - MUCH)
      const { ready } = writer
      expect(await isPending(ready)).toBe(true)
      expect(await isPending(writing)).toBe(true)
      const reader = remote.readable.getReader()
      for (let read = 0; read < MUCH; ) read += (await reader.read()).value?.length ?? 0
      await Promise.all([ready, writing])
      expect(writer.desiredSize).toBe(room)
    })

    test('after close a write throws, and desiredSize is 0', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      const closing = writer.close()
      expect(await textOf(remote.readable)).toBe('')
      await Promise.all([closing, writer.closed])
      await expect(writer.close()).rejects.toBeInstanceOf(TypeError)
      // Node 20's own streams fail an assertion here, and throw that at once.
      await expect(async () => writer.write(bytes('late'))).rejects.toBeInstanceOf(Error)
      expect(writer.desiredSize).toBe(0)
    })

    test('close waits for all that was written before it', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      const order: string[] = []
      const writing = writer.write(new Uint8Array(MUCH)).then(() => order.push('written'))
      const closing = writer.close().then(() => order.push('closed'))
      expect(await isPending(closing)).toBe(true)
      expect((await wholeOf(remote.readable)).byteLength).toBe(MUCH)
      await Promise.all([writing, closing])
      expect(order).toEqual(['written', 'closed'])
    })

    test('a writer that lets go leaves the stream to the next, with what it had written', async () => {
      const { local, remote } = await pair()
      const first = local.writable.getWriter()
      const writing = first.write(bytes('one '))
      first.releaseLock()
      await expect(first.write(bytes('x'))).rejects.toBeInstanceOf(TypeError)
      await expect(first.closed).rejects.toBeInstanceOf(TypeError)
      const second = local.writable.getWriter()
      const closing = second.write(bytes('two')).then(() => second.close())
      expect(await textOf(remote.readable)).toBe('one two')
      await Promise.all([writing, closing])
    })

    test('writable.close() closes without a writer', async () => {
      const { local, remote } = await pair()
      const closing = local.writable.close()
      expect(await textOf(remote.readable)).toBe('')
      await closing
    })
  })

  describe('abort', () => {
    const REASONS: readonly [string, unknown, number][] = [
      ['a number', 17, 17],
      ['0', 0, 0],
      ['the largest code', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      ['a KithError', new KithError('reset', 'enough', { streamCode: 42 }), 42],
      ['its JSON', { name: 'KithError', code: 'reset', streamCode: 43 }, 43],
      ['an error of the platform', new TypeError('enough'), 0],
      ['text', 'enough', 0],
      ['an object', { why: 'enough' }, 0],
      ['a number that is no code', -1, 0],
      ['null', null, 0],
    ]
    test.each(REASONS)(
      'with %s: what is pending rejects with it, and the remote gets the code',
      async (_, reason, streamCode) => {
        const { local, remote } = await pair()
        const writer = local.writable.getWriter()
        const pending = [writer.write(new Uint8Array(MUCH)), writer.write(bytes('behind')), writer.close(), writer.closed]
        const ends = Promise.all(pending.map(settled))
        const reading = settled(textOf(remote.readable))
        await writer.abort(reason)
        for (const end of await ends) expect(end).toBe(reason)
        expect(await settled(writer.ready)).toBe(reason)
        expect(await settled(writer.write(bytes('late')))).toBe(reason)
        expect(writer.desiredSize).toBe(null)
        expect(await reading).toMatchObject({ code: 'reset', source: 'remote', streamCode })
      },
    )

    test('before anything was written, and once more', async () => {
      const { local, remote } = await pair()
      await local.writable.abort(7)
      await local.writable.abort(8)
      await expect(textOf(remote.readable)).rejects.toMatchObject({ code: 'reset', streamCode: 7 })
      expect(await settled(local.writable.getWriter().closed)).toBe(7)
    })

    test('after close nothing is left to abort', async () => {
      const { local, remote } = await pair()
      const closing = local.writable.close()
      expect(await textOf(remote.readable)).toBe('')
      await closing
      await local.writable.abort(7)
      await local.writable.getWriter().closed
    })

    test('beside a close that is under way both reject with the reason', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      await writer.write(new Uint8Array(1))
      const closing = settled(writer.close())
      // Until the sink's close has begun.
      for (let turn = 0; turn < 5; turn++) await undefined
      const aborting = settled(writer.abort(7))
      expect([await closing, await aborting]).toEqual([7, 7])
      await expect(textOf(remote.readable)).rejects.toMatchObject({ code: 'reset', streamCode: 7 })
    })

    test('the other half goes on', async () => {
      const { local, remote } = await pair()
      await local.writable.abort(7)
      const back = remote.writable.getWriter()
      const closing = back.write(bytes('still here')).then(() => back.close())
      expect(await textOf(local.readable)).toBe('still here')
      await closing
      await expect(local.closed).rejects.toMatchObject({ code: 'reset', source: 'local', streamCode: 7 })
      await expect(remote.closed).rejects.toMatchObject({ code: 'reset', source: 'remote', streamCode: 7 })
    })
  })

  describe('when the remote cancels', () => {
    test('what is pending rejects, and so does what is written later', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      const ends = Promise.all([writer.write(new Uint8Array(MUCH)), writer.write(bytes('behind')), writer.closed].map(settled))
      const { ready } = writer
      await remote.readable.cancel(9)
      const told = { code: 'reset', source: 'remote', streamCode: 9 }
      for (const end of await ends) expect(end).toMatchObject(told)
      await expect(ready).rejects.toMatchObject(told)
      await expect(writer.ready).rejects.toMatchObject(told)
      await expect(writer.write(bytes('late'))).rejects.toMatchObject(told)
      await expect(writer.close()).rejects.toBeInstanceOf(TypeError)
      expect(writer.desiredSize).toBe(null)
    })

    test('a close that is pending rejects', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      const ends = Promise.all([writer.write(new Uint8Array(MUCH)), writer.close()].map(settled))
      await remote.readable.cancel(9)
      for (const end of await ends) expect(end).toMatchObject({ code: 'reset', streamCode: 9 })
    })
  })
}
