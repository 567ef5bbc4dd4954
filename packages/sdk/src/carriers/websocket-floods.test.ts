// A relay that floods its client, over a real WebSocket: it is closed and tried again later, while another relay works on.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addressKeys, type Bytes, decodeClientFrame, ENVELOPE_BYTES, encodeRelayFrame, type RelayFrame } from '@kith/protocol'
import { afterEach, expect, test } from 'vitest'
import * as ws from 'ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { createRelay } from '../../../../signaling-relay/src/index.ts'
import { WebSocketCarrier, type WebSocketLike } from './websocket.ts'

const NodeWebSocket = ws.WebSocket as unknown as new (url: string) => WebSocketLike
const keys = addressKeys(new Uint8Array(32).fill(1))
const envelope: Bytes = new Uint8Array(ENVELOPE_BYTES).fill(7)

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

const challenge = encodeRelayFrame({ type: 'challenge', nonce: new Uint8Array(32), limits: {} })

/** What it is asked to bind it binds; then it sends this as often as it can, until it is left. */
async function floodingRelay(flood: (bound: Uint8Array) => RelayFrame) {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  const seen = { connections: 0, pongs: 0, sent: 0, isHonest: false }
  sockets.on('connection', (socket: WebSocket) => {
    seen.connections += 1
    let bound = new Uint8Array(32)
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => {
      const frame = decodeClientFrame(data)
      if (frame.type === 'pong') seen.pongs += 1
      if (frame.type !== 'bind') return
      bound = new Uint8Array(frame.binds[0]?.address ?? bound)
      socket.send(encodeRelayFrame({ type: 'bound', count: frame.binds.length }))
      if (!seen.isHonest) go()
    })
    const go = () => {
      const bytes = encodeRelayFrame(flood(bound))
      for (let n = 0; n < 500 && socket.readyState === socket.OPEN; n++) {
        socket.send(bytes)
        seen.sent += 1
      }
      if (socket.readyState === socket.OPEN) setImmediate(go)
    }
    socket.send(challenge)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => server.close() }, { close: () => sockets.clients.forEach((socket) => void socket.terminate()) })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/relay`, seen }
}

function carrierOf(url: string) {
  let wake = () => {}
  const carrier = new WebSocketCarrier(url, { WebSocket: NodeWebSocket, onState: () => wake() })
  open.push(carrier)
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { carrier, until }
}

test.each<[string, (bound: Uint8Array) => RelayFrame]>([
  ['PINGs', () => ({ type: 'ping', payload: new Uint8Array(8) })],
  ['NOTICEs', () => ({ type: 'notice', notice: { code: 'rate-limited', retryAfterMs: 0, of: 'send' } })],
  ['envelopes', (bound) => ({ type: 'deliver', address: new Uint8Array(bound), envelope })],
])('a relay that sends %s without end is left, and tried again; another works on', async (_, flood) => {
  const honest = await createRelay({ port: 0, host: '127.0.0.1' })
  open.push(honest)
  const { url, seen } = await floodingRelay(flood)
  const [victim, other, friend] = [carrierOf(url), carrierOf(honest.url), carrierOf(honest.url)]
  let arrived = () => {}
  for (const { carrier } of [victim, other]) carrier.bind(keys, () => arrived())
  await Promise.all([other, friend].map(({ carrier, until }) => until(() => carrier.state.state === 'ready')))
  await victim.until(() => victim.carrier.state.state === 'waiting')
  expect(victim.carrier.state.error).toMatchObject({ code: 'peer-violation', source: 'relay' })
  const delivered = new Promise<void>((resolve) => {
    arrived = resolve
  })
  friend.carrier.send(keys.address, envelope)
  await delivered
  expect(other.carrier.state.state).toBe('ready')
  // It is worked for no more than a burst's worth, and once it is honest it is a relay again.
  expect(seen.pongs).toBeLessThanOrEqual(64 + 4 * 60)
  seen.isHonest = true
  await victim.until(() => victim.carrier.state.state === 'ready')
  expect(seen.connections).toBeGreaterThan(1)
})
