import { expect, test, vi } from 'vitest'
import { type Brought, checkEnvironment, type Environment, given, within } from './environment.ts'

const whole: Environment = {
  isSecureContext: true,
  crypto: { subtle: {}, getRandomValues: () => {} },
  RTCPeerConnection: class {},
  WebSocket: class {},
  document: {},
}
const node: Environment = { crypto: whole.crypto as NonNullable<Environment['crypto']> }
const worker: Environment = {
  isSecureContext: true,
  crypto: whole.crypto as object,
  WebSocket: class {},
  WorkerGlobalScope: class {},
}
const wrtc = { RTCPeerConnection: class {}, RTCSessionDescription: class {}, RTCIceCandidate: class {} }

/** An environment that forbids to look at one of its members. */
function forbidding(environment: Environment, name: keyof Environment): Environment {
  return Object.defineProperty({ ...environment }, name, {
    get: () => {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    },
  })
}

test.each<[string, Brought, Environment]>([
  ['a whole browser', { hasRelays: true }, whole],
  ['a browser without WebSocket, and without relays', {}, { ...whole, WebSocket: undefined }],
  ['Node with WebRTC and WebSocket', { wrtc, webSocket: class {}, hasRelays: true }, node],
  ['Node 22, which has a WebSocket of its own', { wrtc, hasRelays: true }, { ...node, WebSocket: class {} }],
  ['Node with WebRTC, and without relays', { wrtc }, node],
  ['a worker, with a WebRTC implementation of its own', { wrtc }, worker],
  ['a browser that forbids to look at what does not matter', { hasRelays: true }, forbidding(whole, 'WorkerGlobalScope')],
])('%s will do', (_name, brought, environment) => {
  checkEnvironment(brought, environment)
})

test.each<[string, Brought, Environment, RegExp]>([
  ['plain http on another host', {}, { ...whole, isSecureContext: false, crypto: {} }, /over https or on localhost/],
  ['no WebCrypto', {}, { ...whole, crypto: {} }, /no WebCrypto/],
  ['no crypto at all', {}, { isSecureContext: true, RTCPeerConnection: class {} }, /no WebCrypto/],
  ['crypto that may not be looked at', {}, forbidding(whole, 'crypto'), /no WebCrypto/],
  ['WebRTC switched off in the browser', {}, { ...whole, RTCPeerConnection: undefined }, /switched off.*browser’s settings/],
  ['WebRTC that may not be looked at', {}, forbidding(whole, 'RTCPeerConnection'), /switched off.*browser’s settings/],
  ['Node, or a page that is rendered on a server', {}, node, /WebRTC is missing.*in the page.*in Node pass `wrtc`/],
  ['a worker', {}, worker, /Workers have no WebRTC: create the peer in the page/],
  ['a worker of an insecure page', {}, { ...worker, isSecureContext: false, crypto: {} }, /Workers have no WebRTC/],
  ['relays, and no WebSocket', { wrtc, hasRelays: true }, node, /no WebSocket.*`webSocket`/],
  ['a WebSocket that may not be looked at', { hasRelays: true }, forbidding(whole, 'WebSocket'), /no WebSocket/],
])('%s: a sentence that says what to do', (_name, brought, environment, sentence) => {
  expect(() => checkEnvironment(brought, environment)).toThrow(sentence)
  expect(() => checkEnvironment(brought, environment)).toThrow(expect.objectContaining({ code: 'unsupported-environment' }))
})

test.each<[string, Brought, RegExp]>([
  ['a module instead of its default export', { wrtc: { default: wrtc } as object }, /`wrtc` has no RTCPeerConnection/],
  ['half an implementation', { wrtc: { RTCPeerConnection: class {} } }, /`wrtc` has no RTCSessionDescription/],
  ['null', { wrtc: null as unknown as object }, /`wrtc` has no RTCPeerConnection/],
  ['an address instead of a class', { webSocket: 'ws://relay.example' }, /`webSocket` is not a class/],
  ['an instance instead of a class', { webSocket: {} }, /`webSocket` is not a class/],
])('what is passed in and is none: %s', (_name, brought, sentence) => {
  expect(() => checkEnvironment(brought, whole)).toThrow(sentence)
  expect(() => checkEnvironment(brought, whole)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})

test('to look at what is forbidden gives nothing, as what is missing does', () => {
  expect(given(() => 0)).toBe(0)
  expect(given(() => null)).toBeUndefined()
  expect(given(() => forbidding(whole, 'crypto').crypto)).toBeUndefined()
})

test('work within its time settles as it does, later with another reason, and leaves no timer', async () => {
  vi.useFakeTimers()
  expect(await within(100, Promise.resolve(1), () => 'late')).toBe(1)
  await expect(within(100, Promise.reject(new Error('no')), () => 'late')).rejects.toThrow('no')
  expect(vi.getTimerCount()).toBe(0)
  const never = expect(within(100, new Promise(() => {}), () => 'late')).rejects.toBe('late')
  await vi.advanceTimersByTimeAsync(100)
  await never
  vi.useRealTimers()
})
