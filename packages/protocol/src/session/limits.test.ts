// Limits of the link at N and at N + 1, where no other test of what keeps them goes to the very edge.
import { expect, test } from 'vitest'
import {
  ACK_BYTES,
  ACK_FIRST_BYTES,
  ACK_LOAD_BYTES,
  ACK_LOAD_MS,
  ACK_MS,
  CONFIRM_MS,
  CONNECTION_WINDOW_BYTES,
  EARLY_BYTES_MAX,
  EARLY_FRAMES_MAX,
  FRAME_MAX_BYTES,
  FRAME_MIN_BYTES,
  GOAWAY_REASON_MAX_LENGTH,
  HELD_OPENS_MS,
  LINK_PING_MS,
  PARAMS_MAX_BYTES,
  PROTOCOL_NAME_MAX_LENGTH,
  STREAM_WINDOW_BYTES,
  STREAM_WINDOW_MAX_BYTES,
  STREAMS_MAX,
  UNACKNOWLEDGED_MAX_BYTES,
  UNREAD_MAX_BYTES,
  WINDOW_FIRST_BYTES,
  WINDOW_PACE_MS,
} from '../limits.ts'
import { decodeFrame, encodeAccept, encodeOpenHeader, type OpenHeader, REJECT_CODES } from '../mux/frames.ts'
import { PACKED_FRAME_MAX_BYTES, unpackMessage } from '../mux/packing.ts'
import { RemoteIds } from '../mux/remote-ids.ts'
import { ReceiveWindow } from '../mux/window.ts'
import { EarlyBudget } from '../path/early.ts'
import { encodeControl } from './control.ts'
import { LaneLedger } from './lane-ledger.ts'
import { Bench, ECHO, exchange, FIRST_WINDOW_BYTES, filled, readyPair, sentFrame } from './pair.testing.ts'

const violation = expect.objectContaining({ code: 'peer-violation' })
const HEADER: OpenHeader = { kind: 'stream', priority: 0, scope: 0, protocols: [ECHO], params: undefined }
/** What a lane counts beside each frame's bytes. */
const FRAME_OVERHEAD_BYTES = 64

test.each([
  ['a stream', STREAM_WINDOW_BYTES, STREAM_WINDOW_MAX_BYTES, false],
  ['the connection', CONNECTION_WINDOW_BYTES, UNREAD_MAX_BYTES, true],
] as const)(
  '%s: however fast its readers are, N bytes are taken unread, and N + 1 are not',
  (_, startBytes, mostBytes, isShared) => {
    const grown = () => {
      const window = new ReceiveWindow(startBytes, mostBytes, isShared)
      let granted = startBytes
      for (let taken = 0; granted - taken < mostBytes || taken < 4 * mostBytes; ) {
        expect(window.receive(granted - taken)).toBe(true)
        window.consume(granted - taken)
        taken = granted
        granted = window.grant(0)
        expect(granted - taken).toBeLessThanOrEqual(mostBytes)
      }
      return window
    }
    const kept = grown()
    expect(kept.receive(mostBytes)).toBe(true)
    expect(kept.unread).toBe(mostBytes)
    expect(kept.receive(1)).toBe(false)
    expect(grown().receive(mostBytes + 1)).toBe(false)
  },
)

test('a window grows where half of it went within the pace, not a moment later', () => {
  for (const [waitMs, size] of [
    [WINDOW_PACE_MS - 1, 2 * STREAM_WINDOW_BYTES],
    [WINDOW_PACE_MS, STREAM_WINDOW_BYTES],
  ] as const) {
    const window = new ReceiveWindow(STREAM_WINDOW_BYTES, STREAM_WINDOW_MAX_BYTES)
    expect(window.grant(0)).toBe(STREAM_WINDOW_BYTES)
    expect(window.grant(waitMs)).toBe(size)
  }
})

test('a lane keeps N bytes, frames and what they cost, and not N + 1', () => {
  for (const [bytes, hasRoom] of [
    [UNACKNOWLEDGED_MAX_BYTES - 2 * FRAME_OVERHEAD_BYTES, true],
    [UNACKNOWLEDGED_MAX_BYTES - 2 * FRAME_OVERHEAD_BYTES + 1, false],
  ] as const) {
    const lane = new LaneLedger(3)
    lane.keep(sentFrame(new Uint8Array(FRAME_MAX_BYTES)))
    expect(lane.hasRoom(bytes - FRAME_MAX_BYTES)).toBe(hasRoom)
  }
})

test('a lane acknowledges after so many bytes or so long, not before', () => {
  // At once after so many bytes: of a path's first data, of a quarter of what has come on it, and at most.
  for (const [bytes, beforeBytes] of [
    [ACK_FIRST_BYTES, 0],
    [2 * ACK_FIRST_BYTES, 6 * ACK_FIRST_BYTES],
    [ACK_BYTES, 8 * ACK_BYTES],
  ] as const) {
    for (const missingBytes of [1, 0]) {
      const lane = new LaneLedger(3)
      if (beforeBytes > 0) lane.receive(beforeBytes - FRAME_OVERHEAD_BYTES, 1)
      lane.takeAck()
      expect(lane.ackDueAt).toBeUndefined()
      lane.receive(bytes - FRAME_OVERHEAD_BYTES - missingBytes, 7)
      expect(lane.ackDueAt).toBe(missingBytes > 0 ? 7 + ACK_LOAD_MS : 7)
    }
  }
  // Soon where data flows.
  const lane = new LaneLedger(3)
  lane.receive(ACK_LOAD_BYTES - FRAME_OVERHEAD_BYTES - 1, 7)
  expect(lane.ackDueAt).toBe(7 + ACK_MS)
  lane.receive(0, 8)
  expect(lane.ackDueAt).toBe(8 + ACK_LOAD_MS)
  lane.receive(0, 9)
  expect(lane.ackDueAt).toBe(8 + ACK_LOAD_MS)
  lane.takeAck()
  lane.receive(ACK_LOAD_BYTES - FRAME_OVERHEAD_BYTES, 20)
  expect(lane.ackDueAt).toBe(20 + ACK_LOAD_MS)

  const [, callee] = readyPair()
  callee.receive('bulk', encodeOpenHeader(1, HEADER))
  callee.now = ACK_MS - 1
  callee.give({ type: 'tick' })
  expect(callee.sent('control')).toEqual([])
  callee.now = ACK_MS
  callee.give({ type: 'tick' })
  expect(callee.sent('control')).toHaveLength(1)
})

test('bulk goes out while less than the bound is in flight, and waits from there on', () => {
  // The first frame leaves less than the bound by one byte, or by none; whether a second may follow is all the difference.
  for (const [beneathBytes, frames] of [
    [1, 2],
    [0, 1],
  ] as const) {
    const [dialler, callee] = readyPair()
    const first = dialler.session.open({ protocols: [ECHO] })
    const second = dialler.session.open({ protocols: [ECHO] })
    exchange(dialler, callee)
    callee.now = ACK_MS
    callee.give({ type: 'tick' })
    exchange(dialler, callee)
    expect(dialler.session.unacknowledgedBytes).toBe(0)
    let left = FIRST_WINDOW_BYTES - beneathBytes
    while (left > 0) {
      const frameBytes = Math.min(left - FRAME_OVERHEAD_BYTES, FRAME_MAX_BYTES)
      dialler.session.write(first, new Uint8Array(frameBytes - 2))
      expect(dialler.sent('bulk').map(({ bytes }) => bytes.length)).toEqual([frameBytes])
      left -= frameBytes + FRAME_OVERHEAD_BYTES
    }
    expect(dialler.session.unacknowledgedBytes).toBe(FIRST_WINDOW_BYTES - beneathBytes)
    dialler.session.write(second, new Uint8Array(5000))
    expect(1 + dialler.sent('bulk').length).toBe(frames)
    // Who sends little is not held back.
    const third = dialler.session.open({ protocols: [ECHO] })
    dialler.session.write(third, new Uint8Array(100))
    expect(dialler.sent('bulk').length).toBe(1)
  }
})

test('before the other side has shown that it got our hello: N bytes, N frames, and not one more', () => {
  const bytes = new EarlyBudget()
  bytes.use(EARLY_BYTES_MAX - 10)
  expect([bytes.allows(10), bytes.allows(11)]).toEqual([true, false])
  const frames = new EarlyBudget()
  for (let i = 1; i < EARLY_FRAMES_MAX; i++) frames.use(1)
  expect(frames.allows(1)).toBe(true)
  frames.use(1)
  expect(frames.allows(1)).toBe(false)
  frames.lift()
  expect(frames.allows(1)).toBe(true)
})

test('who has confirmed has as long for the hello, and no longer', () => {
  const bench = new Bench(0)
  bench.now = CONFIRM_MS - 1
  bench.receive('control', encodeControl({ type: 'confirm', hmac: filled(32, 2) }))
  bench.give({ type: 'tick' })
  expect(bench.failure).toBeUndefined()
  bench.now = CONFIRM_MS
  bench.give({ type: 'tick' })
  expect(bench.failure).toBe('timeout')
})

test('a ping goes out when it is time, not before', () => {
  const [dialler] = readyPair()
  dialler.now = LINK_PING_MS - 1
  dialler.give({ type: 'tick' })
  expect(dialler.sent('control')).toEqual([])
  dialler.now = LINK_PING_MS
  dialler.give({ type: 'tick' })
  expect(dialler.sent('control')).toHaveLength(1)
})

test('ids may run ahead by as many streams as may be open, and not by one more', () => {
  expect(() => new RemoteIds(1).open(1 + 2 * STREAMS_MAX)).not.toThrow()
  expect(() => new RemoteIds(1).open(1 + 2 * (STREAMS_MAX + 1))).toThrow(violation)
})

test('as many streams may wait to be turned down as may be open, and not one more', () => {
  const refused: OpenHeader = { ...HEADER, protocols: ['/no/1'] }
  const [, callee] = readyPair()
  callee.now = HELD_OPENS_MS
  for (let i = 0; i < STREAMS_MAX; i++) callee.receive('bulk', encodeOpenHeader(1 + 2 * i, refused))
  expect(callee.failure).toBeUndefined()
  callee.receive('bulk', encodeOpenHeader(1 + 2 * STREAMS_MAX, refused))
  expect(callee.failure).toBe('peer-violation')
})

test('the same where its reader turns them down: a name that is served for another kind', () => {
  const [, callee] = readyPair()
  const openAndRefuse = (id: number) => {
    callee.receive('bulk', encodeOpenHeader(id, HEADER))
    const stream = callee.last('incoming')?.stream
    if (stream !== undefined && stream.id === id) callee.session.reject(stream, REJECT_CODES.unsupported)
  }
  for (let i = 0; i < STREAMS_MAX; i++) openAndRefuse(1 + 2 * i)
  expect(callee.failure).toBeUndefined()
  openAndRefuse(1 + 2 * STREAMS_MAX)
  expect(callee.failure).toBe('peer-violation')
})

test('what the remote says that it takes is kept to: streams, bytes of one, bytes of all', () => {
  const limits = { streams: 2, streamWindowBytes: 100, connectionWindowBytes: 150 }
  const bench = new Bench(0)
  bench.receive('control', encodeControl({ type: 'confirm', hmac: filled(32, 2) }))
  bench.receive(
    'control',
    encodeControl({ type: 'hello', version: 1, instance: filled(16, 1), served: [[0, [ECHO]]], limits, features: [] }),
  )
  const [first, second] = [bench.session.open({ protocols: [ECHO] }), bench.session.open({ protocols: [ECHO] })]
  expect(() => bench.session.open({ protocols: [ECHO] })).toThrow(expect.objectContaining({ code: 'too-many' }))
  expect([bench.session.write(first, new Uint8Array(101)), bench.session.write(second, new Uint8Array(100))]).toEqual([100, 100])
  const frames = bench.sent('bulk').flatMap(({ bytes }) => unpackMessage(bytes).map(decodeFrame))
  const data = frames.map((frame) => (frame.type === 'open' || frame.type === 'data' ? frame.data.length : 0))
  expect(data).toEqual([100, 50])
})

test('no frame is larger than what the remote takes', () => {
  for (const [maxMessageSize, largest] of [
    [FRAME_MIN_BYTES, FRAME_MIN_BYTES],
    [FRAME_MAX_BYTES - 1, FRAME_MAX_BYTES - 1],
    [FRAME_MAX_BYTES + 1, FRAME_MAX_BYTES],
  ] as const) {
    const [dialler, callee] = [new Bench(0, { maxMessageSize }), new Bench(1)]
    exchange(dialler, callee)
    const stream = dialler.session.open({ protocols: [ECHO] })
    exchange(dialler, callee)
    dialler.session.write(stream, new Uint8Array(2 * FRAME_MAX_BYTES))
    expect(dialler.sent('bulk').map(({ bytes }) => bytes.length)).toEqual([largest])
  }
})

test('a frame that was made for a faster path is cut where it is longer by half, and nothing of it is lost', () => {
  const frameBytes = WINDOW_FIRST_BYTES / 4
  const header = 2
  for (const [bytes, lengths] of [
    [1.5 * frameBytes - header, [1.5 * frameBytes]],
    [1.5 * frameBytes - header + 1, [frameBytes, frameBytes / 2 + header + 1]],
    [Math.floor(2.6 * frameBytes), undefined],
  ] as const) {
    const [dialler, callee] = [new Bench(0, { firstWindowBytes: WINDOW_FIRST_BYTES }), new Bench(1)]
    exchange(dialler, callee)
    const stream = dialler.session.open({ protocols: [ECHO] })
    exchange(dialler, callee)
    const remote = callee.acceptLast()
    exchange(dialler, callee)
    const written = Uint8Array.from({ length: bytes }, (_, i) => i % 251)
    expect(dialler.session.write(stream, written)).toBe(bytes)
    const sent = dialler.sent('bulk')
    if (lengths !== undefined) expect(sent.map((message) => message.bytes.length)).toEqual(lengths)
    else expect(sent.length).toBe(3)
    for (const message of sent) callee.receive(message.lane, message.bytes)
    const read: number[] = []
    for (let chunk = callee.session.read(remote); chunk !== undefined; chunk = callee.session.read(remote)) read.push(...chunk)
    expect(read).toEqual([...written])
  }
})

test('frames of N bytes share a message, one of N + 1 has its own', () => {
  for (const [frameBytes, messages] of [
    [PACKED_FRAME_MAX_BYTES, 1],
    [PACKED_FRAME_MAX_BYTES + 1, 2],
  ] as const) {
    const [dialler, callee] = readyPair()
    const streams = [dialler.session.open({ protocols: [ECHO] }), dialler.session.open({ protocols: [ECHO] })]
    exchange(dialler, callee)
    for (const stream of streams) dialler.session.write(stream, new Uint8Array(frameBytes - 2))
    expect(dialler.sent('bulk')).toHaveLength(messages)
  }
})

test('params of N bytes travel, N + 1 do not', () => {
  // A JSON string: its two quotes count.
  const params = (bytes: number) => 'x'.repeat(bytes - 2)
  const header = encodeOpenHeader(1, { ...HEADER, params: params(PARAMS_MAX_BYTES) })
  expect(decodeFrame(header)).toMatchObject({ header: { params: params(PARAMS_MAX_BYTES) } })
  expect(() => encodeOpenHeader(1, { ...HEADER, params: params(PARAMS_MAX_BYTES + 1) })).toThrow(
    expect.objectContaining({ code: 'too-large' }),
  )
})

test('an ACCEPT names a protocol of N bytes at most', () => {
  const accept = (length: number) => encodeAccept(1, `/${'a'.repeat(length - 1)}`)
  expect(decodeFrame(accept(PROTOCOL_NAME_MAX_LENGTH)).type).toBe('accept')
  expect(() => decodeFrame(accept(PROTOCOL_NAME_MAX_LENGTH + 1))).toThrow(violation)
})

test('a goodbye says N units of its reason to a build without long ones; what is beyond is cut, and nobody is offended', () => {
  const [dialler, callee] = readyPair(undefined, [])
  const reason = 'x'.repeat(GOAWAY_REASON_MAX_LENGTH)
  dialler.give({ type: 'close', code: 1, reason: `${reason}y` })
  exchange(dialler, callee)
  expect(callee.last('closed')).toMatchObject({ by: 'remote', code: 1, reason })
})
