// A remote that sends what costs it a few bytes and us work or memory: each kind has a bound, and an honest peer never meets it.
import { describe, expect, test } from 'vitest'
import { Writer } from '../bytes/writer.ts'
import {
  CONTROL_BURST,
  CONTROL_PER_SECOND,
  IDLE_FRAMES_BURST,
  IDLE_FRAMES_PER_SECOND,
  INCOMING_BURST,
  INCOMING_PER_SECOND,
  LATE_FRAMES_BURST,
  LATE_FRAMES_PER_SECOND,
  OUTPUTS_MAX,
  PACK_MAX_BYTES,
  REJECTS_OWED_MAX,
  STREAMS_MAX,
  STREAMS_RETAINED_MAX,
} from '../limits.ts'
import { encodeControl } from '../session/control.ts'
import { type Bench, ECHO, exchange, filled, readyPair } from '../session/pair.testing.ts'
import {
  decodeFrame,
  encodeAbort,
  encodeAck,
  encodeCredit,
  encodeDataHeader,
  encodeFin,
  encodeOpenHeader,
  encodeOwnCredit,
  encodeReset,
  encodeStop,
  makeOwn,
  REJECT_CODES,
  type StreamKind,
} from './frames.ts'
import { unpackMessage } from './packing.ts'

const START_MS = 120_000

/** The id of the n-th stream that a dialler opens. */
const id = (n: number) => 2 * n + 1

const open = (n: number, options: { kind?: StreamKind; protocol?: `/${string}`; params?: unknown } = {}) => {
  const { kind = 'stream', protocol = ECHO, params } = options
  return encodeOpenHeader(id(n), { kind, priority: 0, scope: 0, protocols: [protocol], params })
}

/** One message of several frames. */
function packed(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const writer = new Writer(PACK_MAX_BYTES).varint(0).u8(9)
  for (const frame of frames) writer.varint(frame.length).bytes(frame)
  return writer.finish()
}

/** What a callee has sent on the bulk lane, frame by frame; acknowledgements do not count as frames. */
const said = (bench: Bench) =>
  bench
    .sent('bulk')
    .flatMap(({ bytes }) => unpackMessage(bytes))
    .map((bytes) => decodeFrame(bytes))
    .filter(({ type }) => type !== 'ack')

const incoming = (bench: Bench) => bench.told.filter(({ type }) => type === 'incoming').length

/** A callee that has said hello; the test is its remote from now on. */
function callee(): Bench {
  const [, bench] = readyPair()
  // What the greeting has used of any rate is there again; what is held for the first second is not held any more.
  bench.now = START_MS
  return bench
}

describe('streams that are opened and reset', () => {
  test('the application is told of each and of its end, also where both came in one message', () => {
    const bench = callee()
    bench.receive('bulk', packed([open(0), encodeReset(1, 5)]))
    const stream = bench.acceptLast()
    expect(bench.told.at(-1)).toEqual({ type: 'reset', stream, code: 5 })
  })

  test.each(['stream', 'datagrams', 'media'] as const)(
    'of kind %s, faster than they can be told: the others are forgotten',
    (kind) => {
      const bench = callee()
      let [sent, n] = [0, 0]
      while (n < 60_000) {
        const pairs = Array.from({ length: 100 }, () => [open(n, { kind }), encodeReset(id(n++), 0)])
        bench.receive('bulk', packed(pairs.flat()))
        for (const output of bench.told.splice(0)) if (output.type === 'incoming') bench.session.accept(output.stream)
        sent += said(bench).length
        bench.receive('bulk', encodeAck(3, sent))
      }
      expect(sent).toBe(INCOMING_BURST)
      expect([bench.failure, bench.session.streams, bench.session.retainedStreams]).toEqual([undefined, 0, 0])
      bench.now += 1
      bench.receive('bulk', open(n))
      expect(incoming(bench)).toBe(1)
    },
  )

  test('what had come whole before the reset is told and can be read', () => {
    const bench = callee()
    bench.receive('bulk', packed([new Uint8Array([...open(0), 1, 2, 3]), encodeFin(1), encodeReset(1, 0)]))
    const stream = bench.acceptLast()
    expect(bench.session.read(stream)).toEqual(new Uint8Array([1, 2, 3]))
  })

  test.each([
    ['reset by the remote', (bench: Bench, n: number) => bench.receive('bulk', encodeReset(id(n), 0))],
    ['reset by us', (bench: Bench) => bench.session.reset(bench.acceptLast(), 0)],
    [
      'accepted, then reset by the remote',
      (bench: Bench, n: number) => {
        bench.acceptLast()
        bench.receive('bulk', encodeReset(id(n), 0))
      },
    ],
    [
      'given up by both halves',
      (bench: Bench) => {
        const stream = bench.acceptLast()
        bench.session.abort(stream, 0)
        bench.session.stop(stream, 0)
      },
    ],
  ] as const)('%s and never acknowledged: N are kept, N + 1 is turned down', (_, end) => {
    const bench = callee()
    for (let n = 0; n < STREAMS_RETAINED_MAX; n++) {
      bench.now += 1
      bench.receive('bulk', open(n))
      end(bench, n)
      bench.sent()
      bench.told.length = 0
    }
    expect([bench.session.streams, bench.session.retainedStreams]).toEqual([0, STREAMS_RETAINED_MAX])
    bench.receive('bulk', open(STREAMS_RETAINED_MAX))
    expect(incoming(bench)).toBe(0)
    expect(said(bench)).toContainEqual({ type: 'reject', stream: id(STREAMS_RETAINED_MAX), code: REJECT_CODES.tooMany })
    expect(bench.failure).toBeUndefined()
  })

  test('finished by both and never acknowledged: within the same bounds', () => {
    const bench = callee()
    for (let n = 0; n < 2 * STREAMS_RETAINED_MAX; n++) {
      bench.now += 1
      bench.receive('bulk', open(n))
      for (const output of bench.told) {
        if (output.type !== 'incoming') continue
        bench.session.accept(output.stream)
        bench.session.finish(output.stream)
        bench.receive('bulk', encodeFin(id(n)))
      }
      bench.told.length = 0
      bench.sent()
    }
    // Our FINs wait beyond what may be in flight, and until they have left a stream is open.
    expect(bench.session.streams).toBeLessThanOrEqual(STREAMS_MAX)
    expect(bench.session.retainedStreams).toBeLessThanOrEqual(STREAMS_RETAINED_MAX)
  })

  test('one acknowledgement lets go of all of them', () => {
    const bench = callee()
    let frames = 0
    for (let n = 0; n < 100; n++) {
      bench.receive('bulk', open(n))
      bench.acceptLast()
      frames += said(bench).length
      bench.receive('bulk', encodeReset(id(n), 0))
    }
    expect(bench.session.retainedStreams).toBe(100)
    bench.receive('control', encodeControl({ type: 'ack', lane: 3, count: frames }))
    expect(bench.session.retainedStreams).toBe(0)
  })

  test.each([
    [
      'taken, then reset by the remote',
      (bench: Bench) => {
        bench.acceptLast()
        bench.receive('bulk', encodeReset(1, 0))
      },
    ],
    ['reset by us', (bench: Bench) => bench.session.reset(bench.acceptLast(), 0)],
  ] as const)('%s: neither params nor names of protocols are kept with a stream that is over', (_, end) => {
    const bench = callee()
    bench.receive('bulk', open(0, { params: { about: 'x'.repeat(900) } }))
    const stream = bench.last('incoming')?.stream
    expect([stream?.params !== undefined, stream?.header.protocols]).toEqual([true, [ECHO]])
    end(bench)
    bench.sent()
    expect(bench.session.retainedStreams).toBe(1)
    expect([stream?.params, stream?.header.protocols]).toEqual([undefined, []])
  })

  test('what had come whole before the reset can still be taken, by the names that its opener gave', () => {
    const bench = callee()
    bench.receive('bulk', open(0))
    bench.receive('bulk', encodeFin(1))
    bench.receive('bulk', encodeReset(1, 0))
    const stream = bench.last('incoming')?.stream
    expect(stream && bench.session.choices(stream)).toEqual([ECHO])
  })
})

test('N REJECTs that were not acknowledged, and not one OPEN more', () => {
  const bench = callee()
  for (let n = 0; n < REJECTS_OWED_MAX; n++) {
    bench.receive('bulk', open(n, { protocol: '/unknown/1' }))
    if (n % STREAMS_MAX === STREAMS_MAX - 1) bench.sent()
  }
  expect(bench.failure).toBe(undefined)
  bench.receive('bulk', open(REJECTS_OWED_MAX, { protocol: '/unknown/1' }))
  expect(bench.failure).toBe('peer-violation')
})

test('REJECTs that are acknowledged may be as many as they like', () => {
  const bench = callee()
  let frames = 0
  for (let n = 0; n < 3 * REJECTS_OWED_MAX; n++) {
    bench.receive('bulk', open(n, { protocol: '/unknown/1' }))
    frames += said(bench).length
    if (n % 1000 === 999) bench.receive('bulk', encodeAck(3, frames))
  }
  expect(bench.failure).toBeUndefined()
})

describe('streams that come fast', () => {
  /** Opened, taken and finished by both, so that none stays open. */
  function pass(bench: Bench, n: number, frames = [open(n), encodeFin(id(n))]): void {
    for (const frame of frames) bench.receive('bulk', frame)
    for (const output of bench.told) {
      if (output.type !== 'incoming') continue
      bench.session.accept(output.stream)
      bench.session.finish(output.stream)
      expect(bench.session.read(output.stream)).toBeUndefined()
    }
    bench.told.length = 0
    const count = said(bench).length
    sent += count
    if (count > 0) bench.receive('bulk', encodeAck(3, sent))
  }
  let sent = 0

  test('N are told at once, N + 1 when its time has come, in order and with what came meanwhile', () => {
    sent = 0
    const bench = callee()
    for (let n = 0; n < INCOMING_BURST; n++) pass(bench, n)
    expect([bench.session.streams, bench.failure]).toEqual([0, undefined])
    for (const n of [INCOMING_BURST, INCOMING_BURST + 1]) {
      bench.receive('bulk', new Uint8Array([...open(n), 7]))
      bench.receive('bulk', encodeFin(id(n)))
    }
    expect(incoming(bench)).toBe(0)
    expect(bench.session.streams).toBe(2)
    bench.now += Math.ceil(1000 / INCOMING_PER_SECOND)
    expect(bench.session.deadline()).toBeLessThanOrEqual(bench.now)
    while (incoming(bench) < 2) {
      bench.give({ type: 'tick' })
      bench.now += 1
      expect(bench.now).toBeLessThan(START_MS + 10)
    }
    const streams = bench.told.flatMap((output) => (output.type === 'incoming' ? [output.stream] : []))
    expect(streams.map((stream) => stream.id)).toEqual([id(INCOMING_BURST), id(INCOMING_BURST + 1)])
    for (const stream of streams) expect(bench.session.read(stream)).toEqual(new Uint8Array([7]))
  })

  test('those that wait count as open, and what is reset meanwhile is never told', () => {
    sent = 0
    const bench = callee()
    for (let n = 0; n < INCOMING_BURST; n++) pass(bench, n)
    for (let n = 0; n < STREAMS_MAX; n++) bench.receive('bulk', open(INCOMING_BURST + n))
    expect(bench.session.streams).toBe(STREAMS_MAX)
    bench.receive('bulk', open(INCOMING_BURST + STREAMS_MAX))
    expect(said(bench)).toEqual([{ type: 'reject', stream: id(INCOMING_BURST + STREAMS_MAX), code: REJECT_CODES.tooMany }])
    for (let n = 0; n < STREAMS_MAX; n++) bench.receive('bulk', encodeReset(id(INCOMING_BURST + n), 0))
    expect([bench.session.streams, bench.session.retainedStreams, incoming(bench)]).toEqual([0, 0, 0])
    bench.now += 60_000
    bench.give({ type: 'tick' })
    expect(incoming(bench)).toBe(0)
  })

  test('as many as may be open at once are told at once, however they are packed', () => {
    const [dialler, bench] = readyPair()
    for (let n = 0; n < STREAMS_MAX; n++) dialler.session.open({ protocols: [ECHO] })
    exchange(dialler, bench)
    expect(incoming(bench)).toBe(STREAMS_MAX)
  })
})

describe('control messages', () => {
  const LIST = encodeControl({ type: 'protocols', served: [[0, [ECHO]]] })
  test.each([
    ['pings', encodeControl({ type: 'ping', token: 1 })],
    ['pongs', encodeControl({ type: 'pong', token: 1 })],
    ['lists of protocols', LIST],
    ['SDP', new Uint8Array([0x92, 4, 2])],
    ['mentions', new Uint8Array([0x91, 10])],
    ['retirements', new Uint8Array([0x91, 11])],
    ['relays', new Uint8Array([0x92, 12, 0x90])],
  ])('%s: N at once, and not N + 1', (_, message) => {
    const bench = callee()
    for (let n = 0; n < CONTROL_BURST; n++) bench.receive('control', message)
    expect(bench.failure).toBeUndefined()
    bench.receive('control', message)
    expect(bench.failure).toBe('peer-violation')
  })

  test('so many a second for ever, and not one more', () => {
    const bench = callee()
    for (let n = 0; n < 3 * CONTROL_BURST; n++) {
      bench.now += 1000 / CONTROL_PER_SECOND
      bench.receive('control', LIST)
    }
    for (let n = 1; n < CONTROL_BURST; n++) bench.receive('control', LIST)
    expect(bench.failure).toBeUndefined()
    bench.receive('control', LIST)
    expect(bench.failure).toBe('peer-violation')
  })

  test('acknowledgements of what was sent are not counted', () => {
    const bench = callee()
    bench.receive('bulk', open(0))
    const stream = bench.acceptLast()
    let frames = said(bench).length
    for (let n = 0; n < 2 * IDLE_FRAMES_BURST; n++) {
      bench.session.write(stream, filled(1, 1))
      frames += bench.sent('bulk').length
      bench.receive('control', encodeControl({ type: 'ack', lane: 3, count: frames }))
      if (n % 1000 === 0) bench.receive('bulk', encodeCredit(1, 262_144 + n + 1))
    }
    expect(bench.failure).toBeUndefined()
  })
})

describe('frames that say nothing', () => {
  const empty = encodeDataHeader(1)
  const emptyOwn = encodeDataHeader(1)
  makeOwn(emptyOwn, emptyOwn.length)
  test.each([
    ['DATA without data', 'bulk', empty],
    ['OWN DATA without data', 'bulk', emptyOwn],
    ['credit that was there', 'bulk', encodeCredit(1, 1)],
    ['own credit that was there', 'bulk', encodeOwnCredit(1, 1)],
    ['credit of the connection that was there', 'bulk', encodeCredit(0, 1)],
    ['an acknowledgement of nothing', 'bulk', encodeAck(2, 0)],
    ['the same as a control message', 'control', encodeControl({ type: 'ack', lane: 2, count: 0 })],
  ] as const)('%s: N at once, and not N + 1', (_, lane, frame) => {
    const bench = callee()
    bench.receive('bulk', open(0))
    bench.acceptLast()
    for (let n = 0; n < IDLE_FRAMES_BURST; n++) bench.receive(lane, frame)
    expect(bench.failure).toBeUndefined()
    bench.receive(lane, frame)
    expect(bench.failure).toBe('peer-violation')
  })

  test('so many a second for ever', () => {
    const bench = callee()
    bench.receive('bulk', open(0))
    bench.acceptLast()
    for (let n = 0; n < 3 * IDLE_FRAMES_BURST; n++) {
      if (n % IDLE_FRAMES_PER_SECOND === 0) bench.now += 1000
      bench.receive('bulk', empty)
    }
    expect(bench.failure).toBeUndefined()
  })
})

test('a stream that was reset is told of once, however often the remote says so', () => {
  const bench = callee()
  bench.receive('bulk', open(0))
  bench.acceptLast()
  // Never acknowledged, so the stream is kept.
  bench.sent()
  for (let n = 0; n <= IDLE_FRAMES_BURST; n++) bench.receive('bulk', encodeReset(1, 0))
  expect(bench.told.filter(({ type }) => type === 'reset').length).toBe(1)
  expect(bench.failure).toBeUndefined()
  bench.receive('bulk', encodeReset(1, 0))
  expect(bench.failure).toBe('peer-violation')
})

describe('frames that come when their stream, or their half of it, is over', () => {
  const gone = (bench: Bench) => {
    bench.receive('bulk', packed([open(0), encodeReset(1, 0)]))
    bench.acceptLast()
    bench.receive('bulk', encodeAck(3, said(bench).length))
    expect(bench.session.retainedStreams).toBe(0)
  }
  const resetHere = (bench: Bench) => {
    bench.receive('bulk', open(0))
    bench.session.reset(bench.acceptLast(), 0)
  }
  const halfOver = (frame: Uint8Array<ArrayBuffer>) => (bench: Bench) => {
    bench.receive('bulk', open(0))
    bench.acceptLast()
    bench.sent()
    bench.receive('bulk', frame)
  }
  test.each([
    ['RESET for a stream that is gone', gone, encodeReset(1, 0)],
    ['STOP for a stream that is gone', gone, encodeStop(1, 0)],
    ['credit for a stream that is gone', gone, encodeCredit(1, 300_000)],
    ['FIN for a stream that was reset here', resetHere, encodeFin(1)],
    ['RESET for a stream that was reset here', resetHere, encodeReset(1, 0)],
    ['STOP again', halfOver(encodeStop(1, 0)), encodeStop(1, 0)],
    ['ABORT again', halfOver(encodeAbort(1, 0)), encodeAbort(1, 0)],
  ] as const)('%s, late: N at once, and not N + 1', (_, prepare, frame) => {
    const bench = callee()
    prepare(bench)
    const before = bench.told.length
    for (let n = 0; n < LATE_FRAMES_BURST; n++) bench.receive('bulk', frame)
    expect([bench.failure, bench.told.length]).toEqual([undefined, before])
    bench.receive('bulk', frame)
    expect(bench.failure).toBe('peer-violation')
  })

  test('so many late ones a second for ever', () => {
    const bench = callee()
    gone(bench)
    for (let n = 0; n < 3 * LATE_FRAMES_BURST; n++) {
      if (n % LATE_FRAMES_PER_SECOND === 0) bench.now += 1000
      bench.receive('bulk', encodeFin(1))
    }
    expect(bench.failure).toBeUndefined()
  })
})

test('N things wait to be told; N + 1 end the link, which is told at once', () => {
  const bench = callee()
  const more = () => {
    bench.now += 1000 / CONTROL_PER_SECOND
    bench.session.handle({ type: 'message', lane: 'control', bytes: new Uint8Array([0x91, 10]) }, bench.now)
  }
  for (let n = 0; n < OUTPUTS_MAX; n++) more()
  bench.drain()
  expect([bench.failure, bench.told.filter(({ type }) => type === 'opaque').length]).toEqual([undefined, OUTPUTS_MAX])
  for (let n = 0; n < OUTPUTS_MAX + 1; n++) more()
  expect(bench.session.poll()).toMatchObject({ type: 'failed', error: { code: 'peer-violation' } })
  expect(bench.session.poll()).toBeUndefined()
})

test('several frames in a message of N bytes, and not of N + 1, nor of none', () => {
  const message = (bytes: number) => {
    const frames = packed([encodeReset(1, 0), new Uint8Array(bytes - 8)])
    expect(frames.length).toBe(bytes)
    return frames
  }
  expect(unpackMessage(message(PACK_MAX_BYTES)).length).toBe(2)
  const violation = expect.objectContaining({ code: 'peer-violation' })
  expect(() => unpackMessage(message(PACK_MAX_BYTES + 1))).toThrow(violation)
  expect(() => unpackMessage(packed([]))).toThrow(violation)
})
