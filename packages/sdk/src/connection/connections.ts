/**
 * The live connections, and which one is in use for each person.
 *
 * There may be several to one person: one for each of their instances (tabs, devices), which all live; and of one instance two whose
 * dials crossed. Of those, both ends use the one of the lower dial id, and the other closes when its streams are over. Where a new
 * connection comes beside an old one, the old one may be what a crash has left: it is asked for a sign of life.
 */
import { KithError, type PeerId } from '@kith/protocol'
import { type Deferred, deferred } from '../runtime/deferred.ts'
import { report } from '../runtime/events.ts'
import type { Link } from '../session/link.ts'
import type { LiveConnection } from './connection.ts'

export interface ConnectionsOptions {
  /** A connection is in use for the first time. */
  readonly onNew: (connection: LiveConnection) => void
  /** Another connection to this person may be in use, or the one in use may be in doubt. After `onNew`. */
  readonly onChange: (remote: PeerId) => void
}

export class Connections {
  /** By PeerId. */
  readonly inUse = new Map<PeerId, LiveConnection>()
  readonly #options: ConnectionsOptions
  readonly #all = new Set<LiveConnection>()
  readonly #announced = new WeakSet<LiveConnection>()
  /** When an instance was last connected with or used, counted in uses; by PeerId and instance. */
  readonly #usedAt = new Map<string, number>()
  #uses = 0
  /** Links with streams that wait for their connection. */
  readonly #awaited = new Map<Link, Deferred<LiveConnection | undefined>>()

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#all.size
  }

  all(): readonly LiveConnection[] {
    return [...this.#all]
  }

  /** The connection over that link, which may be about to be made. Undefined where the link ends before. */
  over(link: Link): LiveConnection | Promise<LiveConnection | undefined> {
    const made = this.all().find((connection) => connection.carries(link))
    if (made) return made
    let awaited = this.#awaited.get(link)
    if (!awaited) {
      const waiting = deferred<LiveConnection | undefined>()
      awaited = waiting
      this.#awaited.set(link, waiting)
      const gone = () => {
        this.#awaited.delete(link)
        waiting.resolve(undefined)
      }
      link.closed.then(gone, gone)
    }
    return awaited.promise
  }

  /**
   * A link to them is up, and both ends have confirmed it.
   * @param begunAt when its dial began, by `performance.now()`
   */
  add(connection: LiveConnection, begunAt: number): void {
    const { remote } = connection
    const others = this.#to(remote)
    this.#all.add(connection)
    this.#use(connection)
    for (const [link, { resolve }] of this.#awaited) if (connection.carries(link)) resolve(connection)
    const gone = () => {
      this.#all.delete(connection)
      if (!this.#to(remote).some(({ instance }) => instance === connection.instance)) this.#usedAt.delete(keyOf(connection))
      this.#changed(remote)
    }
    connection.watch(() => this.#changed(remote))
    for (const other of others) this.#probeOld(other, connection, begunAt)
    this.#changed(remote)
    connection.closed.then(gone, gone)
  }

  /** It opened or was handed a stream. */
  used(connection: LiveConnection): void {
    if (!this.#all.has(connection)) return
    this.#use(connection)
    this.#changed(connection.remote)
  }

  /**
   * They knock, though there is a connection: they may have started anew, or lost it. A knock proves nothing (it may have been held
   * back), so nothing is closed for it.
   */
  knocked(from: PeerId): void {
    for (const connection of this.#to(from)) connection.doubt()
  }

  /** How many connections to them may be what a crash has left. */
  doubtful(whom: PeerId): number {
    return this.#to(whom).filter(({ isSure }) => !isSure).length
  }

  #to(remote: PeerId): LiveConnection[] {
    return this.all().filter((connection) => connection.remote === remote && connection.isLive)
  }

  #use(connection: LiveConnection): void {
    this.#uses += 1
    this.#usedAt.set(keyOf(connection), this.#uses)
  }

  /** Closes `old` where it gives no sign of life, now that `connection` is confirmed. */
  #probeOld(old: LiveConnection, connection: LiveConnection, begunAt: number): void {
    const isSame = old.instance === connection.instance
    const lost = () => old.fail(new KithError('lost', 'The connection was lost; there is another one.', { source: 'network' }))
    if (isSame && old.state === 'reconnecting') {
      lost()
      return
    }
    // Heard since the new one's dial began, they are two whose dials crossed; else the remote may have lost the old one.
    if (old.heardAt < begunAt) old.doubt()
    old.probe().then((isAlive) => {
      if (!isAlive && old.state !== 'closed') lost()
    }, report)
  }

  /** Chooses anew which connection is in use for them, and which are replaced. */
  #changed(remote: PeerId): void {
    const live = this.#to(remote).sort((a, b) => this.#compare(a, b))
    const [best] = live
    if (best) this.inUse.set(remote, best)
    else this.inUse.delete(remote)
    const first = new Map<string, LiveConnection>()
    for (const connection of live) {
      const rival = first.get(connection.instance)
      // Not where only a doubt of ours puts it second: the other end may have none, and would retire the other one.
      connection.retire(rival?.isSure === true && rival.dialId < connection.dialId)
      if (rival) continue
      first.set(connection.instance, connection)
      if (this.#announced.has(connection)) continue
      this.#announced.add(connection)
      this.#options.onNew(connection)
    }
    this.#options.onChange(remote)
  }

  /** The one to use first: those that are sure, of the instance that was used last, of the lowest dial id. */
  #compare(a: LiveConnection, b: LiveConnection): number {
    if (a.isSure !== b.isSure) return a.isSure ? -1 : 1
    if (a.instance !== b.instance) return (this.#usedAt.get(keyOf(b)) ?? 0) - (this.#usedAt.get(keyOf(a)) ?? 0)
    return a.dialId < b.dialId ? -1 : 1
  }
}

const keyOf = ({ remote, instance }: LiveConnection): string => `${remote} ${instance}`
