import { type AddressKeys, hex } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Recorder } from './carriers/recorder.testing.ts'
import { ReplyAddresses } from './reply-addresses.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function addresses() {
  const home = [new Recorder('broadcast'), new Recorder('wss://one.example')] as const
  const abroad = new Recorder('wss://abroad.example')
  const carriers = [...home, abroad]
  const it = new ReplyAddresses(home, (origin) => carriers.find((carrier) => carrier.origin === origin))
  const bound = () => carriers.map((carrier) => carrier.addresses.size)
  return { it, home, abroad, carriers, bound }
}

test('two are bound ahead on every carrier at home, and one that is taken is one of them', () => {
  const { it, home, bound } = addresses()
  expect(bound()).toEqual([2, 2, 0])
  const keys = it.take()
  expect(bound()).toEqual([2, 2, 0])
  for (const { addresses: there } of home) expect(there).toContain(hex(keys.address))
  it.close()
})

test('what was taken is made up for half a second later, and no sooner', () => {
  const { it, bound } = addresses()
  const taken = [it.take(), it.take(), it.take()]
  // The third was made at once.
  expect(bound()).toEqual([3, 3, 0])
  expect(new Set(taken.map(({ address }) => hex(address))).size).toBe(3)
  vi.advanceTimersByTime(499)
  expect(bound()).toEqual([3, 3, 0])
  vi.advanceTimersByTime(1)
  expect(bound()).toEqual([5, 5, 0])
  it.close()
})

test('an envelope comes through from the carriers that were named, once the address is claimed, until it is undone', () => {
  const { it, home, abroad, bound } = addresses()
  const heard: string[] = []
  const keys = it.take()
  home[0].deliver(keys.address, Uint8Array.of(1))
  expect(heard).toEqual([])
  const undo = it.bind(keys, ['wss://one.example', 'wss://abroad.example'], (origin, [first]) => heard.push(`${origin} ${first}`))
  expect(bound()).toEqual([2, 2, 1])
  home[0].deliver(keys.address, Uint8Array.of(2))
  home[1].deliver(keys.address, Uint8Array.of(3))
  abroad.deliver(keys.address, Uint8Array.of(4))
  expect(heard).toEqual(['wss://one.example 3', 'wss://abroad.example 4'])
  undo()
  undo()
  home[1].deliver(keys.address, Uint8Array.of(5))
  abroad.deliver(keys.address, Uint8Array.of(6))
  expect(heard).toHaveLength(2)
  it.close()
})

test('what is done with is let go half a second later, or at the end', () => {
  const { it, home, bound } = addresses()
  const keys = it.take()
  const other = it.take()
  it.bind(keys, ['broadcast', 'wss://abroad.example'], () => {})()
  expect(bound()).toEqual([2, 2, 1])
  vi.advanceTimersByTime(500)
  expect(bound()).toEqual([3, 3, 0])
  for (const { addresses: there } of home) expect(there).not.toContain(hex(keys.address))
  it.bind(other, ['broadcast', 'wss://abroad.example'], () => {})()
  it.close()
  expect(bound()).toEqual([0, 0, 0])
  expect(vi.getTimerCount()).toBe(0)
})

test('an address of somebody else is bound where it is asked for', () => {
  const { it, bound } = addresses()
  const foreign = { address: new Uint8Array(32).fill(7), sign: () => new Uint8Array(64) } as AddressKeys
  const undo = it.bind(foreign, ['broadcast', 'wss://unknown.example'], () => {})
  expect(bound()).toEqual([3, 2, 0])
  undo()
  vi.advanceTimersByTime(500)
  expect(bound()).toEqual([2, 2, 0])
  it.close()
})

test('a question’s address is used again, but not on another day, nor after its carrier was lost', () => {
  for (const happen of ['midnight', 'lost', 'lost while asking'] as const) {
    vi.setSystemTime(Date.UTC(2026, 10, 22, 23, 50))
    const { it, home, bound } = addresses()
    const ask = (during = () => {}) => {
      const keys = it.take(true)
      const undo = it.bind(keys, ['broadcast', 'wss://one.example'], () => {})
      during()
      undo()
      vi.advanceTimersByTime(500)
      return hex(keys.address)
    }
    const first = ask()
    expect(ask()).toBe(first)
    const before = new Set(home[1].addresses)
    expect(before).toContain(first)
    if (happen === 'midnight') {
      vi.setSystemTime(Date.UTC(2026, 10, 23, 0, 1))
      it.refresh()
    } else if (happen === 'lost') home[1].lose()
    else expect(ask(() => home[1].lose())).toBe(first)
    // At once: a connection that is made in the meantime binds none of them.
    expect([...home[1].addresses].filter((address) => before.has(address))).toEqual([])
    expect([...home[0].addresses].filter((address) => before.has(address))).toEqual([])
    vi.advanceTimersByTime(500)
    expect(bound()).toEqual([2, 2, 0])
    expect(ask()).not.toBe(first)
    it.close()
    home[1].lose()
    expect(bound()).toEqual([0, 0, 0])
    expect(vi.getTimerCount()).toBe(0)
  }
})

test('close unbinds what is spare and what was taken and never claimed, and leaves no timer', () => {
  const { it, bound } = addresses()
  it.take()
  it.close()
  expect(bound()).toEqual([0, 0, 0])
  expect(vi.getTimerCount()).toBe(0)
  const idle = addresses()
  idle.it.close()
  idle.it.take()
  expect(vi.getTimerCount()).toBe(0)
})
