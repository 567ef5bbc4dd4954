/**
 * Two people between whom two or three connections come about, over lanes that deliver late and each in its own time, while both open
 * streams at any moment: no stream is cut, and one connection is left, at both ends the same.
 */
import { hex, identityFromSeed } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { seededRandom } from '../../test-kit/src/random.ts'
import { Attempts } from './connection/attempts.ts'
import { LiveConnection } from './connection/connection.ts'
import { Connections } from './connection/connections.ts'
import { type Defer, memoryLanes } from './path/memory-lanes.ts'
import type { Negotiator } from './path/webrtc/negotiator.ts'
import { Link } from './session/link.ts'
import { ECHO, filled } from './session/pair.testing.ts'

const [ada, bo] = [1, 2].map((n) => identityFromSeed(filled(32, n)).id)

/** Each lane keeps its order and takes its time; what was sent on another says nothing about it. */
function lateLanes(below: (limit: number) => number, pathMs: number) {
  const late = (): Defer => {
    let last = 0
    const spreadMs = below(3) ? 60 : 900
    return (task) => {
      last = Math.max(last, performance.now() + pathMs + below(spreadMs))
      setTimeout(task, last - performance.now())
    }
  }
  const [control, urgent, bulk, datagrams] = [memoryLanes(late()), memoryLanes(late()), memoryLanes(late()), memoryLanes(late())]
  return ([0, 1] as const).map((end) => ({
    control: control[end].control,
    urgent: urgent[end].urgent,
    bulk: bulk[end].bulk,
    datagrams: datagrams[end].datagrams,
  })) as [ReturnType<typeof memoryLanes>[0], ReturnType<typeof memoryLanes>[1]]
}

class End {
  readonly connections: Connections
  readonly attempts: Attempts
  readonly id: string
  readonly #other: NonNullable<typeof ada>
  readonly #below: (limit: number) => number
  announced = 0

  constructor(id: typeof ada, other: typeof ada, below: (limit: number) => number) {
    if (!id || !other) throw new Error('no ids')
    this.id = id
    this.#other = other
    this.#below = below
    this.connections = new Connections({
      onNew: () => {
        this.announced += 1
      },
      onChange: (remote) => this.attempts.connectionChanged(remote),
    })
    this.attempts = new Attempts({
      dials: {
        dial: () => Promise.reject(new Error('there is a connection')),
        underWay: () => undefined,
        cancel: () => {},
        release: () => {},
      },
      inUse: this.connections.inUse,
      disclosure: () => 'direct',
    })
  }

  connect(lanes: ReturnType<typeof memoryLanes>[0], role: 0 | 1, dialId: Uint8Array<ArrayBuffer>): void {
    const [ours, theirs] = role === 0 ? [1, 2] : [2, 1]
    const link: Link = new Link({
      ...{ lanes, role, instance: filled(16, role), protocols: [ECHO], maxMessageSize: 262_144 },
      confirmation: { ours: filled(32, ours), theirs: filled(32, theirs) },
      onIncoming: () => async (stream) => {
        const connection = await this.connections.over(link)
        if (connection) this.connections.used(connection)
        await stream.readable.pipeTo(stream.writable)
      },
    })
    const begunAt = performance.now()
    link.ready.then(() => {
      const negotiator = { stats: () => new Promise(() => {}), close: () => {}, path: () => 'direct' } as unknown as Negotiator
      const ends = { remote: this.#other, instance: filled(16, 9), dialId, link, negotiator }
      this.connections.add(new LiveConnection({ ...ends, isLocal: false, contact: () => undefined }), begunAt)
    })
  }

  /** A conversation of some length; rejects where it was cut. */
  async talk(): Promise<void> {
    const request = { protocols: [ECHO], timeoutMs: 10_000, disclose: undefined, signal: undefined }
    const connection = await this.attempts.connect(this.#other, request)
    const stream = await connection.open([ECHO], {})
    this.connections.used(connection)
    const writer = stream.writable.getWriter()
    const heard = new Response(stream.readable).arrayBuffer()
    const count = 1 + this.#below(3)
    for (let part = 0; part < count; part++) {
      await writer.write(filled(1 + this.#below(2_000), part))
      if (this.#below(2)) await new Promise((resolve) => setTimeout(resolve, this.#below(900)))
    }
    await Promise.all([writer.close(), heard])
  }

  get live(): string[] {
    return this.connections.all().map(({ dialId }) => dialId)
  }
}

async function run(seed: number): Promise<void> {
  const { below } = seededRandom(seed)
  const [one, other] = [new End(ada, bo, below), new End(bo, ada, below)]
  const dialIds = Array.from({ length: 2 + below(2) }, (_, n) => filled(16, 3 * below(80) + n))
  for (const dialId of dialIds) {
    const [mine, theirs] = lateLanes(below, 5 + below(120))
    const role = below(2) as 0 | 1
    setTimeout(() => {
      one.connect(mine, role, dialId)
      other.connect(theirs, role === 0 ? 1 : 0, dialId)
    }, below(600))
  }
  while (Math.min(one.live.length, other.live.length) === 0) await vi.advanceTimersByTimeAsync(10)
  const talks: Promise<void>[] = []
  for (let count = 3 + below(6); count > 0; count--) {
    talks.push((below(2) ? one : other).talk())
    await vi.advanceTimersByTimeAsync(below(below(2) ? 60 : 500))
  }
  const all = Promise.allSettled(talks)
  // The slowest path and the longest talk take less.
  await vi.advanceTimersByTimeAsync(15_000)
  for (const { status, ...how } of await all) expect({ status, how }).toMatchObject({ status: 'fulfilled' })
  const lowest = [...new Set(dialIds.map(hex))].sort()[0]
  expect([one.live, other.live]).toEqual([[lowest], [lowest]])
  for (const end of [one, other]) expect([...end.connections.inUse.values()].map(({ dialId }) => dialId)).toEqual([lowest])
  for (const end of [one, other]) for (const connection of end.connections.all()) connection.close().catch(() => {})
  await vi.advanceTimersByTimeAsync(2_000)
}

/** More by hand: KITH_RUNS=2000. */
const RUNS = Number(process.env.KITH_RUNS ?? 150)

test('no stream is cut, and one connection is left, at both ends the same', async () => {
  vi.useFakeTimers()
  try {
    for (let seed = 1; seed <= RUNS; seed++) {
      await run(seed).catch((cause: unknown) => {
        throw new Error(`seed ${seed}`, { cause })
      })
    }
  } finally {
    vi.useRealTimers()
  }
})
