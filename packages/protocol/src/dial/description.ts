/**
 * What one side's RTCPeerConnection needs to know of the other's. It crosses the wire as a struct, never as SDP: each side
 * rebuilds the SDP from its own template, so that no stranger's text reaches the browser's parser.
 */
import type { Fields, Packable } from '../bytes/struct.ts'
import { violation } from '../errors.ts'
import { REMOTE_MESSAGE_MIN_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'

export interface TransportDescription {
  /** SHA-256 of the DTLS certificate, 32 bytes. */
  readonly fingerprint: Bytes
  /** RFC 8839 §5.4: 4–256 ice-chars. */
  readonly iceUfrag: string
  /** RFC 8839 §5.4: 22–256 ice-chars. */
  readonly icePwd: string
  /** RFC 8842 §5: the offerer says 'actpass', the answerer 'active' or 'passive'. */
  readonly setup: 'actpass' | 'active' | 'passive'
  /** 1–65535. */
  readonly sctpPort: number
  /** Bytes, at least REMOTE_MESSAGE_MIN_BYTES; or 0 for no limit (RFC 8841 §6). */
  readonly maxMessageSize: number
}

const SETUPS = ['actpass', 'active', 'passive'] as const
const ICE_CHARS = /^[A-Za-z0-9+/]+$/

export function packDescription(d: TransportDescription): Packable[] {
  return [d.fingerprint, d.iceUfrag, d.icePwd, SETUPS.indexOf(d.setup), d.sctpPort, d.maxMessageSize]
}

/** Throws 'peer-violation' for what an RTCPeerConnection could not have said. */
export function readDescription(fields: Fields): TransportDescription {
  const fingerprint = fields.bytes(32)
  const iceUfrag = iceText(fields.text(256), 4)
  const icePwd = iceText(fields.text(256), 22)
  const setup = SETUPS[fields.integer(SETUPS.length - 1)]
  if (setup === undefined) throw violation('unknown DTLS setup')
  const sctpPort = fields.integer(0xffff)
  // RFC 8841 §5.1: port 0 closes the association.
  if (sctpPort === 0) throw violation('SCTP port 0')
  const maxMessageSize = fields.integer()
  if (maxMessageSize > 0 && maxMessageSize < REMOTE_MESSAGE_MIN_BYTES) throw violation(`messages of ${maxMessageSize} bytes`)
  return { fingerprint, iceUfrag, icePwd, setup, sctpPort, maxMessageSize }
}

function iceText(text: string, minLength: number): string {
  if (text.length < minLength || !ICE_CHARS.test(text)) throw violation('not an ICE ufrag or pwd')
  return text
}
