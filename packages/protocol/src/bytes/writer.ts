import type { Bytes } from '../machine.ts'

/** Builds a message front to back; grows by doubling. Numbers that do not fit are a bug of the caller: RangeError. */
export class Writer {
  #bytes: Bytes
  #length = 0

  constructor(capacityBytes = 64) {
    this.#bytes = new Uint8Array(capacityBytes)
  }

  u8(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xff) throw new RangeError(`not a u8: ${value}`)
    this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  u16(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw new RangeError(`not a u16: ${value}`)
    return this.u8(value >>> 8).u8(value & 0xff)
  }

  u32(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError(`not a u32: ${value}`)
    return this.u16(Math.floor(value / 0x1_0000)).u16(value % 0x1_0000)
  }

  u64(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a safe u64: ${value}`)
    return this.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000)
  }

  /** Unsigned LEB128. */
  varint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a varint: ${value}`)
    const length = varintLength(value)
    this.#reserve(length)
    putVarint(this.#bytes, this.#length, value)
    this.#length += length
    return this
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** A u16 length, then the bytes. */
  prefixed(value: Uint8Array): this {
    return this.u16(value.length).bytes(value)
  }

  /** What was written, in an ArrayBuffer of its own. */
  finish(): Bytes {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length)
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Writes a varint, of a number that is known to be one, where there is room for it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): void {
  let left = value
  let next = at
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes[next++] = (left % 0x80) + 0x80
  bytes[next] = left
}

/** How many bytes `value` takes as a varint. */
export function varintLength(value: number): number {
  let length = 1
  for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) length += 1
  return length
}
