import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addressKeys, type Bytes, decodeClientFrame, ENVELOPE_BYTES, hex } from '@kith/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createRelay, type Relay } from '../../../../signaling-relay/src/index.ts'
import { ReplyAddresses } from '../connection/reply-addresses.ts'
import { type RelayState, WebSocketCarrier, type WebSocketLike } from './websocket.ts'

const NodeWebSocket = WebSocket as unknown as new (url: string) => WebSocketLike
const keysOf = (n: number) => addressKeys(new Uint8Array(32).fill(n))
const envelopeOf = (n: number): Bytes => new Uint8Array(ENVELOPE_BYTES).fill(n)

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

async function start(port = 0): Promise<Relay> {
  const relay = await createRelay({ port, host: '127.0.0.1' })
  open.push(relay)
  return relay
}

/** A carrier and all the states it went through; `reached` waits for one. */
function dial(url: string, Implementation: (new (url: string) => WebSocketLike) | undefined = NodeWebSocket) {
  const states: RelayState[] = []
  let wake = () => {}
  const carrier = new WebSocketCarrier(url, {
    WebSocket: Implementation,
    onState: (state) => {
      states.push(state)
      wake()
    },
  })
  open.push(carrier)
  const reached = async (wanted: RelayState['state'], times = 1) => {
    while (states.filter(({ state }) => state === wanted).length < times) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { carrier, states, reached }
}

test.each([
  ['wss://relay.example/relay', 'wss://relay.example'],
  ['wss://Relay.example:443/', 'wss://relay.example'],
  ['ws://localhost:8787/relay', 'ws://localhost:8787'],
])('the origin of %s is %s', (url, origin) => {
  class Never {
    binaryType = ''
    send() {}
    close() {}
    addEventListener() {}
  }
  const carrier = new WebSocketCarrier(url, { WebSocket: Never })
  expect([carrier.origin, carrier.state.state]).toEqual([origin, 'connecting'])
  carrier.close()
})

test('a browser that forbids the connection leaves it waiting, with a time for the next', () => {
  class Forbidden {
    constructor() {
      throw new Error('SecurityError')
    }
  }
  const carrier = new WebSocketCarrier('ws://relay.example', {
    WebSocket: Forbidden as unknown as new (url: string) => WebSocketLike,
  })
  open.push(carrier)
  const { state } = carrier
  expect(state).toMatchObject({ state: 'waiting', error: { code: 'no-relay', source: 'network' } })
  if (state.state === 'waiting') expect(Math.abs(state.retryAt - Date.now())).toBeLessThan(2000)
})

test('what a page may never dial has failed: it says why, and there is nothing to wait for', () => {
  class Forbidden {
    constructor() {
      throw new DOMException('An insecure WebSocket connection may not be initiated from a page over HTTPS.', 'SecurityError')
    }
  }
  const carrier = new WebSocketCarrier('ws://relay.example/relay', {
    WebSocket: Forbidden as unknown as new (url: string) => WebSocketLike,
  })
  open.push(carrier)
  expect(carrier.state).toMatchObject({
    state: 'failed',
    error: {
      code: 'no-relay',
      source: 'local',
      message: expect.stringMatching(/ws:\/\/relay\.example\/relay.*https needs a wss: address/),
    },
  })
  expect(carrier.isHopeful).toBe(false)
})

test('spare reply addresses are others after a reconnect: nothing but what contacts know links two connections', async () => {
  const relay = await start()
  /** What the relay was asked to bind, by connection. */
  const asked: Set<string>[] = []
  class Spy extends WebSocket {
    readonly #asked = new Set<string>()
    constructor(url: string) {
      super(url)
      asked.push(this.#asked)
    }
    override send(data: Bytes) {
      const frame = decodeClientFrame(data)
      if (frame.type === 'bind') for (const { address } of frame.binds) this.#asked.add(hex(address))
      super.send(data)
    }
  }
  const { carrier, reached } = dial(relay.url, Spy as unknown as new (url: string) => WebSocketLike)
  const contact = keysOf(1)
  carrier.bind(contact, () => {})
  const replies = new ReplyAddresses([carrier], () => carrier)
  open.push(replies)
  const question = replies.take(carrier.origin, true)
  replies.bind({ origin: carrier.origin, keys: question }, () => {})()
  await reached('ready')
  expect(asked[0]).toContain(hex(question.address))
  await relay.close()
  await start(relay.port)
  await reached('ready', 2)
  const [before, after] = [asked[0], asked.at(-1)]
  expect([...(after ?? [])].filter((address) => before?.has(address))).toEqual([hex(contact.address)])
})

/** A server at a free port of this machine; resolves with its port. */
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise((resolve) => server.close(resolve)) })
  return (server.address() as AddressInfo).port
}
const httpServer = (status: number) => createServer((_, answer) => answer.writeHead(status).end('hello'))
async function wsServer(connected: (socket: WebSocket) => void): Promise<number> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', connected)
  open.push(sockets)
  return listen(server)
}
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
const at = (port: number, scheme = 'ws', path = '/relay') => `${scheme}://127.0.0.1:${port}${path}`

describe.each<[string, (new (url: string) => WebSocketLike) | undefined]>([
  ['ws', NodeWebSocket],
  // Says no more than a browser's.
  ['the global WebSocket', globalThis.WebSocket as unknown as new (url: string) => WebSocketLike],
])('no relay, found out by %s', (name, Implementation) => {
  const there = test.skipIf(Implementation === undefined)
  there.each<[string, () => Promise<string>, string, RegExp]>([
    ['nothing there', async () => at(await freePort()), 'no-relay', /^No relay answers at ws:.*Check that it runs/],
    [
      'a web server that says 404',
      async () => at(await listen(httpServer(404))),
      'no-relay',
      /^No relay answers at.*path.*\/relay/,
    ],
    [
      'a web server that says 200',
      async () => at(await listen(httpServer(200))),
      'no-relay',
      /^No relay answers at.*path.*\/relay/,
    ],
    ['a relay at another path', async () => at((await start()).port, 'ws', '/signal'), 'no-relay', /\/signal.*path/],
    ['a relay without TLS, by wss', async () => at((await start()).port, 'wss'), 'no-relay', /wss: needs a TLS certificate/],
    [
      'a WebSocket server that hangs up',
      async () => at(await wsServer((socket) => socket.close(1000, 'who are you'))),
      'no-relay',
      /takes? no|is no Kith relay: it closed.*who are you/,
    ],
    [
      'a WebSocket server that says something else',
      async () => at(await wsServer((socket) => socket.send('welcome'))),
      'peer-violation',
      /is no Kith relay: its first message/,
    ],
  ])('%s', async (_, url, code, sentence) => {
    const { states, reached, carrier } = dial(await url(), Implementation)
    await reached('waiting')
    const state = states.find((one) => one.state === 'waiting')
    expect(state).toMatchObject({ error: { code, message: expect.stringMatching(sentence) } })
    expect(state?.error?.message).toContain(carrier.state.url)
    // It is tried again, and the reason stays beside it meanwhile.
    await reached('connecting', 1)
    expect(carrier.state.error?.code).toBe(code)
  })

  there('what answered is said where the platform tells it', async () => {
    if (name !== 'ws') return
    const { states, reached } = dial(at(await listen(httpServer(404))), Implementation)
    await reached('waiting')
    expect(states.at(-1)?.error?.message).toMatch(/404/)
  })
})

test('a WebSocket server that says nothing is no relay', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] })
  try {
    class Silent {
      binaryType = ''
      send() {}
      close() {}
      addEventListener(type: string, listener: () => void) {
        if (type === 'open') queueMicrotask(listener)
      }
    }
    const states: RelayState[] = []
    const carrier = new WebSocketCarrier('ws://relay.example/relay', {
      WebSocket: Silent as unknown as new (url: string) => WebSocketLike,
      onState: (state) => states.push(state),
    })
    open.push(carrier)
    await vi.advanceTimersByTimeAsync(9_900)
    expect(carrier.state.state).toBe('connecting')
    expect(carrier.isHopeful).toBe(true)
    await vi.advanceTimersByTimeAsync(200)
    expect(states.find(({ state }) => state === 'waiting')?.error).toMatchObject({
      code: 'no-relay',
      message: expect.stringMatching(/takes WebSockets but is no Kith relay: it says nothing/),
    })
  } finally {
    vi.useRealTimers()
  }
})

test('one that failed is no hope but for a moment; a dial makes it try at once, not twice in a row', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] })
  try {
    let dialled = 0
    let dialledAt = 0
    class Refused {
      binaryType = ''
      readonly #events = new EventTarget()
      constructor() {
        dialled += 1
        dialledAt = performance.now()
        setTimeout(() => this.#events.dispatchEvent(new Event('close')), 5)
      }
      send() {}
      close() {}
      addEventListener(type: string, listener: (event: never) => void) {
        this.#events.addEventListener(type, listener as (event: Event) => void)
      }
    }
    const carrier = new WebSocketCarrier('ws://relay.example', { WebSocket: Refused })
    open.push(carrier)
    expect(carrier.isHopeful).toBe(true)
    while (carrier.isHopeful) vi.advanceTimersByTime(50)
    const waitsFor = (ms: number) => carrier.state.state === 'waiting' && performance.now() - dialledAt > ms
    // The waits are random, and longer each time.
    for (let n = 0; n < 10_000 && !waitsFor(2_000); n++) vi.advanceTimersByTime(50)
    expect(waitsFor(2_000)).toBe(true)
    const before = dialled
    carrier.hurry()
    expect(dialled).toBe(before + 1)
    expect(carrier.isHopeful).toBe(true)
    while (carrier.state.state === 'connecting') vi.advanceTimersByTime(1)
    carrier.hurry()
    expect(dialled).toBe(before + 1)
  } finally {
    vi.useRealTimers()
  }
})

test('a relay that goes and comes back finds everything bound again', async () => {
  const relay = await start()
  const url = `ws://127.0.0.1:${relay.port}/relay`
  const [a, b] = [dial(url), dial(url)]
  const received: number[] = []
  let arrived = () => {}
  b.carrier.bind(keysOf(1), (envelope) => {
    received.push(envelope[0] as number)
    arrived()
  })
  await Promise.all([a.reached('ready'), b.reached('ready')])
  await relay.close()
  await Promise.all([a.reached('waiting'), b.reached('waiting')])
  expect(a.states.find(({ state }) => state === 'waiting')).toMatchObject({ error: { code: 'closed', source: 'relay' } })
  await start(relay.port)
  await Promise.all([a.reached('ready', 2), b.reached('ready', 2)])
  const delivered = new Promise<void>((resolve) => {
    arrived = resolve
  })
  a.carrier.send(keysOf(1).address, envelopeOf(7))
  await delivered
  expect(received).toEqual([7])
})

test('in a page, coming online or into view connects at once', async () => {
  const page = new EventTarget()
  const view = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
  Object.assign(globalThis, { addEventListener: page.addEventListener.bind(page), document: view })
  let dialled = 0
  class Refused {
    binaryType = ''
    readonly #events = new EventTarget()
    constructor() {
      dialled += 1
      queueMicrotask(() => this.#events.dispatchEvent(new Event('close')))
    }
    send() {}
    close() {}
    addEventListener(type: string, listener: (event: never) => void) {
      this.#events.addEventListener(type, listener as (event: Event) => void)
    }
  }
  try {
    const carrier = new WebSocketCarrier('ws://relay.example', { WebSocket: Refused })
    open.push(carrier)
    const settle = () => new Promise<void>((resolve) => queueMicrotask(resolve))
    await settle()
    expect([carrier.state.state, dialled]).toEqual(['waiting', 1])
    page.dispatchEvent(new Event('online'))
    expect(dialled).toBe(2)
    await settle()
    view.dispatchEvent(new Event('visibilitychange'))
    expect(dialled).toBe(2)
    view.visibilityState = 'visible'
    view.dispatchEvent(new Event('visibilitychange'))
    expect(dialled).toBe(3)
    carrier.close()
    page.dispatchEvent(new Event('online'))
    expect(dialled).toBe(3)
  } finally {
    Reflect.deleteProperty(globalThis, 'addEventListener')
    Reflect.deleteProperty(globalThis, 'document')
  }
})

test('where there is no WebSocket, the state says so, and nothing is tried', () => {
  vi.stubGlobal('WebSocket', undefined)
  const carrier = new WebSocketCarrier('wss://relay.example/relay')
  vi.unstubAllGlobals()
  expect(carrier.state).toMatchObject({ state: 'failed', error: { code: 'unsupported-environment', message: /`webSocket`/ } })
  carrier.bind(keysOf(1), () => {})
  carrier.send(keysOf(2).address, envelopeOf(1))
  carrier.close()
  expect(carrier.origin).toBe('wss://relay.example')
})

test('a relay that stops answering keeps no process: its socket is ended soon after close', async () => {
  // It takes connections, upgrades them, and then never reads: the closing handshake of ws would take half a minute.
  const server = createServer()
  server.on('upgrade', (request, socket) => {
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
    )
    upgraded()
  })
  let upgraded = () => {}
  const isUpgraded = new Promise<void>((resolve) => {
    upgraded = resolve
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => server.close() })
  const sockets: WebSocket[] = []
  class Seen extends WebSocket {
    constructor(url: string) {
      super(url)
      sockets.push(this)
    }
  }
  const { port } = server.address() as AddressInfo
  const carrier = new WebSocketCarrier(`ws://127.0.0.1:${port}/relay`, { WebSocket: Seen as unknown as typeof NodeWebSocket })
  await isUpgraded
  const [socket] = sockets as [WebSocket]
  if (socket.readyState !== WebSocket.OPEN) await once(socket, 'open')
  const startedAt = performance.now()
  carrier.close()
  await once(socket, 'close')
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
