/** The peer and the features around it. A page has one, from when there is an identity until the page is closed. */
import { createPeer } from '@kith/sdk'
import { Calls } from '../call/calls.ts'
import { Chats } from '../chat/chats.ts'
import { openHistory } from '../chat/idb-history.ts'
import { Library, readDocuments } from '../documents/library.ts'
import { watchPeople } from '../people/people.ts'
import type { Session } from '../people/session.ts'
import { Value } from '../ui/observable.ts'
import { type Place, sharedPage } from './place.ts'

export interface Services extends Session {
  readonly place: Place
  readonly chats: Chats
  readonly documents: Library
  readonly calls: Calls
}

export async function startServices(place: Place): Promise<Services> {
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
  const calls = new Calls(peer, place.profile, (contact, { caller, outcome }) => {
    // A contact who was removed meanwhile has no conversation.
    if (peer.contacts.get(contact)) chats.of(contact).noteCall({ author: caller, call: outcome }).catch(reportError)
  })
  const name = new Value(peer.identity.name)
  return { peer, place, name, status, people: watchPeople(peer, chats), chats, documents, calls }
}
