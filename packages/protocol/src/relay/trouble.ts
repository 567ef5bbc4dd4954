/** Why a relay is not there, in sentences for the developer who reads `peer.status.relays`: what was tried, what answered, what to do. */
import { KithError } from '../errors.ts'
import { reconnectMsOf } from './clamps.ts'
import type { Notice, RelayFrame } from './frames.ts'

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
    return noRelay(`What answers at ${url} is no Kith relay: it closed the WebSocket${words}. ${CHECK_ADDRESS}`)
  }
  const tls = url.startsWith('wss:') ? ' wss: needs a TLS certificate that the browser trusts; ws: is for localhost alone.' : ''
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
    `What answers at ${url} is no Kith relay: its first message is not a relay’s. ${CHECK_ADDRESS}`,
    {
      source: 'relay',
      cause,
    },
  )
}

/** A connection that had its CHALLENGE ended. */
export const lost = () => new KithError('lost', 'The connection to the relay was lost. It is tried again.', { source: 'network' })

/** Nothing came for SILENCE_MS. */
export const gone = () => new KithError('timeout', 'The relay does not answer. It is tried again.', { source: 'network' })

/** The relay closed the connection while the device slept, or will. */
export const asleep = () => new KithError('lost', 'This device was asleep. It is tried again.', { source: 'network' })

/** Beyond RELAY_FRAMES_PER_SECOND or RELAY_CONTROL_PER_SECOND. */
export const tooMuch = () => violation('The relay sends more than a peer takes. It is tried again later.')

/** A frame that does not belong here. */
export const outOfTurn = (type: RelayFrame['type']) => violation(`The relay sent ${type} out of turn. It is tried again later.`)

/** A refusal, while no BIND waits for an answer. */
export const unasked = () => violation('The relay refused a BIND that was not sent. It is tried again later.')

/** An address has as many binders as the relay allows. */
export const crowded = () =>
  new KithError('too-many', 'One of the addresses of this peer is bound too often at the relay.', {
    source: 'relay',
  })

/** BINDs wait for their answer for long. */
export const unanswered = () =>
  new KithError('timeout', 'The relay does not answer: addresses of this peer wait to be bound.', { source: 'relay' })

/** The relay takes no proof. */
export const anotherOrigin = () =>
  new KithError(
    'refused',
    'The relay does not accept the proofs of this peer’s addresses: its --origin is not the one that is dialled.',
    { source: 'relay' },
  )

/** A notice that answers no BIND. */
export function said(notice: Notice): KithError {
  switch (notice.code) {
    case 'rate-limited':
      return new KithError('rate-limited', 'The relay asks to go slower. It is tried again later.', {
        source: 'relay',
        retryAfterMs: reconnectMsOf(notice.retryAfterMs),
      })
    case 'restarting':
      return new KithError('closed', 'The relay restarts. It is tried again in a moment.', {
        source: 'relay',
        retryAfterMs: reconnectMsOf(notice.reconnectInMs),
      })
    case 'full':
      return new KithError('too-many', 'The relay has as many connections as it takes. It is tried again later.', {
        source: 'relay',
      })
    case 'too-many':
      return new KithError('too-many', `The relay allows no more than ${notice.limit} addresses.`, { source: 'relay' })
    case 'malformed':
    case 'bind-refused':
      return new KithError('peer-violation', 'The relay could not read what this peer sent: they are of different versions.', {
        source: 'relay',
      })
  }
}

const CHECK_ADDRESS = 'Check the address and its path, which most often is /relay.'

const noRelay = (sentence: string) => new KithError('no-relay', sentence, { source: 'network' })

const violation = (sentence: string) => new KithError('peer-violation', sentence, { source: 'relay' })
