/** The links that a page is opened with. What they hold is in the fragment, which browsers do not send to the page's server. */
import { decodeInvite, encodeInvite, type InviteLink, KithError } from '@kith/protocol'
import { parseRelayUrl } from '../carriers/relay-url.ts'
import { cutName } from '../identity/name.ts'
import { pageLocation } from '../platform/browser.ts'
import type { InviteRecord } from './invites.ts'

const INVITE = 'kith-invite='
const ROOM = 'kith-room='

/** What an invitation says of itself: none of it is proved. */
export interface InvitePreview {
  /** What the inviter calls themselves, in one line as names are; '' if nothing. */
  readonly name: string
  /** Where the inviter waits. */
  readonly relays: readonly string[]
  /** Milliseconds since 1970, within what a `Date` holds. */
  readonly expiresAt: number
}

/** ECMA-262 §21.4.1.1. A link may name any whole number, and a page shows it as a date. */
const DATE_MAX_MS = 8.64e15

/** What a page was opened with: `linkKind(location.href)`. */
export function linkKind(url: string | URL): 'invite' | 'room' | undefined {
  const fragment = fragmentOf(url)
  return fragment.startsWith(INVITE) ? 'invite' : fragment.startsWith(ROOM) ? 'room' : undefined
}

/** The page that links open where the app names none: this one, without its query, which is the visitor's own affair. */
export function defaultPage(): string | undefined {
  const href = pageLocation()?.href
  return href === undefined ? undefined : href.replace(/[?#].*$/s, '')
}

/**
 * The link for a guest, on `page` (its own fragment is dropped), naming the relays where I wait and what I call myself.
 * Errors: 'invalid-argument'.
 */
export function inviteLink(
  page: string | URL,
  { secret, expiresAt }: Pick<InviteRecord, 'secret' | 'expiresAt'>,
  relays: readonly string[],
  inviterName: string,
): string {
  const text = String(page)
  if (!URL.canParse(text))
    throw new KithError(
      'invalid-argument',
      'The page that a link opens must be a full address like https://kith.example/: createPeer({ page }).',
    )
  const url = new URL(text)
  url.hash = INVITE + encodeInvite({ secret, relays: [...relays], expiresAt, name: inviterName })
  return url.href
}

/** Reads a link as it was opened or pasted. Throws 'invalid-invite' with a sentence; whether it has expired is for the caller. */
export function parseInviteUrl(url: string | URL): InviteLink {
  const fragment = fragmentOf(url)
  if (fragment.startsWith(ROOM)) throw new KithError('invalid-invite', 'This link opens a room, and is no invitation.')
  if (!fragment.startsWith(INVITE)) {
    throw new KithError('invalid-invite', 'This is not an invitation link: it should have “#kith-invite=” in it.')
  }
  const invite = decodeInvite(withoutTail(fragment.slice(INVITE.length)))
  try {
    return { ...invite, relays: invite.relays.map(parseRelayUrl) }
  } catch (cause) {
    throw new KithError(
      'invalid-invite',
      'This invitation cannot be used: a relay in it has no usable address. Ask for another.',
      { cause },
    )
  }
}

/** What an invitation says, before anything is contacted. Throws 'invalid-invite'. Whether it has expired is for the caller. */
export function readInvite(url: string | URL): InvitePreview {
  const { name, relays, expiresAt } = parseInviteUrl(url)
  return { name: cutName(name), relays, expiresAt: Math.min(expiresAt, DATE_MAX_MS) }
}

/**
 * Messengers and people put a full stop, a bracket, a quote or more text behind a link. It ends where its alphabet does: if something
 * in it was changed to another character, the rest is missing, and decoding says so.
 */
function withoutTail(text: string): string {
  const [link = ''] = /^[\w-]*/.exec(text) ?? []
  return link === '' ? text : link
}

/** Not by `new URL`: what people paste often lacks the scheme, and only the fragment matters. */
function fragmentOf(url: string | URL): string {
  const text = String(url).trim()
  const hash = text.indexOf('#')
  return hash < 0 ? '' : text.slice(hash + 1)
}
