// Each end says whether its own end of the path is at a TURN server.
import { expect, test } from 'vitest'
import { CONFIRM_MS, HELLO_HOLD_MS } from '../limits.ts'
import { type ControlMessage, decodeControl, encodeControl } from './control.ts'
import { OUR_FEATURES } from './features.ts'
import { Bench, ECHO, exchange, filled } from './pair.testing.ts'

const WITHOUT = OUR_FEATURES.filter((feature) => feature !== 'path')
const confirm = encodeControl({ type: 'confirm', hmac: filled(32, 2) })
const said = (bench: Bench) => bench.sent('control').map(({ bytes }) => decodeControl(bytes))
const paths = (messages: readonly ControlMessage[]) =>
  messages.flatMap((message) => (message.type === 'path' ? [message.isAtTurn] : []))
const news = (bench: Bench) => bench.told.filter(({ type }) => type === 'path').length

test.each([true, false])('what is known before hello is in it, and known to the other side when it is ready: %s', (isAtTurn) => {
  const [dialler, callee] = [new Bench(0, { awaitsPath: true }), new Bench(1)]
  dialler.give({ type: 'path', isAtTurn })
  exchange(dialler, callee)
  expect(callee.told.map(({ type }) => type)).toEqual(['ready'])
  expect([callee.session.remoteIsAtTurn, dialler.session.remoteIsAtTurn]).toEqual([isAtTurn, undefined])
  expect(paths(said(dialler))).toEqual([])
})

test('a hello waits for it, and ready with it; what the other side does meanwhile is not lost', () => {
  const [dialler, callee] = [new Bench(0, { awaitsPath: true }), new Bench(1)]
  callee.give({ type: 'path', isAtTurn: true })
  exchange(dialler, callee)
  expect([dialler.told, callee.told]).toEqual([[], []])
  expect(dialler.session.remoteIsAtTurn).toBe(true)
  dialler.give({ type: 'path', isAtTurn: false })
  expect(dialler.told.map(({ type }) => type)).toEqual(['ready'])
  exchange(dialler, callee)
  expect(callee.session.remoteIsAtTurn).toBe(false)
  const stream = callee.session.open({ protocols: [ECHO] })
  callee.session.write(stream, filled(10, 1))
  exchange(dialler, callee)
  expect(dialler.session.read(dialler.acceptLast())).toEqual(filled(10, 1))
})

test('a hello waits so long, and no longer', () => {
  const bench = new Bench(0, { awaitsPath: true })
  expect(said(bench).map(({ type }) => type)).toEqual(['confirm'])
  bench.now = 1_000
  bench.receive('control', confirm)
  expect(bench.session.deadline()).toBe(1_000 + HELLO_HOLD_MS)
  bench.now = 1_000 + HELLO_HOLD_MS - 1
  bench.give({ type: 'tick' })
  expect(said(bench)).toEqual([])
  bench.now += 1
  bench.give({ type: 'tick' })
  const [hello] = said(bench)
  expect(hello).toMatchObject({ type: 'hello', features: OUR_FEATURES })
  expect(hello).not.toHaveProperty('isAtTurn')
  expect(bench.session.deadline()).toBe(CONFIRM_MS)
})

test('one that was waited for in vain is told when it is known, false too', () => {
  const [dialler, callee] = [new Bench(0, { awaitsPath: true }), new Bench(1)]
  exchange(dialler, callee)
  dialler.now = HELLO_HOLD_MS
  dialler.give({ type: 'tick' })
  expect(dialler.told.map(({ type }) => type)).toEqual(['ready'])
  exchange(dialler, callee)
  expect([callee.told.map(({ type }) => type), callee.session.remoteIsAtTurn]).toEqual([['ready'], undefined])
  dialler.give({ type: 'path', isAtTurn: false })
  exchange(dialler, callee)
  expect([callee.session.remoteIsAtTurn, news(callee)]).toEqual([false, 1])
})

test('that it cannot be known ends the wait', () => {
  const [dialler, callee] = [new Bench(0, { awaitsPath: true }), new Bench(1)]
  dialler.give({ type: 'path', isAtTurn: undefined })
  exchange(dialler, callee)
  expect([dialler, callee].map((bench) => bench.told.map(({ type }) => type))).toEqual([['ready'], ['ready']])
  expect(callee.session.remoteIsAtTurn).toBeUndefined()
})

test('the time to confirm goes on beside the wait', () => {
  const bench = new Bench(0, { awaitsPath: true })
  bench.now = CONFIRM_MS - 1
  bench.receive('control', confirm)
  expect(bench.session.deadline()).toBe(CONFIRM_MS)
})

test('a change is told once; one that is taken back before it leaves is none', () => {
  const [dialler, callee] = [new Bench(0), new Bench(1)]
  exchange(dialler, callee)
  dialler.give({ type: 'path', isAtTurn: true })
  dialler.give({ type: 'path', isAtTurn: true })
  dialler.give({ type: 'path', isAtTurn: undefined })
  exchange(dialler, callee)
  expect([callee.session.remoteIsAtTurn, news(callee)]).toEqual([true, 1])
  dialler.give({ type: 'path', isAtTurn: false })
  dialler.give({ type: 'path', isAtTurn: true })
  expect(said(dialler)).toEqual([])
  dialler.give({ type: 'path', isAtTurn: false })
  exchange(dialler, callee)
  expect([callee.session.remoteIsAtTurn, news(callee)]).toEqual([false, 2])
  // What is no news is none to those above.
  callee.receive('control', encodeControl({ type: 'path', isAtTurn: false }))
  expect([news(callee), callee.failure]).toEqual([2, undefined])
})

test('a change between our hello and theirs is told', () => {
  const [dialler, callee] = [new Bench(0), new Bench(1)]
  dialler.give({ type: 'path', isAtTurn: true })
  dialler.receive('control', confirm)
  const before = dialler.sent('control')
  dialler.give({ type: 'path', isAtTurn: false })
  expect(dialler.sent('control')).toEqual([])
  for (const { lane, bytes } of before) callee.receive(lane, bytes)
  expect(callee.session.remoteIsAtTurn).toBe(true)
  for (const { lane, bytes } of callee.sent('control').slice(1)) dialler.receive(lane, bytes)
  exchange(dialler, callee)
  expect(callee.session.remoteIsAtTurn).toBe(false)
})

test('a remote that does not know it is told nothing, and may tell nothing', () => {
  const [dialler, callee] = [new Bench(0, { awaitsPath: true }), new Bench(1, { features: WITHOUT })]
  dialler.give({ type: 'path', isAtTurn: true })
  callee.give({ type: 'path', isAtTurn: true })
  exchange(dialler, callee)
  expect([dialler, callee].map((bench) => bench.told.map(({ type }) => type))).toEqual([['ready'], ['ready']])
  expect([dialler, callee].map(({ session }) => session.remoteIsAtTurn)).toEqual([undefined, undefined])
  dialler.give({ type: 'path', isAtTurn: false })
  callee.give({ type: 'path', isAtTurn: false })
  expect([...paths(said(dialler)), ...paths(said(callee))]).toEqual([])
  for (const bench of [dialler, callee]) {
    bench.receive('control', encodeControl({ type: 'path', isAtTurn: true }))
    expect(bench.failure).toBe('peer-violation')
  }
})

test('who leaves while the hello waits still says goodbye', () => {
  const [dialler, callee] = [new Bench(0, { awaitsPath: true }), new Bench(1)]
  exchange(dialler, callee)
  dialler.give({ type: 'close', code: 7, reason: 'bye', atOnce: true })
  exchange(dialler, callee)
  expect(callee.last('closed')).toMatchObject({ by: 'remote', code: 7, reason: 'bye' })
  expect(dialler.last('closed')).toMatchObject({ by: 'local' })
})
