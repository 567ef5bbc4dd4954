import { isIP } from 'node:net'

/**
 * The address of the last hop in X-Forwarded-For. The nearest proxy, the only one that is trusted, appends its client; entries before it
 * are that client's claim. Several headers are joined by commas before (RFC 9110 §5.3).
 *
 * Proxies write it bare, in brackets, in quotes, and with a port (Azure's, HAProxy's by configuration). Undefined where the proxy names no
 * client at all; what is no address, like 'unknown' (RFC 7239 §6.2), is returned as it is, and counts for all of its kind.
 */
export function lastHop(header: string | undefined): string | undefined {
  const hop = header?.slice(header.lastIndexOf(',') + 1).trim()
  return hop ? withoutPort(hop.replace(/^"(.*)"$/, '$1')) : undefined
}

function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1]
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed : hop
  if (isIP(hop) !== 0) return hop
  // Neither an IPv4 address nor eight groups of an IPv6 one have a colon more. A shorter IPv6 one without brackets has its port for a
  // group, and yet the same first half.
  const bare = /^(.*):\d{1,5}$/.exec(hop)?.[1] ?? ''
  return isIP(bare) === 0 ? hop : bare
}
