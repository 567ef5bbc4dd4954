/**
 * Where I can be found: for every contact and every open invitation an address on every carrier of mine, anew each day. What is
 * wanted is computed whole each time; what changed against what is bound is bound or unbound. The day is the wall clock's, looked at
 * anew each time: the page's own clock stands still while a device sleeps.
 */
import {
  addressKeys,
  addressOf,
  type Bytes,
  contactWay,
  type Doorstep,
  epochsAround,
  type IdentityKeys,
  inviteWay,
  OTHER_DAY_RANK,
  type PeerId,
  publicKeyOf,
  type Route,
  type Way,
  x25519PublicKey,
} from '@kith/protocol'
import type { Carrier } from '../carriers/carrier.ts'
import { report } from '../runtime/events.ts'
import { Slices } from '../runtime/slices.ts'

export interface DoorstepOptions {
  readonly identity: IdentityKeys
  readonly carriers: readonly Carrier[]
  readonly onEnvelope: (doorstep: Doorstep, envelope: Bytes) => void
  /** An address was bound where this contact can knock from now on; anew after each reconnect of its carrier. */
  readonly onBound?: (remote: PeerId) => void
}

/** Who should find me. */
export interface Callers {
  /** The most important first: where a relay has no place for all, the last are left out. */
  readonly contacts: readonly PeerId[]
  /** The secrets of invitations that have not expired, 16 bytes each. */
  readonly invites: readonly Bytes[]
}

interface Wanted {
  readonly carrier: Carrier
  /** As `BindOptions` has it. */
  readonly rank: number
  readonly way: Way
  readonly epoch: number
}

interface Bound {
  readonly address: Bytes
  rank: number
  readonly unbind: () => void
}

export class Doorsteps {
  readonly #options: DoorstepOptions
  readonly #bound = new Map<string, Bound>()
  /** X25519 of mine with theirs: the same for every day and carrier. */
  readonly #shared = new Map<PeerId, Promise<Bytes>>()
  /** Where contacts can be found, in the days of the last update: each address costs a millisecond, in which a dial waits. */
  readonly #found = new Map<string, Bytes>()
  #callers: Callers = { contacts: [], invites: [] }
  #days = ''
  #update = 0

  readonly #stops: readonly (() => void)[]

  constructor(options: DoorstepOptions) {
    this.#options = options
    // What a new connection is asked to bind must not be of a day that is over: it would link two.
    const stops = options.carriers.map((carrier) => carrier.onConnect?.(() => this.refresh().catch(report)))
    this.#stops = stops.filter((stop) => stop !== undefined)
  }

  /** Of several updates under way the last one counts. What is no longer wanted is let go at once, the rest comes in its order. */
  async update(callers: Callers): Promise<void> {
    this.#update += 1
    const update = this.#update
    this.#callers = callers
    const days = epochsAround(Date.now())
    if (days.join() !== this.#days) this.#found.clear()
    this.#days = days.join()
    const wanted = this.#wanted(callers)
    this.#leave(wanted)
    this.#rank(wanted)
    const slices = new Slices()
    for (const [key, one] of wanted) {
      if (this.#bound.has(key)) continue
      const seed = await this.#seed(one)
      // Bound by another update while we waited, or no longer wanted.
      if (update !== this.#update) return
      if (seed) this.#bound.set(key, this.#bind(one, seed))
      await slices.pause()
      if (update !== this.#update) return
    }
  }

  /** A new day has new addresses: binds them, if it is one. A device may have slept through midnight, or its clock was set. */
  async refresh(): Promise<void> {
    if (epochsAround(Date.now()).join() !== this.#days) await this.update(this.#callers)
  }

  /** Where to knock for a contact: today's address on each of these carriers, and around midnight the other day's as well. */
  async routesTo(remote: PeerId, carriers: readonly Carrier[]): Promise<Route[]> {
    const way = contactWay(this.#options.identity.id, remote)
    const shared = await this.#sharedWith(remote)
    return routesBy(way, carriers, shared, (origin, epoch, seed) => this.#find(`${remote} ${origin} ${epoch}`, seed))
  }

  /** Those of `routesTo` that are known already: a page that closes cannot wait. */
  knownRoutes(remote: PeerId, carriers: readonly Carrier[]): Omit<Route, 'epoch'>[] {
    return carriers.flatMap(({ origin }) =>
      epochsAround(Date.now()).flatMap((epoch) => {
        const address = this.#found.get(`${remote} ${origin} ${epoch}`)
        return address ? [{ origin, address }] : []
      }),
    )
  }

  close(): void {
    this.#update += 1
    for (const stop of this.#stops) stop()
    for (const { unbind } of this.#bound.values()) unbind()
    this.#bound.clear()
  }

  #find(where: string, seed: () => Bytes): Bytes {
    const address = this.#found.get(where) ?? addressOf(seed())
    this.#found.set(where, address)
    return address
  }

  /** By a name for each: what is wanted of one day before what is wanted of the other, and the most important first. */
  #wanted({ invites, contacts }: Callers): Map<string, Wanted> {
    const local = this.#options.identity.id
    const ways = [
      ...invites.map((secret) => ({ way: inviteWay(secret), rank: 0 })),
      ...contacts.map((remote, order) => ({ way: contactWay(local, remote), rank: 1 + order })),
    ]
    const wanted: [string, Wanted][] = []
    for (const day of [0, 1]) {
      for (const { way, rank } of ways) {
        const epoch = way.epochsAt(Date.now())[day]
        if (epoch === undefined) continue
        for (const carrier of this.#options.carriers) {
          const one = { carrier, rank: rank + day * OTHER_DAY_RANK, way, epoch }
          wanted.push([`${way.replayKey} ${carrier.origin} ${epoch}`, one])
        }
      }
    }
    return new Map(wanted)
  }

  #leave(wanted: ReadonlyMap<string, Wanted>): void {
    for (const [key, { unbind }] of this.#bound) {
      if (wanted.has(key)) continue
      unbind()
      this.#bound.delete(key)
    }
    const agreesWith = new Set([...wanted.values()].map(({ way }) => way.agreesWith))
    for (const id of this.#shared.keys()) if (!agreesWith.has(id)) this.#shared.delete(id)
  }

  /** Those that are bound already matter more or less than before. */
  #rank(wanted: ReadonlyMap<string, Wanted>): void {
    const changed = new Map<Carrier, [Bytes, number][]>()
    for (const [key, { carrier, rank }] of wanted) {
      const bound = this.#bound.get(key)
      if (bound === undefined || bound.rank === rank) continue
      bound.rank = rank
      const ranks = changed.get(carrier) ?? []
      ranks.push([bound.address, rank])
      changed.set(carrier, ranks)
    }
    for (const [carrier, ranks] of changed) carrier.rank?.(ranks)
  }

  #bind({ carrier, rank, way, epoch }: Wanted, seed: Bytes): Bound {
    const keys = addressKeys(seed)
    const { remote } = way
    const here: Doorstep = { way, origin: carrier.origin, address: keys.address, epoch }
    const { onEnvelope, onBound } = this.#options
    const bound = { address: keys.address, rank, unbind: () => {} }
    bound.unbind = carrier.bind(keys, (envelope) => onEnvelope(here, envelope), {
      rank,
      // The other day's addresses are for clocks that differ, and were not needed before. After midnight they are today's.
      onBound: () => remote && bound.rank <= OTHER_DAY_RANK && onBound?.(remote),
    })
    return bound
  }

  /** A contact whose key yields no shared secret does not keep the others from finding me. */
  async #seed({ way, carrier: { origin }, epoch }: Wanted): Promise<Bytes | undefined> {
    const { agreesWith } = way
    try {
      const shared = agreesWith === undefined ? NO_SECRET : await this.#sharedWith(agreesWith)
      return way.addressSeed({ origin, epoch, side: 'ours', shared })
    } catch (error) {
      report(error)
      return undefined
    }
  }

  async #sharedWith(id: PeerId): Promise<Bytes> {
    const known = this.#shared.get(id)
    if (known) return known
    const shared = this.#options.identity.keyAgreement.agree(x25519PublicKey(publicKeyOf(id)))
    this.#shared.set(id, shared)
    // What failed is tried again at the next call.
    shared.catch(() => this.#shared.delete(id))
    return shared
  }
}

const NO_SECRET: Bytes = new Uint8Array(0)

/** Where to knock by this way: its addresses on each of these carriers. `shared`: agrees on the secret that the way needs, if any. */
export function routesBy(
  way: Way,
  carriers: readonly Carrier[],
  shared = NO_SECRET,
  find: (origin: string, epoch: number, seed: () => Bytes) => Bytes = (_origin, _epoch, seed) => addressOf(seed()),
): Route[] {
  return carriers.flatMap(({ origin }) =>
    way.epochsAt(Date.now()).map((epoch) => {
      const address = find(origin, epoch, () => way.addressSeed({ origin, epoch, side: 'theirs', shared }))
      return { origin, epoch, address }
    }),
  )
}
