import { BlockList, isIP } from 'node:net'

/** Loopback, private, link-local and shared addresses (RFC 6890, 1918, 4193, 6598), and the unspecified ones, which systems take for
 *  themselves: none that the internet leads to. The SDK's nearness.ts holds the same for near. */
const PRIVATE = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4')
}
PRIVATE.addAddress('::', 'ipv6')
PRIVATE.addAddress('::1', 'ipv6')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

/** Names that no public name server answers for: RFC 6761 §6.3, RFC 6762, RFC 8375, ICANN's .internal, and what home routers give. */
const PRIVATE_NAME = /(^|\.)(localhost|local|home\.arpa|internal|lan|home|corp|intranet|private|localdomain)$/

/**
 * The origins that a client with this Host header may have dialled: the header does not say whether TLS ended before us. 'malformed' for
 * no host at all. 'public' for one that may be reachable from the internet: the server at that host could have a client sign for it and
 * pass the proof on to us, so such a host has to be named when the relay starts.
 */
export function impliedOrigins(host: string | undefined): readonly string[] | 'malformed' | 'public' {
  if (host === undefined || !/^[\w.:[\]-]+$/.test(host)) return 'malformed'
  const urls = [`ws://${host}`, `wss://${host}`]
  if (!urls.every((url) => URL.canParse(url))) return 'malformed'
  const [url, ...others] = urls.map((text) => new URL(text))
  if (url === undefined || !isPrivate(url.hostname)) return 'public'
  return [url, ...others].map(({ origin }) => origin)
}

/** `hostname` as the URL parser writes it: lower case, IPv4 in four decimals, IPv6 in brackets. */
function isPrivate(hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  switch (isIP(bare)) {
    case 4:
      return PRIVATE.check(bare, 'ipv4')
    case 6:
      return PRIVATE.check(bare, 'ipv6')
    default:
      // A name of one label is one of the local network's: no top-level domain has a host of its own (RFC 7085).
      return !bare.includes('.') || PRIVATE_NAME.test(bare)
  }
}
