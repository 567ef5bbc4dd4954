/**
 * Decides which TCP connections stay open: requests for a page, handshakes under way, idle connections. The relay's machine limits
 * WebSockets; they count here as well because a network has one budget of file descriptors.
 *
 * A network beyond its share is refused at accept, before a byte is read; its idle connections are closed first. When all places are
 * taken, the site that holds the most loses one, so that a site with few always gets in. Sites, not networks: an IPv6 site has 65,536
 * networks and could hold few connections in each, while a browser with six would hold the most.
 *
 * A connection of a trusted proxy counts for the client whose request it carries, while it carries it. Otherwise one client with many
 * slow downloads would take every place, and its connections would look like those of others.
 */
import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import type { RelayLimits } from '@kith/protocol'
import { siteOf } from './prefix.ts'

/** Requests that one connection may have unanswered. Browsers and proxies send one at a time (RFC 9112 §9.3.2 lets clients send more). Beyond: cut off. */
const PIPELINED_MAX = 16

/** A connection that is quiet for so long gives way before one in use, whatever its site. A client that has just connected asks within
 *  two round trips of a slow network. */
const QUIET_MS = 2_000

interface Connection {
  readonly socket: Duplex
  /** Of the client or the proxy that made it. */
  readonly prefix: string
  /** The client that it counts for. */
  network: Network
  unanswered: number
  quietSinceMs: number
  phase: 'waiting' | 'webSocket' | 'gone'
}

interface Network {
  readonly prefix: string
  readonly site: Site
  /** The one that was idle for longest is first. */
  readonly waiting: Set<Connection>
  webSockets: number
}

interface Site {
  readonly name: string
  readonly networks: Set<Network>
  waiting: number
}

export interface AdmissionEvents {
  /** A connection was refused. */
  refused(): void
  /** A connection was closed to make room for another. */
  gaveWay(): void
}

type AdmissionLimits = Pick<RelayLimits, 'connections' | 'connectionsPerPrefix' | 'socketsPerPrefix'>

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #events: AdmissionEvents
  readonly #now: () => number
  readonly #sites = new Map<string, Site>()
  readonly #networks = new Map<string, Network>()
  readonly #connections = new WeakMap<Duplex, Connection>()
  #waiting = 0

  constructor(limits: AdmissionLimits, events: AdmissionEvents, now = () => performance.now()) {
    this.#limits = limits
    this.#events = events
    this.#now = now
  }

  /** A new connection; destroys it, or another, if there are too many. `isProxy`: it carries others' requests, so it has no share of its own. */
  accepted(socket: Duplex, prefix: string, isProxy: boolean): void {
    const network = this.#networkOf(prefix)
    const isOver = !isProxy && this.#isOver(network)
    if ((isOver && !this.#giveUp(idleOf(network))) || !this.#makeRoomInAll(network.site)) {
      this.#events.refused()
      socket.destroy()
      return
    }
    const connection: Connection = {
      socket,
      prefix,
      network,
      unanswered: 0,
      quietSinceMs: this.#now(),
      phase: 'waiting',
    }
    this.#connections.set(socket, connection)
    this.#enter(connection, network)
    socket.once('close', () => this.#closed(connection))
  }

  /** A request has come, of a client of this network. False: it has as many under way as it may. Destroys the connection if too many
   *  of its requests wait. */
  asked(socket: Duplex, response: ServerResponse, prefix: string): boolean {
    const connection = this.#connections.get(socket)
    if (connection?.phase !== 'waiting') return false
    connection.unanswered += 1
    if (connection.unanswered > PIPELINED_MAX) {
      this.#events.refused()
      socket.destroy()
      return false
    }
    response.once('close', () => {
      connection.unanswered -= 1
      this.#touch(connection)
      if (connection.unanswered === 0) this.#move(connection, this.#networkOf(connection.prefix))
    })
    this.#touch(connection)
    const network = this.#networkOf(prefix)
    if (network === connection.network) return true
    if (this.#isOver(network)) {
      this.#events.refused()
      return false
    }
    this.#move(connection, network)
    return true
  }

  /** The connection is a WebSocket from now on. */
  upgraded(socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (connection?.phase !== 'waiting') return
    this.#leave(connection)
    connection.phase = 'webSocket'
    connection.network.webSockets += 1
  }

  #isOver({ waiting, webSockets }: Network): boolean {
    const { connectionsPerPrefix, socketsPerPrefix } = this.#limits
    // WebSockets that were refused count until they are closed.
    return waiting.size >= connectionsPerPrefix || waiting.size + webSockets >= connectionsPerPrefix + socketsPerPrefix
  }

  #networkOf(prefix: string): Network {
    const known = this.#networks.get(prefix)
    if (known) return known
    const name = siteOf(prefix)
    const site = this.#sites.get(name) ?? { name, networks: new Set(), waiting: 0 }
    return { prefix, site, waiting: new Set(), webSockets: 0 }
  }

  #makeRoomInAll(newcomer: Site): boolean {
    if (this.#waiting < this.#limits.connections) return true
    let largest = newcomer
    for (const site of this.#sites.values()) if (site.waiting > largest.waiting) largest = site
    let fullest: Network | undefined
    let idle: Connection | undefined
    for (const network of largest.networks) {
      const size = network.waiting.size
      if (size > (fullest?.waiting.size ?? 0)) fullest = network
      if (size > (idle?.network.waiting.size ?? 0)) idle = idleOf(network) ?? idle
    }
    if (largest === newcomer) return this.#giveUp(idle)
    const [inUse] = fullest?.waiting ?? []
    return this.#giveUp(idle ?? this.#quietest() ?? inUse)
  }

  /** Of all networks, if it is quiet for long. */
  #quietest(): Connection | undefined {
    let quietest: Connection | undefined
    for (const network of this.#networks.values()) {
      const idle = idleOf(network)
      if (idle && idle.quietSinceMs < (quietest?.quietSinceMs ?? this.#now() - QUIET_MS)) quietest = idle
    }
    return quietest
  }

  #giveUp(victim: Connection | undefined): boolean {
    if (victim === undefined) return false
    this.#events.gaveWay()
    // Now, since 'close' comes later.
    this.#leave(victim)
    victim.phase = 'gone'
    victim.socket.destroy()
    return true
  }

  #closed(connection: Connection): void {
    const { network } = connection
    if (connection.phase === 'waiting') this.#leave(connection)
    else if (connection.phase === 'webSocket') network.webSockets -= 1
    connection.phase = 'gone'
    this.#forgetEmpty(network)
  }

  #move(connection: Connection, network: Network): void {
    const from = connection.network
    if (connection.phase !== 'waiting' || from === network) return
    this.#leave(connection)
    this.#enter(connection, network)
    this.#forgetEmpty(from)
  }

  #enter(connection: Connection, network: Network): void {
    this.#networks.set(network.prefix, network)
    this.#sites.set(network.site.name, network.site)
    network.site.networks.add(network)
    connection.network = network
    network.waiting.add(connection)
    network.site.waiting += 1
    this.#waiting += 1
  }

  #leave(connection: Connection): void {
    connection.network.waiting.delete(connection)
    connection.network.site.waiting -= 1
    this.#waiting -= 1
  }

  #forgetEmpty(network: Network): void {
    const isEmpty = network.waiting.size === 0 && network.webSockets === 0
    if (!isEmpty || this.#networks.get(network.prefix) !== network) return
    this.#networks.delete(network.prefix)
    network.site.networks.delete(network)
    if (network.site.networks.size === 0) this.#sites.delete(network.site.name)
  }

  #touch(connection: Connection): void {
    connection.quietSinceMs = this.#now()
    const { waiting } = connection.network
    if (waiting.delete(connection)) waiting.add(connection)
  }
}

/** Its connection that is idle for longest. */
function idleOf({ waiting }: Network): Connection | undefined {
  for (const connection of waiting) if (connection.unanswered === 0) return connection
  return undefined
}
