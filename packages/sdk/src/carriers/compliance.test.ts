/** What every carrier must do, whatever it is made of. All of them run in Node; each is given the chance to lose nothing. */
import { addressKeys, type Bytes, ENVELOPE_BYTES, hex, KithError } from '@kith/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createRelay, type Relay } from '../../../../signaling-relay/src/index.ts'
import { BroadcastChannelCarrier } from './broadcast-channel.ts'
import type { Carrier } from './carrier.ts'
import { MemoryHub } from './memory.ts'
import { WebSocketCarrier, type WebSocketLike } from './websocket.ts'

const keysOf = (n: number) => addressKeys(new Uint8Array(32).fill(n))
/** No two bytes in a row alike, so that a shifted or a filled one shows. */
const envelopeOf = (n: number): Bytes => Uint8Array.from({ length: ENVELOPE_BYTES }, (_, i) => (i * 7 + n) & 0xff)

/** Collects envelopes; `next` waits for one. */
class Inbox {
  readonly received: Bytes[] = []
  #wake: (() => void) | undefined
  readonly listen = (envelope: Bytes) => {
    this.received.push(envelope)
    this.#wake?.()
  }
  async next(): Promise<string> {
    while (this.received.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    return hex(this.received.shift() as Bytes)
  }
}

interface Network {
  carrier(): Carrier
  /** Resolves once binds and unbinds made so far have come into force for all. */
  settled(): Promise<void>
  close(): Promise<void>
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const networks: [name: string, create: () => Promise<Network>][] = [
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
          await expect.poll(() => carriers.every(({ state }) => state.state === 'ready'), { interval: 5 }).toBe(true)
          // A bind or unbind moves a decoy, so each change makes the relay answer once more: bind one address of our own and
          // wait until it is answered; what went before it was done before it.
          await Promise.all(
            carriers.map(async (carrier, index) => {
              const before = bounds[index] as number
              carrier.bind(addressKeys(crypto.getRandomValues(new Uint8Array(32))), () => {})
              await expect.poll(() => bounds[index] as number, { interval: 5 }).toBeGreaterThan(before)
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

describe.each(networks)('%s', (_, create) => {
  let network: Network
  afterEach(() => network.close())

  test('hands an envelope to all other binders, every byte of it, and to nobody else', async () => {
    network = await create()
    const [sender, one, two, other] = [network.carrier(), network.carrier(), network.carrier(), network.carrier()]
    const [own, first, second, stranger] = [new Inbox(), new Inbox(), new Inbox(), new Inbox()]
    sender.bind(keysOf(1), own.listen)
    one.bind(keysOf(1), first.listen)
    two.bind(keysOf(1), second.listen)
    other.bind(keysOf(2), stranger.listen)
    await network.settled()
    sender.send(keysOf(1).address, envelopeOf(1))
    expect([await first.next(), await second.next()]).toEqual([hex(envelopeOf(1)), hex(envelopeOf(1))])
    // Order between two carriers is kept here, so what comes now came after anything wrongly sent before.
    sender.send(keysOf(2).address, envelopeOf(2))
    expect(await stranger.next()).toBe(hex(envelopeOf(2)))
    expect([own, first, second, stranger].map((inbox) => inbox.received.length)).toEqual([0, 0, 0, 0])
  })

  test('works both ways', async () => {
    network = await create()
    const [a, b] = [network.carrier(), network.carrier()]
    const [atA, atB] = [new Inbox(), new Inbox()]
    a.bind(keysOf(1), atA.listen)
    b.bind(keysOf(2), (envelope) => {
      atB.listen(envelope)
      b.send(keysOf(1).address, envelopeOf(9))
    })
    await network.settled()
    a.send(keysOf(2).address, envelopeOf(8))
    expect(await atB.next()).toBe(hex(envelopeOf(8)))
    expect(await atA.next()).toBe(hex(envelopeOf(9)))
  })

  test('an address that was unbound gets nothing; another that stayed does', async () => {
    network = await create()
    const [a, b] = [network.carrier(), network.carrier()]
    const [gone, stays] = [new Inbox(), new Inbox()]
    const unbind = b.bind(keysOf(1), gone.listen)
    b.bind(keysOf(2), stays.listen)
    await network.settled()
    unbind()
    unbind()
    await network.settled()
    a.send(keysOf(1).address, envelopeOf(1))
    a.send(keysOf(2).address, envelopeOf(2))
    expect(await stays.next()).toBe(hex(envelopeOf(2)))
    expect(gone.received).toEqual([])
  })

  test('two who listen to one address through one carrier both hear; undoing one leaves the other', async () => {
    network = await create()
    const [a, b] = [network.carrier(), network.carrier()]
    const [first, second] = [new Inbox(), new Inbox()]
    const unbind = b.bind(keysOf(1), first.listen)
    b.bind(keysOf(1), second.listen)
    await network.settled()
    a.send(keysOf(1).address, envelopeOf(1))
    expect([await first.next(), await second.next()]).toEqual([hex(envelopeOf(1)), hex(envelopeOf(1))])
    unbind()
    await network.settled()
    a.send(keysOf(1).address, envelopeOf(2))
    expect(await second.next()).toBe(hex(envelopeOf(2)))
    expect(first.received).toEqual([])
  })

  test('what the sender does to its bytes afterwards, and one receiver to its own, changes nothing', async () => {
    network = await create()
    const [a, b] = [network.carrier(), network.carrier()]
    const inbox = new Inbox()
    b.bind(keysOf(1), (envelope) => envelope.fill(0))
    b.bind(keysOf(1), inbox.listen)
    await network.settled()
    const envelope = envelopeOf(1)
    a.send(keysOf(1).address, envelope)
    envelope.fill(0xff)
    expect(await inbox.next()).toBe(hex(envelopeOf(1)))
  })

  test('after close nothing comes, nothing goes, and nothing throws', async () => {
    network = await create()
    const [a, b, c] = [network.carrier(), network.carrier(), network.carrier()]
    const [closed, open] = [new Inbox(), new Inbox()]
    b.bind(keysOf(1), closed.listen)
    c.bind(keysOf(1), open.listen)
    await network.settled()
    b.close()
    b.close()
    a.send(keysOf(1).address, envelopeOf(1))
    expect(await open.next()).toBe(hex(envelopeOf(1)))
    b.send(keysOf(1).address, envelopeOf(2))
    b.bind(keysOf(2), closed.listen)()
    a.send(keysOf(1).address, envelopeOf(3))
    expect(await open.next()).toBe(hex(envelopeOf(3)))
    expect(closed.received).toEqual([])
  })

  test('another size of envelope or address is refused where it is sent', async () => {
    network = await create()
    const a = network.carrier()
    const invalid = expect.objectContaining({ code: 'invalid-argument' })
    expect(() => a.send(keysOf(1).address, new Uint8Array(1023))).toThrow(invalid)
    expect(() => a.send(keysOf(1).address, new Uint8Array(1025))).toThrow(invalid)
    expect(() => a.send(new Uint8Array(31), envelopeOf(1))).toThrow(KithError)
  })
})
