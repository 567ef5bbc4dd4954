/** A peer and what the page keeps around it, from when it has an identity until the page is closed. */
import { createPeer, type Peer, type PeerStatus } from '@kith/sdk'
import { Calls } from '../call/calls.ts'
import { Chats } from '../chat/chats.ts'
import { openHistory } from '../chat/idb-history.ts'
import { Library, readDocuments } from '../documents/library.ts'
import { type Person, watchPeople } from '../people/people.ts'
import { Value } from '../ui/observable.ts'
import { type Place, sharedPage } from './place.ts'

export interface Session {
  readonly peer: Peer
  readonly place: Place
  readonly name: Value<string>
  readonly status: Value<PeerStatus>
  readonly people: Value<readonly Person[]>
  readonly chats: Chats
  readonly documents: Library
  readonly calls: Calls
}

export async function startSession(place: Place): Promise<Session> {
  const [peer, history, kept] = await Promise.all([
    createPeer({
      profile: place.profile,
      page: sharedPage(new URL(location.href)),
      ...(place.relay === undefined ? {} : { relays: [place.relay] }),
    }),
    openHistory(place.profile),
    readDocuments(place.profile),
  ])
  const status = new Value(peer.status)
  peer.on('status', (now) => status.set(now))
  const chats = new Chats(peer, history, place.profile)
  const documents = new Library(peer, kept, place.profile)
  const calls = new Calls(peer, place.profile, (who, line) => {
    // Whoever was removed meanwhile has no conversation any more.
    if (peer.contacts.get(who)) chats.of(who).noteCall(line).catch(reportError)
  })
  const name = new Value(peer.identity.name)
  return { peer, place, name, status, people: watchPeople(peer, chats), chats, documents, calls }
}

export async function setName(session: Session, name: string): Promise<void> {
  await session.peer.identity.setName(name)
  session.name.set(session.peer.identity.name)
}
