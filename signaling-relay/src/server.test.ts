import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  addressKeys,
  type Bytes,
  type ClientFrame,
  decodeRelayFrame,
  ENVELOPE_BYTES,
  encodeClientFrame,
  RELAY_LIMITS,
  type RelayFrame,
  signBind,
} from '@kith/protocol'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { mutations } from '../../packages/test-kit/src/mutations.ts'
import { seededRandom } from '../../packages/test-kit/src/random.ts'
import { createRelay, type Relay, type RelayOptions } from './index.ts'

const keysOf = (n: number) => addressKeys(new Uint8Array(32).fill(n))
const envelopeOf = (n: number): Bytes => new Uint8Array(ENVELOPE_BYTES).fill(n)

const relays: Relay[] = []
const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.ws.terminate()
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
})

async function start(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const relay = await createRelay({ port: 0, host: '127.0.0.1', ...options })
  relays.push(relay)
  return relay
}

/** A client that speaks frames and no more. */
class Client {
  readonly ws: WebSocket
  readonly frames: RelayFrame[] = []
  readonly origin: string
  closed: { code: number; reason: string } | undefined
  nonce: Uint8Array = new Uint8Array(32)
  #wake: () => void = () => {}

  constructor(relay: Relay, headers: Record<string, string> = {}, host = '127.0.0.1') {
    this.origin = `ws://${host}:${relay.port}`
    this.ws = new WebSocket(`${this.origin}/relay`, { headers })
    clients.push(this)
    this.ws.on('message', (data: Buffer) => {
      this.frames.push(decodeRelayFrame(data))
      this.#wake()
    })
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
      this.#wake()
    })
    this.ws.on('error', () => this.#wake())
  }

  /** The next frame; undefined once the socket is closed. */
  async next(): Promise<RelayFrame | undefined> {
    while (this.frames.length === 0 && this.closed === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.frames.shift()
  }

  async challenged(): Promise<this> {
    const frame = await this.next()
    if (frame?.type !== 'challenge') throw new Error(`expected a challenge, got ${JSON.stringify(frame)}`)
    this.nonce = frame.nonce
    return this
  }

  frame(frame: ClientFrame): void {
    this.ws.send(encodeClientFrame(frame))
  }

  async bind(...numbers: number[]): Promise<RelayFrame | undefined> {
    const binds = numbers.map((n) => {
      const keys = keysOf(n)
      return { form: 0 as const, address: keys.address, signature: signBind(keys, this.origin, this.nonce) }
    })
    this.frame({ type: 'bind', binds })
    return this.next()
  }

  send(to: number, n: number): void {
    this.frame({ type: 'send', address: keysOf(to).address, envelope: envelopeOf(n) })
  }

  async gone(): Promise<{ code: number; reason: string }> {
    while (this.closed === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.closed
  }
}

const connected = (relay: Relay, ...rest: [Record<string, string>?, string?]) => new Client(relay, ...rest).challenged()
const get = (relay: Relay, path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${relay.port}${path}`, init)
const notice = (code: string, details: object = {}) => ({ type: 'notice', notice: { code, ...details } })
const metric = async (relay: Relay, kind: string) => {
  const text = await (await get(relay, '/metrics')).text()
  return Number(new RegExp(`kind="${kind}"} (\\d+)`).exec(text)?.[1])
}

test('two clients exchange envelopes', async () => {
  const relay = await start()
  const [a, b] = [await connected(relay), await connected(relay)]
  expect(await a.bind(1)).toEqual({ type: 'bound', count: 1 })
  expect(await b.bind(2, 3)).toEqual({ type: 'bound', count: 2 })
  a.send(2, 42)
  expect(await b.next()).toEqual({ type: 'deliver', address: keysOf(2).address, envelope: envelopeOf(42) })
  b.send(1, 43)
  expect(await a.next()).toEqual({ type: 'deliver', address: keysOf(1).address, envelope: envelopeOf(43) })
})

test('a bind replayed from another socket, or signed for another relay, is refused', async () => {
  const relay = await start()
  const [a, b] = [await connected(relay), await connected(relay)]
  b.nonce = a.nonce
  expect(await b.bind(1)).toEqual(notice('bind-refused'))
  const { address } = keysOf(1)
  const elsewhere = signBind(keysOf(1), 'wss://other.example', a.nonce)
  a.frame({ type: 'bind', binds: [{ form: 0, address, signature: elsewhere }] })
  expect(await a.next()).toEqual(notice('bind-refused'))
})

test('configured origins are the only ones; the Host header then means nothing', async () => {
  const relay = await start({ origins: ['wss://relay.example'] })
  const [client, other] = [await connected(relay), await connected(relay)]
  expect(await other.bind(1)).toEqual(notice('bind-refused'))
  expect(await other.gone()).toEqual({ code: 1008, reason: 'bind-refused' })
  const { address } = keysOf(1)
  const signature = signBind(keysOf(1), 'wss://relay.example', client.nonce)
  client.frame({ type: 'bind', binds: [{ form: 0, address, signature }] })
  expect(await client.next()).toEqual({ type: 'bound', count: 1 })
})

test('without origins, what the client dialled counts, with or without TLS in front, but no http', async () => {
  const relay = await start()
  for (const [scheme, answer] of [
    ['wss', { type: 'bound', count: 1 }],
    ['ws', { type: 'bound', count: 1 }],
    ['https', notice('bind-refused')],
  ] as const) {
    const client = await connected(relay)
    const { address } = keysOf(1)
    const signature = signBind(keysOf(1), `${scheme}://127.0.0.1:${relay.port}`, client.nonce)
    client.frame({ type: 'bind', binds: [{ form: 0, address, signature }] })
    expect(await client.next()).toEqual(answer)
  }
})

test.each([
  ['junk', Buffer.from('junk')],
  ['text', 'hello'],
  ['an empty message', Buffer.alloc(0)],
  ['a short envelope', Buffer.alloc(1056, 5)],
])('%s: a notice, then closed', async (_, message) => {
  const relay = await start()
  const client = await connected(relay)
  client.ws.send(message)
  expect(await client.next()).toEqual(notice('malformed'))
  expect(await client.gone()).toEqual({ code: 1008, reason: 'malformed' })
  expect(await metric(relay, 'refused_malformed')).toBe(1)
})

test('a message of 4,096 bytes is read and refused, one of 4,097 is not even read', async () => {
  const relay = await start()
  const [a, b] = [await connected(relay), await connected(relay)]
  a.ws.send(Buffer.alloc(4096, 5))
  expect(await a.next()).toEqual(notice('malformed'))
  b.ws.send(Buffer.alloc(4097, 5))
  expect((await b.gone()).code).toBe(1009)
})

test('ten thousand mutated and random frames do not bring it down', async () => {
  const seed = 20_261_122
  const relay = await start({ limits: { acceptsPerPrefix: 1_000_000, controlBurst: 1_000_000 } })
  const random = seededRandom(seed)
  const corpus = [
    encodeClientFrame({ type: 'bind', binds: [{ form: 0, address: keysOf(1).address, signature: new Uint8Array(64) }] }),
    encodeClientFrame({ type: 'unbind', addresses: [keysOf(1).address] }),
    encodeClientFrame({ type: 'send', address: keysOf(1).address, envelope: envelopeOf(1) }),
    random(100),
  ]
  const frames = [...mutations(seed, corpus, 10_000)]
  // Each client goes on until it is closed; what it had sent beyond that is lost, which is as it should be.
  while (frames.length > 0) {
    const batch = await Promise.all(Array.from({ length: 50 }, () => connected(relay)))
    for (const client of batch) for (const frame of frames.splice(0, 20)) client.ws.send(frame)
    for (const client of batch) client.ws.close()
    await Promise.all(batch.map((client) => client.gone()))
  }
  const client = await connected(relay)
  expect(await client.bind(1)).toEqual({ type: 'bound', count: 1 })
})

test('limits can be set, and hold', async () => {
  const relay = await start({ limits: { sockets: 2, sendBurst: 1, sendPerSecond: 0, firstBindMs: 1_000 } })
  const a = await connected(relay)
  await a.bind(1)
  const b = await connected(relay)
  const c = new Client(relay)
  expect(await c.next()).toEqual(notice('full'))
  expect(await c.gone()).toEqual({ code: 1013, reason: 'full' })
  a.send(2, 1)
  a.send(2, 1)
  expect(await a.next()).toMatchObject(notice('rate-limited', { of: 'send' }))
  expect(await b.gone()).toEqual({ code: 1008, reason: 'no-bind' })
  await expect(start({ limits: { sockets: -1 } })).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('clients behind a trusted proxy have quotas of their own, and otherwise not', async () => {
  const limits = { socketsPerPrefix: 1 }
  const trusting = await start({ trustProxy: true, limits })
  await connected(trusting, { 'x-forwarded-for': '203.0.113.7, 192.0.2.1' })
  await connected(trusting, { 'x-forwarded-for': '192.0.2.1, 203.0.113.7' })
  expect(await new Client(trusting, { 'x-forwarded-for': '203.0.113.9, 192.0.2.1' }).next()).toEqual(notice('full'))
  const wary = await start({ limits })
  await connected(wary, { 'x-forwarded-for': '192.0.2.1' })
  expect(await new Client(wary, { 'x-forwarded-for': '192.0.2.2' }).next()).toEqual(notice('full'))
})

test('a client that stops reading is dropped for, then closed; nobody waits for it', async () => {
  const relay = await start({
    limits: {
      sendBurst: 1e6,
      sendPerSecond: 1e6,
      receiveBurst: 1e6,
      receivePerSecond: 1e6,
      queueEnvelopes: 4,
      stalledWriteMs: 300,
      pingMs: 600_000,
      firstBindMs: 600_000,
    },
  })
  const [sender, slow, quick] = [await connected(relay), await connected(relay), await connected(relay)]
  await slow.bind(1)
  await quick.bind(1)
  const { _socket: stalled } = slow.ws as unknown as { _socket: Socket }
  stalled.pause()
  // More than the system's socket buffers hold, paced by the quick one, so that it is never the one that is late.
  let received = 0
  while ((await metric(relay, 'closed_stalled')) === 0) {
    for (let n = 0; n < 500; n++) {
      sender.send(1, n & 0xff)
      expect(await quick.next()).toMatchObject({ type: 'deliver' })
      received += 1
    }
  }
  expect(await metric(relay, 'dropped_slow_receiver')).toBeGreaterThan(0)
  expect(await metric(relay, 'dropped_send_rate')).toBe(0)
  expect(quick.closed).toBeUndefined()
  expect(received).toBeGreaterThan(500)
})

test('clients cannot fill the log: of each reason it has a line a second, and a count', async () => {
  const lines: string[] = []
  const relay = await start({ log: (line) => lines.push(line) })
  const startedAt = performance.now()
  for (let n = 0; n < 50; n++) {
    const client = await connected(relay)
    client.ws.send(new Uint8Array(1))
    expect(await client.gone()).toMatchObject({ reason: 'malformed' })
  }
  // What is counted is said at the end, if not before.
  const seconds = Math.floor((performance.now() - startedAt) / 1_000)
  await relay.close()
  const said = lines.filter((line) => line.includes('closed: malformed'))
  expect(said.length).toBeLessThanOrEqual(2 + seconds)
  expect(said[0]).toBe('socket 1 closed: malformed')
  const counts = said.map((line) => Number(/^(\d+) more: /.exec(line)?.[1] ?? 1))
  expect(counts.reduce((sum, count) => sum + count)).toBe(50)
})

test('where first signatures do not hold the operator is told once what may be wrong', async () => {
  const lines: string[] = []
  const relay = await start({ origins: ['wss://relay.example'], log: (line) => lines.push(line) })
  for (let n = 0; n < 3; n++) {
    const client = await connected(relay)
    expect(await client.bind(1)).toEqual(notice('bind-refused'))
    await client.gone()
  }
  expect(lines.filter((line) => line.includes('another origin than --origin names'))).toHaveLength(1)
})

test('one whose signatures held before dialled the right origin: nothing is said of it', async () => {
  const lines: string[] = []
  const relay = await start({ log: (line) => lines.push(line) })
  const client = await connected(relay)
  expect(await client.bind(1)).toEqual({ type: 'bound', count: 1 })
  client.nonce = new Uint8Array(32)
  expect(await client.bind(2)).toEqual(notice('bind-refused'))
  await client.gone()
  expect(lines).toEqual([expect.stringContaining('closed: bind-refused')])
})

test('a handshake that never ends is cut off', async () => {
  const relay = await start({ limits: { handshakeMs: 200 } })
  const socket = connect(relay.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /relay HTTP/1.1\r\nHost: x\r\n')
  socket.resume()
  await once(socket, 'close')
})

test.each([
  ['another path', 'GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '404'],
  ['a host that is none', 'GET /relay HTTP/1.1\r\nHost: a b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '400'],
  ['no key', 'GET /relay HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '400'],
  ['no HTTP', '\x00\x01\x02\r\n\r\n', '400'],
])('an upgrade with %s is refused', async (_, request, status) => {
  const relay = await start()
  const socket = connect(relay.port, '127.0.0.1')
  socket.write(request)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toContain(`HTTP/1.1 ${status}`)
  socket.destroy()
})

test('health and metrics count sockets and addresses, and name nobody', async () => {
  const relay = await start()
  const client = await connected(relay)
  await client.bind(1, 2)
  const response = await get(relay, '/healthz')
  expect(response.headers.get('content-type')).toContain('application/json')
  expect(await response.json()).toEqual({ status: 'ok', sockets: 1, addresses: 2, uptimeMs: expect.any(Number) })
  const metrics = await (await get(relay, '/metrics')).text()
  expect(metrics).toContain('\nkith_relay_addresses 2\n')
  expect(metrics).toContain('kith_relay_events_total{kind="bound"} 2\n')
  expect(metrics).not.toContain('127.0.0.1')
  expect((await get(relay, '/relay')).status).toBe(426)
  expect((await get(relay, '/', { method: 'POST' })).status).toBe(405)
  expect((await get(relay, '/')).status).toBe(404)
})

test('what is logged holds no IP address and no address', async () => {
  const lines: string[] = []
  const relay = await start({ log: (line) => lines.push(line) })
  const client = await connected(relay)
  await client.bind(1)
  client.ws.send('junk')
  await client.gone()
  await expect.poll(() => lines.length).toBeGreaterThan(0)
  expect(lines.join('\n')).not.toMatch(/127\.0\.0\.1|::1|[0-9a-f]{16}/)
})

test('it closes within two seconds: every client is told, even one that never answers the goodbye', async () => {
  const relay = await start()
  const [a, mute] = [await connected(relay), await connected(relay)]
  const { _socket: unread } = mute.ws as unknown as { _socket: Socket }
  unread.pause()
  const idle = connect(relay.port, '127.0.0.1')
  idle.on('error', () => {})
  await once(idle, 'connect')
  const started = performance.now()
  await relay.close()
  expect(performance.now() - started).toBeLessThan(2000)
  expect(await a.next()).toEqual(notice('restarting', { reconnectInMs: 1000, tryForMs: 60_000 }))
  expect(await a.gone()).toEqual({ code: 1012, reason: 'restarting' })
  idle.destroy()
  await relay.close()
})

test('a port that is in use is an error, not a crash', async () => {
  const relay = await start()
  await expect(createRelay({ port: relay.port, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await expect(createRelay({ port: 0, origins: ['http://x'] })).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('the defaults are those of the protocol', () => {
  expect(RELAY_LIMITS).toMatchObject({ sockets: 10_000, bindsPerSocket: 4096, sendBurst: 100, queueEnvelopes: 64 })
})
