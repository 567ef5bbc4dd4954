/**
 * Whether to use the relay that the page's address names. Anyone can send a link to this page, and a relay sees the network addresses of
 * its clients. So it is not dialled before the person agrees: on the first page that they see, or, on a later visit, when asked.
 */
import type { Place } from './place.ts'

type RelayChoice = 'settled' | 'first visit' | 'ask'

const keyOf = ({ profile }: Place) => `kith-demo/${profile}/relays`

/** Host and port, as a person can compare them; undefined for what is no address at all, which `createPeer` refuses. */
export function hostOf(relay: string): string | undefined {
  return URL.canParse(relay) ? new URL(relay).host : undefined
}

export async function choiceFor(place: Place): Promise<RelayChoice> {
  const { relay } = place
  if (relay === undefined || !hostOf(relay) || isOwn(relay) || agreedIn(place).includes(relay)) return 'settled'
  return (await isFirstVisit(place)) ? 'first visit' : 'ask'
}

/** Remembers the answer. Where localStorage cannot be written, the next start asks again. */
export function agree(place: Place): void {
  if (place.relay === undefined) return
  try {
    localStorage.setItem(keyOf(place), JSON.stringify([...new Set([...agreedIn(place), place.relay])]))
  } catch (error) {
    console.warn('The relay is agreed to for this time only:', error)
  }
}

/** The page's own relay instead; its address says so too, for reloads and for links that are made here. */
export function decline(place: Place): Place {
  const page = new URL(location.href)
  page.searchParams.delete('relay')
  history.replaceState(history.state, '', page)
  return { ...place, relay: undefined }
}

/** The relay on the page's own server, which sees our network address anyway. */
function isOwn(relay: string): boolean {
  const { protocol, host, pathname } = new URL(relay)
  return protocol === location.protocol.replace('http', 'ws') && host === location.host && pathname === '/relay'
}

function agreedIn(place: Place): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(place)) ?? '[]')
    return Array.isArray(kept) ? kept.filter((relay) => typeof relay === 'string') : []
  } catch {
    // Storage is switched off, or its value is not ours: no relay was agreed to.
    return []
  }
}

/** This browser has no data of this profile. Where it cannot be known, it is taken for a later visit. */
async function isFirstVisit({ profile }: Place): Promise<boolean> {
  try {
    const databases = await indexedDB.databases()
    return !databases.some(({ name }) => name === `kith-demo/${profile}`)
  } catch {
    // This browser cannot list its databases.
    return false
  }
}
