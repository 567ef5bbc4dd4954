import { expect, test } from 'vitest'
import { CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES, UNREAD_MAX_BYTES } from '../limits.ts'
import { ReceiveHalf } from './receive-half.ts'
import { ReceiveWindow } from './window.ts'

const half = () => new ReceiveHalf(new ReceiveWindow(CONNECTION_WINDOW_BYTES, UNREAD_MAX_BYTES, true))

test('a byte does not keep the whole message that it came in', () => {
  const receive = half()
  receive.pushOwn(new Uint8Array(64 * 1024).subarray(64 * 1024 - 1))
  const chunk = receive.read()
  expect(chunk?.length).toBe(1)
  expect(chunk?.buffer.byteLength).toBe(1)
})

test('however large and small chunks alternate, what is unread holds little more than itself', () => {
  const receive = half()
  let bytes = 0
  for (; bytes + 1025 <= STREAM_WINDOW_BYTES; bytes += 1025) {
    receive.push(new Uint8Array(1))
    receive.push(new Uint8Array(1024))
  }
  const buffers = new Set<ArrayBufferLike>()
  for (let chunk = receive.read(); chunk !== undefined; chunk = receive.read()) buffers.add(chunk.buffer)
  const heldBytes = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)
  expect(heldBytes).toBeLessThan(2 * bytes)
})

test.each([
  ['a large one', 60_000, 64 * 1024],
  ['a small one that fills a quarter of its message', 500, 2_000],
])('%s is handed on without a copy', (_, length, bufferBytes) => {
  const receive = half()
  const { buffer } = new Uint8Array(bufferBytes)
  // Its own reserve is less than that: of the connection's window it was counted before.
  receive.push(new Uint8Array(buffer, bufferBytes - length))
  expect(receive.read()?.buffer).toBe(buffer)
})
