/**
 * Whether to go to the relay that the page's address names. Anyone can send a link to this page, and a relay sees who comes: so nothing
 * is dialled there before the person has agreed, on the first page that they see or, if they are here already, when they are asked.
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

/** Not asked about again. Where nothing can be kept, it is at the next start. */
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

/** The relay beside the page. Its server knows us already. */
function isOwn(relay: string): boolean {
  const { protocol, host, pathname } = new URL(relay)
  return protocol === location.protocol.replace('http', 'ws') && host === location.host && pathname === '/relay'
}

function agreedIn(place: Place): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(place)) ?? '[]')
    return Array.isArray(kept) ? kept.filter((relay) => typeof relay === 'string') : []
  } catch {
    // Storage is switched off, or holds what is not ours: then nothing was agreed to.
    return []
  }
}

/** Nobody has been here as this person. In doubt they have. */
async function isFirstVisit({ profile }: Place): Promise<boolean> {
  try {
    const databases = await indexedDB.databases()
    return !databases.some(({ name }) => name === `kith-demo/${profile}`)
  } catch {
    // The browser does not say.
    return false
  }
}
