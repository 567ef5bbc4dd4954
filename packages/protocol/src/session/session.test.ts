import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { concat } from '../bytes/bytes.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import {
  ACK_MS,
  CONFIRM_MS,
  CONNECTION_WINDOW_BYTES,
  EARLY_BYTES_MAX,
  EARLY_FRAMES_MAX,
  FIN_ACK_MS,
  FRAME_MAX_BYTES,
  FRAME_MIN_BYTES,
  HELD_OPENS_MS,
  LINK_PING_MS,
  STREAM_WINDOW_BYTES,
  STREAM_WINDOW_MAX_BYTES,
  STREAMS_MAX,
  UNACKNOWLEDGED_MAX_BYTES,
  WINDOW_PACE_MS,
} from '../limits.ts'
import type { Bytes } from '../machine.ts'
import {
  decodeFrame,
  encodeAccept,
  encodeCredit,
  encodeDataHeader,
  encodeFin,
  encodeOpenHeader,
  encodeReject,
  encodeReset,
  encodeStop,
  REJECT_CODES,
} from '../mux/frames.ts'
import { unpackMessage } from '../mux/packing.ts'
import { encodeControl } from './control.ts'
import type { Feature } from './features.ts'
import { LaneLedger } from './lane-ledger.ts'
import { Bench, ECHO, exchange, filled, readyPair, type SentMessage, sentFrame } from './pair.testing.ts'

const SEED = Number(process.env.KITH_SEED ?? 1)
const FUZZ = Number(process.env.KITH_FUZZ ?? 20_000)

const openFrame = (id: number, data: Uint8Array = new Uint8Array(0), priority = 0): Bytes =>
  concat(encodeOpenHeader(id, { kind: 'stream', priority, scope: 0, protocols: [ECHO], params: undefined }), data)
const dataFrame = (id: number, length: number) => concat(encodeDataHeader(id), new Uint8Array(length))
const types = (messages: readonly SentMessage[]) =>
  messages
    .filter(({ lane }) => lane !== 'control')
    .flatMap(({ bytes }) => unpackMessage(bytes).map((frame) => decodeFrame(frame).type))

// ── who speaks ──

test('nothing but our confirm leaves before theirs has been verified', () => {
  const bench = new Bench(0)
  const first = bench.sent()
  expect(first).toEqual([{ lane: 'control', bytes: encodeControl({ type: 'confirm', hmac: filled(32, 1) }) }])
  bench.give({ type: 'close', code: 0, reason: '' })
  expect(bench.sent()).toEqual([])
  expect(bench.last('closed')).toMatchObject({ by: 'local' })
})

test('unknown key-share: with other confirmations both ends stop before any byte of an application', () => {
  const dialler = new Bench(0, { theirs: filled(32, 9) })
  const callee = new Bench(1, { theirs: filled(32, 8) })
  // A man in the middle has something waiting on the other lanes already.
  dialler.receive('bulk', openFrame(2, filled(10, 1)))
  callee.receive('urgent', openFrame(1, filled(10, 1), 1))
  const [there, back] = [dialler.sent(), callee.sent()]
  for (const { lane, bytes } of there) callee.receive(lane, bytes)
  for (const { lane, bytes } of back) dialler.receive(lane, bytes)
  for (const bench of [dialler, callee]) {
    expect(bench.told.map(({ type }) => type)).toEqual(['failed'])
    expect(bench.failure).toBe('peer-violation')
    expect(bench.sent()).toEqual([])
  }
})

test.each([
  ['hello before confirm', 0, { type: 'hello', version: 1, instance: filled(16, 0), served: [], limits: limits(), features: [] }],
  ['ping before hello', 1, { type: 'ping', token: 1 }],
  ['path before hello', 1, { type: 'path', isAtTurn: true }],
  ['confirm twice', 1, { type: 'confirm', hmac: filled(32, 2) }],
] as const)('out of turn: %s', (_, confirms, message) => {
  const bench = new Bench(0)
  if (confirms === 1) bench.receive('control', encodeControl({ type: 'confirm', hmac: filled(32, 2) }))
  bench.receive('control', encodeControl(message))
  expect(bench.failure).toBe('peer-violation')
})

test('a feature holds where both hellos name it, from "ready" on', () => {
  const named = (name: string) => [name] as unknown as readonly Feature[]
  const holds = (ours: string, theirs: string) => {
    const [a, b] = [new Bench(0, { features: named(ours) }), new Bench(1, { features: named(theirs) })]
    expect([...a.session.remoteFeatures, a.session.has(ours as Feature)]).toEqual([false])
    exchange(a, b)
    expect([...a.session.remoteFeatures]).toEqual([theirs])
    return a.session.has(ours as Feature) && b.session.has(ours as Feature)
  }
  expect(holds('x', 'x')).toBe(true)
  expect(holds('x', 'y')).toBe(false)
})

function limits() {
  return { streams: 1, streamWindowBytes: 1, connectionWindowBytes: 1 }
}

test('who does not confirm in time is given up', () => {
  const bench = new Bench(0)
  expect(bench.session.deadline()).toBe(CONFIRM_MS)
  bench.now = CONFIRM_MS - 1
  bench.give({ type: 'tick' })
  expect(bench.failure).toBeUndefined()
  bench.now = CONFIRM_MS
  bench.give({ type: 'tick' })
  expect(bench.failure).toBe('timeout')
})

test('frames that overtake confirm and hello wait for them, up to a limit', () => {
  const early = (bytes: number, frames: number) => {
    const bench = new Bench(1)
    const dialler = new Bench(0)
    const first = openFrame(1, new Uint8Array(10))
    bench.receive('bulk', first)
    for (let i = 1; i < frames; i++) bench.receive('bulk', encodeCredit(1, 1))
    if (bytes > first.length) {
      let left = bytes - first.length
      for (; left > 0; left -= FRAME_MAX_BYTES) bench.receive('bulk', dataFrame(1, Math.min(left, FRAME_MAX_BYTES) - 2))
    }
    expect(bench.told.some(({ type }) => type === 'incoming')).toBe(false)
    if (bench.failure === undefined) exchange(dialler, bench)
    return { failure: bench.failure, incoming: bench.last('incoming') !== undefined }
  }
  expect(early(EARLY_BYTES_MAX, 1)).toEqual({ failure: undefined, incoming: true })
  expect(early(EARLY_BYTES_MAX + 1, 1).failure).toBe('peer-violation')
  expect(early(0, EARLY_FRAMES_MAX)).toEqual({ failure: undefined, incoming: true })
  expect(early(0, EARLY_FRAMES_MAX + 1).failure).toBe('peer-violation')
})

test('no more is sent than the other side keeps, until it has shown that it got our hello', () => {
  const dialler = new Bench(0)
  const callee = new Bench(1)
  for (const { lane, bytes } of dialler.sent()) callee.receive(lane, bytes)
  for (const { lane, bytes } of callee.sent()) dialler.receive(lane, bytes)
  expect(dialler.last('ready')).toBeDefined()
  // The dialler's hello is on its way; its lanes are faster.
  const hello = dialler.sent('control')
  const early: SentMessage[] = []
  for (let i = 0; i < 4; i++) {
    const stream = dialler.session.open({ protocols: [ECHO] })
    for (let count = -1; count !== 0; ) {
      count = dialler.session.write(stream, new Uint8Array(STREAM_WINDOW_BYTES))
      early.push(...dialler.sent('urgent', 'bulk'))
    }
  }
  for (const { lane, bytes } of early) callee.receive(lane, bytes)
  expect(callee.failure).toBeUndefined()
  for (const { lane, bytes } of hello) callee.receive(lane, bytes)
  expect(callee.last('incoming')).toBeDefined()
  exchange(dialler, callee)
  expect(callee.session.unreadBytes).toBeGreaterThan(EARLY_BYTES_MAX)
})

// ── streams ──

test('opening takes no round trip: the first data travels with the OPEN', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: ['/no/1', ECHO], params: { doc: 'notes' } })
  expect(stream.protocol).toBe(ECHO)
  dialler.session.write(stream, Uint8Array.of(1, 2, 3))
  const sent = dialler.sent('urgent', 'bulk')
  expect(types(sent)).toEqual(['open'])
  for (const { lane, bytes } of sent) callee.receive(lane, bytes)
  const incoming = callee.acceptLast()
  expect(incoming).toMatchObject({ protocol: ECHO, params: { doc: 'notes' }, opener: 'remote' })
  expect(callee.session.read(incoming)).toEqual(Uint8Array.of(1, 2, 3))
})

test('what nobody serves fails here where the remote cannot be asked, and nothing is sent', () => {
  const [dialler, callee] = [new Bench(0), new Bench(1, { features: [] })]
  exchange(dialler, callee)
  const error = expect.objectContaining({ code: 'unsupported-protocol', source: 'remote' })
  expect(() => dialler.session.open({ protocols: ['/no/1'] })).toThrow(error)
  expect(dialler.sent('urgent', 'bulk')).toEqual([])
  expect(dialler.session.streams).toBe(0)
})

test('a credit is exact: the last byte of it is taken, the next one ends the link', () => {
  const room = FRAME_MAX_BYTES - 10
  const fill = (bench: Bench, id: number, bytes: number) => {
    for (let left = bytes; left > 0; left -= room) bench.receive('bulk', dataFrame(id, Math.min(left, room)))
  }
  for (const [beyond, failure] of [
    [0, undefined],
    [1, 'peer-violation'],
  ] as const) {
    const [, stream] = readyPair()
    stream.receive('bulk', openFrame(1))
    fill(stream, 1, STREAM_WINDOW_BYTES + beyond)
    expect(stream.failure).toBe(failure)

    const [, connection] = readyPair()
    const count = CONNECTION_WINDOW_BYTES / STREAM_WINDOW_BYTES
    for (let i = 0; i <= count; i++) connection.receive('bulk', openFrame(1 + 2 * i))
    for (let i = 0; i < count; i++) fill(connection, 1 + 2 * i, STREAM_WINDOW_BYTES)
    expect(connection.session.unreadBytes).toBe(CONNECTION_WINDOW_BYTES)
    fill(connection, 1 + 2 * count, beyond)
    expect(connection.failure).toBe(failure)
  }
})

test('only reading renews credit: after half a window, and by as much as was read', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  let written = 0
  const write = () => {
    for (let count = -1; count !== 0; written += count) {
      count = dialler.session.write(stream, new Uint8Array(STREAM_WINDOW_BYTES))
      exchange(dialler, callee)
      if (callee.last('incoming') !== undefined) callee.acceptLast()
    }
  }
  write()
  expect(written).toBe(STREAM_WINDOW_BYTES)
  const incoming = callee.acceptLast()
  let read = 0
  while (read < STREAM_WINDOW_BYTES / 2) {
    expect(callee.sent('urgent', 'bulk').length).toBe(0)
    read += callee.session.read(incoming)?.length ?? 0
  }
  exchange(dialler, callee)
  write()
  expect(written).toBe(STREAM_WINDOW_BYTES + read)
})

test('readers that pause and hold nearly all of the connection do not stop the one that reads', () => {
  const [dialler, callee] = readyPair()
  const open = () => {
    const stream = dialler.session.open({ protocols: [ECHO] })
    exchange(dialler, callee)
    return { stream, incoming: callee.acceptLast() }
  }
  const write = (stream: ReturnType<typeof open>['stream'], bytes: number) => {
    let left = bytes
    for (let count = -1; count !== 0 && left > 0; left -= count) {
      count = dialler.session.write(stream, new Uint8Array(left))
      exchange(dialler, callee)
    }
    return bytes - left
  }
  for (let i = 0; i < 3; i++) write(open().stream, STREAM_WINDOW_BYTES)
  write(open().stream, STREAM_WINDOW_BYTES - 1000)
  // 1,000 bytes of the connection's window are left for everybody else.
  const { stream, incoming } = open()
  let received = 0
  for (let turn = 0; turn < 1000 && received < 100_000; turn++) {
    write(stream, 5_000)
    for (let chunk = callee.session.read(incoming); chunk !== undefined; chunk = callee.session.read(incoming))
      received += chunk.length
    exchange(dialler, callee)
  }
  expect(received).toBeGreaterThanOrEqual(100_000)
})

test('larger priorities go first, equal ones take turns', () => {
  const [dialler] = readyPair()
  const open = (priority: number) => {
    const stream = dialler.session.open({ protocols: [ECHO], priority })
    dialler.session.write(stream, new Uint8Array(50_000))
    return stream
  }
  const low = open(-1)
  const [first, second] = [open(0), open(0)]
  const order = dialler.sent('bulk').map(({ bytes }) => decodeFrame(bytes).stream)
  expect(order).toEqual([first.id, second.id, low.id])
  const urgent = open(3)
  expect(dialler.sent('bulk')).toEqual([])
  expect(dialler.sent('urgent').map(({ bytes }) => decodeFrame(bytes).stream)).toEqual([urgent.id])
})

test('small writes share a frame for as long as it waits', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  for (let i = 0; i < 1000; i++) expect(dialler.session.write(stream, filled(10, i % 256))).toBe(10)
  const sent = dialler.sent('bulk')
  expect(sent.length).toBe(1)
  for (const { lane, bytes } of sent) callee.receive(lane, bytes)
  expect(callee.session.read(callee.acceptLast())?.length).toBe(10_000)
})

test('a frame that is not full waits for the write that was promised, and for nothing else', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  exchange(dialler, callee)
  let frames = 1
  const lengths = () => {
    const sent = dialler.sent('bulk').flatMap(({ bytes }) => unpackMessage(bytes))
    frames += sent.length
    return sent.map(({ length }) => length)
  }
  const header = 2

  expect(dialler.session.write(stream, new Uint8Array(100), true)).toBe(100)
  expect(lengths()).toEqual([])
  expect(dialler.session.write(stream, new Uint8Array(FRAME_MAX_BYTES), true)).toBe(FRAME_MAX_BYTES - header - 100)
  expect(lengths()).toEqual([FRAME_MAX_BYTES])

  dialler.session.write(stream, new Uint8Array(10), true)
  expect(dialler.session.write(stream, new Uint8Array(0))).toBe(0)
  expect(lengths()).toEqual([header + 10])

  dialler.session.write(stream, new Uint8Array(20), true)
  dialler.session.finish(stream)
  expect(lengths()).toEqual([header + 20, header])

  // One whose credit is used up does not wait for a write that it cannot take.
  const other = dialler.session.open({ protocols: [ECHO] })
  let left = STREAM_WINDOW_BYTES
  while (left > 5) {
    left -= dialler.session.write(other, new Uint8Array(left - 5), true)
    lengths()
    dialler.receive('control', encodeControl({ type: 'ack', lane: 3, count: frames }))
  }
  expect(dialler.session.write(other, new Uint8Array(5), true)).toBe(5)
  expect(lengths()).toEqual([])
  expect(dialler.session.write(other, new Uint8Array(5), true)).toBe(0)
  expect(lengths().length).toBe(1)
})

test('a window grows while half of it is consumed in less than a round trip, up to its limit, and not otherwise', () => {
  const transfer = (msPerFrame: number) => {
    const [dialler, callee] = readyPair()
    const stream = dialler.session.open({ protocols: [ECHO] })
    exchange(dialler, callee)
    const incoming = callee.acceptLast()
    exchange(dialler, callee)
    const grants: number[] = []
    let consumed = 0
    while (consumed < 8 * STREAM_WINDOW_MAX_BYTES) {
      dialler.now += msPerFrame
      callee.now += msPerFrame
      dialler.session.write(stream, new Uint8Array(FRAME_MAX_BYTES))
      for (const { lane, bytes } of dialler.sent()) callee.receive(lane, bytes)
      for (let chunk = callee.session.read(incoming); chunk !== undefined; chunk = callee.session.read(incoming))
        consumed += chunk.length
      for (const { lane, bytes } of callee.sent()) {
        dialler.receive(lane, bytes)
        if (lane === 'control') continue
        for (const frame of unpackMessage(bytes).map(decodeFrame)) {
          if (frame.type === 'credit' && frame.stream === stream.id) grants.push(frame.offset - consumed)
        }
      }
    }
    return Math.max(...grants)
  }
  expect(transfer(WINDOW_PACE_MS / 100)).toBe(STREAM_WINDOW_MAX_BYTES)
  expect(transfer(WINDOW_PACE_MS)).toBe(STREAM_WINDOW_BYTES)
})

test('FIN counts as arrived when it was acknowledged and the stream was taken, not before', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  dialler.session.finish(stream)
  for (const { lane, bytes } of dialler.sent()) callee.receive(lane, bytes)
  // The acknowledgement overtakes the answer.
  for (const { lane, bytes } of callee.sent('control')) dialler.receive(lane, bytes)
  expect(dialler.last('finished')).toBeUndefined()
  callee.session.reject(callee.last('incoming')?.stream ?? stream, REJECT_CODES.refused)
  exchange(dialler, callee)
  expect(dialler.last('finished')).toBeUndefined()
  expect(dialler.last('rejected')).toMatchObject({ stream, code: REJECT_CODES.refused })

  const taken = dialler.session.open({ protocols: [ECHO] })
  dialler.session.finish(taken)
  exchange(dialler, callee)
  expect(dialler.last('finished')).toBeUndefined()
  callee.session.finish(callee.acceptLast())
  exchange(dialler, callee)
  expect(dialler.last('finished')).toEqual({ type: 'finished', stream: taken })
})

test('an OPEN that crossed a change of protocols is tried once more, with all that was written', () => {
  const [dialler, callee] = readyPair()
  callee.now = HELD_OPENS_MS
  callee.give({ type: 'serve', served: [[0, []]] })
  const stream = dialler.session.open({ protocols: [ECHO] })
  dialler.session.write(stream, filled(100_000, 1).subarray(0, 60_000))
  const sent = dialler.sent('bulk')
  dialler.session.write(stream, filled(40_000, 2))
  dialler.session.finish(stream)
  sent.push(...dialler.sent('bulk'))
  for (const { lane, bytes } of sent) callee.receive(lane, bytes)
  const rejects = callee.sent('bulk')
  expect(types(rejects)).toEqual(['ack', 'reject'])
  callee.give({ type: 'serve', served: [[0, [ECHO]]] })
  for (const { lane, bytes } of [...callee.sent('control'), ...rejects]) dialler.receive(lane, bytes)
  exchange(dialler, callee)
  const incoming = callee.acceptLast()
  exchange(dialler, callee)
  const chunks: Bytes[] = []
  for (let chunk = callee.session.read(incoming); chunk !== undefined; chunk = callee.session.read(incoming)) chunks.push(chunk)
  expect(concat(...chunks)).toEqual(concat(filled(60_000, 1), filled(40_000, 2)))
  expect(callee.session.atEnd(incoming)).toBe(true)
  expect(dialler.last('finished')).toMatchObject({ stream })
  expect(dialler.last('rejected')).toBeUndefined()
})

test('it is tried once, not again', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  for (const id of [1, 3]) {
    dialler.sent()
    expect(dialler.last('rejected')).toBeUndefined()
    dialler.receive('bulk', encodeReject(id, REJECT_CODES.unsupported))
  }
  expect(dialler.last('rejected')).toMatchObject({ stream, code: REJECT_CODES.unsupported })
  expect(callee.failure).toBeUndefined()
})

test(`each side may open ${STREAMS_MAX} streams`, () => {
  const [dialler, callee] = readyPair()
  for (let i = 0; i < STREAMS_MAX; i++) dialler.session.open({ protocols: [ECHO] })
  expect(() => dialler.session.open({ protocols: [ECHO] })).toThrow(expect.objectContaining({ code: 'too-many' }))
  exchange(dialler, callee)
  expect(callee.told.filter(({ type }) => type === 'incoming').length).toBe(STREAMS_MAX)
  // One that opens more all the same is turned down; one that never stops is shown the door.
  callee.receive('bulk', openFrame(2 * STREAMS_MAX + 1))
  expect(callee.failure).toBeUndefined()
  expect(callee.session.streams).toBe(STREAMS_MAX)
  const [reject] = callee.sent('bulk').slice(-1)
  expect(reject && decodeFrame(reject.bytes)).toMatchObject({ type: 'reject', code: REJECT_CODES.tooMany })
  for (let i = 1; i <= STREAMS_MAX + 1; i++) callee.receive('bulk', openFrame(2 * (STREAMS_MAX + i) + 1))
  expect(callee.failure).toBe('peer-violation')
})

test('who opens too many learns of what, whoever says so', () => {
  const [dialler, callee] = readyPair(['/chat/v1', '/file/v1'])
  const open = (protocol: ProtocolName) => dialler.session.open({ protocols: [protocol] })
  const files = Array.from({ length: 24 }, () => open('/file/v1'))
  for (let i = files.length; i < STREAMS_MAX; i++) open('/chat/v1')
  exchange(dialler, callee)
  const words = `1024 streams are open, 1000 of them for /chat/v1: close or reset those that are done.`
  expect(() => open('/file/v1')).toThrow(expect.objectContaining({ code: 'too-many', message: words }))
  expect(() => dialler.session.open({ kind: 'datagrams', protocols: ['/file/v1'] })).toThrow(words)
  // Those that are over are not counted.
  for (const file of files) dialler.session.reset(file, 0)
  exchange(dialler, callee)
  callee.now += ACK_MS
  callee.give({ type: 'tick' })
  exchange(dialler, callee)
  expect(dialler.session.busiest).toBe(', 1000 of them for /chat/v1')
  expect(callee.session.busiest).toBe('')
})

test('reset and stop reach the other side with their codes, and leave nothing behind', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  exchange(dialler, callee)
  const incoming = callee.acceptLast()
  exchange(dialler, callee)
  callee.session.stop(incoming, 5)
  exchange(dialler, callee)
  expect(dialler.last('stopped')).toEqual({ type: 'stopped', stream, code: 5 })
  expect(dialler.session.write(stream, filled(1, 1))).toBe(0)
  // The other half goes on.
  callee.session.write(incoming, filled(3, 3))
  exchange(dialler, callee)
  expect(dialler.session.read(stream)).toEqual(filled(3, 3))
  dialler.session.reset(stream, 6)
  exchange(dialler, callee)
  expect(callee.last('reset')).toEqual({ type: 'reset', stream: incoming, code: 6 })
  for (const bench of [dialler, callee]) {
    bench.now += ACK_MS
    bench.give({ type: 'tick' })
  }
  exchange(dialler, callee)
  for (const { session } of [dialler, callee])
    expect([session.streams, session.unreadBytes, session.unacknowledgedBytes]).toEqual([0, 0, 0])
})

// ── what a remote may not do ──

test.each<[string, (callee: Bench) => void]>([
  ['a frame for a stream that never existed', (b) => b.receive('bulk', dataFrame(1, 1))],
  ['a frame for one of ours that never existed', (b) => b.receive('bulk', encodeFin(2))],
  ['an OPEN with an id of ours', (b) => b.receive('bulk', openFrame(2))],
  ['a replayed OPEN', (b) => [b.receive('bulk', openFrame(1)), b.receive('bulk', openFrame(1))]],
  ['an id that skips too many', (b) => b.receive('bulk', openFrame(2 * STREAMS_MAX + 3))],
  ['an urgent stream on the bulk lane', (b) => b.receive('bulk', openFrame(1, undefined, 1))],
  ['a stream that changes its lane', (b) => [b.receive('bulk', openFrame(1)), b.receive('urgent', dataFrame(1, 1))]],
  [
    'data behind FIN',
    (b) => [b.receive('bulk', openFrame(1)), b.receive('bulk', encodeFin(1)), b.receive('bulk', dataFrame(1, 1))],
  ],
  ['FIN behind FIN', (b) => [b.receive('bulk', openFrame(1)), b.receive('bulk', encodeFin(1)), b.receive('bulk', encodeFin(1))]],
  ['ACCEPT of its own stream', (b) => [b.receive('bulk', openFrame(1)), b.receive('bulk', encodeAccept(1, ECHO))]],
  ['first data beyond the credit', (b) => b.receive('bulk', openFrame(1, new Uint8Array(STREAM_WINDOW_BYTES + 1)))],
  ['an ack of what was never sent', (b) => b.receive('control', encodeControl({ type: 'ack', lane: 3, count: 1 }))],
  ['resume while nothing is broken', (b) => b.receive('control', encodeControl({ type: 'resume', lane: 3, received: 0 }))],
  ['an empty message', (b) => b.receive('bulk', new Uint8Array(0))],
  ['junk on the control lane', (b) => b.receive('control', Uint8Array.of(0xc1))],
])('ends the link: %s', (_, misbehave) => {
  const [, callee] = readyPair()
  misbehave(callee)
  expect(callee.failure).toBe('peer-violation')
  expect(callee.sent()).toEqual([])
})

test('answers other than to what was asked end the link', () => {
  for (const answer of [encodeAccept(1, '/other/1'), dataFrame(1, 1), encodeCredit(1, 9), encodeStop(1, 0), encodeReset(1, 0)]) {
    const [dialler] = readyPair()
    dialler.session.open({ protocols: [ECHO] })
    dialler.sent()
    dialler.receive('bulk', answer)
    expect(dialler.failure).toBe('peer-violation')
  }
})

test('urgent may overtake bulk: an id that comes late was not skipped', () => {
  const [, callee] = readyPair()
  callee.receive('urgent', openFrame(2 * STREAMS_MAX + 1, undefined, 1))
  callee.receive('bulk', openFrame(1))
  expect(callee.failure).toBeUndefined()
  expect(callee.session.streams).toBe(2)
})

test('abort ends a half with its code, before or after it was heard of, and leaves nothing behind', () => {
  for (const isEarly of [true, false]) {
    const [dialler, callee] = readyPair()
    const stream = dialler.session.open({ protocols: [ECHO] })
    dialler.session.write(stream, new Uint8Array(100))
    if (!isEarly) exchange(dialler, callee)
    dialler.session.abort(stream, 7)
    exchange(dialler, callee)
    const incoming = callee.acceptLast()
    exchange(dialler, callee)
    expect(callee.last('aborted')).toMatchObject({ stream: incoming, code: 7 })
    expect(callee.session.read(incoming)).toBeUndefined()
    expect(callee.session.unreadBytes).toBe(0)
    expect(callee.session.write(incoming, new Uint8Array(50))).toBe(50)
    callee.session.finish(incoming)
    exchange(dialler, callee)
    expect(dialler.session.read(stream)?.length).toBe(50)
    expect(dialler.session.atEnd(stream)).toBe(true)
    dialler.now = callee.now = ACK_MS
    for (const bench of [dialler, callee]) bench.give({ type: 'tick' })
    exchange(dialler, callee)
    expect([dialler.session.streams, callee.session.streams, dialler.failure, callee.failure]).toEqual([
      0,
      0,
      undefined,
      undefined,
    ])
  }
})

test('what had come whole is not cut short by an abort that follows', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  dialler.session.write(stream, new Uint8Array(100))
  dialler.session.finish(stream)
  exchange(dialler, callee)
  dialler.session.abort(stream, 7)
  exchange(dialler, callee)
  expect(callee.session.read(callee.acceptLast())?.length).toBe(100)
  expect(callee.last('aborted')).toBeUndefined()
})

test('a stream that is over within one message is answered all the same', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  dialler.session.stop(stream, 7)
  dialler.session.finish(stream)
  const sent = dialler.sent('bulk')
  expect(types(sent)).toEqual(['open', 'stop', 'fin'])
  expect(sent.length).toBe(1)
  for (const { lane, bytes } of sent) callee.receive(lane, bytes)
  callee.acceptLast()
  exchange(dialler, callee)
  expect(dialler.last('finished')?.stream).toBe(stream)
  dialler.now = callee.now = ACK_MS
  for (const bench of [dialler, callee]) bench.give({ type: 'tick' })
  exchange(dialler, callee)
  expect([dialler.session.streams, callee.session.streams]).toEqual([0, 0])
})

test('late frames of a stream that is gone are counted and thrown away', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  exchange(dialler, callee)
  callee.acceptLast()
  exchange(dialler, callee)
  dialler.session.reset(stream, 0)
  dialler.sent()
  for (let i = 0; i < 4; i++) dialler.receive('bulk', dataFrame(stream.id, 60_000))
  for (const late of [encodeCredit(stream.id, 1e6), encodeFin(stream.id), encodeReset(stream.id, 1), encodeStop(stream.id, 1)]) {
    dialler.receive('bulk', late)
  }
  expect(dialler.failure).toBeUndefined()
  expect(dialler.session.unreadBytes).toBe(0)
})

test('a million tiny frames take no more memory than their bytes are worth', () => {
  const [, callee] = readyPair()
  callee.receive('bulk', openFrame(1))
  const stream = callee.acceptLast()
  for (let i = 0; i < STREAM_WINDOW_BYTES; i++) callee.receive('bulk', Uint8Array.of(1, 4, i % 251))
  expect(callee.failure).toBeUndefined()
  let chunks = 0
  let read = 0
  for (let chunk = callee.session.read(stream); chunk !== undefined; chunk = callee.session.read(stream)) {
    for (const byte of chunk) if (byte !== read++ % 251) throw new Error(`byte ${read - 1} is ${byte}`)
    chunks += 1
  }
  expect(read).toBe(STREAM_WINDOW_BYTES)
  expect(chunks).toBeLessThan(100)
})

test('a remote whose messages are too small for an OPEN is refused', () => {
  expect(new Bench(0, { maxMessageSize: FRAME_MIN_BYTES }).failure).toBeUndefined()
  const bench = new Bench(0, { maxMessageSize: FRAME_MIN_BYTES - 1 })
  expect(bench.failure).toBe('peer-violation')
})

// ── lanes and time ──

test('a lane that is not acknowledged waits', () => {
  const lane = new LaneLedger(3)
  const frame = new Uint8Array(FRAME_MAX_BYTES)
  while (lane.hasRoom(frame.length)) lane.keep(sentFrame(frame))
  expect(lane.keptBytes).toBeLessThanOrEqual(UNACKNOWLEDGED_MAX_BYTES)
  expect(lane.keptBytes).toBeGreaterThan(UNACKNOWLEDGED_MAX_BYTES - 2 * FRAME_MAX_BYTES)
  expect(lane.acknowledge(1).length).toBe(1)
  expect(lane.hasRoom(frame.length)).toBe(true)
  expect(lane.acknowledge(1)).toEqual([])
})

test('frames are acknowledged in time, a FIN at once with whatever goes, else soon', () => {
  const [, callee] = readyPair()
  callee.receive('bulk', openFrame(1))
  expect(callee.sent('control')).toEqual([])
  expect(callee.session.deadline()).toBe(ACK_MS)
  callee.now = ACK_MS
  callee.give({ type: 'tick' })
  expect(callee.sent('control')).toEqual([{ lane: 'control', bytes: encodeControl({ type: 'ack', lane: 3, count: 1 }) }])
  callee.receive('bulk', encodeFin(1))
  expect(callee.sent('control')).toEqual([])
  expect(callee.session.deadline()).toBe(ACK_MS + FIN_ACK_MS)
  callee.now = ACK_MS + FIN_ACK_MS
  callee.give({ type: 'tick' })
  expect(callee.sent('control')).toEqual([{ lane: 'control', bytes: encodeControl({ type: 'ack', lane: 3, count: 2 }) }])

  callee.receive('bulk', openFrame(3))
  callee.receive('bulk', encodeFin(3))
  callee.acceptLast()
  expect(types(callee.sent('bulk'))).toEqual(['ack', 'accept'])
  expect(callee.session.deadline()).toBeGreaterThan(ACK_MS + 2 * FIN_ACK_MS)
})

test('the round trip is measured', () => {
  const [dialler, callee] = readyPair()
  dialler.now = LINK_PING_MS
  dialler.give({ type: 'tick' })
  const ping = dialler.sent('control')
  for (const { bytes } of ping) callee.receive('control', bytes)
  dialler.now += 30
  for (const { bytes } of callee.sent('control')) dialler.receive('control', bytes)
  expect(dialler.session.roundTripMs).toBe(30)
})

test('goodbye is the last thing said; what had come whole can still be read', () => {
  const [dialler, callee] = readyPair()
  const stream = dialler.session.open({ protocols: [ECHO] })
  dialler.session.write(stream, filled(5, 5))
  dialler.session.finish(stream)
  exchange(dialler, callee)
  const incoming = callee.acceptLast()
  exchange(dialler, callee)
  dialler.give({ type: 'close', code: 7, reason: 'enough' })
  expect(dialler.last('closed')).toBeUndefined()
  exchange(dialler, callee)
  expect(dialler.last('closed')).toEqual({ type: 'closed', by: 'local', code: 7, reason: 'enough' })
  expect(callee.last('closed')).toEqual({ type: 'closed', by: 'remote', code: 7, reason: 'enough' })
  expect(callee.session.read(incoming)).toEqual(filled(5, 5))
  expect(callee.session.atEnd(incoming)).toBe(true)
  expect(() => dialler.session.open({ protocols: [ECHO] })).toThrow(expect.objectContaining({ code: 'closed' }))
})

// ── an adversary ──

/** What an honest session looks like from the other side's wire. */
function recorded(): SentMessage[] {
  const [dialler, callee] = [new Bench(0), new Bench(1)]
  const messages: SentMessage[] = []
  const pass = () => {
    for (let busy = true; busy; ) {
      const there = dialler.sent()
      messages.push(...there)
      for (const { lane, bytes } of there) callee.receive(lane, bytes)
      const back = callee.sent()
      for (const { lane, bytes } of back) dialler.receive(lane, bytes)
      busy = there.length + back.length > 0
    }
  }
  pass()
  for (let i = 0; i < 6; i++) {
    const stream = dialler.session.open({ protocols: [ECHO], priority: i % 2, params: { i } })
    dialler.session.write(stream, filled(2_000, i))
    pass()
    const incoming = callee.acceptLast()
    callee.session.write(incoming, filled(500, i))
    dialler.session.write(stream, filled(1_000, i))
    pass()
    while (callee.session.read(incoming)) pass()
    while (dialler.session.read(stream)) pass()
    dialler.give({ type: 'path', isAtTurn: i % 2 === 0 })
    if (i === 3) dialler.session.reset(stream, 3)
    else if (i === 4) dialler.session.stop(stream, 4)
    else dialler.session.finish(stream)
    pass()
  }
  dialler.give({ type: 'serve', served: [] })
  dialler.give({ type: 'close', code: 0, reason: 'done' })
  pass()
  return messages
}

test(`damaged, repeated and reordered messages on every lane: a failed link, never a throw (seed ${SEED})`, () => {
  const session = recorded()
  const damaged = mutations(
    SEED,
    session.map(({ bytes }) => bytes),
    FUZZ,
  )
  const random = seededRandom(SEED)
  let failed = 0
  const sessions = Math.ceil(FUZZ / 20)
  for (let i = 0; i < sessions; i++) {
    const victim = new Bench(1)
    const messages = [...session]
    for (let injuries = 1 + random.below(20); injuries > 0; injuries--) {
      const at = random.below(messages.length)
      const lane = (['control', 'urgent', 'bulk'] as const)[random.below(3)]!
      switch (random.below(4)) {
        case 0:
          messages.splice(at, 0, { lane, bytes: damaged.next().value ?? new Uint8Array(0) })
          break
        case 1:
          messages.splice(at, 0, messages[random.below(messages.length)]!)
          break
        case 2:
          messages.splice(random.below(messages.length), 0, ...messages.splice(at, 1))
          break
        default:
          messages.splice(at, 0, { lane, bytes: random(random.below(100)) })
      }
    }
    for (const { lane, bytes } of messages) {
      victim.receive(lane, bytes)
      const incoming = victim.last('incoming')
      if (incoming !== undefined && !incoming.stream.accepted) victim.session.accept(incoming.stream)
      if (random.below(3) === 0 && incoming !== undefined) victim.session.read(incoming.stream)
      victim.sent()
      expect(victim.session.unreadBytes).toBeLessThanOrEqual(CONNECTION_WINDOW_BYTES)
      expect(victim.session.streams).toBeLessThanOrEqual(STREAMS_MAX)
    }
    const end = victim.last('failed')
    if (end !== undefined) failed += 1
    expect(end?.error.code ?? 'peer-violation').toBe('peer-violation')
  }
  // Most of it is noticed; what is left hit something that may be lost or repeated.
  expect(failed / sessions).toBeGreaterThan(0.8)
})
