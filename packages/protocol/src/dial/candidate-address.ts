/**
 * Literal IP addresses and mDNS names, as far as an ICE candidate may hold them. Nothing else may: a DNS name in a candidate
 * would make the other side's browser look it up, which tells whoever runs that name where the browser is.
 */

/** RFC 6890 and its IPv6 kin, by what we do with them. 'host' is every address that can be a peer's, private ones included. */
export type AddressKind = 'host' | 'loopback' | 'mdns' | 'unusable'

/** draft-ietf-mmusic-mdns-ice-candidates §3.1.1: a version 4 UUID, which hides the address from whoever is not on the same link. */
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

function ipv4Kind([a, b]: Ipv4): AddressKind {
  if (a === 127) return 'loopback'
  if (a === 0) return 'unusable' // RFC 1122 §3.2.1.3: this host on this network
  if (a === 169 && b === 254) return 'unusable' // RFC 3927: link-local
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

function ipv6Kind(groups: readonly number[]): AddressKind {
  const [first = 0] = groups
  const leadingZeros = groups.findIndex((group) => group !== 0)
  if (leadingZeros === 7 && groups[7] === 1) return 'loopback'
  // RFC 8445 §5.1.1.1: IPv4-mapped (::ffff:0:0/96) and IPv4-compatible (::/96) addresses and deprecated site-local ones are no
  // candidates. They would also be a way round the refusals above. -1 is '::', unspecified.
  if (leadingZeros === -1 || leadingZeros >= 6) return 'unusable'
  if (leadingZeros === 5 && groups[5] === 0xffff) return 'unusable'
  if ((first & 0xffc0) === 0xfe80) return 'unusable' // RFC 4291 §2.5.6: link-local
  if ((first & 0xffc0) === 0xfec0) return 'unusable' // RFC 3879: site-local
  if ((first & 0xff00) === 0xff00) return 'unusable' // RFC 4291 §2.7: multicast
  return 'host'
}
