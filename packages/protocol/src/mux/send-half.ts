/**
 * The half of a stream that sends. What is written is copied once, straight behind the header of the frame that will carry it;
 * small writes share a frame for as long as it waits for its lane, or for more that its writer has promised. At most one frame
 * waits here: more would only be latency.
 */
import type { Bytes } from '../machine.ts'
import type { Buffers } from './buffers.ts'
import { encodeDataHeader, encodeFin, makeOwn } from './frames.ts'
import { SendCredit } from './window.ts'

/** A frame that is longer than this many times what the path should carry as one is cut. */
const CUT_FROM = 1.5

export interface SendHalfConfig {
  readonly stream: number
  /** For a stream that we open: what comes before the first data in its OPEN. */
  readonly openHeader?: Bytes
  readonly windowBytes: number
  readonly frameMaxBytes: number
  readonly buffers: Buffers
  /** What may be sent beyond the connection's credit; 0 where the remote does not know of that. */
  readonly ownBytes?: number
  /** Nothing but the OPEN leaves before it was answered. */
  readonly asks?: boolean
}

export interface OutgoingFrame {
  /** A view, never written again before it has been acknowledged: until then the lane keeps it. */
  readonly frame: Bytes
  /** Bytes of it that count against the connection's credit. */
  readonly dataBytes: number
  readonly fin: boolean
}

/** 'finished': FIN has left. 'dropped': nothing more will be sent, by our choice or theirs. */
export type SendState = 'open' | 'finishing' | 'finished' | 'dropped'

interface Building {
  bytes: Bytes
  readonly headerBytes: number
  /** Header and data so far; the rest of `bytes` is room. */
  length: number
}

export class SendHalf {
  readonly #config: SendHalfConfig
  readonly #dataHeader: Bytes
  readonly #credit: SendCredit
  /** For when the connection's is used up. */
  readonly #ownCredit: SendCredit
  #state: SendState = 'open'
  #building: Building | undefined
  /** Whether `#building` stays until it is full: its writer has said that more follows. */
  #held = false
  /** Whether `#building` is the OPEN. */
  #opening = false
  /** Data sent before the remote answered our OPEN: should it say no, it goes again under another id. At most one window. */
  #unanswered: Bytes[] | undefined
  /** Waits for the answer. */
  #asks: boolean
  /** What an earlier attempt had sent or framed; goes before anything new. */
  #replay: Bytes

  constructor(config: SendHalfConfig, replay: Bytes = new Uint8Array(0)) {
    this.#config = config
    this.#dataHeader = encodeDataHeader(config.stream)
    this.#credit = new SendCredit(config.windowBytes)
    this.#ownCredit = new SendCredit(config.ownBytes ?? 0)
    this.#credit.use(replay.length)
    this.#replay = replay
    this.#asks = config.asks ?? false
    if (config.openHeader === undefined) return
    const header = config.openHeader
    this.#building = { bytes: header, headerBytes: header.length, length: header.length }
    this.#opening = true
    this.#unanswered = []
  }

  get state(): SendState {
    return this.#state
  }

  /** Whether the remote does not know yet that the stream exists. */
  get opening(): boolean {
    return this.#opening
  }

  /**
   * Copies what credit and the waiting frame have room for; returns how many bytes that was. `more`: another write, or `finish`,
   * follows for certain, so a frame that is not full may wait for it. Whatever could not be taken whole ends the wait.
   */
  write(bytes: Uint8Array, more = false): number {
    this.#held = false
    if (this.#state !== 'open' || this.#asks || this.#replay.length > 0) return 0
    const used = this.#building?.length ?? this.#dataHeader.length
    const count = Math.min(bytes.length, this.#credit.left, this.#config.frameMaxBytes - used)
    if (count <= 0) return 0
    this.#append(count === bytes.length ? bytes : bytes.subarray(0, count))
    this.#credit.use(count)
    this.#held = more && count === bytes.length && used + count < this.#config.frameMaxBytes
    return count
  }

  /** Whether more may be written, as far as the stream's own credit goes. */
  get hasCredit(): boolean {
    return this.#credit.left > 0
  }

  finish(): void {
    this.#held = false
    if (this.#state === 'open') this.#state = 'finishing'
  }

  /** What waits for more goes as it is. */
  release(): void {
    this.#held = false
  }

  /** Sends nothing more, except an OPEN that has not left yet: ids are never skipped. */
  drop(): void {
    if (this.#state !== 'finished') this.#state = 'dropped'
    this.#held = false
    this.#replay = new Uint8Array(0)
    this.#unanswered = undefined
    if (this.#opening && this.#building !== undefined) this.#building.length = this.#building.headerBytes
    else this.#building = undefined
  }

  /** Whether the offset granted more. */
  grant(offset: number): boolean {
    return this.#credit.grant(offset)
  }

  /** As `grant`, of what goes beyond the connection's credit. */
  grantOwn(offset: number): boolean {
    return this.#ownCredit.grant(offset)
  }

  /** Whether what was sent may be needed again, under another id. */
  get isUnanswered(): boolean {
    return this.#unanswered !== undefined
  }

  /** The remote has taken the stream. */
  answered(): void {
    this.#unanswered = undefined
    this.#asks = false
  }

  /** All that was written so far, for another attempt with another OPEN. */
  written(): Bytes {
    const { bytes, headerBytes, length } = this.#building ?? { bytes: this.#replay, headerBytes: 0, length: 0 }
    const parts = [...(this.#unanswered ?? []), bytes.subarray(headerBytes, length), this.#replay]
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }

  /** Whether there is something to send now, credit of the connection aside. */
  get waiting(): boolean {
    if (this.#asks && !this.#opening) return false
    return (this.#building !== undefined && !this.#held) || this.#replay.length > 0 || this.#state === 'finishing'
  }

  /** Bytes of the frame that would go next. */
  get waitingBytes(): number {
    return this.#building?.length ?? this.#replay.length
  }

  /** The next frame, of not many more than `frameBytes`; undefined where neither the connection nor the stream itself has credit for it. */
  next(connectionCreditBytes: number, frameBytes: number): OutgoingFrame | undefined {
    if (this.#asks && !this.#opening) return undefined
    this.#takeFromReplay()
    const building = this.#building
    if (building === undefined) {
      if (this.#state !== 'finishing') return undefined
      this.#state = 'finished'
      return { frame: encodeFin(this.#config.stream), dataBytes: 0, fin: true }
    }
    const { bytes, headerBytes, length } = building
    // A little more than a frame goes as one: the rest would be a small message of its own.
    const worthBytes = length <= CUT_FROM * frameBytes ? length - headerBytes : Math.max(0, frameBytes - headerBytes)
    const dataBytes = Math.min(worthBytes, connectionCreditBytes)
    const ownBytes = dataBytes === 0 && !this.#opening ? Math.min(worthBytes, this.#ownCredit.left) : 0
    if (dataBytes + ownBytes === 0 && !this.#opening) return undefined
    if (ownBytes > 0) makeOwn(bytes, headerBytes)
    this.#ownCredit.use(ownBytes)
    const end = headerBytes + dataBytes + ownBytes
    this.#building = undefined
    // The path is slow, or the connection has no credit for more.
    const frame = end < length ? this.#cut(building, end) : bytes.subarray(0, end)
    this.#unanswered?.push(frame.subarray(headerBytes))
    this.#held = false
    this.#opening = false
    return { frame, dataBytes, fin: false }
  }

  /** Copies the start of a frame out, up to `end`, and writes the header of the rest in its place. */
  #cut({ bytes, length }: Building, end: number): Bytes {
    const frame = this.#config.buffers.take(end).subarray(0, end)
    frame.set(bytes.subarray(0, end))
    const header = this.#dataHeader
    const rest = bytes.subarray(end - header.length)
    rest.set(header)
    this.#building = { bytes: rest, headerBytes: header.length, length: length - end + header.length }
    return frame
  }

  #takeFromReplay(): void {
    if (this.#replay.length === 0) return
    const used = this.#building?.length ?? this.#dataHeader.length
    const count = Math.min(this.#replay.length, this.#config.frameMaxBytes - used)
    if (count <= 0) return
    this.#append(this.#replay.subarray(0, count))
    this.#replay = this.#replay.subarray(count)
  }

  #append(data: Uint8Array): void {
    const building = this.#reserve(data.length)
    building.bytes.set(data, building.length)
    building.length += data.length
  }

  #reserve(count: number): Building {
    const header = this.#dataHeader
    const building = this.#building
    if (building === undefined) {
      const bytes = this.#config.buffers.take(header.length + count)
      bytes.set(header)
      this.#building = { bytes, headerBytes: header.length, length: header.length }
      return this.#building
    }
    const needed = building.length + count
    if (needed > building.bytes.length) {
      const { buffers, frameMaxBytes } = this.#config
      const grown = buffers.take(Math.min(Math.max(needed, building.bytes.length * 2), frameMaxBytes))
      grown.set(building.bytes.subarray(0, building.length))
      buffers.giveBack(building.bytes)
      building.bytes = grown
    }
    return building
  }
}
