import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Admission } from './admission.ts'

function admission(limits: { connections: number; connectionsPerPrefix: number; socketsPerPrefix?: number }) {
  const counted = { refused: 0, gaveWay: 0 }
  const clock = { nowMs: 0 }
  const prefixes = new Map<PassThrough, string>()
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
        prefixes.set(socket, prefix)
        admission.accepted(socket, prefix, isProxy)
        return socket
      }),
    ask: (socket: PassThrough | undefined, prefix = prefixes.get(socket as PassThrough) as string) => {
      const response = new EventEmitter() as ServerResponse
      const isTaken = socket && admission.asked(socket, response, prefix)
      return { isTaken, done: () => response.emit('close') }
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
  const asked = busy.map((socket) => ask(socket))
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

test('of one client behind a proxy N requests are under way; N + 1 is refused, and those of others are not', () => {
  const { connect, ask, counted } = admission({ connections: 100, connectionsPerPrefix: 3 })
  const [last, spare, other, ...slow] = connect('proxy', 6, true)
  const asked = slow.map((socket) => ask(socket, '192.0.2.1'))
  expect(asked.map(({ isTaken }) => isTaken)).toEqual([true, true, true])
  const refused = ask(last, '192.0.2.1')
  expect(refused.isTaken).toBe(false)
  expect(ask(other, '192.0.2.2').isTaken).toBe(true)
  expect(counted).toEqual({ refused: 1, gaveWay: 0 })
  refused.done()
  asked[0]?.done()
  expect(ask(spare, '192.0.2.1').isTaken).toBe(true)
  expect(ask(last, '192.0.2.1').isTaken).toBe(false)
  expect(open([last, spare, other, ...slow] as PassThrough[])).toEqual(Array(6).fill(true))
})

test.each([
  ['networks', (n: number) => `2001:db8:1:${n.toString(16)}::/64`],
  ['addresses', () => '192.0.2.1'],
])('of N in all a client behind a proxy that has the most, by %s, gives one up for every other', (_, prefixOf) => {
  const { connect, ask } = admission({ connections: 50, connectionsPerPrefix: 50 })
  const slow = connect('proxy', 50, true)
  for (const [n, socket] of slow.entries()) ask(socket, prefixOf(n))
  const others = Array.from({ length: 20 }, (_, n) => {
    const [socket] = connect('proxy', 1, true)
    return { socket, ...ask(socket, `198.51.100.${n}`) }
  })
  expect(others.map(({ isTaken, socket }) => isTaken && !socket?.destroyed)).toEqual(Array(20).fill(true))
  expect(open(slow).filter((isOpen) => !isOpen)).toHaveLength(20)
})

test('a connection of a proxy is the proxy’s again once its request is answered, and what it counted for is forgotten', async () => {
  const { connect, ask } = admission({ connections: 3, connectionsPerPrefix: 1 })
  const [first, second] = connect('proxy', 2, true)
  const one = ask(first, '192.0.2.1')
  const two = ask(second, '192.0.2.2')
  one.done()
  expect(ask(first, '192.0.2.1').isTaken).toBe(true)
  first?.destroy()
  if (first) await once(first, 'close')
  // Its response closes after it.
  one.done()
  two.done()
  const more = connect('proxy', 2, true)
  expect(more.map((socket, n) => ask(socket, `192.0.2.${n + 1}`).isTaken)).toEqual([true, true])
  expect(open([second, ...more] as PassThrough[])).toEqual([true, true, true])
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
