/** A running hash of all that was sent, and when: two runs that give the same one went the same way. Never for security. */
import type { Bytes } from '@kith/protocol'
import { LANES, type PathLane } from './path.ts'

/** Of a message so many bytes count, from its start and its end: what lies between is content, which the reader compares. */
const EDGE_BYTES = 24

export class Trace {
  #high = 0x9e3779b9
  #low = 0x85ebca6b
  readonly #time = new Float64Array(1)
  readonly #timeWords = new Uint32Array(this.#time.buffer)

  add(sender: number, lane: PathLane, now: number, message: Bytes): void {
    this.#time[0] = now
    this.#mix(this.#timeWords[0] as number)
    this.#mix(this.#timeWords[1] as number)
    this.#mix((message.length << 3) | (LANES.indexOf(lane) << 1) | sender)
    const length = message.length
    for (let at = 0; at < length && at < EDGE_BYTES; at++) this.#mix(message[at] as number)
    for (let at = Math.max(EDGE_BYTES, length - EDGE_BYTES); at < length; at++) this.#mix(message[at] as number)
  }

  addText(text: string): void {
    for (let at = 0; at < text.length; at++) this.#mix(text.charCodeAt(at))
  }

  /** 16 hex digits. */
  digest(): string {
    return hex32(this.#high) + hex32(this.#low)
  }

  /** Two multiplicative hashes side by side (the multipliers of murmur3 and xxhash). */
  #mix(word: number): void {
    this.#high = Math.imul(this.#high ^ word, 0xcc9e2d51)
    this.#high ^= this.#high >>> 15
    this.#low = Math.imul(this.#low ^ word, 0x9e3779b1)
    this.#low ^= this.#low >>> 13
  }
}

function hex32(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
