/** The state of a document in one sentence: whether it is saved, who has it, and who does not have all of it yet. */
import type { PeerId, PeerStatus } from '@kith/sdk'
import type { Person } from '../people/people.ts'
import type { LineState } from './line.ts'
import type { Keeping } from './live-document.ts'
import { listOf, nameOf } from './names.ts'
import { text } from './texts.ts'

export interface Standing {
  readonly tone: 'good' | 'wait' | 'bad'
  readonly words: string
  /** It lasts for a moment only, with each letter that is typed. */ readonly isPassing?: boolean
}

export function standingOf(
  keeping: Keeping,
  saved: boolean,
  members: readonly PeerId[],
  lines: ReadonlyMap<PeerId, LineState>,
  people: readonly Person[],
  status: PeerStatus,
): Standing {
  const words = text.standing
  if (keeping === 'failed') return { tone: 'bad', words: words.failed }
  if (keeping === 'keeping') return { tone: 'good', words: words.saving }
  const own = saved ? words.saved : words.inMemory
  if (members.length === 0) return { tone: saved ? 'good' : 'wait', words: own }

  const names = (which: (state: LineState | undefined, id: PeerId) => boolean) =>
    members.filter((id) => which(lines.get(id), id)).map((id) => nameOf(people, id))
  for (const member of members) {
    const state = lines.get(member)
    if (state?.at === 'failed') return { tone: 'bad', words: words.trouble[state.why](nameOf(people, member)) }
  }
  const reconnecting = names((state, id) => state?.at === 'open' && people.find((p) => p.id === id)?.link === 'reconnecting')
  if (reconnecting.length > 0) return { tone: 'wait', words: words.reconnecting(listOf(reconnecting)) }
  const isRelayAway = status.reach !== 'online' && !isStarting(status)
  if (isRelayAway && names((state) => state?.at === 'open').length === 0) return { tone: 'wait', words: words.offline(own) }
  const opening = names((state) => state?.at === 'opening')
  if (opening.length > 0) return { tone: 'wait', words: words.connecting(listOf(opening)) }
  const away = names((state) => state?.at !== 'open')
  if (away.length > 0) return { tone: 'wait', words: words.away(listOf(away), away.length) }
  const sending = names((state) => state?.at === 'open' && !state.merged)
  if (sending.length > 0) return { tone: 'good', words: words.sending(listOf(sending)), isPassing: true }
  const merged = words.merged(listOf(names(() => true)), own)
  const elsewhere = names((_, id) => people.find((person) => person.id === id)?.link !== 'local')
  if (isRelayAway && elsewhere.length > 0) return { tone: 'wait', words: words.relayAway(merged) }
  return { tone: 'good', words: merged }
}

/** The first attempts to reach a relay have not ended yet. */
const isStarting = ({ relays }: PeerStatus) => relays.every(({ state, error }) => state === 'connecting' && !error)
