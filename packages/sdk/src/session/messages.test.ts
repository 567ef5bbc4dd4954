import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Bytes, MESSAGE_MAX_BYTES, MESSAGES_GATHERED_MAX_BYTES, STREAM_CODES, Writer } from '@kith/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextTask } from '../runtime/slices.ts'
import { type Message, messages } from './messages.ts'
import { ECHO, servedPair, streamPair } from './pair.testing.ts'

const SEED = Number(process.env.KITH_SEED ?? 1)

async function messagesPair(options?: { maxMessageSize?: number }) {
  const { local, remote } = await streamPair()
  return { local, remote, sender: messages(local, options), receiver: messages(remote, options) }
}

test('messages arrive whole, in order, as text, bytes and JSON', async () => {
  const { sender, receiver, remote } = await messagesPair()
  expect(receiver.stream).toBe(remote)
  void (async () => {
    for (const data of ['', 'grüße 👋', '\uFEFFmarked', JSON.stringify({ x: [1, 2] }), Uint8Array.of(0, 255)])
      await sender.send(data)
    await sender.close()
  })()
  const received: Message[] = []
  for await (const message of receiver) received.push(message)
  expect(received.map((message) => message.text()).slice(0, 3)).toEqual(['', 'grüße 👋', '\uFEFFmarked'])
  expect(received[3]?.json()).toEqual({ x: [1, 2] })
  expect(() => received[1]?.json()).toThrow(SyntaxError)
  expect(received[4]?.data).toEqual(Uint8Array.of(0, 255))
  for (const { data } of received) expect(data.buffer.byteLength).toBe(data.length)
})

test('a length alone is not worth the memory that it names', async () => {
  const { Uint8Array: Original } = globalThis
  const sizes: number[] = []
  const counted = new Proxy(Original, {
    construct(target, [of, ...rest]) {
      if (typeof of === 'number') sizes.push(of)
      return Reflect.construct(target, [of, ...rest])
    },
  })
  // Three bytes that name a message of a megabyte, and no more of it.
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(Uint8Array.of(0x80, 0x80, 0x40))
      controller.close()
    },
  })
  const inbox = messages({ readable, writable: new WritableStream(), reset() {} })[Symbol.asyncIterator]()
  globalThis.Uint8Array = counted
  try {
    await expect(inbox.next()).rejects.toMatchObject({ code: 'peer-violation' })
  } finally {
    globalThis.Uint8Array = Original
  }
  expect(sizes).not.toEqual([])
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1024)
})

test('what the messages of one connection hold that are not whole: N bytes, not one more, and again when one has ended', async () => {
  const resets: (number | undefined)[] = []
  const ofOne = {}
  const begin = (length: number, bytes: number, connection: object = ofOne) => {
    const { readable, writable } = new TransformStream<Bytes, Bytes>()
    const reset = (code?: number) => void resets.push(code)
    const next = messages({ readable, writable: new WritableStream(), connection, reset })[Symbol.asyncIterator]().next()
    next.catch(() => undefined)
    const writer = writable.getWriter()
    const read = writer.write(new Writer(8 + bytes).varint(length).bytes(new Uint8Array(bytes)).finish())
    return { next, writer, read }
  }
  const count = MESSAGES_GATHERED_MAX_BYTES / MESSAGE_MAX_BYTES
  const large = Array.from({ length: count }, () => begin(MESSAGE_MAX_BYTES, MESSAGE_MAX_BYTES - 1))
  await Promise.all([...large, begin(count, 1)].map(({ read }) => read))
  await nextTask()
  await expect(begin(2, 1).next).rejects.toMatchObject({ code: 'too-large', source: 'remote' })
  expect(resets).toEqual([STREAM_CODES.messageTooLarge])
  const elsewhere = begin(2, 1, {})
  void elsewhere.writer.write(new Uint8Array(1))
  expect((await elsewhere.next).value.data.length).toBe(2)
  await large[0]?.writer.abort(new Error('gone'))
  await expect(large[0]?.next).rejects.toThrow('gone')
  const again = begin(2, 1)
  void again.writer.write(new Uint8Array(1))
  expect((await again.next).value.data.length).toBe(2)
})

test('however the bytes are cut, the messages are the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      async (sent, cuts) => {
        const framed = sent.flatMap((data) => {
          const length = data.length < 0x80 ? [data.length] : [(data.length % 0x80) + 0x80, Math.floor(data.length / 0x80)]
          return [...length, ...data]
        })
        const pieces: Uint8Array<ArrayBuffer>[] = []
        for (let at = 0, i = 0; at < framed.length; i++) {
          const size = cuts[i % cuts.length] ?? 1
          pieces.push(Uint8Array.from(framed.slice(at, at + size)))
          at += size
        }
        const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
          start(controller) {
            for (const piece of pieces) controller.enqueue(piece)
            controller.close()
          },
        })
        const received = []
        for await (const { data } of messages({ readable, writable: new WritableStream(), reset() {} })) received.push(data)
        expect(received.map((data) => [...data])).toEqual(sent.map((data) => [...data]))
      },
    ),
    { seed: SEED, numRuns: 50 },
  )
})

test('the limit holds at N and not at N + 1, both ways', async () => {
  const { sender, receiver } = await messagesPair()
  const received = receiver[Symbol.asyncIterator]()
  const sending = sender.send(new Uint8Array(MESSAGE_MAX_BYTES))
  expect((await received.next()).value.data.length).toBe(MESSAGE_MAX_BYTES)
  await sending
  await expect(sender.send(new Uint8Array(MESSAGE_MAX_BYTES + 1))).rejects.toMatchObject({ code: 'too-large', source: 'local' })
  // Nothing was sent of it: the next one arrives as it is.
  await sender.send('after')
  expect((await received.next()).value.text()).toBe('after')

  const { local, remote } = await streamPair()
  const generous = messages(local, { maxMessageSize: 101 })
  const strict = messages(remote, { maxMessageSize: 100 })
  await generous.send(new Uint8Array(100))
  await generous.send(new Uint8Array(101))
  const strictly = strict[Symbol.asyncIterator]()
  expect((await strictly.next()).value.data.length).toBe(100)
  await expect(strictly.next()).rejects.toMatchObject({ code: 'too-large', source: 'remote' })
  const told = { code: 'too-large', source: 'remote', streamCode: STREAM_CODES.messageTooLarge }
  const sentence = { ...told, message: expect.stringContaining('takes no message that large') }
  // Whatever the sender does next: to send, to listen or to close.
  await expect(generous[Symbol.asyncIterator]().next()).rejects.toMatchObject(sentence)
  await expect(generous.send('more')).rejects.toMatchObject(sentence)
  await expect(generous.close()).rejects.toMatchObject(sentence)
  await expect(local.closed).rejects.toMatchObject({ ...told, code: 'reset' })
})

test.each([
  ['a message cut short', [5, 1, 2]],
  ['a length cut short', [0x80]],
  ['a length that is not its shortest form', [0x81, 0x00, 1]],
  ['a length beyond any size', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ['text that was written as it is', [...new TextEncoder().encode('hello, are you there?')]],
])('%s does not pass for whole', async (_, wire) => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(Uint8Array.from(wire))
  // The receiver refuses it as soon as it sees the end: the close need not come through.
  writer.close().catch(() => undefined)
  const iterator = messages(remote)[Symbol.asyncIterator]()
  const message = expect.stringContaining('both sides must use messages()')
  await expect(iterator.next()).rejects.toMatchObject({ code: 'peer-violation', source: 'remote', message })
  await expect(local.closed).rejects.toMatchObject({ code: 'reset', streamCode: STREAM_CODES.notMessages, message })
})

test('leaving the loop tells the sender to stop', async () => {
  const { sender, receiver } = await messagesPair()
  await sender.send('one')
  for await (const message of receiver) {
    expect(message.text()).toBe('one')
    break
  }
  await expect(
    (async () => {
      for (;;) await sender.send(new Uint8Array(50_000))
    })(),
  ).rejects.toMatchObject({ code: 'reset', source: 'remote' })
})

test('an iteration ends with the error that ended the stream', async () => {
  const { receiver, local } = await messagesPair()
  const next = receiver[Symbol.asyncIterator]().next()
  local.reset(4)
  await expect(next).rejects.toMatchObject({ code: 'reset', streamCode: 4 })
})

test('closing twice is closing once, and nothing is sent after it', async () => {
  const { sender, receiver } = await messagesPair()
  const closing = [sender.close(), sender.close()]
  await expect(sender.send('late')).rejects.toMatchObject({ code: 'closed' })
  expect(await receiver[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  await Promise.all(closing)
  await sender.close()
})

test('closing a stream that was reset rejects with that, each time', async () => {
  const { sender, local } = await messagesPair()
  local.reset(4)
  for (let time = 0; time < 2; time++) await expect(sender.close()).rejects.toMatchObject({ code: 'reset', streamCode: 4 })
})

test('what is neither text nor bytes is refused, and nothing is sent of it', async () => {
  const { sender, receiver } = await messagesPair()
  for (const data of [{ text: 'hello' }, null, 7, ['a'], new Blob(['x']), new SharedArrayBuffer(4)]) {
    await expect(sender.send(data as never)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('JSON.stringify'),
      cause: expect.any(TypeError),
    })
  }
  const bytes = Uint8Array.of(0, 1, 2, 3)
  for (const data of [bytes.buffer, new DataView(bytes.buffer, 1), new Uint16Array(bytes.buffer)]) await sender.send(data)
  void sender.close()
  const received: number[][] = []
  for await (const { data } of receiver) received.push([...data])
  expect(received).toEqual([
    [0, 1, 2, 3],
    [1, 2, 3],
    [0, 1, 2, 3],
  ])
})

test('a stream that is read or written already is refused', async () => {
  const expected = expect.objectContaining({
    code: 'invalid-argument',
    message: expect.stringContaining('call messages() once'),
  })
  const { local, remote } = await streamPair()
  messages(local)
  expect(() => messages(local)).toThrow(expected)
  const writer = remote.writable.getWriter()
  expect(() => messages(remote)).toThrow(expected)
  expect(remote.readable.locked).toBe(false)
  writer.releaseLock()
  const reader = remote.readable.getReader()
  expect(() => messages(remote)).toThrow(expected)
  expect(remote.writable.locked).toBe(false)
  reader.releaseLock()
  messages(remote)
})

test('what was read to the end is closed here, too', async () => {
  const { sender, receiver, local, remote } = await messagesPair()
  void sender.send('one').then(() => sender.close())
  for await (const message of receiver) {
    // What is being sent when the end comes is sent before this side closes.
    void receiver.send(`I heard ${message.text()}`)
  }
  const answers: string[] = []
  for await (const message of sender) answers.push(message.text())
  expect(answers).toEqual(['I heard one'])
  await Promise.all([local.closed, remote.closed])
  await expect(receiver.send('late')).rejects.toMatchObject({
    code: 'closed',
    message: 'The remote has closed, and so has this side.',
  })
  await receiver.close()
})

test('five thousand streams of a message each leave none behind', async () => {
  const received: string[] = []
  const { dialler, callee } = await servedPair(async (stream) => {
    for await (const message of messages(stream)) received.push(message.text())
  })
  const most = { here: 0, there: 0 }
  for (let i = 0; i < 5_000; i++) {
    const chat = messages(await dialler.open(ECHO))
    await chat.send(`${i}`)
    await chat.close()
    most.here = Math.max(most.here, dialler.stats.streams)
    most.there = Math.max(most.there, callee.stats.streams)
  }
  expect(received).toEqual(Array.from({ length: 5_000 }, (_, i) => `${i}`))
  await expect.poll(() => dialler.stats.streams + callee.stats.streams).toBe(0)
  expect(most.here).toBeLessThan(10)
  expect(most.there).toBeLessThan(10)
})

test('a message of a MiB that comes byte by byte holds little more than itself', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heldBytes = () => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const framed = Uint8Array.from({ length: MESSAGE_MAX_BYTES + 3 }, (_, i) => [0x80, 0x80, 0x40][i] ?? i % 251)
  const beforeBytes = heldBytes()
  let atLastBytes = 0
  let at = 0
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        if (at === framed.length - 1) atLastBytes = heldBytes()
        controller.enqueue(framed.slice(at, ++at))
      },
    },
    { highWaterMark: 0 },
  )
  const { value } = await messages({ readable, writable: new WritableStream(), reset() {} })
    [Symbol.asyncIterator]()
    .next()
  expect(Buffer.from(value?.data ?? []).equals(framed.subarray(3))).toBe(true)
  expect(atLastBytes - beforeBytes).toBeLessThan(8 * MESSAGE_MAX_BYTES)
})
