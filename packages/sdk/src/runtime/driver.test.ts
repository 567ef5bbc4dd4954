import type { Machine } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Driver } from './driver.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Says each input back; wants to be woken when it is told to. */
class Echo implements Machine<string, string> {
  readonly #out: string[] = []
  wakeAt: number | undefined
  handle(input: string, now: number): void {
    if (input === 'tick') this.wakeAt = undefined
    if (input.startsWith('wake ')) this.wakeAt = now + Number(input.slice(5))
    this.#out.push(input)
  }
  poll(): string | undefined {
    return this.#out.shift()
  }
  deadline(): number | undefined {
    return this.wakeAt
  }
}

test('acting on an output may give the next input, which waits its turn', () => {
  const acted: string[] = []
  const driver: Driver<string, string> = new Driver<string, string>(new Echo(), 'tick', (output) => {
    acted.push(`begin ${output}`)
    if (output === 'a') driver.give('b')
    acted.push(`end ${output}`)
  })
  driver.give('a')
  expect(acted).toEqual(['begin a', 'end a', 'begin b', 'end b'])
})

test('it wakes the machine at its deadline, once, and not after it was stopped', () => {
  const acted: string[] = []
  const driver = new Driver<string, string>(new Echo(), 'tick', (output) => acted.push(output))
  driver.give('wake 100')
  vi.advanceTimersByTime(99)
  expect(acted).toEqual(['wake 100'])
  vi.advanceTimersByTime(2)
  expect(acted).toEqual(['wake 100', 'tick'])
  driver.give('wake 100')
  driver.stop()
  vi.advanceTimersByTime(1000)
  driver.give('more')
  expect(acted).toEqual(['wake 100', 'tick', 'wake 100'])
})

test('a deadline that comes nearer is kept; one that goes further away costs a tick too early, one that is gone none', () => {
  const [acted, machine] = [[] as string[], new Echo()]
  const driver = new Driver<string, string>(machine, 'tick', (output) => acted.push(output))
  driver.give('wake 100')
  driver.give('wake 50')
  vi.advanceTimersByTime(51)
  expect(acted.splice(0)).toEqual(['wake 100', 'wake 50', 'tick'])
  driver.give('wake 50')
  driver.give('wake 100')
  expect(vi.getTimerCount()).toBe(1)
  machine.wakeAt = undefined
  driver.give('nothing')
  expect(vi.getTimerCount()).toBe(0)
  driver.give('wake 20')
  vi.advanceTimersByTime(21)
  expect(acted).toEqual(['wake 50', 'wake 100', 'nothing', 'wake 20', 'tick'])
})

test('an action that throws does not silence the machine', () => {
  const acted: string[] = []
  const driver = new Driver<string, string>(new Echo(), 'tick', (output) => {
    if (output === 'bad') throw new Error('bad')
    acted.push(output)
  })
  expect(() => driver.give('bad')).toThrow('bad')
  driver.give('good')
  expect(acted).toEqual(['good'])
})

test('a deadline further away than a timer can be set is waited for, not run through', () => {
  const acted: string[] = []
  const driver = new Driver<string, string>(new Echo(), 'tick', (output) => acted.push(output))
  driver.give(`wake ${2 ** 40}`)
  vi.advanceTimersByTime(60_000)
  expect(acted).toEqual([`wake ${2 ** 40}`])
  driver.stop()
})
