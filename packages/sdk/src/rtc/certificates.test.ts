import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Certificates } from './certificates.ts'
import type { WebRtc } from './negotiator.ts'

const DAY_MS = 24 * 3_600_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function maker(generate: () => Promise<{ expires: number }>) {
  const generateCertificate = vi.fn(generate)
  const wrtc = { RTCPeerConnection: { generateCertificate } } as unknown as WebRtc
  return { wrtc, generateCertificate }
}

test('one is at hand, a new one each time, half a second after the last was taken', async () => {
  let made = 0
  const { wrtc } = maker(async () => ({ expires: Date.now() + 30 * DAY_MS, number: ++made }))
  const certificates = new Certificates(wrtc)
  await vi.advanceTimersByTimeAsync(0)
  expect(certificates.take()).toMatchObject({ number: 1 })
  expect(certificates.take()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(500)
  expect(made).toBe(2)
  expect(certificates.take()).toMatchObject({ number: 2 })
  certificates.close()
})

test('one that has a day left or less is not used', async () => {
  const { wrtc } = maker(async () => ({ expires: Date.now() + 2 * DAY_MS }))
  const certificates = new Certificates(wrtc)
  await vi.advanceTimersByTimeAsync(DAY_MS)
  expect(certificates.take()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(500)
  await vi.advanceTimersByTimeAsync(DAY_MS - 1)
  expect(certificates.take()).toBeDefined()
  certificates.close()
})

test('where none can be made, there is none, now or later', async () => {
  const failing = maker(() => Promise.reject(new Error('no curves')))
  for (const wrtc of [failing.wrtc, { RTCPeerConnection: class {} } as unknown as WebRtc, undefined]) {
    const certificates = new Certificates(wrtc)
    await vi.advanceTimersByTimeAsync(0)
    expect(certificates.take()).toBeUndefined()
    certificates.close()
  }
})

test('after close none is made and none given', async () => {
  const { wrtc, generateCertificate } = maker(async () => ({ expires: Date.now() + 30 * DAY_MS }))
  const certificates = new Certificates(wrtc)
  certificates.take()
  certificates.close()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(certificates.take()).toBeUndefined()
  expect(generateCertificate).toHaveBeenCalledTimes(1)
  expect(vi.getTimerCount()).toBe(0)
})
