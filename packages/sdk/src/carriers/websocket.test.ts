import { addressKeys, type Bytes, ENVELOPE_BYTES } from '@kith/protocol'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createRelay, type Relay } from '../../../../signaling-relay/src/index.ts'
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
function dial(url: string) {
  const states: RelayState[] = []
  let wake = () => {}
  const carrier = new WebSocketCarrier(url, {
    WebSocket: NodeWebSocket,
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
  expect(state).toMatchObject({ state: 'waiting', error: { code: 'lost', source: 'network' } })
  if (state.state === 'waiting') expect(Math.abs(state.retryAt - Date.now())).toBeLessThan(2000)
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
