/**
 * What the two sides of a dial say to each other, each a msgpack array. The knock and the accept are the payloads of the two
 * Noise messages; the rest travels in transport messages (session.ts) and begins with its type.
 */
import { type Fields, type Packable, pack, unpackFields } from '../bytes/struct.ts'
import { violation } from '../errors.ts'
import { type PeerId, parsePeerId } from '../identity/peer-id.ts'
import { isProtocolName, type ProtocolName } from '../identity/protocol-name.ts'
import {
  CANDIDATES_MAX,
  NAME_MAX_LENGTH,
  ORIGIN_MAX_LENGTH,
  ORIGINS_MAX,
  PRESENCE_MAX_MS,
  PROTOCOL_NAME_MAX_LENGTH,
  PROTOCOLS_MAX,
} from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import { type Candidate, packCandidate, readCandidate } from './candidate.ts'
import { packDescription, readDescription, type TransportDescription } from './description.ts'
import { PLAINTEXT_BYTES } from './envelope.ts'

/** How long its sender counts as online, for a contact. Earlier builds send none, and ignore it. */
export interface Presence {
  /** Until when they count as online if nothing more is heard. Beyond PRESENCE_MAX_MS: that. */
  readonly goodForMs: Millis
  /** 32 bytes: an envelope that begins with them says that this instance is leaving. */
  readonly farewell: Bytes
}

/** Message 1: a request to talk. No SDP, and no address of the caller's but the reply address. */
export interface Knock {
  /** The same on every carrier through which this dial is tried. 16 bytes. */
  readonly dialId: Bytes
  readonly instance: Bytes
  readonly replyAddress: Bytes
  /** The carriers where the reply address is bound. */
  readonly replyOrigins: readonly string[]
  /** None: only "are you there?". */
  readonly protocols: readonly ProtocolName[]
  readonly presence?: Presence | undefined
}

/** Message 2. A refusal has no form: it is silence. */
export type Accept =
  | { readonly type: 'offer'; readonly replyAddress: Bytes; readonly instance: Bytes; readonly description: TransportDescription }
  | { readonly type: 'here'; readonly instance: Bytes; readonly presence?: Presence | undefined }
  | { readonly type: 'spent' }

/** What follows under the session's keys. */
export type DialMessage =
  | {
      readonly type: 'prove'
      readonly id: PeerId
      readonly signature: Bytes
      readonly name: string
      readonly relays: readonly string[]
    }
  | { readonly type: 'answer'; readonly description: TransportDescription }
  | { readonly type: 'candidates'; readonly candidates: readonly Candidate[] }
  | { readonly type: 'bye' }
  | { readonly type: 'spent' }

const FAREWELL_BYTES = 32

const TYPES = { prove: 1, answer: 2, candidates: 3, bye: 4, spent: 5 } as const

/**
 * What does not fit the envelope is left out from the end, protocols first: in a knock they are a hint for the other's policy,
 * and one carrier to answer through is enough.
 */
export function encodeKnock(knock: Knock): Bytes {
  const protocols = knock.protocols.slice(0, PROTOCOLS_MAX)
  const replyOrigins = knock.replyOrigins.slice(0, ORIGINS_MAX)
  for (;;) {
    const bytes = pack([
      knock.dialId,
      knock.instance,
      knock.replyAddress,
      replyOrigins,
      protocols,
      ...packPresence(knock.presence),
    ])
    if (bytes.length <= PLAINTEXT_BYTES.knockWithStatic - 2) return bytes
    if (protocols.length > 1) protocols.pop()
    else if (replyOrigins.length > 1) replyOrigins.pop()
    else throw new RangeError('the origin is too long for a knock')
  }
}

export function decodeKnock(bytes: Uint8Array): Knock {
  const fields = unpackFields(bytes)
  return {
    dialId: fields.bytes(16),
    instance: fields.bytes(16),
    replyAddress: fields.bytes(32),
    replyOrigins: fields.list(ORIGINS_MAX, (origin) => origin.text(ORIGIN_MAX_LENGTH)),
    protocols: fields.list(PROTOCOLS_MAX, readProtocol),
    ...readPresence(fields),
  }
}

export function encodeAccept(accept: Accept): Bytes {
  switch (accept.type) {
    case 'offer':
      return pack([accept.replyAddress, accept.instance, ...packDescription(accept.description)])
    case 'here':
      return pack(['here', accept.instance, ...packPresence(accept.presence)])
    case 'spent':
      return pack(['spent'])
  }
}

export function decodeAccept(bytes: Uint8Array): Accept {
  const fields = unpackFields(bytes)
  if (fields.nextIsText()) {
    const word = fields.text(8)
    if (word === 'here') return { type: 'here', instance: fields.bytes(16), ...readPresence(fields) }
    if (word === 'spent') return { type: 'spent' }
    throw violation('an accept of an unknown kind')
  }
  return { type: 'offer', replyAddress: fields.bytes(32), instance: fields.bytes(16), description: readDescription(fields) }
}

export function encodeDialMessage(message: DialMessage): Bytes {
  return pack([TYPES[message.type], ...dialMessageBody(message)])
}

function dialMessageBody(message: DialMessage): Packable[] {
  switch (message.type) {
    case 'prove':
      return [message.id, message.signature, message.name, message.relays.slice(0, ORIGINS_MAX)]
    case 'answer':
      return packDescription(message.description)
    case 'candidates':
      return [message.candidates.map(packCandidate)]
    case 'bye':
    case 'spent':
      return []
  }
}

/** Undefined for a type that this version does not know: later versions may say more. */
export function decodeDialMessage(bytes: Uint8Array): DialMessage | undefined {
  const fields = unpackFields(bytes)
  switch (fields.integer(0xff)) {
    case TYPES.prove:
      return {
        type: 'prove',
        id: readPeerId(fields),
        signature: fields.bytes(64),
        name: fields.text(NAME_MAX_LENGTH),
        relays: fields.list(ORIGINS_MAX, (relay) => relay.text(ORIGIN_MAX_LENGTH)),
      }
    case TYPES.answer:
      return { type: 'answer', description: readDescription(fields) }
    case TYPES.candidates:
      return { type: 'candidates', candidates: fields.list(CANDIDATES_MAX, (one) => readCandidate(one.struct())) }
    case TYPES.bye:
      return { type: 'bye' }
    case TYPES.spent:
      return { type: 'spent' }
    default:
      return undefined
  }
}

function packPresence(presence: Presence | undefined): Packable[] {
  return presence ? [presence.goodForMs, presence.farewell] : []
}

function readPresence(fields: Fields): { presence?: Presence } {
  const goodForMs = fields.optional((field) => field.integer())
  if (goodForMs === undefined) return {}
  return { presence: { goodForMs: Math.min(goodForMs, PRESENCE_MAX_MS), farewell: fields.bytes(FAREWELL_BYTES) } }
}

function readProtocol(fields: Fields): ProtocolName {
  const text = fields.text(PROTOCOL_NAME_MAX_LENGTH)
  if (!isProtocolName(text)) throw violation('not a ProtocolName')
  return text
}

function readPeerId(fields: Fields): PeerId {
  const text = fields.text(64)
  const id = parsePeerId(text)
  if (id !== text) throw violation('a PeerId on the wire has one form')
  return id
}
