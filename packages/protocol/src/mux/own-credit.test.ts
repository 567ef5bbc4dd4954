/** What each stream may carry beyond the connection's credit: streams that nobody reads cannot stop the others. */
import { expect, test } from 'vitest'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { concat } from '../bytes/bytes.ts'
import { CONNECTION_WINDOW_BYTES, STREAM_RESERVE_BYTES, STREAM_WINDOW_BYTES, UNREAD_MAX_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { Bench, ECHO, exchange, filled, readyPair, type SentMessage } from '../session/pair.testing.ts'
import { decodeFrame, encodeDataHeader, encodeOwnCredit, makeOwn } from './frames.ts'
import { unpackMessage } from './packing.ts'
import type { MuxStream } from './stream.ts'

const SEED = Number(process.env.KITH_SEED ?? 1)

const frames = (messages: readonly SentMessage[]) =>
  messages
    .filter(({ lane }) => lane === 'bulk' || lane === 'urgent')
    .flatMap(({ bytes }) => unpackMessage(bytes).map(decodeFrame))

function ownData(stream: number, data: Bytes): Bytes {
  const header = encodeDataHeader(stream)
  const frame = concat(header, data)
  makeOwn(frame, header.length)
  return frame
}

interface Opened {
  readonly local: MuxStream
  readonly remote: MuxStream
}

function open([dialler, callee]: readonly [Bench, Bench], priority = 0): Opened {
  const local = dialler.session.open({ protocols: [ECHO], priority })
  exchange(dialler, callee)
  return { local, remote: callee.acceptLast() }
}

/** Writes until neither end moves any more; returns how much went. */
function write([dialler, callee]: readonly [Bench, Bench], stream: MuxStream, bytes: number): number {
  let left = bytes
  for (let count = -1; count !== 0 && left > 0; left -= count) {
    count = dialler.session.write(stream, new Uint8Array(left))
    exchange(dialler, callee)
  }
  return bytes - left
}

function readAll(bench: Bench, stream: MuxStream): number {
  let count = 0
  for (let chunk = bench.session.read(stream); chunk !== undefined; chunk = bench.session.read(stream)) count += chunk.length
  return count
}

/** Nobody reads what holds all that the connection may hold. */
function fill(pair: readonly [Bench, Bench]): Opened[] {
  const opened: Opened[] = []
  while (pair[1].session.unreadBytes < UNREAD_MAX_BYTES) {
    const stream = open(pair)
    write(pair, stream.local, STREAM_WINDOW_BYTES)
    opened.push(stream)
  }
  return opened
}

test('four unread streams do not freeze the connection, nor do as many as fill it to its bound', () => {
  const pair = readyPair()
  const [dialler, callee] = pair
  const chat = open(pair)
  for (let i = 0; i < 4; i++) write(pair, open(pair).local, 1024 * 1024)
  expect(callee.session.unreadBytes).toBe(4 * STREAM_WINDOW_BYTES)
  expect(write(pair, chat.local, 100_000)).toBe(100_000)
  expect(readAll(callee, chat.remote)).toBe(100_000)

  fill(pair)
  for (const { local, remote } of [chat, open(pair), open(pair, 10)]) {
    for (let round = 0; round < 10; round++) {
      expect(write(pair, local, 3_000)).toBe(3_000)
      expect(readAll(callee, remote)).toBe(3_000)
      exchange(dialler, callee)
    }
    // Far more than a reserve: a part of it at a time.
    let received = 0
    write(pair, local, 50_000)
    for (let turn = 0; turn < 100 && received < 50_000; turn++) {
      received += readAll(callee, remote)
      exchange(dialler, callee)
    }
    expect(received).toBe(50_000)
  }
  const bound = UNREAD_MAX_BYTES + callee.session.streams * STREAM_RESERVE_BYTES
  expect(callee.session.unreadBytes).toBeLessThanOrEqual(bound)
  expect([dialler.failure, callee.failure]).toEqual([undefined, undefined])
})

test('an opener without credit says what it opens all the same, with its first data behind', () => {
  const pair = readyPair()
  const [dialler, callee] = pair
  fill(pair)
  const local = dialler.session.open({ protocols: [ECHO] })
  dialler.session.write(local, filled(1_000, 7))
  const sent = dialler.sent()
  expect(frames(sent).map(({ type }) => type)).toEqual(['open', 'own-data'])
  for (const { lane, bytes } of sent) callee.receive(lane, bytes)
  expect(readAll(callee, callee.acceptLast())).toBe(1_000)
})

test('the reserve is exact: the last byte of it is taken, the next one ends the link', () => {
  for (const [extra, failure] of [
    [0, undefined],
    [1, 'peer-violation'],
  ] as const) {
    const [dialler, callee] = readyPair()
    dialler.session.open({ protocols: [ECHO] })
    exchange(dialler, callee)
    callee.acceptLast()
    callee.receive('bulk', ownData(1, filled(STREAM_RESERVE_BYTES, 1)))
    callee.receive('bulk', ownData(1, filled(extra, 1)))
    expect(callee.failure).toBe(failure)
  }
})

test('it is no way around the window of a stream', () => {
  const pair = readyPair()
  const { local } = open(pair)
  write(pair, local, STREAM_WINDOW_BYTES)
  pair[1].receive('bulk', ownData(local.id, filled(1, 1)))
  expect(pair[1].failure).toBe('peer-violation')
})

test('only what was read of it is granted anew', () => {
  const pair = readyPair()
  const [dialler, callee] = pair
  const filling = fill(pair)
  const { local, remote } = open(pair)
  expect(write(pair, local, 20_000)).toBe(20_000)
  // The rest waits.
  expect(callee.session.unreadBytes).toBe(UNREAD_MAX_BYTES + STREAM_RESERVE_BYTES)
  exchange(dialler, callee)
  expect(callee.session.unreadBytes).toBe(UNREAD_MAX_BYTES + STREAM_RESERVE_BYTES)
  expect(readAll(callee, remote)).toBe(STREAM_RESERVE_BYTES)
  expect(frames(callee.sent()).filter(({ type }) => type !== 'ack')).toEqual([
    { type: 'own-credit', stream: local.id, offset: 2 * STREAM_RESERVE_BYTES },
  ])
  // What the connection holds goes back to it, not to the reserve.
  const [first] = filling
  if (first === undefined) throw new Error('something filled it')
  readAll(callee, first.remote)
  expect(frames(callee.sent()).map(({ type, stream }) => [type, stream])).toContainEqual(['credit', 0])
})

test.each<[string, (pair: readonly [Bench, Bench], opened: Opened) => void]>([
  ['reset here', ([dialler], { local }) => dialler.session.reset(local, 1)],
  ['reset there', ([, callee], { remote }) => callee.session.reset(remote, 1)],
  ['stopped', ([, callee], { remote }) => callee.session.stop(remote, 1)],
  ['aborted', ([dialler], { local }) => dialler.session.abort(local, 1)],
])('a stream that is %s gives back nothing that was not taken', (_, end) => {
  const pair = readyPair()
  const [dialler, callee] = pair
  const filling = fill(pair)
  const opened = open(pair)
  write(pair, opened.local, STREAM_RESERVE_BYTES - 1)
  end(pair, opened)
  exchange(dialler, callee)
  expect(callee.session.unreadBytes).toBe(UNREAD_MAX_BYTES)
  // Late: it crossed the end.
  callee.receive('bulk', ownData(opened.local.id, filled(1, 1)))
  dialler.receive('bulk', encodeOwnCredit(opened.local.id, 1_000_000))
  for (const { remote } of filling) callee.session.reset(remote, 0)
  exchange(dialler, callee)
  expect(callee.session.unreadBytes).toBe(0)
  expect([dialler.failure, callee.failure]).toEqual([undefined, undefined])
})

test('whatever is read when, both ends agree on what was charged to whom', () => {
  const random = seededRandom(SEED).below
  const pair = readyPair()
  const [dialler, callee] = pair
  const streams = Array.from({ length: 80 }, (_, i) => open(pair, i % 3))
  const [written, read] = [streams.map(() => 0), streams.map(() => 0)]
  for (let step = 0; step < 3_000; step++) {
    const at = random(streams.length)
    const stream = streams[at] as Opened
    if (random(3) > 0) {
      written[at] = (written[at] ?? 0) + dialler.session.write(stream.local, new Uint8Array(random(300_000)))
    } else {
      for (let chunks = random(4); chunks > 0; chunks--)
        read[at] = (read[at] ?? 0) + (callee.session.read(stream.remote)?.length ?? 0)
    }
    exchange(dialler, callee)
    expect(callee.failure).toBeUndefined()
  }
  for (let left = 0, turn = 0; turn < 200; turn++) {
    left = 0
    streams.forEach(({ remote }, i) => {
      read[i] = (read[i] ?? 0) + readAll(callee, remote)
      left += (written[i] ?? 0) - (read[i] ?? 0)
    })
    exchange(dialler, callee)
    if (left === 0) break
  }
  expect(read).toEqual(written)
  expect(callee.session.unreadBytes).toBe(0)
})

test.each([
  ['the sender', [[], undefined]],
  ['the receiver', [undefined, []]],
] as const)('where %s does not have it, no such frame is sent, and one that comes is a violation', (_, [ours, theirs]) => {
  const dialler = new Bench(0, ours && { features: ours })
  const callee = new Bench(1, theirs && { features: theirs })
  exchange(dialler, callee)
  const { local } = open([dialler, callee])
  fill([dialler, callee])
  dialler.session.write(local, filled(1_000, 1))
  expect(frames(dialler.sent()).map(({ type }) => type)).not.toContain('own-data')
  for (const [bench, frame] of [
    [callee, ownData(1, filled(1, 1))],
    [dialler, encodeOwnCredit(1, 5_000)],
  ] as const) {
    bench.receive('bulk', frame)
    expect(bench.failure).toBe('peer-violation')
  }
})

test('the window of the connection grows while readers that pause hold half of it, to its bound and not beyond', () => {
  const pair = readyPair()
  const [dialler, callee] = pair
  const offsets: number[] = []
  for (let i = 0; i < 80; i++) {
    const { local } = open(pair)
    for (let left = STREAM_WINDOW_BYTES, count = -1; count !== 0 && left > 0; left -= count) {
      count = dialler.session.write(local, new Uint8Array(left))
      for (const { lane, bytes } of dialler.sent()) callee.receive(lane, bytes)
      const back = callee.sent()
      for (const frame of frames(back)) if (frame.type === 'credit' && frame.stream === 0) offsets.push(frame.offset)
      for (const { lane, bytes } of back) dialler.receive(lane, bytes)
    }
  }
  expect(offsets).toEqual([2, 4, 8, 16].map((times) => times * CONNECTION_WINDOW_BYTES))
})
