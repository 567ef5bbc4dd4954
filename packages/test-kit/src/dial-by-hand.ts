/**
 * One side of one dial, message by message, under any identity and with any content: what is said by name is honest and can be
 * changed field by field, and what is said as bytes goes into the envelope as it is.
 */
import {
  type Bytes,
  confirmation,
  type IdentityKeys,
  type NoiseSession,
  type Random,
  type Role,
  type Route,
  type Way,
} from '@kith/protocol'
import { PLAINTEXT_BYTES, pad, unpad } from '../../protocol/src/dial/envelope.ts'
import {
  type Accept,
  type DialMessage,
  decodeAccept,
  decodeDialMessage,
  decodeKnock,
  encodeAccept,
  encodeDialMessage,
  encodeKnock,
  type Knock,
} from '../../protocol/src/dial/messages.ts'
import { proofOfIdentity } from '../../protocol/src/dial/proof.ts'
import { Session } from '../../protocol/src/dial/session.ts'
import { type AwaitedHandshake, awaitedHandshake } from '../../protocol/src/noise/awaited-handshake.test-kit.ts'
import { hasStatic, PATTERNS } from '../../protocol/src/noise/pattern.ts'

export type { Accept, DialMessage, Knock }

export interface DialByHandOptions {
  /** Ours; whose keys we have is who we are. */
  readonly identity: IdentityKeys
  readonly random: Random
  readonly way: Way
  /** What the handshake is bound to; another than the envelope is sent through makes a knock that opens nowhere. */
  readonly route: Route
}

export class DialByHand {
  readonly #options: DialByHandOptions
  readonly #role: Role
  readonly #handshake: AwaitedHandshake
  #noise: NoiseSession | undefined
  #session: Session | undefined

  /** `role`: 0 knocks, 1 is knocked at. */
  constructor(role: Role, options: DialByHandOptions) {
    const { identity, random, way, route } = options
    this.#options = options
    this.#role = role
    const side = role === 0 ? 'initiator' : 'responder'
    const { pattern, keys } = way
    const local = hasStatic(PATTERNS[pattern], side) ? { local: identity.keyAgreement } : {}
    const prologue = way.prologue(route, side)
    this.#handshake = awaitedHandshake({ pattern, role: side, random, prologue, ...local, ...keys })
  }

  // ── the two Noise messages ──

  /** The first envelope. */
  knock(fields: Partial<Knock> = {}): Promise<Bytes> {
    const { random, route } = this.#options
    return this.handshakeOf(
      encodeKnock({
        dialId: random(16),
        instance: random(16),
        replyAddress: random(32),
        replyOrigins: [route.origin],
        protocols: ['/kith/1'],
        ...fields,
      }),
    )
  }

  /** The second. */
  accept(accept: Accept): Promise<Bytes> {
    return this.handshakeOf(encodeAccept(accept))
  }

  /** An envelope of the handshake with this body in place of a knock or an accept. */
  handshakeOf(body: Uint8Array): Promise<Bytes> {
    return this.sealed(pad(body, PLAINTEXT_BYTES.handshake))
  }

  /** The same with a plaintext of its own, padding included: 976 bytes, or it makes no envelope. */
  sealed(plaintext: Uint8Array): Promise<Bytes> {
    return this.#handshake.writeMessage(plaintext)
  }

  /** Throws 'peer-violation' where the envelope is not for this handshake; it stays as it was. */
  async readKnock(envelope: Bytes): Promise<Knock> {
    return decodeKnock(unpad(await this.#handshake.readMessage(envelope)))
  }

  async readAccept(envelope: Bytes): Promise<Accept> {
    return decodeAccept(unpad(await this.#handshake.readMessage(envelope)))
  }

  // ── what follows ──

  /** Both Noise messages have passed. */
  get noise(): NoiseSession {
    this.#noise ??= this.#handshake.split()
    return this.#noise
  }

  /** As envelopes. Bytes: in place of a message. */
  say(message: DialMessage | Uint8Array): Bytes[] {
    const session = this.#openSession()
    session.send(message instanceof Uint8Array ? message : encodeDialMessage(message))
    return session.drain(0)
  }

  /** An envelope with this body in place of a numbered part: `u8 kind ‖ u32 number ‖ u32 acknowledged ‖ chunk`. */
  part(nonce: number, body: Uint8Array): Bytes {
    const head = new Uint8Array(8)
    new DataView(head.buffer).setBigUint64(0, BigInt(nonce))
    const sealed = this.noise.send.seal(nonce, pad(body, PLAINTEXT_BYTES.transport))
    const envelope = new Uint8Array(8 + sealed.length)
    envelope.set(head)
    envelope.set(sealed, 8)
    return envelope
  }

  /** The messages that the envelope completes; none where it is of another session, a repeat or an acknowledgement. */
  hear(envelope: Bytes): DialMessage[] {
    const messages = this.#openSession().receive(envelope, 0) ?? []
    return messages.map(decodeDialMessage).filter((message) => message !== undefined)
  }

  /** The proof that an invitation asks for; `fields` in place of what is true. */
  async prove(fields: Partial<Extract<DialMessage, { type: 'prove' }>> = {}): Promise<Bytes[]> {
    const { identity } = this.#options
    const signature = await identity.sign(proofOfIdentity(this.#role, this.noise.hash, identity.id))
    return this.say({ type: 'prove', id: identity.id, signature: signature as Bytes, name: '', relays: [], ...fields })
  }

  /** The first message on the control lane, ours and theirs, for this pair of DTLS certificates. */
  confirmation(ownFingerprint: Uint8Array, peerFingerprint: Uint8Array): { readonly ours: Bytes; readonly theirs: Bytes } {
    const { bindKey } = this.noise
    return {
      ours: confirmation(bindKey, this.#role, ownFingerprint, peerFingerprint),
      theirs: confirmation(bindKey, this.#role === 0 ? 1 : 0, peerFingerprint, ownFingerprint),
    }
  }

  #openSession(): Session {
    this.#session ??= new Session(this.noise)
    return this.#session
  }
}
