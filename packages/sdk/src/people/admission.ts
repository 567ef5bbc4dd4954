/**
 * Who is let in, and how much of my network address they may learn. It is passed to what makes connections, which asks it at each
 * step and knows none of the reasons.
 */
import { type Doorstep, type Introduced, KithError, type PeerId, type ProtocolName } from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import type { ContactBook } from './contacts.ts'
import type { DisclosurePolicy } from './disclosure.ts'
import type { Invitations } from './invitations.ts'

export interface AdmissionOptions {
  readonly contacts: Pick<ContactBook, 'get'>
  readonly invitations: Pick<Invitations, 'find' | 'isOffered' | 'proved'>
  readonly policy: DisclosurePolicy
  /** Whether a question of this contact, whether I am online, is answered now. */
  readonly mayAnswer: (from: PeerId) => boolean
  readonly maxConnections: number
}

export interface Knock {
  readonly doorstep: Doorstep
  /** Unknown where the identity follows inside. */
  readonly from: PeerId | undefined
  /** None: they ask whether I am online. */
  readonly protocols: readonly ProtocolName[]
}

/** An answer to a knock: an offer says how much of my network address it may disclose. */
export type Judgement = 'silence' | 'here' | 'spent' | { readonly offer: Disclosure }

/** An RTCPeerConnection more. */
export interface RoomAsked {
  /** Connections that are up, and those that are being made. */
  readonly connections: number
  /** Connections with the same person that may be what a crash has left. */
  readonly doubtful: number
}

export class Admission {
  readonly policy: DisclosurePolicy
  readonly #options: AdmissionOptions

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.policy = options.policy
  }

  /** Errors: 'blocked'. */
  checkMayDial(id: PeerId): void {
    if (this.isBlocked(id)) throw new KithError('blocked', 'You have blocked this contact.')
  }

  isBlocked(id: PeerId): boolean {
    return this.#options.contacts.get(id)?.trust === 'blocked'
  }

  /** What a knock is answered. Throws where a user's `disclose` does. */
  judge({ doorstep, from, protocols }: Knock): Judgement {
    const { invitations, policy, mayAnswer } = this.#options
    if (doorstep.way.isOneTime) {
      const invite = invitations.find(doorstep)
      if (!invite) return 'silence'
      // Also one that was revoked: a caller that has the link may know that it is of no use any more.
      return invitations.isOffered(invite) ? { offer: policy.towards(undefined) } : 'spent'
    }
    if (!from || this.isBlocked(from)) return 'silence'
    if (protocols.length === 0) return mayAnswer(from) ? 'here' : 'silence'
    return { offer: policy.towards(from) }
  }

  /** They proved an invitation: it is theirs, if they are the first. */
  proved(doorstep: Doorstep, by: Introduced): Promise<boolean> {
    return this.#options.invitations.proved(doorstep, by)
  }

  /** Whether a connection that both ends have confirmed is kept. A caller is a contact: found here as one, or by an invitation. */
  mayConnect(id: PeerId, isCaller: boolean): boolean {
    const trust = this.#options.contacts.get(id)?.trust
    return trust !== 'blocked' && (trust !== undefined || !isCaller)
  }

  /** Whether they are a contact already, and may not learn my network address. */
  mustRelay(id: PeerId): boolean {
    return this.#options.contacts.get(id) !== undefined && !this.policy.mayLearn(id)
  }

  /** One place more than `maxConnections` for a person whose page is back after a crash: the crash's connection may still be there. */
  hasRoom({ connections, doubtful }: RoomAsked): boolean {
    return connections < this.#options.maxConnections + (doubtful > 0 ? 1 : 0)
  }
}
