/** Invitations of mine: made, listed, waited for, expired. What `peer.invite` and `peer.invites` give. */
import { type Doorstep, type Introduced, inviteWay, KithError, type PeerId } from '@kith/protocol'
import type { Contact, Invite } from '../api.ts'
import { usableRelays } from '../carriers/relay-url.ts'
import { cutName } from '../identity/name.ts'
import { within } from '../platform/environment.ts'
import { alarmAt } from '../runtime/alarm.ts'
import { report } from '../runtime/events.ts'
import { Late } from '../runtime/late.ts'

import type { ContactBook } from './contacts.ts'
import type { InviteBook, InviteRecord } from './invites.ts'
import { inviteLink } from './links.ts'

/** What a knock names that wants a connection and no protocol yet; with no name at all it would only ask for presence. */
export const CONNECT_PROTOCOL = '/kith/1'

export interface InvitationsOptions {
  readonly book: InviteBook
  readonly contacts: ContactBook
  readonly relays: readonly string[]
  readonly page: string | URL | undefined
  readonly myName: () => string
  /** Fetches what draws QR codes. Default: ours. */
  readonly fetchQr?: () => Promise<{ readonly qrSvg: (text: string, title: string) => string }>
}

/** Until invitations are listed without their codes: the page's web server may be away, and never answer. */
const QR_TIMEOUT_MS = 5_000

/** Waits for the guest of an invitation of mine. */
interface Host {
  cameHere(guest: Contact): void
  /** Another tab of mine let them in: the contact comes the same way as the invitation's new state, before or after it. */
  cameElsewhere(guest: PeerId | undefined): void
  failed(error: unknown): void
}

export class Invitations {
  readonly #options: InvitationsOptions
  /** Those that wait here for the guest of an invitation, by its id. */
  readonly #hosts = new Map<string, Host>()
  /** What was given out for each that is open, by its id: asked for again, it is the same. */
  readonly #given = new Map<string, Invite>()
  #isAwaitingQr = false
  readonly #qr: Late<(text: string, title: string) => string>
  #stopAlarm: () => void = () => undefined
  readonly #stops: readonly (() => void)[]
  #isClosed = false

  constructor(options: InvitationsOptions) {
    this.#options = options
    const { book, contacts, fetchQr = () => import('./qr.ts') } = options
    this.#qr = new Late(async () => (await fetchQr()).qrSvg)
    this.#stops = [
      book.events.on('invite', ({ change }) => {
        // By another tab.
        if (change === 'created') void this.#awaitQr()
        this.#watchExpiry()
      }),
      contacts.events.on('contact', ({ change, contact }) => {
        if (change === 'removed') book.forbidReturn(contact.id).catch(report)
      }),
    ]
    this.#watchExpiry()
  }

  /** Those that a guest can still use, oldest first, whichever tab made them and before whatever reload. */
  get open(): readonly Invite[] {
    // The first one of this page was made by another tab just now: it is listed once its code can be drawn.
    if (this.#isAwaitingQr) return []
    return this.#options.book.listOpen().map((record) => this.#give(record))
  }

  /** Loads what draws the codes of invitations that are open already. Where that fails, `svg` throws. */
  async prepare(): Promise<void> {
    if (this.#options.book.listOpen().length > 0) await this.#awaitQr()
  }

  async create(options: { name?: string; purposes?: string[]; expiresInMs?: number }): Promise<Invite> {
    const { book, page } = this.#options
    if (page === undefined) {
      throw new KithError('invalid-argument', 'There is no page for the link to open here: say which, createPeer({ page }).')
    }
    await this.#qr.load()
    const record = await book.create(options)
    try {
      // Made now, so that what is wrong with the page is said now.
      const link = this.#linkOf(record)
      return this.#give(record, { link, svg: this.#qrOf(link) })
    } catch (error) {
      // An invitation without a link is of no use.
      await book.revoke(record.id)
      throw error
    }
  }

  /** Who waits for a guest waits no longer; the invitations stay as they are. */
  close(): void {
    this.#isClosed = true
    for (const stop of this.#stops) stop()
    this.#stopAlarm()
    for (const host of [...this.#hosts.values()]) host.failed(closed())
  }

  /** The invitation that opens this door, while it has not expired. */
  find(doorstep: Doorstep): InviteRecord | undefined {
    const { way } = doorstep
    if (!way.isOneTime) return undefined
    return this.#options.book.listLive().find(({ secret }) => inviteWay(secret).replayKey === way.replayKey)
  }

  /** Whether it may still let a guest in: the first, or for a moment the first again. */
  isOffered(invite: InviteRecord): boolean {
    return invite.state === 'open' || this.#options.book.mayReturn(invite)
  }

  /** Theirs, if they are the first, or were it a moment ago: then they are a contact. */
  async proved(doorstep: Doorstep, by: Introduced): Promise<boolean> {
    const { book, contacts } = this.#options
    const invite = this.find(doorstep)
    // Whom I have blocked finds every door closed, and leaves it to others.
    if (!invite || contacts.get(by.id)?.trust === 'blocked') return false
    // Before the record changes: the change is reported too, and must find this host served already, with the complete contact.
    const host = this.#hosts.get(invite.id)
    this.#hosts.delete(invite.id)
    try {
      let known: Contact | undefined
      if (!(await book.markUsed(invite.id, by.id))) {
        const used = book.get(invite.id)
        if (used?.usedBy !== by.id || !book.mayReturn(used)) {
          host?.cameElsewhere(used?.usedBy)
          return false
        }
        known = contacts.get(by.id)
      }
      const contact = known ?? (await addIntroduced(contacts, by, invite.name, [...invite.purposes]))
      host?.cameHere(contact)
      return true
    } catch (error) {
      host?.failed(error)
      throw error
    }
  }

  #linkOf(record: InviteRecord): string {
    const { page, relays, myName } = this.#options
    return inviteLink(page ?? '', record, relays, myName())
  }

  async #awaitQr(): Promise<void> {
    if (this.#qr.isLoaded) return
    this.#isAwaitingQr = true
    const late = () => new Error('no answer')
    // What fails here is tried again, and said, where a code is asked for.
    await within(QR_TIMEOUT_MS, this.#qr.load(), late).catch(() => undefined)
    this.#isAwaitingQr = false
  }

  #qrOf(link: string): string {
    return this.#qr.get()(link, 'Invitation')
  }

  /** Unless they are `made`, link and code are made when they are asked for: a list of many is often looked at for one. */
  #give(record: InviteRecord, made?: Pick<Invite, 'link' | 'svg'>): Invite {
    const known = this.#given.get(record.id)
    if (known) return known
    const linkOf = once(() => made?.link ?? this.#linkOf(record))
    const svgOf = once(() => made?.svg ?? this.#qrOf(linkOf()))
    const accepted = this.#accepted(record)
    const { book } = this.#options
    const invite: Invite = {
      get link() {
        return linkOf()
      },
      get svg() {
        return svgOf()
      },
      expiresAt: record.expiresAt,
      accepted,
      revoke: async () => {
        if (this.#isClosed) throw closed()
        await book.revoke(record.id)
      },
    }
    const forget = () => void this.#given.delete(record.id)
    this.#given.set(record.id, invite)
    // Also where nothing waits for it.
    accepted.then(forget, forget)
    return invite
  }

  /** On time: a guest who comes later finds nothing, and `accepted` rejects. */
  #watchExpiry(): void {
    this.#stopAlarm()
    const { book } = this.#options
    const at = book.nextExpiry
    // What the store does not let go of is tried again with the next round of presence.
    this.#stopAlarm = at === undefined ? () => undefined : alarmAt(at, () => void book.expire().catch(report))
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
}

/** A contact of mine from now on. `name`: mine for them; '' for what they call themselves. */
export async function addIntroduced(contacts: ContactBook, by: Introduced, name: string, purposes: string[]): Promise<Contact> {
  const known = contacts.get(by.id)
  const contact = await contacts.add({
    id: by.id,
    name: name || known?.name || cutName(by.name) || `…${by.id.slice(-6)}`,
    relays: usableRelays(by.relays),
    ...(purposes.length > 0 ? { purposes } : {}),
  })
  contacts.seen(by.id)
  return contacts.get(by.id) ?? contact
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const closed = () => new KithError('closed', 'This peer has been closed.')
