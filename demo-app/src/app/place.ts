/** What the page's address says: the profile, the relay, and whether it is an invitation link. */
import { linkKind } from '@kith/sdk'

export interface Place {
  /** Which of several people in this browser. */ readonly profile: string
  /** Instead of the page's own relay; for tests. */ readonly relay: string | undefined
}

export const DEFAULT_PROFILE = 'default'

export function readPlace(url: URL): Place {
  return {
    profile: url.searchParams.get('profile') || DEFAULT_PROFILE,
    relay: url.searchParams.get('relay') ?? undefined,
  }
}

/** The page's address for others: with its relay, without my profile. */
export function sharedPage(url: URL): string {
  const page = new URL(url)
  page.hash = ''
  page.searchParams.delete('profile')
  return page.href
}

/** This page, with the invitation that it was opened with, for another profile of this browser. */
export function asAnotherPerson(url: URL): string {
  const page = new URL(url)
  if (linkKind(url) !== 'invite') page.hash = ''
  const number = /^person-(\d+)$/.exec(readPlace(url).profile)?.[1]
  page.searchParams.set('profile', `person-${number === undefined ? 2 : Number(number) + 1}`)
  return page.href
}

/** The invitation that the page was opened with. */
export function invitationIn(url: URL): string | undefined {
  return linkKind(url) === 'invite' ? url.href : undefined
}

/** The secret of an invitation must not stay in the address bar, nor in the history. */
export function forgetInvitation(): void {
  history.replaceState(history.state, '', location.pathname + location.search)
}
