/**
 * ICE candidates. They cross the wire as structs and are rebuilt as text on the other side, so that neither the address behind
 * one (raddr), nor a browser's own extensions (network-id, network-cost, generation), nor a stranger's text travels along.
 */
import type { Fields, Packable } from '../bytes/struct.ts'
import { violation } from '../errors.ts'
import { addressKind, isBlockedPort } from './candidate-address.ts'

const TRANSPORTS = ['udp', 'tcp'] as const
const TYPES = ['host', 'srflx', 'prflx', 'relay'] as const
/** RFC 6544 §4.5. */
const TCP_TYPES = ['active', 'passive', 'so'] as const

export interface Candidate {
  /** RFC 8839 §5.1: 1–32 ice-chars. */
  readonly foundation: string
  /** RFC 8839 §5.1: 1–256; 1 on a bundled transport. */
  readonly component: number
  readonly transport: (typeof TRANSPORTS)[number]
  /** RFC 8445 §5.1.2: 1 to 2³¹ − 1. */
  readonly priority: number
  /** A literal IPv4 or IPv6 address or the `<uuid>.local` of mDNS, in lower case. */
  readonly address: string
  /** 1–65535; 9, discard, where `tcpType` is 'active' (RFC 6544 §4.5). */
  readonly port: number
  readonly type: (typeof TYPES)[number]
  /** Exactly where `transport` is 'tcp'. */
  readonly tcpType?: (typeof TCP_TYPES)[number]
}

/** How much of our network address the other side may learn. */
export interface CandidatePolicy {
  /** 'relayed': only candidates at a TURN server. */
  readonly disclosure: 'direct' | 'relayed'
  /** For tests on one host. */
  readonly allowLoopback: boolean
}

const ADDRESS_MAX_LENGTH = 45 // ABCD:ABCD:ABCD:ABCD:ABCD:ABCD:192.168.158.190
const FOUNDATION_MAX_LENGTH = 32
const COMPONENT_MAX = 256
const PRIORITY_MAX = 0x7fff_ffff
const PORT_MAX = 0xffff

/** [foundation, component, transport, priority, address, port, type, tcpType or nil]. */
export function packCandidate(c: Candidate): Packable[] {
  return [
    c.foundation,
    c.component,
    TRANSPORTS.indexOf(c.transport),
    c.priority,
    c.address,
    c.port,
    TYPES.indexOf(c.type),
    c.tcpType === undefined ? null : TCP_TYPES.indexOf(c.tcpType),
  ]
}

/** Throws 'peer-violation' for what no ICE agent could have said. Whether it may be used is `mayCross`'s to say. */
export function readCandidate(fields: Fields): Candidate {
  const foundation = fields.text(FOUNDATION_MAX_LENGTH)
  const component = fields.integer(COMPONENT_MAX)
  const transport = TRANSPORTS[fields.integer(TRANSPORTS.length - 1)]
  const priority = fields.integer(PRIORITY_MAX)
  const address = fields.text(ADDRESS_MAX_LENGTH)
  const port = fields.integer(PORT_MAX)
  const type = TYPES[fields.integer(TYPES.length - 1)]
  const tcpType = fields.optional((rest) => TCP_TYPES[rest.integer(TCP_TYPES.length - 1)])
  const candidate = checked({ foundation, component, transport, priority, address, port, type, tcpType })
  if (candidate === undefined) throw violation('not an ICE candidate')
  return candidate
}

/**
 * The candidate in a browser's `RTCIceCandidate.candidate` (RFC 8839 §5.1, with or without 'a='). Undefined for an end of
 * candidates (''), and for what is not in that grammar or names no literal address: such a one is of no use to the other side.
 */
export function parseCandidate(sdpText: string): Candidate | undefined {
  const [head = '', ...rest] = sdpText.trim().split(' ')
  const foundation = /^(?:a=)?candidate:(.*)$/s.exec(head)?.[1]
  const [component, transport, priority, address, port, typ, type, ...extensions] = rest
  if (foundation === undefined || address === undefined || typ !== 'typ') return undefined
  return checked({
    foundation,
    component: decimal(component),
    transport: TRANSPORTS.find((known) => known === transport?.toLowerCase()),
    priority: decimal(priority),
    address,
    port: decimal(port),
    type: TYPES.find((known) => known === type),
    tcpType: TCP_TYPES.find((known) => known === extensionValue(extensions, 'tcptype')),
  })
}

/** What `RTCIceCandidateInit.candidate` takes. */
export function formatCandidate(c: Candidate): string {
  const base = `candidate:${c.foundation} ${c.component} ${c.transport} ${c.priority} ${c.address} ${c.port} typ ${c.type}`
  // RFC 8839 §5.1: raddr and rport must be there for all but host candidates; these values stand for "not told".
  const related = c.type === 'host' ? '' : ` raddr ${c.address.includes(':') ? '::' : '0.0.0.0'} rport 9`
  const tcpType = c.tcpType === undefined ? '' : ` tcptype ${c.tcpType}`
  return base + related + tcpType
}

/**
 * Whether a candidate may go out to the other side, or be taken from it. None of TCP (RFC 6544), of any tcptype: browsers do not listen, so
 * it connects no two of them, and a passive one has a browser open a connection to any host of the network that it is in.
 */
export function mayCross(c: Candidate, policy: CandidatePolicy): boolean {
  if (c.transport === 'tcp' || isBlockedPort(c.port, c.address)) return false
  if (policy.disclosure === 'relayed' && c.type !== 'relay') return false
  const kind = addressKind(c.address)
  switch (kind) {
    case 'host':
    case 'mdns':
      return true
    case 'loopback':
      return policy.allowLoopback
    case 'unusable':
    case undefined:
      return false
  }
}

/** The fields of a candidate before it is known whether they make one. */
type Unchecked = { readonly [Name in keyof Required<Candidate>]: Candidate[Name] | undefined }

const ICE_CHARS = /^[A-Za-z0-9+/]{1,32}$/

function checked({ foundation, component, transport, priority, address, port, type, tcpType }: Unchecked): Candidate | undefined {
  if (foundation === undefined || !ICE_CHARS.test(foundation)) return undefined
  if (component === undefined || component < 1 || component > COMPONENT_MAX) return undefined
  if (priority === undefined || priority < 1 || priority > PRIORITY_MAX) return undefined
  if (address === undefined || addressKind(address) === undefined) return undefined
  if (port === undefined || port < 1 || port > PORT_MAX) return undefined
  if (transport === undefined || type === undefined) return undefined
  // RFC 6544 §4.5: a TCP candidate says which end connects; a UDP one has nothing to say.
  if ((transport === 'tcp') !== (tcpType !== undefined)) return undefined
  const candidate = { foundation, component, transport, priority, address: address.toLowerCase(), port, type }
  return tcpType === undefined ? candidate : { ...candidate, tcpType }
}

/** 1–10 digits. */
const decimal = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined

/** RFC 8839 §5.1: extensions are pairs of a name and a value. */
function extensionValue(extensions: readonly string[], name: string): string | undefined {
  const at = extensions.findIndex((word, index) => index % 2 === 0 && word === name)
  return at < 0 ? undefined : extensions[at + 1]
}
