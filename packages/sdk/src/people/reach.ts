/** Where people find me, and by which carriers I look for them. */
import type { Bytes, Doorstep, IdentityKeys, PeerId, Route } from '@kith/protocol'
import type { Audience } from '../api.ts'
import type { Carrier } from '../carriers/carrier.ts'
import type { Roster } from '../carriers/roster.ts'
import { report } from '../runtime/events.ts'
import { nextTask } from '../runtime/slices.ts'
import { endsContact } from './contact-change.ts'
import type { ContactBook } from './contacts.ts'
import type { DisclosurePolicy } from './disclosure.ts'
import { Doorsteps } from './doorsteps.ts'
import type { InviteBook } from './invites.ts'

export interface ReachOptions {
  readonly identity: IdentityKeys
  readonly roster: Roster
  readonly contacts: ContactBook
  readonly invites: InviteBook
  readonly policy: DisclosurePolicy
  readonly findableBy: Audience
  readonly onEnvelope: (doorstep: Doorstep, envelope: Bytes) => void
  /** This contact can knock here from now on. */
  readonly onBound: (remote: PeerId) => void
  /** Contacts or invitations have changed: `foreignOrigins` may be others. */
  readonly onUpdate: () => void
}

export class Reach {
  readonly #options: ReachOptions
  readonly #doorsteps: Doorsteps
  readonly #stops: readonly (() => void)[]
  #findableBy: Audience
  #isUpdatingSoon = false
  #isClosed = false

  constructor(options: ReachOptions) {
    this.#options = options
    this.#findableBy = options.findableBy
    const { identity, roster, contacts, invites, onEnvelope, onBound } = options
    this.#doorsteps = new Doorsteps({ identity, carriers: roster.own, onEnvelope, onBound })
    this.#stops = [
      // After it, that person cannot find me: from this moment on. Of other changes thousands may come together.
      contacts.events.on('contact', (event) => (endsContact(event) ? this.update() : this.#updateSoon())),
      invites.events.on('invite', () => this.update()),
    ]
  }

  get findableBy(): Audience {
    return this.#findableBy
  }

  set findableBy(audience: Audience) {
    this.#findableBy = audience
    this.update()
  }

  /** Origins of foreign relays that are open, of contacts that may learn my network address. */
  get foreignOrigins(): string[] {
    const { contacts, roster, policy } = this.#options
    return contacts.all().flatMap(({ id, trust, relays }) => {
      const foreign = relays.map((url) => new URL(url).origin).filter((origin) => roster.isForeign(origin))
      return foreign.length > 0 && trust !== 'blocked' && policy.mayLearn(id) ? foreign : []
    })
  }

  /** By which to look for them: a relay of theirs sees my network address, so those who may not learn it are sought at mine only. */
  carriersTo(id: PeerId, mayLearn: boolean): Carrier[] {
    const { roster, contacts } = this.#options
    return roster.towards(mayLearn ? (contacts.get(id)?.relays ?? []) : [])
  }

  routesTo(id: PeerId, carriers: readonly Carrier[]): Promise<Route[]> {
    return this.#doorsteps.routesTo(id, carriers)
  }

  /** Those of `routesTo` that are known already: a page that closes cannot wait. */
  knownRoutes(id: PeerId, carriers: readonly Carrier[]): Omit<Route, 'epoch'>[] {
    return this.#doorsteps.knownRoutes(id, carriers)
  }

  /** A device that slept since, or whose clock was set, has another day's addresses. */
  refresh(): void {
    this.#doorsteps.refresh().catch(report)
  }

  update(): void {
    this.#isUpdatingSoon = false
    if (this.#isClosed) return
    const { invites, onUpdate } = this.#options
    const contacts = this.#findableBy === 'nobody' ? [] : this.#callers()
    const secrets = invites.listLive().map(({ secret }) => secret)
    this.#doorsteps.update({ contacts, invites: secrets }).catch(report)
    onUpdate()
  }

  close(): void {
    this.#isClosed = true
    for (const stop of this.#stops) stop()
    this.#doorsteps.close()
  }

  #updateSoon(): void {
    if (this.#isUpdatingSoon) return
    this.#isUpdatingSoon = true
    nextTask().then(() => this.update())
  }

  /** Contacts that may know of me: all that are not blocked, the most recently seen first. */
  #callers(): PeerId[] {
    const contacts = this.#options.contacts.bySeen()
    return contacts.filter(({ trust }) => trust !== 'blocked').map(({ id }) => id)
  }
}
