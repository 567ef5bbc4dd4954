/** What pipes do with a stream of ours, and which chunks it takes. */
import { KithError, STREAM_CODES } from '@kith/protocol'
import { describe, expect, test } from 'vitest'
import { bytes, MUCH, type OpenPair, sayLast, settled, textOf, wholeOf } from './stream-pair.ts'

export function pipingTests(pair: OpenPair): void {
  describe('piping', () => {
    const source = (chunks: number, fail?: unknown) => {
      const cancelled: unknown[] = []
      let left = chunks
      const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(new Uint8Array(1000))
          else if (fail === undefined) controller.close()
          else controller.error(fail)
        },
        cancel: (reason) => void cancelled.push(reason),
      })
      return { readable, cancelled }
    }

    test('pipeTo closes at the end', async () => {
      const { local, remote } = await pair()
      const piping = source(500).readable.pipeTo(local.writable)
      expect((await wholeOf(remote.readable)).byteLength).toBe(500_000)
      await piping
    })

    test('pipeTo with preventClose leaves the stream open', async () => {
      const { local, remote } = await pair()
      await source(3).readable.pipeTo(local.writable, { preventClose: true })
      expect(local.writable.locked).toBe(false)
      const writer = local.writable.getWriter()
      sayLast(writer, bytes('more'))
      expect((await wholeOf(remote.readable)).byteLength).toBe(3004)
    })

    test('a source that fails aborts the stream, with its code', async () => {
      const { local, remote } = await pair()
      const error = new KithError('reset', 'upstream', { streamCode: 13 })
      const reading = settled(wholeOf(remote.readable))
      await expect(source(3, error).readable.pipeTo(local.writable)).rejects.toBe(error)
      expect(await reading).toMatchObject({ code: 'reset', streamCode: 13 })
    })

    test('with preventAbort it does not', async () => {
      const { local, remote } = await pair()
      const error = new Error('upstream')
      await expect(source(3, error).readable.pipeTo(local.writable, { preventAbort: true })).rejects.toBe(error)
      sayLast(local.writable.getWriter())
      expect((await wholeOf(remote.readable)).byteLength).toBe(3000)
    })

    test('a remote that cancels cancels the source', async () => {
      const { local, remote } = await pair()
      const { readable, cancelled } = source(Number.POSITIVE_INFINITY)
      const piping = settled(readable.pipeTo(local.writable))
      await remote.readable.cancel(21)
      const error = await piping
      expect(error).toMatchObject({ code: 'reset', source: 'remote', streamCode: 21 })
      expect(cancelled).toEqual([error])
    })

    test('with preventCancel the source is left', async () => {
      const { local, remote } = await pair()
      const { readable, cancelled } = source(Number.POSITIVE_INFINITY)
      const piping = settled(readable.pipeTo(local.writable, { preventCancel: true }))
      await remote.readable.cancel(21)
      expect(await piping).toMatchObject({ streamCode: 21 })
      expect([cancelled, readable.locked]).toEqual([[], false])
    })

    test('a signal ends a pipe into a stream and out of one', async () => {
      const { local, remote } = await pair()
      const { readable, cancelled } = source(Number.POSITIVE_INFINITY)
      const abort = new AbortController()
      const into = settled(readable.pipeTo(local.writable, { signal: abort.signal }))
      let received = 0
      const sink = new WritableStream<Uint8Array>({
        write: (chunk) => {
          received += chunk.length
        },
      })
      const outOf = settled(remote.readable.pipeTo(sink))
      await expect.poll(() => received).toBeGreaterThan(10_000)
      const reason = new KithError('reset', 'enough', { streamCode: 23 })
      abort.abort(reason)
      expect(await into).toBe(reason)
      expect(cancelled).toEqual([reason])
      expect(await outOf).toMatchObject({ code: 'reset', source: 'remote', streamCode: 23 })

      const other = new AbortController()
      const back = settled(local.readable.pipeTo(new WritableStream(), { signal: other.signal }))
      const writer = remote.writable.getWriter()
      await writer.write(bytes('x'))
      other.abort(29)
      expect(await back).toBe(29)
      await expect(writer.closed).rejects.toMatchObject({ code: 'reset', source: 'remote', streamCode: 29 })
    })

    test('a sink that fails cancels the stream', async () => {
      const { local, remote } = await pair()
      const error = new KithError('reset', 'full', { streamCode: 31 })
      const sink = new WritableStream({
        write() {
          throw error
        },
      })
      const piping = settled(remote.readable.pipeTo(sink))
      const writer = local.writable.getWriter()
      await writer.write(bytes('x'))
      expect(await piping).toBe(error)
      await expect(writer.closed).rejects.toMatchObject({ code: 'reset', streamCode: 31 })
    })

    test('transforms on both sides', async () => {
      const { local, remote } = await pair()
      const text = 'grüße 👋 '.repeat(5000)
      const piping = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip')).pipeTo(local.writable)
      const read = remote.readable.pipeThrough(new DecompressionStream('gzip')).pipeThrough(new TextDecoderStream())
      let received = ''
      const reader = read.getReader()
      for (let next = await reader.read(); !next.done; next = await reader.read()) received += next.value
      expect(received).toBe(text)
      await piping
    })

    test('a stream piped back into itself echoes', async () => {
      const { local, remote } = await pair()
      const echoing = remote.readable.pipeTo(remote.writable)
      const writer = local.writable.getWriter()
      sayLast(writer, new Uint8Array(MUCH))
      expect((await wholeOf(local.readable)).byteLength).toBe(MUCH)
      await Promise.all([echoing, local.closed, remote.closed])
    })
  })

  describe('chunks', () => {
    const FORMS: readonly [string, (whole: Uint8Array<ArrayBuffer>) => ArrayBuffer | ArrayBufferView][] = [
      ['an ArrayBuffer', (whole) => whole.slice().buffer],
      ['a DataView', (whole) => new DataView(whole.buffer)],
      ['a Uint32Array', (whole) => new Uint32Array(whole.buffer)],
      ['a view of a part', (whole) => new Uint8Array(new Uint8Array([9, 9, ...whole, 9]).buffer, 2, whole.length)],
    ]
    test.each(FORMS)('%s is written as bytes', async (_, form) => {
      const { local, remote } = await pair()
      const whole = Uint8Array.from({ length: 64 }, (_, i) => i)
      const writer = local.writable.getWriter()
      await writer.write(form(whole))
      sayLast(writer)
      expect(await wholeOf(remote.readable)).toEqual(whole)
    })

    test.each([
      ['text', 'hello'],
      ['a number', 7],
      ['null', null],
      ['an object', {}],
    ])('%s is refused with a TypeError as cause, and ends that half alone', async (_, chunk) => {
      const { local, remote } = await pair()
      const writer = (local.writable as WritableStream<unknown>).getWriter()
      const error = await settled(writer.write(chunk))
      expect(error).toMatchObject({ code: 'invalid-argument', cause: expect.any(TypeError) })
      expect(await settled(writer.closed)).toBe(error)
      await expect(textOf(remote.readable)).rejects.toMatchObject({ streamCode: STREAM_CODES.notBytes })
      const back = remote.writable.getWriter()
      sayLast(back, bytes('well?'))
      expect(await textOf(local.readable)).toBe('well?')
    })

    test('what is written may be empty', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      for (let i = 0; i < 3; i++) await writer.write(new Uint8Array(0))
      sayLast(writer, bytes('x'))
      expect(await textOf(remote.readable)).toBe('x')
    })

    test('the reader owns what it gets: it may be transferred', async () => {
      const { local, remote } = await pair()
      const writer = local.writable.getWriter()
      sayLast(writer, new Uint8Array(100_000).fill(7))
      let received = 0
      for (const reader = remote.readable.getReader(); ; ) {
        const { done, value } = await reader.read()
        if (done) break
        const { length } = value
        const taken = structuredClone(value, { transfer: [value.buffer] })
        expect([taken.length, value.length]).toEqual([length, 0])
        expect(taken.every((byte) => byte === 7)).toBe(true)
        received += length
      }
      expect(received).toBe(100_000)
    })
  })
}
