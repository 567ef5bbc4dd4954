/**
 * The chat protocol `/chat/v1`: JSON messages of two kinds.
 *
 *     {"id": "…", "text": "…", "at": 1790000000000}     a message
 *     {"ack": "…"}                                      the message with this id has arrived and is stored
 *
 * The sender repeats a message on the next stream until it is acknowledged; the receiver drops a repeated one.
 */
import type { ProtocolName } from '@kith/sdk'

export const CHAT: ProtocolName = '/chat/v1'

/** Bytes in one message: the longest text in four-byte characters, and room for the rest. Beyond: the stream is reset. */
export const WIRE_MAX_BYTES = 32 * 1024

/** UTF-16 units in a message: longer texts belong in a document. Beyond: not sent, and ignored when received. */
export const TEXT_MAX_LENGTH = 4000

/** UTF-16 units in an id: a UUID has 36. */
const ID_MAX_LENGTH = 64

export interface Said {
  readonly id: string
  readonly text: string
  /** Milliseconds since 1970 by the author's clock. */ readonly at: number
}
export type Wire = { readonly kind: 'said'; readonly said: Said } | { readonly kind: 'ack'; readonly id: string }

export const encodeSaid = ({ id, text, at }: Said): string => JSON.stringify({ id, text, at })
export const encodeAck = (id: string): string => JSON.stringify({ ack: id })

const isId = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= ID_MAX_LENGTH

/** Undefined for other kinds, which later versions may have, and beyond a limit. */
export function decode(json: string): Wire | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // What is not JSON is treated as an unknown kind.
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if ('ack' in value) return isId(value.ack) ? { kind: 'ack', id: value.ack } : undefined
  if (!('id' in value && 'text' in value && 'at' in value)) return undefined
  const { id, text, at } = value
  if (!isId(id) || typeof text !== 'string' || text.length > TEXT_MAX_LENGTH) return undefined
  // 8.64e15 is the last moment of a Date (ECMA-262 §21.4.1.1); beyond it, formatting throws.
  if (typeof at !== 'number' || !(Math.abs(at) <= 8.64e15)) return undefined
  return { kind: 'said', said: { id, text, at } }
}
