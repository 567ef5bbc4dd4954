// A session goes on over another path, by counts.
import { expect, test } from 'vitest'
import { pack } from '../bytes/struct.ts'
import { CONFIRM_MS, EARLY_BYTES_MAX, FRAME_MAX_BYTES, FRAME_MIN_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { type ControlMessage, decodeControl, encodeControl } from './control.ts'
import { FEATURES, OUR_FEATURES } from './features.ts'
import { Bench, ECHO, exchange, FIRST_WINDOW_BYTES, filled, type SentMessage } from './pair.testing.ts'

const RESUMES = { resumes: true }
const pair = (): [Bench, Bench] => [new Bench(0, RESUMES), new Bench(1, RESUMES)]
const said = (messages: readonly SentMessage[]): ControlMessage[] =>
  messages.flatMap(({ lane, bytes }) => (lane === 'control' ? [decodeControl(bytes)] : []))

/** Another path, confirmed by keys of its own. */
function attach(bench: Bench, role: 0 | 1, maxMessageSize = 262_144): void {
  const [ours, theirs] = role === 0 ? [3, 4] : [4, 3]
  bench.give({
    type: 'attach',
    path: {
      confirmation: { ours: filled(32, ours), theirs: filled(32, theirs) },
      maxMessageSize,
      firstWindowBytes: FIRST_WINDOW_BYTES,
    },
  })
  bench.give({ type: 'started' })
}

function replacePath(dialler: Bench, callee: Bench): void {
  for (const bench of [dialler, callee]) bench.give({ type: 'detach' })
  attach(dialler, 0)
  attach(callee, 1)
}

/** Ready, with a stream of the dialler's that the callee has accepted. */
function begun() {
  const [dialler, callee] = pair()
  exchange(dialler, callee)
  const stream = dialler.session.open({ protocols: [ECHO] })
  exchange(dialler, callee)
  const remote = callee.acceptLast()
  exchange(dialler, callee)
  return { dialler, callee, stream, remote }
}

test('what was lost with a path goes again over the next, what had come does not', () => {
  const { dialler, callee, stream, remote } = begun()
  dialler.session.write(stream, filled(10, 1))
  for (const { lane, bytes } of dialler.sent()) callee.receive(lane, bytes)
  dialler.session.write(stream, filled(10, 2))
  dialler.session.finish(stream)
  expect(dialler.sent().length).toBeGreaterThan(0)
  replacePath(dialler, callee)
  expect(dialler.session.write(stream, filled(1, 3))).toBe(0)
  exchange(dialler, callee)
  expect([dialler, callee].map((bench) => bench.told.filter(({ type }) => type === 'resumed').length)).toEqual([1, 1])
  expect([callee.session.read(remote), callee.session.read(remote), callee.session.read(remote)]).toEqual([
    filled(10, 1),
    filled(10, 2),
    undefined,
  ])
  expect(callee.session.atEnd(remote)).toBe(true)
  callee.now = 100
  callee.give({ type: 'tick' })
  exchange(dialler, callee)
  expect(dialler.told.filter(({ type }) => type === 'finished').length).toBe(1)
  expect(dialler.session.unacknowledgedBytes).toBe(0)
})

test('between paths nothing leaves and nothing comes; what is written then goes over the next', () => {
  const { dialler, callee, stream, remote } = begun()
  dialler.give({ type: 'detach' })
  dialler.session.write(stream, filled(10, 1))
  const other = dialler.session.open({ protocols: [ECHO] })
  dialler.session.write(other, filled(10, 2))
  expect(dialler.sent()).toEqual([])
  dialler.receive('control', encodeControl({ type: 'goaway', code: 1, reason: '' }))
  dialler.receive('bulk', filled(3, 255))
  expect([dialler.failure, dialler.last('closed')]).toEqual([undefined, undefined])
  callee.give({ type: 'detach' })
  attach(dialler, 0)
  attach(callee, 1)
  exchange(dialler, callee)
  expect(callee.session.read(remote)).toEqual(filled(10, 1))
  expect(callee.session.read(callee.acceptLast())).toEqual(filled(10, 2))
})

test('each path is confirmed anew, by its own keys, in its own time', () => {
  for (const keys of [1, 2, 9]) {
    const { dialler } = begun()
    dialler.give({ type: 'detach' })
    attach(dialler, 0)
    expect(said(dialler.sent()).map(({ type }) => type)).toEqual(['confirm'])
    dialler.receive('control', encodeControl({ type: 'confirm', hmac: filled(32, keys) }))
    expect(dialler.failure).toBe('peer-violation')
  }
  const { dialler } = begun()
  dialler.now = 50_000
  dialler.give({ type: 'detach' })
  attach(dialler, 0)
  expect(dialler.session.deadline()).toBe(50_000 + CONFIRM_MS)
  dialler.now += CONFIRM_MS
  dialler.give({ type: 'tick' })
  expect(dialler.failure).toBe('timeout')
})

test('frames that come before the counts wait, and those of a path that dies meanwhile do not count', () => {
  const { dialler, callee, stream, remote } = begun()
  for (let path = 0; path < 2; path++) {
    replacePath(dialler, callee)
    // Both confirm, greet and tell; what the dialler then sends overtakes all of its control lane but the first.
    for (const { bytes } of dialler.sent('control')) callee.receive('control', bytes)
    for (const { lane, bytes } of callee.sent()) dialler.receive(lane, bytes)
    const late = dialler.sent('control')
    if (path === 0) dialler.session.write(stream, filled(10, 1))
    for (const { lane, bytes } of dialler.sent('bulk')) callee.receive(lane, bytes)
    expect(callee.session.read(remote)).toBeUndefined()
    if (path === 0) continue
    for (const { lane, bytes } of late) callee.receive(lane, bytes)
    for (const { lane, bytes } of callee.sent()) dialler.receive(lane, bytes)
    exchange(dialler, callee)
  }
  expect(callee.session.read(remote)).toEqual(filled(10, 1))
  expect([dialler.failure, callee.failure]).toEqual([undefined, undefined])
})

test('congestion window and round trip begin anew', () => {
  const { dialler, callee, stream } = begun()
  dialler.now = 40
  exchange(dialler, callee)
  dialler.give({ type: 'ping' })
  const pings = dialler.sent('control')
  dialler.now = 140
  for (const { bytes } of pings) callee.receive('control', bytes)
  for (const { lane, bytes } of callee.sent()) dialler.receive(lane, bytes)
  expect(dialler.session.roundTripMs).toBe(100)
  for (const bench of [dialler, callee]) bench.give({ type: 'detach' })
  attach(dialler, 0)
  expect(dialler.session.roundTripMs).toBeUndefined()
  attach(callee, 1)
  exchange(dialler, callee)
  // A window's worth is in flight and lost: it goes again at the pace of the new path, not all at once.
  const pump = () => {
    while (dialler.session.write(stream, filled(FRAME_MAX_BYTES, 1)) > 0);
  }
  const bytesOf = (messages: readonly SentMessage[]) =>
    messages.reduce((sum, { lane, bytes }) => sum + (lane === 'bulk' ? bytes.length : 0), 0)
  let first = 0
  for (;;) {
    pump()
    const sent = bytesOf(dialler.sent())
    if (sent === 0) break
    first += sent
  }
  expect(first).toBeGreaterThan(FIRST_WINDOW_BYTES - FRAME_MAX_BYTES)
  replacePath(dialler, callee)
  for (const { lane, bytes } of callee.sent('control')) dialler.receive(lane, bytes)
  for (const { lane, bytes } of dialler.sent('control')) callee.receive(lane, bytes)
  for (const { lane, bytes } of callee.sent('control')) dialler.receive(lane, bytes)
  const again = bytesOf(dialler.sent())
  expect(again).toBeGreaterThan(FIRST_WINDOW_BYTES - FRAME_MAX_BYTES)
  expect(again).toBeLessThan(FIRST_WINDOW_BYTES + FRAME_MAX_BYTES)
})

test.each([
  ['more than was sent', 99],
  ['less than was acknowledged', 0],
])('a count of %s is a violation', (_what, received) => {
  const { dialler, callee } = begun()
  callee.now = 100
  callee.give({ type: 'tick' })
  for (const { lane, bytes } of callee.sent()) dialler.receive(lane, bytes)
  replacePath(dialler, callee)
  dialler.receive('control', encodeControl({ type: 'confirm', hmac: filled(32, 4) }))
  const [, hello] = said([...callee.sent('control'), ...answers(dialler, callee)])
  if (hello?.type !== 'hello') throw new Error('no hello')
  dialler.receive('control', encodeControl(hello))
  dialler.receive('control', encodeControl({ type: 'resume', lane: 2, received: 0 }))
  dialler.receive('control', encodeControl({ type: 'resume', lane: 3, received }))
  expect(dialler.failure).toBe('peer-violation')
})

/** What the callee says once the dialler has confirmed. */
function answers(dialler: Bench, callee: Bench): SentMessage[] {
  for (const { bytes } of dialler.sent('control').slice(0, 1)) callee.receive('control', bytes)
  return callee.sent('control')
}

test('a hello on another path is the same but for what is served', () => {
  const { dialler, callee } = begun()
  callee.give({ type: 'serve', served: [[0, ['/other/1']]] })
  replacePath(dialler, callee)
  exchange(dialler, callee)
  expect(dialler.session.remoteProtocols()).toEqual(['/other/1'])
  for (const bench of [dialler, callee]) bench.give({ type: 'detach' })
  attach(dialler, 0)
  dialler.receive('control', encodeControl({ type: 'confirm', hmac: filled(32, 4) }))
  const limits = { streams: 1024, streamWindowBytes: 1, connectionWindowBytes: 1 }
  const features = [...OUR_FEATURES, FEATURES.resume]
  const stranger = { type: 'hello', version: 1, instance: filled(16, 9), served: [], limits, features } as const
  dialler.receive('control', encodeControl(stranger))
  expect(dialler.failure).toBe('peer-violation')
})

test('a remote that has not named it gets no second path, and may not tell counts', () => {
  const [dialler, callee] = [new Bench(0, RESUMES), new Bench(1)]
  exchange(dialler, callee)
  expect([dialler.session.has('resume'), callee.session.has('resume')]).toEqual([false, false])
  callee.receive('control', encodeControl({ type: 'resume', lane: 2, received: 0 }))
  expect(callee.failure).toBe('peer-violation')
  dialler.give({ type: 'detach' })
  attach(dialler, 0)
  expect(dialler.failure).toBe('lost')
})

test('a path that takes smaller messages than the first is refused; so is a second beside the first', () => {
  const { dialler, callee } = begun()
  dialler.give({ type: 'detach' })
  attach(dialler, 0, FRAME_MIN_BYTES)
  expect(dialler.failure).toBe('peer-violation')
  attach(callee, 1)
  expect(callee.failure).toBe('invalid-argument')
})

test('what others say on the control lane waits for the next path, but for descriptions of the last', () => {
  const { dialler, callee } = begun()
  dialler.give({ type: 'opaque', number: 4, message: pack([4, 1]) })
  dialler.give({ type: 'detach' })
  dialler.give({ type: 'opaque', number: 12, message: pack([12, []]) })
  callee.give({ type: 'detach' })
  attach(dialler, 0)
  attach(callee, 1)
  exchange(dialler, callee)
  expect(callee.told.flatMap((output) => (output.type === 'opaque' ? [output.number] : []))).toEqual([12])
})

test('a goodbye that waits goes over the next path, behind what was lost', () => {
  const { dialler, callee, stream, remote } = begun()
  dialler.session.write(stream, filled(10, 1))
  dialler.sent()
  dialler.give({ type: 'detach' })
  callee.give({ type: 'detach' })
  dialler.give({ type: 'close', code: 7, reason: 'bye' })
  attach(dialler, 0)
  attach(callee, 1)
  exchange(dialler, callee)
  expect(callee.last('closed')).toMatchObject({ by: 'remote', code: 7, reason: 'bye' })
  expect(callee.session.read(remote)).toEqual(filled(10, 1))
})

test('a list that crosses does not show that the remote has our counts: no more goes before than it keeps', () => {
  const { dialler, callee } = begun()
  const streams = [0, 1].map((priority) => dialler.session.open({ protocols: [ECHO], priority }))
  replacePath(dialler, callee)
  // The callee has the confirmation, and nothing else yet.
  for (const { bytes } of dialler.sent('control')) callee.receive('control', bytes)
  callee.give({ type: 'serve', served: [[0, [ECHO, '/other/1']]] })
  const hello = callee.sent('control')
  callee.give({ type: 'serve', served: [[0, [ECHO]]] })
  for (const { bytes } of [...hello, ...callee.sent('control')]) dialler.receive('control', bytes)
  expect(dialler.session.remoteProtocols()).toEqual([ECHO])
  let bytes = 0
  for (let before = -1; bytes > before; ) {
    before = bytes
    for (const stream of streams) while (dialler.session.write(stream, filled(FRAME_MAX_BYTES, 1)) > 0);
    for (const message of dialler.sent('urgent', 'bulk')) bytes += message.bytes.length
  }
  expect(bytes).toBeGreaterThan(EARLY_BYTES_MAX / 2)
  expect(bytes).toBeLessThanOrEqual(EARLY_BYTES_MAX)
})

test('a datagram on a path that is not confirmed reaches no flow', () => {
  const [dialler, callee] = pair()
  exchange(dialler, callee)
  const flow = dialler.session.open({ protocols: [ECHO], kind: 'datagrams' })
  exchange(dialler, callee)
  const remote = callee.acceptLast()
  exchange(dialler, callee)
  const send = (): Bytes => {
    dialler.session.sendDatagram(flow, filled(10, 1), dialler.now)
    const [datagram] = dialler.sent('datagrams')
    if (datagram === undefined) throw new Error('no datagram')
    return datagram.bytes
  }
  const datagram = send()
  callee.give({ type: 'detach' })
  callee.receive('datagrams', datagram)
  attach(callee, 1)
  callee.receive('datagrams', datagram)
  callee.session.receiveDatagram(datagram.slice(), () => 0)
  expect(callee.session.readDatagram(remote)).toBeUndefined()
  dialler.give({ type: 'detach' })
  attach(dialler, 0)
  exchange(dialler, callee)
  callee.receive('datagrams', send())
  expect(callee.session.readDatagram(remote)).toEqual(filled(10, 1))
})

test('who closes while another path is not confirmed says goodbye there, behind what was lost', () => {
  const { dialler, callee, stream, remote } = begun()
  dialler.session.write(stream, filled(10, 1))
  dialler.sent()
  replacePath(dialler, callee)
  dialler.give({ type: 'close', code: 7, reason: 'bye' })
  expect(dialler.last('closed')).toBeUndefined()
  exchange(dialler, callee)
  expect([dialler.last('closed')?.by, callee.last('closed')]).toMatchObject(['local', { by: 'remote', code: 7 }])
  expect(callee.session.read(remote)).toEqual(filled(10, 1))
})
