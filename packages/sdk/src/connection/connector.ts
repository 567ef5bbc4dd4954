/**
 * Makes connections, by dials of ours and of theirs: dial → path → session → connection, from the first envelope to the connection that
 * users see, has one owner. Who may be let in, and what they may learn, is the admission's to say, which is passed in.
 */
import {
  type Bytes,
  contactWay,
  type DialNumber,
  type DialPeer,
  type Doorstep,
  type IdentityKeys,
  KithError,
  type PeerId,
} from '@kith/protocol'
import type { Contact, Who } from '../api.ts'
import type { Roster } from '../carriers/roster.ts'
import type { NegotiatorState } from '../path/webrtc/negotiator.ts'
import type { Admission, Judgement } from '../people/admission.ts'
import { type ContactChange, endsContact } from '../people/contact-change.ts'
import type { ContactBook } from '../people/contacts.ts'
import type { Online } from '../people/online.ts'
import type { Reach } from '../people/reach.ts'
import type { WebRtc } from '../platform/browser.ts'
import { now } from '../runtime/driver.ts'
import { report } from '../runtime/events.ts'
import { nextTask } from '../runtime/slices.ts'
import { Link, type LinkOptions } from '../session/link.ts'
import type { Acceptances, AcceptOptions } from './acceptances.ts'
import { Attempts, type ConnectRequest } from './attempts.ts'
import { LiveConnection } from './connection.ts'
import { Connections } from './connections.ts'
import type { DialHost, DialKnock } from './dial-host.ts'
import type { LinkUp } from './dial-path.ts'
import { Dialling } from './dialling.ts'
import { explain } from './explain.ts'
import { noRelay } from './no-relay.ts'
import type { Serving } from './serving.ts'
import { exchangeRelays } from './told-relays.ts'

/** A question for presence is asked again soon: it need not wait long. */
const PRESENCE_TIMEOUT_MS = 3_000

export interface ConnectorOptions {
  readonly identity: IdentityKeys
  /** Which of my tabs or devices this is, 16 bytes. */
  readonly instance: Bytes
  /** Where I can be found: sent to everyone I am connected to. */
  readonly relays: readonly string[]
  readonly myName: () => string
  readonly wrtc: WebRtc | undefined
  readonly roster: Roster
  readonly contacts: ContactBook
  readonly admission: Admission
  readonly reach: Reach
  readonly online: Online
  readonly serving: Serving
  readonly acceptances: Acceptances
  /** A connection is in use for the first time. */
  readonly onConnection: (connection: LiveConnection) => void
  /** Callers cannot be offered anything, since no path can be made here; undefined: it can again. */
  readonly onUnable: (error: KithError | undefined) => void
}

export class Connector {
  readonly #options: ConnectorOptions
  readonly #connections: Connections
  readonly #attempts: Attempts
  readonly #dialling: Dialling
  /** All of them, also those that are not up yet: what changes while they come up concerns them too. */
  readonly #links = new Set<Link>()
  readonly #stop: () => void
  #isKeepingRelaysSoon = false
  #isClosed = false

  constructor(options: ConnectorOptions) {
    this.#options = options
    const { policy } = options.admission
    this.#dialling = new Dialling(this.#dialHost())
    this.#connections = new Connections({
      onNew: options.onConnection,
      onChange: (remote) => this.#attempts.connectionChanged(remote),
    })
    this.#attempts = new Attempts({
      dials: {
        dial: (to, request, begun) => this.#dial(to, request, begun),
        underWay: (to) => this.#dialling.underWay(to),
        cancel: (dial) => this.#dialling.cancel(dial),
        release: (dial) => this.#dialling.release(dial),
      },
      inUse: this.#connections.inUse,
      disclosure: (to, asked) => asked ?? policy.towards(to),
    })
    this.#stop = options.contacts.events.on('contact', (event) => this.#contactChanged(event))
  }

  /** The connection in use with each person. */
  get inUse(): ReadonlyMap<PeerId, LiveConnection> {
    return this.#connections.inUse
  }

  /** Resolves with a live connection. Errors: as `Peer.connect`. */
  async connect(to: Who, request: ConnectRequest): Promise<LiveConnection> {
    const { contacts, identity, admission, roster } = this.#options
    const id = contacts.idOf(to)
    if (id === identity.id) throw new KithError('invalid-argument', 'This PeerId is your own: dial another one.')
    admission.checkMayDial(id)
    try {
      return await this.#attempts.connect(id, request)
    } catch (error) {
      throw error instanceof KithError ? explain(error, { isContact: contacts.get(id) !== undefined, roster }) : error
    }
  }

  /** Takes up an invitation. Errors: as `Peer.accept`. */
  accept(invite: string | URL, options: AcceptOptions): Promise<Contact> {
    return this.#options.acceptances.accept(invite, options, this.#dialling)
  }

  /** The connection opened or was handed a conversation: it is in use before others with the same person. */
  used(connection: LiveConnection): void {
    this.#connections.used(connection)
  }

  /** A knock that wants nothing: are they there? */
  async ask(id: PeerId, isWanted: () => boolean): Promise<void> {
    const { reach, admission } = this.#options
    const carriers = reach.carriersTo(id, admission.policy.mayLearn(id))
    const routes = await reach.routesTo(id, carriers)
    if (routes.length === 0 || this.#isClosed || !isWanted()) return
    const way = contactWay(this.#options.identity.id, id)
    try {
      this.#dialling.dial({ way, routes, protocols: [], timeoutMs: PRESENCE_TIMEOUT_MS, disclosure: 'direct' })
    } catch (error) {
      // So many dials are under way that there is no room for a question: it comes again with the next round.
      if (!(error instanceof KithError && error.code === 'too-many')) throw error
    }
  }

  /** An envelope came to where I can be found. */
  knocked(doorstep: Doorstep, envelope: Bytes): void {
    this.#dialling.knocked(doorstep, envelope)
  }

  /** Other protocols are served now: sends the list on every link. */
  protocolsChanged(): void {
    for (const link of this.#links) link.setProtocols(this.#options.serving.names)
  }

  /** Time has passed: those who are connected are still online, and it may be another day. */
  refresh(): void {
    const { contacts, online } = this.#options
    for (const id of this.inUse.keys()) contacts.seen(id, undefined, online.goodForMs)
    this.#dialling.refresh()
  }

  /** Errors: 'closed', after `stop`. */
  checkOpen(): void {
    if (this.#isClosed) throw new KithError('closed', 'This peer has been closed.')
  }

  /** Leaves foreign relays, but for those of contacts that may learn my network address, and those where a dial is under way. */
  keepRelays(): void {
    this.#isKeepingRelaysSoon = false
    if (this.#isClosed) return
    const { roster, reach } = this.#options
    // The dials' too: the guest of an invitation is not a contact yet.
    roster.keepForeign([...reach.foreignOrigins, ...this.#dialling.origins])
  }

  /** Nothing begins any more, and what is under way ends with 'closed'. Connections stay. */
  stop(): void {
    this.#isClosed = true
    this.#stop()
    // Before the dials end, or callers that wait for them would dial anew.
    this.#attempts.close(new KithError('closed', 'This peer has been closed.'))
    this.#dialling.close()
    this.#options.acceptances.close()
  }

  /** Says goodbye on every connection. `atOnce`: what does not leave now is lost. */
  async leaveAll(atOnce: boolean): Promise<void> {
    await Promise.all(this.#connections.all().map((connection) => connection.leave({ reason: 'closed', atOnce })))
  }

  // ── dials of ours ──

  async #dial(
    to: PeerId,
    { protocols, timeoutMs, disclose }: ConnectRequest,
    begun: (dial: DialNumber) => boolean,
  ): Promise<void> {
    this.checkOpen()
    const { admission, reach, roster } = this.#options
    const until = now() + timeoutMs
    const wanted = disclose ?? admission.policy.towards(to)
    const carriers = reach.carriersTo(to, wanted === 'direct')
    if (carriers.length === 0) throw noRelay()
    reach.refresh()
    const disclosure = await admission.policy.feasible(wanted)
    const routes = await reach.routesTo(to, carriers)
    // Closed or blocked while we waited.
    this.checkOpen()
    admission.checkMayDial(to)
    // Anew: a relay of theirs may have been left while we waited, since no dial was under way there yet.
    reach.carriersTo(to, wanted === 'direct')
    roster.hurry(carriers.map(({ origin }) => origin))
    const way = contactWay(this.#options.identity.id, to)
    this.#dialling.dial({ way, routes, protocols, timeoutMs: Math.max(0, until - now()), disclosure }, begun)
  }

  // ── contacts that change ──

  #contactChanged(event: ContactChange): void {
    const { id, trust } = event.contact
    if (endsContact(event)) this.#leave(id, event.change === 'removed' ? 'aborted' : 'blocked')
    // A trusted contact may have become one by an invitation, for which a function may disclose more.
    else if (trust === 'known' && !this.#options.admission.policy.mayLearn(id)) this.#tighten(id)
  }

  /** Ends every connection and dial with this person. */
  #leave(id: PeerId, code: 'aborted' | 'blocked'): void {
    const error = new KithError(code, 'This is no longer a contact.')
    // Before the dials end, or callers that wait for them would dial anew.
    this.#attempts.leave(id, error)
    this.#dialling.leave(id, error)
    for (const connection of this.#connections.all()) {
      if (connection.remote === id) connection.close({ reason: 'no longer a contact' }).catch(report)
    }
  }

  /** They may not learn my network address any more: dials that would disclose it end, but for those that a caller asked for. */
  #tighten(id: PeerId): void {
    const asked = this.#attempts.tighten(id)
    const error = new KithError('no-answer', 'They may not learn the network address of this peer any more: try again.')
    this.#dialling.tighten(id, asked, error)
  }

  // ── what comes of dials ──

  #dialHost(): DialHost {
    const { identity, instance, roster, wrtc, myName, relays, admission, online, acceptances, onUnable } = this.#options
    return {
      ...{ identity, instance, roster, admission, online, wrtc },
      introduction: () => ({ name: myName(), relays }),
      judge: (knock) => this.#judge(knock),
      unable: onUnable,
      hasRoom: (making, whom) => {
        const doubtful = whom === undefined ? 0 : this.#connections.doubtful(whom)
        return admission.hasRoom({ connections: this.#connections.size + making, doubtful })
      },
      granted: (dial, by) => void acceptances.granted(dial, by),
      link: (options) => this.#openLink(options),
      connected: (up, begunAt) => this.#connected(up, begunAt),
      yielded: (dial, to) => this.#attempts.yielded(dial, to),
      ended: (dial, error) => {
        acceptances.ended(dial, error)
        this.#attempts.ended(dial, error)
        this.#keepRelaysSoon()
      },
    }
  }

  #judge(knock: DialKnock): Judgement {
    const { admission, online } = this.#options
    const { from, instance, presence } = knock
    if (from !== undefined && !admission.isBlocked(from)) {
      online.heard(from, instance, presence)
      this.#connections.knocked(from)
    }
    return admission.judge(knock)
  }

  /** The session over a path whose ends both know each other. */
  #openLink({ peer, ...path }: { peer: DialPeer } & Pick<LinkOptions, 'lanes' | 'confirmation' | 'maxMessageSize'>): Link {
    const { instance, serving } = this.#options
    const used = (connection: LiveConnection) => this.#connections.used(connection)
    const link: Link = new Link({
      ...path,
      role: peer.role,
      instance,
      protocols: serving.names,
      onIncoming: (request) => serving.handlerFor(request, () => this.#connections.over(link), used),
    })
    this.#links.add(link)
    const gone = () => this.#links.delete(link)
    link.closed.then(gone, gone)
    return link
  }

  /** Both ends have confirmed the link. */
  #connected({ peer, link, negotiator }: LinkUp, begunAt: number): (state: NegotiatorState) => void {
    const { contacts, admission, online, relays } = this.#options
    const { id, instance, dialId } = peer
    if (!admission.mayConnect(id, peer.role === 1)) {
      link.fail(new KithError('blocked', 'They are no contact of this peer, or are blocked.'))
      negotiator.close()
      return () => undefined
    }
    const isLocal = this.#options.roster.get(peer.origin)?.kind === 'tabs'
    const ends = { remote: id, instance, dialId, link, negotiator, isLocal }
    const connection = new LiveConnection({ ...ends, contact: () => contacts.get(id) })
    online.heard(id, instance, undefined)
    this.#connections.add(connection, begunAt)
    this.#keepRelaysSoon()
    exchangeRelays(link, relays, (theirs) => this.#learnRelays(id, theirs))
    const parted = () => online.parted(id)
    link.closed.then(parted, parted)
    return (state) => connection.pathChanged(state)
  }

  /** No relays are no news: they may be found in this browser only, and elsewhere tomorrow. */
  #learnRelays(id: PeerId, told: readonly string[]): void {
    const { contacts, admission, relays: mine } = this.#options
    const known = contacts.get(id)
    if (!known) return
    const origins = new Set([...mine, ...known.relays].map((url) => new URL(url).origin))
    // At a new relay of theirs they could see my network address.
    const relays = admission.policy.mayLearn(id) ? told : told.filter((url) => origins.has(new URL(url).origin))
    if (relays.length === 0 || known.relays.join() === relays.join()) return
    contacts.update(id, { relays: [...relays] }).catch(report)
  }

  /** A dial is over: a relay that was dialled for it alone is left. */
  #keepRelaysSoon(): void {
    if (this.#isKeepingRelaysSoon || !this.#options.roster.hasForeign) return
    this.#isKeepingRelaysSoon = true
    nextTask().then(() => this.keepRelays())
  }
}
