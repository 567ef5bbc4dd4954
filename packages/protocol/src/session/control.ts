/**
 * What the control lane carries: one msgpack array a message, `[type, …]`. Frames are counted and can be sent again on another
 * path; these are not.
 *
 * | type | | fields |
 * |---|---|---|
 * | 1 | confirm | HMAC, 32 bytes (RFC 8844: who is at the other end of *this* DTLS association) |
 * | 2 | hello | version, instance 16 bytes, [[scope, [protocol…]]…], [streams, stream window, connection window], [feature…], at TURN |
 * | 3 | protocols | [[scope, [protocol…]]…] |
 * | 5 | ack | lane (2 urgent, 3 bulk), frames received on it |
 * | 6 | resume | lane, frames received on it |
 * | 7, 8 | ping, pong | token, returned as it came |
 * | 9 | goaway | code, reason, frames sent on the urgent lane, on the bulk lane |
 * | 13 | path | whether its sender's end of the path is at a TURN server |
 * | 4, 10, 11, 12 | sdp, mention, retire, relays | not the mux's affair: passed on as they are; 11 and 12 with the features of their names |
 */
import { type Fields, MAX_ELEMENTS, type Packable, pack, unpackFields } from '../bytes/struct.ts'
import { violation } from '../errors.ts'
import { FEATURE_NAME_MAX_LENGTH, FEATURES_MAX, FRAME_MAX_BYTES, GOAWAY_REASON_MAX_BYTES, SCOPES_MAX } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { type LaneNumber, laneNumber, readProtocols, readScope } from '../mux/frames.ts'
import type { HelloLimits, ServedProtocols } from '../mux/served.ts'
import { FEATURES } from './features.ts'
import { utf8Length } from './reason.ts'

export const MUX_VERSION = 1
export const INSTANCE_BYTES = 16
export const CONFIRMATION_BYTES = 32

/** Types of control messages that others than the mux read and write. */
export type OpaqueType = 4 | 10 | 11 | 12

export interface Goodbye {
  readonly code: number
  readonly reason: string
  /** Frames sent on each lane in all: the link ends when they have arrived. Builds that do not count end it at once. */
  readonly sent?: { readonly urgent: number; readonly bulk: number }
}

export type ControlMessage =
  | { readonly type: 'confirm'; readonly hmac: Bytes }
  | {
      readonly type: 'hello'
      readonly version: number
      readonly instance: Bytes
      readonly served: ServedProtocols
      readonly limits: HelloLimits
      /** Names of features.ts, and of later versions. */
      readonly features: readonly string[]
      /** Whether the sender's end of the path is at a TURN server; only with the feature 'path', and where it is known. */
      readonly isAtTurn?: boolean
    }
  | { readonly type: 'protocols'; readonly served: ServedProtocols }
  | { readonly type: 'ack'; readonly lane: LaneNumber; readonly count: number }
  | { readonly type: 'resume'; readonly lane: LaneNumber; readonly received: number }
  | { readonly type: 'ping'; readonly token: number }
  | { readonly type: 'pong'; readonly token: number }
  | ({ readonly type: 'goaway' } & Goodbye)
  | { readonly type: 'path'; readonly isAtTurn: boolean }
  | { readonly type: 'opaque'; readonly number: OpaqueType; readonly message: Bytes }

export function encodeControl(message: ControlMessage): Bytes {
  switch (message.type) {
    case 'confirm':
      return pack([1, message.hmac])
    case 'hello': {
      const { streams, streamWindowBytes, connectionWindowBytes } = message.limits
      const limits = [streams, streamWindowBytes, connectionWindowBytes]
      const { version, instance, served, features, isAtTurn } = message
      return pack([2, version, instance, packServed(served), limits, features, ...(isAtTurn === undefined ? [] : [isAtTurn])])
    }
    case 'protocols':
      return pack([3, packServed(message.served)])
    case 'ack':
      return pack([5, message.lane, message.count])
    case 'resume':
      return pack([6, message.lane, message.received])
    case 'ping':
      return pack([7, message.token])
    case 'pong':
      return pack([8, message.token])
    case 'goaway':
      return pack([9, message.code, message.reason, ...(message.sent ? [message.sent.urgent, message.sent.bulk] : [])])
    case 'path':
      return pack([13, message.isAtTurn])
    case 'opaque':
      return message.message
  }
}

/** Throws 'peer-violation' for anything but one whole control message of at most FRAME_MAX_BYTES. */
export function decodeControl(message: Bytes): ControlMessage {
  if (message.length > FRAME_MAX_BYTES) throw violation(`a control message of ${message.length} bytes`)
  const fields = unpackFields(message)
  const number = fields.integer(13)
  switch (number) {
    case 1:
      return { type: 'confirm', hmac: fields.bytes(CONFIRMATION_BYTES) }
    case 2: {
      const version = fields.integer()
      if (version < MUX_VERSION) throw violation(`unknown version ${version}`)
      const instance = fields.bytes(INSTANCE_BYTES)
      const served = readServed(fields)
      const limits = readLimits(fields.struct())
      const features = readFeatures(fields)
      const isAtTurn = features.includes(FEATURES.path) ? fields.optional((f) => f.boolean()) : undefined
      return { type: 'hello', version, instance, served, limits, features, ...(isAtTurn !== undefined && { isAtTurn }) }
    }
    case 3:
      return { type: 'protocols', served: readServed(fields) }
    case 4:
    case 10:
    case 11:
    case 12:
      return { type: 'opaque', number, message }
    case 5:
      return { type: 'ack', lane: readLane(fields), count: fields.integer() }
    case 6:
      return { type: 'resume', lane: readLane(fields), received: fields.integer() }
    case 7:
      return { type: 'ping', token: fields.integer() }
    case 8:
      return { type: 'pong', token: fields.integer() }
    case 9:
      return { type: 'goaway', ...readGoodbye(fields) }
    case 13:
      return { type: 'path', isAtTurn: fields.boolean() }
    default:
      throw violation(`unknown control message ${number}`)
  }
}

function packServed(served: ServedProtocols): Packable {
  return served.map(([scope, protocols]) => [scope, protocols])
}

function readServed(fields: Fields): ServedProtocols {
  return fields.list(SCOPES_MAX, (item) => {
    const pair = item.struct()
    return [readScope(pair), readProtocols(pair)] as const
  })
}

function readLimits(fields: Fields): HelloLimits {
  return { streams: fields.integer(), streamWindowBytes: fields.integer(), connectionWindowBytes: fields.integer() }
}

/** Builds without features end their hello before the list. */
function readFeatures(fields: Fields): readonly string[] {
  const names = fields.optional((f) => f.list(MAX_ELEMENTS, (item) => item.text(FEATURE_NAME_MAX_LENGTH)))
  return names?.slice(0, FEATURES_MAX) ?? []
}

/** What the remote may say depends on features, how much is read does not. */
function readReason(fields: Fields): string {
  const reason = fields.text(GOAWAY_REASON_MAX_BYTES)
  if (utf8Length(reason) > GOAWAY_REASON_MAX_BYTES) throw violation('a reason too long')
  return reason
}

function readGoodbye(fields: Fields): Goodbye {
  const [code, reason] = [fields.integer(), readReason(fields)]
  const urgent = fields.optional((f) => f.integer())
  const bulk = fields.optional((f) => f.integer())
  return urgent === undefined || bulk === undefined ? { code, reason } : { code, reason, sent: { urgent, bulk } }
}

function readLane(fields: Fields): LaneNumber {
  return laneNumber(fields.integer(3))
}
