/** Me: wires identity, contacts, carriers, dialling and connections. It holds no protocol of its own. */
import { type DialNumber, KithError, type PeerId, type ProtocolName, parsePeerId } from '@kith/protocol'
import type {
  Audience,
  Connection,
  Contacts,
  DialOptions,
  Disclosure,
  Identity,
  Invite,
  OpenOptions,
  Peer,
  PeerEvents,
  PeerOptions,
  PeerStatus,
  Protocols,
  Stream,
  Who,
} from './api.ts'
import { Roster } from './carriers/roster.ts'
import { PeerConnection } from './connection.ts'
import type { Contact } from './contact-record.ts'
import { ContactBook } from './contacts.ts'
import { type DialHost, Dialling, type Judgement, type Knocking, type LinkUp } from './dialling.ts'
import { Doorsteps } from './doorsteps.ts'
import { checkEnvironment } from './environment.ts'
import { Emitter, report, type Stop } from './events.ts'
import { LocalIdentity } from './identity/identity.ts'
import { openIdentity } from './identity/vault.ts'
import { CONNECT_PROTOCOL, Invitations } from './invitations.ts'
import { InviteBook } from './invites.ts'
import { Link } from './link/link.ts'
import { Meetings, type Wish } from './meetings.ts'
import { Presence } from './presence.ts'
import { defaultRelays, parseRelayUrls } from './relay-url.ts'
import type { NegotiatorState, WebRtc } from './rtc/negotiator.ts'
import { type Handler, parseProtocols, Serving } from './serving.ts'
import { type OpenedStore, openStore } from './storage/open.ts'
import { AnswerDuty } from './tabs.ts'

const DIAL_TIMEOUT_MS = 15_000
/** A question for presence is asked again soon: it need not wait long. */
const PRESENCE_TIMEOUT_MS = 5_000
const MAX_CONNECTIONS = 32
const RELAYS_MAX = 8

/** All that has to be opened before there is a peer. */
interface Opened {
  readonly options: PeerOptions
  readonly storage: OpenedStore
  readonly keys: Awaited<ReturnType<typeof openIdentity>>['keys']
  readonly identity: LocalIdentity
  readonly contacts: ContactBook
  readonly invites: InviteBook
  readonly relays: readonly string[]
}

export async function openPeer(options: PeerOptions): Promise<Peer> {
  checkEnvironment(options.wrtc)
  const relays = parseRelayUrls(options.relays ?? defaultRelays(), RELAYS_MAX)
  const profile = options.profile ?? 'default'
  const storage = await openStore({ profile, storage: options.storage })
  const { store } = storage
  const { keys } = await openIdentity(store)
  const identity = await LocalIdentity.open(store, keys)
  const contacts = await ContactBook.open({ store, self: keys.id })
  const invites = await InviteBook.open({ store })
  return new LocalPeer({ options: { ...options, profile }, storage, keys, identity, contacts, invites, relays })
}

class LocalPeer implements Peer {
  readonly id: PeerId
  readonly identity: Identity
  readonly contacts: Contacts
  readonly #opened: Opened
  readonly #events = new Emitter<PeerEvents>()
  readonly #serving = new Serving(() => this.#tellProtocols())
  readonly #duty: AnswerDuty
  readonly #roster: Roster
  readonly #doorsteps: Doorsteps
  readonly #dialling: Dialling
  readonly #meetings: Meetings
  readonly #invitations: Invitations
  readonly #presence: Presence
  readonly #instance = crypto.getRandomValues(new Uint8Array(16))
  readonly #stops: (() => void)[] = []
  /** All of them, also those that are not up yet: what changes while they come up concerns them too. */
  readonly #links = new Set<Link>()
  #findableBy: Audience
  #closed: Promise<void> | undefined

  constructor(opened: Opened) {
    const { options, keys, identity, contacts, invites, relays, storage } = opened
    this.#opened = opened
    this.id = keys.id
    this.identity = identity
    this.contacts = contacts
    this.#findableBy = parseAudience(options.findableBy ?? 'contacts')
    this.#duty = new AnswerDuty({
      locks: options.storage === undefined ? globalThis.navigator?.locks : undefined,
      lockName: `kith/${options.profile}/answer`,
      page: typeof document === 'undefined' ? undefined : { document, window },
    })
    const local = options.local ?? typeof BroadcastChannel !== 'undefined'
    this.#roster = new Roster({ relays, local, onStatus: () => this.#relayChanged() })
    this.#doorsteps = new Doorsteps({
      identity: keys,
      carriers: this.#roster.home,
      onEnvelope: (doorstep, envelope) => {
        if (this.#duty.isMine()) this.#dialling.knocked(doorstep, envelope)
      },
    })
    this.#invitations = new Invitations({
      book: invites,
      contacts,
      roster: this.#roster,
      relays,
      page: options.page ?? globalThis.location?.href,
      myName: () => identity.name,
    })
    this.#dialling = new Dialling(this.#host())
    this.#meetings = new Meetings({
      dial: (to, wish) => this.#dial(to, wish),
      cancel: (dial) => this.#dialling.cancel(dial),
    })
    this.#presence = new Presence({
      absent: () => (options.presence === false ? [] : this.#reachable().filter((id) => !this.#meetings.connections.has(id))),
      ask: (id) => this.#ask(id),
      expire: () => this.#expire(),
    })
    this.#stops.push(
      contacts.events.on('contact', (event) => this.#contactChanged(event)),
      invites.events.on('invite', () => this.#updateDoorsteps()),
      storage.onStatus(() => this.#events.emit('status', this.status)),
    )
    this.#closeWithPage()
    this.#updateDoorsteps()
    this.#presence.askAll()
  }

  get connections(): ReadonlyMap<PeerId, Connection> {
    return this.#meetings.connections
  }

  get status(): PeerStatus {
    const relays = this.#roster.status
    const isOnline = relays.some(({ state }) => state === 'ready')
    const { storage } = this.#opened
    return { relays, reach: isOnline ? 'online' : this.#roster.isLocal ? 'local' : 'offline', storage: storage.status }
  }

  get findableBy(): Audience {
    return this.#findableBy
  }

  set findableBy(audience: Audience) {
    this.#findableBy = parseAudience(audience)
    this.#updateDoorsteps()
  }

  on<E extends keyof PeerEvents>(event: E, listener: (payload: PeerEvents[E]) => unknown): Stop {
    return this.#events.on(event, listener)
  }

  handle(protocols: Protocols, handler: Handler): Stop {
    return this.#serving.add(protocols, handler)
  }

  async open(to: Who, protocols: Protocols, options: OpenOptions = {}): Promise<Stream> {
    const names = parseProtocols(protocols)
    const connection = await this.#connectionTo(to, names, options)
    const stream = await connection.open(names, options)
    this.#meetings.used(connection)
    return stream
  }

  async connect(to: Who, options: DialOptions = {}): Promise<Connection> {
    return this.#connectionTo(to, [CONNECT_PROTOCOL], options)
  }

  async invite(options: { name?: string; purposes?: string[]; expiresInMs?: number } = {}): Promise<Invite> {
    this.#checkOpen()
    return this.#invitations.create(options)
  }

  async accept(invite: string | URL, options: { name?: string } & DialOptions = {}): Promise<Contact> {
    this.#checkOpen()
    return this.#invitations.accept(invite, options, this.#dialling)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // ── reaching ──

  async #connectionTo(to: Who, protocols: readonly ProtocolName[], options: DialOptions): Promise<PeerConnection> {
    this.#checkOpen()
    const id = parsePeerId(typeof to === 'string' ? to : to.id)
    if (id === this.id) throw new KithError('invalid-argument', 'This is you: one does not dial oneself.')
    if (this.contacts.get(id)?.trust === 'blocked') throw new KithError('blocked', 'You have blocked this contact.')
    const { timeoutMs = DIAL_TIMEOUT_MS, signal, disclose } = options
    if (!(timeoutMs > 0)) throw new KithError('invalid-argument', 'timeoutMs must be more than 0.')
    return this.#meetings.with(id, { protocols, timeoutMs, signal, disclose })
  }

  async #dial(to: PeerId, { protocols, timeoutMs, disclose }: Wish): Promise<DialNumber> {
    const { maxConnections = MAX_CONNECTIONS } = this.#opened.options
    if (this.#meetings.size + this.#dialling.size >= maxConnections) {
      throw new KithError('too-many', `There are ${maxConnections} connections already.`)
    }
    const carriers = this.#roster.towards(this.contacts.get(to)?.relays ?? [])
    if (carriers.length === 0) throw new KithError('no-relay', 'There is no relay to reach them through.')
    const disclosure = disclose ?? this.#disclosure(to, 'contact')
    if (disclosure === 'relayed' && !(await this.#hasTurn())) {
      throw new KithError('needs-turn', 'Reaching them without telling our network address needs a TURN server.')
    }
    const routes = await this.#doorsteps.routesTo(to, carriers)
    return this.#dialling.dial({ way: { kind: 'contact', remote: to }, routes, protocols, timeoutMs, disclosure })
  }

  /** A knock that wants nothing: are they there? */
  async #ask(id: PeerId): Promise<void> {
    const carriers = this.#roster.towards(this.contacts.get(id)?.relays ?? [])
    const routes = await this.#doorsteps.routesTo(id, carriers)
    if (routes.length === 0 || this.#closed) return
    this.#dialling.dial({
      way: { kind: 'contact', remote: id },
      routes,
      protocols: [],
      timeoutMs: PRESENCE_TIMEOUT_MS,
      disclosure: 'direct',
    })
  }

  /** Contacts that may know of me: all that are not blocked. */
  #reachable(): PeerId[] {
    return [...this.contacts].filter(({ trust }) => trust !== 'blocked').map(({ id }) => id)
  }

  #disclosure(id: PeerId, via: 'contact' | 'invite'): Disclosure {
    const contact = this.contacts.get(id)
    const { disclose } = this.#opened.options
    if (disclose) return disclose({ id, via, ...(contact ? { contact } : {}) })
    return via === 'invite' || contact?.trust === 'trusted' ? 'direct' : 'relayed'
  }

  async #iceServers(): Promise<RTCIceServer[]> {
    const { iceServers = [] } = this.#opened.options
    return typeof iceServers === 'function' ? iceServers() : iceServers
  }

  async #hasTurn(): Promise<boolean> {
    const servers = await this.#iceServers()
    return servers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)))
  }

  // ── being reached ──

  #host(): DialHost {
    const { keys, identity, options, relays } = this.#opened
    return {
      identity: keys,
      instance: this.#instance,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      roster: this.#roster,
      // The caller's word that it is one: its types may differ from the DOM's.
      wrtc: options.wrtc as WebRtc | undefined,
      introduction: () => ({ name: identity.name, relays }),
      iceServers: () => this.#iceServers(),
      judge: (knock) => this.#judge(knock),
      proved: (doorstep, by) => this.#invitations.proved(doorstep, by),
      granted: (dial, by) => void this.#invitations.granted(dial, by),
      present: (remote) => this.#opened.contacts.seen(remote),
      link: ({ lanes, peer, confirmation, maxMessageSize }) => {
        const link: Link = new Link({
          lanes,
          role: peer.role,
          confirmation,
          instance: this.#instance,
          protocols: this.#serving.names,
          maxMessageSize,
          onIncoming: ({ protocol }) => {
            const handler = this.#serving.get(protocol)
            if (!handler) return undefined
            return (stream) => {
              const connection = this.#meetings.all().find((one) => one.carries(link))
              if (!connection) throw new KithError('closed', 'The connection has gone.')
              this.#meetings.used(connection)
              return handler(connection.wrap(stream))
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
        this.#invitations.ended(dial, error)
        this.#meetings.ended(dial, this.#explain(error))
      },
    }
  }

  #judge({ doorstep, from, protocols }: Knocking): Judgement {
    const invite = this.#invitations.find(doorstep)
    if (doorstep.way.kind === 'invite') {
      if (!invite) return 'silence'
      // Also one that was revoked: whoever has the link may know that it is of no use any more.
      return invite.state === 'open' ? { offer: 'direct' } : 'spent'
    }
    const { contacts, options } = this.#opened
    if (!from || contacts.get(from)?.trust === 'blocked') return 'silence'
    contacts.seen(from)
    if (protocols.length === 0) return options.presence === false ? 'silence' : 'here'
    const { maxConnections = MAX_CONNECTIONS } = options
    if (this.#meetings.size + this.#dialling.size >= maxConnections) return 'silence'
    return { offer: this.#disclosure(from, 'contact') }
  }

  #connected({ peer, link, negotiator }: LinkUp): (state: NegotiatorState) => void {
    const { contacts } = this.#opened
    const connection = new PeerConnection({
      remote: peer.id,
      link,
      negotiator,
      isLocal: peer.origin === 'broadcast',
      contact: () => contacts.get(peer.id),
    })
    this.#meetings.add(connection)
    contacts.seen(peer.id)
    this.#events.emit('connection', connection)
    return (state) => connection.pathChanged(state)
  }

  // ── keeping up ──

  #contactChanged(event: PeerEvents['contact']): void {
    const { change, contact } = event
    if (change === 'removed' || contact.trust === 'blocked') {
      for (const connection of this.#meetings.all()) {
        if (connection.remote === contact.id) connection.close({ reason: 'no longer a contact' }).catch(report)
      }
    }
    this.#updateDoorsteps()
    if (change === 'added') this.#presence.askAll()
    this.#events.emit('contact', event)
  }

  #updateDoorsteps(): void {
    if (this.#closed) return
    const contacts = this.#findableBy === 'nobody' ? [] : this.#reachable()
    const invites = this.#opened.invites.listLive().map(({ secret }) => secret)
    this.#doorsteps.update({ contacts, invites }).catch(report)
    this.#roster.keepAbroad([...this.contacts].filter(({ trust }) => trust !== 'blocked').flatMap(({ relays }) => relays))
  }

  #relayChanged(): void {
    // The first relay reports while the peer is still being made.
    if (!this.#presence || this.#closed) return
    this.#events.emit('status', this.status)
    if (this.#roster.isAnyRelayReady) this.#presence.askAll()
  }

  #expire(): void {
    const { contacts, invites } = this.#opened
    for (const id of this.#meetings.connections.keys()) contacts.seen(id)
    contacts.expire()
    invites.expire().catch(report)
    // A new day has new addresses.
    this.#updateDoorsteps()
  }

  #tellProtocols(): void {
    for (const link of this.#links) link.setProtocols(this.#serving.names)
  }

  /** 'no-answer' where no relay could be asked is another matter. */
  #explain(error: KithError): KithError {
    if (error.code !== 'no-answer' || this.#roster.isAnyRelayReady) return error
    return new KithError('no-relay', 'No relay could be reached, and they are not in this browser.', {
      source: 'network',
      cause: error,
    })
  }

  #checkOpen(): void {
    if (this.#closed) throw new KithError('closed', 'This peer has been closed.')
  }

  /** The others should not have to find out by themselves. */
  #closeWithPage(): void {
    if (typeof window === 'undefined') return
    const onHide = (event: PageTransitionEvent) => {
      if (!event.persisted) this.close().catch(report)
    }
    window.addEventListener('pagehide', onHide)
    this.#stops.push(() => window.removeEventListener('pagehide', onHide))
  }

  async #close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#presence.close()
    this.#dialling.close()
    this.#doorsteps.close()
    this.#duty.close()
    await Promise.all(this.#meetings.all().map((connection) => connection.close({ reason: 'closed' })))
    this.#roster.close()
    const { contacts, invites, identity, storage } = this.#opened
    await contacts.close()
    invites.close()
    identity.close()
    storage.store.close()
  }
}

function parseAudience(audience: Audience): Audience {
  if (audience === 'contacts' || audience === 'nobody') return audience
  throw new KithError('invalid-argument', `findableBy is 'contacts' or 'nobody', not ${JSON.stringify(audience)}.`)
}
