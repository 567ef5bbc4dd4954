/** The people list as the page shows it: who is there, how we are connected, and what is new from whom. */

import type { Connection, Peer, PeerId, Trust } from '@kith/sdk'
import { Value } from '../ui/observable.ts'
import { plainName } from '../ui/plain.ts'
import type { Conversations } from './conversations.ts'
import { shortId } from './short-id.ts'

/** How a person is connected with me. */
export type Link = 'none' | 'connecting' | 'reconnecting' | Connection['path']

export interface Person {
  readonly id: PeerId
  readonly name: string
  readonly trust: Trust
  readonly online: boolean
  readonly addedAt: number
  readonly lastSeenAt: number | undefined
  readonly link: Link
  readonly unread: number
  /** Of the last entry of the conversation, in milliseconds since 1970. */ readonly lastAt: number | undefined
}

/** How long a person who did not answer and is back may still be shown as away. */
const SEEN_AGAIN_MS = 10_000

/** The list, kept current as long as the peer lives. The person with the latest entry, or added last, is first. */
export function watchPeople(peer: Peer, conversations: Conversations): Value<readonly Person[]> {
  const people = new Value<readonly Person[]>(listPeople(peer, conversations))
  let planned = false
  // One list a turn of the event loop, however many things change in it.
  const refresh = () => {
    if (planned) return
    planned = true
    queueMicrotask(() => {
      planned = false
      people.set(listPeople(peer, conversations))
    })
  }
  const watch = (connection: Connection) => {
    connection.on('state', refresh)
    connection.on('path', refresh)
    connection.closed.then(refresh, refresh)
    refresh()
  }
  peer.on('contact', refresh)
  peer.on('connection', watch)
  for (const connection of peer.connections.values()) watch(connection)
  conversations.changes.on(refresh)
  // The SDK has no event for a contact who is seen again while they count as online.
  setInterval(refresh, SEEN_AGAIN_MS)
  return people
}

function listPeople(peer: Peer, conversations: Conversations): Person[] {
  const people = Array.from(peer.contacts, (contact): Person => {
    const { unread, lastAt, isOpening, unansweredAt } = conversations.about(contact.id)
    const link = linkOf(peer.connections.get(contact.id), isOpening)
    // The SDK counts a contact as online for a minute after they were last seen. One who has not answered since then has left sooner.
    const seen = contact.online && (contact.lastSeenAt ?? 0) > (unansweredAt ?? 0)
    return {
      id: contact.id,
      name: plainName(contact.name) || shortId(contact.id),
      trust: contact.trust,
      online: contact.trust !== 'blocked' && (seen || link === 'local' || link === 'direct' || link === 'turn'),
      addedAt: contact.addedAt,
      lastSeenAt: contact.lastSeenAt,
      link,
      unread,
      lastAt,
    }
  })
  return people.sort((a, b) => lastChange(b) - lastChange(a))
}

const lastChange = ({ addedAt, lastAt = 0 }: Person) => Math.max(addedAt, lastAt)

function linkOf(connection: Connection | undefined, isOpening: boolean): Link {
  if (!connection || connection.state === 'closed') return isOpening ? 'connecting' : 'none'
  return connection.state === 'reconnecting' ? 'reconnecting' : connection.path
}
