/** Errors of a dial in the words of what the caller can do about it. */
import { KithError } from '@kith/protocol'
import { clockSentence } from '../carriers/relay-clock.ts'
import type { Roster } from '../carriers/roster.ts'
import { noRelay } from './no-relay.ts'

/** 'no-answer' has other causes: no relay could be asked, the clock is wrong, or they are no contact. */
export function explain(
  error: KithError,
  { isContact, roster }: { isContact: boolean; roster: Pick<Roster, 'clockAheadMs' | 'unsupported' | 'isAnyRelayReady'> },
): KithError {
  if (!isContact && (error.code === 'needs-turn' || error.code === 'no-answer')) return noContact(error)
  const { clockAheadMs } = roster
  if (error.code === 'no-answer' && clockAheadMs !== undefined) {
    const words = `They do not answer: away, or not found. ${clockSentence(clockAheadMs)}`
    return new KithError('no-answer', words, { source: 'local', cause: error })
  }
  if (error.code === 'no-relay') return roster.unsupported ?? error
  if (error.code !== 'no-answer' || roster.isAnyRelayReady) return error
  return roster.unsupported ?? noRelay(error)
}

/** Whether they were asked (they may have added me) or not: the first thing to do about it is the same. */
const noContact = (cause: KithError) =>
  new KithError(
    'no-answer',
    'They are no contact of yours, and people answer their contacts only: call contacts.add at both ends, or send them an invitation, peer.invite().',
    { source: cause.code === 'needs-turn' ? 'local' : cause.source, cause },
  )
