import { violation } from '../errors.ts'
import type { Bytes } from '../machine.ts'

/** Reads what a remote sent, front to back. Each method throws 'peer-violation' rather than read past the end. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    return this.#byte()
  }

  u16(): number {
    return this.#byte() * 0x100 + this.#byte()
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16()
  }

  /** Beyond 2⁵³ − 1 a number would silently lose bits: refused. */
  u64(): number {
    const value = this.u32() * 0x1_0000_0000 + this.u32()
    if (!Number.isSafeInteger(value)) throw violation('integer beyond 2^53 - 1')
    return value
  }

  /** Unsigned LEB128 in its shortest form, so that each number has one encoding. */
  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (!Number.isSafeInteger(value)) throw violation('varint beyond 2^53 - 1')
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw violation('varint is not in its shortest form')
        return value
      }
      scale *= 0x80
    }
  }

  /** The next `length` bytes, as a view into what is being read. */
  view(length: number): Uint8Array {
    if (length > this.remaining) throw violation(`${length} bytes announced, ${this.remaining} there`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** The next `length` bytes, copied: for what outlives the message. */
  take(length: number): Bytes {
    return new Uint8Array(this.view(length))
  }

  /** A u16 length, then as many bytes (a view). */
  prefixed(maxBytes = 0xffff): Uint8Array {
    const length = this.u16()
    if (length > maxBytes) throw violation(`${length} bytes announced, at most ${maxBytes} allowed`)
    return this.view(length)
  }

  /** All that is left (a view). */
  rest(): Uint8Array {
    return this.view(this.remaining)
  }

  /** Nothing may be left. */
  end(): void {
    if (this.remaining > 0) throw violation(`${this.remaining} bytes too many`)
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw violation('truncated')
    this.#at += 1
    return byte
  }
}
