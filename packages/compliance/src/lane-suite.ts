/** What any four lanes must do, whatever carries them: all that `Link` relies on. */
import type { Lane, Lanes } from '@kith/sdk/parts'
import { afterEach, describe, expect, test } from 'vitest'
import type { OpenPath, Path } from './path.ts'

const RELIABLE = ['control', 'urgent', 'bulk'] as const
const NAMES = [...RELIABLE, 'datagrams'] as const

/** A sender's bound on what a lane holds, and how little it must hold to ask for more. */
const HIGH_BYTES = 192 * 1024
const LOW_BYTES = 96 * 1024

/** No two messages of one size alike, no two bytes in a row alike. */
const messageOf = (seed: number, length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + seed) & 0xff)

/** Equal as bytes: `toEqual` looks at each element as an object, for seconds. */
const isSame = (a: Uint8Array | undefined, b: Uint8Array) => a?.length === b.length && a.every((byte, at) => byte === b[at])

const until = (lane: Lane, state: 'open' | 'closed') =>
  new Promise<void>((resolve) => {
    if (lane.readyState === state) resolve()
    else lane.addEventListener(state === 'open' ? 'open' : 'close', () => resolve())
  })

/** What comes by a lane from now on. */
class Inbox {
  readonly received: unknown[] = []
  #wake = () => {}

  constructor(lane: Lane) {
    lane.addEventListener('message', ({ data }) => {
      this.received.push(data)
      this.#wake()
    })
  }

  /** Once so many messages are there: the bytes of all. */
  async first(count: number): Promise<Uint8Array[]> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.received.map((data) => new Uint8Array(data as ArrayBuffer))
  }
}

/** @param open a path whose lanes lose nothing, but for the one for datagrams. */
export function laneSuite(name: string, open: OpenPath): void {
  describe(`lanes: ${name}`, () => {
    let path: Path | undefined
    afterEach(() => path?.dispose())

    async function opened(): Promise<[Lanes, Lanes]> {
      path = await open()
      const [here, there] = path.ends
      await Promise.all([here, there].flatMap((lanes) => NAMES.map((each) => until(lanes[each], 'open'))))
      return [here, there]
    }

    test.each(RELIABLE)('%s: messages arrive whole, once, in order, both ways, as ArrayBuffers', async (lane) => {
      const [here, there] = await opened()
      const [atHere, atThere] = [new Inbox(here[lane]), new Inbox(there[lane])]
      const sent = Array.from({ length: 500 }, (_, i) => messageOf(i, 1 + ((i * i) % 997)))
      for (const message of sent) {
        here[lane].send(message)
        there[lane].send(message)
      }
      for (const inbox of [atThere, atHere]) {
        const received = await inbox.first(sent.length)
        expect(received.length).toBe(sent.length)
        expect(sent.findIndex((message, i) => !isSame(received[i], message))).toBe(-1)
      }
      expect(atThere.received.every((data) => data instanceof ArrayBuffer)).toBe(true)
    })

    test('each lane is its own', async () => {
      const [here, there] = await opened()
      const inboxes = NAMES.map((each) => new Inbox(there[each]))
      for (const [i, each] of NAMES.entries()) here[each].send(Uint8Array.of(i))
      expect(await Promise.all(inboxes.map((inbox) => inbox.first(1)))).toEqual(NAMES.map((_, i) => [Uint8Array.of(i)]))
    })

    test('a message may be of any size up to the largest', async () => {
      const [here, there] = await opened()
      const largest = path?.maxMessageBytes ?? 0
      expect(largest).toBeGreaterThanOrEqual(16 * 1024)
      const inbox = new Inbox(there.bulk)
      const sent = [1, 1199, 1200, 16 * 1024, largest - 1, largest].map((length, i) => messageOf(i, length))
      for (const message of sent) here.bulk.send(message)
      const received = await inbox.first(sent.length)
      expect(received.map(({ length }) => length)).toEqual(sent.map(({ length }) => length))
      expect(sent.findIndex((message, i) => !isSame(received[i], message))).toBe(-1)
    })

    test('a message is copied when it is sent, and no listener is called from within', async () => {
      const [here, there] = await opened()
      const inbox = new Inbox(there.control)
      const message = messageOf(3, 100)
      here.control.send(message)
      expect(inbox.received).toEqual([])
      message.fill(0)
      expect(await inbox.first(1)).toEqual([messageOf(3, 100)])
    })

    test('what is under way counts as buffered, and its end is told once', async () => {
      const [here, there] = await opened()
      const [lane, inbox] = [here.bulk, new Inbox(there.bulk)]
      lane.bufferedAmountLowThreshold = LOW_BYTES
      expect(lane.bufferedAmount).toBe(0)
      const amounts: number[] = []
      const low = new Promise<void>((resolve) =>
        lane.addEventListener('bufferedamountlow', () => {
          amounts.push(lane.bufferedAmount)
          resolve()
        }),
      )
      const message = messageOf(1, 16 * 1024)
      let count = 0
      // All in one turn: nothing can leave meanwhile that would make the amount fall, and rise again.
      for (; lane.bufferedAmount <= HIGH_BYTES && count < 4096; count++) lane.send(message)
      expect(lane.bufferedAmount).toBeGreaterThan(HIGH_BYTES)
      expect(lane.bufferedAmount).toBeLessThanOrEqual(count * message.length)
      await low
      await inbox.first(count)
      expect(amounts.length).toBe(1)
      expect(amounts[0]).toBeLessThanOrEqual(LOW_BYTES)
      // What has come may be counted a moment longer, but not for ever.
      await expect.poll(() => lane.bufferedAmount, { interval: 1, timeout: 30_000 }).toBe(0)
      expect(amounts.length).toBe(1)
    })

    test('8 MiB by a sender that waits for its lane', async () => {
      const [here, there] = await opened()
      const [lane, inbox] = [here.bulk, new Inbox(there.bulk)]
      lane.bufferedAmountLowThreshold = LOW_BYTES
      const [message, count] = [messageOf(5, 16 * 1024), 512]
      let sent = 0
      const fill = () => {
        for (; sent < count && lane.bufferedAmount < HIGH_BYTES; sent++) lane.send(message)
      }
      lane.addEventListener('bufferedamountlow', fill)
      fill()
      const received = await inbox.first(count)
      expect(sent).toBe(count)
      expect(received.every((each) => isSame(each, message))).toBe(true)
    })

    test('close ends both ends once, after what was sent before; the other lanes go on', async () => {
      const [here, there] = await opened()
      const told: string[] = []
      there.urgent.addEventListener('message', ({ data }) => told.push(`message of ${(data as ArrayBuffer).byteLength}`))
      there.urgent.addEventListener('close', () => told.push('close there'))
      here.urgent.addEventListener('close', () => told.push('close here'))
      for (let i = 1; i <= 3; i++) here.urgent.send(messageOf(i, i))
      here.urgent.close()
      expect(here.urgent.readyState).not.toBe('open')
      here.urgent.close()
      await Promise.all([until(here.urgent, 'closed'), until(there.urgent, 'closed')])
      there.urgent.close()
      const inbox = new Inbox(there.control)
      here.control.send(Uint8Array.of(1))
      await inbox.first(1)
      expect(told.filter((what) => what !== 'close here')).toEqual([
        'message of 1',
        'message of 2',
        'message of 3',
        'close there',
      ])
      await expect.poll(() => told.filter((what) => what === 'close here').length, { interval: 1, timeout: 30_000 }).toBe(1)
    })

    test('a lane that was closed hears nothing and takes nothing', async () => {
      const [here, there] = await opened()
      const inbox = new Inbox(here.urgent)
      here.urgent.close()
      there.urgent.send(Uint8Array.of(1)) // it has not heard yet
      await Promise.all([until(here.urgent, 'closed'), until(there.urgent, 'closed')])
      for (const lane of [here.urgent, there.urgent]) {
        expect(() => lane.send(Uint8Array.of(1))).toThrow(expect.objectContaining({ name: 'InvalidStateError' }))
      }
      expect(inbox.received).toEqual([])
    })

    test('datagrams arrive whole or not at all, at most once, in any order', async () => {
      const [here, there] = await opened()
      const inbox = new Inbox(there.datagrams)
      const sent = Array.from({ length: 200 }, (_, i) => messageOf(i, 1100))
      for (const datagram of sent) here.datagrams.send(datagram)
      await inbox.first(1)
      here.control.send(Uint8Array.of(1))
      await new Inbox(there.control).first(1)
      const seeds = (await inbox.first(1)).map((datagram) => {
        const [seed = Number.NaN] = datagram
        expect(isSame(datagram, messageOf(seed, 1100))).toBe(true)
        return seed
      })
      expect(new Set(seeds).size).toBe(seeds.length)
    })
  })
}
