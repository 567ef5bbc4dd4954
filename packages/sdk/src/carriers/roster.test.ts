import { INVITE_RELAY_ATTEMPTS_MAX as N } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Roster } from './roster.ts'

/** A WebSocket whose relay never answers. */
class Socket {
  static readonly all: Socket[] = []
  readonly url: string
  binaryType = ''
  isClosed = false
  constructor(url: string) {
    this.url = url
    Socket.all.push(this)
  }
  send() {}
  close() {
    this.isClosed = true
  }
  readonly #listeners = new Map<string, (event: never) => void>()
  addEventListener(type: string, listener: (event: never) => void) {
    this.#listeners.set(type, listener)
  }
  fail() {
    this.isClosed = true
    this.#listeners.get('close')?.({} as never)
  }
}

beforeEach(() => {
  Socket.all.length = 0
  vi.stubGlobal('WebSocket', Socket)
})
afterEach(() => void vi.unstubAllGlobals())

const [ONE, TWO, THREE, FOUR] = ['one', 'two', 'three', 'four'].map((name) => `wss://${name}.example/relay`) as [
  string,
  string,
  string,
  string,
]
const origins = (carriers: readonly { origin: string }[]) => carriers.map(({ origin }) => origin)
const connected = () => Socket.all.filter(({ isClosed }) => !isClosed).map(({ url }) => url)

test('own carriers are the tabs of this browser and my relays, in my order', () => {
  const roster = new Roster({ relays: [TWO, ONE], local: true, onStatus: () => {} })
  expect(origins(roster.own)).toEqual(['broadcast', 'wss://two.example', 'wss://one.example'])
  expect(roster.isLocal).toBe(true)
  expect(roster.status.map(({ url, state }) => [url, state])).toEqual([
    [TWO, 'connecting'],
    [ONE, 'connecting'],
  ])
  roster.close()
  const remote = new Roster({ relays: [ONE], local: false, onStatus: () => {} })
  expect(origins(remote.own)).toEqual(['wss://one.example'])
  expect(remote.isLocal).toBe(false)
  remote.close()
})

test('towards somebody: all of mine, whatever they published when we met, then theirs', () => {
  const roster = new Roster({ relays: [ONE, TWO], local: true, onStatus: () => {} })
  expect(origins(roster.towards([]))).toEqual(['broadcast', 'wss://one.example', 'wss://two.example'])
  expect(origins(roster.towards([TWO, ONE]))).toEqual(['broadcast', 'wss://one.example', 'wss://two.example'])
  expect(origins(roster.towards([THREE, TWO]))).toEqual([
    'broadcast',
    'wss://one.example',
    'wss://two.example',
    'wss://three.example',
  ])
  expect(connected()).toEqual([ONE, TWO, THREE])
  // Again: the same connection. At one origin there is one relay, however it is spelled.
  expect(roster.towards([THREE])[3]).toBe(roster.get('wss://three.example'))
  expect(origins(roster.towards([THREE, 'wss://three.example/other', 'wss://one.example/other']))).toEqual([
    'broadcast',
    'wss://one.example',
    'wss://two.example',
    'wss://three.example',
  ])
  expect(connected()).toEqual([ONE, TWO, THREE])
  roster.close()
  expect(connected()).toEqual([])
})

test('a foreign relay is kept for as long as it is wanted', () => {
  const roster = new Roster({ relays: [ONE], local: false, onStatus: () => {} })
  expect(origins(roster.towards([FOUR, THREE]))).toEqual(['wss://one.example', 'wss://four.example', 'wss://three.example'])
  roster.keepForeign(['wss://three.example', 'wss://elsewhere.example', 'broadcast'])
  expect(connected()).toEqual([ONE, THREE])
  expect(roster.get('wss://four.example')).toBeUndefined()
  expect(roster.get('wss://three.example')?.origin).toBe('wss://three.example')
  roster.keepForeign([])
  expect(connected()).toEqual([ONE])
  expect(origins(roster.towards([THREE]))).toEqual(['wss://one.example', 'wss://three.example'])
  expect(connected()).toEqual([ONE, THREE])
  roster.close()
  expect(connected()).toEqual([])
})

test('a path at which nothing answers gives way to another of its origin; one that is on its way or ready does not', () => {
  vi.useFakeTimers()
  const roster = new Roster({ relays: [], local: false, onStatus: () => {} })
  const [nothing, dead] = ['wss://three.example/nothing', 'wss://three.example/dead']
  roster.towards([nothing])
  // Still on its way: it may be the right one.
  roster.towards([THREE])
  expect(connected()).toEqual([nothing])
  Socket.all[0]?.fail()
  roster.towards([nothing])
  expect(roster.get('wss://three.example')).toBe(roster.towards([nothing, THREE])[0])
  expect(connected()).toEqual([])
  const relay = roster.towards([THREE])[0]
  expect(roster.get('wss://three.example')).toBe(relay)
  expect(connected()).toEqual([THREE])
  // Nor is it taken from those who want it by whoever wants another.
  roster.towards([nothing])
  expect(connected()).toEqual([THREE])
  // And where neither answers, they are not dialled in turn for every question.
  Socket.all.at(-1)?.fail()
  roster.towards([dead])
  roster.towards([dead])
  expect(roster.get('wss://three.example')).toBe(relay)
  vi.advanceTimersByTime(2_001)
  Socket.all.at(-1)?.fail()
  expect(roster.towards([dead])[0]).not.toBe(relay)
  roster.close()
  expect(connected()).toEqual([])
  vi.useRealTimers()
})

test('only own relays have a status', () => {
  const told: unknown[] = []
  const roster = new Roster({ relays: [ONE], local: false, onStatus: () => told.push(1) })
  roster.towards([THREE])
  expect(roster.status).toHaveLength(1)
  expect(roster.isAnyRelayReady).toBe(false)
  roster.close()
})

test('the WebSocket that was passed in is used for my relays and for those of others', () => {
  vi.unstubAllGlobals()
  vi.stubGlobal('WebSocket', undefined)
  const roster = new Roster({ relays: [ONE], local: false, webSocket: Socket, onStatus: () => {} })
  roster.towards([TWO])
  expect(connected()).toEqual([ONE, TWO])
  roster.close()
})

test('a relay that only an invitation names is dialled N times in a row, and not once more; one that a contact names goes on', () => {
  vi.useFakeTimers()
  const roster = new Roster({ relays: [], local: false, onStatus: () => {} })
  const failAll = () => {
    for (let i = 0; i < 50; i++) {
      for (const socket of Socket.all) if (!socket.isClosed) socket.fail()
      vi.advanceTimersByTime(30_000)
    }
  }
  const dialled = (url: string) => Socket.all.filter((socket) => socket.url === url).length
  roster.towards([ONE], N)
  roster.towards([TWO], N)
  roster.towards([TWO])
  for (let i = 1; i < N; i++) {
    Socket.all
      .filter(({ url }) => url === ONE)
      .at(-1)
      ?.fail()
    vi.advanceTimersByTime(30_000)
  }
  expect(dialled(ONE)).toBe(N)
  failAll()
  expect(dialled(ONE)).toBe(N)
  expect(dialled(TWO)).toBeGreaterThan(10 * N)
  expect(roster.mayArrive(['wss://one.example'], 0)).toBe(false)
  // Accepted again, or wanted by a contact, it is dialled anew.
  roster.towards([ONE], N)
  expect(dialled(ONE)).toBe(N + 1)
  failAll()
  expect(dialled(ONE)).toBe(2 * N)
  roster.towards([ONE])
  failAll()
  expect(dialled(ONE)).toBeGreaterThan(10 * N)
  roster.close()
  vi.useRealTimers()
})

test('the few attempts at a relay that only an invitation names are spread: one that restarts is found again', () => {
  vi.useFakeTimers()
  const roster = new Roster({ relays: [], local: false, onStatus: () => {} })
  roster.towards([ONE], N)
  const fail = () => Socket.all.at(-1)?.fail()
  const mayArrive = () => roster.mayArrive(['wss://one.example'], 0)
  const at: number[] = []
  for (let second = 0; second < 30; second++) {
    if (connected().length > 0) {
      at.push(second)
      // All that while it is worth waiting for.
      expect(mayArrive()).toBe(true)
      fail()
    }
    expect(mayArrive()).toBe(at.length < N)
    vi.advanceTimersByTime(1_000)
  }
  expect(at).toEqual([0, 2, 8])
  roster.close()
  vi.useRealTimers()
})

test.each([
  ['https://kith.example/', ['wss://three.example']],
  ['http://192.168.1.5:8787/', ['wss://three.example', 'ws://10.0.0.1', 'ws://router']],
  ['http://localhost:8787/', ['wss://three.example', 'ws://10.0.0.1', 'ws://router', 'ws://127.0.0.1:6379', 'ws://[::1]']],
])('what others name is dialled from %s where it is no nearer than that', (page, expected) => {
  vi.stubGlobal('location', new URL(page))
  const roster = new Roster({ relays: [], local: false, onStatus: () => {} })
  const named = [THREE, 'ws://10.0.0.1/reboot', 'ws://router/x', 'ws://127.0.0.1:6379/', 'ws://[::1]/']
  expect(origins(roster.towards(named))).toEqual(expected)
  expect(Socket.all.map(({ url }) => new URL(url).origin)).toEqual(expected)
  roster.close()
})
