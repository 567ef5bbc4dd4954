import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import {
  DATAGRAM_AGE_MAX_MS,
  DATAGRAM_EARLY_MAX,
  DATAGRAM_EARLY_MS,
  DATAGRAM_MAX_BYTES,
  DATAGRAM_QUEUE_MAX,
  DATAGRAM_QUEUE_MAX_BYTES,
  DATAGRAMS_QUEUED_MAX_BYTES,
} from '../limits.ts'
import { type Bench, ECHO, exchange, filled, readyPair } from '../session/pair.testing.ts'
import type { MuxStream } from './stream.ts'

const open = (bench: Bench) => bench.session.open({ kind: 'datagrams', protocols: [ECHO] })

/** A flow that both ends know of. */
function flowPair(): { a: Bench; b: Bench; mine: MuxStream; theirs: MuxStream } {
  const [a, b] = readyPair()
  const mine = open(a)
  exchange(a, b)
  const theirs = b.acceptLast()
  exchange(a, b)
  return { a, b, mine, theirs }
}

const send = (bench: Bench, stream: MuxStream, bytes: Uint8Array) => bench.session.sendDatagram(stream, bytes, bench.now)

/** All that can be read now. */
function read(bench: Bench, stream: MuxStream): Uint8Array[] {
  const all: Uint8Array[] = []
  for (let one = bench.session.readDatagram(stream); one !== undefined; one = bench.session.readDatagram(stream)) all.push(one)
  return all
}

test('a datagram is `varint flow ‖ bytes`, a copy, and read at the start of a buffer of its own', () => {
  const { a, b, mine, theirs } = flowPair()
  expect(read(b, theirs)).toEqual([])
  const bytes = Uint8Array.of(7, 8)
  send(a, mine, bytes)
  bytes.fill(0)
  const [message] = a.sent('datagrams')
  expect(message?.bytes).toEqual(Uint8Array.of(1, 7, 8))
  b.receive('datagrams', message!.bytes.slice())
  expect(b.last('flow')?.stream).toBe(theirs)
  const [got] = read(b, theirs)
  expect(got).toEqual(Uint8Array.of(7, 8))
  expect(got?.byteOffset).toBe(0)
  send(b, theirs, new Uint8Array(0))
  exchange(a, b)
  expect(read(a, mine)).toEqual([new Uint8Array(0)])
  expect(mine.flow?.stats).toEqual({ sent: 1, received: 1, droppedOutgoing: 0, droppedIncoming: 0 })
})

test('all flows of a link are summed, those that have ended included', () => {
  const { a, b, mine, theirs } = flowPair()
  for (let n = 1; n <= 2; n++) send(a, mine, Uint8Array.of(n))
  exchange(a, b)
  b.session.ignoreDatagrams(theirs)
  a.session.refuseDatagram(mine)
  a.session.reset(mine, 0)
  exchange(a, b)
  const another = open(a)
  exchange(a, b)
  send(a, another, Uint8Array.of(3))
  exchange(a, b)
  expect(mine.flow?.stats).toEqual({ sent: 2, received: 0, droppedOutgoing: 1, droppedIncoming: 0 })
  expect(a.session.datagrams).toEqual({ sent: 3, received: 0, droppedOutgoing: 1, droppedIncoming: 0 })
  expect(b.session.datagrams).toMatchObject({ sent: 0, received: 2, droppedIncoming: 2 })
})

test(`${DATAGRAM_MAX_BYTES} bytes pass; one more is refused by the sender and ignored by the receiver`, () => {
  const { a, b, mine, theirs } = flowPair()
  send(a, mine, filled(DATAGRAM_MAX_BYTES, 1))
  expect(() => send(a, mine, filled(DATAGRAM_MAX_BYTES + 1, 1))).toThrow(expect.objectContaining({ code: 'too-large' }))
  expect(a.sent('datagrams')).toHaveLength(1)
  b.receive('datagrams', filled(1 + DATAGRAM_MAX_BYTES, 1))
  b.receive('datagrams', filled(2 + DATAGRAM_MAX_BYTES, 1))
  expect(read(b, theirs).map(({ length }) => length)).toEqual([DATAGRAM_MAX_BYTES])
  expect(b.failure).toBeUndefined()
})

test('nothing leaves before the OPEN of its flow, nor before hello', () => {
  const [a, b] = readyPair()
  const mine = open(a)
  send(a, mine, filled(1, 1))
  expect(a.sent('datagrams')).toEqual([])
  expect(a.sent('bulk')).toHaveLength(1)
  expect(a.sent('datagrams')).toHaveLength(1)
  expect(b.failure).toBeUndefined()
})

test(`a datagram waits ${DATAGRAM_AGE_MAX_MS} ms; longer, and it is dropped, the oldest first`, () => {
  const { a, mine } = flowPair()
  send(a, mine, Uint8Array.of(1))
  a.now += 1
  send(a, mine, Uint8Array.of(2))
  a.now += DATAGRAM_AGE_MAX_MS
  expect(a.sent('datagrams').map(({ bytes }) => bytes[1])).toEqual([2])
  expect(mine.flow?.stats).toMatchObject({ sent: 1, droppedOutgoing: 1 })
})

test.each([
  ['datagrams', DATAGRAM_QUEUE_MAX, 4],
  ['bytes', Math.floor(DATAGRAM_QUEUE_MAX_BYTES / DATAGRAM_MAX_BYTES), DATAGRAM_MAX_BYTES],
])('a queue of N %s keeps all, at N + 1 the oldest goes: to be sent and to be read', (_, count, size) => {
  const { a, b, mine, theirs } = flowPair()
  const numbered = (n: number) => {
    const bytes = new Uint8Array(size)
    new DataView(bytes.buffer).setUint32(0, n)
    return bytes
  }
  const first = (bytes: Uint8Array | undefined) => bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  for (let n = 0; n < count; n++) send(a, mine, numbered(n))
  expect(mine.flow?.stats.droppedOutgoing).toBe(0)
  send(a, mine, numbered(count))
  expect(mine.flow?.stats.droppedOutgoing).toBe(1)
  const sent = a.sent('datagrams')
  expect(sent).toHaveLength(count)
  expect(first(sent[0]?.bytes.subarray(1))).toBe(1)
  for (const { lane, bytes } of sent) b.receive(lane, bytes)
  expect(theirs.flow?.stats.droppedIncoming).toBe(0)
  send(a, mine, numbered(count + 1))
  exchange(a, b)
  expect(theirs.flow?.stats).toMatchObject({ received: count + 1, droppedIncoming: 1 })
  const got = read(b, theirs)
  expect([got.length, first(got[0]), first(got.at(-1))]).toEqual([count, 2, count + 1])
})

test('all flows of a link together hold no more than they may, and give it back', () => {
  const { a, b } = flowPair()
  const flows = Array.from({ length: 8 }, () => {
    const mine = open(a)
    exchange(a, b)
    return { mine, theirs: b.acceptLast() }
  })
  exchange(a, b)
  const full = filled(DATAGRAM_MAX_BYTES, 1)
  const fits = Math.floor(DATAGRAMS_QUEUED_MAX_BYTES / (DATAGRAM_MAX_BYTES + 64))
  const queued = () => flows.reduce((sum, { mine }) => sum + (mine.flow?.outgoing.length ?? 0), 0)
  for (let n = 0; n < 900; n++) for (const { mine } of flows) send(a, mine, full)
  expect(queued()).toBe(fits)
  const sent = a.sent('datagrams')
  expect(sent).toHaveLength(fits)
  expect(new Set(sent.slice(0, 8).map(({ bytes }) => bytes[0])).size).toBe(8) // each in turn
  for (const { lane, bytes } of [...sent, ...sent]) b.receive(lane, bytes)
  const unread = () => flows.reduce((sum, { theirs }) => sum + (theirs.flow?.incoming.length ?? 0), 0)
  expect(unread()).toBeLessThanOrEqual(fits)
  for (const { theirs } of flows) b.session.ignoreDatagrams(theirs)
  expect(unread()).toBe(0)
  for (let n = 0; n < 900; n++) send(a, flows[0]!.mine, full)
  expect(a.sent('datagrams')).toHaveLength(900)
})

test(`what overtakes its OPEN is kept: ${DATAGRAM_EARLY_MAX} of them, for ${DATAGRAM_EARLY_MS} ms`, () => {
  for (const { count, waitMs, first, kept } of [
    { count: DATAGRAM_EARLY_MAX, waitMs: DATAGRAM_EARLY_MS - 1, first: 0, kept: DATAGRAM_EARLY_MAX },
    { count: DATAGRAM_EARLY_MAX + 1, waitMs: 0, first: 1, kept: DATAGRAM_EARLY_MAX },
    { count: 1, waitMs: DATAGRAM_EARLY_MS, first: undefined, kept: 0 },
  ]) {
    const [a, b] = readyPair()
    const mine = open(a)
    const opening = a.sent('bulk')
    for (let n = 0; n < count; n++) send(a, mine, Uint8Array.of(n))
    for (const { lane, bytes } of a.sent('datagrams')) b.receive(lane, bytes)
    expect(b.session.deadline()).toBeLessThanOrEqual(b.now + DATAGRAM_EARLY_MS)
    b.now += waitMs
    b.give({ type: 'tick' })
    for (const { lane, bytes } of opening) b.receive(lane, bytes)
    const got = read(b, b.acceptLast())
    expect([got.length, got[0]?.[0]]).toEqual([kept, first])
  }
})

test('for flows that nobody knows, that are streams, not accepted or over: dropped, and no offence', () => {
  const { a, b, mine, theirs } = flowPair()
  for (const id of [0, 2, 4, 99, 1000]) b.receive('datagrams', Uint8Array.of(...(id < 128 ? [id] : [0xe8, 0x07]), 1))
  a.session.open({ protocols: [ECHO] })
  exchange(a, b)
  b.receive('datagrams', Uint8Array.of(3, 1)) // a stream
  open(a)
  exchange(a, b)
  b.receive('datagrams', Uint8Array.of(5, 1)) // not accepted
  expect(read(b, b.acceptLast())).toEqual([])
  a.session.finish(mine)
  expect(() => send(a, mine, filled(1, 1))).toThrow(expect.objectContaining({ code: 'closed' }))
  b.receive('datagrams', Uint8Array.of(1, 1)) // its end has not come yet
  exchange(a, b)
  expect(() => send(b, theirs, filled(1, 1))).toThrow(expect.objectContaining({ code: 'closed' }))
  b.receive('datagrams', Uint8Array.of(1, 2)) // now it has
  expect(read(b, theirs)).toEqual([Uint8Array.of(1)])
  expect(b.failure).toBeUndefined()
})

test('what waits when its flow ends is dropped, and whoever waits for room is told', () => {
  const { a, mine } = flowPair()
  send(a, mine, filled(1, 1))
  expect(a.session.isDrained(mine)).toBe(false)
  a.session.reset(mine, 0)
  expect(a.sent('datagrams')).toEqual([])
  expect(a.last('flow')?.stream).toBe(mine)
  expect(a.session.isDrained(mine)).toBe(true)
  expect(mine.flow?.stats).toMatchObject({ sent: 0, droppedOutgoing: 1 })
})

test('a message that does not begin with a varint is a violation', () => {
  for (const bytes of [[], [0x80], [0x81, 0x00], Array(9).fill(0xff)]) {
    const { b } = flowPair()
    b.receive('datagrams', Uint8Array.from(bytes))
    expect(b.failure).toBe('peer-violation')
  }
})

test('lost, repeated and reordered: what is read was sent, and streams do not notice', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, count) => {
      const random = seededRandom(seed)
      const below = (n: number) => random.next32() % n
      const { a, b, mine, theirs } = flowPair()
      const stream = a.session.open({ protocols: [ECHO] })
      const wire: Uint8Array<ArrayBuffer>[] = []
      let [sent, got] = [0, 0]
      for (let n = 0; n < count; n++) {
        send(a, mine, Uint8Array.of(n >> 8, n & 0xff, (n * 7) & 0xff))
        a.session.write(stream, Uint8Array.of(n & 0xff))
        a.now += below(5)
        b.now = a.now
        for (const { bytes } of a.sent('datagrams')) {
          sent += 1
          for (let copies = below(3); copies > 0; copies--) wire.splice(below(wire.length + 1), 0, bytes)
        }
        for (let arrive = below(4); arrive > 0 && wire.length > 0; arrive--) b.receive('datagrams', wire.shift()!)
        exchange(a, b)
        for (const [hi, lo, check] of read(b, theirs)) {
          got += 1
          expect(check).toBe(((hi! * 256 + lo!) * 7) & 0xff)
        }
      }
      expect(sent).toBe(count)
      expect(b.failure ?? a.failure).toBeUndefined()
      expect(theirs.flow?.stats).toMatchObject({ received: got, droppedIncoming: 0 })
      let bytes = 0
      for (let part = b.session.read(b.acceptLast()); part; part = b.session.read(b.last('incoming')!.stream))
        bytes += part.length
      expect(bytes).toBe(count)
    }),
    { numRuns: 100 },
  )
})

const MUTATIONS = Number(process.env.KITH_FUZZ ?? 20_000)
const SEED = Number(process.env.KITH_SEED ?? 1)

test(`${MUTATIONS} damaged datagrams: taken, dropped or a violation, and never kept without bound (seed ${SEED})`, () => {
  let { b, theirs } = flowPair()
  const corpus = [Uint8Array.of(1, 2, 3), filled(1 + DATAGRAM_MAX_BYTES, 1), Uint8Array.of(0xff, 0xff, 0x7f, 1)]
  for (const message of mutations(SEED, corpus, MUTATIONS)) {
    b.receive('datagrams', message)
    if (b.failure !== undefined) {
      expect(b.failure).toBe('peer-violation')
      ;({ b, theirs } = flowPair())
    }
    expect(theirs.flow?.incoming.length).toBeLessThanOrEqual(DATAGRAM_QUEUE_MAX)
  }
})
