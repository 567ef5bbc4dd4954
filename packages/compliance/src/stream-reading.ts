/** What a ReadableStream of ours does: reads, their order, `cancel`, and reads into a buffer of the reader. */
import { KithError } from '@kith/protocol'
import { describe, expect, test } from 'vitest'
import { bytes, isPending, type OpenPair, sayLast, settled, textOf } from './stream-pair.ts'

export function readingTests(pair: OpenPair): void {
  describe('reading', () => {
    test('a new reader waits, and its promises are in order', async () => {
      const { local, remote } = await pair()
      const reader = remote.readable.getReader()
      expect(remote.readable.locked).toBe(true)
      expect(() => remote.readable.getReader()).toThrow(TypeError)
      const reading = reader.read()
      expect(await isPending(reading)).toBe(true)
      const writer = local.writable.getWriter()
      await writer.write(bytes('x'))
      expect((await reading).value).toEqual(bytes('x'))
      sayLast(writer)
      expect(await reader.read()).toEqual({ done: true, value: undefined })
      await reader.closed
      expect(await reader.read()).toEqual({ done: true, value: undefined })
    })

    test('several reads are answered in order, at the end too', async () => {
      const { local, remote } = await pair()
      const reader = remote.readable.getReader()
      const reads = [reader.read(), reader.read(), reader.read()]
      const writer = local.writable.getWriter()
      await writer.write(bytes('a'))
      expect((await reads[0])?.value).toEqual(bytes('a'))
      sayLast(writer, bytes('b'))
      expect((await reads[1])?.value).toEqual(bytes('b'))
      expect(await reads[2]).toEqual({ done: true, value: undefined })
    })

    test('a reader that lets go leaves its pending read, and loses nothing', async () => {
      const { local, remote } = await pair()
      const first = remote.readable.getReader()
      const reading = settled(first.read())
      first.releaseLock()
      expect(await reading).toBeInstanceOf(TypeError)
      const second = remote.readable.getReader()
      const writer = local.writable.getWriter()
      sayLast(writer, bytes('kept'))
      expect((await second.read()).value).toEqual(bytes('kept'))
    })

    test('cancel ends pending reads and reaches the writer', async () => {
      const { local, remote } = await pair()
      const reader = remote.readable.getReader()
      const reading = reader.read()
      await reader.cancel(new KithError('reset', 'enough', { streamCode: 5 }))
      expect(await reading).toEqual({ done: true, value: undefined })
      await reader.closed
      expect(await reader.read()).toEqual({ done: true, value: undefined })
      await reader.cancel(6)
      await expect(local.writable.getWriter().closed).rejects.toMatchObject({ code: 'reset', source: 'remote', streamCode: 5 })
      await remote.writable.close()
      await expect(remote.closed).rejects.toMatchObject({ code: 'reset', source: 'local', streamCode: 5 })
    })

    test('cancel after the end is nothing', async () => {
      const { local, remote } = await pair()
      sayLast(local.writable.getWriter())
      const reader = remote.readable.getReader()
      expect(await reader.read()).toEqual({ done: true, value: undefined })
      await reader.cancel(5)
      const back = local.readable.getReader()
      const reading = back.read()
      await remote.writable.close()
      expect(await reading).toEqual({ done: true, value: undefined })
      await back.cancel(5)
      await Promise.all([remote.closed, local.closed])
    })

    test('an error reaches the reads that are pending, those that follow, and `closed`', async () => {
      const { local, remote } = await pair()
      const reader = remote.readable.getReader()
      const ends = Promise.all([reader.read(), reader.read(), reader.closed].map(settled))
      await local.writable.abort(3)
      const told = { code: 'reset', source: 'remote', streamCode: 3 }
      const [first, ...others] = await ends
      expect(first).toMatchObject(told)
      for (const other of others) expect(other).toBe(first)
      expect(await settled(reader.read())).toBe(first)
      expect(await settled(reader.cancel(4))).toBe(first)
    })

    test('what came whole before the remote reset the stream can be read', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      await writer.write(bytes('whole'))
      await writer.close()
      local.reset(3)
      expect(await textOf(remote.readable)).toBe('whole')
      await expect(remote.writable.getWriter().closed).rejects.toMatchObject({ code: 'reset', streamCode: 3 })
    })

    test('an iteration that is left cancels, unless it is told not to', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      await writer.write(bytes('a'))
      const { readable } = remote
      if (readable.values === undefined) return
      for await (const _ of readable.values({ preventCancel: true })) break
      expect(readable.locked).toBe(false)
      await writer.write(bytes('b'))
      for await (const chunk of readable.values()) {
        expect(chunk).toEqual(bytes('b'))
        break
      }
      await expect(writer.closed).rejects.toMatchObject({ code: 'reset', source: 'remote', streamCode: 0 })
    })

    test('both branches of a tee get all of it; only when both are cancelled is the writer told', async () => {
      const { local, remote } = await pair()
      const [one, two] = remote.readable.tee()
      const writer = local.writable.getWriter()
      sayLast(writer, bytes('both'))
      expect(await Promise.all([textOf(one), textOf(two)])).toEqual(['both', 'both'])

      const back = local.readable.tee()
      const backWriter = remote.writable.getWriter()
      const cancelled = back[0].cancel(1)
      await backWriter.write(bytes('x'))
      expect(await isPending(backWriter.closed)).toBe(true)
      await Promise.all([cancelled, back[1].cancel(2)])
      await expect(backWriter.closed).rejects.toMatchObject({ code: 'reset', source: 'remote' })
    })
  })

  describe('byob', () => {
    test('a view is filled, and the rest stays for the next read, of whatever kind', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      sayLast(writer, Uint8Array.of(1, 2, 3, 4, 5, 6, 7))
      const byob = remote.readable.getReader({ mode: 'byob' })
      const view = new Uint8Array(new ArrayBuffer(10), 4, 3)
      const first = await byob.read(view)
      expect([...(first.value ?? [])]).toEqual([1, 2, 3])
      expect([first.value?.byteOffset, first.value?.buffer.byteLength, view.byteLength]).toEqual([4, 10, 0])
      const second = await byob.read(new Uint16Array(1))
      expect([...new Uint8Array(second.value?.buffer ?? new ArrayBuffer(0))]).toEqual([4, 5])
      byob.releaseLock()
      const reader = remote.readable.getReader()
      expect([...((await reader.read()).value ?? [])]).toEqual([6, 7])
      expect((await reader.read()).done).toBe(true)
    })

    test('a read that is pending at the end gives its buffer back, empty', async () => {
      const { local, remote } = await pair()
      const byob = remote.readable.getReader({ mode: 'byob' })
      const reading = byob.read(new Uint8Array(5))
      sayLast(local.writable.getWriter())
      const { done, value } = await reading
      expect([done, value?.byteLength, value?.buffer.byteLength]).toEqual([true, 0, 5])
      await byob.closed
    })

    test('a read that is pending when the stream fails rejects', async () => {
      const { local, remote } = await pair()
      const byob = remote.readable.getReader({ mode: 'byob' })
      const reading = settled(byob.read(new Uint16Array(5)))
      await local.writable.abort(3)
      expect(await reading).toMatchObject({ code: 'reset', streamCode: 3 })
    })

    const WIDE: readonly [string, () => ArrayBufferView<ArrayBuffer>, number][] = [
      ['Uint16Array', () => new Uint16Array(4), 3],
      ['Int32Array', () => new Int32Array(2), 5],
      ['Float64Array', () => new Float64Array(1), 7],
      ['BigUint64Array', () => new BigUint64Array(2), 9],
    ]
    test.each(WIDE)('a %s that ends within an element fails for its reader alone', async (_, make, count) => {
      const { local, remote, link } = await pair()
      const byob = remote.readable.getReader({ mode: 'byob' })
      const reads = (async () => {
        for (;;) {
          const { done } = await byob.read(make())
          if (done) return
        }
      })()
      const reading = settled(reads)
      const writer = local.writable.getWriter()
      for (let i = 0; i < count; i++) await writer.write(Uint8Array.of(i))
      await writer.close()
      // The standard: the read rejects with a TypeError, and the stream is in error.
      expect(await reading).toBeInstanceOf(TypeError)
      expect(await settled(byob.closed)).toBeInstanceOf(TypeError)
      const back = remote.writable.getWriter()
      const closing = back.write(bytes('I am well')).then(() => back.close())
      expect(await textOf(local.readable)).toBe('I am well')
      await closing
      await Promise.all([local.closed, settled(remote.closed)])
      // The link is as well.
      const other = await link.dialler.open('/echo/1')
      const echo = other.writable.getWriter()
      sayLast(echo, bytes('echo'))
      expect(await textOf(other.readable)).toBe('echo')
    })

    test('the same where the rest of an element has come already, and with the end in one message', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      sayLast(writer, Uint8Array.of(1, 2, 3))
      const byob = remote.readable.getReader({ mode: 'byob' })
      expect((await byob.read(new Uint16Array(1))).value?.byteLength).toBe(2)
      expect(await settled(byob.read(new Uint16Array(1)))).toBeInstanceOf(TypeError)
      await remote.writable.close()
      await settled(remote.closed)
    })
  })
}
