import { expect, test } from 'vitest'
import { checkEnvironment, type Environment } from './environment.ts'

const whole: Environment = {
  isSecureContext: true,
  crypto: { subtle: {}, getRandomValues: () => {} },
  RTCPeerConnection: class {},
}

test('a whole browser passes; so does Node with an implementation of WebRTC', () => {
  checkEnvironment(undefined, whole)
  checkEnvironment({ RTCPeerConnection: class {} }, { crypto: globalThis.crypto })
})

test.each<[string, Environment, RegExp]>([
  [
    'plain http on another host',
    { isSecureContext: false, RTCPeerConnection: class {}, crypto: {} },
    /over https or on localhost/,
  ],
  ['no WebCrypto', { ...whole, crypto: {} }, /no WebCrypto/],
  ['no crypto at all', { isSecureContext: true, RTCPeerConnection: class {} }, /no WebCrypto/],
  ['no WebRTC', { crypto: { subtle: {}, getRandomValues: () => {} } }, /WebRTC is missing.*`wrtc`/],
])('%s: a sentence that says what to do', (_name, environment, sentence) => {
  expect(() => checkEnvironment(undefined, environment)).toThrow(sentence)
  expect(() => checkEnvironment(undefined, environment)).toThrow(expect.objectContaining({ code: 'unsupported-environment' }))
})
