// What `getStats` tells of real connections: two people in one page, in whichever browser runs this.
import { expect, test, vi } from 'vitest'
import type { Connection, Peer, Stream } from '../api.ts'
import { friends } from '../people.testing.ts'
import { call, picture, track } from './media/people.testing.ts'

async function connected(): Promise<{ ada: Peer; bo: Peer; connection: Connection; theirs: Connection } & AsyncDisposable> {
  const [ada, bo] = await friends()
  bo.handle('/sink/v1', (stream: Stream) => stream.readable.pipeTo(new WritableStream()))
  const called = new Promise<Connection>((resolve) => bo.on('connection', resolve))
  const [connection, theirs] = await Promise.all([ada.connect(bo), called])
  const dispose = async () => {
    await Promise.all([ada.close(), bo.close()])
  }
  return { ada, bo, connection, theirs, [Symbol.asyncDispose]: dispose }
}

test('bytes grow by what is sent, streams are counted, and no address is told', async () => {
  await using people = await connected()
  const { ada, bo, connection, theirs } = people
  const before = await connection.getStats()
  expect(before).toMatchObject({ path: 'local', quality: 'excellent', streams: 0 })
  expect(before.lossRatio).toBeUndefined()
  const stream = await ada.open(bo, '/sink/v1')
  expect((await connection.getStats()).streams).toBe(1)
  const writer = stream.writable.getWriter()
  await writer.write(new Uint8Array(300_000))
  await writer.close()
  await vi.waitFor(async () => {
    const { bytesSent } = await connection.getStats()
    expect(bytesSent - before.bytesSent).toBeGreaterThan(300_000)
    expect((await theirs.getStats()).bytesReceived).toBeGreaterThan(300_000)
  })
  const after = await connection.getStats()
  expect(after.roundTripMs).toBeLessThan(200)
  expect(after.bytesReceived).toBeGreaterThan(before.bytesReceived)
  // All that is text in it are these two words.
  const { path, quality, datagrams, ...figures } = after
  expect([path, quality]).toEqual(['local', 'excellent'])
  for (const figure of Object.values({ ...figures, ...datagrams })) expect(figure ?? 0).toBeTypeOf('number')
})

test('datagrams are summed over all flows, those that have ended included', async () => {
  await using people = await connected()
  const { ada, bo, connection } = people
  bo.handleDatagrams('/arena/v1', async (flow) => {
    for await (const datagram of flow.readable) flow.send(datagram)
  })
  while (!connection.protocols.has('/arena/v1')) await new Promise((resolve) => connection.on('protocols', resolve))
  for (let count = 1; count <= 2; count++) {
    const flow = await ada.openDatagrams(bo, '/arena/v1')
    const reader = flow.readable.getReader()
    flow.send(Uint8Array.of(count))
    await reader.read()
    // Too large for the writable, which drops it.
    await flow.writable.getWriter().write(new Uint8Array(1_101))
    flow.close()
    await flow.closed
    const { datagrams } = await connection.getStats()
    expect(datagrams).toEqual({ sent: count, received: count, droppedOutgoing: count, droppedIncoming: 0 })
  }
})

test('tracks make loss known, and their bytes count', async () => {
  await using people = await connected()
  const { ada, bo, connection } = people
  const [mine, theirs] = await call(ada, bo)
  const before = await connection.getStats()
  mine.addTrack(picture())
  theirs.addTrack(picture())
  await Promise.all([track(mine), track(theirs)])
  const grown = async () => {
    const { lossRatio, quality, bytesSent, bytesReceived } = await connection.getStats()
    expect({ lossRatio, quality }).toEqual({ lossRatio: 0, quality: 'excellent' })
    expect(bytesSent - before.bytesSent).toBeGreaterThan(100_000)
    expect(bytesReceived - before.bytesReceived).toBeGreaterThan(100_000)
  }
  await vi.waitFor(grown, { timeout: 30_000, interval: 200 })
})

test('of a closed connection there are none, not even for whoever has asked already', async () => {
  await using people = await connected()
  const { connection } = people
  const asked = connection.getStats()
  const closing = connection.close()
  await expect(asked).rejects.toMatchObject({ code: 'closed' })
  await expect(connection.getStats()).rejects.toMatchObject({ code: 'closed' })
  await closing
  await expect(connection.getStats()).rejects.toMatchObject({ code: 'closed' })
})
