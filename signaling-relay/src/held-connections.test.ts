/** What holds connections of the relay and asks for nothing, over real sockets. Hosts are told apart by their loopback addresses. */
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeRelayFrame, type RelayFrame } from '@kith/protocol'
import { afterEach, expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { createRelay, type Relay, type RelayOptions } from './index.ts'

const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

async function start(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const relay = await createRelay({ port: 0, host: '127.0.0.1', ...options })
  ended.push(() => relay.close())
  return relay
}

function open(relay: Relay, localAddress: string, halfOpen = false): Socket {
  const socket = connect({ port: relay.port, host: '127.0.0.1', localAddress, allowHalfOpen: halfOpen })
  socket.on('error', () => {}) // 'close' follows
  ended.push(() => socket.destroy())
  return socket
}

/** The first frame that a new client is sent, or what it gets instead. */
function arrive(relay: Relay, options: ClientOptions = {}, host = `127.0.0.1:${relay.port}`): Promise<RelayFrame | string> {
  const ws = new WebSocket(`ws://127.0.0.1:${relay.port}/relay`, { ...options, headers: { host, ...options.headers } })
  ended.push(() => ws.terminate())
  return new Promise((resolve) => {
    ws.once('message', (data: Buffer) => resolve(decodeRelayFrame(data)))
    ws.once('error', (error) => resolve(error.message))
  })
}

async function page(relay: Relay, localAddress: string): Promise<number> {
  const [response] = (await once(
    httpGet({ host: '127.0.0.1', port: relay.port, path: '/healthz', localAddress, agent: false }),
    'response',
  )) as [IncomingMessage]
  response.resume()
  return response.statusCode ?? 0
}

/** After which a held connection that ended is opened again: all of this runs on one processor, with what it attacks. */
const AGAIN_MS = 1_000

/** Holds `count` connections, and opens another for each that ends. */
function hold(
  relay: Relay,
  count: number,
  localAddress: string,
  text = '',
): { readonly held: Set<Socket>; readonly begun: Promise<void> } {
  const held = new Set<Socket>()
  let going = true
  let connected = 0
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const one = () => {
    const socket = connect({ port: relay.port, host: '127.0.0.1', localAddress })
    held.add(socket)
    socket.on('error', () => {}) // 'close' follows
    socket.on('connect', () => {
      if (text !== '') socket.write(text)
      connected += 1
      if (connected === count) begin()
    })
    socket.resume()
    socket.on('close', () => {
      held.delete(socket)
      if (going) setTimeout(one, AGAIN_MS)
    })
  }
  for (let n = 0; n < count; n++) one()
  ended.push(() => {
    going = false
    for (const socket of held) socket.destroy()
  })
  return { held, begun }
}

test.each([
  ['nothing', ''],
  ['half a head', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ['half a handshake', 'GET /relay HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'],
  ['half a body', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'],
])('one host with 2,000 connections that send %s keeps nobody out', async (_, text) => {
  const relay = await start({ limits: { sockets: 1_000 } })
  const { begun } = hold(relay, 2_000, '127.0.0.1', text)
  await begun
  for (let n = 2; n < 12; n++) {
    expect(await arrive(relay, { localAddress: `127.0.0.${n}` })).toMatchObject({ type: 'challenge' })
    expect(await page(relay, `127.0.0.${n}`)).toBe(200)
  }
})

test('of the connections of one host N are held, not N + 1', async () => {
  const relay = await start({ limits: { connectionsPerPrefix: 20 } })
  const sockets = Array.from({ length: 20 }, () => open(relay, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const [other] = [open(relay, '127.0.0.2')]
  await once(other, 'connect')
  open(relay, '127.0.0.1')
  await Promise.race(sockets.map((socket) => once(socket.resume(), 'close')))
  expect(sockets.filter((socket) => socket.destroyed)).toHaveLength(1)
  expect(other.destroyed).toBe(false)
})

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

test.each([
  ['sends nothing', ''],
  ['sends half a head', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ['sends half a body', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'],
  ['sends a WebSocket handshake and no more', `GET /relay HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}`],
  ['was refused an upgrade', `GET /other HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}`],
  ['was refused the handshake', 'GET /relay HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['dialled a host that is refused', `GET /relay HTTP/1.1\r\nHost: relay.example\r\n${UPGRADE}`],
  ['sends a frame that is none', `GET /relay HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}\xff\xff\xff`],
])('a client that %s, and never ends its half, is cut off', async (_, text) => {
  const relay = await start({ limits: { handshakeMs: 300, firstBindMs: 300 } })
  const socket = open(relay, '127.0.0.1', true)
  socket.write(Buffer.from(text, 'latin1'))
  // The kernel says so only to who writes: with its half open the client sees no more than the end of the other.
  socket.resume()
  await once(socket, 'end')
  const gone = new Promise((resolve) => socket.once('close', resolve))
  const knocking = setInterval(() => socket.write('x'), 20)
  await gone
  clearInterval(knocking)
})

test('a client that does not read its page is cut off; the file is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-held-'))
  ended.push(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'large.bin'), '')
  await truncate(join(folder, 'large.bin'), 64 * 1024 * 1024)
  const relay = await start({ static: folder, limits: { stalledResponseMs: 5_000 } })
  const socket = open(relay, '127.0.0.1')
  socket.write('GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'readable')
  expect(openOnes('large.bin')).toBe(1)
  await expect.poll(() => openOnes('large.bin'), { timeout: 60_000 }).toBe(0)
})

/** How often this process, which the relay runs in, has such a file open (proc(5)). */
function openOnes(name: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).endsWith(`/${name}`)
    } catch {
      return false // closed since it was listed
    }
  }).length
}

test('behind a proxy every client has limits of its own: a crowd gets in, one client of it has no more than its share', async () => {
  const relay = await start({ trustProxy: true, limits: { connectionsPerPrefix: 5, socketsPerPrefix: 3 } })
  const from = (forwarded: string) => arrive(relay, { headers: { 'x-forwarded-for': forwarded } })
  const crowd = await Promise.all(Array.from({ length: 200 }, (_, n) => from(`198.51.100.${n % 250}:${1_000 + n}`)))
  expect(crowd.filter((frame) => typeof frame === 'string' || frame.type !== 'challenge')).toEqual([])
  for (const hop of ['2001:db8::1', '[2001:db8::2]', '[2001:db8::3]:4711']) {
    expect(await from(`203.0.113.${hop.length}, ${hop}`)).toMatchObject({ type: 'challenge' })
  }
  expect(await from('203.0.113.1, [2001:db8::4]:80')).toEqual({ type: 'notice', notice: { code: 'full' } })
  expect(await from('[2001:db8::4]:80, 203.0.113.1:80')).toMatchObject({ type: 'challenge' })
})

test('behind a proxy one client with slow downloads on every connection keeps nobody out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-held-'))
  ended.push(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'large.bin'), '')
  await truncate(join(folder, 'large.bin'), 64 * 1024 * 1024)
  const limits = { connections: 40, connectionsPerPrefix: 30 }
  const relay = await start({ trustProxy: true, static: folder, limits })
  const download = (client: string) => {
    const socket = open(relay, '127.0.0.1')
    socket.write(`GET /large.bin HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${client}\r\n\r\n`)
    // What else comes is not read.
    return new Promise<{ socket: Socket; status: string }>((resolve) => {
      socket.once('data', (head: Buffer) => {
        socket.pause()
        resolve({ socket, status: head.toString('latin1', 9, 12) })
      })
    })
  }
  const slow = await Promise.all(Array.from({ length: 40 }, (_, n) => download(`192.0.2.1:${4_000 + n}`)))
  expect(slow.map(({ status }) => status).sort()).toEqual([...Array(30).fill('200'), ...Array(10).fill('429')])
  for (let n = 2; n < 12; n++) expect((await download(`192.0.2.${n}`)).status).toBe('200')
  for (let n = 12; n < 22; n++) {
    expect(await arrive(relay, { headers: { 'x-forwarded-for': `192.0.2.${n}` } })).toMatchObject({ type: 'challenge' })
    expect(await page(relay, '127.0.0.1')).toBe(200)
  }
})

test('several X-Forwarded-For headers are one list, of which the last counts', async () => {
  const relay = await start({ trustProxy: true, limits: { socketsPerPrefix: 1 } })
  const answer = async (...hops: string[]) => {
    const socket = open(relay, '127.0.0.1')
    const headers = hops.map((hop) => `X-Forwarded-For: ${hop}\r\n`).join('')
    socket.write(`GET /relay HTTP/1.1\r\nHost: localhost\r\n${headers}${UPGRADE}`)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // The head of the answer, and a frame of some bytes behind it.
    while (!/\r\n\r\n[\s\S]{2}/.test(Buffer.concat(chunks).toString('latin1'))) await once(socket, 'data')
    const frame = Buffer.concat(chunks)
    const payload = frame.subarray(frame.indexOf('\r\n\r\n') + 4)
    // RFC 6455 §5.2: a length of 126 is followed by two bytes with the length itself.
    const length = payload[1] ?? 0
    return decodeRelayFrame(length === 126 ? payload.subarray(4, 4 + payload.readUInt16BE(2)) : payload.subarray(2, 2 + length))
      .type
  }
  expect(await answer('192.0.2.1', '192.0.2.2:80')).toBe('challenge')
  expect(await answer('192.0.2.1', '192.0.2.3, 192.0.2.4:80')).toBe('challenge')
  expect(await answer('192.0.2.9', '192.0.2.2:81')).toBe('notice')
})

test('without origins a client that dialled a public host is refused, and the operator told once', async () => {
  const lines: string[] = []
  const relay = await start({ log: (line) => lines.push(line) })
  for (const host of ['localhost', '127.0.0.1:80', '[::1]:8787', '192.168.1.20:8787', 'nas.local']) {
    expect(await arrive(relay, {}, host)).toMatchObject({ type: 'challenge' })
  }
  expect(lines).toEqual([])
  for (const host of ['relay.example', 'localhost.example:8787', '203.0.113.7', '[2001:db8::1]:80']) {
    expect(await arrive(relay, {}, host)).toBe('Unexpected server response: 421')
  }
  expect(lines).toEqual([expect.stringContaining('--origin')])
  const named = await start({ origins: ['wss://relay.example'] })
  expect(await arrive(named, {}, 'relay.example')).toMatchObject({ type: 'challenge' })
})
