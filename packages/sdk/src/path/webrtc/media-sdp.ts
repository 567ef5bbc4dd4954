/**
 * SDP of a connection that carries tracks, as it crosses to the other side. Codecs and header extensions are the browsers' own
 * affair, too many to make a struct of; so this text does cross, on the control lane, once both ends are confirmed. What it may
 * not do is what the dial has settled: name addresses, or another transport than the one that is confirmed.
 */
import { hex, KithError, SDP_MAX_LENGTH, type TransportDescription, violation } from '@kith/protocol'
import { attribute, checkShape } from './sdp-shape.ts'
import { sdpMessageSize } from './sdp-template.ts'

/**
 * Without candidates and without the addresses that stand in for them: how much of its network a peer discloses was decided when it
 * dialled. RFC 8839 §5.1, §5.3; the default address in `c=`, in `a=rtcp` (RFC 3605) and the port in `m=` are one candidate's too.
 * A port of 0 says that the section is not in use and stays.
 */
export function withoutAddresses(sdp: string): string {
  return sdp
    .replace(/^a=(?:candidate|remote-candidates|end-of-candidates)\b.*(?:\r?\n|$)/gim, '')
    .replace(/^c=.*$/gm, 'c=IN IP4 0.0.0.0')
    .replace(/^a=rtcp:.*$/gim, 'a=rtcp:9 IN IP4 0.0.0.0')
    .replace(/^(m=\S+) [1-9]\d*/gm, '$1 9')
}

/**
 * What we say. `names`, by mid: what the MediaStream of the track in that section shall be called (RFC 8830 §2), in place of the
 * id that the browser gave it; '-', none, for the others. Written here rather than by `RTCRtpSender.setStreams`, which Chromium
 * forgets when a description is set meanwhile. Throws 'too-large'.
 */
export function outgoingSdp(sdp: string, names: ReadonlyMap<string, string>): string {
  const text = withoutAddresses(sdp)
    .split(/^(?=m=)/m)
    .map((section) => {
      const name = names.get(midOf(section) ?? '') ?? '-'
      return section.replace(/^(a=(?:ssrc:\d+ )?msid:)\S+/gm, (_, start: string) => start + name)
    })
    .join('')
  if (text.length > SDP_MAX_LENGTH)
    throw new KithError(
      'too-large',
      `What the browser says of so many tracks is too long to be sent, ${text.length} characters: remove some.`,
    )
  return text
}

/**
 * What they say, for our browser's parser. Throws 'peer-violation' for what no Kith could say (sdp-shape.ts), and where any section
 * names another DTLS certificate or other ICE credentials than the `confirmed` ones: with one transport for all (RFC 9143), the keys
 * that protect the tracks (RFC 5764) are of the association whose ends have confirmed who they are. How large a message that
 * association takes was settled with it and stays: RFC 8841 §6.1 lets a later description change it.
 */
export function incomingSdp(sdp: string, confirmed: TransportDescription): string {
  checkShape(sdp)
  const fingerprint = `sha-256 ${hex(confirmed.fingerprint)}`
  insist(sdp, 'fingerprint', (value) => value.toLowerCase().replaceAll(':', '') === fingerprint)
  insist(sdp, 'ice-ufrag', (value) => value === confirmed.iceUfrag)
  insist(sdp, 'ice-pwd', (value) => value === confirmed.icePwd)
  return withoutAddresses(sdp)
    .replace(/^a=max-message-size:.*$/gim, `a=max-message-size:${sdpMessageSize(confirmed)}`)
    .replace(/^a=sctp-port:.*$/gim, `a=sctp-port:${confirmed.sctpPort}`)
}

/** At least one value of the attribute is there, and all are as they must be. */
function insist(sdp: string, name: string, isRight: (value: string) => boolean): void {
  const values = attribute(sdp.split(/\r?\n/), name)
  if (values.length === 0 || !values.every((value) => isRight(value.trim()))) {
    throw violation(`a=${name} is not the confirmed one`)
  }
}

const midOf = (section: string): string | undefined => /^a=mid:(\S+)/m.exec(section)?.[1]

/** By mid: the first MediaStream that a section names (RFC 8830 §2). */
export function streamNames(sdp: string): Map<string, string> {
  const names = new Map<string, string>()
  for (const section of sdp.split(/^m=/m).slice(1)) {
    const mid = midOf(section)
    const name = /^a=msid:(\S+)/m.exec(section)?.[1]
    if (mid !== undefined && name !== undefined) names.set(mid, name)
  }
  return names
}
