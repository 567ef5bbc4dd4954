import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { PathConfig } from './fenced-connection.ts'
import { SpareConnections } from './spare-connections.ts'

const DAY_MS = 24 * 3_600_000
const DIRECT: PathConfig = { iceServers: [], iceTransportPolicy: 'all' }
const RELAYED: PathConfig = { iceServers: [{ urls: 'turn:turn.example' }], iceTransportPolicy: 'relay' }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** As much of WebRTC as a spare connection touches. */
function webRtc() {
  const made: FakeConnection[] = []
  class FakeConnection {
    readonly config: RTCConfiguration
    isClosed = false
    constructor(config: RTCConfiguration) {
      this.config = config
      made.push(this)
    }
    createDataChannel = () => ({})
    createOffer = () => Promise.reject(new Error('never asked for'))
    close() {
      this.isClosed = true
    }
  }
  const open = () => made.filter(({ isClosed }) => !isClosed).length
  return { wrtc: { RTCPeerConnection: FakeConnection as unknown as typeof RTCPeerConnection }, made, open }
}

test('one is at hand, a new one each time, half a second after the last was taken', () => {
  const { wrtc, made } = webRtc()
  const spares = new SpareConnections(wrtc, () => true)
  vi.advanceTimersByTime(0)
  expect(spares.take(DIRECT)?.connection).toBe(made[0])
  expect(spares.take(DIRECT)).toBeUndefined()
  vi.advanceTimersByTime(499)
  expect(made).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(spares.take(DIRECT)?.connection).toBe(made[1])
  spares.close()
})

test('the next is made for the path that the last was wanted for', () => {
  const { wrtc, made } = webRtc()
  const spares = new SpareConnections(wrtc, () => true)
  vi.advanceTimersByTime(0)
  expect(spares.take(RELAYED)?.config).toEqual(DIRECT)
  vi.advanceTimersByTime(500)
  expect(made.at(-1)?.config).toMatchObject(RELAYED)
  expect(spares.take(RELAYED)?.config).toEqual(RELAYED)
  spares.close()
})

test('one that was made a week ago is closed and not used, nor is its time made longer by looking', () => {
  const { wrtc, made, open } = webRtc()
  const spares = new SpareConnections(wrtc, () => true)
  vi.advanceTimersByTime(0)
  vi.advanceTimersByTime(7 * DAY_MS)
  expect(spares.take(DIRECT)).toBeUndefined()
  expect([made.length, open()]).toEqual([1, 0])
  vi.advanceTimersByTime(500 + 7 * DAY_MS - 1)
  expect(spares.take(DIRECT)).toBeDefined()
  spares.close()
})

test('none is made while there may be no more connections', () => {
  const { wrtc, made } = webRtc()
  let mayMake = false
  const spares = new SpareConnections(wrtc, () => mayMake)
  vi.advanceTimersByTime(0)
  expect(spares.take(DIRECT)).toBeUndefined()
  mayMake = true
  vi.advanceTimersByTime(500)
  expect(made).toHaveLength(1)
  spares.close()
})

test('where none can be made, there is none, now or later', () => {
  class Refusing {
    constructor() {
      throw new Error('no network')
    }
  }
  for (const wrtc of [{ RTCPeerConnection: Refusing as unknown as typeof RTCPeerConnection }, undefined]) {
    const spares = new SpareConnections(wrtc, () => true)
    vi.advanceTimersByTime(0)
    expect(spares.take(DIRECT)).toBeUndefined()
    vi.advanceTimersByTime(500)
    expect(spares.take(DIRECT)).toBeUndefined()
    spares.close()
  }
})

test('a page that is put aside has none, and one again when its timers go on', () => {
  vi.stubGlobal('window', new EventTarget())
  const { wrtc, open } = webRtc()
  const spares = new SpareConnections(wrtc, () => true)
  vi.advanceTimersByTime(0)
  expect(open()).toBe(1)
  window.dispatchEvent(new Event('pagehide'))
  expect(open()).toBe(0)
  expect(spares.take(DIRECT)).toBeUndefined()
  vi.advanceTimersByTime(500)
  expect(open()).toBe(1)
  spares.close()
})

test('after close none is open, made or given', () => {
  vi.stubGlobal('window', new EventTarget())
  const { wrtc, made, open } = webRtc()
  const spares = new SpareConnections(wrtc, () => true)
  vi.advanceTimersByTime(0)
  spares.close()
  expect([made.length, open()]).toEqual([1, 0])
  expect(spares.take(DIRECT)).toBeUndefined()
  window.dispatchEvent(new Event('pagehide'))
  expect(vi.getTimerCount()).toBe(0)
})

test('one that offers by itself would ask ICE servers before it is used: none is kept', () => {
  const { wrtc, made, open } = webRtc()
  const Eager = class extends (wrtc.RTCPeerConnection as unknown as new (config: RTCConfiguration) => object) {
    readonly signalingState = 'have-local-offer'
  }
  const spares = new SpareConnections({ RTCPeerConnection: Eager as unknown as typeof RTCPeerConnection }, () => true)
  vi.advanceTimersByTime(DAY_MS)
  expect([made.length, open(), spares.take(RELAYED)]).toEqual([1, 0, undefined])
  vi.advanceTimersByTime(DAY_MS)
  expect(made).toHaveLength(1)
  spares.close()
})
