/**
 * Where I can be found: for every contact and every open invitation an address on every carrier of mine, anew each day. What is
 * wanted is computed whole each time; what changed against what is bound is bound or unbound.
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
  type PeerId,
  publicKeyOf,
  type Route,
  x25519PublicKey,
} from '@kith/protocol'
import type { Carrier } from './carriers/carrier.ts'
import { now } from './driver.ts'
import { report } from './events.ts'

export interface DoorstepOptions {
  readonly identity: IdentityKeys
  readonly carriers: readonly Carrier[]
  readonly onEnvelope: (doorstep: Doorstep, envelope: Bytes) => void
}

/** Who should find me. */
export interface Callers {
  readonly contacts: readonly PeerId[]
  /** The secrets of invitations that have not expired, 16 bytes each. */
  readonly invites: readonly Bytes[]
}

interface Wanted {
  readonly carrier: Carrier
  readonly seed: () => Bytes
  readonly doorstep: (address: Bytes) => Doorstep
}

export class Doorsteps {
  readonly #options: DoorstepOptions
  readonly #bound = new Map<string, () => void>()
  /** X25519 of mine with theirs: the same for every day and carrier. */
  readonly #shared = new Map<PeerId, Promise<Bytes>>()
  /** Where contacts can be found, since the last update: each address costs a millisecond, in which a dial waits. */
  readonly #found = new Map<string, Bytes>()
  #update = 0

  constructor(options: DoorstepOptions) {
    this.#options = options
  }

  /** Of several updates under way the last one counts. */
  async update(callers: Callers): Promise<void> {
    this.#update += 1
    const update = this.#update
    const contacts = await Promise.all(callers.contacts.map((id) => this.#agreed(id)))
    if (update !== this.#update) return
    this.#found.clear()
    for (const id of this.#shared.keys()) if (!callers.contacts.includes(id)) this.#shared.delete(id)
    const wanted = new Map<string, Wanted>()
    for (const carrier of this.#options.carriers) {
      for (const { id, shared } of contacts) if (shared) this.#wantContact(wanted, carrier, id, shared)
      for (const secret of callers.invites) this.#wantInvite(wanted, carrier, secret)
    }
    for (const [key, unbind] of this.#bound) {
      if (wanted.has(key)) continue
      unbind()
      this.#bound.delete(key)
    }
    for (const [key, one] of wanted) if (!this.#bound.has(key)) this.#bound.set(key, this.#bind(one))
  }

  /** Where to knock for a contact: today's address on each of these carriers, and around midnight tomorrow's as well. */
  async routesTo(remote: PeerId, carriers: readonly Carrier[]): Promise<Route[]> {
    const local = this.#options.identity.id
    const shared = await this.#sharedWith(remote)
    const direction = directionOf(remote, local)
    return carriers.flatMap(({ origin }) =>
      epochsAround(now()).map((epoch) => ({
        origin,
        epoch,
        address: this.#find(`${remote} ${origin} ${epoch}`, () =>
          contactAddressSeed({ shared, local, remote, origin, epoch, direction }),
        ),
      })),
    )
  }

  close(): void {
    this.#update += 1
    for (const unbind of this.#bound.values()) unbind()
    this.#bound.clear()
  }

  #find(where: string, seed: () => Bytes): Bytes {
    const address = this.#found.get(where) ?? addressOf(seed())
    this.#found.set(where, address)
    return address
  }

  #wantContact(wanted: Map<string, Wanted>, carrier: Carrier, remote: PeerId, shared: Bytes): void {
    const local = this.#options.identity.id
    const { origin } = carrier
    for (const epoch of epochsAround(now())) {
      wanted.set(`contact ${remote} ${origin} ${epoch}`, {
        carrier,
        seed: () => contactAddressSeed({ shared, local, remote, origin, epoch, direction: directionOf(local, remote) }),
        doorstep: (address) => ({ way: { kind: 'contact', remote }, origin, address, epoch }),
      })
    }
  }

  #wantInvite(wanted: Map<string, Wanted>, carrier: Carrier, secret: Bytes): void {
    const { origin } = carrier
    wanted.set(`invite ${secret.join()} ${origin}`, {
      carrier,
      seed: () => inviteAddressSeed(secret, origin),
      doorstep: (address) => ({ way: { kind: 'invite', psk: invitePsk(secret) }, origin, address, epoch: 0 }),
    })
  }

  #bind({ carrier, seed, doorstep }: Wanted): () => void {
    const keys = addressKeys(seed())
    const here = doorstep(keys.address)
    return carrier.bind(keys, (envelope) => this.#options.onEnvelope(here, envelope))
  }

  /** One contact with whom no secret can be agreed upon does not keep the others from finding me. */
  async #agreed(id: PeerId): Promise<{ id: PeerId; shared: Bytes | undefined }> {
    try {
      return { id, shared: await this.#sharedWith(id) }
    } catch (error) {
      report(error)
      return { id, shared: undefined }
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

/** Where to knock with an invitation. */
export function inviteRoutes(secret: Bytes, carriers: readonly Carrier[]): Route[] {
  return carriers.map(({ origin }) => ({ origin, epoch: 0, address: addressOf(inviteAddressSeed(secret, origin)) }))
}
