import { KithError, RELAY_URL_MAX_LENGTH } from '@kith/protocol'

/** A relay's address in the one form by which two are compared. Throws 'invalid-argument' for what is not a ws: or wss: URL. */
export function parseRelayUrl(text: string): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:') {
    throw new KithError('invalid-argument', `A relay has a ws: or wss: address, not ${JSON.stringify(text)}.`)
  }
  // Whoever is told of the relay, in a link or by a contact, would be told the password.
  if (url.username || url.password) throw new KithError('invalid-argument', 'A relay’s address holds no user and no password.')
  url.hash = '' // WebSocket refuses fragments (RFC 6455 §3)
  if (url.href.length > RELAY_URL_MAX_LENGTH) {
    throw new KithError('invalid-argument', `A relay’s address has at most ${RELAY_URL_MAX_LENGTH} characters.`)
  }
  return url.href
}

/** Each once, in the order given. Errors as `parseRelayUrl`, and for more than `max`. */
export function parseRelayUrls(urls: readonly string[], max: number): readonly string[] {
  if (!Array.isArray(urls)) throw new KithError('invalid-argument', 'Relays are a list of addresses.')
  const parsed = [...new Set(urls.map(parseRelayUrl))]
  if (parsed.length > max) throw new KithError('invalid-argument', `At most ${max} relays.`)
  return Object.freeze(parsed)
}

/** The page's own origin at '/relay'; a page that was not served (file:, about:), and Node, have none. */
export function defaultRelays(): string[] {
  const page = globalThis.location
  if (!page || !/^https?:$/.test(page.protocol)) return []
  return [`${page.protocol === 'https:' ? 'wss:' : 'ws:'}//${page.host}/relay`]
}
