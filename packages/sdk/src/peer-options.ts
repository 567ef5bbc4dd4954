/** What `createPeer` and the dials are asked, checked at the door. */
import { KithError } from '@kith/protocol'
import type { Audience, DialOptions, PeerOptions } from './api.ts'
import { defaultRelays, parseRelayUrls } from './carriers/relay-url.ts'
import { parseIceServers } from './path/webrtc/ice-servers.ts'
import { checkOptions, spelled } from './runtime/option-names.ts'

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
  checkOptions('createPeer', options)
  const { profile = 'default', maxConnections = MAX_CONNECTIONS } = options
  const relays = parseRelayUrls(options.relays ?? defaultRelays(), RELAYS_MAX)
  if (new Set(relays.map((url) => new URL(url).origin)).size < relays.length) {
    throw new KithError(
      'invalid-argument',
      'Two of these relays have the same host and port, and are one to Kith: name each host once.',
    )
  }
  if (!Number.isSafeInteger(maxConnections) || maxConnections < 1) {
    throw new KithError('invalid-argument', `maxConnections must be a whole number from 1, not ${spelled(maxConnections)}.`)
  }
  checkFunctions(options)
  if (options.page !== undefined && !URL.canParse(String(options.page))) {
    throw new KithError(
      'invalid-argument',
      `page must be a full address like https://kith.example/, not ${spelled(options.page)}.`,
    )
  }
  if (options.iceServers !== undefined && typeof options.iceServers !== 'function') parseIceServers(options.iceServers)
  return { ...options, relays, profile, findableBy: parseAudience(options.findableBy ?? 'contacts'), maxConnections }
}

/** Throws 'invalid-argument'. */
export function parseAudience(audience: Audience): Audience {
  if (audience === 'contacts' || audience === 'nobody') return audience
  throw new KithError('invalid-argument', `findableBy must be 'contacts' or 'nobody', not ${spelled(audience)}.`)
}

function checkFunctions({ disclose }: PeerOptions): void {
  if (disclose === undefined || typeof disclose === 'function') return
  throw new KithError(
    'invalid-argument',
    `createPeer({ disclose }) must be a function that gives 'direct' or 'relayed', not ${spelled(disclose)}.`,
  )
}

/** Throws 'invalid-argument': NaN and Infinity would keep a dial for ever, and what is no signal would never end one. */
export function parseTimeout({ timeoutMs = DIAL_TIMEOUT_MS, signal }: DialOptions): number {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new KithError('invalid-argument', `signal must be an AbortSignal, not ${spelled(signal)}.`)
  }
  if (Number.isFinite(timeoutMs) && timeoutMs > 0) return timeoutMs
  throw new KithError('invalid-argument', `timeoutMs must be a number of milliseconds above 0, not ${spelled(timeoutMs)}.`)
}
