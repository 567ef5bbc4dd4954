import { cleanPath } from '../path.ts'
import type { Scenario, Workload, World } from '../scenario.ts'
import { bytesReadOf, openStream, PingTraffic } from '../workloads/traffic.ts'

/** Until the unread streams have all that they will get. */
const FILL_MS = 3_000
const MEASURE_MS = 2_000

/** What is opened while the others hold the connection: less than a stream may always send, and much more. */
const MESSAGE_BYTES = 2_000
const TRANSFER_BYTES = 200_000
const BETWEEN_STREAMS_MS = 100
const BETWEEN_PINGS_MS = 50

/** Streams that are never read, however many and of whatever size: nothing that is read stops for them. */
const unreadBeside: Workload = (world) => {
  const { clock, random, dialler, figures } = world
  const chat = new PingTraffic(world, 0, BETWEEN_PINGS_MS)
  const urgent = new PingTraffic(world, 10, BETWEEN_PINGS_MS)
  const count = random.pick([1, 4, 6, 20, 100, 400])
  const ignored = Array.from({ length: count }, () => openStream(world, 'ignores', random.pick([0, 0, 1, 20])))
  for (const stream of ignored) dialler.write(stream, random.pick([500, 5_000, 200_000, 1_000_000, Number.POSITIVE_INFINITY]))
  let isOver = false
  clock.at(clock.now + FILL_MS, () => {
    chat.takeRoundTrips()
    urgent.takeRoundTrips()
    const fresh = new FreshStreams(world)
    const transfer = openStream(world, 'reads')
    const from = clock.now
    dialler.write(transfer, TRANSFER_BYTES)
    dialler.finish(transfer)
    clock.at(from + MEASURE_MS, () => {
      figures.set('unreadStreams', count)
      figures.set('chatMs', longest(chat.takeRoundTrips()))
      figures.set('urgentMs', longest(urgent.takeRoundTrips()))
      figures.set('freshMs', fresh.stop())
      figures.set('transferred', bytesReadOf(world, transfer) / TRANSFER_BYTES)
      for (const stream of ignored) dialler.cutWrites(stream)
      chat.stop()
      urgent.stop()
      isOver = true
    })
  })
  return () => isOver
}

/** Where hardly any came back, the others never did. */
function longest(roundTripsMs: readonly number[]): number {
  return roundTripsMs.length * BETWEEN_PINGS_MS * 2 < MEASURE_MS ? Number.POSITIVE_INFINITY : Math.max(...roundTripsMs)
}

/** A new stream every so often, with a message that is sent back. */
class FreshStreams {
  readonly #world: World
  #most = 0
  #waiting = new Set<number>()
  #isStopped = false

  constructor(world: World) {
    this.#world = world
    this.#open()
  }

  /** The longest that a message took there and back, in milliseconds; those that have not come back took for ever. */
  stop(): number {
    this.#isStopped = true
    const { clock } = this.#world
    const since = [...this.#waiting].filter((openedAt) => clock.now - openedAt > BETWEEN_STREAMS_MS)
    return since.length > 0 ? Number.POSITIVE_INFINITY : this.#most
  }

  #open(): void {
    if (this.#isStopped) return
    const { clock, dialler, random } = this.#world
    const stream = openStream(this.#world, 'echoes', random.pick([0, 10]))
    const openedAt = clock.now
    this.#waiting.add(openedAt)
    stream.changed = () => {
      if (stream.read < MESSAGE_BYTES || !this.#waiting.delete(openedAt)) return
      this.#most = Math.max(this.#most, clock.now - openedAt)
    }
    dialler.write(stream, MESSAGE_BYTES)
    dialler.finish(stream)
    clock.at(openedAt + BETWEEN_STREAMS_MS, () => this.#open())
  }
}

export const unread: Scenario = {
  name: 'unread',
  path: cleanPath(10, 10_000),
  workload: unreadBeside,
  bounds: {
    chatMs: { most: 60 },
    urgentMs: { most: 60 },
    freshMs: { most: 60 },
    transferred: { least: 1 },
  },
  everyRounds: 5,
}
