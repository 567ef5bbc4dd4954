/**
 * A relay: the real RelayMachine behind sockets in virtual time. A socket keeps order and loses nothing, as TCP does, until it breaks;
 * envelopes are lost, repeated and delayed beside it, as a relay under load or a hostile one would.
 */
import { type Bytes, RELAY_LIMITS, RelayMachine, type RelayOutput } from '@kith/protocol'
import type { VirtualClock } from '../../../test-kit/src/clock.ts'
import type { SeededRandom } from '../../../test-kit/src/random.ts'
import { hash } from './model-keys.ts'

export interface NetworkModel {
  /** Parts of all envelopes, 0 to 1. */
  readonly loss: number
  readonly repeats: number
  /** Each way, milliseconds. */
  readonly leastDelayMs: number
  readonly mostDelayMs: number
  /** The share of envelopes that come up to two seconds later than others. */
  readonly late: number
  /** How long a socket lasts on average; Infinity: for ever. */
  readonly socketMs: number
}

export interface Socket {
  readonly send: (frame: Bytes) => void
  readonly close: () => void
}

export interface SocketEnd {
  readonly opened: () => void
  readonly frame: (frame: Bytes) => void
  readonly closed: () => void
}

interface Held extends SocketEnd {
  /** When what was sent last arrives, each way: what is sent later arrives later. */
  upAt: number
  downAt: number
  isOpen: boolean
}

const SEND_FRAME = 5

export class RelayHost {
  readonly origin: string
  readonly #machine: RelayMachine
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #model: NetworkModel
  readonly #sockets = new Map<number, Held>()
  readonly #onEnvelope: (envelope: Bytes) => void
  #nextSocket = 1
  #isDown = false

  constructor(
    origin: string,
    clock: VirtualClock,
    random: SeededRandom,
    model: NetworkModel,
    onEnvelope: (envelope: Bytes) => void,
  ) {
    this.origin = origin
    this.#clock = clock
    this.#random = random
    this.#model = model
    this.#onEnvelope = onEnvelope
    this.#machine = new RelayMachine({ random: random, limits: RELAY_LIMITS })
  }

  /** From now on no socket reaches it. */
  goDown(): void {
    this.#isDown = true
    for (const id of [...this.#sockets.keys()]) this.#break(id)
  }

  connect(end: SocketEnd): Socket {
    const id = this.#nextSocket++
    const held: Held = { ...end, upAt: 0, downAt: 0, isOpen: true }
    if (this.#isDown) {
      this.#clock.at(this.#clock.now + this.#delay(), () => end.closed())
      return { send: () => undefined, close: () => undefined }
    }
    this.#sockets.set(id, held)
    this.#up(held, () => {
      end.opened()
      this.#give({ type: 'opened', socket: id, prefix: `192.0.2.${id}`, origins: [this.origin] })
    })
    const { socketMs } = this.#model
    if (socketMs < Infinity) this.#clock.at(this.#clock.now + this.#random.between(0, 2 * socketMs), () => this.#break(id))
    return {
      send: (frame) => this.#received(id, held, frame),
      close: () => this.#forget(id),
    }
  }

  #received(id: number, held: Held, frame: Bytes): void {
    const arrive = () => {
      if (held.isOpen) this.#give({ type: 'received', socket: id, frame })
    }
    if (frame[0] !== SEND_FRAME) {
      this.#up(held, arrive)
      return
    }
    this.#onEnvelope(frame)
    this.#carry(held.upAt, arrive)
  }

  #up(held: Held, arrive: () => void): void {
    held.upAt = Math.max(held.upAt, this.#clock.now + this.#delay())
    this.#clock.at(held.upAt, arrive)
  }

  /** An envelope: lost, repeated, late, and never before `notBefore`, when what was sent earlier arrives. */
  #carry(notBefore: number, arrive: () => void): void {
    const { loss, repeats, late } = this.#model
    if (this.#random.chance(loss)) return
    for (let copies = this.#random.chance(repeats) ? 2 : 1; copies > 0; copies--) {
      const extra = this.#random.chance(late) ? this.#random.between(0, 2_000) : 0
      this.#clock.at(Math.max(notBefore, this.#clock.now + this.#delay()) + extra, arrive)
    }
  }

  #delay(): number {
    return this.#random.between(this.#model.leastDelayMs, this.#model.mostDelayMs)
  }

  #give(input: Parameters<RelayMachine['handle']>[0]): void {
    this.#machine.handle(input, this.#clock.now)
    for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) this.#obey(output)
  }

  #obey(output: RelayOutput): void {
    switch (output.type) {
      case 'send': {
        const held = this.#sockets.get(output.socket)
        if (!held) return
        const arrive = () => {
          if (held.isOpen) held.frame(output.frame)
        }
        if (output.envelope) {
          this.#carry(held.downAt, arrive)
          return
        }
        held.downAt = Math.max(held.downAt, this.#clock.now + this.#delay())
        this.#clock.at(held.downAt, arrive)
        return
      }
      case 'close':
        this.#break(output.socket)
        return
      case 'verify': {
        const ok = output.binds.every(({ address, signature }) => equalBytes(signature, bindProof(address, output.nonce)))
        this.#clock.at(this.#clock.now + 1, () => this.#give({ type: 'verified', id: output.id, ok }))
        return
      }
      case 'forget':
        return
    }
  }

  #break(id: number): void {
    const held = this.#sockets.get(id)
    this.#forget(id)
    if (held) this.#clock.at(this.#clock.now + this.#delay(), () => held.closed())
  }

  #forget(id: number): void {
    const held = this.#sockets.get(id)
    if (!held) return
    held.isOpen = false
    this.#sockets.delete(id)
    this.#give({ type: 'closed', socket: id })
  }
}

/** A model of the signature that proves an address: 64 bytes that depend on the same. */
export function bindProof(address: Uint8Array, nonce: Uint8Array): Bytes {
  const half = hash(address, nonce)
  const proof = new Uint8Array(64)
  proof.set(half)
  proof.set(half, 32)
  return proof
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}
