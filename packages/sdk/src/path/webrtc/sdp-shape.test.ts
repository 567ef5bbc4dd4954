import { fromHex, SDP_SECTIONS_MAX, TRACKS_MAX } from '@kith/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { incomingSdp } from './media-sdp.ts'

const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i + 160).toString(16).toUpperCase()).join(':')
const CONFIRMED = {
  fingerprint: fromHex(FINGERPRINT.replaceAll(':', '').toLowerCase()),
  iceUfrag: 'JzsG',
  icePwd: 'CHPTggfo7v6hJ+DNEflFU84Q',
  setup: 'actpass',
  sctpPort: 5000,
  maxMessageSize: 262_144,
} as const

const TRANSPORT = [
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:JzsG',
  'a=ice-pwd:CHPTggfo7v6hJ+DNEflFU84Q',
  `a=fingerprint:sha-256 ${FINGERPRINT}`,
]
const DATA = 'application 9 UDP/DTLS/SCTP webrtc-datachannel'
const AUDIO = 'audio 9 UDP/TLS/RTP/SAVPF 111'
const VIDEO = 'video 9 UDP/TLS/RTP/SAVPF 96'

/** A description with these sections, each with a mid of its own, and all in one group. */
function described(...sections: readonly string[]): string {
  const mids = sections.map((_, mid) => mid)
  const lines = ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', `a=group:BUNDLE ${mids.join(' ')}`]
  for (const mid of mids) lines.push(`m=${sections[mid]}`, ...TRANSPORT, `a=mid:${mid}`)
  return `${lines.join('\r\n')}\r\n`
}

const times = (count: number, section: string) => new Array<string>(count).fill(section)
const taken = (sdp: string) => incomingSdp(sdp, CONFIRMED)
const refused = (sdp: string) => expect(() => taken(sdp), sdp).toThrow(expect.objectContaining({ code: 'peer-violation' }))

test('sections: as many as there are tracks of both kinds each way, and one for data', () => {
  const full = described(DATA, ...times(TRACKS_MAX, AUDIO), ...times(TRACKS_MAX, VIDEO))
  expect(taken(full).match(/^m=/gm)).toHaveLength(SDP_SECTIONS_MAX)
  taken(described(DATA))
  refused(described(DATA, ...times(TRACKS_MAX + 1, VIDEO)))
  refused(described(DATA, ...times(TRACKS_MAX + 1, AUDIO)))
  refused(described(DATA, ...times(TRACKS_MAX, AUDIO), ...times(TRACKS_MAX, VIDEO), VIDEO.replace('9', '0')))
  for (const count of [12, 40, 250]) refused(described(DATA, ...times(count - 1, VIDEO)))
})

test('data: one section, the first, and in use', () => {
  refused(described())
  refused(described(VIDEO))
  refused(described(VIDEO, DATA))
  refused(described(DATA, DATA))
  refused(described(DATA.replace('9', '0'), VIDEO))
})

test('kinds and mids', () => {
  for (const other of [
    'text 9 UDP/TLS/RTP/SAVPF 98',
    'message 9 TCP/TLS/MSRP *',
    'image 9 udptl t38',
    'Video 9 UDP/TLS/RTP/SAVPF 96',
    '',
  ]) {
    refused(described(DATA, other))
  }
  const sdp = described(DATA, AUDIO, VIDEO)
  refused(sdp.replace('a=mid:2', 'a=mid:1'))
  refused(sdp.replace('a=mid:2', 'a=mid:2\r\na=mid:3'))
  refused(sdp.replace('a=mid:2', 'a=mid:2\r\na=MID:1'))
  refused(sdp.replace('a=mid:2\r\n', ''))
})

test('a section in use is in the group; one that is not may be out of it, and without a mid', () => {
  refused(described(DATA, VIDEO).replace('BUNDLE 0 1', 'BUNDLE 0'))
  refused(described(DATA, VIDEO).replace('BUNDLE 0 1', 'LS 0'))
  refused(described(DATA, VIDEO).replace(/a=group.*\r\n/, ''))
  const stopped = described(DATA, VIDEO.replace('9', '0')).replace('BUNDLE 0 1', 'BUNDLE 0')
  taken(stopped)
  taken(stopped.replace('a=mid:1\r\n', ''))
  refused(stopped.replace('a=mid:1', 'a=mid:1\r\na=bundle-only'))
  taken(stopped.replace('BUNDLE 0', 'BUNDLE 0 1').replace('a=mid:1', 'a=mid:1\r\na=bundle-only'))
})

test('whatever is written as an attribute of another case is that attribute', () => {
  const sdp = described(DATA, VIDEO)
  for (const line of [
    'a=Fingerprint:sha-256 00:11',
    'a=FINGERPRINT:sha-1 00:11',
    'a=ice-UFRAG:evil',
    'a=Ice-Pwd:CHPTggfo7v6hJ+DNEflFU84R',
  ]) {
    refused(`${sdp}${line}\r\n`)
  }
  expect(taken(`${sdp}a=Candidate:1 1 udp 1 192.0.2.2 1 typ host\r\na=RTCP:1 IN IP4 192.0.2.2\r\n`)).not.toContain('192.0.2')
})

test('how large a message is, and the port, stay as they were confirmed', () => {
  for (const lines of ['a=max-message-size:1\r\na=sctp-port:1', 'a=MAX-message-size:0\r\na=Sctp-Port:0']) {
    const sdp = taken(described(DATA).replace('a=mid:0', `a=mid:0\r\n${lines}`))
    expect(sdp.match(/^a=(max|sctp).*$/gim)).toEqual(['a=max-message-size:262144', 'a=sctp-port:5000'])
  }
})

test('a line is a line to every parser', () => {
  const sdp = described(DATA, VIDEO)
  taken(sdp.replaceAll('\r\n', '\n'))
  for (const hidden of ['\r', '\u2028', '\u2029', '\0', '\v', '\f', '\x85', '\t']) refused(sdp.replace('s=-', `s=-${hidden}a=x`))
  for (const none of ['', ' ', 'hello', ' a=x', 'A=x', 'a', '=x', 'aa=x']) refused(sdp.replace('s=-', `s=-\r\n${none}`))
})

test('property: what is taken has one transport, no address, and no more sections than there may be', () => {
  const line = fc.constantFrom(
    `m=${DATA}`,
    `m=${AUDIO}`,
    `m=${VIDEO}`,
    'm=video 0 x y',
    ...TRANSPORT,
    'a=mid:0',
    'a=mid:1',
    'a=group:BUNDLE 0 1',
    'a=candidate:1 1 udp 1 192.0.2.2 1 typ host',
    'a=ice-ufrag:evil',
    'c=IN IP4 192.0.2.2',
    'a=x\ra=y',
  )
  const sdps = fc.tuple(fc.array(line, { maxLength: 30 }), fc.array(fc.constantFrom(AUDIO, VIDEO), { maxLength: 12 }), fc.nat(60))
  fc.assert(
    fc.property(sdps, ([lines, sections, at]) => {
      const whole = described(DATA, ...sections).split('\r\n')
      whole.splice(at, 0, ...lines)
      let text: string
      try {
        text = taken(whole.join('\r\n'))
      } catch (error) {
        expect(error).toMatchObject({ code: 'peer-violation' })
        return
      }
      expect(text.match(/^m=/gm)?.length).toBeLessThanOrEqual(SDP_SECTIONS_MAX)
      expect(text).not.toMatch(/evil|192\.0\.2|candidate/)
      expect(text.match(/^m=application/gm)).toHaveLength(1)
    }),
  )
})
