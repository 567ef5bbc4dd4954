/** What `createPeer` and the dials are asked, checked at the door. */
import { KithError } from '@kith/protocol'
import type { Audience, DialOptions, PeerOptions } from './api.ts'
import { defaultRelays, parseRelayUrls } from './relay-url.ts'

const DIAL_TIMEOUT_MS = 15_000
const MAX_CONNECTIONS = 32
const RELAYS_MAX = 8

export type ParsedOptions = Omit<PeerOptions, 'relays' | 'findableBy'> & {
  readonly relays: readonly string[]
  readonly profile: string
  readonly findableBy: Audience
  readonly maxConnections: number
}

/** Throws 'invalid-argument'. */
export function parsePeerOptions(options: PeerOptions): ParsedOptions {
  const { profile = 'default', maxConnections = MAX_CONNECTIONS } = options
  const relays = parseRelayUrls(options.relays ?? defaultRelays(), RELAYS_MAX)
  if (new Set(relays.map((url) => new URL(url).origin)).size < relays.length) {
    throw new KithError('invalid-argument', 'Two relays at one origin cannot be told apart.')
  }
  if (!Number.isSafeInteger(maxConnections) || maxConnections < 1) {
    throw new KithError('invalid-argument', 'maxConnections is a whole number from 1.')
  }
  return { ...options, relays, profile, findableBy: parseAudience(options.findableBy ?? 'contacts'), maxConnections }
}

/** Throws 'invalid-argument'. */
export function parseAudience(audience: Audience): Audience {
  if (audience === 'contacts' || audience === 'nobody') return audience
  throw new KithError('invalid-argument', `findableBy is 'contacts' or 'nobody', not ${JSON.stringify(audience)}.`)
}

/** Throws 'invalid-argument': NaN and Infinity would keep a dial for ever. */
export function parseTimeout({ timeoutMs = DIAL_TIMEOUT_MS }: DialOptions): number {
  if (Number.isFinite(timeoutMs) && timeoutMs > 0) return timeoutMs
  throw new KithError('invalid-argument', 'timeoutMs is a number of milliseconds above 0.')
}
