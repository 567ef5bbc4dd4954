import { addressKeys } from '@kith/protocol'
import { BroadcastChannelCarrier, type Carrier, MemoryHub, WebSocketCarrier, type WebSocketLike } from '@kith/sdk/parts'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { createRelay, type Relay } from '../../../signaling-relay/src/index.ts'
import { carrierSuite, type Network } from './carrier-suite.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const networks: [name: string, open: () => Promise<Network>][] = [
  [
    'memory',
    async () => {
      const hub = new MemoryHub()
      return { carrier: () => hub.carrier(), settled: turn, close: async () => {} }
    },
  ],
  [
    'broadcast channel',
    async () => {
      const carriers: Carrier[] = []
      return {
        carrier: () => {
          carriers.push(new BroadcastChannelCarrier())
          return carriers.at(-1) as Carrier
        },
        settled: turn,
        close: async () => carriers.forEach((carrier) => void carrier.close()),
      }
    },
  ],
  [
    'WebSocket relay',
    async () => {
      const relay: Relay = await createRelay({ port: 0, host: '127.0.0.1' })
      const carriers: WebSocketCarrier[] = []
      const bounds: number[] = []
      return {
        carrier: () => {
          const index = carriers.length
          bounds[index] = 0
          /** Counts BOUNDs, by which the relay says that a bind came into force. */
          class Counting extends WebSocket {
            constructor(url: string) {
              super(url)
              this.on('message', (data: ArrayBuffer) => {
                if (new Uint8Array(data)[0] === 3) bounds[index] = (bounds[index] as number) + 1
              })
            }
          }
          const url = `ws://127.0.0.1:${relay.port}/relay`
          const carrier = new WebSocketCarrier(url, { WebSocket: Counting as unknown as new (url: string) => WebSocketLike })
          carriers.push(carrier)
          return carrier
        },
        settled: async () => {
          await expect
            .poll(() => carriers.every(({ state }) => state.state === 'ready'), { interval: 5, timeout: 30_000 })
            .toBe(true)
          // A bind or unbind moves a decoy, so each change makes the relay answer once more: bind one address of our own and
          // wait until it is answered; what went before it was done before it.
          await Promise.all(
            carriers.map(async (carrier, index) => {
              const before = bounds[index] as number
              carrier.bind(addressKeys(crypto.getRandomValues(new Uint8Array(32))), () => {})
              await expect.poll(() => bounds[index] as number, { interval: 5, timeout: 30_000 }).toBeGreaterThan(before)
            }),
          )
        },
        close: async () => {
          for (const carrier of carriers) carrier.close()
          await relay.close()
        },
      }
    },
  ],
]

for (const [name, open] of networks) carrierSuite(name, open)
