/**
 * How near a relay is. One that a link or a contact names may be no nearer than the page itself: else a page of the internet would knock
 * at this device, or at a router of this network, for the author of the link. What a DNS name leads to only the browser learns.
 */
import { pageLocation } from '../platform/browser.ts'

/** 0: this device. 1: its network, or nowhere that is public. 2: the internet. */
export type Nearness = 0 | 1 | 2

/** Names that no public DNS has: RFC 6762 (.local), RFC 8375 (home.arpa), ICANN's .internal, and what routers give out. */
const NETWORK_NAME = /(?:^|\.)(?:local|internal|lan|home|corp|intranet|private|localdomain|home\.arpa)$/

/** @param hostname as `URL` has it: IPv4 in its one form, IPv6 in brackets and compressed, names in lower case. */
export function nearnessOf(hostname: string): Nearness {
  const host = hostname.replace(/\.+$/, '')
  if (host.startsWith('[')) return ofIpv6(host.slice(1, -1))
  const octets = host.split('.').map(Number)
  if (octets.length === 4 && octets.every((octet) => octet >= 0)) return ofIpv4(octets)
  // RFC 6761 §6.3, and what /etc/hosts has beside it.
  if (/(?:^|\.)localhost$|^(?:ip6-)?(?:localhost|loopback)\d?(?:\.localdomain\d?)?$/.test(host)) return 0
  // A name without a dot is looked up in this network first.
  return !host.includes('.') || NETWORK_NAME.test(host) ? 1 : 2
}

/**
 * Of the page; of a program, and of a page that no host served, its nearest relay's. Without any, a program and a file are this device:
 * the person who runs them chooses the links.
 */
export function nearnessHere(relays: readonly string[]): Nearness {
  const page = pageLocation()
  if (page && /^https?:$/.test(page.protocol)) return nearnessOf(page.hostname)
  return relays.map((url) => nearnessOf(new URL(url).hostname)).sort()[0] ?? (page && page.protocol !== 'file:' ? 2 : 0)
}

/** RFC 6890. Linux takes 0.0.0.0 for itself. */
function ofIpv4([a = 0, b = 0, c = 0]: readonly number[]): Nearness {
  if (a === 127 || a === 0) return 0
  const isPrivate = a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168) || (a === 169 && b === 254)
  const isShared = a === 100 && b >> 6 === 1 // RFC 6598
  const isSpecial = (a === 192 && b === 0 && c === 0) || (a === 198 && b >> 1 === 9) || a >= 224
  return isPrivate || isShared || isSpecial ? 1 : 2
}

/** Of IPv6 only what is global unicast counts as public, and of that only what does not stand for an IPv4 address that is not. */
function ofIpv6(text: string): Nearness {
  const [head = [], tail = []] = text
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))))
  const groups = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
  const ipv4 = (at: number) => {
    const [high = 0, low = 0] = groups.slice(at)
    return ofIpv4([high >> 8, high & 255, low >> 8])
  }
  // Compatible, mapped and translated (RFC 4291 §2.5.5, RFC 7915) with ::1 and ::, NAT64 (RFC 6052), 6to4 (RFC 3056), ISATAP (RFC 5214).
  const prefix = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':')
  if (/^0:0:0:0:(?:0:0|0:ffff|ffff:0)$|^64:ff9b:0:0:0:0$|:2?0?0?:5efe$/.test(prefix)) return ipv4(6)
  const [first = 0, second] = groups
  if (first === 0x2002) return ipv4(1)
  // Teredo (RFC 4380) hides an IPv4 address.
  return first >> 13 === 1 && !(first === 0x2001 && second === 0) ? 2 : 1
}
