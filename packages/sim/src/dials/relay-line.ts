/** A tab's connection to one relay: the real RelayClient with a driver in virtual time. */
import { type Bytes, hex, paddedCount, RelayClient, type RelayClientInput, type RelayClientOutput } from '@kith/protocol'
import type { VirtualClock } from '../../../test-kit/src/clock.ts'
import type { SeededRandom } from '../../../test-kit/src/random.ts'
import { bindProof, type RelayHost, type Socket } from './relay-host.ts'

export class RelayLine {
  readonly #relay: RelayHost
  readonly #clock: VirtualClock
  readonly #client: RelayClient
  readonly #listeners = new Map<string, (envelope: Bytes) => void>()
  #socket: Socket | undefined
  #wakeAt = Infinity
  #isStopped = false

  constructor(relay: RelayHost, clock: VirtualClock, random: SeededRandom) {
    this.#relay = relay
    this.#clock = clock
    this.#client = new RelayClient({ random, paddedCount, decoy: () => random(32) })
    this.#tell({ type: 'start' })
  }

  get origin(): string {
    return this.#relay.origin
  }

  /** Returns the undoing. */
  bind(address: Bytes, onEnvelope: (envelope: Bytes) => void): () => void {
    this.#listeners.set(hex(address), onEnvelope)
    this.#tell({ type: 'bind', address })
    return () => {
      this.#listeners.delete(hex(address))
      this.#tell({ type: 'unbind', address })
    }
  }

  send(address: Bytes, envelope: Bytes): void {
    this.#tell({ type: 'send', address, envelope })
  }

  stop(): void {
    this.#tell({ type: 'stop' })
    this.#isStopped = true
  }

  #tell(input: RelayClientInput): void {
    this.#client.handle(input, this.#clock.now)
    for (let output = this.#client.poll(); output !== undefined; output = this.#client.poll()) this.#carryOut(output)
    const at = this.#client.deadline() ?? Infinity
    if (at === Infinity || (at >= this.#wakeAt && this.#wakeAt > this.#clock.now)) return
    this.#wakeAt = at
    this.#clock.at(at, () => {
      if (this.#wakeAt !== at || this.#isStopped) return
      this.#wakeAt = Infinity
      this.#tell({ type: 'tick' })
    })
  }

  #carryOut(output: RelayClientOutput): void {
    switch (output.type) {
      case 'connect': {
        const { connection } = output
        this.#socket = this.#relay.connect({
          opened: () => this.#tell({ type: 'opened', connection }),
          frame: (frame) => this.#tell({ type: 'frame', connection, frame }),
          closed: () => this.#tell({ type: 'closed', connection }),
        })
        return
      }
      case 'disconnect':
        this.#socket?.close()
        return
      case 'transmit':
        this.#socket?.send(output.frame)
        return
      case 'sign': {
        const { connection, nonce } = output
        const proofs = output.addresses.map((address) => ({ address, signature: bindProof(address, nonce) }))
        this.#clock.at(this.#clock.now + 1, () => this.#tell({ type: 'signed', connection, proofs }))
        return
      }
      case 'deliver':
        this.#listeners.get(hex(output.address))?.(output.envelope)
        return
      case 'bound':
      case 'time':
      case 'state':
        return
    }
  }
}
