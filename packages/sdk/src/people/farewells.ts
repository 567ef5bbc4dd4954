/**
 * Who leaves says so. Each start of a peer gives every contact a random token by each carrier, sealed within the knocks and answers that ask for
 * presence (one by all of them would show two relays that they see the same peer); an envelope that begins with it, sent to where that contact is knocked at, means that this instance is leaving. To send and
 * to read one takes no cryptography, so that a page that closes can still do it. A token is a public key whose secret is thrown away, for
 * a knock begins with one: a relay sees one more envelope like the others.
 */
import { addressKeys, type Bytes, ENVELOPE_BYTES, hex, type PeerId, x25519PublicKey } from '@kith/protocol'

const TOKEN_BYTES = 32

/** Tokens of one contact that are remembered: of eight tabs and devices by three carriers. Beyond: the oldest is forgotten, and missed a
 *  minute later. */
const TOKENS_REMEMBERED = 24

/** X25519, as an ephemeral key of a knock is. Random bytes are none: half of them have the top bit set. */
function publicKeyOfNobody(): Bytes {
  return x25519PublicKey(addressKeys(crypto.getRandomValues(new Uint8Array(32))).address)
}

/** Instances that have left and are remembered. Beyond: the oldest is forgotten, and shown as online until its presence is over. */
const GONE_REMEMBERED = 256

export class Farewells {
  /** By carrier. */
  readonly #mine = new Map<PeerId, Map<string, Bytes>>()
  /** By token, in hex: the instance that gave it. One asked by two carriers gave two. */
  readonly #theirs = new Map<PeerId, Map<string, string>>()
  /** In hex. */
  readonly #gone = new Set<string>()
  /** Those of whom the only one has left, and none was heard since. */
  readonly #left = new Set<PeerId>()

  /** People who exchanged tokens with me: only they understand a farewell. */
  get companions(): PeerId[] {
    return [...this.#theirs.keys()].filter((id) => this.#mine.has(id))
  }

  /** Mine for this contact by this carrier: no other contact or relay has it. */
  token(id: PeerId, origin: string): Bytes {
    const tokens = this.#mine.get(id) ?? new Map<string, Bytes>()
    const token = tokens.get(origin) ?? publicKeyOfNobody()
    this.#mine.set(id, tokens.set(origin, token))
    return token
  }

  /** 1,024 bytes with my token inside, which look like any knock. */
  envelope(id: PeerId, origin: string): Bytes {
    const envelope = crypto.getRandomValues(new Uint8Array(ENVELOPE_BYTES))
    envelope.set(this.token(id, origin))
    return envelope
  }

  /** Whether it is news: what an instance had sent before it left may come later, since only reading a goodbye takes no cryptography. */
  heard(id: PeerId, instance: Uint8Array, token: Uint8Array): boolean {
    if (this.#gone.has(hex(instance))) return false
    this.#left.delete(id)
    const tokens = this.#theirs.get(id) ?? new Map<string, string>()
    this.#theirs.set(id, tokens.set(hex(token), hex(instance)))
    for (const oldest of tokens.keys()) if (tokens.size > TOKENS_REMEMBERED) tokens.delete(oldest)
    return true
  }

  /** One of theirs that gives no token is here. */
  back(id: PeerId): void {
    this.#left.delete(id)
  }

  /** Whether their only instance has said goodbye. */
  hasLeft(id: PeerId): boolean {
    return this.#left.has(id)
  }

  /** What an envelope from this contact says: nothing of the kind, that one of several has left, or the only one. */
  read(id: PeerId, envelope: Uint8Array): 'no' | 'one' | 'last' {
    const tokens = this.#theirs.get(id)
    const instance = tokens?.get(hex(envelope.subarray(0, TOKEN_BYTES)))
    if (!tokens || instance === undefined) return 'no'
    // Each counts once, so that a relay that repeats it later changes nothing; and with it those by other carriers, which may be down.
    for (const [token, giver] of tokens) if (giver === instance) tokens.delete(token)
    this.#gone.add(instance)
    for (const oldest of this.#gone) if (this.#gone.size > GONE_REMEMBERED) this.#gone.delete(oldest)
    if (tokens.size > 0) return 'one'
    this.#theirs.delete(id)
    this.#left.add(id)
    return 'last'
  }

  forget(id: PeerId): void {
    this.#mine.delete(id)
    this.#theirs.delete(id)
    this.#left.delete(id)
  }
}
