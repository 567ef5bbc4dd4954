/** The people list as the page shows it: who is there, how we are connected, what was said last. */

import type { Connection, Peer, PeerId, Trust } from '@kith/sdk'
import type { LineState, LineTrouble } from '../chat/chat.ts'
import type { Chats } from '../chat/chats.ts'
import type { Entry } from '../chat/history.ts'
import { Value } from '../ui/observable.ts'
import { plainName } from '../ui/plain.ts'
import { shortId } from './short-id.ts'

/** How a person is connected with me, as far as it matters to people. */
export type Link = 'none' | 'connecting' | 'reconnecting' | Connection['path']

export interface Person {
  readonly id: PeerId
  readonly name: string
  readonly trust: Trust
  readonly online: boolean
  readonly addedAt: number
  readonly lastSeenAt: number | undefined
  readonly link: Link
  readonly trouble: LineTrouble | undefined
  readonly unread: number
  readonly last: Entry | undefined
}

/** How long a person who was missed and is back may go on being shown as away. */
const SEEN_AGAIN_MS = 10_000

/** The list, kept current for as long as the peer lives; whoever said something last, or came last, is first. */
export function watchPeople(peer: Peer, chats: Chats): Value<readonly Person[]> {
  const people = new Value<readonly Person[]>(listPeople(peer, chats))
  let planned = false
  // Many things change at once: one list a turn of the event loop is enough.
  const refresh = () => {
    if (planned) return
    planned = true
    queueMicrotask(() => {
      planned = false
      people.set(listPeople(peer, chats))
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
  chats.changes.on(refresh)
  // That someone was seen again is no event while they still counted as online.
  setInterval(refresh, SEEN_AGAIN_MS)
  return people
}

function listPeople(peer: Peer, chats: Chats): Person[] {
  const people = Array.from(peer.contacts, (contact): Person => {
    const chat = chats.of(contact.id)
    const line = chat.line.get()
    const link = linkOf(peer.connections.get(contact.id), line)
    // Someone counts as online for a minute after they were last seen; whoever did not answer since then has left sooner.
    const missedAt = line.at === 'closed' ? (line.missedAt ?? 0) : 0
    const seen = contact.online && (contact.lastSeenAt ?? 0) > missedAt
    return {
      id: contact.id,
      name: plainName(contact.name) || shortId(contact.id),
      trust: contact.trust,
      online: contact.trust !== 'blocked' && (seen || link === 'local' || link === 'direct' || link === 'turn'),
      addedAt: contact.addedAt,
      lastSeenAt: contact.lastSeenAt,
      link,
      trouble: line.at === 'failed' ? line.why : undefined,
      unread: chat.unread.get(),
      last: chat.entries.get().at(-1),
    }
  })
  return people.sort((a, b) => lastChange(b) - lastChange(a))
}

const lastChange = ({ addedAt, last }: Person) => Math.max(addedAt, last?.at ?? 0)

function linkOf(connection: Connection | undefined, line: LineState): Link {
  if (!connection || connection.state === 'closed') return line.at === 'opening' ? 'connecting' : 'none'
  return connection.state === 'reconnecting' ? 'reconnecting' : connection.path
}
