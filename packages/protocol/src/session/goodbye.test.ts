/** The end of a link, in order: what was written leaves before the goodbye, and arrives before it counts. */
import { expect, test } from 'vitest'
import { pack } from '../bytes/struct.ts'
import { GOODBYE_IDLE_MS, GOODBYE_MAX_MS, HELD_OPENS_MS, STREAM_WINDOW_BYTES } from '../limits.ts'
import { encodeAck } from '../mux/frames.ts'
import { type ControlMessage, decodeControl, encodeControl } from './control.ts'
import { Bench, ECHO, exchange, filled, readyPair, type SentMessage } from './pair.testing.ts'

const leave = { type: 'close', code: 7, reason: 'enough' } as const
const left = { type: 'closed', by: 'remote', code: 7, reason: 'enough' }

const give = (to: Bench, messages: readonly SentMessage[]) => {
  for (const { lane, bytes } of messages) to.receive(lane, bytes)
}

const goodbyes = (messages: readonly SentMessage[]): ControlMessage[] =>
  messages
    .flatMap(({ lane, bytes }) => (lane === 'control' ? [decodeControl(bytes)] : []))
    .filter(({ type }) => type === 'goaway')

/** A ready pair, and a stream that the callee has taken. */
function streamPair(pair = readyPair()) {
  const [dialler, callee] = pair
  const local = dialler.session.open({ protocols: [ECHO] })
  exchange(dialler, callee)
  const remote = callee.acceptLast()
  exchange(dialler, callee)
  return { dialler, callee, local, remote }
}

function elapse(bench: Bench, ms: number): void {
  bench.now += ms
  bench.give({ type: 'tick' })
}

test('what was written leaves before the goodbye, which counts it', () => {
  const { dialler, callee, local, remote } = streamPair()
  dialler.session.write(local, filled(5, 5))
  // More was promised, and will not come.
  dialler.session.write(local, filled(5, 5), true)
  dialler.give(leave)
  expect(goodbyes(dialler.sent('control'))).toEqual([])
  const data = dialler.sent('bulk')
  const control = dialler.sent('control')
  expect(goodbyes(control)).toEqual([{ type: 'goaway', code: 7, reason: 'enough', sent: { urgent: 0, bulk: 2 } }])
  expect(dialler.last('closed')).toMatchObject({ by: 'local', code: 7 })
  // The control lane is faster.
  give(callee, control)
  expect(callee.last('closed')).toBeUndefined()
  give(callee, data)
  expect(callee.last('closed')).toEqual(left)
  expect(callee.session.read(remote)).toEqual(filled(10, 5))
})

test('nothing new begins while the last leaves, and nothing is told', () => {
  const { dialler, callee, local, remote } = streamPair()
  dialler.session.write(local, filled(50_000, 1))
  dialler.give(leave)
  expect(dialler.session.write(local, filled(5, 1))).toBe(0)
  expect(() => dialler.session.open({ protocols: [ECHO] })).toThrow(expect.objectContaining({ code: 'closed' }))
  callee.session.open({ protocols: [ECHO] })
  callee.session.write(remote, filled(5, 1))
  callee.session.finish(remote)
  const before = dialler.told.length
  give(dialler, callee.sent())
  expect(dialler.told.slice(before)).toEqual([])
})

test('of what the other side has no credit for, nothing is waited for longer than limits say', () => {
  const pair = [new Bench(0), new Bench(1, { features: [] })] as [Bench, Bench]
  exchange(...pair)
  const { dialler, callee } = streamPair(pair)
  // Nobody reads: the connection has no credit left, and a frame waits.
  const streams = Array.from({ length: 70 }, () => dialler.session.open({ protocols: [ECHO] }))
  for (const stream of streams) {
    for (let count = -1, bytes = 0; count !== 0 && bytes < STREAM_WINDOW_BYTES; bytes += count) {
      count = dialler.session.write(stream, new Uint8Array(60_000))
      exchange(dialler, callee)
    }
  }
  dialler.give(leave)
  expect(goodbyes(dialler.sent())).toEqual([])
  expect(dialler.session.deadline()).toBeLessThanOrEqual(GOODBYE_IDLE_MS)
  elapse(dialler, GOODBYE_IDLE_MS - 1)
  expect(goodbyes(dialler.sent())).toEqual([])
  elapse(dialler, 1)
  expect(goodbyes(dialler.sent())).toHaveLength(1)
})

test('frames that are announced and never come hold nobody: a second without any, ten in all', () => {
  const { dialler, callee, local, remote } = streamPair()
  dialler.session.write(local, filled(5, 5))
  give(callee, dialler.sent())
  callee.receive('control', encodeControl({ type: 'goaway', code: 7, reason: 'enough', sent: { urgent: 0, bulk: 1_000_000 } }))
  const start = callee.now
  expect(callee.last('closed')).toBeUndefined()
  elapse(callee, GOODBYE_IDLE_MS - 1)
  expect(callee.last('closed')).toBeUndefined()
  // Something comes: it goes on.
  while (callee.last('closed') === undefined) {
    dialler.session.write(local, filled(5, 5))
    give(callee, dialler.sent('bulk'))
    elapse(callee, GOODBYE_IDLE_MS / 2)
    if (callee.now - start > 2 * GOODBYE_MAX_MS) break
  }
  expect(callee.now - start).toBeGreaterThan(GOODBYE_MAX_MS - GOODBYE_IDLE_MS)
  expect(callee.now - start).toBeLessThanOrEqual(GOODBYE_MAX_MS + GOODBYE_IDLE_MS)
  expect(callee.last('closed')).toEqual(left)
  expect(callee.session.read(remote)).toEqual(filled(5, 5))
})

test('the lanes close before all has come: that is the end, in order all the same', () => {
  const { callee } = streamPair()
  callee.receive('control', encodeControl({ type: 'goaway', code: 7, reason: 'enough', sent: { urgent: 0, bulk: 100 } }))
  callee.give({ type: 'fail', error: new Error('lost') as never })
  expect(callee.last('closed')).toEqual(left)
  expect(callee.failure).toBeUndefined()
})

test('at once, as when the page goes: with what can leave now', () => {
  const { dialler, local } = streamPair()
  dialler.session.write(local, filled(5, 5))
  dialler.give({ ...leave, atOnce: true })
  const sent = dialler.sent('bulk', 'control')
  expect(sent.map(({ lane }) => lane)).toEqual(['bulk', 'control'])
  const other = streamPair()
  other.dialler.session.write(other.local, filled(5, 5))
  other.dialler.give({ ...leave, atOnce: true })
  expect(goodbyes(other.dialler.sent('control'))).toMatchObject([{ sent: { bulk: 1 } }])
})

test('both leave at once', () => {
  const { dialler, callee, local } = streamPair()
  dialler.session.write(local, filled(5, 5))
  dialler.give(leave)
  callee.give({ ...leave, code: 8 })
  const [there, back] = [dialler.sent(), callee.sent()]
  give(callee, there)
  give(dialler, back)
  expect([dialler, callee].map((bench) => bench.told.at(-1)?.type)).toEqual(['closed', 'closed'])
})

test('a build that does not count is told as before, and ends at once', () => {
  const pair = [new Bench(0), new Bench(1, { features: [] })] as [Bench, Bench]
  exchange(...pair)
  const { dialler, callee, local } = streamPair(pair)
  dialler.session.write(local, filled(5, 5))
  dialler.give(leave)
  const data = dialler.sent('bulk')
  const control = dialler.sent('control')
  expect(control.map(({ bytes }) => bytes)).toContainEqual(pack([9, 7, 'enough']))
  give(callee, control)
  expect(callee.last('closed')).toEqual(left)
  give(callee, data)
  expect(callee.failure).toBeUndefined()
})

test('between their goodbye and the last that it counts: the remote is leaving, and nothing new begins', () => {
  const { dialler, callee, local, remote } = streamPair()
  const flow = callee.session.open({ protocols: [ECHO], kind: 'datagrams' })
  dialler.session.write(local, filled(5, 5))
  dialler.session.write(local, filled(5, 5))
  dialler.give(leave)
  const data = dialler.sent('bulk')
  give(callee, dialler.sent('control'))
  expect(callee.told.filter(({ type }) => type === 'leaving')).toHaveLength(1)
  const leaving = expect.objectContaining({
    code: 'closed',
    source: 'remote',
    message: expect.stringContaining('The remote closes'),
  })
  expect(() => callee.session.open({ protocols: [ECHO] })).toThrow(leaving)
  expect(() => callee.session.sendDatagram(flow, filled(1, 1), callee.now)).toThrow(leaving)
  give(callee, data)
  expect(callee.told.filter(({ type }) => type === 'leaving')).toHaveLength(1)
  expect(callee.last('closed')).toEqual(left)
  expect(callee.session.read(remote)).toEqual(filled(10, 5))
})

test('while leaving, an acknowledgement that comes along with frames is movement too', () => {
  const { dialler, local } = streamPair()
  dialler.session.write(local, filled(5, 5))
  dialler.sent('bulk')
  // The lane has no room for this.
  dialler.session.write(local, filled(5, 5))
  dialler.give(leave)
  expect(goodbyes(dialler.sent('control'))).toEqual([])
  const unacknowledged = dialler.session.unacknowledgedBytes
  elapse(dialler, GOODBYE_IDLE_MS / 2)
  dialler.receive('bulk', encodeAck(3, 2))
  expect(dialler.session.unacknowledgedBytes).toBeLessThan(unacknowledged)
  // What acknowledges nothing new is none.
  elapse(dialler, GOODBYE_IDLE_MS / 4)
  dialler.receive('bulk', encodeAck(3, 2))
  elapse(dialler, (3 * GOODBYE_IDLE_MS) / 4 - 1)
  expect(goodbyes(dialler.sent('control'))).toEqual([])
  elapse(dialler, 1)
  expect(goodbyes(dialler.sent('control'))).toHaveLength(1)
})

test('streams that are held when we leave, or come after it, wake no one', () => {
  const { dialler, callee, local } = streamPair(readyPair([ECHO]))
  dialler.session.open({ protocols: ['/late/1'] })
  give(callee, dialler.sent())
  callee.give(leave)
  dialler.session.open({ protocols: ['/late/2'] })
  dialler.session.write(local, filled(1, 1))
  give(callee, dialler.sent())
  elapse(callee, HELD_OPENS_MS)
  expect(callee.session.deadline() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(callee.now)
})

test('a control lane that takes nothing is not asked again and again: its driver pulls when it has room', () => {
  const { dialler, local } = streamPair()
  dialler.session.write(local, filled(5, 5))
  dialler.give(leave)
  elapse(dialler, GOODBYE_IDLE_MS)
  expect(dialler.session.deadline() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(dialler.now)
  expect(goodbyes(dialler.sent('control'))).toHaveLength(1)
})
