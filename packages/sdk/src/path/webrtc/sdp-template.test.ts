import { hex, type TransportDescription } from '@kith/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { descriptionFromSdp, sdpFromDescription } from './sdp-template.ts'

const FINGERPRINT = [...Array(32).keys()]
  .map((byte) => (byte * 7 + 3).toString(16).padStart(2, '0').slice(-2).toUpperCase())
  .join(':')

const CHROMIUM = [
  'v=0',
  'o=- 4215775240449105457 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'a=extmap-allow-mixed',
  'a=msid-semantic: WMS',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=candidate:1467250027 1 udp 2122260223 192.0.2.7 50000 typ host generation 0 network-id 1',
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y',
  'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${FINGERPRINT}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=sctp-port:5000',
  'a=max-message-size:262144',
  '',
].join('\r\n')

const FIREFOX = [
  'v=0',
  'o=mozilla...THIS_IS_SDPARTA-99.0 5026312301043513112 0 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=sendrecv',
  `a=fingerprint:sha-256 ${FINGERPRINT}`,
  'a=group:BUNDLE 0',
  'a=ice-options:trickle',
  'a=msid-semantic:WMS *',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=sendrecv',
  'a=ice-pwd:0123456789abcdef0123456789abcdef',
  'a=ice-ufrag:0a1b2c3d',
  'a=mid:0',
  'a=setup:active',
  'a=sctp-port:5000',
  'a=max-message-size:1073741823',
  '',
].join('\r\n')

describe('from a browser', () => {
  test('Chromium', () => {
    const { fingerprint, ...rest } = descriptionFromSdp(CHROMIUM)
    expect(hex(fingerprint)).toBe(FINGERPRINT.replaceAll(':', '').toLowerCase())
    expect(rest).toEqual({
      iceUfrag: 'EsAw',
      icePwd: 'bP+XJMM09aR8AiX1jdukzR6Y',
      setup: 'actpass',
      sctpPort: 5000,
      maxMessageSize: 262_144,
    })
  })

  test('Firefox, which states the fingerprint for the session', () => {
    expect(descriptionFromSdp(FIREFOX)).toMatchObject({ setup: 'active', maxMessageSize: 1_073_741_823, iceUfrag: '0a1b2c3d' })
  })

  test('without max-message-size: 64 KiB', () => {
    expect(descriptionFromSdp(CHROMIUM.replace('a=max-message-size:262144\r\n', '')).maxMessageSize).toBe(65_536)
  })

  test.each([
    ['no section', CHROMIUM.replace('m=application', 'x=application')],
    ['a second section', `${CHROMIUM}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`],
    ['SCTP in its old form', CHROMIUM.replace('UDP/DTLS/SCTP webrtc-datachannel', 'DTLS/SCTP 5000')],
    ['another mid', CHROMIUM.replace('a=mid:0', 'a=mid:data')],
    ['another hash', CHROMIUM.replace('sha-256', 'sha-512')],
    ['a short fingerprint', CHROMIUM.replace(FINGERPRINT, FINGERPRINT.slice(3))],
    ['two fingerprints', `${CHROMIUM}a=fingerprint:sha-256 ${FINGERPRINT.replace('03', '04')}\r\n`],
    ['no ufrag', CHROMIUM.replace('a=ice-ufrag:EsAw\r\n', '')],
    ['setup holdconn', CHROMIUM.replace('actpass', 'holdconn')],
    ['nothing', ''],
  ])('refused: %s', (_why, sdp) => {
    expect(() => descriptionFromSdp(sdp)).toThrow(expect.objectContaining({ code: 'unsupported-environment' }))
  })
})

const iceChars = (minLength: number) =>
  fc.string({
    unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
    minLength,
    maxLength: 256,
  })

test('what is written is read again, and has no other lines', () => {
  fc.assert(
    fc.property(
      fc.record<TransportDescription>({
        fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes)),
        iceUfrag: iceChars(4),
        icePwd: iceChars(22),
        setup: fc.constantFrom('active', 'passive'),
        sctpPort: fc.integer({ min: 1, max: 65_535 }),
        maxMessageSize: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      }),
      (description) => {
        const sdp = sdpFromDescription(description, 'answer')
        expect(descriptionFromSdp(sdp)).toEqual(description)
        expect(sdp.split('\r\n')).toHaveLength(16)
        expect(descriptionFromSdp(sdpFromDescription(description, 'offer')).setup).toBe('actpass')
      },
    ),
  )
})

test('a message size beyond 32 bits is written as the largest that every parser takes', () => {
  const huge = { ...descriptionFromSdp(CHROMIUM), maxMessageSize: 2 ** 31 }
  expect(sdpFromDescription(huge, 'offer')).toContain('a=max-message-size:2147483647\r\n')
})
