import { isIP } from 'node:net'

/**
 * The network that an address counts for in quotas: an IPv4 address, or the /64 of an IPv6 address (RFC 4291 §2.5.4: what one
 * site gives one link, so that one host can hardly come from many). 'unknown' for what is no address: all of those share one quota.
 */
export function prefixOf(address: string): string {
  const bare = address.split('%', 1)[0] ?? ''
  switch (isIP(bare)) {
    case 4:
      return bare
    case 6:
      return prefixOf6(bare)
    default:
      return 'unknown'
  }
}

function prefixOf6(address: string): string {
  // The URL parser writes every IPv6 address in one way (RFC 5952), embedded IPv4 included.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  const mapped = groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff'
  if (!mapped) return `${groups.slice(0, 4).join(':')}::/64`
  // RFC 4291 §2.5.5.2: an IPv4 client of a dual-stack listener.
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

/** The site that a network belongs to: an IPv4 address by itself, of IPv6 the /48 (RFC 6177: what one customer may get whole). */
export function siteOf(prefix: string): string {
  return prefix.endsWith('::/64') ? `${prefix.split(':', 3).join(':')}::/48` : prefix
}
