/** Why a relay is not there, in sentences for the developer who reads `peer.status.relays`: what was tried, what answered, what to do. */
import { KithError } from '../errors.ts'

/** What is known of a connection that ended before the relay's CHALLENGE. */
export interface Unmet {
  /** The relay's URL, as it was dialled. */
  readonly url: string
  /** Whether the WebSocket opened. */
  readonly isOpen: boolean
  /** What the platform said. Browsers say nothing: a page must not learn what answers elsewhere. */
  readonly said?: string | undefined
}

/** The connection ended, or could not be made. */
export function unmet({ url, isOpen, said }: Unmet): KithError {
  const words = said ? ` (${said.replace(/\.$/, '')})` : ''
  if (isOpen) {
    return noRelay(`What answers at ${url} is no Kith relay: it closed the WebSocket without a word${words}. ${CHECK_ADDRESS}`)
  }
  const tls = url.startsWith('wss:')
    ? ' wss: needs a TLS certificate that the browser trusts: a relay without TLS has a ws: address, for localhost alone.'
    : ''
  return noRelay(`No relay answers at ${url}${words}. Check that it runs there. ${CHECK_ADDRESS}${tls} It is tried again.`)
}

/** Nothing came for CONNECT_MS. */
export function silent({ url, isOpen }: Omit<Unmet, 'said'>): KithError {
  if (isOpen) return noRelay(`What answers at ${url} takes WebSockets but is no Kith relay: it says nothing. ${CHECK_ADDRESS}`)
  return new KithError(
    'timeout',
    `No relay answers at ${url}: the connection did not open in time. ${CHECK_ADDRESS} Or a firewall is between. It is tried again.`,
    { source: 'network' },
  )
}

/** What came first is not what a relay says. */
export function notARelay(url: string, cause: unknown): KithError {
  return new KithError(
    'peer-violation',
    `What answers at ${url} is no Kith relay: its first message is none of a relay’s. ${CHECK_ADDRESS}`,
    {
      source: 'relay',
      cause,
    },
  )
}

const CHECK_ADDRESS = 'Check the address and its path, which most often is /relay.'

const noRelay = (sentence: string) => new KithError('no-relay', sentence, { source: 'network' })
