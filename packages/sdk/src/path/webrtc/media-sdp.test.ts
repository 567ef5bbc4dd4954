import { fromHex, SDP_MAX_LENGTH } from '@kith/protocol'
import { expect, test } from 'vitest'
import { incomingSdp, outgoingSdp, streamNames, withoutAddresses } from './media-sdp.ts'

const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i + 160).toString(16).toUpperCase()).join(':')
const CONFIRMED = {
  fingerprint: fromHex(FINGERPRINT.replaceAll(':', '').toLowerCase()),
  iceUfrag: 'JzsG',
  icePwd: 'CHPTggfo7v6hJ+DNEflFU84Q',
  setup: 'actpass',
  sctpPort: 5000,
  maxMessageSize: 262_144,
} as const

const transport = ['a=ice-ufrag:JzsG', 'a=ice-pwd:CHPTggfo7v6hJ+DNEflFU84Q', `a=fingerprint:sha-256 ${FINGERPRINT}`]
const SDP = `${[
  'v=0',
  'o=- 7670753959654366782 3 IN IP4 127.0.0.1',
  'a=group:BUNDLE 0 1 2',
  'm=application 48367 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 192.0.2.2',
  'a=candidate:1591788522 1 udp 2122194687 192.0.2.2 48367 typ host generation 0 network-id 1',
  'a=end-of-candidates',
  ...transport,
  'a=mid:0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP6 2001:db8::1',
  'a=rtcp:50000 IN IP4 192.0.2.2',
  ...transport,
  'a=mid:1',
  'a=msid:3318fdb7-8dcf-4ac5-b9d3-5bb696f99c36 39ee6416',
  'a=ssrc:3660882541 cname:BxDei9ViAM+Yihql',
  'a=ssrc:3660882541 msid:3318fdb7-8dcf-4ac5-b9d3-5bb696f99c36 39ee6416',
  'm=video 0 UDP/TLS/RTP/SAVPF 96',
  'c=IN IP4 0.0.0.0',
  ...transport,
  'a=mid:2',
  'a=msid:- 819a77cc',
  'a=candidate:1 1 udp 1 192.0.2.2 1 typ host',
].join('\r\n')}\r\n`

test('no address crosses, whichever end strips it, and a section that is not in use stays so', () => {
  for (const text of [withoutAddresses(SDP), outgoingSdp(SDP, new Map()), incomingSdp(SDP, CONFIRMED)]) {
    expect(text).not.toMatch(/192\.0\.2|2001:db8|candidate/)
    expect(text.match(/^m=.*$/gm)).toEqual([
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'm=video 0 UDP/TLS/RTP/SAVPF 96',
    ])
    expect(text.match(/^a=rtcp:.*$/gm)).toEqual(['a=rtcp:9 IN IP4 0.0.0.0'])
  }
  expect(withoutAddresses('a=candidate:1 1 udp 1 192.0.2.2 1 typ host')).toBe('')
})

test('the tracks of a section are named by its mid, and of the others nothing is told', () => {
  const text = outgoingSdp(SDP, new Map([['1', '5.0']]))
  expect(text.match(/^a=.*msid:.*$/gm)).toEqual([
    'a=msid:5.0 39ee6416',
    'a=ssrc:3660882541 msid:5.0 39ee6416',
    'a=msid:- 819a77cc',
  ])
  expect([...streamNames(text)]).toEqual([
    ['1', '5.0'],
    ['2', '-'],
  ])
})

test('the transport is the confirmed one in every section, or it is a violation', () => {
  const foreign = SDP.replace(FINGERPRINT, FINGERPRINT.replace('A0', 'A1'))
  const last = (text: string, what: string, by: string) => {
    const at = text.lastIndexOf(what)
    return text.slice(0, at) + by + text.slice(at + what.length)
  }
  for (const sdp of [
    '',
    foreign,
    last(SDP, FINGERPRINT, FINGERPRINT.replace('BF', 'BE')),
    SDP.replaceAll('sha-256', 'sha-1'),
    SDP.replaceAll(/^a=fingerprint.*\r\n/gm, ''),
    last(SDP, 'JzsG', 'JzsH'),
    last(SDP, 'FU84Q', 'FU84R'),
    `${SDP}a=ice-ufrag:evil\n`,
    `${SDP}a=x\ra=ice-ufrag:evil\r\n`,
  ]) {
    expect(() => incomingSdp(sdp, CONFIRMED)).toThrow(expect.objectContaining({ code: 'peer-violation' }))
  }
  expect(() => incomingSdp(SDP.replaceAll(FINGERPRINT, FINGERPRINT.toLowerCase()), CONFIRMED)).not.toThrow()
})

test('a description of ours fits, or is not sent', () => {
  const long = (length: number) => SDP + 'a'.repeat(length - outgoingSdp(SDP, new Map()).length)
  expect(outgoingSdp(long(SDP_MAX_LENGTH), new Map())).toHaveLength(SDP_MAX_LENGTH)
  expect(() => outgoingSdp(long(SDP_MAX_LENGTH + 1), new Map())).toThrow(expect.objectContaining({ code: 'too-large' }))
})
