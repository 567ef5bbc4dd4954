/** Which contacts are online, by what they say, by what they answer, and by their farewells; and what I say of myself. */
import { type Bytes, type Doorstep, epochsAround, type PeerId, type Presence } from '@kith/protocol'
import type { Roster } from '../carriers/roster.ts'
import { report } from '../runtime/events.ts'
import { endsContact } from './contact-change.ts'
import type { ContactBook } from './contacts.ts'
import type { DisclosurePolicy } from './disclosure.ts'
import { Farewells } from './farewells.ts'
import { PresenceQueries } from './presence.ts'
import type { Reach } from './reach.ts'

export interface OnlineOptions {
  readonly contacts: ContactBook
  readonly policy: DisclosurePolicy
  readonly roster: Roster
  readonly reach: Reach
  /** Whether presence is asked for, and told, at all. */
  readonly isEnabled: boolean
  readonly isConnected: (id: PeerId) => boolean
  /** Asks them by a knock that wants nothing. `isWanted`: whether it is still worth asking. */
  readonly ask: (id: PeerId, isWanted: () => boolean) => Promise<void>
  /** Time has passed: presence may have expired, and it may be another day. */
  readonly onRound: () => void
}

export class Online {
  readonly #options: OnlineOptions
  readonly #queries: PresenceQueries
  readonly #farewells = new Farewells()
  readonly #stop: () => void
  #isClosed = false

  constructor(options: OnlineOptions) {
    this.#options = options
    const { contacts } = options
    this.#queries = new PresenceQueries({
      absent: () => contacts.bySeen().filter(({ id }) => this.#isAbsent(id)),
      cost: () => epochsAround(Date.now()).length,
      ask: async (id) => {
        // What has changed since they were queued counts: a contact that was removed does not learn that I am here.
        const isWanted = () => !this.#isClosed && this.#isAbsent(id)
        if (isWanted()) await options.ask(id, isWanted)
      },
      gone: (id) => contacts.left(id),
      expire: options.onRound,
    })
    this.#stop = contacts.events.on('contact', (event) => {
      if (endsContact(event)) this.#forget(event.contact.id)
      else if (event.change === 'added') this.#queries.added(event.contact.id)
    })
  }

  /** For how long one question and its answer are good. */
  get goodForMs(): number {
    return this.#queries.goodForMs
  }

  /** What I say of my being online to this contact, by this carrier. */
  wordsFor(remote: PeerId, origin: string): Presence | undefined {
    if (!this.#options.isEnabled) return undefined
    return { goodForMs: Math.round(this.goodForMs), farewell: this.#farewells.token(remote, origin) }
  }

  /** Whether there is room to answer a question of theirs. */
  mayAnswer(id: PeerId): boolean {
    return this.#options.isEnabled && this.#queries.mayAnswer(id)
  }

  askAll(): void {
    this.#queries.askAll()
  }

  /** They can knock here from now on, and may have tried before. */
  reachable(id: PeerId): void {
    this.#queries.reachable(id)
  }

  /** @param instance which of their tabs or devices, 16 bytes */
  heard(id: PeerId, instance: Bytes, presence: Presence | undefined): void {
    const { contacts, reach } = this.#options
    if (!presence) this.#farewells.back(id)
    else if (!this.#farewells.heard(id, instance, presence.farewell)) return
    const goodForMs = Math.max(this.goodForMs, presence?.goodForMs ?? 0)
    contacts.seen(id, undefined, goodForMs)
    this.#queries.heard(id, goodForMs)
    // To say goodbye later there is no time to compute where: one who asks first may never have been asked.
    if (presence) reach.routesTo(id, reach.carriersTo(id, false)).catch(report)
  }

  /** A connection with them has ended: most end because one of the two leaves. */
  parted(id: PeerId): void {
    const { contacts, isConnected } = this.#options
    if (this.#isClosed || isConnected(id) || !contacts.get(id)) return
    // The relay may have been faster than the connection.
    if (this.#farewells.hasLeft(id)) contacts.left(id)
    this.#queries.suspect(id)
  }

  /** Whether the envelope is a farewell. It is dealt with here. */
  isFarewell({ way }: Doorstep, envelope: Bytes): boolean {
    const { contacts, isConnected } = this.#options
    if (way.remote === undefined) return false
    const told = this.#farewells.read(way.remote, envelope)
    if (told === 'no') return false
    if (told === 'last' && !isConnected(way.remote)) contacts.left(way.remote)
    // Another tab or device of theirs may be here.
    this.#queries.suspect(way.remote)
    return true
  }

  /** Says goodbye to those who take me for online, as many as may be sent at once; asks nothing from now on. */
  close(): void {
    this.#isClosed = true
    this.#stop()
    this.#sayFarewell()
    this.#queries.close()
  }

  #forget(id: PeerId): void {
    this.#queries.forget(id)
    this.#farewells.forget(id)
  }

  #sayFarewell(): void {
    const { contacts, policy, reach, roster } = this.#options
    const companions = new Set(this.#farewells.companions)
    for (const { id, online, trust } of contacts.bySeen()) {
      if (!companions.has(id) || !online || trust === 'blocked') continue
      if (!this.#queries.mayLeave()) return
      const carriers = reach.carriersTo(id, policy.mayLearn(id))
      for (const { origin, address } of reach.knownRoutes(id, carriers)) {
        roster.get(origin)?.send(address, this.#farewells.envelope(id, origin))
      }
    }
  }

  /** Whether it is worth asking if they are online, and proper. */
  #isAbsent(id: PeerId): boolean {
    const { contacts, isEnabled, isConnected } = this.#options
    const trust = contacts.get(id)?.trust ?? 'blocked'
    return isEnabled && trust !== 'blocked' && !isConnected(id)
  }
}
