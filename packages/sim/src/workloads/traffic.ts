/** Traffic that is sent on purpose, from the dialler to the callee, for scenarios that take figures. */
import type { AppStream, StreamPlan } from '../app-stream.ts'
import { PROTOCOLS } from '../protocols.ts'
import type { World } from '../scenario.ts'

const PROTOCOL = PROTOCOLS[0]

/** What large writers hand over at a time. */
const WRITE_BYTES = 64 * 1024

/** A stream of the dialler's that the callee takes. */
export function openStream(world: World, acceptor: NonNullable<StreamPlan['acceptor']>, priority = 0): AppStream {
  const plan = { key: world.nextKey(), acceptor, pieceBytes: WRITE_BYTES }
  const stream = world.dialler.open(plan, { protocols: [PROTOCOL], priority })
  if (stream === undefined) throw new Error('the callee serves everything, and the link is open')
  return stream
}

/** A writer that never runs out. */
export class BulkTraffic {
  readonly stream: AppStream
  readonly #world: World

  constructor(world: World, priority = 0) {
    this.#world = world
    this.stream = openStream(world, 'reads', priority)
    world.dialler.write(this.stream, Number.POSITIVE_INFINITY)
  }

  /** Bytes that the callee has read. */
  get readBytes(): number {
    return bytesReadOf(this.#world, this.stream)
  }

  stop(): void {
    this.#world.dialler.cutWrites(this.stream)
    this.#world.dialler.finish(this.stream)
  }
}

/** 64 bytes there and back on one stream, sent at their times; `isOpen`: whether or not the last have come back, else a ping that finds
 *  one under way is left out. */
export class PingTraffic {
  readonly stream: AppStream
  readonly #world: World
  readonly #everyMs: number
  readonly #isOpen: boolean
  readonly #sentAt: number[] = []
  #roundTripsMs: number[] = []
  #returned = 0
  #isStopped = false

  constructor(world: World, priority: number, everyMs = 10, isOpen = true) {
    this.#world = world
    this.#everyMs = everyMs
    this.#isOpen = isOpen
    this.stream = openStream(world, 'echoes', priority)
    this.stream.changed = () => this.#countReturned()
    this.#send()
  }

  /** Milliseconds, of those that came back since they were last taken. */
  takeRoundTrips(): readonly number[] {
    const taken = this.#roundTripsMs
    this.#roundTripsMs = []
    return taken
  }

  stop(): void {
    this.#isStopped = true
    this.#world.dialler.finish(this.stream)
  }

  #send(): void {
    if (this.#isStopped) return
    const { clock, random, dialler } = this.#world
    if (this.#isOpen || this.#returned === this.#sentAt.length) {
      this.#sentAt.push(clock.now)
      dialler.write(this.stream, PING_BYTES)
    }
    clock.at(clock.now + random.between(0.5, 1.5) * this.#everyMs, () => this.#send())
  }

  #countReturned(): void {
    for (; (this.#returned + 1) * PING_BYTES <= this.stream.read; this.#returned++) {
      this.#roundTripsMs.push(this.#world.clock.now - (this.#sentAt[this.#returned] ?? Number.NaN))
    }
  }
}

export const PING_BYTES = 64

/** Datagrams of one flow, one at a time. */
export class DatagramTraffic {
  readonly flow: AppStream
  readonly #world: World
  readonly #everyMs: number
  readonly #bytes: number
  #latenciesMs: number[] = []
  #isStopped = false

  constructor(world: World, everyMs: number, bytes: number) {
    this.#world = world
    this.#everyMs = everyMs
    this.#bytes = bytes
    const flow = world.dialler.open({ key: world.nextKey() }, { kind: 'datagrams', protocols: [PROTOCOL], priority: 1 })
    if (flow === undefined) throw new Error('the callee serves everything, and the link is open')
    this.flow = flow
    this.#send()
  }

  get sent(): number {
    return this.flow.datagramsSent
  }

  /** Milliseconds from end to end of those that came. */
  get latenciesMs(): readonly number[] {
    return this.#latenciesMs
  }

  stop(): void {
    this.#isStopped = true
  }

  #send(): void {
    if (this.#isStopped) return
    const { clock, dialler, callee } = this.#world
    const remote = callee.byKey.get(this.flow.key)
    if (remote !== undefined) remote.datagramCame ??= (sentAt) => this.#latenciesMs.push(clock.now - sentAt)
    dialler.sendDatagram(this.flow, this.#bytes)
    clock.at(clock.now + this.#everyMs, () => this.#send())
  }
}

export function bytesReadOf({ callee }: World, stream: AppStream): number {
  return callee.byKey.get(stream.key)?.read ?? 0
}

/** Takes `readBytes` now and after so long; which part of the path's rate that was. */
export function measureRate(world: World, readBytes: () => number, forMs: number, measured: (partOfRate: number) => void): void {
  const { clock, there } = world
  const before = readBytes()
  clock.at(clock.now + forMs, () => measured((readBytes() - before) / (there.model.bytesPerMs * forMs)))
}
