/**
 * Where I can be found: for every contact and every open invitation an address on every carrier of mine, anew each day. What is
 * wanted is computed whole each time; what changed against what is bound is bound or unbound. The day is the wall clock's, looked at
 * anew each time: the page's own clock stands still while a device sleeps.
 */
import {
  addressKeys,
  addressOf,
  type Bytes,
  contactAddressSeed,
  type Doorstep,
  directionOf,
  epochsAround,
  type IdentityKeys,
  inviteAddressSeed,
  invitePsk,
  OTHER_DAY_RANK,
  type PeerId,
  publicKeyOf,
  type Route,
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
  /** Those who matter most first: where a relay has no place for all, the last are left out. */
  readonly contacts: readonly PeerId[]
  /** The secrets of invitations that have not expired, 16 bytes each. */
  readonly invites: readonly Bytes[]
}

interface Wanted {
  readonly carrier: Carrier
  /** As `BindOptions` has it. */
  readonly rank: number
  /** Of a contact's address; the seed of an invitation's needs no shared secret. */
  readonly remote: PeerId | undefined
  readonly seed: (shared: Bytes) => Bytes
  readonly doorstep: (address: Bytes) => Doorstep
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
    const wanted = new Map<string, Wanted>()
    for (const carrier of this.#options.carriers) {
      for (const secret of callers.invites) this.#wantInvite(wanted, carrier, secret)
    }
    days.forEach((epoch, day) => {
      callers.contacts.forEach((remote, order) => {
        const rank = 1 + order + day * OTHER_DAY_RANK
        for (const carrier of this.#options.carriers) this.#wantContact(wanted, carrier, remote, epoch, rank)
      })
    })
    this.#leave(wanted, new Set(callers.contacts))
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
    const local = this.#options.identity.id
    const shared = await this.#sharedWith(remote)
    const direction = directionOf(remote, local)
    return carriers.flatMap(({ origin }) =>
      epochsAround(Date.now()).map((epoch) => ({
        origin,
        epoch,
        address: this.#find(`${remote} ${origin} ${epoch}`, () =>
          contactAddressSeed({ shared, local, remote, origin, epoch, direction }),
        ),
      })),
    )
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

  #wantContact(wanted: Map<string, Wanted>, carrier: Carrier, remote: PeerId, epoch: number, rank: number): void {
    const local = this.#options.identity.id
    const { origin } = carrier
    wanted.set(`contact ${remote} ${origin} ${epoch}`, {
      carrier,
      rank,
      remote,
      seed: (shared) => contactAddressSeed({ shared, local, remote, origin, epoch, direction: directionOf(local, remote) }),
      doorstep: (address) => ({ way: { kind: 'contact', remote }, origin, address, epoch }),
    })
  }

  #wantInvite(wanted: Map<string, Wanted>, carrier: Carrier, secret: Bytes): void {
    const { origin } = carrier
    wanted.set(`invite ${secret.join()} ${origin}`, {
      carrier,
      rank: 0,
      remote: undefined,
      seed: () => inviteAddressSeed(secret, origin),
      doorstep: (address) => ({ way: { kind: 'invite', psk: invitePsk(secret) }, origin, address, epoch: 0 }),
    })
  }

  #leave(wanted: ReadonlyMap<string, Wanted>, contacts: ReadonlySet<PeerId>): void {
    for (const [key, { unbind }] of this.#bound) {
      if (wanted.has(key)) continue
      unbind()
      this.#bound.delete(key)
    }
    for (const id of this.#shared.keys()) if (!contacts.has(id)) this.#shared.delete(id)
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

  #bind({ carrier, rank, remote, doorstep }: Wanted, seed: Bytes): Bound {
    const keys = addressKeys(seed)
    const here = doorstep(keys.address)
    const { onEnvelope, onBound } = this.#options
    const bound = { address: keys.address, rank, unbind: () => {} }
    bound.unbind = carrier.bind(keys, (envelope) => onEnvelope(here, envelope), {
      rank,
      // The other day's are for clocks that differ: nobody has waited for them. After midnight it is today's.
      onBound: () => remote && bound.rank <= OTHER_DAY_RANK && onBound?.(remote),
    })
    return bound
  }

  /** One contact with whom no secret can be agreed upon does not keep the others from finding me. */
  async #seed({ remote, seed }: Wanted): Promise<Bytes | undefined> {
    if (remote === undefined) return seed(NO_SECRET)
    try {
      return seed(await this.#sharedWith(remote))
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
    // What failed is tried again by whoever asks next.
    shared.catch(() => this.#shared.delete(id))
    return shared
  }
}

const NO_SECRET: Bytes = new Uint8Array(0)

/** Where to knock with an invitation. */
export function inviteRoutes(secret: Bytes, carriers: readonly Carrier[]): Route[] {
  return carriers.map(({ origin }) => ({ origin, epoch: 0, address: addressOf(inviteAddressSeed(secret, origin)) }))
}
