import { DATAGRAM_MAX_BYTES, STREAM_CODES } from '@kith/protocol'
import { expect, test } from 'vitest'
import type { LinkFlow } from './datagrams.ts'
import { memoryLanes } from './memory-lanes.ts'
import { streamPair } from './pair.testing.ts'

async function flowPair() {
  const { local, remote, dialler, callee } = await streamPair(memoryLanes(), 'datagrams')
  return { local, remote, here: local.flow, there: remote.flow, dialler, callee }
}

const next = async ({ readable }: LinkFlow) => {
  const reader = readable.getReader()
  const { value } = await reader.read()
  reader.releaseLock()
  return value
}

test('any bytes can be sent, by `send` and by `writable`', async () => {
  const { here, there } = await flowPair()
  const bytes = Uint8Array.of(0, 1, 2, 3)
  const writer = here.writable.getWriter()
  for (const data of [bytes, bytes.buffer, new DataView(bytes.buffer), new Uint16Array(bytes.buffer)]) {
    here.send(data)
    expect(await next(there)).toEqual(bytes)
    await writer.write(data)
    expect(await next(there)).toEqual(bytes)
  }
})

const NOT_BYTES: readonly [string, unknown][] = [
  ['a string', 'hello'],
  ['a string longer than a datagram', 'x'.repeat(DATAGRAM_MAX_BYTES + 1)],
  ['an object', { byteLength: 3 }],
  ['an object that says it is too large', { length: DATAGRAM_MAX_BYTES + 1 }],
  ['null', null],
  ['undefined', undefined],
  ['shared memory', new Uint8Array(new SharedArrayBuffer(4))],
]

test.each(NOT_BYTES)('`send` throws for %s, and the flow goes on', async (_, data) => {
  const { here, there } = await flowPair()
  const refused = expect.objectContaining({ code: 'invalid-argument', cause: expect.any(TypeError) })
  expect(() => here.send(data as never)).toThrow(refused)
  here.send(Uint8Array.of(1))
  expect(await next(there)).toEqual(Uint8Array.of(1))
})

test.each(NOT_BYTES)('%s written to `writable` ends the flow, and everybody can tell why', async (_, data) => {
  const { here, there, local, remote } = await flowPair()
  const writer = (here.writable as WritableStream<unknown>).getWriter()
  const reading = [here, there].map(({ readable }) => readable.getReader().read())
  const error = await writer.write(data).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'invalid-argument', source: 'local', cause: expect.any(TypeError) })
  await expect(writer.closed).rejects.toBe(error)
  await expect(local.closed).rejects.toBe(error)
  await expect(reading[0]).rejects.toBe(error)
  expect(() => here.send(Uint8Array.of(1))).toThrow(error as Error)
  expect(here.stats).toMatchObject({ sent: 0, droppedOutgoing: 0 })
  const told = { code: 'reset', source: 'remote', streamCode: STREAM_CODES.notBytes }
  await expect(reading[1]).rejects.toMatchObject(told)
  await expect(remote.closed).rejects.toMatchObject(told)
})

test('what is too large for a datagram is dropped by `writable`, and counted, whatever form it has', async () => {
  const { here, there } = await flowPair()
  const writer = here.writable.getWriter()
  await writer.write(new Uint8Array(DATAGRAM_MAX_BYTES + 1))
  await writer.write(new ArrayBuffer(DATAGRAM_MAX_BYTES + 1))
  await writer.write(new Uint16Array(DATAGRAM_MAX_BYTES / 2 + 1))
  await writer.write(new Uint16Array(DATAGRAM_MAX_BYTES / 2))
  expect((await next(there))?.length).toBe(DATAGRAM_MAX_BYTES)
  expect(here.stats).toMatchObject({ sent: 1, droppedOutgoing: 3 })
  expect(() => here.send(new ArrayBuffer(DATAGRAM_MAX_BYTES + 1))).toThrow(expect.objectContaining({ code: 'too-large' }))
})
