/**
 * Structs on the wire are msgpack arrays: position is meaning, later versions add at the end. `unpack` bounds what a decoder
 * may allocate by what it was given; `Fields` checks each value as it is taken, so that past the door everything has its type.
 */
import { Decoder, Encoder } from '@msgpack/msgpack'
import { violation } from '../errors.ts'
import type { Bytes } from '../machine.ts'

export type Packable = null | boolean | number | string | Uint8Array | readonly Packable[] | { readonly [key: string]: Packable }

/** Longest array or map: an array header of five bytes may announce four billion elements, which the decoder would allocate. */
export const MAX_ELEMENTS = 256

const encoder = new Encoder({ maxDepth: 16, initialBufferSize: 1024 })

export function pack(value: Packable): Bytes {
  return encoder.encode(value) as Bytes
}

/** Throws 'peer-violation' for anything that is not exactly one msgpack value of modest shape. */
export function unpack(bytes: Uint8Array): unknown {
  const decoder = new Decoder({
    maxStrLength: bytes.length,
    maxBinLength: bytes.length,
    maxArrayLength: Math.min(bytes.length, MAX_ELEMENTS),
    maxMapLength: Math.min(bytes.length, MAX_ELEMENTS),
    maxExtLength: 0,
    // The library's own would be one for all, filled with whatever names remotes send.
    keyDecoder: null,
  })
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw violation('not a msgpack value of the expected size', cause)
  }
}

export function unpackFields(bytes: Uint8Array): Fields {
  return new Fields(unpack(bytes))
}

/** Takes the elements of a struct in order. Every method throws 'peer-violation' for a value of another kind or size. */
export class Fields {
  readonly #values: readonly unknown[]
  #at = 0

  constructor(value: unknown) {
    if (!Array.isArray(value)) throw violation('a struct must be an array')
    this.#values = value
  }

  /** Whether a text comes next: where a struct has two forms, its first element tells which. */
  nextIsText(): boolean {
    return typeof this.#values[this.#at] === 'string'
  }

  nextIsBytes(): boolean {
    return this.#values[this.#at] instanceof Uint8Array
  }

  integer(max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#next()
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw violation(`expected 0..${max}`)
    return value
  }

  boolean(): boolean {
    const value = this.#next()
    if (typeof value !== 'boolean') throw violation('expected true or false')
    return value
  }

  /** Any safe integer, negative ones too. */
  signed(): number {
    const value = this.#next()
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw violation('expected a safe integer')
    return value
  }

  /** Exactly so many bytes, copied. */
  bytes(length: number): Bytes {
    const value = this.#next()
    if (!(value instanceof Uint8Array) || value.length !== length) throw violation(`expected ${length} bytes`)
    return new Uint8Array(value)
  }

  /** At most so many UTF-16 units. */
  text(maxLength: number): string {
    const value = this.#next()
    if (typeof value !== 'string' || value.length > maxLength) throw violation(`expected text of at most ${maxLength}`)
    return value
  }

  /** An array of at most so many values, each taken by `item` from a struct that holds it alone. */
  list<T>(maxItems: number, item: (value: Fields) => T): T[] {
    const value = this.#next()
    if (!Array.isArray(value) || value.length > maxItems) throw violation(`expected a list of at most ${maxItems}`)
    return value.map((element) => item(new Fields([element])))
  }

  /** A struct within the struct. */
  struct(): Fields {
    return new Fields(this.#next())
  }

  /** `take`, unless the next value is nil or absent. */
  optional<T>(take: (fields: this) => T): T | undefined {
    const value = this.#values[this.#at]
    if (value !== null && value !== undefined) return take(this)
    this.#at += 1
    return undefined
  }

  #next(): unknown {
    if (this.#at >= this.#values.length) throw violation('a field is missing')
    return this.#values[this.#at++]
  }
}
