// An honest crowd comes back after a restart of its relay: real clients' machines, real sockets, and nobody is turned away.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  type Bytes,
  bindMessage,
  hex,
  paddedCount,
  RelayClient,
  type RelayClientInput,
  type RelayClientOutput,
  type RelayClientState,
} from '@kith/protocol'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Driver } from '../../packages/sdk/src/runtime/driver.ts'
import { seededRandom } from '../../packages/test-kit/src/random.ts'
import { createRelay, type Relay } from './index.ts'

const CLIENTS = 400
const ADDRESSES = 16

/** Until the last of them is bound again. Clients and relay take 3 s of one core for it, and the relay wishes for a second's pause. */
const ALL_BOUND_MS = 120_000

const clients: Client[] = []
let relay: Relay
afterEach(async () => {
  for (const client of clients.splice(0)) client.stop()
  await relay.close()
})

/** A client with OpenSSL's signatures, for which 400 share one process. */
class Client {
  readonly states: RelayClientState[] = []
  /** How sockets that had opened ended, of our own accord aside. */
  readonly closes: string[] = []
  readonly #driver: Driver<RelayClientInput, RelayClientOutput>
  readonly #keys = new Map<string, KeyObject>()
  readonly #origin: string
  readonly #headers: Record<string, string>
  #socket: WebSocket | undefined
  #wake: () => void = () => {}

  constructor(port: number, network: string, seed: number) {
    this.#origin = `ws://127.0.0.1:${port}`
    this.#headers = { 'x-forwarded-for': network }
    const machine = new RelayClient({ random: seededRandom(seed), paddedCount, decoy: () => this.#address() })
    this.#driver = new Driver<RelayClientInput, RelayClientOutput>(machine, { type: 'tick' }, (output) => this.#act(output))
    for (let n = 0; n < ADDRESSES; n++) this.#driver.give({ type: 'bind', address: this.#address() })
    this.#driver.give({ type: 'start' })
  }

  async ready(times: number): Promise<void> {
    while (this.states.filter(({ state }) => state === 'ready').length < times) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  stop(): void {
    this.#driver.give({ type: 'stop' })
  }

  #address(): Bytes {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const address = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
    this.#keys.set(hex(address), privateKey)
    return address
  }

  #act(output: RelayClientOutput): void {
    switch (output.type) {
      case 'connect':
        this.#connect(output.connection)
        return
      case 'disconnect':
        this.#socket?.close()
        return
      case 'transmit':
        this.#socket?.send(output.frame)
        return
      case 'sign': {
        const proofs = output.addresses.map((address) => {
          const key = this.#keys.get(hex(address))
          if (!key) throw new Error('an address without its key')
          return { address, signature: sign(null, bindMessage(address, this.#origin, output.nonce), key) }
        })
        this.#driver.give({ type: 'signed', connection: output.connection, proofs })
        return
      }
      case 'state':
        this.states.push(output.state)
        this.#wake()
        return
      case 'bound':
      case 'time':
      case 'deliver':
        return
    }
  }

  #connect(connection: number): void {
    const socket = new WebSocket(`${this.#origin}/relay`, { headers: this.#headers })
    this.#socket = socket
    let isOpen = false
    socket.on('open', () => {
      isOpen = true
      this.#driver.give({ type: 'opened', connection })
    })
    socket.on('message', (frame: Buffer) => this.#driver.give({ type: 'frame', connection, frame }))
    socket.on('error', () => {})
    socket.on('close', (code, reason) => {
      if (isOpen) this.closes.push(`${code} ${reason}`)
      this.#driver.give({ type: 'closed', connection })
    })
  }
}

const start = async (port = 0) => {
  // All clients share the relay's process: how fast they are is not what is looked at.
  const limits = { handshakeMs: 60_000, firstBindMs: 60_000 }
  relay = await createRelay({ port, host: '127.0.0.1', trustProxy: true, limits })
}
const metrics = async () => (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text()

test.each([
  ['one network, as a school behind one address', () => '192.0.2.1'],
  ['as many networks', (n: number) => `2001:db8:${n.toString(16)}::1`],
])(
  `${CLIENTS} clients with ${ADDRESSES} addresses each, of %s: none is turned away`,
  async (_, networkOf) => {
    await start()
    const { port } = relay
    for (let n = 0; n < CLIENTS; n++) clients.push(new Client(port, networkOf(n), n + 1))
    await Promise.all(clients.map((client) => client.ready(1)))
    const restartedAt = performance.now()
    await relay.close()
    await start(port)
    const upAt = performance.now()
    await Promise.all(clients.map((client) => client.ready(2)))
    const boundAt = performance.now()
    console.info(
      `all bound ${Math.round(boundAt - upAt)} ms after the relay is up, ${Math.round(boundAt - restartedAt)} after it went`,
    )
    expect(boundAt - upAt).toBeLessThan(ALL_BOUND_MS)
    // The first relay's goodbye, and no other.
    for (const { closes } of clients) expect(closes).toEqual(['1012 restarting'])
    const counted = await metrics()
    expect(counted).toContain(`\nkith_relay_sockets ${CLIENTS}\n`)
    expect(counted).toContain(`\nkith_relay_addresses ${CLIENTS * ADDRESSES}\n`)
    expect(counted.match(/kind="(refused|closed)\w*"} [1-9]/g)).toBeNull()
  },
  600_000,
)
