/** My peer and my people, from when I have an identity until the page is closed: what every feature is given. */
import type { Peer, PeerStatus } from '@kith/sdk'
import type { Value } from '../ui/observable.ts'
import type { Person } from './people.ts'

export interface Session {
  readonly peer: Peer
  readonly name: Value<string>
  readonly status: Value<PeerStatus>
  readonly people: Value<readonly Person[]>
}

export async function setName(session: Session, name: string): Promise<void> {
  await session.peer.identity.setName(name)
  session.name.set(session.peer.identity.name)
}
