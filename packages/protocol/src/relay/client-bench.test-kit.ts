/** A relay's client under virtual time, and a relay that answers as the test says. */
import { expect } from 'vitest'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { ENVELOPE_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { paddedCount } from '../rendezvous/padding.ts'
import { RelayClient } from './client.ts'
import type { RelayClientInput, RelayClientOutput, RelayClientState } from './client-io.ts'
import { type ClientFrame, decodeClientFrame, encodeRelayFrame, type Notice, type RelayFrame } from './frames.ts'

export const addressOf = (n: number): Bytes => {
  const address = new Uint8Array(32)
  new DataView(address.buffer).setUint32(0, n)
  return address
}
export const numberOf = (address: Uint8Array) => new DataView(address.buffer, address.byteOffset).getUint32(0)
export const envelopeOf = (n: number): Bytes => new Uint8Array(ENVELOPE_BYTES).fill(n)

export const FIRST_DECOY = 1_000_000

export class Bench {
  now = 0
  readonly machine: RelayClient
  readonly states: RelayClientState[] = []
  readonly connects: number[] = []
  readonly sent: ClientFrame[] = []
  readonly delivered: number[] = []
  /** Told to be bound, by number. */
  readonly told: number[] = []
  times: number[] = []
  /** When false, batches that are not urgent stay in `signs` until the test signs them. */
  signsAtOnce = true
  readonly signs: Extract<RelayClientOutput, { type: 'sign' }>[] = []
  connection = 0
  disconnected = 0
  /** What the relay has bound for us, by number. */
  readonly bound = new Set<number>()
  /** When true, the relay answers no BIND. */
  mute = false
  /** The relay's answer to a BIND; undefined for BOUND. */
  answer: (numbers: number[]) => Notice | undefined = () => undefined
  #decoys = FIRST_DECOY

  constructor(seed = 1) {
    this.machine = new RelayClient({ random: seededRandom(seed), paddedCount, decoy: () => addressOf(this.#decoys++) })
  }

  input(input: RelayClientInput): void {
    this.machine.handle(input, this.now)
    this.drain()
  }

  drain(): void {
    for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) {
      switch (output.type) {
        case 'connect':
          this.connection = output.connection
          this.connects.push(this.now)
          this.bound.clear()
          break
        case 'disconnect':
          this.disconnected += 1
          break
        case 'transmit':
          this.#transmitted(decodeClientFrame(output.frame))
          break
        case 'bound':
          this.told.push(...output.addresses.map(numberOf))
          break
        case 'time':
          this.times.push(output.time)
          break
        case 'sign': {
          if (!this.signsAtOnce && !output.isUrgent) {
            this.signs.push(output)
            break
          }
          const proofs = output.addresses.map((address) => ({ address, signature: new Uint8Array(64) }))
          this.machine.handle({ type: 'signed', connection: output.connection, proofs }, this.now)
          break
        }
        case 'deliver':
          this.delivered.push(output.envelope[0] as number)
          break
        case 'state':
          this.states.push(output.state)
          break
      }
    }
  }

  sign(): void {
    const [one] = this.signs.splice(0, 1)
    if (!one) throw new Error('nothing to sign')
    const proofs = one.addresses.map((address) => ({ address, signature: new Uint8Array(64) }))
    this.input({ type: 'signed', connection: one.connection, proofs })
  }

  #transmitted(frame: ClientFrame): void {
    this.sent.push(frame)
    if (frame.type === 'unbind') for (const address of frame.addresses) this.bound.delete(numberOf(address))
    if (frame.type !== 'bind') return
    const numbers = frame.binds.map(({ address }) => numberOf(address))
    if (this.mute) return
    const notice = this.answer(numbers)
    if (notice === undefined) for (const n of numbers) this.bound.add(n)
    const answer: RelayFrame = notice ? { type: 'notice', notice } : { type: 'bound', count: numbers.length }
    this.machine.handle({ type: 'frame', connection: this.connection, frame: encodeRelayFrame(answer) }, this.now)
  }

  relay(frame: RelayFrame): void {
    this.input({ type: 'frame', connection: this.connection, frame: encodeRelayFrame(frame) })
  }

  challenge(limits: Record<string, number> = {}): void {
    this.relay({ type: 'challenge', nonce: new Uint8Array(32), limits })
  }

  start(): this {
    this.input({ type: 'start' })
    return this
  }

  ready(): this {
    this.start().challenge()
    expect(this.state).toEqual({ state: 'ready' })
    return this
  }

  close(): void {
    this.input({ type: 'closed', connection: this.connection })
  }

  bind(n: number, rank = 0): void {
    this.input({ type: 'bind', address: addressOf(n), rank })
  }

  unbind(n: number): void {
    this.input({ type: 'unbind', address: addressOf(n) })
  }

  send(n: number): void {
    this.input({ type: 'send', address: addressOf(9), envelope: envelopeOf(n) })
  }

  advance(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const deadline = this.machine.deadline()
      if (deadline === undefined || deadline > until) break
      this.now = Math.max(this.now, deadline)
      this.input({ type: 'tick' })
    }
    this.now = until
  }

  get state(): RelayClientState | undefined {
    return this.states.at(-1)
  }

  get waitMs(): number {
    if (this.state?.state !== 'waiting') throw new Error(`expected to wait, not ${this.state?.state}`)
    return this.state.retryAt - this.now
  }

  get real(): number[] {
    return [...this.bound].filter((n) => n < FIRST_DECOY).sort((a, b) => a - b)
  }

  get sends(): number[] {
    return this.sent.flatMap((frame) => (frame.type === 'send' ? [frame.envelope[0] as number] : []))
  }
}

export const range = (count: number) => Array.from({ length: count }, (_, n) => n + 1)
