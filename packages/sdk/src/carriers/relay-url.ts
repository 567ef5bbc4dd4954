import { CONTACT_RELAYS_MAX, KithError, RELAY_URL_MAX_LENGTH } from '@kith/protocol'
import { pageLocation } from '../platform/browser.ts'
import { spelled } from '../runtime/option-names.ts'

/** A relay's address in the one form by which two are compared. Throws 'invalid-argument' for what is not a ws: or wss: URL. */
export function parseRelayUrl(text: string): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:') {
    const meant = url && /^https?:$/.test(url.protocol) ? ` Try ${JSON.stringify(url.href.replace(/^http/, 'ws'))}.` : ''
    throw new KithError('invalid-argument', `A relay’s address begins with ws: or wss:; ${spelled(text)} does not.${meant}`)
  }
  // The relay's URL goes into links and to contacts, and the password with it.
  if (url.username || url.password)
    throw new KithError(
      'invalid-argument',
      'A relay’s address must hold no user and no password: everybody who is invited would learn them.',
    )
  url.hash = '' // WebSocket refuses fragments (RFC 6455 §3)
  if (url.href.length > RELAY_URL_MAX_LENGTH) {
    throw new KithError(
      'invalid-argument',
      `A relay’s address may have ${RELAY_URL_MAX_LENGTH} characters at most, and this one has ${url.href.length}.`,
    )
  }
  return url.href
}

/** Each once, in the order given. Errors as `parseRelayUrl`, and for more than `max`. */
export function parseRelayUrls(urls: readonly string[], max: number): readonly string[] {
  if (!Array.isArray(urls))
    throw new KithError(
      'invalid-argument',
      `relays must be a list of addresses, like ["wss://relay.example/relay"], not ${spelled(urls)}.`,
    )
  const parsed = [...new Set(urls.map(parseRelayUrl))]
  if (parsed.length > max)
    throw new KithError('invalid-argument', `There may be ${max} relays at most, and these are ${parsed.length}.`)
  return Object.freeze(parsed)
}

/** The page's own origin at '/relay'; a page that was not served (file:, about:), and Node, have none. */
export function defaultRelays(): string[] {
  const page = pageLocation()
  if (!page || !/^https?:$/.test(page.protocol)) return []
  return [`${page.protocol === 'https:' ? 'wss:' : 'ws:'}//${page.host}/relay`]
}

/** The relays of a list that a remote sent; what is not a relay URL is left out, since it must not prevent a dial. */
export function usableRelays(urls: readonly string[]): string[] {
  const relays = urls.flatMap((url) => {
    try {
      return [parseRelayUrl(url)]
    } catch (error) {
      if (error instanceof KithError) return []
      throw error
    }
  })
  return [...new Set(relays)].slice(0, CONTACT_RELAYS_MAX)
}
