/**
 * Invitations of others, taken up: what `peer.accept` does around the dial. All who take up one link share one attempt, in this tab and,
 * by a lock of the browser, across tabs. A link that was taken up before leads to its maker, and nothing is dialled.
 */
import {
  type Bytes,
  type DialNumber,
  equal,
  hex,
  INVITE_RELAY_ATTEMPTS_MAX,
  type Introduced,
  type InviteLink,
  inviteMark,
  inviteWay,
  KithError,
} from '@kith/protocol'
import type { Contact, Disclosure } from '../api.ts'
import type { Carrier } from '../carriers/carrier.ts'
import { clockSentence } from '../carriers/relay-clock.ts'
import type { Roster } from '../carriers/roster.ts'
import { parseName, tidyName } from '../identity/name.ts'

import type { ContactBook } from '../people/contacts.ts'
import { routesBy } from '../people/doorsteps.ts'
import { addIntroduced, CONNECT_PROTOCOL } from '../people/invitations.ts'
import type { InviteBook } from '../people/invites.ts'
import { parseInviteUrl } from '../people/links.ts'
import type { TakenInvites } from '../people/taken-invites.ts'
import { page } from '../platform/browser.ts'
import { alone, type Locks } from '../platform/locks.ts'
import { orGivenUp, throwIfAborted } from '../runtime/abort.ts'
import { alarmAt } from '../runtime/alarm.ts'
import { type Deferred, deferred } from '../runtime/deferred.ts'
import { now } from '../runtime/driver.ts'
import { report } from '../runtime/events.ts'
import type { Dialling } from './dialling.ts'
import { noRelay } from './no-relay.ts'

export interface AcceptancesOptions {
  readonly book: InviteBook
  readonly contacts: ContactBook
  readonly taken: TakenInvites
  readonly roster: Pick<Roster, 'own' | 'towards' | 'mayDial' | 'isAnyRelayReady' | 'clockAheadMsSoon' | 'hurry' | 'unsupported'>
  /** What may be disclosed where `asked` was asked for, or nothing. Rejects where that cannot work. */
  readonly disclosure: (asked: Disclosure | undefined) => Promise<Disclosure>
  /** Absent where the profile has one tab. */
  readonly locks: Locks | undefined
  /** The profile's own. */
  readonly lockName: string
}

export interface AcceptOptions {
  /** For my address book; without, what they call themselves. */
  readonly name?: string | undefined
  readonly timeoutMs: number
  readonly disclose?: Disclosure | undefined
  readonly signal?: AbortSignal | undefined
}

/** For an inviter who decided just before the link expired. */
const GRACE_MS = 250
/** Less time than this is not worth another attempt. */
const RETRY_MIN_MS = 100

interface Attempt {
  readonly link: InviteLink
  name: string | undefined
  waiters: number
  dial: DialNumber | undefined
  /** They have let me in: from here on there is no way back. */
  isCommitted: boolean
  /** Aborted once it is over. */
  readonly over: AbortController
  readonly done: Deferred<Contact>
}

export class Acceptances {
  readonly #options: AcceptancesOptions
  /** By the link's secret, as hex. */
  readonly #attempts = new Map<string, Attempt>()
  readonly #stopListening: () => void

  constructor(options: AcceptancesOptions) {
    this.#options = options
    this.#stopListening = options.contacts.events.on('contact', ({ change, contact }) => {
      if (change === 'removed') options.taken.removed(contact.id).catch(report)
    })
  }

  async accept(url: string | URL, options: AcceptOptions, dialling: Pick<Dialling, 'dial' | 'cancel'>): Promise<Contact> {
    const { signal, timeoutMs, name } = options
    // Before the invitation is spent: what is wrong with it would be found when the contact is made.
    if (name !== undefined && tidyName(name) !== '') parseName(name, 'A contact’s name')
    const link = parseInviteUrl(url)
    if (this.#options.book.listLive().some(({ secret }) => equal(secret, link.secret))) {
      throw new KithError('invalid-argument', 'This invitation is your own: send it to another person.')
    }
    const key = hex(link.secret)
    const until = now() + timeoutMs
    for (;;) {
      throwIfAborted(signal)
      const joined = this.#attempts.get(key)
      const attempt = joined ?? this.#begin(key, link, { ...options, timeoutMs: until - now() }, dialling)
      attempt.name ??= name
      attempt.waiters += 1
      try {
        return await orGivenUp(attempt.done.promise, {
          ...{ until, signal, late, endsByItself: true },
          mayEnd: () => !attempt.isCommitted,
        })
      } catch (error) {
        // Another's attempt, who had less time: go on for what is left of ours.
        const isWorthwhile = joined !== undefined && until - now() >= RETRY_MIN_MS
        if (!isWorthwhile || !(error instanceof KithError) || error.code !== 'no-answer') throw error
      } finally {
        attempt.waiters -= 1
        if (attempt.waiters === 0 && !attempt.isCommitted) {
          this.#giveUp(attempt, dialling, new KithError('aborted', 'Nothing waits for this invitation any more.'))
        }
      }
    }
  }

  /** The inviter has let me in: they are a contact of mine too. */
  async granted(dial: DialNumber, by: Introduced): Promise<void> {
    const attempt = this.#find(dial)
    if (!attempt) return
    attempt.isCommitted = true
    try {
      // Together, so that a page that goes now leaves both or neither behind.
      const [contact] = await Promise.all([
        addIntroduced(this.#options.contacts, by, attempt.name ?? '', []),
        this.#options.taken.add(attempt.link.secret, by.id).catch(report),
      ])
      if (contact.trust === 'blocked') throw blocked()
      attempt.done.resolve(contact)
    } catch (error) {
      attempt.done.reject(error)
    } finally {
      this.#end(attempt)
    }
  }

  ended(dial: DialNumber, error: KithError): void {
    const attempt = this.#find(dial)
    if (!attempt || attempt.isCommitted) return
    // From here an inviter whose invitation has expired looks as if it were used, or as if they were away.
    const isLate = hasExpired(attempt.link) && (error.code === 'used' || error.code === 'no-answer')
    attempt.done.reject(isLate ? expired(error) : this.#explain(error, attempt.link))
    this.#end(attempt)
  }

  /** Those that wait, wait no longer. */
  close(): void {
    this.#stopListening()
    for (const attempt of [...this.#attempts.values()]) {
      attempt.done.reject(new KithError('closed', 'This peer has been closed.'))
      this.#end(attempt)
    }
  }

  /** Does nothing once it is over. */
  #giveUp(attempt: Attempt, dialling: Pick<Dialling, 'cancel'>, error: KithError): void {
    if (attempt.over.signal.aborted) return
    attempt.done.reject(error)
    this.#end(attempt)
    if (attempt.dial !== undefined) dialling.cancel(attempt.dial)
  }

  #begin(key: string, link: InviteLink, options: AcceptOptions, dialling: Pick<Dialling, 'dial' | 'cancel'>): Attempt {
    const done = deferred<Contact>()
    // The waiters get the error. After the last one has gone it concerns none.
    done.promise.catch(() => undefined)
    const over = new AbortController()
    const attempt: Attempt = {
      link,
      name: options.name,
      waiters: 0,
      dial: undefined,
      isCommitted: false,
      over,
      done,
    }
    this.#attempts.set(key, attempt)
    this.#run(attempt, options, dialling).catch((error: unknown) => {
      attempt.done.reject(error)
      this.#end(attempt)
    })
    return attempt
  }

  async #run(attempt: Attempt, options: AcceptOptions, dialling: Pick<Dialling, 'dial' | 'cancel'>): Promise<void> {
    const { link } = attempt
    const until = now() + options.timeoutMs
    if (await this.#resolveKnown(attempt)) return
    if (hasExpired(link)) throw await this.#expired(link)
    await this.#alone(link.secret, attempt.over.signal, async () => {
      // Another tab of mine may have taken it up while this one waited.
      if (await this.#resolveKnown(attempt)) return
      const disclosure = await this.#options.disclosure(options.disclose)
      if (attempt.over.signal.aborted) return
      // To accept is to agree that these relays see where it comes from; before, and for anything else, they are not dialled.
      const carriers = this.#options.roster.towards(link.relays, INVITE_RELAY_ATTEMPTS_MAX)
      if (carriers.length === 0) {
        if (link.relays.length > 0) throw tooNear()
        throw new KithError(
          'no-relay',
          'This invitation names no relay, and this peer has none: give createPeer({ relays }) the one that its maker uses.',
        )
      }
      // In Node there is no other tab: waiting for one to answer would only hide what is missing.
      const { unsupported } = this.#options.roster
      if (unsupported && !page()) throw unsupported
      this.#options.roster.hurry(carriers.map(({ origin }) => origin))
      const way = inviteWay(link.secret)
      attempt.dial = dialling.dial({
        way,
        routes: routesBy(way, carriers),
        protocols: [CONNECT_PROTOCOL],
        timeoutMs: Math.max(0, until - now()),
        disclosure,
        isDisclosureAsked: options.disclose !== undefined,
        named: this.#named(link, carriers),
      })
      await this.#untilOver(attempt, dialling)
    })
  }

  /** Where the link's maker waits, unless that is at relays of mine too, or the link does not say. */
  #named({ relays }: InviteLink, carriers: readonly Carrier[]): string[] | undefined {
    if (relays.length === 0 || relays.some((url) => this.#isOwn(url))) return undefined
    const { own } = this.#options.roster
    return carriers.filter((carrier) => !own.includes(carrier)).map(({ origin }) => origin)
  }

  #isOwn(url: string): boolean {
    return this.#options.roster.own.some(({ origin }) => origin === new URL(url).origin)
  }

  /** Until the attempt is over, or the link expires under it. */
  async #untilOver(attempt: Attempt, dialling: Pick<Dialling, 'cancel'>): Promise<void> {
    const stop = alarmAt(attempt.link.expiresAt + GRACE_MS, () => {
      if (!attempt.isCommitted) this.#giveUp(attempt, dialling, expired())
    })
    // How it ends is for those who wait for it.
    await attempt.done.promise.then(stop, stop)
  }

  /** Whether the link was taken up before: then the attempt is over. */
  async #resolveKnown(attempt: Attempt): Promise<boolean> {
    const { contacts, taken } = this.#options
    const maker = await taken.makerOf(attempt.link.secret)
    if (maker === undefined) return false
    const contact = maker === 'removed' ? undefined : (contacts.get(maker) ?? (await contacts.reread(maker)))
    if (contact === undefined) {
      throw new KithError(
        'used',
        'You have used this invitation, and its maker is not the contact any more that it made: ask for another.',
      )
    }
    if (contact.trust === 'blocked') throw blocked()
    attempt.done.resolve(contact)
    this.#end(attempt)
    return true
  }

  /** `work`, once no other tab of this profile is at the same link. */
  #alone(secret: Bytes, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { locks, lockName } = this.#options
    return alone(locks, `${lockName}/${hex(inviteMark(secret).subarray(0, 16))}`, signal, work)
  }

  /** By our clock: which may be wrong, while the invitation is good. */
  async #expired({ expiresAt }: InviteLink): Promise<KithError> {
    const aheadMs = await this.#options.roster.clockAheadMsSoon(CLOCK_WAIT_MS)
    if (aheadMs === undefined || expiresAt <= Date.now() - aheadMs) return expired()
    return new KithError('expired', `This invitation has expired by this device’s clock alone. ${clockSentence(aheadMs)}`)
  }

  #end(attempt: Attempt): void {
    attempt.over.abort()
    const key = hex(attempt.link.secret)
    if (this.#attempts.get(key) === attempt) this.#attempts.delete(key)
  }

  #find(dial: DialNumber): Attempt | undefined {
    return [...this.#attempts.values()].find((attempt) => attempt.dial === dial)
  }

  #explain(error: KithError, { relays }: InviteLink): KithError {
    const { roster } = this.#options
    const isUnmet = error.code === 'no-relay' || (error.code === 'no-answer' && !roster.isAnyRelayReady)
    if (!isUnmet) return error
    const isForeign = relays.length > 0 && !relays.some((url) => this.#isOwn(url))
    if (isForeign && !relays.some((url) => roster.mayDial(url))) return tooNear(error)
    if (roster.unsupported) return roster.unsupported
    if (isForeign && roster.isAnyRelayReady) return awayRelays(error)
    return error.code === 'no-relay' ? error : noRelay(error)
  }
}

/** For a relay to tell its time, where an invitation looks expired. */
const CLOCK_WAIT_MS = 2_000

const tooNear = (cause?: unknown) =>
  new KithError(
    'no-relay',
    'This invitation names only relays of its maker’s own device or network, where a page of the internet does not go: open it from that network, or ask for one by way of a public relay.',
    { cause },
  )

const awayRelays = (cause: unknown) =>
  new KithError(
    'no-relay',
    'None of the relays that this invitation names can be reached: try again later, or ask for one by way of another relay.',
    { source: 'network', cause },
  )

const hasExpired = ({ expiresAt }: InviteLink) => expiresAt <= Date.now()

const expired = (cause?: unknown) =>
  new KithError('expired', 'This invitation has expired: ask its maker for another.', { cause })

const blocked = () => new KithError('blocked', 'You have blocked the person who made this invitation.')

const late = () => new KithError('timeout', 'The invitation was not taken up in time.')
