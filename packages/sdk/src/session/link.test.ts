import { createHash, randomBytes } from 'node:crypto'
import {
  CONTROL_EARLY_MAX,
  FRAME_MAX_BYTES,
  KithError,
  type ProtocolName,
  STREAM_WINDOW_BYTES,
  STREAMS_MAX,
} from '@kith/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import type { Lane, Lanes } from '../path/lane.ts'
import { memoryLanes, PortLane } from '../path/memory-lanes.ts'
import type { LinkStream } from './link.ts'
import { ECHO, filled, linkPair, servedPair, streamPair } from './pair.testing.ts'

const MIB = 1024 * 1024
const bytes = (text: string) => new TextEncoder().encode(text)
const turn = () => new Promise((resolve) => setImmediate(resolve))

afterEach(() => vi.unstubAllGlobals())

/** Until nothing is on its way any more: memory lanes deliver one message a turn. */
async function quiet(turns = 200): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

test('an echo, half-closed by each side in turn', async () => {
  const { dialler } = await servedPair((stream) => {
    expect(stream.params).toEqual({ doc: 'notes' })
    return stream.readable.pipeTo(stream.writable)
  })
  const stream = await dialler.open(ECHO, { params: { doc: 'notes' } })
  const writer = stream.writable.getWriter()
  await writer.write(bytes('hello'))
  await writer.close()
  // Our half is closed, theirs is not yet.
  expect(await new Response(stream.readable).text()).toBe('hello')
  await stream.closed
  await quiet()
  expect(dialler.stats.streams).toBe(0)
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
      if ((piece[0] ?? 0) < 16) await quiet(3)
    }
    return count
  }
  const [, count] = await Promise.all([send(), receive()])
  expect(count).toBe(total)
  expect(received.digest('hex')).toBe(sent.digest('hex'))
})

test('a reader that pauses stops its writer within the window, for as long as it likes', async () => {
  const lanes = memoryLanes()
  const { bulk } = lanes[0]
  let sentBytes = 0
  const send = bulk.send.bind(bulk)
  bulk.send = (message) => {
    sentBytes += message.length
    send(message)
  }
  const { local, remote } = await streamPair(lanes)
  const writer = local.writable.getWriter()
  let resolved = 0
  const writing = (async () => {
    for (let i = 0; i < 64; i++) {
      await writer.write(new Uint8Array(16 * 1024))
      resolved += 16 * 1024
    }
  })()
  await quiet()
  expect(resolved).toBe(STREAM_WINDOW_BYTES)
  const sent = sentBytes
  expect(sent).toBeLessThan(STREAM_WINDOW_BYTES + 4096)
  await quiet()
  expect(resolved).toBe(STREAM_WINDOW_BYTES)
  expect(sentBytes).toBe(sent)
  const reader = remote.readable.getReader()
  let read = 0
  while (read < MIB) read += (await reader.read()).value?.length ?? 0
  await writing
  expect(resolved).toBe(MIB)
})

test('a byob reader has its own buffers filled, and gets them back at the end', async () => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  const text = 'a byte stream, read in pieces of seven'
  void writer.write(bytes(text)).then(() => writer.close())
  const reader = remote.readable.getReader({ mode: 'byob' })
  let read = ''
  let buffer = new Uint8Array(7)
  for (;;) {
    const { done, value } = await reader.read(buffer)
    if (value === undefined) throw new Error('the buffer was kept')
    if (done) break
    read += new TextDecoder().decode(value)
    buffer = new Uint8Array(value.buffer)
  }
  expect(read).toBe(text)
})

test('reset reaches both halves of the other side, with its code', async () => {
  const { local, remote } = await streamPair()
  const reading = remote.readable.getReader().read()
  const writer = remote.writable.getWriter()
  local.reset(42)
  const expected = { name: 'KithError', code: 'reset', streamCode: 42, source: 'remote' }
  await expect(reading).rejects.toMatchObject(expected)
  await expect(writer.closed).rejects.toMatchObject(expected)
  await expect(remote.closed).rejects.toMatchObject(expected)
  await expect(local.closed).rejects.toMatchObject({ code: 'reset', source: 'local', streamCode: 42 })
})

test.each([
  ['a number', 7, 7],
  ['no number', 'enough', 0],
  ['an error that carries one', new KithError('reset', 'x', { streamCode: 9 }), 9],
])('cancel stops the writer at the other side, with %s, and leaves the other half alone', async (_, reason, streamCode) => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  await remote.readable.cancel(reason)
  await expect(writer.closed).rejects.toMatchObject({ code: 'reset', streamCode, source: 'remote' })
  const back = remote.writable.getWriter()
  await back.write(bytes('still here'))
  await back.close()
  expect(await new Response(local.readable).text()).toBe('still here')
})

test('abort gets through although a write is pending for lack of credit', async () => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  const pending = writer.write(new Uint8Array(4 * STREAM_WINDOW_BYTES))
  await quiet(20)
  const reader = remote.readable.getReader()
  await reader.read()
  const reason = new KithError('reset', 'enough', { streamCode: 5 })
  const queued = writer.write(new Uint8Array(1))
  const aborting = writer.abort(reason)
  // WHATWG Streams: all that was pending rejects with this very reason.
  for (const end of [pending, queued, writer.closed]) await expect(end).rejects.toBe(reason)
  await aborting
  const readToEnd = (async () => {
    while (!(await reader.read()).done);
  })()
  await expect(readToEnd).rejects.toMatchObject({ code: 'reset', streamCode: 5, source: 'remote' })
})

test('abort gets through although a close is pending', async () => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(bytes('half of it'))
  const closing = writer.close()
  const refused = expect(closing).rejects.toBe(6)
  // The sink's close is under way, the acknowledgement is not here yet.
  for (let i = 0; i < 5; i++) await Promise.resolve()
  // WHATWG Streams: an abort that meets a close under way shares its fate.
  await expect(writer.abort(6)).rejects.toBe(6)
  await refused
  await expect(new Response(remote.readable).text()).rejects.toMatchObject({ code: 'reset', streamCode: 6 })
})

test('abort ends its own half alone: the other goes on to its end', async () => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(bytes('never mind'))
  await writer.abort(9)
  await expect(new Response(remote.readable).text()).rejects.toMatchObject({ code: 'reset', streamCode: 9, source: 'remote' })
  const back = remote.writable.getWriter()
  await back.write(bytes('I heard '))
  await Promise.all([back.write(bytes('enough')), back.close()])
  expect(await new Response(local.readable).text()).toBe('I heard enough')
  await expect(local.closed).rejects.toMatchObject({ code: 'reset', streamCode: 9, source: 'local' })
  await expect(remote.closed).rejects.toMatchObject({ code: 'reset', streamCode: 9, source: 'remote' })
})

test('pipeTo with a signal: aborting it ends the stream at both sides', async () => {
  const { local, remote } = await streamPair()
  const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) })
  const abort = new AbortController()
  const piping = endless.pipeTo(local.writable, { signal: abort.signal })
  // WHATWG Streams: pipeTo waits for the chunk that is being written, so somebody has to go on reading.
  const reading = (async () => {
    for await (const _ of remote.readable);
  })()
  const cutOff = expect(reading).rejects.toMatchObject({ code: 'reset', streamCode: 11 })
  await turn()
  abort.abort(11)
  await expect(piping).rejects.toBe(11)
  await cutOff
  await remote.writable.close()
  expect(await new Response(local.readable).text()).toBe('')
  await expect(remote.closed).rejects.toMatchObject({ code: 'reset', streamCode: 11, source: 'remote' })
})

test('close resolves once the remote has all of it, and not before', async () => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  const writing = writer.write(new Uint8Array(STREAM_WINDOW_BYTES + 1))
  let isClosed = false
  const closing = writer.close().then(() => {
    isClosed = true
  })
  await quiet()
  expect(isClosed).toBe(false)
  const read = new Response(remote.readable).arrayBuffer()
  await Promise.all([writing, closing])
  expect((await read).byteLength).toBe(STREAM_WINDOW_BYTES + 1)
})

test('what the remote does not serve, does not take, or no longer serves', async () => {
  const no: ProtocolName = '/no/1'
  const { dialler, callee } = linkPair({}, { protocols: [ECHO, no], onIncoming: () => undefined })
  await dialler.ready
  expect([...dialler.remoteProtocols]).toEqual([ECHO, no])
  await expect(dialler.open('/other/1')).rejects.toMatchObject({ code: 'unsupported-protocol', source: 'remote' })
  await expect(dialler.open('nonsense' as ProtocolName)).rejects.toMatchObject({ code: 'invalid-protocol' })
  await expect(dialler.open(ECHO, { params: 'x'.repeat(1023) })).rejects.toMatchObject({ code: 'too-large' })
  await expect(dialler.open(ECHO, { priority: 0.5 })).rejects.toMatchObject({ code: 'invalid-argument' })

  const stream = await dialler.open(['/other/1', no])
  expect(stream.protocol).toBe(no)
  await expect(stream.readable.getReader().read()).rejects.toMatchObject({ code: 'unsupported-protocol' })
  await expect(stream.writable.getWriter().closed).rejects.toMatchObject({ code: 'unsupported-protocol', source: 'remote' })

  const told = new Promise<ReadonlySet<ProtocolName>>((resolve) => dialler.onProtocols(resolve))
  callee.setProtocols([no])
  expect([...(await told)]).toEqual([no])
  await expect(dialler.open(ECHO)).rejects.toMatchObject({ code: 'unsupported-protocol' })
})

test('a signal ends the wait for a link, with its reason', async () => {
  const [lanes] = memoryLanes()
  const { dialler } = linkPair({}, {}, [lanes, memoryLanes()[1]])
  const abort = new AbortController()
  const opening = dialler.open(ECHO, { signal: abort.signal })
  abort.abort('changed my mind')
  await expect(opening).rejects.toMatchObject({ name: 'AbortError', code: 'aborted', cause: 'changed my mind' })
  await expect(dialler.open(ECHO, { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
  dialler.fail(new KithError('lost'))
})

test('a handler that throws resets its stream, and the console is told', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const mistake = new Error('mistake')
  const { dialler } = await servedPair(() => {
    throw mistake
  })
  const stream = await dialler.open(ECHO)
  await expect(stream.closed).rejects.toMatchObject({ code: 'reset', streamCode: 0, source: 'remote' })
  expect(told).toHaveBeenCalledWith(mistake)
  told.mockRestore()
})

test('a goodbye ends both sides: pending reads and writes reject, closed fulfils', async () => {
  const { local, remote, dialler, callee } = await streamPair()
  const reading = remote.readable.getReader().read()
  const writing = remote.writable.getWriter().write(new Uint8Array(2 * STREAM_WINDOW_BYTES))
  const expected = { code: 'closed', source: 'remote', message: 'enough' }
  const rejected = Promise.all([reading, writing, remote.closed].map((end) => expect(end).rejects.toMatchObject(expected)))
  await quiet(20)
  await dialler.close({ code: 3, reason: 'enough' })
  await rejected
  await expect(local.closed).rejects.toMatchObject({ code: 'closed', source: 'local' })
  expect(await callee.closed).toEqual({ code: 3, reason: 'enough' })
  expect(await dialler.closed).toEqual({ code: 3, reason: 'enough' })
  await expect(dialler.open(ECHO)).rejects.toMatchObject({ code: 'closed' })
})

test('what had come whole before a goodbye can still be read', async () => {
  const { local, remote, dialler, callee } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(bytes('the last word'))
  await writer.close()
  await dialler.close()
  await callee.closed
  expect(await new Response(remote.readable).text()).toBe('the last word')
})

test('a path that dies rejects everything with its error', async () => {
  const { local, remote, dialler, callee } = await streamPair()
  const reading = local.readable.getReader().read()
  const writing = remote.writable.getWriter().write(new Uint8Array(2 * STREAM_WINDOW_BYTES))
  const lost = new KithError('lost', 'gone', { source: 'network' })
  const settled = Promise.allSettled([reading, dialler.closed, local.closed, callee.closed, writing])
  dialler.fail(lost)
  const [read, closed, streamClosed, remoteClosed, write] = await settled
  for (const end of [read, closed, streamClosed]) expect(end).toEqual({ status: 'rejected', reason: lost })
  for (const end of [remoteClosed, write]) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'lost' } })
  await expect(dialler.open(ECHO)).rejects.toBe(lost)
})

test('mismatched confirmations: both ends stop, no handler is called', async () => {
  const handler = vi.fn()
  const serve = { protocols: [ECHO], onIncoming: handler }
  const forged = { confirmation: { ours: filled(32, 1), theirs: filled(32, 9) } }
  const { dialler, callee } = linkPair({ ...serve, ...forged }, serve)
  const opening = dialler.open(ECHO)
  await expect(opening).rejects.toMatchObject({ code: 'peer-violation', source: 'remote' })
  await expect(dialler.closed).rejects.toMatchObject({ code: 'peer-violation' })
  await expect(callee.closed).rejects.toBeInstanceOf(KithError)
  expect(handler).not.toHaveBeenCalled()
})

test('a message that is not binary ends the link', async () => {
  const [here, there] = memoryLanes()
  let deliver: (event: { data: unknown }) => void = () => {}
  const bulk: Lane = {
    readyState: 'open',
    bufferedAmount: 0,
    bufferedAmountLowThreshold: 0,
    send() {},
    close() {},
    addEventListener(type: string, listener: (event: { data: unknown }) => void) {
      if (type === 'message') deliver = listener
    },
  }
  const { dialler } = linkPair({}, {}, [{ ...here, bulk }, there])
  await dialler.ready
  deliver({ data: 'text' })
  await expect(dialler.closed).rejects.toMatchObject({ code: 'peer-violation' })
})

test(`${STREAMS_MAX} streams at once, each with its own bytes`, async () => {
  const { dialler } = await servedPair((stream) => stream.readable.pipeTo(stream.writable))
  const streams = await Promise.all(Array.from({ length: STREAMS_MAX }, () => dialler.open(ECHO)))
  await expect(dialler.open(ECHO)).rejects.toMatchObject({ code: 'too-many' })
  await Promise.all(
    streams.map(async (stream, i) => {
      const writer = stream.writable.getWriter()
      void writer.write(bytes(`stream ${i}`)).then(() => writer.close())
      expect(await new Response(stream.readable).text()).toBe(`stream ${i}`)
    }),
  )
})

test('over message ports as well, with their own count of what is on its way', async () => {
  const ports = () => {
    const { port1, port2 } = new MessageChannel()
    return [new PortLane(port1), new PortLane(port2)] as const
  }
  const [control, datagrams, urgent, bulk] = [ports(), ports(), ports(), ports()]
  const end = (i: 0 | 1): Lanes => ({ control: control[i], datagrams: datagrams[i], urgent: urgent[i], bulk: bulk[i] })
  const serve = { protocols: [ECHO], onIncoming: () => (stream: LinkStream) => stream.readable.pipeTo(stream.writable) }
  const { dialler, callee } = linkPair({}, serve, [end(0), end(1)])
  const stream = await dialler.open(ECHO)
  const sent = randomBytes(2 * MIB)
  const writer = stream.writable.getWriter()
  void writer.write(sent).then(() => writer.close())
  expect(Buffer.from(await new Response(stream.readable).arrayBuffer()).equals(sent)).toBe(true)
  await dialler.close({ code: 1 })
  expect(await callee.closed).toEqual({ code: 1, reason: '' })
})

test('writes share messages: first data goes in the OPEN, and chunks of a frame each take a message each', async () => {
  const lanes = memoryLanes()
  const { bulk } = lanes[0]
  const lengths: number[] = []
  const send = bulk.send.bind(bulk)
  bulk.send = (message) => {
    lengths.push(message.length)
    send(message)
  }
  let received = 0
  const onIncoming = () => async (stream: LinkStream) => {
    for await (const chunk of stream.readable) received += chunk.length
    await stream.writable.close()
  }
  const { dialler } = linkPair({}, { protocols: [ECHO], onIncoming }, lanes)
  // Frames are full once the path has shown what it carries.
  const warm = await dialler.open(ECHO)
  const warming = warm.writable.getWriter()
  await warming.write(new Uint8Array(8 * 1024 * 1024))
  await warming.close()
  await warm.closed
  lengths.length = 0
  received = 0
  const stream = await dialler.open(ECHO)
  const writer = stream.writable.getWriter()
  await writer.write(Uint8Array.of(1))
  expect(lengths.length).toBe(1)
  // Each awaited, so that none is there yet when the one before it has been framed.
  const chunks = 3 // the credit that every stream starts with, so that nothing waits for more of it
  for (let i = 0; i < chunks; i++) await writer.write(new Uint8Array(FRAME_MAX_BYTES))
  await writer.close()
  await stream.closed
  expect(received).toBe(1 + chunks * FRAME_MAX_BYTES)
  // The OPEN, each chunk, what the headers left over together with FIN.
  expect(lengths.length).toBe(1 + chunks + 1)
  // What nobody adds to does not wait for ever.
  const other = await dialler.open(ECHO)
  const before = received
  await other.writable.getWriter().write(new Uint8Array(FRAME_MAX_BYTES + 1))
  await expect.poll(() => received - before).toBe(FRAME_MAX_BYTES + 1)
})

test('other parts have their own messages on the control lane', async () => {
  const { dialler, callee } = linkPair()
  await Promise.all([dialler.ready, callee.ready])
  const told = new Promise((resolve) => callee.onControl((type, fields) => resolve([type, fields.text(100)])))
  dialler.sendControl(4, ['v=0'])
  expect(await told).toEqual([4, 'v=0'])
})

test('retiring is said only where both know it; else it is a violation', async () => {
  const both = linkPair()
  await Promise.all([both.dialler.ready, both.callee.ready])
  const told = new Promise((resolve) => both.callee.onControl(resolve))
  both.dialler.sendControl(11, [])
  expect(await told).toBe(11)
  const one = linkPair({}, { features: [] })
  await Promise.all([one.dialler.ready, one.callee.ready])
  expect([one.dialler.has('retire'), one.callee.has('retire')]).toEqual([false, false])
  one.dialler.sendControl(11, [])
  await expect(one.callee.closed).rejects.toMatchObject({ code: 'peer-violation' })
})

test('each end knows where the other end of the path is when it is ready, and when that changes', async () => {
  const { dialler, callee } = linkPair({ awaitsPath: true }, { awaitsPath: true })
  let isReady = false
  dialler.ready.then(() => {
    isReady = true
  })
  callee.locate(true)
  await vi.waitFor(() => expect(dialler.remoteIsAtTurn).toBe(true))
  expect(isReady).toBe(false)
  dialler.locate(false)
  await Promise.all([dialler.ready, callee.ready])
  expect([dialler.remoteIsAtTurn, callee.remoteIsAtTurn]).toEqual([true, false])
  const moved = vi.fn()
  const stop = dialler.onPath(moved)
  callee.locate(false)
  await vi.waitFor(() => expect(moved).toHaveBeenCalledOnce())
  expect(dialler.remoteIsAtTurn).toBe(false)
  dialler.locate(true)
  expect(moved).toHaveBeenCalledTimes(2)
  stop()
  dialler.locate(false)
  expect(moved).toHaveBeenCalledTimes(2)
})

test('a remote that does not say where its end of the path is holds nothing up', async () => {
  const { dialler, callee } = linkPair({ awaitsPath: true }, { features: [] })
  dialler.locate(true)
  await Promise.all([dialler.ready, callee.ready])
  dialler.locate(false)
  callee.locate(true)
  dialler.ping()
  await vi.waitFor(() => expect(dialler.roundTripMs).toBeDefined())
  expect([dialler.remoteIsAtTurn, callee.remoteIsAtTurn]).toEqual([undefined, undefined])
})

test('a ping is answered at once, and what was heard last is known', async () => {
  const { dialler, callee } = linkPair()
  expect(dialler.heardAt).toBe(0)
  await Promise.all([dialler.ready, callee.ready])
  await vi.waitFor(() => expect(dialler.roundTripMs).toBeDefined())
  const before = performance.now()
  const heard = new Promise<void>((resolve) => dialler.onHeard(resolve))
  dialler.ping()
  await heard
  await vi.waitFor(() => expect(dialler.heardAt).toBeGreaterThanOrEqual(before))
})

test('the code of a stream survives a clone of its error as JSON, and in words', async () => {
  const { local, remote } = await streamPair()
  const reading = remote.readable.getReader().read()
  local.reset(42)
  const error = (await reading.catch((reason: unknown) => reason)) as KithError
  expect(structuredClone(error).message).toContain('42')
  const clone = structuredClone(error.toJSON())
  expect(clone).toMatchObject({ name: 'KithError', code: 'reset', source: 'remote', streamCode: 42 })
  // As where a worker that pumps bytes says why it stopped.
  const other = await streamPair()
  await other.local.writable.abort(clone)
  await expect(other.remote.readable.getReader().read()).rejects.toMatchObject({ code: 'reset', streamCode: 42 })
})

// ── control messages before anyone listens ──

/** A ready pair whose callee has `count` control messages, and what comes to its listeners. */
async function early(count: number) {
  const pair = linkPair()
  await Promise.all([pair.dialler.ready, pair.callee.ready])
  const arrived = new Promise<void>((resolve) => {
    let left = count
    pair.callee.onHeard(() => --left === 0 && resolve())
  })
  for (let n = 0; n < count; n++) {
    pair.dialler.sendControl(10, [`${n}`])
    // Each in a message of its own.
    await turn()
  }
  await Promise.race([arrived, pair.callee.closed.catch(() => undefined)])
  return pair
}

test('CONTROL_EARLY_MAX control messages that come before anyone listens reach all listeners, in order and before later ones', async () => {
  const { dialler, callee } = await early(CONTROL_EARLY_MAX)
  const heard: string[][] = [[], []]
  const last = new Promise<void>((resolve) => {
    for (const list of heard) {
      callee.onControl((_, fields) => {
        list.push(fields.text(100))
        if (list.at(-1) === 'late' && list === heard[1]) resolve()
      })
    }
  })
  dialler.sendControl(10, ['late'])
  await last
  const all = [...Array.from({ length: CONTROL_EARLY_MAX }, (_, n) => `${n}`), 'late']
  expect(heard).toEqual([all, all])
})

test('one control message more than CONTROL_EARLY_MAX before anyone listens is a violation', async () => {
  const { callee } = await early(CONTROL_EARLY_MAX + 1)
  await expect(callee.closed).rejects.toMatchObject({ code: 'peer-violation' })
})
