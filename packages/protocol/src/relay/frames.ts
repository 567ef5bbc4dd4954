/**
 * Relay frames: one WebSocket binary message each, a u8 type and then the body (SPEC.md §1).
 *
 * What a client may send and what a relay may send are two types with two decoders, so that a frame from the wrong side is
 * refused by its type byte. Decoding is strict: unknown types, counts out of range, missing and surplus bytes are all
 * 'peer-violation'. Details that only inform (limits, notices) are msgpack maps, so that later versions can add to them.
 */
import { Reader } from '../bytes/reader.ts'
import { type Packable, pack, unpack } from '../bytes/struct.ts'
import { Writer } from '../bytes/writer.ts'
import { KithError, violation } from '../errors.ts'
import { BINDS_PER_FRAME, ENVELOPE_BYTES, RELAY_FRAME_MAX_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'

export const RELAY_VERSION = 1
export const ADDRESS_BYTES = 32
export const NONCE_BYTES = 32
export const SIGNATURE_BYTES = 64
export const PING_BYTES = 8

const TYPE = {
  challenge: 1,
  bind: 2,
  bound: 3,
  unbind: 4,
  send: 5,
  deliver: 6,
  notice: 7,
  ping: 8,
  pong: 9,
  ice: 10,
} as const

/** Form 0: the address key signs. Form 1: it has certified a delegate, and that signs. */
export type Bind =
  | { readonly form: 0; readonly address: Uint8Array; readonly signature: Uint8Array }
  | {
      readonly form: 1
      readonly address: Uint8Array
      readonly signature: Uint8Array
      readonly delegate: Uint8Array
      readonly notAfter: number
      readonly certificate: Uint8Array
    }

export type ClientFrame =
  | { readonly type: 'bind'; readonly binds: readonly Bind[] }
  | { readonly type: 'unbind'; readonly addresses: readonly Uint8Array[] }
  | { readonly type: 'send'; readonly address: Uint8Array; readonly envelope: Uint8Array }
  | { readonly type: 'pong'; readonly echo: Uint8Array }
  | { readonly type: 'ice' }

/** The frame that a notice answers, where it is not clear: a BIND has exactly one answer, BOUND or a notice 'of' it. */
export type NoticeOf = 'bind' | 'send'

export type Notice =
  | { readonly code: 'rate-limited'; readonly retryAfterMs: number; readonly of?: NoticeOf }
  | { readonly code: 'too-many'; readonly limit: number; readonly of?: NoticeOf }
  | { readonly code: 'malformed' }
  | { readonly code: 'bind-refused' }
  | { readonly code: 'restarting'; readonly reconnectInMs: number; readonly tryForMs: number }
  | { readonly code: 'full' }

/** Whether this notice is the one answer to a BIND. */
export function answersBind(notice: Notice): boolean {
  return notice.code === 'bind-refused' || ('of' in notice && notice.of === 'bind')
}

/** W3C RTCIceServer, with `urls` always a list. */
export interface IceServer {
  readonly urls: readonly string[]
  readonly username?: string
  readonly credential?: string
}

export type RelayFrame =
  | {
      readonly type: 'challenge'
      readonly nonce: Uint8Array
      readonly limits: Readonly<Record<string, number>>
      readonly nearby?: Uint8Array
      /** Milliseconds since 1970, by the relay's clock. */
      readonly time?: number
    }
  | { readonly type: 'bound'; readonly count: number }
  | { readonly type: 'deliver'; readonly address: Bytes; readonly envelope: Bytes }
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'ping'; readonly payload: Uint8Array }
  | { readonly type: 'ice'; readonly servers: readonly IceServer[] }

const NOTICE = { 'rate-limited': 1, 'too-many': 2, malformed: 3, 'bind-refused': 4, restarting: 5, full: 6 } as const

/** A hint, not a secret to be trusted: long enough for any MAC. */
const NEARBY_MAX_BYTES = 64
const ICE_SERVERS_MAX = 16
const ICE_URLS_MAX = 8
const ICE_TEXT_MAX_LENGTH = 512

// ── what a client sends ──────────────────────────────────────────────────────────────────────

/** The caller has checked lengths and counts: an address, a nonce or an envelope of another size is a bug, RangeError. */
export function encodeClientFrame(frame: ClientFrame): Bytes {
  switch (frame.type) {
    case 'bind': {
      const writer = new Writer(2 + frame.binds.length * 97).u8(TYPE.bind).u8(counted(frame.binds.length))
      for (const bind of frame.binds) {
        writer.u8(bind.form).bytes(sized(bind.address, ADDRESS_BYTES)).bytes(sized(bind.signature, SIGNATURE_BYTES))
        if (bind.form === 1) {
          writer.bytes(sized(bind.delegate, ADDRESS_BYTES)).u64(bind.notAfter).bytes(sized(bind.certificate, SIGNATURE_BYTES))
        }
      }
      return writer.finish()
    }
    case 'unbind': {
      const writer = new Writer(2 + frame.addresses.length * ADDRESS_BYTES).u8(TYPE.unbind).u8(counted(frame.addresses.length))
      for (const address of frame.addresses) writer.bytes(sized(address, ADDRESS_BYTES))
      return writer.finish()
    }
    case 'send':
      return addressed(TYPE.send, frame.address, frame.envelope)
    case 'pong':
      return new Writer(1 + PING_BYTES).u8(TYPE.pong).bytes(sized(frame.echo, PING_BYTES)).finish()
    case 'ice':
      return new Writer(1).u8(TYPE.ice).finish()
  }
}

/** What a relay takes. Addresses, signatures and envelopes are views into `bytes`. Throws 'peer-violation'. */
export function decodeClientFrame(bytes: Uint8Array): ClientFrame {
  const reader = open(bytes)
  const frame = readClientFrame(reader)
  reader.end()
  return frame
}

function readClientFrame(reader: Reader): ClientFrame {
  const type = reader.u8()
  switch (type) {
    case TYPE.bind:
      return { type: 'bind', binds: listOf(reader, readBind) }
    case TYPE.unbind:
      return { type: 'unbind', addresses: listOf(reader, () => reader.view(ADDRESS_BYTES)) }
    case TYPE.send:
      return { type: 'send', address: reader.view(ADDRESS_BYTES), envelope: reader.view(ENVELOPE_BYTES) }
    case TYPE.pong:
      return { type: 'pong', echo: reader.view(PING_BYTES) }
    case TYPE.ice:
      return { type: 'ice' }
    default:
      throw violation(`not a client's frame type: ${type}`)
  }
}

function readBind(reader: Reader): Bind {
  const form = reader.u8()
  if (form !== 0 && form !== 1) throw violation(`unknown form of bind: ${form}`)
  const address = reader.view(ADDRESS_BYTES)
  const signature = reader.view(SIGNATURE_BYTES)
  if (form === 0) return { form, address, signature }
  const delegate = reader.view(ADDRESS_BYTES)
  const notAfter = reader.u64()
  return { form, address, signature, delegate, notAfter, certificate: reader.view(SIGNATURE_BYTES) }
}

// ── what a relay sends ───────────────────────────────────────────────────────────────────────

export function encodeRelayFrame(frame: RelayFrame): Bytes {
  switch (frame.type) {
    case 'challenge': {
      const { limits, nearby, time } = frame
      const details: Packable = {
        limits,
        ...(nearby === undefined ? {} : { nearby }),
        ...(time === undefined ? {} : { time }),
      }
      return new Writer(512)
        .u8(TYPE.challenge)
        .u8(RELAY_VERSION)
        .bytes(sized(frame.nonce, NONCE_BYTES))
        .bytes(pack(details))
        .finish()
    }
    case 'bound':
      return new Writer(2).u8(TYPE.bound).u8(frame.count).finish()
    case 'deliver':
      return encodeDeliver(frame.address, frame.envelope)
    case 'notice': {
      const { code, ...details } = frame.notice
      return new Writer().u8(TYPE.notice).u8(NOTICE[code]).bytes(pack(details)).finish()
    }
    case 'ping':
      return new Writer(1 + PING_BYTES).u8(TYPE.ping).bytes(sized(frame.payload, PING_BYTES)).finish()
    case 'ice':
      return new Writer(256)
        .u8(TYPE.ice)
        .bytes(pack(frame.servers.map(packIceServer)))
        .finish()
  }
}

/** A DELIVER from what a SEND held, copied: one frame for however many receive it, and nothing of the sender's buffer is kept. */
export function encodeDeliver(address: Uint8Array, envelope: Uint8Array): Bytes {
  return addressed(TYPE.deliver, address, envelope)
}

/** What a client takes. Throws 'peer-violation', and 'unsupported-protocol' for a relay of another version. */
export function decodeRelayFrame(bytes: Uint8Array): RelayFrame {
  const reader = open(bytes)
  const frame = readRelayFrame(reader)
  reader.end()
  return frame
}

function readRelayFrame(reader: Reader): RelayFrame {
  const type = reader.u8()
  switch (type) {
    case TYPE.challenge:
      return readChallenge(reader)
    case TYPE.bound:
      return { type: 'bound', count: countOf(reader) }
    case TYPE.deliver:
      return { type: 'deliver', address: reader.take(ADDRESS_BYTES), envelope: reader.take(ENVELOPE_BYTES) }
    case TYPE.notice:
      return { type: 'notice', notice: readNotice(reader) }
    case TYPE.ping:
      return { type: 'ping', payload: reader.take(PING_BYTES) }
    case TYPE.ice:
      return { type: 'ice', servers: listFrom(unpack(reader.rest()), ICE_SERVERS_MAX).map(readIceServer) }
    default:
      throw violation(`not a relay's frame type: ${type}`)
  }
}

function readChallenge(reader: Reader): RelayFrame {
  const version = reader.u8()
  if (version !== RELAY_VERSION) {
    throw new KithError(
      'unsupported-protocol',
      `The relay speaks version ${version} of the protocol and this peer version ${RELAY_VERSION}: one of them must be updated.`,
      { source: 'relay' },
    )
  }
  const nonce = reader.take(NONCE_BYTES)
  const details = mapFrom(unpack(reader.rest()))
  const limits: Record<string, number> = {}
  for (const [name, value] of Object.entries(mapFrom(details.limits))) limits[name] = integer(value, name)
  const { nearby } = details
  const time = details.time === undefined ? {} : { time: integer(details.time, 'time') }
  if (nearby === undefined) return { type: 'challenge', nonce, limits, ...time }
  if (!(nearby instanceof Uint8Array) || nearby.length > NEARBY_MAX_BYTES) throw violation('nearby must be a short secret')
  return { type: 'challenge', nonce, limits, nearby: new Uint8Array(nearby), ...time }
}

function readNotice(reader: Reader): Notice {
  const code = reader.u8()
  const details = mapFrom(unpack(reader.rest()))
  const { of } = details
  if (of !== undefined && of !== 'bind' && of !== 'send') throw violation('a notice of an unknown frame')
  const about = of === undefined ? {} : ({ of } as const)
  switch (code) {
    case NOTICE['rate-limited']:
      return { code: 'rate-limited', retryAfterMs: integer(details.retryAfterMs, 'retryAfterMs'), ...about }
    case NOTICE['too-many']:
      return { code: 'too-many', limit: integer(details.limit, 'limit'), ...about }
    case NOTICE.malformed:
      return { code: 'malformed' }
    case NOTICE['bind-refused']:
      return { code: 'bind-refused' }
    case NOTICE.restarting:
      return {
        code: 'restarting',
        reconnectInMs: integer(details.reconnectInMs, 'reconnectInMs'),
        tryForMs: integer(details.tryForMs, 'tryForMs'),
      }
    case NOTICE.full:
      return { code: 'full' }
    default:
      throw violation(`unknown notice: ${code}`)
  }
}

function packIceServer(server: IceServer): Packable {
  const { urls, username, credential } = server
  return { urls, ...(username === undefined ? {} : { username }), ...(credential === undefined ? {} : { credential }) }
}

/** `urls` may be one text or a list of them (W3C WebRTC §4.2.4). */
function readIceServer(value: unknown): IceServer {
  const { urls, username, credential } = mapFrom(value)
  return {
    urls: (typeof urls === 'string' ? [urls] : listFrom(urls, ICE_URLS_MAX)).map(text),
    ...(username === undefined ? {} : { username: text(username) }),
    ...(credential === undefined ? {} : { credential: text(credential) }),
  }
}

// ── both ways ────────────────────────────────────────────────────────────────────────────────

function open(bytes: Uint8Array): Reader {
  if (bytes.length > RELAY_FRAME_MAX_BYTES)
    throw violation(`a frame of ${bytes.length} bytes, at most ${RELAY_FRAME_MAX_BYTES} allowed`)
  return new Reader(bytes)
}

function addressed(type: number, address: Uint8Array, envelope: Uint8Array): Bytes {
  const frame = new Uint8Array(1 + ADDRESS_BYTES + ENVELOPE_BYTES)
  frame[0] = type
  frame.set(sized(address, ADDRESS_BYTES), 1)
  frame.set(sized(envelope, ENVELOPE_BYTES), 1 + ADDRESS_BYTES)
  return frame
}

/** An empty list asks for nothing and would still have to be answered: refused like one that is too long. */
function countOf(reader: Reader): number {
  const count = reader.u8()
  if (count === 0 || count > BINDS_PER_FRAME) throw violation(`${count} addresses in a frame, 1 to ${BINDS_PER_FRAME} allowed`)
  return count
}

function listOf<T>(reader: Reader, item: (reader: Reader) => T): T[] {
  const items: T[] = []
  for (let left = countOf(reader); left > 0; left--) items.push(item(reader))
  return items
}

function counted(count: number): number {
  if (count === 0 || count > BINDS_PER_FRAME) throw new RangeError(`${count} addresses in a frame`)
  return count
}

function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes where ${length} belong`)
  return bytes
}

function mapFrom(value: unknown): { readonly [key: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw violation('details must be a map')
  }
  return value as { readonly [key: string]: unknown }
}

function listFrom(value: unknown, maxItems: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > maxItems) throw violation(`expected a list of at most ${maxItems}`)
  return value
}

function integer(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw violation(`${name} must be a whole number`)
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > ICE_TEXT_MAX_LENGTH) throw violation('expected a short text')
  return value
}
