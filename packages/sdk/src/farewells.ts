/**
 * Who leaves says so. Each start of a peer gives every contact a random token, sealed within the knocks and answers that ask for
 * presence; an envelope that begins with it, sent to where that contact is knocked at, means that this instance is leaving. To make and
 * to read one takes no cryptography, so that a page that closes can still do it, and a relay sees one more envelope like the others.
 */
import { type Bytes, ENVELOPE_BYTES, hex, type PeerId } from '@kith/protocol'

const TOKEN_BYTES = 32

/** Tabs and devices of one contact whose tokens are remembered. Beyond: the oldest is forgotten, and missed a minute later. */
const INSTANCES_REMEMBERED = 8

export class Farewells {
  readonly #mine = new Map<PeerId, Bytes>()
  readonly #theirs = new Map<PeerId, Set<string>>()

  /** Those who gave me a token, and so know what mine is. */
  get companions(): IterableIterator<PeerId> {
    return this.#theirs.keys()
  }

  /** Mine for this contact: nobody else has it. */
  token(id: PeerId): Bytes {
    const token = this.#mine.get(id) ?? crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
    this.#mine.set(id, token)
    return token
  }

  /** Takes 1,024 bytes: my token, and nothing that could be told from a knock. */
  envelope(id: PeerId): Bytes {
    const envelope = crypto.getRandomValues(new Uint8Array(ENVELOPE_BYTES))
    envelope.set(this.token(id))
    return envelope
  }

  heard(id: PeerId, token: Uint8Array): void {
    const tokens = this.#theirs.get(id) ?? new Set()
    this.#theirs.set(id, tokens.add(hex(token)))
    for (const oldest of tokens) if (tokens.size > INSTANCES_REMEMBERED) tokens.delete(oldest)
  }

  /** What an envelope from this contact says: nothing of the kind, that one of several has left, or the only one. */
  read(id: PeerId, envelope: Uint8Array): 'no' | 'one' | 'last' {
    const tokens = this.#theirs.get(id)
    // Each counts once, so that a relay that repeats it later changes nothing.
    if (!tokens?.delete(hex(envelope.subarray(0, TOKEN_BYTES)))) return 'no'
    if (tokens.size > 0) return 'one'
    this.#theirs.delete(id)
    return 'last'
  }

  forget(id: PeerId): void {
    this.#mine.delete(id)
    this.#theirs.delete(id)
  }
}
