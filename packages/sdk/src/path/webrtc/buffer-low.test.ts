import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withBufferLow } from './buffer-low.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

class Channel extends EventTarget {
  readyState: RTCDataChannelState = 'open'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 10
  readonly sent: number[] = []
  send(message: Uint8Array) {
    this.sent.push(message.length)
  }
}

function listened<Of extends Channel>(channel: Of) {
  const low = vi.fn()
  channel.addEventListener('bufferedamountlow', low)
  return { channel: withBufferLow(channel), low }
}

test('tells once that the buffer is low, also where it was counted only after the send', () => {
  const { channel, low } = listened(new Channel())
  channel.send(new Uint8Array(100))
  channel.bufferedAmount = 100
  vi.advanceTimersByTime(1_000)
  expect(low).not.toHaveBeenCalled()
  channel.bufferedAmount = 11
  vi.advanceTimersByTime(5)
  expect(low).not.toHaveBeenCalled()
  channel.bufferedAmount = 10
  vi.advanceTimersByTime(1_000)
  expect(low).toHaveBeenCalledTimes(1)
  expect([channel.sent, vi.getTimerCount()]).toEqual([[100], 0])
})

test('whoever listens may send at once, and is told again', () => {
  const { channel, low } = listened(new Channel())
  low.mockImplementationOnce(() => channel.send(new Uint8Array(2)))
  channel.send(new Uint8Array(1))
  vi.advanceTimersByTime(1_000)
  expect([low.mock.calls.length, channel.sent, vi.getTimerCount()]).toEqual([2, [1, 2], 0])
})

test('a channel that closes leaves no timer, and tells nothing', () => {
  const { channel, low } = listened(new Channel())
  channel.bufferedAmount = 100
  channel.send(new Uint8Array(100))
  channel.readyState = 'closed'
  channel.bufferedAmount = 0
  vi.advanceTimersByTime(5)
  expect([low.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
})

test('what a channel does not take is thrown as it was, and nothing is waited for', () => {
  class Full extends Channel {
    override send(): void {
      throw new DOMException('full', 'OperationError')
    }
  }
  const { channel } = listened(new Full())
  expect(() => channel.send()).toThrow('full')
  expect(vi.getTimerCount()).toBe(0)
})

test('one that has the event is left as it is', () => {
  const native = Object.assign(new Channel(), { onbufferedamountlow: null })
  const { channel, low } = listened(native)
  channel.send(new Uint8Array(1))
  vi.advanceTimersByTime(1_000)
  expect([low.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
})
