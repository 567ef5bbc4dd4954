import { type AddressKeys, hex } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Recorder } from '../carriers/recorder.testing.ts'
import { ReplyAddresses } from './reply-addresses.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const [TABS, ONE, FOREIGN] = ['broadcast', 'wss://one.example', 'wss://foreign.example'] as const

function addresses() {
  const own = [new Recorder(TABS), new Recorder(ONE)] as const
  const foreign = new Recorder(FOREIGN)
  const carriers = [...own, foreign]
  const it = new ReplyAddresses(own, (origin) => carriers.find((carrier) => carrier.origin === origin))
  const bound = () => carriers.map((carrier) => carrier.addresses.size)
  return { it, own, foreign, carriers, bound }
}

test('two are bound ahead on every carrier of ours, others on each, and one that is taken is one of them', () => {
  const { it, own, bound } = addresses()
  expect(bound()).toEqual([2, 2, 0])
  expect([...own[0].addresses].filter((address) => own[1].addresses.has(address))).toEqual([])
  for (const { origin, addresses: there } of own) expect(there).toContain(hex(it.take(origin).address))
  expect(bound()).toEqual([2, 2, 0])
  it.close()
})

test('what was taken is made up for half a second later, and no sooner', () => {
  const { it, bound } = addresses()
  const taken = [it.take(ONE), it.take(ONE), it.take(ONE)]
  // The third was made at once.
  expect(bound()).toEqual([2, 3, 0])
  expect(new Set(taken.map(({ address }) => hex(address))).size).toBe(3)
  vi.advanceTimersByTime(499)
  expect(bound()).toEqual([2, 3, 0])
  vi.advanceTimersByTime(1)
  expect(bound()).toEqual([2, 5, 0])
  it.close()
})

test('an envelope comes through once the address is claimed, until it is undone', () => {
  const { it, own, foreign, bound } = addresses()
  const heard: string[] = []
  const [keys, other] = [it.take(ONE), it.take(FOREIGN)]
  own[1].deliver(keys.address, Uint8Array.of(1))
  expect(heard).toEqual([])
  const undo = [
    it.bind({ origin: ONE, keys }, ([first]) => heard.push(`one ${first}`)),
    it.bind({ origin: FOREIGN, keys: other }, ([first]) => heard.push(`foreign ${first}`)),
  ]
  expect(bound()).toEqual([2, 2, 1])
  own[1].deliver(keys.address, Uint8Array.of(2))
  foreign.deliver(other.address, Uint8Array.of(3))
  for (const carrier of [own[0], own[1]]) carrier.deliver(other.address, Uint8Array.of(4))
  expect(heard).toEqual(['one 2', 'foreign 3'])
  for (const stop of [...undo, ...undo]) stop()
  own[1].deliver(keys.address, Uint8Array.of(5))
  foreign.deliver(other.address, Uint8Array.of(6))
  expect(heard).toHaveLength(2)
  it.close()
})

test('what is done with is let go half a second later, or at the end', () => {
  const { it, own, bound } = addresses()
  const [keys, other] = [it.take(ONE), it.take(ONE)]
  it.bind({ origin: ONE, keys }, () => {})()
  expect(bound()).toEqual([2, 2, 0])
  vi.advanceTimersByTime(500)
  expect(bound()).toEqual([2, 3, 0])
  expect(own[1].addresses).not.toContain(hex(keys.address))
  it.bind({ origin: ONE, keys: other }, () => {})()
  it.bind({ origin: FOREIGN, keys: it.take(FOREIGN, true) }, () => {})()
  it.close()
  expect(bound()).toEqual([0, 0, 0])
  expect(vi.getTimerCount()).toBe(0)
})

test('an address of somebody else is bound where it is asked for, if anywhere', () => {
  const { it, bound } = addresses()
  const keys = { address: new Uint8Array(32).fill(7), sign: () => new Uint8Array(64) } as AddressKeys
  const undo = [TABS, 'wss://unknown.example'].map((origin) => it.bind({ origin, keys }, () => {}))
  expect(bound()).toEqual([3, 2, 0])
  for (const stop of undo) stop()
  vi.advanceTimersByTime(500)
  expect(bound()).toEqual([2, 2, 0])
  it.close()
})

test('at a relay of others each address is bound once, for questions too: their socket may be another the next time', () => {
  const { it, foreign } = addresses()
  const asked = [1, 2, 3].map(() => {
    const keys = it.take(FOREIGN, true)
    const undo = it.bind({ origin: FOREIGN, keys }, () => {})
    expect([...foreign.addresses]).toEqual([hex(keys.address)])
    undo()
    vi.advanceTimersByTime(500)
    return hex(keys.address)
  })
  expect(new Set(asked).size).toBe(3)
  expect(foreign.addresses.size).toBe(0)
  it.close()
})

test('a question’s address is used again, but not on another day, nor after its carrier was lost', () => {
  for (const happen of ['midnight', 'lost', 'lost while asking'] as const) {
    vi.setSystemTime(Date.UTC(2026, 10, 22, 23, 50))
    const { it, own, bound } = addresses()
    const ask = (during = () => {}) => {
      const keys = it.take(ONE, true)
      const undo = it.bind({ origin: ONE, keys }, () => {})
      during()
      undo()
      vi.advanceTimersByTime(500)
      return hex(keys.address)
    }
    const first = ask()
    expect(ask()).toBe(first)
    const before = new Set(own[1].addresses)
    const tabs = new Set(own[0].addresses)
    expect(before).toContain(first)
    if (happen === 'midnight') {
      vi.setSystemTime(Date.UTC(2026, 10, 23, 0, 1))
      it.refresh()
    } else if (happen === 'lost') own[1].lose()
    else expect(ask(() => own[1].lose())).toBe(first)
    // At once: a connection that is made in the meantime binds none of them.
    expect([...own[1].addresses].filter((address) => before.has(address))).toEqual([])
    expect([...own[0].addresses].some((address) => tabs.has(address))).toBe(happen !== 'midnight')
    vi.advanceTimersByTime(500)
    expect(bound()).toEqual([2, 2, 0])
    expect(ask()).not.toBe(first)
    it.close()
    own[1].lose()
    expect(bound()).toEqual([0, 0, 0])
    expect(vi.getTimerCount()).toBe(0)
  }
})

test('close unbinds what is spare and what was taken and never claimed, and leaves no timer', () => {
  const { it, bound } = addresses()
  it.take(ONE)
  it.close()
  expect(bound()).toEqual([0, 0, 0])
  expect(vi.getTimerCount()).toBe(0)
  const idle = addresses()
  idle.it.close()
  idle.it.take(ONE)
  expect(vi.getTimerCount()).toBe(0)
})
