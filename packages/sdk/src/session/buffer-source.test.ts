import { runInNewContext } from 'node:vm'
import { STREAM_CODES, STREAM_WINDOW_BYTES } from '@kith/protocol'
import { expect, test } from 'vitest'
import { bytesOf, sizeOf } from './buffer-source.ts'
import { streamPair } from './pair.testing.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))
const numbers = Uint8Array.from({ length: 32 }, (_, i) => i + 1)
const { buffer } = numbers

const resizable = (length: number, maxByteLength: number) =>
  new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer & { resize(length: number): void })(
    length,
    {
      maxByteLength,
    },
  )

function detached<T extends ArrayBuffer | ArrayBufferView>(source: T): T {
  structuredClone(undefined, { transfer: [ArrayBuffer.isView(source) ? (source.buffer as ArrayBuffer) : source] })
  return source
}

function outOfBounds(): Uint8Array {
  const shrinking = resizable(16, 16)
  const view = new Uint8Array(shrinking, 8, 8)
  shrinking.resize(12)
  return view
}

const BYTES: readonly [string, ArrayBuffer | ArrayBufferView, Uint8Array][] = [
  ['an ArrayBuffer', buffer, numbers],
  ['a DataView', new DataView(buffer, 3, 5), numbers.subarray(3, 8)],
  ['a Uint8ClampedArray', new Uint8ClampedArray(buffer, 1, 2), numbers.subarray(1, 3)],
  ['an Int8Array', new Int8Array(buffer, 4), numbers.subarray(4)],
  ['a Uint16Array', new Uint16Array(buffer, 2, 3), numbers.subarray(2, 8)],
  ['a Float64Array', new Float64Array(buffer, 8, 2), numbers.subarray(8, 24)],
  ['a BigUint64Array', new BigUint64Array(buffer, 16, 1), numbers.subarray(16, 24)],
  ['a Buffer of Node', Buffer.from('grüße'), new TextEncoder().encode('grüße')],
  ["another frame's Uint8Array", runInNewContext('Uint8Array.of(7, 8, 9)'), Uint8Array.of(7, 8, 9)],
  ["another frame's ArrayBuffer", runInNewContext('Uint8Array.of(7, 8).buffer'), Uint8Array.of(7, 8)],
  ["another frame's DataView", runInNewContext('new DataView(Uint8Array.of(7, 8, 9).buffer, 1)'), Uint8Array.of(8, 9)],
  ['a resizable ArrayBuffer', resizable(4, 8), new Uint8Array(4)],
  ['nothing', new ArrayBuffer(0), new Uint8Array(0)],
  ['a view of nothing', new DataView(buffer, 32), new Uint8Array(0)],
]

test.each(BYTES)('%s can be written', async (_, source, expected) => {
  expect([...bytesOf(source)]).toEqual([...expected])
  expect(sizeOf(source)).toBe(expected.length)
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  await writer.write(source)
  void writer.close()
  expect([...new Uint8Array(await new Response(remote.readable).arrayBuffer())]).toEqual([...expected])
})

const NOT_BYTES: readonly [string, () => unknown][] = [
  ['a string', () => 'hello'],
  ['a long string', () => 'x'.repeat(100_000)],
  ['an object', () => ({ length: 3, byteLength: 3 })],
  ['an object of that tag', () => ({ [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 1 })],
  ['a list', () => [1, 2, 3]],
  ['a number', () => 7],
  ['null', () => null],
  ['undefined', () => undefined],
  ['a Blob', () => new Blob(['x'])],
  ['shared memory', () => new SharedArrayBuffer(4)],
  ['a view of shared memory', () => new Uint8Array(new SharedArrayBuffer(4))],
  ['a DataView of shared memory', () => new DataView(new SharedArrayBuffer(4))],
  ['an ArrayBuffer that was transferred', () => detached(new ArrayBuffer(4))],
  ['an array that was transferred', () => detached(new Uint16Array(4))],
  ['a DataView that was transferred', () => detached(new DataView(new ArrayBuffer(4)))],
  ['an array that its buffer has shrunk below', outOfBounds],
]

test.each(NOT_BYTES)('%s ends the half that it was written to, and no other', async (_, make) => {
  const { local, remote } = await streamPair()
  const chunk = make()
  expect(() => bytesOf(chunk)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  expect(() => sizeOf(chunk)).not.toThrow()
  const writer = (local.writable as WritableStream<unknown>).getWriter()
  const refused = {
    code: 'invalid-argument',
    source: 'local',
    message: expect.stringMatching(/^Only bytes can be sent: an ArrayBuffer or a view of one/),
    cause: expect.any(TypeError),
  }
  const writes = [writer.write(chunk), writer.write(new Uint8Array(1)), writer.closed]
  const [error] = await Promise.all(writes.map((write) => write.catch((reason: unknown) => reason)))
  expect(error).toMatchObject(refused)
  for (const write of [...writes, writer.ready, writer.write(numbers)]) await expect(write).rejects.toBe(error)
  const told = {
    code: 'reset',
    source: 'remote',
    streamCode: STREAM_CODES.notBytes,
    message: expect.stringContaining('not bytes'),
  }
  await expect(new Response(remote.readable).text()).rejects.toMatchObject(told)
  const back = remote.writable.getWriter()
  void back.write(numbers).then(() => back.close())
  expect((await new Response(local.readable).arrayBuffer()).byteLength).toBe(numbers.length)
  await expect(local.closed).rejects.toBe(error)
  await expect(remote.closed).rejects.toMatchObject(told)
})

test.each<[string, (chunk: ArrayBuffer & { resize(length: number): void }) => void]>([
  ['transferred', (chunk) => detached(chunk)],
  ['shrunk', (chunk) => chunk.resize(10)],
  ['emptied', (chunk) => chunk.resize(0)],
])('a chunk whose buffer is %s while half of it is framed rejects', async (_, takeAway) => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  const chunk = resizable(3 * STREAM_WINDOW_BYTES, 4 * STREAM_WINDOW_BYTES)
  const writing = writer.write(chunk)
  const behind = writer.write(numbers)
  const settled = Promise.allSettled([writing, behind, writer.closed])
  for (let i = 0; i < 50; i++) await turn()
  takeAway(chunk)
  await expect(new Response(remote.readable).arrayBuffer()).rejects.toMatchObject({ streamCode: STREAM_CODES.notBytes })
  const [first, ...others] = await settled
  expect(first).toMatchObject({
    status: 'rejected',
    reason: { code: 'invalid-argument', source: 'local', cause: expect.any(TypeError) },
  })
  for (const other of others) expect(other).toEqual(first)
})

test('a chunk whose buffer is transferred while it waits behind another rejects', async () => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  const writing = writer.write(new Uint8Array(2 * STREAM_WINDOW_BYTES))
  const chunk = new Uint8Array(10)
  const behind = expect(writer.write(chunk)).rejects.toMatchObject({ code: 'invalid-argument' })
  detached(chunk)
  await expect(new Response(remote.readable).arrayBuffer()).rejects.toMatchObject({ streamCode: STREAM_CODES.notBytes })
  await writing
  await behind
})

test('a chunk whose buffer has grown is sent as it was', async () => {
  const { local, remote } = await streamPair()
  const writer = local.writable.getWriter()
  const chunk = resizable(2 * STREAM_WINDOW_BYTES, 4 * STREAM_WINDOW_BYTES)
  const writing = writer.write(new Uint8Array(chunk)).then(() => writer.close())
  for (let i = 0; i < 50; i++) await turn()
  chunk.resize(4 * STREAM_WINDOW_BYTES)
  expect((await new Response(remote.readable).arrayBuffer()).byteLength).toBe(2 * STREAM_WINDOW_BYTES)
  await writing
})

test('memory that grows takes its buffer away', async () => {
  const { local, remote } = await streamPair()
  const memory = new WebAssembly.Memory({ initial: 16 })
  const writer = local.writable.getWriter()
  const writing = expect(writer.write(memory.buffer)).rejects.toMatchObject({ code: 'invalid-argument' })
  for (let i = 0; i < 50; i++) await turn()
  memory.grow(1)
  await expect(new Response(remote.readable).arrayBuffer()).rejects.toMatchObject({ streamCode: STREAM_CODES.notBytes })
  await writing
})
