/**
 * What may be written: bytes in whatever form WebIDL calls a BufferSource, an ArrayBuffer or a view of one. Recognized by internal
 * slots: what another frame made is no `instanceof` anything here. As in the platform's own streams, shared memory is refused, since
 * it may change while it is being sent.
 */
import { KithError } from '@kith/protocol'

/** Throws TypeError for anything but an ArrayBuffer, of any realm. */
const bufferBytes = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as (this: unknown) => number
/** Throws TypeError for a typed array that does not fit its buffer any more, whose own length only says 0. */
const { keys } = Object.getPrototypeOf(Uint8Array.prototype) as { keys: (this: unknown) => unknown }

const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice('[object '.length, -1)

/** The same bytes, not copied, in a view of fixed length. Throws 'invalid-argument' whose cause is a TypeError. */
export function bytesOf(source: unknown): Uint8Array<ArrayBuffer> {
  try {
    if (!ArrayBuffer.isView(source)) return new Uint8Array(mustBeBuffer(source), 0, bufferBytes.call(source))
    const buffer = mustBeBuffer(source.buffer)
    const { byteOffset, byteLength } = source
    if (byteLength === 0 && tagOf(source) !== 'DataView') keys.call(source)
    return new Uint8Array(buffer, byteOffset, byteLength)
  } catch (cause) {
    const what = cause instanceof TypeError ? cause.message : String(cause)
    const hint = typeof source === 'string' ? ' Encode text with TextEncoder, or send it with messages().' : ''
    throw new KithError('invalid-argument', `Only bytes can be sent: an ArrayBuffer or a view of one (${what}).${hint}`, {
      cause,
    })
  }
}

/** Bytes that a chunk takes in a queue. Never throws: in a stream's strategy that would end it, and its sink would not learn of it. */
export function sizeOf(source: unknown): number {
  try {
    return ArrayBuffer.isView(source) ? source.byteLength : bufferBytes.call(source)
  } catch {
    // Its write refuses it.
    return 1
  }
}

function mustBeBuffer(value: unknown): ArrayBuffer {
  try {
    bufferBytes.call(value)
  } catch (cause) {
    const kind = value === null || typeof value === 'object' ? tagOf(value) : typeof value
    throw new TypeError(kind === 'SharedArrayBuffer' ? 'shared memory has to be copied first' : `got ${kind.toLowerCase()}`, {
      cause,
    })
  }
  return value as ArrayBuffer
}
