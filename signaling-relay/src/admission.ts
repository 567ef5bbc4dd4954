/**
 * Which TCP connections may stay that are no WebSockets: those that ask for a page, those whose handshake is under way, and those that
 * only sit there. WebSockets are counted by the relay's machine; here only because a network has one budget of file descriptors.
 *
 * A network beyond its share is turned away at accept, before a byte is read; what it leaves idle gives way first. When all places
 * are taken, the network that holds the most gives one up, so that one with few always gets in.
 */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RelayLimits } from '@kith/protocol'

/** Requests that one connection may have unanswered. Browsers and proxies send one at a time (RFC 9112 §9.3.2 lets clients send more). Beyond: cut off. */
const PIPELINED_MAX = 16

interface Connection {
  readonly socket: Duplex
  readonly network: Network
  unanswered: number
  phase: 'waiting' | 'webSocket' | 'gone'
}

interface Network {
  readonly prefix: string
  /** The one that was quiet for longest comes first. */
  readonly waiting: Set<Connection>
  webSockets: number
}

export interface AdmissionEvents {
  /** A connection was turned away. */
  refused(): void
  /** A connection gave way to another. */
  gaveWay(): void
}

type AdmissionLimits = Pick<RelayLimits, 'connections' | 'connectionsPerPrefix' | 'socketsPerPrefix'>

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #events: AdmissionEvents
  readonly #networks = new Map<string, Network>()
  readonly #connections = new WeakMap<Duplex, Connection>()
  #waiting = 0

  constructor(limits: AdmissionLimits, events: AdmissionEvents) {
    this.#limits = limits
    this.#events = events
  }

  /** A new connection; destroys it, or another, if there are too many. `isProxy`: it carries others' requests, so it has no share of its own. */
  accepted(socket: Duplex, prefix: string, isProxy: boolean): void {
    const network = this.#networks.get(prefix) ?? { prefix, waiting: new Set(), webSockets: 0 }
    const isOver = !isProxy && this.#isOver(network)
    if ((isOver && !this.#makeRoom(network, network)) || !this.#makeRoomInAll(network)) {
      this.#events.refused()
      socket.destroy()
      return
    }
    this.#networks.set(prefix, network)
    const connection: Connection = { socket, network, unanswered: 0, phase: 'waiting' }
    this.#connections.set(socket, connection)
    network.waiting.add(connection)
    this.#waiting += 1
    socket.once('close', () => this.#closed(connection))
  }

  /** A request has come; destroys the connection if too many of its requests wait. */
  asked(socket: Duplex, response: ServerResponse): void {
    const connection = this.#connections.get(socket)
    if (connection === undefined) return
    connection.unanswered += 1
    if (connection.unanswered > PIPELINED_MAX) {
      this.#events.refused()
      socket.destroy()
      return
    }
    response.once('close', () => {
      connection.unanswered -= 1
      touch(connection)
    })
    touch(connection)
  }

  /** The connection is a WebSocket from now on. */
  upgraded(socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (connection?.phase !== 'waiting') return
    this.#leave(connection, 'webSocket')
    connection.network.webSockets += 1
  }

  #isOver({ waiting, webSockets }: Network): boolean {
    const { connectionsPerPrefix, socketsPerPrefix } = this.#limits
    // WebSockets that were turned away count until they are gone.
    return waiting.size >= connectionsPerPrefix || waiting.size + webSockets >= connectionsPerPrefix + socketsPerPrefix
  }

  #makeRoomInAll(network: Network): boolean {
    if (this.#waiting < this.#limits.connections) return true
    let largest = network
    for (const other of this.#networks.values()) if (other.waiting.size > largest.waiting.size) largest = other
    return this.#makeRoom(largest, network)
  }

  /** Ends a connection of `from`: an idle one; one in use only in favour of another network. */
  #makeRoom(from: Network, newcomer: Network): boolean {
    let victim: Connection | undefined
    for (const connection of from.waiting) {
      if (connection.unanswered === 0) {
        victim = connection
        break
      }
      if (from !== newcomer) victim ??= connection
    }
    if (victim === undefined) return false
    this.#events.gaveWay()
    // Now, since 'close' comes later.
    this.#leave(victim, 'gone')
    victim.socket.destroy()
    return true
  }

  #closed(connection: Connection): void {
    const { network } = connection
    if (connection.phase === 'waiting') this.#leave(connection, 'gone')
    else if (connection.phase === 'webSocket') network.webSockets -= 1
    const isEmpty = network.waiting.size === 0 && network.webSockets === 0
    if (isEmpty && this.#networks.get(network.prefix) === network) this.#networks.delete(network.prefix)
  }

  #leave(connection: Connection, phase: 'webSocket' | 'gone'): void {
    connection.phase = phase
    connection.network.waiting.delete(connection)
    this.#waiting -= 1
  }
}

function touch(connection: Connection): void {
  const { waiting } = connection.network
  if (waiting.delete(connection)) waiting.add(connection)
}
