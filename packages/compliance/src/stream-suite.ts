/**
 * What a user of WHATWG streams expects of a stream of ours: after the expectations of the public tests for streams and for
 * WebTransport (web-platform-tests `streams/` and `webtransport/`), in our own words, over a whole link.
 *
 * Left out, since the wire or the standard says otherwise:
 * - codes beyond 2^32 − 1 or 255: WebTransport maps them onto HTTP/3's, ours are whole numbers up to 2^53 − 1 as they are;
 * - `abort()` beside a `close()` that is under way resolves where the sink's close does: ours never does after an abort, since
 *   nothing that was cut short resolves, so both reject with the reason;
 * - `abort()` without a reason: the write under way rejects with the platform's AbortError, those behind it with undefined;
 * - what had come before the remote's abort and was not read is gone, as behind WebTransport's RESET_STREAM;
 * - the size of chunks: bytes arrive in frames, not as they were written;
 * - transferring a stream to a worker is the platform's: the suite runs where there is none.
 */
import { KithError, STREAM_CODES, STREAM_WINDOW_BYTES } from '@kith/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { type Linked, linked, TAKE } from './linked.ts'
import type { OpenPath } from './path.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** All that comes. A Response would hide how it failed: Chromium makes a TypeError of it. */
async function wholeOf(readable: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  const reader = readable.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value)
  return new Uint8Array(await new Blob(chunks).arrayBuffer())
}

const textOf = async (readable: ReadableStream<Uint8Array<ArrayBuffer>>) => new TextDecoder().decode(await wholeOf(readable))

/** More than flow control lets go without a reader. */
const MUCH = 4 * STREAM_WINDOW_BYTES

/** Whether it has settled by the time that a message has gone there and back several times. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  const settled = () => {
    isSettled = true
  }
  promise.then(settled, settled)
  await new Promise((resolve) => setTimeout(resolve, 50))
  return !isSettled
}

async function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'fulfilled',
    (reason: unknown) => reason,
  )
}

/** Writes and closes. What comes of it is seen at the other side, and where the link ends first that is no matter. */
function sayLast(writer: WritableStreamDefaultWriter<ArrayBuffer | ArrayBufferView>, chunk = new Uint8Array(0)): void {
  writer
    .write(chunk)
    .then(() => writer.close())
    .catch(() => undefined)
}

export function streamSuite(name: string, open: OpenPath): void {
  describe(`WHATWG streams: ${name}`, () => {
    let link: Linked | undefined
    afterEach(() => link?.close())

    async function pair() {
      link = await linked(open)
      const local = await link.dialler.open(TAKE)
      return { local, remote: await link.taken }
    }

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
        const { local, remote } = await pair()
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
        const other = await (link as Linked).dialler.open('/echo/1')
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
  })
}
