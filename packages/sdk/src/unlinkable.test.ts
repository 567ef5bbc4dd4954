// What relays can put together, over several days, from all that a peer asks them to bind and send: every relay writes everything down,
// and all of them compare notes.
import { type Bytes, decodeClientFrame, encodeRelayFrame, hex, identityFromSeed } from '@kith/protocol'
import wrtc from '@roamhq/wrtc'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openPeer } from './peer.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const HOUR_MS = 3_600_000

/** A relay's end of one WebSocket: it takes every bind. */
class Socket {
  static readonly all: Socket[] = []
  readonly url: string
  binaryType = ''
  isOpen = true
  /** What was asked for, by the day on which it was. */
  readonly bound = new Map<number, Set<string>>()
  readonly envelopes: string[] = []
  answered = 0
  readonly #listeners = new Map<string, (event: never) => void>()
  constructor(url: string) {
    this.url = url
    Socket.all.push(this)
    setTimeout(() => {
      this.#listeners.get('open')?.({} as never)
      this.#say(encodeRelayFrame({ type: 'challenge', nonce: new Uint8Array(32), limits: {} }))
    })
  }
  send(data: Bytes) {
    const frame = decodeClientFrame(data)
    if (frame.type === 'send') this.envelopes.push(hex(frame.envelope.subarray(0, 32)))
    if (frame.type !== 'bind') return
    const day = Math.floor(Date.now() / (24 * HOUR_MS))
    const today = this.bound.get(day) ?? new Set()
    this.bound.set(day, today)
    for (const { address } of frame.binds) today.add(hex(address))
    setTimeout(() => {
      this.#say(encodeRelayFrame({ type: 'bound', count: frame.binds.length }))
      this.answered += 1
    })
  }
  close() {
    this.isOpen = false
  }
  addEventListener(type: string, listener: (event: never) => void) {
    this.#listeners.set(type, listener)
  }
  lose() {
    this.close()
    this.#listeners.get('close')?.({} as never)
  }
  #say(frame: Bytes) {
    if (this.isOpen) this.#listeners.get('message')?.({ data: frame.slice().buffer } as never)
  }
}

beforeEach(() => {
  Socket.all.length = 0
  vi.useFakeTimers({ now: NOON })
})
afterEach(() => void vi.useRealTimers())

const live = () => Socket.all.filter(({ isOpen }) => isOpen)
const BO = identityFromSeed(new Uint8Array(32).fill(2)).id
const [ONE, TWO, THEIRS] = ['one', 'two', 'theirs'].map((name) => `wss://${name}.example/relay`) as [string, string, string]

test.each([
  ['off', false],
  ['on', true],
] as const)(
  'over three days, reconnects and dials, with presence %s, only a contact’s address of one day at one relay is seen twice',
  async (_, presence) => {
    const peer = await openPeer({
      storage: 'memory',
      relays: [ONE, TWO],
      page: 'https://kith.example/',
      iceServers: [],
      local: false,
      presence,
      wrtc,
      webSocket: Socket as unknown as typeof globalThis.WebSocket,
    })
    await peer.contacts.add({ id: BO, name: 'Bo', relays: [THEIRS] })
    const ready = () =>
      vi.waitFor(() => expect(peer.status.relays.every(({ state }) => state === 'ready')).toBe(true), { timeout: 20_000 })
    const dial = async () => {
      const envelopes = () => Socket.all.reduce((sum, socket) => sum + socket.envelopes.length, 0)
      const before = envelopes()
      const knocked = peer.connect(BO, { timeoutMs: 2_000 })
      const failed = expect(knocked).rejects.toMatchObject({ code: 'no-answer' })
      // Signing takes real time: the clock must not overtake it.
      await vi.waitFor(() => expect(envelopes()).toBeGreaterThan(before), { timeout: 20_000, interval: 1 })
      await Promise.all([failed, vi.advanceTimersByTimeAsync(3_000)])
    }
    for (let day = 0; day < 3; day++) {
      await ready()
      await dial()
      for (const socket of live()) socket.lose()
      await ready()
      await dial()
      // A device that sleeps, once with its sockets, once without.
      vi.setSystemTime(NOON + (day + 1) * 24 * HOUR_MS)
      if (day === 1) for (const socket of live()) socket.lose()
      await vi.advanceTimersByTimeAsync(60_000)
    }
    await ready()
    await dial()
    await Promise.all([peer.close(), vi.advanceTimersByTimeAsync(20_000)])

    const asked = Socket.all.flatMap((socket) => [...socket.bound].map(([day, addresses]) => ({ socket, day, addresses })))
    expect(new Set(asked.map(({ day }) => day)).size).toBe(4)
    for (const [i, a] of asked.entries()) {
      for (const b of asked.slice(i + 1)) {
        const same = [...a.addresses].filter((address) => b.addresses.has(address))
        const mayBeContacts = a.day === b.day && a.socket.url === b.socket.url && a.socket.url !== THEIRS
        const where = `${a.socket.url} day ${a.day}, ${b.socket.url} day ${b.day}`
        expect(same.length, where).toBeLessThanOrEqual(mayBeContacts ? 1 : 0)
      }
    }
    // A knock is sealed for each relay, and what says goodbye is another at each.
    const heads = new Map<string, string>()
    for (const { url, envelopes } of Socket.all) {
      for (const head of envelopes) expect(heads.get(head) ?? url).toBe(url)
      for (const head of envelopes) heads.set(head, url)
    }
    expect(new Set(heads.values())).toEqual(new Set([ONE, TWO, THEIRS]))
  },
  60_000,
)
