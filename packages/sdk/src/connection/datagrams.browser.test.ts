// Datagrams between two peers over a real connection.
import { DATAGRAM_MAX_BYTES, DATAGRAM_QUEUE_MAX, DATAGRAM_QUEUE_MAX_BYTES } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Datagrams, Peer, PeerOptions } from '../api.ts'
import { bareChannels, type Ping } from '../bare-channels.testing.ts'
import { heldBytes } from '../held-bytes.testing.ts'
import { friends } from '../people.testing.ts'

const FULL = new Uint8Array(DATAGRAM_MAX_BYTES)
/** What may lie in one flow's queue. */
const QUEUE_MAX = Math.min(DATAGRAM_QUEUE_MAX, Math.floor(DATAGRAM_QUEUE_MAX_BYTES / FULL.length))

/** What else a page comes to hold in the seconds of such a test, compiled code above all. */
const SLACK_BYTES = 2 * 1024 * 1024

const reported: unknown[] = []
beforeEach(() => {
  reported.length = 0
  vi.spyOn(console, 'error').mockImplementation((error: unknown) => reported.push(error))
})
afterEach(() => {
  vi.restoreAllMocks()
  expect(reported).toEqual([])
})

const seconds = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000))

/** Two friends, `/flow/v1` served by the second, which also echoes streams. `flow` opens one and gives both ends. */
async function players(first: PeerOptions = {}) {
  const [ada, bo] = await friends(first)
  const taken: ((flow: Datagrams) => void)[] = []
  bo.handleDatagrams('/flow/v1', (flow) => taken.shift()?.(flow))
  bo.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
  const flow = async (params?: unknown): Promise<[Datagrams, Datagrams]> => {
    const theirs = new Promise<Datagrams>((resolve) => taken.push(resolve))
    return [await ada.openDatagrams(bo, '/flow/v1', { params }), await theirs]
  }
  const dispose = async () => {
    await Promise.all([ada.close(), bo.close()])
  }
  return { ada, bo, flow, [Symbol.asyncDispose]: dispose }
}

/** Counts what comes, until the flow is over. */
function listen(flow: Datagrams): { readonly count: number; readonly over: Promise<void> } {
  const heard = { count: 0, over: Promise.resolve() }
  heard.over = flow.readable.pipeTo(new WritableStream({ write: () => void heard.count++ }))
  heard.over.catch(() => undefined) // not every test waits for it
  return heard
}

/** Calls `send` so often a second, for so long. Returns how often that was. Where the page is held up, it goes on later: a burst of
 *  what was missed would be another rate. */
async function atRate(perSecond: number, durationMs: number, send: () => void): Promise<number> {
  const total = Math.round((perSecond * durationMs) / 1000)
  let [sent, due, at] = [0, 0, performance.now()]
  while (sent < total) {
    const elapsed = performance.now() - at
    at += elapsed
    due = Math.min(due + (Math.min(elapsed, 25) * perSecond) / 1000, total)
    for (; sent < due; sent++) send()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return total
}

/** Round trips of a byte on a stream, one after the other, until `done`. */
async function pings(ada: Peer, bo: Peer, done: Promise<unknown>): Promise<Ping[]> {
  const stream = await ada.open(bo, '/echo/v1')
  const [writer, reader] = [stream.writable.getWriter(), stream.readable.getReader()]
  const all: Ping[] = []
  let isDone = false
  void done.finally(() => {
    isDone = true
  })
  while (!isDone) {
    const start = performance.now()
    await writer.write(Uint8Array.of(1))
    await reader.read()
    all.push({ start, end: performance.now() })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return all
}

/** A ping of a channel that carries nothing else takes no longer, unless the machine was held up. */
const BARE_PING_MS = 25

/** How long pings took, ascending, ms; less what the machine was held up meanwhile, as the bare pings of the same moments tell. */
function delays(ours: readonly Ping[], bare: readonly Ping[]): number[] {
  const heldUp = bare.map(({ start, end }) => ({ start, end, ms: end - start })).filter(({ ms }) => ms > BARE_PING_MS)
  const delay = ({ start, end }: Ping) =>
    end - start - Math.max(0, ...heldUp.filter((ping) => ping.start < end && ping.end > start).map(({ ms }) => ms))
  return ours.map(delay).sort((a, b) => a - b)
}
const p99 = (sorted: readonly number[]) => sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN

/** The browser's WebRTC, and the datagram channels of what was made with it. */
function seenWebRtc() {
  const channels: RTCDataChannel[] = []
  class Seen extends RTCPeerConnection {
    override createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, init)
      if (label === 'datagrams') channels.push(channel)
      return channel
    }
  }
  const wrtc = { RTCPeerConnection: Seen, RTCSessionDescription, RTCIceCandidate }
  return { wrtc, buffered: () => Math.max(0, ...channels.map(({ bufferedAmount }) => bufferedAmount)) }
}

test('both sides send, each in buffers of their own; the end of either is the end of both', async () => {
  await using people = await players()
  const [mine, theirs] = await people.flow({ map: 'desert' })
  expect(mine).toMatchObject({ protocol: '/flow/v1', remote: people.bo.id, maxDatagramSize: 1100, params: { map: 'desert' } })
  expect(theirs).toMatchObject({ protocol: '/flow/v1', remote: people.ada.id, params: { map: 'desert' } })
  const [here, there] = [mine.readable.getReader(), theirs.readable.getReader()]
  const bytes = Uint8Array.of(1, 2, 3)
  mine.send(bytes)
  bytes.fill(9) // it was copied
  const { value } = await there.read()
  expect(value).toEqual(Uint8Array.of(1, 2, 3))
  expect(value?.buffer.byteLength).toBe(3)
  theirs.send(new Uint8Array(0))
  expect((await here.read()).value).toEqual(new Uint8Array(0))
  expect(mine.stats).toEqual({ sent: 1, received: 1, droppedOutgoing: 0, droppedIncoming: 0 })
  const writing = theirs.writable.getWriter()
  mine.close()
  mine.close()
  expect((await here.read()).done).toBe(true)
  expect((await there.read()).done).toBe(true)
  await Promise.all([mine.closed, theirs.closed])
  expect(() => mine.send(bytes)).toThrow(expect.objectContaining({ code: 'closed' }))
  expect(() => theirs.send(bytes)).toThrow(expect.objectContaining({ code: 'closed', source: 'remote' }))
  await expect(writing.write(bytes)).rejects.toMatchObject({ code: 'closed' })
})

test('1,100 bytes pass; 1,101 are refused by `send`, dropped and counted by `writable`', async () => {
  await using people = await players()
  const [mine, theirs] = await people.flow()
  const reader = theirs.readable.getReader()
  expect(() => mine.send(new Uint8Array(1101))).toThrow(expect.objectContaining({ code: 'too-large', source: 'local' }))
  expect(mine.stats).toMatchObject({ sent: 0, droppedOutgoing: 0 })
  const writer = mine.writable.getWriter()
  await writer.write(new Uint8Array(1101))
  expect(mine.stats).toMatchObject({ sent: 0, droppedOutgoing: 1 })
  await writer.write(FULL)
  expect((await reader.read()).value?.length).toBe(1100)
  await writer.close()
  await Promise.all([mine.closed, theirs.closed])
})

test('a handler that writes or sends until the other has closed is not reported; one that throws is a reset', async () => {
  await using people = await players()
  const { ada, bo } = people
  let ended = 0
  bo.handleDatagrams('/writes/v1', async (flow) => {
    const writer = flow.writable.getWriter()
    try {
      for (;;) await writer.write(FULL)
    } finally {
      ended += 1
    }
  })
  bo.handleDatagrams('/reads/v1', async (flow) => {
    await flow.readable.pipeTo(new WritableStream())
    ended += 1
  })
  bo.handleDatagrams('/throws/v1', () => {
    throw new Error('at once')
  })
  for (const name of ['/writes/v1', '/reads/v1'] as const) {
    const flow = await ada.openDatagrams(bo, name)
    flow.send(FULL)
    await seconds(0.05)
    flow.close()
    await flow.closed
  }
  await vi.waitFor(() => expect(ended).toBe(2))
  expect(reported).toEqual([])
  const thrown = await ada.openDatagrams(bo, '/throws/v1')
  await expect(thrown.readable.getReader().read()).rejects.toMatchObject({ code: 'reset', source: 'remote' })
  await expect(thrown.closed).rejects.toMatchObject({ code: 'reset' })
  expect(reported.splice(0)).toEqual([new Error('at once')])
})

test('what is not served is refused, and a stream of the same name is no flow', async () => {
  await using people = await players()
  const { ada, bo } = people
  await expect(ada.openDatagrams(bo, '/none/v1')).rejects.toMatchObject({ code: 'unsupported-protocol' })
  const flow = await ada.openDatagrams(bo, '/echo/v1')
  await expect(flow.closed).rejects.toMatchObject({ code: 'unsupported-protocol' })
  await expect(flow.readable.getReader().read()).rejects.toMatchObject({ code: 'unsupported-protocol' })
})

/** What became of those that never reached the reader, by cause. */
function missing({ stats: mine }: Datagrams, { stats: theirs }: Datagrams) {
  const lost = mine.sent - theirs.received
  return { tooLate: mine.droppedOutgoing, lost, unread: theirs.droppedIncoming }
}

/** So near to a bare datagram that failed, the machine was held up for one of ours too. */
const HELD_UP_MS = 250

test('10,000 datagrams of 1,100 bytes at 2,000 a second: at least 99.9 % arrive', async () => {
  await using people = await players()
  const [mine, theirs] = await people.flow()
  using bare = await bareChannels()
  const sentAt: number[] = []
  const heard = new Set<number>()
  const over = theirs.readable.pipeTo(
    new WritableStream({ write: ({ buffer }) => void heard.add(new DataView(buffer).getUint32(0)) }),
  )
  over.catch(() => undefined) // it fails with the test
  await atRate(2000, 5000, () => {
    const datagram = new Uint8Array(DATAGRAM_MAX_BYTES)
    new DataView(datagram.buffer).setUint32(0, sentAt.length)
    sentAt.push(performance.now())
    mine.send(datagram)
    bare.send(datagram.length)
  })
  expect(sentAt.length).toBe(10_000)
  const bareFailed = await bare.failed()
  // Both were sent in the same moments: what the machine did to the bare ones tells what it did to ours.
  const whole = sentAt.flatMap((at, n) => (bareFailed.some((failedAt) => Math.abs(failedAt - at) <= HELD_UP_MS) ? [] : [n]))
  // A machine that is held up all the time shows nothing.
  expect(whole.length).toBeGreaterThan(1_000)
  const missed = () => whole.filter((n) => !heard.has(n)).length
  await vi.waitFor(() => expect(missed(), JSON.stringify(missing(mine, theirs))).toBeLessThanOrEqual(whole.length * 0.001))
  console.info(`missed ${missed()} of ${whole.length}, of all ${JSON.stringify(missing(mine, theirs))}`)
  mine.close()
  await over
})

test('a sender at ten times the rate of the path: queues keep their bounds, and a stream beside it its latency', async () => {
  const { wrtc, buffered } = seenWebRtc()
  await using people = await players({ wrtc })
  const [mine, theirs] = await people.flow()
  using bare = await bareChannels()
  const heard = listen(theirs)
  // The rate of the path: whoever awaits each write goes as fast.
  const writer = mine.writable.getWriter()
  const start = performance.now()
  while (performance.now() - start < 500) for (let i = 0; i < 16; i++) await writer.write(FULL)
  const pathPerSecond = (mine.stats.sent * 1000) / (performance.now() - start)
  const heldBefore = await heldBytes()
  const before = mine.stats
  let [queued, inChannel, calls] = [0, 0, 0]
  const flood = atRate(10 * pathPerSecond, 2000, () => {
    mine.send(FULL)
    calls += 1
    const { sent, droppedOutgoing } = mine.stats
    queued = Math.max(queued, calls - (sent - before.sent) - (droppedOutgoing - before.droppedOutgoing))
    inChannel = Math.max(inChannel, buffered())
  })
  const [ours, bares] = await Promise.all([pings(people.ada, people.bo, flood), bare.ping(flood)])
  const held = (await heldBytes()) - heldBefore
  const { sent, droppedOutgoing } = mine.stats
  const times = delays(ours, bares)
  console.info(
    `path ${Math.round(pathPerSecond)}/s, offered ${calls}, sent ${sent - before.sent}, dropped ${droppedOutgoing}, heard ${heard.count},`,
  )
  console.info(`most queued ${queued}, in the channel ${inChannel}; held ${held} bytes more;`)
  console.info(
    `pings ${ours.length}, p99 ${p99(delays(ours, []))}, where not held up ${p99(times)}, bare ${p99(delays(bares, []))}`,
  )
  expect(queued).toBeLessThanOrEqual(QUEUE_MAX)
  expect(inChannel).toBeLessThan(100 * 1024)
  // Both queues are in this page: one each, and what is in the channels' hands.
  expect(held).toBeLessThan(2 * DATAGRAM_QUEUE_MAX_BYTES + SLACK_BYTES)
  expect(droppedOutgoing).toBeGreaterThan(before.droppedOutgoing)
  expect(heard.count).toBeGreaterThan(1000)
  expect(times.length).toBeGreaterThan(20)
  // On a busy machine a bare channel takes longer, too.
  expect(p99(times)).toBeLessThan(Math.max(100, p99(delays(bares, []))))
})

test('a reader that never reads: the newest are kept, the others dropped and counted', async () => {
  await using people = await players()
  const [mine, theirs] = await people.flow()
  using bare = await bareChannels()
  const heldBefore = await heldBytes()
  let n = 0
  const flood = atRate(4000, 2000, () => {
    const datagram = new Uint8Array(DATAGRAM_MAX_BYTES)
    new DataView(datagram.buffer).setUint32(0, n++)
    mine.send(datagram)
  })
  const [ours, bares] = await Promise.all([pings(people.ada, people.bo, flood), bare.ping(flood)])
  const times = delays(ours, bares)
  console.info(`${JSON.stringify(missing(mine, theirs))}; pings p99 ${p99(delays(ours, []))}, where not held up ${p99(times)}`)
  await vi.waitFor(() => expect(theirs.stats.droppedIncoming).toBeGreaterThan(0))
  const { received, droppedIncoming } = theirs.stats
  expect(received - droppedIncoming).toBeLessThanOrEqual(QUEUE_MAX)
  expect((await heldBytes()) - heldBefore).toBeLessThan(2 * DATAGRAM_QUEUE_MAX_BYTES + SLACK_BYTES)
  expect(times.length).toBeGreaterThan(20)
  // On a busy machine a bare channel takes longer, too.
  expect(p99(times)).toBeLessThan(Math.max(100, p99(delays(bares, []))))
  // Those that never came are not among those kept.
  const first = (await theirs.readable.getReader().read()).value as Uint8Array<ArrayBuffer>
  expect(new DataView(first.buffer).getUint32(0)).toBeGreaterThanOrEqual(n - QUEUE_MAX - (n - received))
})

test('several flows of one connection, both ways, each get their own', async () => {
  await using people = await players()
  const flows = await Promise.all([people.flow(0), people.flow(1), people.flow(2), people.flow(3)])
  const heard = flows.map(async ([mine, theirs]) => {
    for (const [from, to, n] of [
      [mine, theirs, theirs.params],
      [theirs, mine, 100],
    ] as const) {
      const reader = to.readable.getReader()
      for (let i = 0; i < 20; i++) {
        from.send(Uint8Array.of(Number(n), i))
        expect((await reader.read()).value).toEqual(Uint8Array.of(Number(n), i))
      }
    }
  })
  await Promise.all(heard)
  flows[0]?.[0].close()
  await flows[0]?.[1].closed
  flows[1]?.[0].send(Uint8Array.of(1))
  await vi.waitFor(() => expect(flows[1]?.[1].stats.received).toBe(21))
})

test('who awaits no write is not held up, and nothing gathers in `writable`', async () => {
  await using people = await players()
  const [mine, theirs] = await people.flow()
  const heard = listen(theirs)
  const writer = mine.writable.getWriter()
  const writes: Promise<void>[] = []
  for (let i = 0; i < 5000; i++) writes.push(writer.write(FULL))
  await Promise.all(writes)
  const { sent, droppedOutgoing } = mine.stats
  expect(sent + droppedOutgoing).toBeGreaterThanOrEqual(5000 - QUEUE_MAX)
  expect(droppedOutgoing).toBeGreaterThan(0)
  await writer.close()
  await heard.over
})
