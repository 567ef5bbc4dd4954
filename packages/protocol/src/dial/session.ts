/**
 * The sealed conversation of a dial, once both Noise messages have passed. Carriers lose, repeat and reorder, so each message
 * is cut into numbered parts that are resent until acknowledged. A part is sealed anew each time it goes out: its nonce is the
 * envelope's, its number the conversation's, so no nonce ever covers two plaintexts though the acknowledgement beside it moves.
 *
 *     envelope   u64 nonce ‖ seal( u16 length ‖ body ‖ zeros )
 *     body       u8 kind ‖ u32 number ‖ u32 acknowledged ‖ chunk
 *     kind       0 acknowledgement only, 1 part, 2 last part of a message
 */
import { concat } from '../bytes/bytes.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { KithError, violation } from '../errors.ts'
import { DIAL_ACK_MS, DIAL_MESSAGE_MAX_BYTES, ENVELOPE_BYTES } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { NoiseSession } from '../noise/handshake.ts'
import { PLAINTEXT_BYTES, pad, unpad } from './envelope.ts'
import { Resend } from './resend.ts'

const KIND = { acknowledgement: 0, part: 1, last: 2 } as const
const HEADER_BYTES = 1 + 4 + 4
const CHUNK_BYTES = PLAINTEXT_BYTES.transport - 2 - HEADER_BYTES
/** Parts ahead of the next one in order that are kept, and nonces behind the newest that are still taken (RFC 6479's idea). */
const WINDOW = 64

interface Part {
  readonly number: number
  readonly kind: 1 | 2
  readonly chunk: Uint8Array
}

export class Session {
  readonly #noise: NoiseSession
  #nextNonce = 0
  // sending
  #nextNumber = 0
  #unacknowledged: Part[] = []
  #toSend: Part[] = []
  readonly #resend = new Resend()
  // receiving
  #newestNonce = -1
  #seenNonces = new Set<number>()
  #expected = 0
  #early = new Map<number, Part>()
  #chunks: Uint8Array[] = []
  #chunkBytes = 0
  /** When an acknowledgement goes out, alone if nothing else does before. */
  #ackAt: Millis = Infinity

  constructor(noise: NoiseSession) {
    this.#noise = noise
  }

  /** Says it, and goes on saying it until the other side acknowledges. */
  send(message: Uint8Array): void {
    for (let at = 0; at === 0 || at < message.length; at += CHUNK_BYTES) {
      const isLast = at + CHUNK_BYTES >= message.length
      this.#toSend.push({
        number: this.#nextNumber++,
        kind: isLast ? KIND.last : KIND.part,
        chunk: message.subarray(at, at + CHUNK_BYTES),
      })
    }
  }

  /**
   * Whole messages, in order, that this envelope completes; undefined when it was not sealed in this session. Throws
   * 'peer-violation' when it was, and breaks the rules: only the other side itself can have done that.
   */
  receive(envelope: Uint8Array, now: Millis): Bytes[] | undefined {
    const opened = this.#open(envelope)
    if (!opened) return undefined
    if (!this.#isFresh(opened.nonce)) return []
    const body = new Reader(unpad(opened.plaintext))
    const kind = body.u8()
    const number = body.u32()
    this.#acknowledge(body.u32())
    if (kind === KIND.acknowledgement) return []
    if (kind !== KIND.part && kind !== KIND.last) throw violation('a transport message of an unknown kind')
    this.#ackAt = Math.min(this.#ackAt, now + DIAL_ACK_MS)
    const chunk = body.rest().slice()
    // So the limit on bytes is one on parts as well.
    if (kind === KIND.part && chunk.length < CHUNK_BYTES) throw violation('only the last part of a message may be short')
    if (number >= this.#expected && number < this.#expected + WINDOW) this.#early.set(number, { number, kind, chunk })
    return this.#inOrder()
  }

  /** What is not acknowledged goes out with the next `drain`, whenever it was said. */
  repeat(): void {
    this.#toSend = [...this.#unacknowledged, ...this.#toSend]
    this.#unacknowledged = []
  }

  /** The envelopes to send now. */
  drain(now: Millis): Bytes[] {
    if (this.#resend.isDue(now)) this.repeat()
    const parts = this.#toSend
    this.#toSend = []
    this.#unacknowledged.push(...parts)
    if (this.#unacknowledged.length > 0) this.#resend.start(now)
    const envelopes = parts.map((part) => this.#seal(part.kind, part.number, part.chunk))
    if (envelopes.length === 0 && now >= this.#ackAt) envelopes.push(this.#seal(KIND.acknowledgement, 0, new Uint8Array()))
    // What goes out says how far we are.
    if (envelopes.length > 0) this.#ackAt = Infinity
    return envelopes
  }

  /** Infinity: none. */
  deadline(): Millis {
    return Math.min(this.#resend.deadline(), this.#ackAt)
  }

  /** Whether the other side has all that was said. */
  get isSettled(): boolean {
    return this.#toSend.length === 0 && this.#unacknowledged.length === 0
  }

  #seal(kind: number, number: number, chunk: Uint8Array): Bytes {
    const nonce = this.#nextNonce++
    const body = new Writer(HEADER_BYTES + chunk.length).u8(kind).u32(number).u32(this.#expected).bytes(chunk).finish()
    const sealed = this.#noise.send.seal(nonce, pad(body, PLAINTEXT_BYTES.transport))
    return concat(new Writer(8).u64(nonce).finish(), sealed)
  }

  #open(envelope: Uint8Array): { nonce: number; plaintext: Bytes } | undefined {
    if (envelope.length !== ENVELOPE_BYTES) return undefined
    try {
      const reader = new Reader(envelope)
      const nonce = reader.u64()
      return { nonce, plaintext: this.#noise.receive.open(nonce, reader.rest()) }
    } catch (error) {
      // Junk, or of another session that shares the address: the caller tries that one.
      if (error instanceof KithError) return undefined
      throw error
    }
  }

  /** A nonce counts once, and not at all once it is 64 behind the newest. */
  #isFresh(nonce: number): boolean {
    if (nonce <= this.#newestNonce - WINDOW || this.#seenNonces.has(nonce)) return false
    this.#seenNonces.add(nonce)
    if (nonce > this.#newestNonce) {
      this.#newestNonce = nonce
      for (const seen of this.#seenNonces) if (seen <= nonce - WINDOW) this.#seenNonces.delete(seen)
    }
    return true
  }

  #acknowledge(count: number): void {
    if (count > this.#nextNumber) throw violation('acknowledges what was never sent')
    if (this.#unacknowledged.some((part) => part.number < count)) this.#resend.stop()
    this.#unacknowledged = this.#unacknowledged.filter((part) => part.number >= count)
    this.#toSend = this.#toSend.filter((part) => part.number >= count)
  }

  #inOrder(): Bytes[] {
    const messages: Bytes[] = []
    for (let part = this.#early.get(this.#expected); part; part = this.#early.get(this.#expected)) {
      this.#early.delete(this.#expected)
      this.#expected += 1
      this.#chunks.push(part.chunk)
      this.#chunkBytes += part.chunk.length
      if (this.#chunkBytes > DIAL_MESSAGE_MAX_BYTES) throw violation('a dial message beyond its limit')
      if (part.kind === KIND.last) {
        messages.push(concat(...this.#chunks))
        this.#chunks = []
        this.#chunkBytes = 0
      }
    }
    return messages
  }
}
