/** Me: wires identity, people, carriers and connections. It decides nothing itself. */
import { type PeerId, safetyNumber } from '@kith/protocol'
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
import { Roster, type RosterOptions } from './carriers/roster.ts'
import { Acceptances } from './connection/acceptances.ts'
import { Connector } from './connection/connector.ts'
import { type Handler, Serving } from './connection/serving.ts'
import { Endpoint } from './endpoint.ts'
import { type OpenedParts, openParts } from './opened-parts.ts'
import { parseAudience, parseTimeout } from './peer-options.ts'
import { Status } from './peer-status.ts'
import { Admission } from './people/admission.ts'
import { DisclosurePolicy } from './people/disclosure.ts'
import { CONNECT_PROTOCOL, Invitations } from './people/invitations.ts'
import { defaultPage } from './people/links.ts'
import { Online } from './people/online.ts'
import { Reach } from './people/reach.ts'
import { TabLeader, tabsApart } from './people/tab-leader.ts'
import { TakenInvites } from './people/taken-invites.ts'
import { lockManager, page, type WebRtc } from './platform/browser.ts'
import { onPageEnd } from './platform/page-end.ts'
import { onWake } from './platform/page-wake.ts'
import { afterPendingWrites } from './runtime/cork.ts'
import { Emitter, report } from './runtime/events.ts'

export async function openPeer(options: PeerOptions): Promise<Peer> {
  const opened = await openParts(options)
  try {
    return await LocalPeer.open(opened)
  } catch (error) {
    opened.storage.store.close()
    throw error
  }
}

class LocalPeer implements Peer {
  static async open(opened: OpenedParts): Promise<LocalPeer> {
    const peer = new LocalPeer(opened)
    await peer.#invitations.prepare()
    return peer
  }

  readonly id: PeerId
  readonly identity: Identity
  readonly contacts: Contacts
  readonly #opened: OpenedParts
  readonly #events = new Emitter<PeerEvents>()
  readonly #tabLeader: TabLeader
  readonly #roster: Roster
  readonly #status: Status
  readonly #reach: Reach
  readonly #online: Online
  readonly #invitations: Invitations
  readonly #connector: Connector
  readonly #endpoint: Endpoint
  readonly #stops: (() => void)[] = []
  #closed: Promise<void> | undefined
  /** The page goes: what does not leave at once never will. */
  #hasNoLater = false
  /** Not among `#stops`: the page may end while a close still drains. */
  #stopPageEnd = (): void => undefined

  constructor(opened: OpenedParts) {
    const { options, keys, identity, contacts, invites, storage } = opened
    const { relays, profile, local = true } = options
    this.#opened = opened
    this.id = keys.id
    this.identity = identity
    this.contacts = contacts
    const { disclose, iceServers, findableBy, maxConnections } = options
    const policy = new DisclosurePolicy({ disclose, iceServers, contact: (id) => contacts.get(id) })
    const locks = options.storage === undefined ? lockManager() : undefined
    let unlimited: () => void = () => undefined
    this.#tabLeader = new TabLeader({
      locks,
      lockName: `kith/${profile}/answer`,
      page: page(),
      onUnusable: (cause) => {
        unlimited = storage.limited(tabsApart(cause))
      },
      onUsable: () => unlimited(),
    })
    // The caller's word that it is one: its types may differ from the DOM's.
    const webSocket = options.webSocket as RosterOptions['webSocket']
    // The first relay reports while the roster is made.
    const roster: Roster = new Roster({ relays, local, webSocket, onStatus: () => this.#status?.changed() })
    this.#roster = roster
    this.#status = new Status({ roster, storage, onChange: (status) => this.#events.emit('status', status) })
    if (local && !roster.isLocal) storage.limited(tabsApart())
    const reach = new Reach({
      ...{ identity: keys, roster, contacts, invites, policy, findableBy },
      onEnvelope: (doorstep, envelope) => {
        if (this.#online.isFarewell(doorstep, envelope)) return
        if (this.#tabLeader.isLeader()) this.#connector.knocked(doorstep, envelope)
      },
      onBound: (remote) => this.#online.reachable(remote),
      onUpdate: () => this.#connector.keepRelays(),
    })
    this.#reach = reach
    const online = new Online({
      ...{ contacts, policy, roster, reach },
      isEnabled: options.presence !== false,
      isConnected: (id) => this.#connector.inUse.has(id),
      ask: (id, isWanted) => this.#connector.ask(id, isWanted),
      onRound: () => this.#expire(),
    })
    this.#online = online
    const myName = () => identity.name
    this.#invitations = new Invitations({ book: invites, contacts, relays, page: options.page ?? defaultPage(), myName })
    const serving = new Serving(() => this.#connector.protocolsChanged())
    this.#connector = new Connector({
      ...{ identity: keys, relays, myName, contacts, roster, reach, online, serving },
      instance: crypto.getRandomValues(new Uint8Array(16)),
      // The caller's word, as above.
      wrtc: options.wrtc as WebRtc | undefined,
      admission: new Admission({
        ...{ contacts, invitations: this.#invitations, policy, maxConnections },
        mayAnswer: (from) => online.mayAnswer(from),
      }),
      acceptances: new Acceptances({
        ...{ book: invites, contacts, roster, locks, lockName: `kith/${profile}/accept` },
        taken: new TakenInvites(storage.store),
        disclosure: (asked) => policy.feasible(asked ?? policy.towards(undefined)),
      }),
      onConnection: (connection) => this.#events.emit('connection', connection),
      onUnable: (error) => this.#status.unableToOffer(error),
    })
    this.#endpoint = new Endpoint({
      serving,
      connect: (to, request) => this.#connector.connect(to, request),
      used: (connection) => this.#connector.used(connection),
      checkOpen: () => this.#connector.checkOpen(),
    })
    // After the parts above, which listen too.
    this.#stops.push(contacts.events.on('contact', (event) => this.#events.emit('contact', event)))
    this.#stops.push(onWake(() => this.#expire()))
    this.#closeWithPage()
    reach.update()
    online.askAll()
  }

  get connections(): ReadonlyMap<PeerId, Connection> {
    return this.#connector.inUse
  }

  get invites(): readonly Invite[] {
    return this.#invitations.open
  }

  get status(): PeerStatus {
    return this.#status.value
  }

  get findableBy(): Audience {
    return this.#reach.findableBy
  }

  set findableBy(audience: Audience) {
    this.#connector.checkOpen()
    this.#reach.findableBy = parseAudience(audience)
  }

  on<E extends keyof PeerEvents>(event: E, listener: (payload: PeerEvents[E]) => unknown): Stop {
    return this.#events.on(event, listener)
  }

  handle(protocols: Protocols, handler: Handler<'stream'>, options?: object): Stop {
    return this.#endpoint.handle(protocols, handler, options)
  }

  handleDatagrams(protocols: Protocols, handler: Handler<'datagrams'>, options?: object): Stop {
    return this.#endpoint.handleDatagrams(protocols, handler, options)
  }

  handleMedia(protocols: Protocols, handler: Handler<'media'>, options?: object): Stop {
    return this.#endpoint.handleMedia(protocols, handler, options)
  }

  open(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Stream> {
    return this.#endpoint.open(to, protocols, options)
  }

  openDatagrams(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Datagrams> {
    return this.#endpoint.openDatagrams(to, protocols, options)
  }

  openMedia(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Media> {
    return this.#endpoint.openMedia(to, protocols, options)
  }

  async connect(to: Who, options: DialOptions = {}): Promise<Connection> {
    this.#endpoint.check('connect', options)
    return this.#endpoint.connect(to, [CONNECT_PROTOCOL], options)
  }

  async safetyNumber(who: Who): Promise<string> {
    return safetyNumber(this.id, this.#opened.contacts.idOf(who))
  }

  async invite(options: { name?: string; purposes?: string[]; expiresInMs?: number } = {}): Promise<Invite> {
    this.#endpoint.check('invite', options)
    return this.#invitations.create(options)
  }

  async accept(invite: string | URL, options: { name?: string } & DialOptions = {}): Promise<Contact> {
    this.#endpoint.check('accept', options)
    return this.#connector.accept(invite, { ...options, timeoutMs: parseTimeout(options) })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close().finally(() => this.#stopPageEnd())
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Time has passed, and it may be another day. */
  #expire(): void {
    const { contacts, invites } = this.#opened
    this.#connector.refresh()
    contacts.expire()
    invites.expire().catch(report)
    this.#reach.update()
  }

  /** The others should not have to find out by themselves. */
  #closeWithPage(): void {
    const leave = () => {
      this.#hasNoLater = true
      this.close().catch(report)
      // Where it was being closed already, what still drains has to leave now, and the goodbye with it.
      this.#connector.leaveAll(true).catch(report)
    }
    this.#stopPageEnd = onPageEnd(leave, afterPendingWrites)
  }

  async #close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#status.close()
    this.#online.close()
    this.#connector.stop()
    this.#invitations.close()
    this.#reach.close()
    this.#tabLeader.close()
    await this.#connector.leaveAll(this.#hasNoLater)
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
