import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Admission } from './admission.ts'

function admission(limits: { connections: number; connectionsPerPrefix: number; socketsPerPrefix?: number }) {
  const counted = { refused: 0, gaveWay: 0 }
  const clock = { nowMs: 0 }
  const admission = new Admission(
    { socketsPerPrefix: 1_000, ...limits },
    {
      refused: () => {
        counted.refused += 1
      },
      gaveWay: () => {
        counted.gaveWay += 1
      },
    },
    () => clock.nowMs,
  )
  return {
    counted,
    clock,
    /** Connections of one network. */
    connect: (prefix: string, count = 1, isProxy = false) =>
      Array.from({ length: count }, () => {
        const socket = new PassThrough()
        admission.accepted(socket, prefix, isProxy)
        return socket
      }),
    ask: (socket: PassThrough | undefined) => {
      const response = new EventEmitter() as ServerResponse
      if (socket) admission.asked(socket, response)
      return { done: () => response.emit('close') }
    },
    upgrade: (socket: PassThrough | undefined) => socket && admission.upgraded(socket),
  }
}

const open = (sockets: PassThrough[]) => sockets.map((socket) => !socket.destroyed)

test('a network holds N connections; at N + 1 the one that is idle for longest gives way', () => {
  const { connect, ask, counted } = admission({ connections: 100, connectionsPerPrefix: 3 })
  const first = connect('a', 3)
  expect(open(first)).toEqual([true, true, true])
  ask(first[0]).done()
  expect(open(connect('a'))).toEqual([true])
  expect(open(first)).toEqual([true, false, true])
  expect(open(connect('b', 3))).toEqual([true, true, true])
  expect(counted).toEqual({ refused: 0, gaveWay: 1 })
})

test('where none of its own is idle a new one is turned away, and one of another network is not', () => {
  const { connect, ask, counted } = admission({ connections: 100, connectionsPerPrefix: 2 })
  const busy = connect('a', 2)
  const asked = busy.map(ask)
  expect(open(connect('a'))).toEqual([false])
  expect(open(busy)).toEqual([true, true])
  expect(open(connect('b'))).toEqual([true])
  asked[1]?.done()
  expect(open(connect('a'))).toEqual([true])
  expect(open(busy)).toEqual([true, false])
  expect(counted).toEqual({ refused: 1, gaveWay: 1 })
})

test('of N in all the network with the most gives one up, even one in use, for one that has few', () => {
  const { connect, ask } = admission({ connections: 5, connectionsPerPrefix: 4 })
  const many = connect('a', 4)
  for (const socket of many) ask(socket)
  expect(open(connect('b'))).toEqual([true])
  expect(open(connect('c'))).toEqual([true])
  expect(open(many)).toEqual([false, true, true, true])
  // None gives way for a network that has as many as any.
  expect(open(connect('a'))).toEqual([false])
})

const SITE_CONNECTIONS = 2_048

test.each(['idle', 'in use'])('of N in all an IPv6 site with one in each network gives up its own, be they %s', (state) => {
  const { connect, ask } = admission({ connections: SITE_CONNECTIONS, connectionsPerPrefix: 512 })
  const attack = (n: number) => {
    const [socket] = connect(`2001:db8:1:${n.toString(16)}::/64`)
    if (state === 'in use') ask(socket)
    return socket
  }
  const browser = connect('192.0.2.1', 6)
  for (const socket of browser) ask(socket)
  for (let n = 0; n < SITE_CONNECTIONS; n++) attack(n)
  // Networks that come now, of another site, have few.
  const others = ['192.0.2.2', '2001:db8:2:1::/64'].flatMap((prefix) => connect(prefix, 6))
  for (let n = SITE_CONNECTIONS; n < 2 * SITE_CONNECTIONS; n++) attack(n)
  expect(open([...browser, ...others])).toEqual(Array(18).fill(true))
})

test('one that is quiet for long gives way before one in use, one that has just connected does not', () => {
  const { connect, ask, clock } = admission({ connections: 5, connectionsPerPrefix: 4 })
  const browser = connect('a', 3)
  for (const socket of browser) ask(socket)
  const quiet = connect('b')
  clock.nowMs = 2_001
  const fresh = connect('c')
  expect(open(connect('d'))).toEqual([true])
  expect(open([...browser, ...quiet, ...fresh])).toEqual([true, true, true, false, true])
  expect(open(connect('e'))).toEqual([true])
  expect(open([...browser, ...fresh])).toEqual([false, true, true, true])
})

test('a proxy has no share, and yet its idle ones give way when all places are taken', () => {
  const { connect, ask } = admission({ connections: 10, connectionsPerPrefix: 2 })
  const proxied = connect('proxy', 10, true)
  expect(open(proxied)).toEqual(Array(10).fill(true))
  ask(proxied[0])
  expect(open(connect('proxy', 1, true))).toEqual([true])
  expect(open(proxied).slice(0, 3)).toEqual([true, false, true])
})

test('WebSockets take no place of the others, but a network has one sum', () => {
  const { connect, upgrade } = admission({ connections: 100, connectionsPerPrefix: 2, socketsPerPrefix: 3 })
  const sockets: PassThrough[] = []
  // Each is one as soon as its handshake ends.
  for (let n = 0; n < 5; n++) {
    const socket = connect('a')
    upgrade(socket[0])
    sockets.push(...socket)
  }
  expect(open(sockets)).toEqual([true, true, true, true, true])
  expect(open(connect('a'))).toEqual([false])
  expect(open(connect('b'))).toEqual([true])
})

test('what has ended leaves its place', async () => {
  const { connect, upgrade } = admission({ connections: 100, connectionsPerPrefix: 1, socketsPerPrefix: 1 })
  const [a] = connect('a')
  upgrade(a)
  const [b] = connect('a')
  upgrade(b)
  expect(open(connect('a'))).toEqual([false])
  a?.destroy()
  if (a) await once(a, 'close')
  const [c] = connect('a')
  expect(c?.destroyed).toBe(false)
})

test('sixteen requests of a connection may wait, seventeen may not', () => {
  const { connect, ask } = admission({ connections: 10, connectionsPerPrefix: 10 })
  const [patient, greedy] = connect('a', 2)
  for (let n = 0; n < 100; n++) ask(patient).done()
  for (let n = 0; n < 16; n++) ask(patient)
  for (let n = 0; n < 17; n++) ask(greedy)
  expect([patient?.destroyed, greedy?.destroyed]).toEqual([false, true])
})
