// Floods from one network, each over and over while newcomers of others come: the flooders go, and the newcomers are served meanwhile.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { Socket } from 'node:net'
import { bindMessage, encodeClientFrame, type RelayFrame } from '@kith/protocol'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { RelayByHand } from '../../packages/test-kit/src/relay-by-hand.ts'
import { createRelay, type Relay } from './index.ts'

const ATTACKERS = 8
const NEWCOMERS = 20
/** Of a newcomer's BIND; attackers, newcomers and relay share this process. On an idle machine none takes 100 ms. */
const ANSWER_MS = 10_000

let relay: Relay
const hands: Hand[] = []
afterEach(async () => {
  for (const { ws } of hands.splice(0)) ws.terminate()
  await relay.close()
})

interface Key {
  readonly address: Uint8Array<ArrayBuffer>
  readonly secret: KeyObject
}
function newKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { address: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)), secret: privateKey }
}
const KEYS = Array.from({ length: 64 }, newKey)

/** A hand that signs by OpenSSL, so that attackers cost no more than they must. */
class Hand extends RelayByHand {
  readonly ws: WebSocket
  readonly raw: Promise<Socket>

  constructor(network: string) {
    const origin = `ws://127.0.0.1:${relay.port}`
    const ws = new WebSocket(`${origin}/relay`, { headers: { 'x-forwarded-for': network } })
    super(ws, origin)
    this.ws = ws
    this.raw = new Promise((resolve) => ws.once('upgrade', ({ socket }) => resolve(socket)))
    hands.push(this)
  }

  bindBytes(keys: readonly Key[], signatureOf = (key: Key) => this.#signatureOf(key)) {
    const binds = keys.map((key) => ({ form: 0 as const, address: key.address, signature: signatureOf(key) }))
    return encodeClientFrame({ type: 'bind', binds })
  }

  #signatureOf({ address, secret }: Key, nonce = this.nonce): Uint8Array {
    return sign(null, bindMessage(address, this.origin, nonce), secret)
  }

  /** Holds for another challenge. */
  staleSignature(key: Key): Uint8Array {
    return this.#signatureOf(key, new Uint8Array(32).fill(1))
  }
}

/** Well-formed, and of nothing: it costs the relay as much as any. */
function random(): Uint8Array {
  const signature = randomBytes(64)
  signature[63] = (signature[63] ?? 0) & 0x0f
  return signature
}

/** What one attacker does, until its socket is closed. */
interface Attack {
  readonly attack: (hand: Hand) => void | Promise<void>
  /** Default: all of one. */
  readonly networkOf?: (n: number) => string
}

/** Once it has bound an address, so that it may stay. */
const forever = async (hand: Hand, say: () => void) => {
  hand.bytes(hand.bindBytes(KEYS.slice(0, 1)))
  expect(await hand.answer()).toEqual({ type: 'bound', count: 1 })
  while (hand.ws.readyState === WebSocket.OPEN) {
    if (hand.ws.bufferedAmount < 256 * 1024) say()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const lists = [0, 16, 32, 48].map((at) => KEYS.slice(at, at + 16))
const unbindBytes = encodeClientFrame({ type: 'unbind', addresses: lists[0]?.map(({ address }) => address) ?? [] })
const sendBytes = encodeClientFrame({
  type: 'send',
  address: KEYS[0]?.address ?? new Uint8Array(32),
  envelope: new Uint8Array(1024),
})

const attacks: [string, Attack][] = [
  [
    '512 invalid BINDs each, and then they hang up',
    {
      attack(hand) {
        const bytes = hand.bindBytes(KEYS.slice(0, 16), random)
        for (let n = 0; n < 512; n++) hand.bytes(bytes)
        hand.socket.close()
      },
    },
  ],
  [
    'BINDs whose last signature does not hold, of many networks of one IPv6 site',
    {
      attack: (hand) =>
        hand.bytes(
          hand.bindBytes(KEYS.slice(0, 16), (key) =>
            key === KEYS[15] ? random() : sign(null, bindMessage(key.address, hand.origin, hand.nonce), key.secret),
          ),
        ),
      networkOf: (n) => `2001:db8:1:${n.toString(16)}::1`,
    },
  ],
  [
    'signatures for another challenge',
    {
      attack(hand) {
        const bytes = hand.bindBytes(KEYS.slice(0, 16), (key) => hand.staleSignature(key))
        for (let n = 0; n < 64; n++) hand.bytes(bytes)
      },
    },
  ],
  [
    'valid BINDs of the same addresses, again and again',
    {
      attack(hand) {
        const bytes = lists.map((list) => hand.bindBytes(list))
        return forever(hand, () => {
          for (const one of bytes) hand.bytes(one)
        })
      },
    },
  ],
  [
    'valid BINDs of addresses that are unbound again',
    {
      attack(hand) {
        const bytes = hand.bindBytes(lists[0] ?? [])
        return forever(hand, () => {
          hand.bytes(bytes)
          hand.bytes(unbindBytes)
        })
      },
    },
  ],
  [
    'SENDs beyond the rate',
    {
      attack: (hand) =>
        forever(hand, () => {
          for (let n = 0; n < 50; n++) hand.bytes(sendBytes)
        }),
    },
  ],
  [
    'pings of the WebSocket itself',
    {
      async attack(hand) {
        const socket = await hand.raw
        // Masked, and empty (RFC 6455 §5.5.2).
        const pings = Buffer.concat(Array(2000).fill(Buffer.of(0x89, 0x80, 1, 2, 3, 4)))
        await forever(hand, () => void (socket.writableLength < 256 * 1024 && socket.write(pings)))
      },
    },
  ],
]

test.each(attacks)(
  '%s: newcomers are served, and the flooders have to go',
  async (_, { attack, networkOf = () => '198.51.100.1' }) => {
    relay = await createRelay({ port: 0, host: '127.0.0.1', trustProxy: true })
    let isOver = false
    let opened = 0
    // Comes again whenever it is closed, as fast as its network may.
    const attacker = async (n: number) => {
      for (let times = 0; !isOver; times++) {
        const hand = new Hand(networkOf(times * ATTACKERS + n))
        const challenge = await hand.frames.next()
        if (challenge?.type !== 'challenge') {
          await hand.closed
          continue
        }
        hand.nonce = challenge.nonce
        opened += 1
        await Promise.all([attack(hand), hand.closed])
      }
    }
    const flood = Promise.all(Array.from({ length: ATTACKERS }, (_, n) => attacker(n)))
    const waits: number[] = []
    for (let n = 0; n < NEWCOMERS; n++) {
      const hand = new Hand(`203.0.113.${n}`)
      await hand.challenged()
      const keys = Array.from({ length: 16 }, newKey)
      const askedAt = performance.now()
      hand.bytes(hand.bindBytes(keys))
      const answer: RelayFrame | undefined = await hand.answer()
      expect(answer).toEqual({ type: 'bound', count: 16 })
      waits.push(performance.now() - askedAt)
    }
    console.info(`BIND of a newcomer: at most ${Math.round(Math.max(...waits))} ms; flooders came ${opened} times`)
    expect(Math.max(...waits)).toBeLessThan(ANSWER_MS)
    // Each attacker that said all it could is closed, if it did not hang up.
    isOver = true
    await flood
  },
)
