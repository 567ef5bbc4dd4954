/** Invitations given and taken: what `peer.invite` and `peer.accept` do around the dial. */
import {
  CONTACT_RELAYS_MAX,
  type DialNumber,
  type Doorstep,
  equal,
  type Introduced,
  invitePsk,
  KithError,
  type PeerId,
} from '@kith/protocol'
import type { Disclosure, Invite } from './api.ts'
import type { Roster } from './carriers/roster.ts'
import type { Contact } from './contact-record.ts'
import type { ContactBook } from './contacts.ts'
import type { Dialling } from './dialling.ts'
import { inviteRoutes } from './doorsteps.ts'
import { cutName } from './identity/name.ts'
import type { InviteBook, InviteRecord } from './invites.ts'
import { inviteLink, parseInviteUrl, qrSvg } from './links.ts'
import { aborted, throwIfAborted } from './meetings.ts'
import { parseRelayUrl } from './relay-url.ts'

/** What a knock names that wants a connection and no protocol yet; with no name at all it would only ask for presence. */
export const CONNECT_PROTOCOL = '/kith/1'

export interface InvitationsOptions {
  readonly book: InviteBook
  readonly contacts: ContactBook
  readonly roster: Roster
  readonly relays: readonly string[]
  readonly page: string | URL | undefined
  readonly myName: () => string
  /** What may be told where `asked` was asked for, or nothing. Rejects where that cannot work. */
  readonly disclosure: (asked: Disclosure | undefined) => Promise<Disclosure>
}

export interface AcceptOptions {
  /** For my address book; without, what they call themselves. */
  readonly name?: string | undefined
  readonly timeoutMs: number
  readonly disclose?: Disclosure | undefined
  readonly signal?: AbortSignal | undefined
}

/** Waits for the guest of an invitation of mine. */
interface Host {
  cameHere(guest: Contact): void
  /** Another tab of mine let them in: the contact comes the same way as the invitation's new state, before or after it. */
  cameElsewhere(guest: PeerId | undefined): void
  failed(error: unknown): void
}

/** An invitation that I am taking up. */
interface Acceptance {
  readonly name: string | undefined
  /** They have let me in: from here on there is no way back. */
  readonly commit: () => void
  readonly resolve: (contact: Contact) => void
  readonly reject: (error: unknown) => void
}

export class Invitations {
  readonly #options: InvitationsOptions
  readonly #accepting = new Map<DialNumber, Acceptance>()
  /** Whoever waits here for the guest of an invitation, by its id. */
  readonly #hosts = new Map<string, Host>()
  #isClosed = false

  constructor(options: InvitationsOptions) {
    this.#options = options
  }

  // ── giving ──

  async create(options: { name?: string; purposes?: string[]; expiresInMs?: number }): Promise<Invite> {
    const { book, page, relays, myName } = this.#options
    if (page === undefined) throw new KithError('invalid-argument', 'Say which page the link opens: createPeer({ page }).')
    const record = await book.create(options)
    const revoke = async () => {
      await book.revoke(record.id)
    }
    try {
      const link = inviteLink(page, record, relays, myName())
      const svg = qrSvg(link, 'Invitation')
      const accepted = this.#accepted(record)
      // Whoever made it may not wait for it.
      accepted.catch(() => undefined)
      return { link, svg, expiresAt: record.expiresAt, accepted, revoke }
    } catch (error) {
      // A door to which nobody has the link.
      await revoke()
      throw error
    }
  }

  /** Who waits for a guest waits no longer; the invitations stay as they are. */
  close(): void {
    this.#isClosed = true
    for (const host of [...this.#hosts.values()]) host.failed(closed())
  }

  /** The invitation that opens this door, while it has not expired. */
  find(doorstep: Doorstep): InviteRecord | undefined {
    const { way } = doorstep
    if (way.kind !== 'invite') return undefined
    return this.#options.book.listLive().find(({ secret }) => equal(invitePsk(secret), way.psk))
  }

  /** Theirs, if they are the first: then they are a contact. */
  async proved(doorstep: Doorstep, by: Introduced): Promise<boolean> {
    const { book, contacts } = this.#options
    const invite = this.find(doorstep)
    // Whom I have blocked finds every door closed, and leaves it to others.
    if (!invite || contacts.get(by.id)?.trust === 'blocked') return false
    // Before the record changes, so that what it tells finds the host gone who is told here, of a contact that is complete.
    const host = this.#hosts.get(invite.id)
    this.#hosts.delete(invite.id)
    try {
      if (!(await book.markUsed(invite.id, by.id))) {
        host?.cameElsewhere(book.get(invite.id)?.usedBy)
        return false
      }
      const contact = await this.#add(by, invite.name, [...invite.purposes])
      host?.cameHere(contact)
      return true
    } catch (error) {
      host?.failed(error)
      throw error
    }
  }

  async #accepted(record: InviteRecord): Promise<Contact> {
    if (this.#isClosed) throw closed()
    const { book, contacts } = this.#options
    return new Promise((resolve, reject) => {
      const stops = [
        book.events.on('invite', ({ change, invite }) => {
          if (invite.id !== record.id) return
          if (change === 'revoked') settle(() => reject(new KithError('closed', 'The invitation was revoked.')))
          if (change === 'expired') settle(() => reject(new KithError('expired', 'The invitation has expired.')))
          if (change === 'used') this.#hosts.get(record.id)?.cameElsewhere(invite.usedBy)
        }),
      ]
      const settle = (how: () => void) => {
        this.#hosts.delete(record.id)
        for (const stop of stops) stop()
        how()
      }
      const cameElsewhere = (guest: PeerId | undefined) => {
        this.#hosts.delete(record.id)
        const known = guest && contacts.get(guest)
        if (known) return settle(() => resolve(known))
        stops.push(
          contacts.events.on('contact', ({ contact }) => {
            if (contact.id === guest) settle(() => resolve(contact))
          }),
        )
      }
      this.#hosts.set(record.id, {
        cameHere: (guest) => settle(() => resolve(guest)),
        cameElsewhere,
        failed: (error) => settle(() => reject(error)),
      })
    })
  }

  // ── taking ──

  async accept(url: string | URL, options: AcceptOptions, dialling: Pick<Dialling, 'dial' | 'cancel'>): Promise<Contact> {
    const { signal, name, timeoutMs, disclose } = options
    const link = parseInviteUrl(url)
    if (this.#options.book.listLive().some(({ secret }) => equal(secret, link.secret))) {
      throw new KithError('invalid-argument', 'This is your own invitation: it is for somebody else.')
    }
    if (link.expiresAt <= Date.now()) throw new KithError('expired', 'This invitation has expired.')
    throwIfAborted(signal)
    const disclosure = await this.#options.disclosure(disclose)
    throwIfAborted(signal)
    const carriers = this.#options.roster.towards(link.relays)
    if (carriers.length === 0) throw new KithError('no-relay', 'There is no relay to reach the inviter through.')
    return new Promise((resolve, reject) => {
      const dial = dialling.dial({
        way: { kind: 'invite', psk: invitePsk(link.secret) },
        routes: inviteRoutes(link.secret, carriers),
        protocols: [CONNECT_PROTOCOL],
        timeoutMs,
        disclosure,
      })
      const commit = () => {
        this.#accepting.delete(dial)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = () => {
        commit()
        if (signal) reject(aborted(signal))
        dialling.cancel(dial)
      }
      signal?.addEventListener('abort', onAbort)
      this.#accepting.set(dial, { name, commit, resolve, reject })
    })
  }

  /** The inviter has let me in: they are a contact of mine too. */
  async granted(dial: DialNumber, by: Introduced): Promise<void> {
    const acceptance = this.#accepting.get(dial)
    if (!acceptance) return
    acceptance.commit()
    try {
      const contact = await this.#add(by, acceptance.name ?? '', [])
      if (contact.trust === 'blocked') throw new KithError('blocked', 'You have blocked whoever invites you.')
      acceptance.resolve(contact)
    } catch (error) {
      acceptance.reject(error)
    }
  }

  ended(dial: DialNumber, error: KithError): void {
    const acceptance = this.#accepting.get(dial)
    acceptance?.commit()
    acceptance?.reject(this.#explain(error))
  }

  /** `name`: mine for them; '' for what they call themselves. */
  async #add(by: Introduced, name: string, purposes: string[]): Promise<Contact> {
    const { contacts } = this.#options
    const known = contacts.get(by.id)
    const contact = await contacts.add({
      id: by.id,
      name: name || known?.name || cutName(by.name) || `…${by.id.slice(-6)}`,
      relays: relaysOf(by),
      ...(purposes.length > 0 ? { purposes } : {}),
    })
    contacts.seen(by.id)
    return contacts.get(by.id) ?? contact
  }

  #explain(error: KithError): KithError {
    if (error.code !== 'no-answer' || this.#options.roster.isAnyRelayReady) return error
    return new KithError('no-relay', 'No relay could be reached.', { source: 'network', cause: error })
  }
}

const closed = () => new KithError('closed', 'This peer has been closed.')

/** What they publish, less what is no relay: their word must not stand in the way of meeting them. */
function relaysOf(by: Introduced): string[] {
  const relays = by.relays.flatMap((url) => {
    try {
      return [parseRelayUrl(url)]
    } catch (error) {
      if (error instanceof KithError) return []
      throw error
    }
  })
  return relays.slice(0, CONTACT_RELAYS_MAX)
}
