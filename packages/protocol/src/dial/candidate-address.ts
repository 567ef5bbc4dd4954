/**
 * Literal IP addresses and mDNS names, as far as an ICE candidate may hold them. Nothing else may: a DNS name in a candidate
 * would make the other side's browser look it up, which shows the operator of that name where the browser is.
 */

/** RFC 6890 and its IPv6 kin, by what we do with them. 'host' is every address that can be a peer's, private ones included. */
export type AddressKind = 'host' | 'loopback' | 'mdns' | 'unusable'

/** draft-ietf-mmusic-mdns-ice-candidates §3.1.1: a version 4 UUID, which hides the address from all but the same link. */
const MDNS_NAME = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.local$/i

/** What an address is, or undefined for text that is neither an mDNS name of ICE nor a literal address in its standard form. */
export function addressKind(text: string): AddressKind | undefined {
  if (MDNS_NAME.test(text)) return 'mdns'
  const ipv4 = parseIpv4(text)
  if (ipv4 !== undefined) return ipv4Kind(ipv4)
  const ipv6 = parseIpv6(text)
  if (ipv6 !== undefined) return ipv6Kind(ipv6)
  return undefined
}

type Ipv4 = readonly [number, number, number, number]

/** Four decimal octets (RFC 6943 §3.1.1 'strict'): no short, octal or hexadecimal forms, which parsers read differently. */
function parseIpv4(text: string): Ipv4 | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const octets = match.slice(1)
  if (octets.some((octet) => Number(octet) > 255 || String(Number(octet)) !== octet)) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number)
  return [a, b, c, d]
}

function ipv4Kind([a, b, c]: Ipv4): AddressKind {
  if (a === 127) return 'loopback'
  if (a === 0) return 'unusable' // RFC 1122 §3.2.1.3: this host on this network
  if (a === 169 && b === 254) return 'unusable' // RFC 3927: link-local
  if (a === 192 && b === 0 && c === 0) return 'unusable' // RFC 6890: between a host and its translator (DS-Lite, 464XLAT)
  if (a === 192 && b === 88 && c === 99) return 'unusable' // RFC 7526: relays of 6to4
  if (a >= 224) return 'unusable' // RFC 5771: multicast; RFC 1112 §4: reserved; broadcast
  return 'host'
}

/** The eight groups of an IPv6 address in the text forms of RFC 4291 §2.2; a zone id (RFC 4007 §11) is none of them. */
function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(parseGroups)
  if (head === undefined) return undefined
  if (halves.length === 1) return head.length === 8 ? head : undefined
  // RFC 4291 §2.2: '::' stands for at least one group of zeros.
  if (tail === undefined || head.length + tail.length > 7) return undefined
  // The dotted form may only be last.
  if (halves[0]?.includes('.')) return undefined
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/** Groups between colons; the last may be an IPv4 address, which counts as two. */
function parseGroups(text: string): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const ipv4 = index === parts.length - 1 ? parseIpv4(part) : undefined
    if (ipv4 === undefined) return undefined
    groups.push(ipv4[0] * 0x100 + ipv4[1], ipv4[2] * 0x100 + ipv4[3])
  }
  return groups
}

/**
 * Only what is assigned to hosts: global unicast (RFC 4291 §2.4, all of it in 2000::/3 so far) and unique local addresses (RFC 4193).
 * So an IPv4 address that stands in an IPv6 one for a translator or a tunnel is no way round the refusals above, whichever of them it
 * is: IPv4-mapped, -compatible and -translated, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), 6to4, Teredo, ISATAP. Nor are site-local,
 * link-local and multicast addresses, and what is discarded (100::/64).
 */
function ipv6Kind(groups: readonly number[]): AddressKind {
  const [first = 0, second = 0, , , fifth = 0, sixth = 0] = groups
  if (groups.every((group, index) => group === (index === 7 ? 1 : 0))) return 'loopback'
  const isUniqueLocal = (first & 0xfe00) === 0xfc00
  if ((first & 0xe000) !== 0x2000 && !isUniqueLocal) return 'unusable'
  if (first === 0x2002) return 'unusable' // RFC 7526: 6to4
  if (first === 0x2001 && second < 0x200) return 'unusable' // RFC 2928: Teredo (RFC 4380) and other protocols, no hosts
  if ((fifth & 0xfdff) === 0 && sixth === 0x5efe) return 'unusable' // RFC 5214 §6.1: ISATAP
  return 'host'
}

/** Whether pages are kept from it elsewhere, so that no candidate makes a browser knock there. */
export function isBlockedPort(port: number, address: string): boolean {
  // libwebrtc's rule, which refuses such candidates with the connection: services of a host, but for 80 and 443 in public.
  if (port < 1024) return (port !== 80 && port !== 443) || !isPublic(address)
  return BLOCKED_PORTS.has(port)
}

/** https://fetch.spec.whatwg.org/#port-blocking, from 1024 on: what listens there may take a request of another protocol for one of its own. */
const BLOCKED_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])

/** Neither private (RFC 1918, RFC 6598, RFC 4193) nor an mDNS name, which stands for such an address. */
function isPublic(text: string): boolean {
  const [a, b = 0] = parseIpv4(text) ?? []
  if (a === undefined) {
    const [first = 0xfc00] = parseIpv6(text) ?? []
    return (first & 0xfe00) !== 0xfc00
  }
  return !(a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128))
}
