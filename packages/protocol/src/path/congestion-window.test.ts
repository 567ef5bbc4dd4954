import { expect, test } from 'vitest'
import { ACK_BYTES, FLIGHT_MAX_BYTES, FLIGHT_MIN_BYTES, FLIGHT_QUEUE_BYTES, FLIGHT_QUEUE_MS, FRAME_MAX_BYTES } from '../limits.ts'
import { CongestionWindow } from './congestion-window.ts'

/** A path of so many bytes a millisecond and so much delay there and back, whose sender always has more. */
class Path {
  readonly congestion = new CongestionWindow()
  rate: number
  delayMs: number
  now = 0
  arrivedBytes = 0
  inFlightBytes = 0
  #freeAt = 0
  #unacknowledged: number[] = []
  #acks: { at: number; bytes: number; sentAt: number }[] = []

  constructor(rate: number, delayMs: number) {
    this.rate = rate
    this.delayMs = delayMs
  }

  run(ms: number): this {
    const until = this.now + ms
    for (;;) {
      while (this.inFlightBytes < this.congestion.boundBytes) this.#send()
      this.congestion.markLimited()
      const ack = this.#acks[0]
      if (ack === undefined || ack.at > until) break
      this.#acks.shift()
      this.now = ack.at
      this.inFlightBytes -= ack.bytes
      this.arrivedBytes += ack.bytes
      this.congestion.acknowledged(ack.bytes, ack.sentAt, this.now)
    }
    this.now = until
    return this
  }

  #send(): void {
    this.inFlightBytes += FRAME_MAX_BYTES
    this.#freeAt = Math.max(this.#freeAt, this.now) + FRAME_MAX_BYTES / this.rate
    this.#unacknowledged.push(this.now)
    if (this.#unacknowledged.length * FRAME_MAX_BYTES < ACK_BYTES) return
    const bytes = this.#unacknowledged.length * FRAME_MAX_BYTES
    this.#acks.push({ at: this.#freeAt + this.delayMs, bytes, sentAt: this.#unacknowledged.at(-1) ?? 0 })
    this.#unacknowledged = []
  }
}

const KIB = 1024

for (const [rate, delayMs] of [
  [40_000, 0.5],
  [40_000, 20],
  [40_000, 100],
  [10_000, 20],
  [10_000, 100],
  [1_000, 20],
  [1_000, 100],
  [100, 300],
] as const) {
  test(`${rate / 1000} MB/s over ${delayMs} ms: filled within a second or twenty round trips, and little more in flight than it holds`, () => {
    const path = new Path(rate, delayMs).run(Math.max(1_000, 20 * delayMs))
    const before = path.arrivedBytes
    path.run(30_000)
    const holds = rate * delayMs
    expect((path.arrivedBytes - before) / (rate * 30_000)).toBeGreaterThan(0.96)
    // What acknowledgements in steps add to the delay seen is in the bound, too.
    expect(path.congestion.boundBytes).toBeLessThan(1.25 * (holds + 2 * ACK_BYTES) + FLIGHT_QUEUE_BYTES)
  })
}

test('a path that becomes slower is not flooded for long, and one that becomes faster is filled again', () => {
  const path = new Path(10_000, 20).run(2_000)
  path.rate = 1_000
  path.run(5_000)
  expect(path.congestion.boundBytes).toBeLessThan(500 * KIB)
  path.rate = 40_000
  path.run(2_000)
  const before = path.arrivedBytes
  path.run(5_000)
  expect((path.arrivedBytes - before) / (40_000 * 5_000)).toBeGreaterThan(0.95)
})

test('a path that becomes longer is believed when the least delay has grown old, and filled again', () => {
  const path = new Path(10_000, 5).run(2_000)
  path.delayMs = 100
  path.run(15_000)
  const before = path.arrivedBytes
  path.run(5_000)
  expect((path.arrivedBytes - before) / (10_000 * 5_000)).toBeGreaterThan(0.9)
})

test('queues of our own making are not taken for the path: the bound does not creep up', () => {
  const path = new Path(20_000, 1).run(5_000)
  const early = path.congestion.boundBytes
  path.run(10 * 60_000)
  expect(path.congestion.boundBytes).toBeLessThan(1.5 * early)
})

test('who sends less than the path carries does not lower the bound', () => {
  const path = new Path(40_000, 100).run(5_000)
  path.congestion.acknowledged(1_000, path.now, path.now) // the last round that was full
  const { boundBytes } = path.congestion
  for (let i = 1; i < 100; i++) path.congestion.acknowledged(1_000, path.now + i * 10, path.now + i * 10 + 100)
  expect(path.congestion.boundBytes).toBe(boundBytes)
})

test('beyond what the path holds: what passes in so many ms, within bounds', () => {
  // One full round of `rate` bytes a ms over 10 ms.
  const queueBytes = (rate: number) => {
    const congestion = new CongestionWindow()
    congestion.markLimited()
    congestion.acknowledged(rate * 10, 0, 10)
    return congestion.boundBytes - 1.25 * rate * 10
  }
  const least = FLIGHT_MIN_BYTES / FLIGHT_QUEUE_MS
  const most = FLIGHT_QUEUE_BYTES / FLIGHT_QUEUE_MS
  expect([least - 1, least, least + 1].map(queueBytes)).toEqual(
    [FLIGHT_MIN_BYTES, FLIGHT_MIN_BYTES, FLIGHT_MIN_BYTES + FLIGHT_QUEUE_MS].map((bytes) => expect.closeTo(bytes, 3)),
  )
  expect([most - 1, most, most + 1].map(queueBytes)).toEqual(
    [FLIGHT_QUEUE_BYTES - FLIGHT_QUEUE_MS, FLIGHT_QUEUE_BYTES, FLIGHT_QUEUE_BYTES].map((bytes) => expect.closeTo(bytes, 3)),
  )
})

test('never below its least, never beyond what a lane keeps', () => {
  expect(new CongestionWindow().boundBytes).toBe(FLIGHT_MIN_BYTES)
  expect(new Path(1, 1).run(600_000).congestion.boundBytes).toBeGreaterThanOrEqual(ACK_BYTES)
  expect(new Path(1_000_000, 1_000).run(60_000).congestion.boundBytes).toBe(FLIGHT_MAX_BYTES)
})
