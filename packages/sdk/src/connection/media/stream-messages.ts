/**
 * What is said on the stream of a Media: whole messages (`messages()`), each a msgpack array `[type, …]`.
 *
 * | type | | fields | |
 * |---|---|---|---|
 * | 1 | label | n, text | by both: our tracks whose MediaStream is named `<stream id>.<n>` have this label |
 * | 2 | accept | | by the callee, once: from now on tracks may flow |
 * | 3 | decline | | by the callee, in place of accept |
 *
 * The end of the stream is the end of the Media, before accept as after it.
 */
import { type Bytes, LABEL_MAX_LENGTH, LABELS_MAX, pack, unpackFields, violation } from '@kith/protocol'

export type StreamMessage =
  | { readonly type: 'label'; readonly n: number; readonly label: string }
  | { readonly type: 'accept' }
  | { readonly type: 'decline' }

/** Bytes: a label of the longest text has 4 a UTF-16 unit at most. */
export const STREAM_MESSAGE_MAX_BYTES = 4 * LABEL_MAX_LENGTH + 16

export function encodeStreamMessage(message: StreamMessage): Bytes {
  switch (message.type) {
    case 'label':
      return pack([1, message.n, message.label])
    case 'accept':
      return pack([2])
    case 'decline':
      return pack([3])
  }
}

/** Throws 'peer-violation'. */
export function decodeStreamMessage(bytes: Uint8Array): StreamMessage {
  const fields = unpackFields(bytes)
  const type = fields.integer(3)
  switch (type) {
    case 1:
      return { type: 'label', n: fields.integer(LABELS_MAX - 1), label: fields.text(LABEL_MAX_LENGTH) }
    case 2:
      return { type: 'accept' }
    case 3:
      return { type: 'decline' }
    default:
      throw violation(`unknown message ${type} on the stream of a Media`)
  }
}

/** The MediaStream of a label, as SDP names it (RFC 8830 §2: 1 to 64 token characters). */
export const streamName = (streamId: number, n: number): string => `${streamId}.${n}`

/** Undefined for the name of no Media: that of a track that was removed while its description was being made. */
export function parseStreamName(name: string): { streamId: number; n: number } | undefined {
  const match = /^([1-9]\d{0,15})\.(\d{1,2})$/.exec(name)
  return match === null ? undefined : { streamId: Number(match[1]), n: Number(match[2]) }
}
