// Two transfers at once between two peers, over a real connection.
import { expect, test } from 'vitest'
import type { Peer, Stream } from './api.ts'
import { friends } from './people.testing.ts'

const TRANSFER_BYTES = 10 * 1024 * 1024

async function write({ writable }: Stream): Promise<void> {
  const writer = writable.getWriter()
  const chunk = new Uint8Array(64 * 1024)
  for (let sent = 0; sent < TRANSFER_BYTES; sent += chunk.length) await writer.write(chunk)
  await writer.close()
}

/** The part of the low one that has been read when the high one is whole. */
async function lowPart(ada: Peer, bo: Peer, low: number, high: number): Promise<number> {
  const readBytes: Record<string, number> = { low: 0, high: 0 }
  let highIsWhole = (_: number) => {}
  const whole = new Promise<number>((resolve) => {
    highIsWhole = resolve
  })
  bo.handle('/transfer/v1', async (stream) => {
    const which = stream.params as string
    for await (const chunk of stream.readable) readBytes[which] = (readBytes[which] ?? 0) + chunk.length
    if (which === 'high') highIsWhole((readBytes.low ?? 0) / TRANSFER_BYTES)
    await stream.writable.close()
  })
  await ada.connect(bo)
  const streams = [
    await ada.open(bo, '/transfer/v1', { priority: low, params: 'low' }),
    await ada.open(bo, '/transfer/v1', { priority: high, params: 'high' }),
  ]
  await Promise.all([whole, ...streams.map(write)])
  expect(readBytes).toEqual({ low: TRANSFER_BYTES, high: TRANSFER_BYTES })
  return whole
}

test.each([
  [1, 2],
  [-2, -1],
  [0, 1],
  [-1, 1],
])('of 10 MiB at %i little has come when 10 MiB at %i are whole', async (low, high) => {
  const [ada, bo] = await friends()
  const part = await lowPart(ada, bo, low, high)
  expect(part).toBeLessThan(low > 0 === high > 0 ? 0.1 : 0.2)
  await Promise.all([ada.close(), bo.close()])
})
