import { expect, test } from 'vitest'
import {
  ACK_BYTES,
  ACK_FIRST_BYTES,
  ACK_LOAD_BYTES,
  ACK_LOAD_MS,
  ACK_MS,
  DATAGRAMS_BUFFER_BYTES,
  DATAGRAMS_BUFFER_MIN_BYTES,
  DATAGRAMS_BUFFER_MS,
  FRAME_MAX_BYTES,
  FRAME_MS,
  FRAME_SHARED_MS,
  FRAME_SLOW_BYTES,
  LANE_BUFFER_FRAMES,
  WINDOW_FIRST_BYTES,
  WINDOW_MAX_BYTES,
  WINDOW_MIN_BYTES,
  WINDOW_QUEUE_BYTES,
  WINDOW_QUEUE_MS,
} from '../limits.ts'
import { CongestionWindow } from './congestion-window.ts'

const KIB = 1024

/** A path of so many bytes a millisecond and so much delay there and back, whose sender always has more. */
class Path {
  readonly congestion = new CongestionWindow()
  rate: number
  delayMs: number
  readonly isPrompt: boolean
  now = 0
  arrivedBytes = 0
  inFlightBytes = 0
  /** What waited for the path's rate when each frame was sent, in ms. */
  #queuesMs: number[] = []
  #freeAt = 0
  #waiting: { sentAt: number; bytes: number; at: number }[] = []
  #acks: { at: number; bytes: number; sentAt: number }[] = []
  #sentBytes = 0

  /** `isPrompt`: the other end acknowledges as this build does, else as those before it. */
  constructor(rate: number, delayMs: number, isPrompt = true) {
    this.rate = rate
    this.delayMs = delayMs
    this.isPrompt = isPrompt
    if (isPrompt) this.congestion.acksPromptly()
    this.congestion.delay(delayMs, 0)
  }

  run(ms: number): this {
    const until = this.now + ms
    for (;;) {
      while (this.inFlightBytes < this.congestion.windowBytes(this.now)) this.#send()
      this.#acknowledgeLate()
      const ack = this.#acks[0]
      const growsAt = this.congestion.growsAt(this.now) ?? Number.POSITIVE_INFINITY
      const at = Math.min(ack?.at ?? Number.POSITIVE_INFINITY, growsAt)
      if (at > until) break
      this.now = at
      if (ack === undefined || ack.at > at) continue
      this.#acks.shift()
      this.inFlightBytes -= ack.bytes
      this.arrivedBytes += ack.bytes
      this.congestion.acknowledged(ack.bytes, ack.sentAt, this.now)
    }
    this.now = until
    return this
  }

  /** What part of its rate arrives. */
  part(ms: number): number {
    const before = this.arrivedBytes
    this.run(ms)
    return (this.arrivedBytes - before) / (this.rate * ms)
  }

  /** How long all but a few frames waited at most since this was last asked. */
  takeQueueMs(part = 0.97): number {
    const sorted = this.#queuesMs.sort((a, b) => a - b)
    this.#queuesMs = []
    return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN
  }

  #send(): void {
    const bytes = this.congestion.frameBytes
    if (this.inFlightBytes === 0) this.congestion.begins(this.now)
    this.inFlightBytes += bytes
    this.#freeAt = Math.max(this.#freeAt, this.now) + bytes / this.rate
    this.#queuesMs.push(this.#freeAt - this.now)
    this.#sentBytes += bytes
    const at = this.#freeAt + this.delayMs / 2
    const [first] = this.#waiting
    if (first !== undefined && at > this.#dueAt(first.at)) this.#acknowledge(this.#dueAt(first.at))
    this.#waiting.push({ sentAt: this.now, bytes, at })
    const most = this.isPrompt ? Math.min(ACK_BYTES, Math.max(ACK_FIRST_BYTES, this.#sentBytes / 4)) : ACK_BYTES
    if (this.#waiting.reduce((sum, frame) => sum + frame.bytes, 0) >= most) this.#acknowledge(at)
  }

  #dueAt(firstAt: number): number {
    const isLoad = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0) >= ACK_LOAD_BYTES
    return firstAt + (this.isPrompt && isLoad ? ACK_LOAD_MS : ACK_MS)
  }

  /** The last frames of a window: nothing comes behind them. */
  #acknowledgeLate(): void {
    const [first] = this.#waiting
    if (first !== undefined && this.#acks.length === 0)
      this.#acknowledge(Math.max(this.#dueAt(first.at), this.#waiting.at(-1)?.at ?? 0))
  }

  #acknowledge(at: number): void {
    const bytes = this.#waiting.reduce((sum, frame) => sum + frame.bytes, 0)
    this.#acks.push({ at: at + this.delayMs / 2, bytes, sentAt: this.#waiting.at(-1)?.sentAt ?? 0 })
    this.#waiting = []
  }
}

const RATES = [100, 600, 2_500, 12_000, 40_000]
const DELAYS_MS = [0.5, 20, 100]

for (const isPrompt of [true, false]) {
  for (const [rate, delayMs] of RATES.flatMap((rate) => DELAYS_MS.map((delayMs) => [rate, delayMs] as const))) {
    const other = isPrompt ? '' : ', to a build that acknowledges late'
    test(`${rate / 1000} MB/s over ${delayMs} ms${other}: full within two seconds, and little waits`, () => {
      const path = new Path(rate, delayMs, isPrompt)
      expect(path.part(2_000)).toBeGreaterThan(isPrompt ? 0.55 : 0.5)
      path.takeQueueMs()
      expect(path.part(30_000)).toBeGreaterThan(rate < 200 ? 0.94 : 0.95)
      // In flight beyond what the path holds: the queue, and what waits to be acknowledged; or its least.
      const ackMs = isPrompt ? ACK_LOAD_MS : ACK_MS
      const mostMs = WINDOW_QUEUE_MS + ackMs + (ACK_LOAD_BYTES + FRAME_SLOW_BYTES + path.congestion.frameBytes) / rate
      const leastMs = (WINDOW_MIN_BYTES + FRAME_SLOW_BYTES) / rate
      expect(path.takeQueueMs()).toBeLessThan((rate < 200 ? 2.2 : 1.8) * Math.max(mostMs, leastMs))
    })
  }
}

test('a slow path is not flooded in its first second', () => {
  expect(new Path(125, 20).run(1_000).takeQueueMs(1)).toBeLessThan(300)
  expect(new Path(625, 20).run(1_000).takeQueueMs(1)).toBeLessThan(150)
})

test('a path that becomes slower is not flooded for long, and one that becomes faster is filled again', () => {
  const path = new Path(10_000, 20).run(2_000)
  path.rate = 1_000
  path.run(3_000)
  path.takeQueueMs()
  expect(path.part(2_000)).toBeGreaterThan(0.95)
  expect(path.takeQueueMs()).toBeLessThan(40)
  path.rate = 40_000
  path.run(2_000)
  expect(path.part(5_000)).toBeGreaterThan(0.95)
})

test('a path that becomes longer is believed after some rounds, not only when the least delay has grown old', () => {
  const path = new Path(10_000, 5).run(2_000)
  path.delayMs = 100
  path.run(2_000)
  expect(path.part(3_000)).toBeGreaterThan(0.9)
})

test('queues of our own making are not taken for the path: the window does not creep up', () => {
  const path = new Path(20_000, 1).run(5_000)
  path.takeQueueMs()
  const early = path.run(5_000).takeQueueMs()
  path.run(10 * 60_000)
  path.takeQueueMs()
  expect(path.run(5_000).takeQueueMs()).toBeLessThan(1.5 * early)
})

test('who sends less than the path carries does not lower the window', () => {
  const path = new Path(40_000, 100).run(5_000)
  const { now, congestion } = path
  congestion.acknowledged(1_000, now, now, { isLimited: false })
  const before = congestion.windowBytes(now)
  for (let i = 1; i < 90; i++) congestion.acknowledged(1_000, now + i * 100, now + i * 100 + 100, { isLimited: false })
  expect(congestion.windowBytes(now + 9_000)).toBe(before)
})

test('while acknowledgements are overdue, so much more may go as the path carries, for as long as a repair takes', () => {
  const rate = 1_000
  const path = new Path(rate, 100).run(5_000)
  const { now, congestion } = path
  congestion.acknowledged(1_000, now - 100, now)
  const before = congestion.windowBytes(now)
  const overdueMs = (congestion.growsAt(now) ?? Number.NaN) - now
  expect(overdueMs).toBe(WINDOW_QUEUE_MS + 2 * ACK_LOAD_MS)
  expect(congestion.windowBytes(now + overdueMs - 1)).toBe(before)
  expect((congestion.windowBytes(now + 100) - before) / (100 * rate)).toBeCloseTo(1, 0)
  const repairMs = 200 + overdueMs
  expect((congestion.windowBytes(now + 10_000) - before) / (repairMs * rate)).toBeCloseTo(1, 0)
  expect(congestion.growsAt(now + repairMs)).toBeUndefined()
  // One acknowledgement, and it is as before.
  congestion.acknowledged(1_000, now, now + 10_000)
  expect(congestion.windowBytes(now + 10_000)).toBeLessThan(1.1 * before)
})

/** After rounds of `rate` bytes a ms that take 10 ms each, over a path without delay. */
function steadyAt(rate: number): CongestionWindow {
  const congestion = new CongestionWindow()
  congestion.acksPromptly()
  congestion.delay(0, 0)
  congestion.begins(0)
  for (let now = 10; now <= 60; now += 10) congestion.acknowledged(rate * 10, now - 10, now)
  return congestion
}

const ackBytes = (rate: number) => rate * ACK_LOAD_MS + ACK_LOAD_BYTES + FRAME_SLOW_BYTES

test('the window: its least, and what passes in so many ms, up to its most', () => {
  const windowBytes = (rate: number) => steadyAt(rate).windowBytes(60)
  const least = (WINDOW_MIN_BYTES - ackBytes(0)) / (WINDOW_QUEUE_MS + ACK_LOAD_MS)
  expect(windowBytes(least - 1)).toBe(WINDOW_MIN_BYTES)
  expect(windowBytes(least)).toBeCloseTo(WINDOW_MIN_BYTES, 3)
  expect(windowBytes(least + 1)).toBeCloseTo(WINDOW_MIN_BYTES + WINDOW_QUEUE_MS + ACK_LOAD_MS, 3)
  const most = (WINDOW_QUEUE_BYTES - ACK_BYTES) / WINDOW_QUEUE_MS
  expect(ackBytes(most)).toBeGreaterThan(ACK_BYTES)
  expect(windowBytes(most - 1)).toBeCloseTo(WINDOW_QUEUE_BYTES - WINDOW_QUEUE_MS, 3)
  expect(windowBytes(most)).toBeCloseTo(WINDOW_QUEUE_BYTES, 3)
  expect(windowBytes(most + 1)).toBe(WINDOW_QUEUE_BYTES)
})

test('before anything is known: the first window; never less than the least, nor more than what a lane keeps', () => {
  expect(new CongestionWindow().windowBytes(0)).toBe(WINDOW_FIRST_BYTES)
  expect(new CongestionWindow().frameBytes).toBe(WINDOW_FIRST_BYTES / 4)
  const slow = new Path(1, 1).run(600_000)
  expect(slow.congestion.windowBytes(slow.now)).toBeGreaterThanOrEqual(WINDOW_MIN_BYTES)
  const long = new Path(1_000_000, 1_000).run(60_000)
  expect(long.congestion.windowBytes(long.now)).toBe(WINDOW_MAX_BYTES)
})

test('a frame: its least, what passes in so many ms, its most; and three of them in a buffer', () => {
  const frameBytes = (rate: number) => steadyAt(rate).frameBytes
  const [least, most] = [FRAME_SLOW_BYTES / FRAME_MS, FRAME_MAX_BYTES / FRAME_MS]
  expect([least - 1, least, least + 1].map(frameBytes)).toEqual([FRAME_SLOW_BYTES, FRAME_SLOW_BYTES, FRAME_SLOW_BYTES + FRAME_MS])
  expect([most - 1, most, most + 1].map(frameBytes)).toEqual([FRAME_MAX_BYTES - FRAME_MS, FRAME_MAX_BYTES, FRAME_MAX_BYTES])
  const shared = FRAME_MAX_BYTES / FRAME_SHARED_MS
  expect([shared - 1, shared, shared + 1].map((rate) => steadyAt(rate).sharedFrameBytes)).toEqual([
    FRAME_MAX_BYTES - FRAME_SHARED_MS,
    FRAME_MAX_BYTES,
    FRAME_MAX_BYTES,
  ])
  expect(steadyAt(most).laneBufferBytes).toBe(LANE_BUFFER_FRAMES * FRAME_MAX_BYTES)
})

test('datagrams in a buffer: the least, what passes in so many ms, the most; and the most where no rate is known', () => {
  const bytes = (rate: number) => steadyAt(rate).datagramBufferBytes
  const least = Math.ceil(DATAGRAMS_BUFFER_MIN_BYTES / DATAGRAMS_BUFFER_MS)
  const most = Math.ceil(DATAGRAMS_BUFFER_BYTES / DATAGRAMS_BUFFER_MS)
  expect([least - 1, least].map(bytes)).toEqual([DATAGRAMS_BUFFER_MIN_BYTES, least * DATAGRAMS_BUFFER_MS])
  expect([most - 1, most].map(bytes)).toEqual([(most - 1) * DATAGRAMS_BUFFER_MS, DATAGRAMS_BUFFER_BYTES])
  expect(new CongestionWindow().datagramBufferBytes).toBe(DATAGRAMS_BUFFER_BYTES)
})

test('a quarter of a megabyte was two seconds of a slow uplink', () => {
  // What this is about: nothing beyond startup lets so much fly at 1 Mbit/s.
  const path = new Path(125, 20).run(2_000)
  expect(path.congestion.windowBytes(path.now)).toBeLessThan(24 * KIB)
})
