import { MESSAGE_MAX_BYTES } from '@kith/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Message, messages } from './messages.ts'
import { streamPair } from './pair.testing.ts'

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
  await expect(local.closed).rejects.toMatchObject({ code: 'reset', source: 'remote' })
})

test.each([
  ['a message cut short', [5, 1, 2]],
  ['a length cut short', [0x80]],
  ['a length that is not its shortest form', [0x81, 0x00, 1]],
])('%s does not pass for whole', async (_, wire) => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(Uint8Array.from(wire))
  // The receiver refuses it as soon as it sees the end: the close need not come through.
  writer.close().catch(() => undefined)
  const iterator = messages(remote)[Symbol.asyncIterator]()
  await expect(iterator.next()).rejects.toMatchObject({ code: 'peer-violation', source: 'remote' })
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
