import { expect, test } from 'vitest'
import { FRAME_MAX_BYTES } from '../limits.ts'
import { Buffers } from './buffers.ts'
import { type Scheduled, Scheduler } from './scheduler.ts'
import { SendHalf } from './send-half.ts'

interface Sender extends Scheduled {
  readonly name: string
}

const WHOLE = new Uint8Array(FRAME_MAX_BYTES)

const sender = (name: string, priority = 0): Sender => ({
  name,
  priority,
  send: new SendHalf({ stream: 1, windowBytes: Number.MAX_SAFE_INTEGER, frameMaxBytes: FRAME_MAX_BYTES, buffers: new Buffers() }),
  scheduled: false,
  round: 0,
  roundBytes: 0,
})

/** Each of the `greedy` always has a whole frame; `sent` is whose turn it was, for so many turns. */
function turns(
  scheduler: Scheduler<Sender>,
  greedy: readonly Sender[],
  count: number,
  before: (turn: number) => void = () => {},
) {
  const sent: string[] = []
  for (let turn = 0; turn < count; turn++) {
    before(turn)
    for (const each of greedy) {
      each.send.write(WHOLE)
      scheduler.add(each)
    }
    const next = scheduler.next(Number.MAX_SAFE_INTEGER)
    if (next === undefined) throw new Error('nobody waits')
    sent.push(next.stream.name)
    if (next.stream.send.waiting) scheduler.add(next.stream)
  }
  return sent
}

test('equal ones take turns', () => {
  const greedy = ['a', 'b', 'c'].map((name) => sender(name))
  expect(turns(new Scheduler(), greedy, 9).join('')).toBe('abcabcabc')
})

test('whoever sends little never waits for the turns of those who send much', () => {
  const scheduler = new Scheduler<Sender>()
  const greedy = Array.from({ length: 100 }, (_, i) => sender(`${i}`))
  const ping = sender('ping')
  const waits: number[] = []
  let askedAt = 0
  turns(scheduler, greedy, 2_000, (turn) => {
    if (ping.send.waiting || turn % 7 !== 0) return
    waits.push(turn - askedAt)
    askedAt = turn
    ping.send.write(new Uint8Array(64))
    scheduler.add(ping)
  })
  expect(Math.max(...waits)).toBe(7)
  expect(waits.length).toBeGreaterThan(280)
})

test('those who send little shut out nobody either, however many they are', () => {
  const scheduler = new Scheduler<Sender>()
  const old = sender('old')
  const small = Array.from({ length: 200 }, (_, i) => sender(`${i}`))
  const sent = turns(scheduler, [old], 4_000, () => {
    for (const each of small) {
      if (each.send.waiting) continue
      each.send.write(new Uint8Array(2_000))
      scheduler.add(each)
    }
  })
  // Two frames each in a round, which are its share, and then a turn.
  expect(sent.filter((name) => name === 'old').length).toBeGreaterThanOrEqual(4_000 / (3 * 201) - 1)
})

test('a larger priority goes first, and a smaller one as soon as it has nothing to send', () => {
  const scheduler = new Scheduler<Sender>()
  const urgent = sender('urgent', 1)
  const sent = turns(scheduler, [sender('bulk')], 6, (turn) => {
    if (turn % 2 !== 0) return
    urgent.send.write(new Uint8Array(1))
    scheduler.add(urgent)
  })
  expect(sent).toEqual(['urgent', 'bulk', 'urgent', 'bulk', 'urgent', 'bulk'])
})

test('lower priorities wait for the writer of one that has sent, until it has had its turn', () => {
  const scheduler = new Scheduler<Sender>()
  const [high, low] = [sender('high', 1), sender('low')]
  for (const each of [high, low]) {
    each.send.write(WHOLE)
    scheduler.add(each)
  }
  const next = () => scheduler.next(Number.MAX_SAFE_INTEGER)?.stream.name
  expect(next()).toBe('high')
  scheduler.expect(high)
  expect([next(), scheduler.isHolding]).toEqual([undefined, true])
  high.send.write(WHOLE)
  scheduler.add(high)
  expect(next()).toBe('high')
  scheduler.release()
  expect([scheduler.isHolding, next()]).toEqual([false, 'low'])
  // Nothing waits, so nothing is held back.
  scheduler.expect(high)
  expect(scheduler.isHolding).toBe(false)
})
