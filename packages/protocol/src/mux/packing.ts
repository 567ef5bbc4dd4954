/**
 * Several small frames as one message: `0 ‖ 9 ‖ (varint length ‖ frame)…`. Each message costs both browsers far more than its
 * bytes, and an answer often comes with its ACCEPT, a FIN with an acknowledgement. Each frame is counted as if it had come alone.
 */
import { Reader } from '../bytes/reader.ts'
import { varintLength, Writer } from '../bytes/writer.ts'
import { violation } from '../errors.ts'
import { FRAME_MAX_BYTES, PACK_MAX_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'

const PACK = 9
const HEADER_BYTES = 2

/** Frames up to this size are worth being copied into a message with others. */
export const PACKED_FRAME_MAX_BYTES = 1024

/** A message being put together. */
export class Packing {
  readonly #maxBytes: number
  readonly #frames: Bytes[] = []
  #bytes = HEADER_BYTES

  /** `maxBytes`: of the whole message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Whether the frame still fitted; the first one always does. */
  add(frame: Bytes): boolean {
    const bytes = varintLength(frame.length) + frame.length
    if (this.#frames.length > 0 && this.#bytes + bytes > this.#maxBytes) return false
    this.#frames.push(frame)
    this.#bytes += bytes
    return true
  }

  /** A frame that stayed alone goes as it is. */
  finish(): Bytes | undefined {
    if (this.#frames.length < 2) return this.#frames[0]
    const writer = new Writer(this.#bytes).varint(0).u8(PACK)
    for (const frame of this.#frames) writer.varint(frame.length).bytes(frame)
    return writer.finish()
  }
}

/**
 * The frames of a message. Those that shared it have buffers of their own, since each goes to another reader. Throws
 * 'peer-violation' for a message that is too long, empty, or cut short.
 */
export function unpackMessage(message: Bytes): readonly Bytes[] {
  if (message.length > FRAME_MAX_BYTES) throw violation(`a message of ${message.length} bytes`)
  if (message[0] !== 0 || message[1] !== PACK) return [message]
  if (message.length > PACK_MAX_BYTES) throw violation(`frames of ${message.length} bytes together`)
  const frames: Bytes[] = []
  const reader = new Reader(message.subarray(HEADER_BYTES))
  while (reader.remaining > 0) frames.push(reader.take(reader.varint()))
  if (frames.length === 0) throw violation('a message without frames')
  return frames
}
