/** For tests: the far end of a link as a remote has it who keeps to no rule. It speaks frame by frame, and answers nothing. */
import { type Bytes, type ProtocolName, pack, type StreamKind, varintLength, Writer } from '@kith/protocol'
import { filled } from './pair.testing.ts'

/** Bytes of the messages that honest builds put frames together in. */
const PACK_MAX_BYTES = 16 * 1024

/** What a remote says of itself; `hmac` is what the link insists on. */
export const greeting = (hmac: Bytes = filled(32, 1)): readonly Bytes[] => [
  pack([1, hmac]),
  pack([2, 1, filled(16, 9), [], [1024, 262_144, 1_048_576], ['ask', 'own-credit', 'retire', 'relays']]),
]

export const frame = (stream: number, type: number, body: Uint8Array = new Uint8Array(0)): Bytes =>
  new Writer(16 + body.length).varint(stream).u8(type).bytes(body).finish()

export function openFrame(stream: number, protocol: ProtocolName, kind: StreamKind = 'stream', data = new Uint8Array(0)): Bytes {
  const header = pack([['stream', 'datagrams', 'media'].indexOf(kind), 0, 0, [protocol], null])
  return new Writer(32 + header.length + data.length).varint(stream).u8(1).prefixed(header).bytes(data).finish()
}

export const resetFrame = (stream: number, code = 0): Bytes => frame(stream, 7, Uint8Array.of(code))
export const finFrame = (stream: number): Bytes => frame(stream, 6)

/** As few messages as there may be. */
export function together(frames: readonly Uint8Array[]): Bytes[] {
  const messages: Bytes[] = []
  let writer = new Writer(PACK_MAX_BYTES).varint(0).u8(9)
  let bytes = 2
  const flush = () => {
    if (bytes > 2) messages.push(writer.finish())
    writer = new Writer(PACK_MAX_BYTES).varint(0).u8(9)
    bytes = 2
  }
  for (const one of frames) {
    const length = varintLength(one.length) + one.length
    if (bytes + length > PACK_MAX_BYTES) flush()
    writer.varint(one.length).bytes(one)
    bytes += length
  }
  flush()
  return messages
}
