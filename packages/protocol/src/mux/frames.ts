/**
 * What lanes carry: `varint stream ‖ u8 type ‖ body`, one frame a message or several (packing.ts).
 *
 * | type | | body |
 * |---|---|---|
 * | 1 | OPEN | lp(msgpack [kind, priority, scope, [protocol…], params or nil]) ‖ first data |
 * | 2 | ACCEPT | the protocol, UTF-8 to the end |
 * | 3 | REJECT | varint code |
 * | 4 | DATA | bytes to the end |
 * | 5 | CREDIT | varint absolute offset; stream 0 is the whole connection |
 * | 6 | FIN | |
 * | 7 | RESET | varint code |
 * | 8 | STOP | varint code |
 * | 10 | ACK | stream 0; lane, varint count: as the control message, for when there is a message to share |
 * | 11 | ABORT | varint code |
 * | 12 | OWN DATA | bytes to the end, counted against the credit of their stream and not of the connection |
 * | 13 | OWN CREDIT | varint absolute offset: of such bytes |
 */
import { fromUtf8, utf8 } from '../bytes/bytes.ts'
import { Reader } from '../bytes/reader.ts'
import { type Fields, pack, unpackFields } from '../bytes/struct.ts'
import { varintLength, Writer } from '../bytes/writer.ts'
import { KithError, violation } from '../errors.ts'
import { isProtocolName, type ProtocolName } from '../identity/protocol-name.ts'
import { FRAME_MAX_BYTES, PARAMS_MAX_BYTES, PROTOCOL_NAME_MAX_LENGTH, PROTOCOLS_MAX } from '../limits.ts'
import type { Bytes } from '../machine.ts'

/** Whose handlers are meant: 0 the peer's own, else a room's tag of 8 bytes. */
export type Scope = 0 | Bytes

export const SCOPE_BYTES = 8

/** Lanes as the wire numbers them: by the id of the data channel. */
export type LaneNumber = 2 | 3

/** What a stream carries: plain bytes, or the state of a datagram flow or of a set of live tracks. */
export type StreamKind = 'stream' | 'datagrams' | 'media'
const KINDS: readonly StreamKind[] = ['stream', 'datagrams', 'media']

/** Why a stream was rejected. Codes that are not known yet mean 'refused'. */
export const REJECT_CODES = {
  /** The protocol is not served. */ unsupported: 1,
  /** STREAMS_MAX are open already. */ tooMany: 2,
  /** The application declined. */ refused: 3,
} as const

export interface OpenHeader {
  readonly kind: StreamKind
  /** Larger goes first; above 0 travels on the urgent lane. Any safe integer. */
  readonly priority: number
  readonly scope: Scope
  /** In order of preference; at least one. */
  readonly protocols: readonly ProtocolName[]
  /** What it is about: anything that JSON can say in PARAMS_MAX_BYTES; undefined for nothing. */
  readonly params: unknown
}

/** Views point into the message that was decoded. */
export type Frame =
  | { readonly type: 'open'; readonly stream: number; readonly header: OpenHeader; readonly data: Bytes }
  | { readonly type: 'accept'; readonly stream: number; readonly protocol: string }
  | { readonly type: 'reject'; readonly stream: number; readonly code: number }
  | { readonly type: 'data'; readonly stream: number; readonly data: Bytes }
  | { readonly type: 'credit'; readonly stream: number; readonly offset: number }
  | { readonly type: 'own-data'; readonly stream: number; readonly data: Bytes }
  | { readonly type: 'own-credit'; readonly stream: number; readonly offset: number }
  | { readonly type: 'fin'; readonly stream: number }
  | { readonly type: 'reset'; readonly stream: number; readonly code: number }
  | { readonly type: 'stop'; readonly stream: number; readonly code: number }
  | { readonly type: 'abort'; readonly stream: number; readonly code: number }
  | { readonly type: 'ack'; readonly stream: 0; readonly lane: LaneNumber; readonly count: number }

const OPEN = 1
const ACCEPT = 2
const REJECT = 3
const DATA = 4
const CREDIT = 5
const FIN = 6
const RESET = 7
const STOP = 8
const ACK = 10
const ABORT = 11
const OWN_DATA = 12
const OWN_CREDIT = 13

/** Throws 'peer-violation' for anything but one whole frame of at most FRAME_MAX_BYTES. */
export function decodeFrame(message: Bytes): Frame {
  if (message.length > FRAME_MAX_BYTES) throw violation(`a frame of ${message.length} bytes`)
  const reader = new Reader(message)
  const stream = reader.varint()
  const type = reader.u8()
  if ((stream === 0) !== (type === ACK) && !(stream === 0 && type === CREDIT)) throw violation(`type ${type} on stream ${stream}`)
  switch (type) {
    case OPEN: {
      const header = readOpenHeader(reader.prefixed())
      return { type: 'open', stream, header, data: rest(message, reader) }
    }
    case ACCEPT:
      if (reader.remaining > PROTOCOL_NAME_MAX_LENGTH) throw violation('a protocol name too long')
      return { type: 'accept', stream, protocol: fromUtf8(reader.rest()) }
    case REJECT:
      return { type: 'reject', stream, code: lastVarint(reader) }
    case DATA:
      return { type: 'data', stream, data: rest(message, reader) }
    case CREDIT:
      return { type: 'credit', stream, offset: lastVarint(reader) }
    case FIN:
      reader.end()
      return { type: 'fin', stream }
    case RESET:
      return { type: 'reset', stream, code: lastVarint(reader) }
    case STOP:
      return { type: 'stop', stream, code: lastVarint(reader) }
    case ABORT:
      return { type: 'abort', stream, code: lastVarint(reader) }
    case OWN_DATA:
      return { type: 'own-data', stream, data: rest(message, reader) }
    case OWN_CREDIT:
      return { type: 'own-credit', stream, offset: lastVarint(reader) }
    case ACK:
      return { type: 'ack', stream: 0, lane: laneNumber(reader.u8()), count: lastVarint(reader) }
    default:
      throw violation(`unknown frame type ${type}`)
  }
}

/** What comes before the first data in an OPEN. Throws 'too-large' or 'invalid-argument' for params that cannot travel. */
export function encodeOpenHeader(stream: number, header: OpenHeader): Bytes {
  const { kind, priority, scope, protocols, params } = header
  const packed = pack([KINDS.indexOf(kind), priority, scope, protocols, paramsText(params)])
  return new Writer(packed.length + 16).varint(stream).u8(OPEN).prefixed(packed).finish()
}

/** What comes before the bytes in a DATA: they are copied right behind it, once, into the frame that will be sent. */
export function encodeDataHeader(stream: number): Bytes {
  return start(stream, DATA, 0).finish()
}

/** Turns a DATA, by the length of its header, into an OWN DATA. */
export function makeOwn(frame: Bytes, headerBytes: number): void {
  frame[headerBytes - 1] = OWN_DATA
}

export function encodeAccept(stream: number, protocol: ProtocolName): Bytes {
  return start(stream, ACCEPT, protocol.length).bytes(utf8(protocol)).finish()
}

export function encodeReject(stream: number, code: number): Bytes {
  return withNumber(stream, REJECT, code)
}

export function encodeCredit(stream: number, offset: number): Bytes {
  return withNumber(stream, CREDIT, offset)
}

export function encodeOwnCredit(stream: number, offset: number): Bytes {
  return withNumber(stream, OWN_CREDIT, offset)
}

export function encodeFin(stream: number): Bytes {
  return start(stream, FIN, 0).finish()
}

export function encodeReset(stream: number, code: number): Bytes {
  return withNumber(stream, RESET, code)
}

export function encodeStop(stream: number, code: number): Bytes {
  return withNumber(stream, STOP, code)
}

export function encodeAbort(stream: number, code: number): Bytes {
  return withNumber(stream, ABORT, code)
}

export function encodeAck(lane: LaneNumber, count: number): Bytes {
  return new Writer(8).varint(0).u8(ACK).u8(lane).varint(count).finish()
}

/** Scopes as keys of a Map: byte arrays would be compared by identity. */
export function scopeKey(scope: Scope): string {
  return scope === 0 ? '' : scope.join()
}

/** Throws 'peer-violation' for what is no lane of streams. */
export function laneNumber(number: number): LaneNumber {
  if (number !== 2 && number !== 3) throw violation(`no lane ${number}`)
  return number
}

/** Throws 'peer-violation' for anything but 0 or a tag of 8 bytes. */
export function readScope(fields: Fields): Scope {
  if (fields.nextIsBytes()) return fields.bytes(SCOPE_BYTES)
  fields.integer(0)
  return 0
}

/** Throws 'peer-violation' for a list that holds anything but protocol names, or more than PROTOCOLS_MAX. */
export function readProtocols(fields: Fields): ProtocolName[] {
  return fields.list(PROTOCOLS_MAX, (item) => {
    const name = item.text(PROTOCOL_NAME_MAX_LENGTH)
    if (!isProtocolName(name)) throw violation('not a protocol name')
    return name
  })
}

function readOpenHeader(bytes: Uint8Array): OpenHeader {
  const fields = unpackFields(bytes)
  const kind = KINDS[fields.integer(KINDS.length - 1)]
  if (kind === undefined) throw violation('unknown kind of stream')
  const priority = fields.signed()
  const scope = readScope(fields)
  const protocols = readProtocols(fields)
  if (protocols.length === 0) throw violation('a stream without a protocol')
  const params = fields.optional((f) => readParams(f.text(PARAMS_MAX_BYTES)))
  return { kind, priority, scope, protocols, params }
}

function readParams(text: string): unknown {
  if (utf8(text).length > PARAMS_MAX_BYTES) throw violation('params too large')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw violation('params are not JSON', cause)
  }
}

function paramsText(params: unknown): string | null {
  let text: string | undefined
  try {
    text = JSON.stringify(params, onlyJson)
  } catch (cause) {
    if (cause instanceof KithError) throw cause
    throw new KithError('invalid-argument', 'params must be JSON: they refer to themselves, or hold a bigint.', { cause })
  }
  if (text === undefined && params !== undefined)
    throw new KithError('invalid-argument', 'params must be JSON: their toJSON gives none.')
  if (text === undefined) return null
  if (utf8(text).length > PARAMS_MAX_BYTES) {
    throw new KithError('too-large', `params may take ${PARAMS_MAX_BYTES} bytes as JSON: send more on the stream.`)
  }
  return text
}

/** Built-in objects of which JSON says nothing but `{}`, or something that cannot be read back. */
const NOT_JSON = /^\[object ((Weak)?(Map|Set)|WeakRef|Promise|RegExp|Error|(Shared)?ArrayBuffer|DataView|\w+Array)]$/

/** A replacer that refuses what JSON.stringify would leave out, or change, without a word. */
function onlyJson(this: unknown, key: string, value: unknown): unknown {
  const kind = notJson(this, value)
  if (kind === undefined) return value
  throw new KithError('invalid-argument', `params must be JSON: ${key === '' ? 'they are' : `'${key}' is`} ${kind}.`)
}

/** What a value is that cannot travel, as its holder has it: a property may be undefined, and is absent then. */
function notJson(holder: unknown, value: unknown): string | undefined {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return `a ${typeof value}`
    case 'undefined':
      return Array.isArray(holder) ? 'undefined' : undefined
    case 'number':
      return Number.isFinite(value) ? undefined : String(value)
    case 'object':
      return NOT_JSON.exec(Object.prototype.toString.call(value))?.[1]
    default:
      return undefined
  }
}

function start(stream: number, type: number, bodyBytes: number): Writer {
  return new Writer(varintLength(stream) + 1 + bodyBytes).varint(stream).u8(type)
}

function withNumber(stream: number, type: number, value: number): Bytes {
  return start(stream, type, varintLength(value)).varint(value).finish()
}

function lastVarint(reader: Reader): number {
  const value = reader.varint()
  reader.end()
  return value
}

function rest(message: Bytes, reader: Reader): Bytes {
  return message.subarray(message.length - reader.remaining)
}
