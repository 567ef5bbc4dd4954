/**
 * SDP in and out of our own RTCPeerConnection, and nowhere else: what crosses to the other side is a `TransportDescription`.
 * The text that the browser's parser gets is written here; all that comes from the other side are a fingerprint, two tokens of
 * ice-chars and three values of known range. For data channels alone: one m=application section, as the first and only one.
 */
import { fromHex, hex, KithError, type TransportDescription } from '@kith/protocol'

/** The identification-tag of the section, "0" in every browser's first offer, and what both ends' BUNDLE groups name. */
const MID = '0'

/** libwebrtc reads max-message-size into 32 bits with a sign, and refuses the whole description beyond. */
const MESSAGE_SIZE_MAX = 0x7fff_ffff

/** RFC 8841 §6.1: what it means when max-message-size is not there. */
const MESSAGE_SIZE_DEFAULT = 65_536

/** What the SDP for our browser says that the remote takes as one message, bytes. */
export const sdpMessageSize = (d: TransportDescription): number => Math.min(d.maxMessageSize, MESSAGE_SIZE_MAX)

/** The description that an RTCPeerConnection with this `d` would give, as far as the other end has to know. */
export function sdpFromDescription(d: TransportDescription, type: 'offer' | 'answer'): string {
  const fingerprint = (hex(d.fingerprint).toUpperCase().match(/../g) ?? []).join(':')
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0', // RFC 8829 §5.2.1: the address says nothing
    's=-',
    't=0 0',
    `a=group:BUNDLE ${MID}`, // RFC 9143 §7.2
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', // RFC 8841 §4.3; port 9: candidates come later
    'c=IN IP4 0.0.0.0',
    `a=mid:${MID}`,
    `a=ice-ufrag:${d.iceUfrag}`,
    `a=ice-pwd:${d.icePwd}`,
    'a=ice-options:trickle', // RFC 8840 §4.1.1
    `a=fingerprint:sha-256 ${fingerprint}`, // RFC 8122 §5
    `a=setup:${type === 'offer' ? 'actpass' : d.setup}`, // RFC 8842 §5.2 and §5.3
    `a=sctp-port:${d.sctpPort}`, // RFC 8841 §5.1
    `a=max-message-size:${sdpMessageSize(d)}`, // RFC 8841 §6.1
  ]
  return `${lines.join('\r\n')}\r\n`
}

/**
 * What our own browser says of itself. Throws 'unsupported-environment' for a description that Kith cannot stand for: more than
 * the one section for data, another hash than SHA-256, another mid.
 */
export function descriptionFromSdp(sdp: string): TransportDescription {
  const lines = sdp.split(/\r\n|\n/)
  const sections = lines.filter((line) => line.startsWith('m='))
  // RFC 8841 §4.3, in the order of the m-line: the media, a port, the proto, the format.
  if (sections.length !== 1 || !/^m=application \d+ UDP\/DTLS\/SCTP webrtc-datachannel$/.test(sections[0] ?? '')) {
    throw unsupported('expected one section for data channels')
  }
  // Firefox states some attributes once for the session, Chromium all of them in the section: with one section it is the same.
  const value = (name: string): string | undefined => {
    const values = new Set(lines.filter((line) => line.startsWith(`a=${name}:`)).map((line) => line.slice(name.length + 3)))
    if (values.size > 1) throw unsupported(`a=${name} has several values`)
    return [...values][0]
  }
  const matched = (name: string, pattern: RegExp): string => {
    const match = pattern.exec(value(name) ?? '')
    if (match === null) throw unsupported(`a=${name} is not as expected`)
    return match[1] ?? ''
  }

  matched('mid', new RegExp(`^(${MID})$`))
  const fingerprint = matched('fingerprint', /^sha-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/i)
  return {
    fingerprint: fromHex(fingerprint.replaceAll(':', '')),
    iceUfrag: matched('ice-ufrag', /^([A-Za-z0-9+/]{4,256})$/),
    icePwd: matched('ice-pwd', /^([A-Za-z0-9+/]{22,256})$/),
    setup: matched('setup', /^(actpass|active|passive)$/) as TransportDescription['setup'],
    sctpPort: Number(matched('sctp-port', /^(\d{1,5})$/)),
    maxMessageSize:
      value('max-message-size') === undefined ? MESSAGE_SIZE_DEFAULT : Number(matched('max-message-size', /^(\d{1,15})$/)),
  }
}

const unsupported = (what: string): KithError =>
  new KithError(
    'unsupported-environment',
    `This WebRTC implementation describes itself in a way that Kith does not know: ${what}.`,
  )
