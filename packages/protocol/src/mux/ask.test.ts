/** A stream for what the remote may serve: its list of protocols may be late, so it is the remote who says. */
import { expect, test } from 'vitest'
import type { ProtocolName } from '../identity/protocol-name.ts'
import { ACK_MS, HELD_OPENS_MAX, HELD_OPENS_MS, PROTOCOL_NAME_MAX_LENGTH, PROTOCOLS_MAX, STREAMS_MAX } from '../limits.ts'
import { Bench, exchange, filled, readyPair, type SentMessage } from '../session/pair.testing.ts'
import { decodeFrame, encodeAccept, REJECT_CODES, type Scope } from './frames.ts'
import { unpackMessage } from './packing.ts'
import type { MuxStream } from './stream.ts'

const LATE: ProtocolName = '/late/1'
const LATER: ProtocolName = '/later/1'
const unsupported = expect.objectContaining({ code: 'unsupported-protocol', source: 'remote' })

const frames = (messages: readonly SentMessage[]) =>
  messages
    .filter(({ lane }) => lane === 'bulk' || lane === 'urgent')
    .flatMap(({ bytes }) => unpackMessage(bytes).map(decodeFrame))

const give = (to: Bench, messages: readonly SentMessage[]) => {
  for (const { lane, bytes } of messages) to.receive(lane, bytes)
}

const serve = (bench: Bench, protocols: readonly ProtocolName[], scope: Scope = 0) =>
  bench.give({ type: 'serve', served: [[scope, protocols]] })

/** Acknowledgements are out. */
function rest(...pair: [Bench, Bench]): void {
  for (const bench of pair) {
    bench.now += ACK_MS
    bench.give({ type: 'tick' })
  }
  exchange(...pair)
}

/** A pair whose first second is over: nothing is held any more. */
function settledPair(): [Bench, Bench] {
  const pair = readyPair()
  for (const bench of pair) {
    bench.now = HELD_OPENS_MS
    bench.give({ type: 'tick' })
  }
  exchange(...pair)
  return pair
}

function readAll(bench: Bench, stream: MuxStream) {
  let count = 0
  for (let chunk = bench.session.read(stream); chunk !== undefined; chunk = bench.session.read(stream)) count += chunk.length
  return count
}

test('an open overtakes the news of what is served: the remote is asked, and takes it', () => {
  const [dialler, callee] = settledPair()
  serve(callee, [LATE])
  const news = callee.sent('control')
  expect(dialler.session.remoteProtocols()).not.toContain(LATE)
  const stream = dialler.session.open({ protocols: [LATER, LATE], params: 'x' })
  expect(stream.isAsking).toBe(true)
  exchange(dialler, callee)
  expect(callee.acceptLast()).toMatchObject({ protocol: LATE, params: 'x' })
  exchange(dialler, callee)
  expect(dialler.last('answered')?.stream).toBe(stream)
  expect(stream).toMatchObject({ isAsking: false, protocol: LATE })
  give(dialler, news)
  expect(dialler.failure).toBeUndefined()
})

test('the OPEN names all, and neither data nor an end leaves before the answer', () => {
  const [dialler, callee] = settledPair()
  const stream = dialler.session.open({ protocols: [LATER, LATE] })
  expect(dialler.session.write(stream, filled(10, 1))).toBe(0)
  dialler.session.finish(stream)
  const sent = dialler.sent()
  expect(frames(sent)).toMatchObject([{ type: 'open', header: { protocols: [LATER, LATE] }, data: { length: 0 } }])
  serve(callee, [LATE])
  give(callee, sent)
  const incoming = callee.acceptLast()
  give(dialler, callee.sent())
  expect(frames(dialler.sent())).toMatchObject([{ type: 'fin' }])
  expect(incoming.protocol).toBe(LATE)
})

test('what was to be written goes once the remote has chosen', () => {
  const [dialler, callee] = settledPair()
  const stream = dialler.session.open({ protocols: [LATE] })
  dialler.session.write(stream, filled(10, 1))
  serve(callee, [LATE])
  exchange(dialler, callee)
  const incoming = callee.acceptLast()
  exchange(dialler, callee)
  expect(dialler.last('writable')?.stream).toBe(stream)
  expect(dialler.session.write(stream, filled(10, 1))).toBe(10)
  exchange(dialler, callee)
  expect(readAll(callee, incoming)).toBe(10)
})

test('only the answer of the remote fails it', () => {
  const [dialler, callee] = settledPair()
  const stream = dialler.session.open({ protocols: [LATE, LATER] })
  expect(dialler.last('rejected')).toBeUndefined()
  exchange(dialler, callee)
  expect(dialler.last('rejected')).toEqual({ type: 'rejected', stream, code: REJECT_CODES.unsupported })
  expect([dialler.session.streams, callee.session.streams]).toEqual([0, 0])
})

test('of the names that were asked for, and no others', () => {
  const [dialler] = settledPair()
  const stream = dialler.session.open({ protocols: [LATE, LATER] })
  dialler.sent()
  dialler.receive('bulk', encodeAccept(stream.id, '/other/1'))
  expect(dialler.failure).toBe('peer-violation')
})

test('for the first second what is not served yet is held, in order, and taken when it is served', () => {
  const [dialler, callee] = readyPair()
  const streams = [LATE, LATER, LATE].map((name) => dialler.session.open({ protocols: [name] }))
  exchange(dialler, callee)
  expect([callee.last('incoming'), dialler.last('rejected')]).toEqual([undefined, undefined])
  expect(callee.session.streams).toBe(3)
  callee.now = HELD_OPENS_MS - 1
  callee.give({ type: 'tick' })
  serve(callee, [LATE])
  const incoming = callee.told.flatMap((output) => (output.type === 'incoming' ? [output.stream] : []))
  expect(incoming.map(({ id }) => id)).toEqual([streams[0]?.id, streams[2]?.id])
  for (const stream of incoming) callee.session.accept(stream)
  exchange(dialler, callee)
  expect(streams.map(({ accepted }) => accepted)).toEqual([true, false, true])
  callee.now = callee.session.deadline() ?? Number.NaN
  expect(callee.now).toBe(HELD_OPENS_MS)
  callee.give({ type: 'tick' })
  exchange(dialler, callee)
  expect(dialler.last('rejected')?.stream).toBe(streams[1])
})

test(`of those ${HELD_OPENS_MAX} are held, and not one more; after the first second none`, () => {
  const [dialler, callee] = readyPair()
  const asked = Array.from({ length: HELD_OPENS_MAX + 1 }, () => dialler.session.open({ protocols: [LATE] }))
  exchange(dialler, callee)
  const rejected = () => dialler.told.flatMap((output) => (output.type === 'rejected' ? [output.stream] : []))
  expect(rejected()).toEqual(asked.slice(-1))
  expect(callee.session.streams).toBe(HELD_OPENS_MAX)
  dialler.session.reset(asked[0] as (typeof asked)[0], 0)
  exchange(dialler, callee)
  expect(callee.session.streams).toBe(HELD_OPENS_MAX - 1)
  dialler.session.open({ protocols: [LATE] })
  exchange(dialler, callee)
  expect(callee.session.streams).toBe(HELD_OPENS_MAX)
  callee.now = HELD_OPENS_MS
  dialler.session.open({ protocols: [LATE] })
  exchange(dialler, callee)
  expect(callee.session.streams).toBe(HELD_OPENS_MAX)
  callee.give({ type: 'tick' })
  exchange(dialler, callee)
  expect([callee.session.streams, dialler.session.streams]).toEqual([0, 0])
})

test('what comes for one that is held waits with it: data, its end, and that it was cut short', () => {
  const [dialler, callee] = readyPair()
  // The dialler believes that it is served, and sends at once.
  serve(callee, [LATE])
  exchange(dialler, callee)
  serve(callee, [])
  const [whole, cut] = [dialler.session.open({ protocols: [LATE] }), dialler.session.open({ protocols: [LATE] })]
  for (const stream of [whole, cut]) dialler.session.write(stream, filled(100_000, 1).subarray(0, 60_000))
  const sent = dialler.sent('bulk')
  dialler.session.finish(whole)
  dialler.session.abort(cut, 5)
  dialler.session.stop(cut, 6)
  give(callee, [...sent, ...dialler.sent('bulk')])
  expect(callee.told.filter(({ type }) => type !== 'ready')).toEqual([])
  expect(callee.session.unreadBytes).toBe(60_000)
  serve(callee, [LATE])
  const told = callee.told.filter(({ type }) => type !== 'ready')
  expect(told.map(({ type }) => type)).toEqual(['incoming', 'readable', 'incoming', 'aborted', 'stopped'])
  const [first, second] = told.flatMap((output) => (output.type === 'incoming' ? [output.stream] : []))
  if (first === undefined || second === undefined) throw new Error('two came')
  callee.session.accept(first)
  callee.session.accept(second)
  expect(readAll(callee, first)).toBe(60_000)
  expect(callee.session.atEnd(first)).toBe(true)
  callee.session.finish(first)
  exchange(dialler, callee)
  expect([callee.session.streams, dialler.session.streams, callee.session.unreadBytes]).toEqual([0, 0, 0])
})

test('one that is held and reset is nobody’s, and leaves nothing behind', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [LATE] })
  exchange(dialler, callee)
  dialler.session.reset(stream, 3)
  exchange(dialler, callee)
  serve(callee, [LATE])
  callee.now = HELD_OPENS_MS
  callee.give({ type: 'tick' })
  exchange(dialler, callee)
  expect([callee.last('incoming'), callee.last('reset'), dialler.last('rejected')]).toEqual([undefined, undefined, undefined])
  expect([callee.session.streams, dialler.session.streams]).toEqual([0, 0])
})

test('one that is given up before its OPEN has left says so behind it', () => {
  const [dialler, callee] = readyPair()
  dialler.session.reset(dialler.session.open({ protocols: [LATE] }), 3)
  exchange(dialler, callee)
  rest(dialler, callee)
  expect([callee.session.streams, dialler.session.streams, callee.failure]).toEqual([0, 0, undefined])
})

test('the end of the link is the end of what is held', () => {
  const [dialler, callee] = readyPair()
  dialler.session.open({ protocols: [LATE] })
  exchange(dialler, callee)
  dialler.give({ type: 'close', code: 0, reason: '' })
  exchange(dialler, callee)
  serve(callee, [LATE])
  expect(callee.told.at(-1)).toMatchObject({ type: 'closed', by: 'remote' })
})

test('what the remote turns down although its newest list has it is asked once more', () => {
  const [dialler, callee] = settledPair()
  const stream = dialler.session.open({ protocols: [LATER, LATE] })
  give(callee, dialler.sent('bulk'))
  const rejects = callee.sent('bulk')
  serve(callee, [LATE])
  give(dialler, [...callee.sent('control'), ...rejects])
  exchange(dialler, callee)
  callee.acceptLast()
  exchange(dialler, callee)
  expect(dialler.last('answered')?.stream).toBe(stream)
  expect(stream.protocol).toBe(LATE)
})

test('datagrams wait for the answer too', () => {
  const [dialler, callee] = settledPair()
  const flow = dialler.session.open({ kind: 'datagrams', protocols: [LATE] })
  dialler.session.sendDatagram(flow, filled(3, 1), dialler.now)
  const sent = dialler.sent()
  expect(sent.map(({ lane }) => lane)).not.toContain('datagrams')
  serve(callee, [LATE])
  give(callee, sent)
  const incoming = callee.acceptLast()
  exchange(dialler, callee)
  expect(callee.session.readDatagram(incoming)).toEqual(filled(3, 1))
})

test('scopes are asked for by themselves', () => {
  const [dialler, callee] = settledPair()
  const [room, other] = [filled(8, 1), filled(8, 2)]
  serve(callee, [LATE], room)
  const streams = [room, other].map((scope) => dialler.session.open({ protocols: [LATE], scope }))
  exchange(dialler, callee)
  expect(callee.acceptLast().id).toBe(streams[0]?.id)
  expect(dialler.last('rejected')?.stream).toBe(streams[1])
})

test('they count as open, at both ends', () => {
  const [dialler, callee] = readyPair()
  const streams = Array.from({ length: STREAMS_MAX }, () => dialler.session.open({ protocols: [LATE] }))
  expect(() => dialler.session.open({ protocols: [LATE] })).toThrow(expect.objectContaining({ code: 'too-many' }))
  exchange(dialler, callee)
  expect([callee.session.streams, dialler.session.streams]).toEqual([HELD_OPENS_MAX, HELD_OPENS_MAX])
  for (const stream of streams) dialler.session.reset(stream, 0)
  exchange(dialler, callee)
  rest(dialler, callee)
  expect([callee.session.streams, dialler.session.streams]).toEqual([0, 0])
})

test(`${PROTOCOLS_MAX} names can be asked for, not one more, and no more than fit a message`, () => {
  const [dialler, callee] = settledPair()
  const names = Array.from({ length: PROTOCOLS_MAX + 1 }, (_, i): ProtocolName => `/p/${i}`)
  expect(() => dialler.session.open({ protocols: names })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  dialler.session.open({ protocols: names.slice(1) })
  exchange(dialler, callee)
  expect([callee.failure, dialler.last('rejected')?.code]).toEqual([undefined, REJECT_CODES.unsupported])

  const long = Array.from(
    { length: PROTOCOLS_MAX },
    (_, i): ProtocolName => `/${'x'.repeat(PROTOCOL_NAME_MAX_LENGTH - 4)}/${10 + i}`,
  )
  const small = [new Bench(0, { maxMessageSize: 4096 }), new Bench(1)] as const
  exchange(...small)
  expect(() => small[0].session.open({ protocols: long })).toThrow(expect.objectContaining({ code: 'too-large' }))
  expect(small[0].session.streams).toBe(0)
  expect(dialler.session.open({ protocols: long }).isAsking).toBe(true)
  exchange(dialler, callee)
  expect(callee.failure).toBeUndefined()
})

test.each([
  ['the remote', [undefined, []]],
  ['this end', [[], undefined]],
] as const)('without the feature at %s nothing is asked, and nothing held', (_, [ours, theirs]) => {
  const dialler = new Bench(0, ours && { features: ours })
  const callee = new Bench(1, theirs && { features: theirs })
  exchange(dialler, callee)
  expect(() => dialler.session.open({ protocols: [LATE] })).toThrow(unsupported)
  expect(frames(dialler.sent())).toEqual([])
  // A list that was late the other way round is turned down at once.
  serve(callee, [LATE])
  exchange(dialler, callee)
  serve(callee, [])
  dialler.session.open({ protocols: [LATE] })
  give(callee, dialler.sent('bulk'))
  expect(frames(callee.sent('bulk')).map(({ type }) => type)).toContain('reject')
})
