/** Me: wires identity, contacts, carriers, dialling and connections. It holds no protocol of its own. */
import {
  type Bytes,
  type DialNumber,
  type DialPeer,
  type Doorstep,
  epochsAround,
  KithError,
  type PeerId,
  type Presence,
  type ProtocolName,
  safetyNumber,
} from '@kith/protocol'
import type {
  Audience,
  Connection,
  Contact,
  Contacts,
  Datagrams,
  DialOptions,
  Identity,
  Invite,
  Media,
  OpenOptions,
  Peer,
  PeerEvents,
  PeerOptions,
  PeerStatus,
  Protocols,
  Stop,
  Stream,
  Who,
} from './api.ts'
import type { Carrier } from './carriers/carrier.ts'
import { clockSentence } from './carriers/relay-clock.ts'
import { Roster, type RosterOptions } from './carriers/roster.ts'
import { Acceptances } from './connection/acceptances.ts'
import { LiveConnection } from './connection/connection.ts'
import { datagrams } from './connection/datagrams.ts'
import { type DialHost, Dialling, type Judgement, type Knocking, type LinkUp, noRelay } from './connection/dialling.ts'
import { type ConnectRequest, Meetings } from './connection/meetings.ts'
import { type Handler, parseProtocols, Serving } from './connection/serving.ts'
import { exchangeRelays } from './connection/told-relays.ts'
import { LocalIdentity } from './identity/identity.ts'
import { openIdentity } from './identity/vault.ts'
import { checkIceServers } from './path/webrtc/ice-servers.ts'
import { browserWebRtc, type NegotiatorState, type WebRtc } from './path/webrtc/negotiator.ts'
import { type ParsedOptions, parseAudience, parsePeerOptions, parseTimeout } from './peer-options.ts'

import { ContactBook } from './people/contacts.ts'
import { DisclosurePolicy } from './people/disclosure.ts'
import { Doorsteps } from './people/doorsteps.ts'
import { Farewells } from './people/farewells.ts'
import { CONNECT_PROTOCOL, Invitations } from './people/invitations.ts'
import { InviteBook } from './people/invites.ts'
import { defaultPage } from './people/links.ts'
import { PresenceQueries } from './people/presence.ts'
import { TabLeader } from './people/tab-leader.ts'
import { TakenInvites } from './people/taken-invites.ts'
import { checkEnvironment, isPage, lockManager } from './platform/environment.ts'
import { onPageEnd } from './platform/page-end.ts'
import { onWake } from './platform/page-wake.ts'
import { now } from './runtime/driver.ts'
import { Emitter, report } from './runtime/events.ts'
import { checkOptions } from './runtime/option-names.ts'
import { nextTask } from './runtime/slices.ts'
import { Link, type LinkStream } from './session/link.ts'
import { type OpenedStore, openStore } from './storage/open.ts'

/** As long as a phone rings. */
const RING_TIMEOUT_MS = 60_000
/** A question for presence is asked again soon: it need not wait long. */
const PRESENCE_TIMEOUT_MS = 3_000

/** All that has to be opened before there is a peer. */
interface Opened {
  readonly options: ParsedOptions
  readonly storage: OpenedStore
  readonly keys: Awaited<ReturnType<typeof openIdentity>>['keys']
  readonly identity: LocalIdentity
  readonly contacts: ContactBook
  readonly invites: InviteBook
}

export async function openPeer(options: PeerOptions): Promise<Peer> {
  const parsed = parsePeerOptions(options)
  checkEnvironment({ wrtc: options.wrtc, webSocket: options.webSocket, hasRelays: parsed.relays.length > 0 })
  const { profile, iceServers } = parsed
  const RTCPeerConnection = ((options.wrtc as WebRtc | undefined) ?? browserWebRtc())?.RTCPeerConnection
  if (Array.isArray(iceServers) && RTCPeerConnection) checkIceServers(iceServers, RTCPeerConnection)
  const storage = await openStore({ profile, storage: options.storage })
  const { store } = storage
  try {
    const { keys } = await openIdentity(store)
    const identity = await LocalIdentity.open(store, keys)
    const contacts = await ContactBook.open({ store, self: keys.id })
    const invites = await InviteBook.open({ store })
    return new LocalPeer({ options: parsed, storage, keys, identity, contacts, invites })
  } catch (error) {
    store.close()
    throw error
  }
}

class LocalPeer implements Peer {
  readonly id: PeerId
  readonly identity: Identity
  readonly contacts: Contacts
  readonly #opened: Opened
  readonly #events = new Emitter<PeerEvents>()
  readonly #serving = new Serving(() => this.#tellProtocols())
  readonly #tabLeader: TabLeader
  readonly #policy: DisclosurePolicy
  readonly #roster: Roster
  readonly #doorsteps: Doorsteps
  readonly #dialling: Dialling
  readonly #meetings: Meetings
  readonly #invitations: Invitations
  readonly #acceptances: Acceptances
  readonly #presence: PresenceQueries
  readonly #farewells = new Farewells()
  readonly #instance = crypto.getRandomValues(new Uint8Array(16))
  readonly #stops: (() => void)[] = []
  /** All of them, also those that are not up yet: what changes while they come up concerns them too. */
  readonly #links = new Set<Link>()
  #isUpdatingSoon = false
  #isKeepingRelaysSoon = false
  #findableBy: Audience
  /** Why nothing can be offered to those who call. */
  #iceServersError: KithError | undefined
  #closed: Promise<void> | undefined
  /** The page goes: what does not leave at once never will. */
  #hasNoLater = false
  /** Not among `#stops`: the page may end while a close still drains. */
  #stopPageEnd = (): void => undefined

  constructor(opened: Opened) {
    const { options, keys, identity, contacts, invites, storage } = opened
    const { relays } = options
    this.#opened = opened
    this.id = keys.id
    this.identity = identity
    this.contacts = contacts
    this.#findableBy = options.findableBy
    this.#policy = new DisclosurePolicy({
      disclose: options.disclose,
      iceServers: options.iceServers,
      contact: (id) => contacts.get(id),
    })
    const locks = options.storage === undefined ? lockManager() : undefined
    let unlimited: () => void = () => undefined
    this.#tabLeader = new TabLeader({
      locks,
      lockName: `kith/${options.profile}/answer`,
      page: isPage() ? { document, window } : undefined,
      onUnusable: (cause) => {
        unlimited = storage.limited(unshared(cause))
      },
      onUsable: () => unlimited(),
    })
    const { local = true } = options
    // The caller's word that it is one: its types may differ from the DOM's.
    const webSocket = options.webSocket as RosterOptions['webSocket']
    this.#roster = new Roster({ relays, local, webSocket, onStatus: () => this.#relayChanged() })
    if (local && !this.#roster.isLocal) storage.limited(unshared())
    this.#doorsteps = new Doorsteps({
      identity: keys,
      carriers: this.#roster.own,
      onEnvelope: (doorstep, envelope) => {
        if (this.#isFarewell(doorstep, envelope)) return
        if (this.#tabLeader.isLeader()) this.#dialling.knocked(doorstep, envelope)
      },
      onBound: (remote) => this.#presence?.reachable(remote),
    })
    this.#invitations = new Invitations({
      book: invites,
      contacts,
      relays,
      page: options.page ?? defaultPage(),
      myName: () => identity.name,
    })
    this.#acceptances = new Acceptances({
      book: invites,
      contacts,
      taken: new TakenInvites(storage.store),
      roster: this.#roster,
      disclosure: (asked) => this.#policy.feasible(asked ?? this.#policy.towards(undefined)),
      locks,
      lockName: `kith/${options.profile}/accept`,
    })
    this.#dialling = new Dialling(this.#host())
    this.#meetings = new Meetings({
      dial: (to, request, begun) => this.#dial(to, request, begun),
      disclosure: (to, asked) => asked ?? this.#policy.towards(to),
      underWay: (to) => this.#dialling.underWay(to),
      cancel: (dial) => this.#dialling.cancel(dial),
      release: (dial) => this.#dialling.release(dial),
      announce: (connection) => this.#events.emit('connection', connection),
    })
    this.#presence = new PresenceQueries({
      absent: () => this.#opened.contacts.bySeen().filter(({ id }) => this.#isAbsent(id)),
      cost: () => epochsAround(Date.now()).length,
      ask: (id) => this.#ask(id),
      gone: (id) => contacts.left(id),
      expire: () => this.#expire(),
    })
    this.#stops.push(
      contacts.events.on('contact', (event) => this.#contactChanged(event)),
      invites.events.on('invite', () => this.#updateDoorsteps()),
      storage.onStatus(() => this.#events.emit('status', this.status)),
    )
    this.#closeWithPage()
    this.#stops.push(onWake(() => this.#expire()))
    this.#updateDoorsteps()
    this.#presence.askAll()
  }

  get connections(): ReadonlyMap<PeerId, Connection> {
    return this.#meetings.connections
  }

  get invites(): readonly Invite[] {
    return this.#invitations.open
  }

  get status(): PeerStatus {
    const relays = this.#roster.status
    const isOnline = relays.some(({ state }) => state === 'ready')
    const { storage } = this.#opened
    const error = this.#iceServersError
    const iceServers = error ? { error } : {}
    return {
      relays,
      iceServers,
      reach: isOnline ? 'online' : this.#roster.isLocal ? 'local' : 'offline',
      storage: storage.status,
    }
  }

  get findableBy(): Audience {
    return this.#findableBy
  }

  set findableBy(audience: Audience) {
    this.#checkOpen()
    this.#findableBy = parseAudience(audience)
    this.#updateDoorsteps()
  }

  on<E extends keyof PeerEvents>(event: E, listener: (payload: PeerEvents[E]) => unknown): Stop {
    return this.#events.on(event, listener)
  }

  handle(protocols: Protocols, handler: Handler<'stream'>, options: object = {}): Stop {
    this.#check('handle', options)
    return this.#serving.add({ kind: 'stream', handler }, protocols)
  }

  handleDatagrams(protocols: Protocols, handler: Handler<'datagrams'>, options: object = {}): Stop {
    this.#check('handleDatagrams', options)
    return this.#serving.add({ kind: 'datagrams', handler }, protocols)
  }

  handleMedia(protocols: Protocols, handler: Handler<'media'>, options: object = {}): Stop {
    this.#check('handleMedia', options)
    return this.#serving.add({ kind: 'media', handler }, protocols)
  }

  async open(to: Who, protocols: Protocols, options: OpenOptions = {}): Promise<Stream> {
    this.#check('open', options)
    const names = parseProtocols(protocols)
    const until = now() + parseTimeout(options)
    const connection = await this.#connectionTo(to, names, options)
    const stream = await connection.open(names, { ...options, timeoutMs: until - now() })
    this.#meetings.used(connection)
    return stream
  }

  async openDatagrams(to: Who, protocols: Protocols, options: OpenOptions = {}): Promise<Datagrams> {
    this.#check('openDatagrams', options)
    const names = parseProtocols(protocols)
    const until = now() + parseTimeout(options)
    const connection = await this.#connectionTo(to, names, options)
    const flow = await connection.openDatagrams(names, { ...options, timeoutMs: until - now() })
    this.#meetings.used(connection)
    return flow
  }

  async openMedia(to: Who, protocols: Protocols, options: OpenOptions = {}): Promise<Media> {
    this.#check('openMedia', options)
    const names = parseProtocols(protocols)
    const until = now() + (options.timeoutMs ?? RING_TIMEOUT_MS)
    const connection = await this.#connectionTo(to, names, options)
    this.#meetings.used(connection)
    return connection.openMedia(names, { ...options, timeoutMs: until - now() })
  }

  async connect(to: Who, options: DialOptions = {}): Promise<Connection> {
    this.#check('connect', options)
    return this.#connectionTo(to, [CONNECT_PROTOCOL], options)
  }

  async safetyNumber(who: Who): Promise<string> {
    return safetyNumber(this.id, this.#opened.contacts.idOf(who))
  }

  async invite(options: { name?: string; purposes?: string[]; expiresInMs?: number } = {}): Promise<Invite> {
    this.#check('invite', options)
    return this.#invitations.create(options)
  }

  async accept(invite: string | URL, options: { name?: string } & DialOptions = {}): Promise<Contact> {
    this.#check('accept', options)
    return this.#acceptances.accept(invite, { ...options, timeoutMs: parseTimeout(options) }, this.#dialling)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close().finally(() => this.#stopPageEnd())
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // ── reaching ──

  async #connectionTo(to: Who, protocols: readonly ProtocolName[], options: DialOptions): Promise<LiveConnection> {
    const id = this.#opened.contacts.idOf(to)
    if (id === this.id) throw new KithError('invalid-argument', 'This PeerId is your own: dial somebody else’s.')
    this.#checkNotBlocked(id)
    const { signal, disclose } = options
    try {
      return await this.#meetings.with(id, { protocols, timeoutMs: parseTimeout(options), signal, disclose })
    } catch (error) {
      throw error instanceof KithError ? this.#explain(error, id) : error
    }
  }

  async #dial(
    to: PeerId,
    { protocols, timeoutMs, disclose }: ConnectRequest,
    begun: (dial: DialNumber) => boolean,
  ): Promise<void> {
    this.#checkOpen()
    const until = now() + timeoutMs
    const wanted = disclose ?? this.#policy.towards(to)
    const carriers = this.#carriersTo(to, wanted === 'direct')
    if (carriers.length === 0) throw noRelay()
    // A device that slept since, or whose clock was set, has another day's addresses.
    this.#doorsteps.refresh().catch(report)
    const disclosure = await this.#policy.feasible(wanted)
    const routes = await this.#doorsteps.routesTo(to, carriers)
    // Closed or blocked while we waited.
    this.#checkOpen()
    this.#checkNotBlocked(to)
    // Anew: a relay of theirs may have been left while we waited, since no dial was under way there yet.
    this.#carriersTo(to, wanted === 'direct')
    this.#roster.hurry(carriers.map(({ origin }) => origin))
    const way = { kind: 'contact', remote: to } as const
    this.#dialling.dial({ way, routes, protocols, timeoutMs: Math.max(0, until - now()), disclosure }, begun)
  }

  /** A knock that wants nothing: are they there? */
  async #ask(id: PeerId): Promise<void> {
    if (this.#closed || !this.#isAbsent(id)) return
    const carriers = this.#carriersTo(id, this.#policy.mayLearn(id))
    const routes = await this.#doorsteps.routesTo(id, carriers)
    // What has changed since they were queued counts: who was removed is not told that I am here.
    if (routes.length === 0 || this.#closed || !this.#isAbsent(id)) return
    const way = { kind: 'contact', remote: id } as const
    try {
      this.#dialling.dial({ way, routes, protocols: [], timeoutMs: PRESENCE_TIMEOUT_MS, disclosure: 'direct' })
    } catch (error) {
      // So many dials are under way that there is no room for a question: it comes again with the next round.
      if (!(error instanceof KithError && error.code === 'too-many')) throw error
    }
  }

  /** Where to knock for them: a relay of theirs sees my network address, so those who may not learn it are sought at mine only. */
  #carriersTo(id: PeerId, mayLearn: boolean): Carrier[] {
    return this.#roster.towards(mayLearn ? (this.contacts.get(id)?.relays ?? []) : [])
  }

  /** Whether it is worth asking if they are online, and proper. */
  #isAbsent(id: PeerId): boolean {
    const trust = this.contacts.get(id)?.trust ?? 'blocked'
    return this.#opened.options.presence !== false && trust !== 'blocked' && !this.#meetings.connections.has(id)
  }

  /** Contacts that may know of me: all that are not blocked, the most recently seen first. */
  #reachable(): PeerId[] {
    const contacts = this.#opened.contacts.bySeen()
    return contacts.filter(({ trust }) => trust !== 'blocked').map(({ id }) => id)
  }

  // ── being reached ──

  #host(): DialHost {
    const { keys, identity, contacts, options } = this.#opened
    return {
      identity: keys,
      instance: this.#instance,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      roster: this.#roster,
      // The caller's word that it is one: its types may differ from the DOM's.
      wrtc: options.wrtc as WebRtc | undefined,
      introduction: () => ({ name: identity.name, relays: options.relays }),
      iceServers: () => this.#policy.iceServers(),
      judge: (knock) => this.#judge(knock),
      mustRelay: (id) => contacts.get(id) !== undefined && !this.#policy.mayLearn(id),
      mayArrive: (origins, sinceMs) => this.#roster.mayArrive(origins, sinceMs),
      unable: (error) => this.#unableToOffer(error),
      hasRoom: (making, whom) => {
        // A page that is back after a crash is not kept out by what the crash has left: for that there is one place more.
        const spare = whom !== undefined && this.#meetings.doubtful(whom) > 0 ? 1 : 0
        return this.#meetings.size + making < options.maxConnections + spare
      },
      proved: (doorstep, by) => this.#invitations.proved(doorstep, by),
      granted: (dial, by) => void this.#acceptances.granted(dial, by),
      present: (remote, instance, presence) => this.#heard(remote, instance, presence),
      presence: (remote, origin) => {
        if (options.presence === false) return undefined
        return { goodForMs: Math.round(this.#presence.goodForMs), farewell: this.#farewells.token(remote, origin) }
      },
      link: ({ peer, ...path }) => {
        const link: Link = new Link({
          ...path,
          role: peer.role,
          instance: this.#instance,
          protocols: this.#serving.names,
          onIncoming: ({ kind, protocol }) => {
            const served = this.#serving.get(kind, protocol)
            if (!served) return undefined
            const serve = (stream: LinkStream, connection: LiveConnection | undefined) => {
              // It went as it came: whoever opened the stream has been told.
              if (!connection) return stream.reset()
              this.#meetings.used(connection)
              switch (served.kind) {
                case 'stream':
                  return served.handler(connection.wrap(stream))
                case 'datagrams':
                  return served.handler(datagrams(stream, connection))
                case 'media':
                  return served.handler(connection.ring(stream))
              }
            }
            return (stream) => {
              const made = this.#meetings.over(link)
              return made instanceof Promise ? made.then((connection) => serve(stream, connection)) : serve(stream, made)
            }
          },
        })
        this.#links.add(link)
        const gone = () => this.#links.delete(link)
        link.closed.then(gone, gone)
        return link
      },
      connected: (_dial, up) => this.#connected(up),
      yielded: (dial, to) => this.#meetings.yielded(dial, to),
      ended: (dial, error) => {
        this.#acceptances.ended(dial, error)
        this.#meetings.ended(dial, error)
        this.#keepRelaysSoon()
      },
    }
  }

  #judge({ doorstep, from, instance, protocols, presence }: Knocking): Judgement {
    const invite = this.#invitations.find(doorstep)
    if (doorstep.way.kind === 'invite') {
      if (!invite) return 'silence'
      // Also one that was revoked: whoever has the link may know that it is of no use any more.
      return this.#invitations.isOffered(invite) ? { offer: this.#policy.towards(undefined) } : 'spent'
    }
    const { contacts, options } = this.#opened
    if (!from || contacts.get(from)?.trust === 'blocked') return 'silence'
    this.#heard(from, instance, presence)
    this.#meetings.knocked(from)
    if (protocols.length === 0) return options.presence !== false && this.#presence.mayAnswer(from) ? 'here' : 'silence'
    return { offer: this.#policy.towards(from) }
  }

  #connected({ peer, link, negotiator, begunAt }: LinkUp): (state: NegotiatorState) => void {
    const { contacts } = this.#opened
    if (!this.#mayMeet(peer)) {
      link.fail(new KithError('blocked', 'They are no contact of this peer, or are blocked.'))
      negotiator.close()
      return () => undefined
    }
    const connection = new LiveConnection({
      remote: peer.id,
      instance: peer.instance,
      dialId: peer.dialId,
      link,
      negotiator,
      isLocal: peer.origin === 'broadcast',
      contact: () => contacts.get(peer.id),
    })
    this.#heard(peer.id, peer.instance, undefined)
    this.#meetings.add(connection, begunAt)
    this.#keepRelaysSoon()
    exchangeRelays(link, this.#opened.options.relays, (relays) => this.#toldRelays(peer.id, relays))
    const parted = () => this.#parted(peer.id)
    link.closed.then(parted, parted)
    return (state) => connection.pathChanged(state)
  }

  /** None is no news: they may be found in this browser only, and elsewhere tomorrow. */
  #toldRelays(id: PeerId, told: readonly string[]): void {
    const known = this.contacts.get(id)
    if (!known) return
    const origins = new Set([...this.#opened.options.relays, ...known.relays].map((url) => new URL(url).origin))
    // At a new relay of theirs they could see my network address.
    const relays = this.#policy.mayLearn(id) ? told : told.filter((url) => origins.has(new URL(url).origin))
    if (relays.length === 0 || known.relays.join() === relays.join()) return
    this.contacts.update(id, { relays: [...relays] }).catch(report)
  }

  /** Whoever called is a contact: found here as one, or become one by an invitation. */
  #mayMeet({ id, role }: DialPeer): boolean {
    const trust = this.contacts.get(id)?.trust
    return trust !== 'blocked' && (trust !== undefined || role === 0)
  }

  // ── who is online ──

  #heard(id: PeerId, instance: Bytes, presence: Presence | undefined): void {
    if (!presence) this.#farewells.back(id)
    else if (!this.#farewells.heard(id, instance, presence.farewell)) return
    const goodForMs = Math.max(this.#presence.goodForMs, presence?.goodForMs ?? 0)
    this.#opened.contacts.seen(id, undefined, goodForMs)
    this.#presence.heard(id, goodForMs)
    // To say goodbye later there is no time to compute where: one who asks first may never have been asked.
    if (presence) this.#doorsteps.routesTo(id, this.#carriersTo(id, false)).catch(report)
  }

  /** Most connections end because one of the two leaves. */
  #parted(id: PeerId): void {
    if (this.#closed || this.#meetings.connections.has(id) || !this.contacts.get(id)) return
    // The relay may have been faster than the connection.
    if (this.#farewells.hasLeft(id)) this.#opened.contacts.left(id)
    this.#presence.suspect(id)
  }

  #isFarewell({ way }: Doorstep, envelope: Bytes): boolean {
    if (way.kind !== 'contact') return false
    const told = this.#farewells.read(way.remote, envelope)
    if (told === 'no') return false
    if (told === 'last' && !this.#meetings.connections.has(way.remote)) this.#opened.contacts.left(way.remote)
    // Another tab or device of theirs may be here.
    this.#presence.suspect(way.remote)
    return true
  }

  /** To those who take me for online, as many as may be sent at once. */
  #sayFarewell(): void {
    const companions = new Set(this.#farewells.companions)
    for (const { id, online, trust } of this.#opened.contacts.bySeen()) {
      if (!companions.has(id) || !online || trust === 'blocked') continue
      if (!this.#presence.mayLeave()) return
      const carriers = this.#carriersTo(id, this.#policy.mayLearn(id))
      for (const { origin, address } of this.#doorsteps.knownRoutes(id, carriers)) {
        this.#roster.get(origin)?.send(address, this.#farewells.envelope(id, origin))
      }
    }
  }

  // ── keeping up ──

  #contactChanged(event: PeerEvents['contact']): void {
    const { change, contact } = event
    const isOut = change === 'removed' || contact.trust === 'blocked'
    if (isOut) {
      this.#presence.forget(contact.id)
      this.#farewells.forget(contact.id)
      const code = change === 'removed' ? 'aborted' : 'blocked'
      const error = new KithError(code, 'This is no longer a contact.')
      this.#meetings.leave(contact.id, error)
      this.#dialling.leave(contact.id, error)
      for (const connection of this.#meetings.all()) {
        if (connection.remote === contact.id) connection.close({ reason: 'no longer a contact' }).catch(report)
      }
    }
    // Who is trusted may be so by an invitation, by which a function may disclose more.
    else if (contact.trust === 'known' && !this.#policy.mayLearn(contact.id)) {
      const asked = this.#meetings.tighten(contact.id)
      const error = new KithError('no-answer', 'They may not learn the network address of this peer any more: try again.')
      this.#dialling.tighten(contact.id, asked, error)
    }
    // Who is out is not found from this moment on; for others thousands of changes may come together.
    if (isOut) this.#updateDoorsteps()
    else this.#updateDoorstepsSoon()
    if (change === 'added') this.#presence.added(contact.id)
    this.#events.emit('contact', event)
  }

  #updateDoorstepsSoon(): void {
    if (this.#isUpdatingSoon) return
    this.#isUpdatingSoon = true
    nextTask().then(() => this.#updateDoorsteps())
  }

  #updateDoorsteps(): void {
    this.#isUpdatingSoon = false
    if (this.#closed) return
    const contacts = this.#findableBy === 'nobody' ? [] : this.#reachable()
    const invites = this.#opened.invites.listLive().map(({ secret }) => secret)
    this.#doorsteps.update({ contacts, invites }).catch(report)
    this.#keepRelays()
  }

  /** A dial is over: a relay that was dialled for it alone is left. */
  #keepRelaysSoon(): void {
    if (this.#isKeepingRelaysSoon || !this.#roster.hasForeign) return
    this.#isKeepingRelaysSoon = true
    nextTask().then(() => this.#keepRelays())
  }

  /** Leaves foreign relays, but for those of contacts who may learn my network address. */
  #keepRelays(): void {
    this.#isKeepingRelaysSoon = false
    if (this.#closed) return
    const origins = this.#opened.contacts.all().flatMap(({ id, trust, relays }) => {
      const foreign = relays.map((url) => new URL(url).origin).filter((origin) => this.#roster.isForeign(origin))
      return foreign.length > 0 && trust !== 'blocked' && this.#policy.mayLearn(id) ? foreign : []
    })
    // Also where only a dial is under way: the guest of an invitation is not a contact yet.
    this.#roster.keepForeign([...origins, ...this.#dialling.origins])
  }

  #relayChanged(): void {
    // The first relay reports while the peer is still being made.
    if (!this.#presence || this.#closed) return
    this.#events.emit('status', this.status)
  }

  /** Someone who calls gets no answer, and only this peer can know why. */
  #unableToOffer(error: KithError | undefined): void {
    if (error?.message === this.#iceServersError?.message) return
    this.#iceServersError = error
    if (error) console.error(error)
    this.#events.emit('status', this.status)
  }

  #expire(): void {
    const { contacts, invites } = this.#opened
    for (const id of this.#meetings.connections.keys()) contacts.seen(id, undefined, this.#presence.goodForMs)
    contacts.expire()
    invites.expire().catch(report)
    // A new day has new addresses.
    this.#updateDoorsteps()
    this.#dialling.refresh()
  }

  #tellProtocols(): void {
    for (const link of this.#links) link.setProtocols(this.#serving.names)
  }

  /** 'no-answer' where no relay could be asked, or on the wrong day, is another matter; and so is that of somebody who is no contact. */
  #explain(error: KithError, to: PeerId): KithError {
    if (!this.contacts.get(to) && (error.code === 'needs-turn' || error.code === 'no-answer')) return stranger(error)
    const { clockAheadMs } = this.#roster
    if (error.code === 'no-answer' && clockAheadMs !== undefined) {
      const words = `They do not answer: away, or not found. ${clockSentence(clockAheadMs)}`
      return new KithError('no-answer', words, { source: 'local', cause: error })
    }
    if (error.code === 'no-relay') return this.#roster.unsupported ?? error
    if (error.code !== 'no-answer' || this.#roster.isAnyRelayReady) return error
    return this.#roster.unsupported ?? noRelay(error)
  }

  #checkNotBlocked(id: PeerId): void {
    if (this.contacts.get(id)?.trust === 'blocked') throw new KithError('blocked', 'You have blocked this contact.')
  }

  #check(verb: Parameters<typeof checkOptions>[0], options: object): void {
    this.#checkOpen()
    checkOptions(verb, options)
  }

  #checkOpen(): void {
    if (this.#closed) throw new KithError('closed', 'This peer has been closed.')
  }

  /** The others should not have to find out by themselves. */
  #closeWithPage(): void {
    if (!isPage()) return
    const leave = () => {
      this.#hasNoLater = true
      this.close().catch(report)
      // Where it was being closed already, what still drains has to leave now, and the goodbye with it.
      for (const connection of this.#meetings.all()) connection.leave({ reason: 'closed', atOnce: true }).catch(report)
    }
    this.#stopPageEnd = onPageEnd(leave)
  }

  async #close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#sayFarewell()
    this.#presence.close()
    // Before the dials end, or those who wait for them would dial anew.
    this.#meetings.close(new KithError('closed', 'This peer has been closed.'))
    this.#dialling.close()
    this.#invitations.close()
    this.#acceptances.close()
    this.#doorsteps.close()
    this.#tabLeader.close()
    await Promise.all(this.#meetings.all().map((connection) => connection.leave({ reason: 'closed', atOnce: this.#hasNoLater })))
    this.#roster.close()
    const { contacts, invites, identity, storage } = this.#opened
    try {
      await contacts.close()
    } finally {
      invites.close()
      identity.close()
      storage.store.close()
    }
  }
}

/** What tabs of one profile share beside what is stored. */
function unshared(cause?: unknown): KithError {
  const words = 'The browser does not let tabs of this page see each other: they meet through a relay, and each of them answers.'
  return new KithError('storage', words, { cause })
}

/** Whether they were asked (they may have added me) or not: the first thing to do about it is the same. */
const stranger = (cause: KithError) =>
  new KithError(
    'no-answer',
    'They are no contact of yours, and people answer their contacts only: call contacts.add at both ends, or send them an invitation, peer.invite().',
    { source: cause.code === 'needs-turn' ? 'local' : cause.source, cause },
  )
