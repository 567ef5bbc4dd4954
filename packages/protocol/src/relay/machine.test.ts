import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { concat, hex } from '../bytes/bytes.ts'
import { ENVELOPE_BYTES, RELAY_FRAME_BURST, RELAY_FRAMES_PER_SECOND } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { type ClientFrame, decodeRelayFrame, encodeClientFrame, type RelayFrame } from './frames.ts'
import { RELAY_LIMITS, type RelayLimits } from './limits.ts'
import { RelayMachine } from './machine.ts'
import type { RelayOutput } from './machine-io.ts'

const ORIGIN = 'wss://relay.example'

/** In these tests a signature holds if it begins with the nonce that it is for and goes on with the address. */
const signed = (address: Uint8Array, nonce: Uint8Array) => concat(nonce, address)

const addressOf = (n: number): Bytes => {
  const address = new Uint8Array(32)
  new DataView(address.buffer).setUint32(0, n)
  return address
}
const envelopeOf = (n: number): Bytes => new Uint8Array(ENVELOPE_BYTES).fill(n)

/** The machine under virtual time; what each socket was sent, and why it was closed. */
class Bench {
  now = 1_000_000
  readonly machine: RelayMachine
  readonly inboxes = new Map<number, RelayFrame[]>()
  readonly closed = new Map<number, string>()
  readonly nonces = new Map<number, Uint8Array>()
  /** When false, checks stay in `checks` until the test answers them. */
  verifyAtOnce = true
  readonly checks: Extract<RelayOutput, { type: 'verify' }>[] = []

  constructor(limits: Partial<RelayLimits> = {}, seed = 1) {
    this.machine = new RelayMachine({ limits: { ...RELAY_LIMITS, ...limits }, random: seededRandom(seed) })
  }

  open(socket: number, prefix = '192.0.2.1', site = prefix): void {
    this.inboxes.set(socket, [])
    this.machine.handle({ type: 'opened', socket, prefix, site, origins: [ORIGIN] }, this.now)
    this.drain()
  }

  frame(socket: number, frame: ClientFrame): void {
    this.raw(socket, encodeClientFrame(frame))
  }

  raw(socket: number, frame: Uint8Array): void {
    this.machine.handle({ type: 'received', socket, frame }, this.now)
    this.drain()
  }

  bind(socket: number, ...addresses: Uint8Array[]): void {
    const nonce = this.nonces.get(socket) ?? new Uint8Array(32)
    this.frame(socket, {
      type: 'bind',
      binds: addresses.map((address) => ({ form: 0, address, signature: signed(address, nonce) })),
    })
  }

  send(socket: number, address: Uint8Array, n = 1): void {
    this.frame(socket, { type: 'send', address, envelope: envelopeOf(n) })
  }

  close(socket: number): void {
    this.machine.handle({ type: 'closed', socket }, this.now)
    this.drain()
  }

  answerChecks(): void {
    for (const { id, nonce, binds } of this.checks.splice(0)) {
      const ok = binds.every(({ address, signature }) => hex(signature) === hex(signed(address, nonce)))
      this.machine.handle({ type: 'verified', id, ok }, this.now)
    }
    this.drain()
  }

  /** Lets time pass as a driver would: never past a deadline without a tick. */
  advance(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const deadline = this.machine.deadline()
      if (deadline === undefined || deadline > until) break
      this.now = Math.max(this.now, deadline)
      this.machine.handle({ type: 'tick' }, this.now)
      this.drain()
    }
    this.now = until
  }

  drain(): void {
    for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) {
      switch (output.type) {
        case 'send': {
          const frame = decodeRelayFrame(output.frame)
          if (frame.type === 'challenge') this.nonces.set(output.socket, frame.nonce)
          else this.inboxes.get(output.socket)?.push(frame)
          break
        }
        case 'close':
          this.closed.set(output.socket, output.reason)
          break
        case 'verify':
          this.checks.push(output)
          break
        case 'forget': {
          const kept = this.checks.filter(({ socket }) => socket !== output.socket)
          this.checks.splice(0, Number.POSITIVE_INFINITY, ...kept)
          break
        }
      }
    }
    if (this.verifyAtOnce && this.checks.length > 0) this.answerChecks()
  }

  /** What came since last asked. */
  inbox(socket: number): RelayFrame[] {
    return this.inboxes.get(socket)?.splice(0) ?? []
  }

  delivered(socket: number): number[] {
    return this.inbox(socket).flatMap((frame) => (frame.type === 'deliver' ? [frame.envelope[0] as number] : []))
  }
}

const notice = (code: string, details: object = {}) => ({ type: 'notice', notice: { code, ...details } })
const bound = (count: number) => ({ type: 'bound', count })

test('an envelope reaches every other binder of its address, byte for byte, and its sender hears nothing', () => {
  const bench = new Bench()
  for (const socket of [1, 2, 3]) bench.open(socket)
  bench.bind(1, addressOf(1))
  bench.bind(2, addressOf(7))
  bench.bind(3, addressOf(7), addressOf(8))
  for (const socket of [1, 2, 3]) bench.inbox(socket)
  bench.send(1, addressOf(7), 42)
  const deliver = { type: 'deliver', address: addressOf(7), envelope: envelopeOf(42) }
  expect(bench.inbox(2)).toEqual([deliver])
  expect(bench.inbox(3)).toEqual([deliver])
  expect(bench.inbox(1)).toEqual([])
})

test('bound, unbound, own and dropped look alike to the sender', () => {
  const bench = new Bench({ receiveBurst: 1, receivePerSecond: 0 })
  bench.open(1)
  bench.open(2)
  bench.bind(1, addressOf(1))
  bench.bind(2, addressOf(2))
  bench.inbox(1)
  bench.inbox(2)
  bench.send(1, addressOf(2), 1) // delivered
  bench.send(1, addressOf(2), 2) // beyond what the address may receive
  bench.send(1, addressOf(3), 3) // bound by nobody
  bench.send(1, addressOf(1), 4) // bound by the sender alone
  expect(bench.inbox(1)).toEqual([])
  expect(bench.delivered(2)).toEqual([1])
})

test('what was sent before an address was bound is not kept for it', () => {
  const bench = new Bench()
  bench.open(1)
  bench.open(2)
  bench.send(1, addressOf(2))
  bench.bind(2, addressOf(2))
  expect(bench.inbox(2)).toEqual([bound(1)])
})

test('an address that was unbound, or whose socket closed, receives nothing', () => {
  const bench = new Bench()
  for (const socket of [1, 2, 3]) bench.open(socket)
  bench.bind(2, addressOf(2), addressOf(3))
  bench.bind(3, addressOf(3))
  bench.frame(2, { type: 'unbind', addresses: [addressOf(2), addressOf(99)] })
  bench.inbox(2)
  bench.send(1, addressOf(2))
  bench.send(1, addressOf(3), 5)
  expect(bench.delivered(2)).toEqual([5])
  bench.close(2)
  bench.close(3)
  bench.send(1, addressOf(3))
  expect(bench.inbox(2)).toEqual([])
  expect(bench.machine.addresses).toBe(0)
})

test('a bind with one bad signature registers none', () => {
  const bench = new Bench()
  bench.open(1)
  bench.open(2)
  const nonce = bench.nonces.get(1)!
  const binds = [1, 2].map((n) => ({ form: 0 as const, address: addressOf(n), signature: signed(addressOf(1), nonce) }))
  bench.frame(1, { type: 'bind', binds })
  expect(bench.inbox(1)).toEqual([notice('bind-refused')])
  bench.send(2, addressOf(1))
  expect(bench.inbox(1)).toEqual([])
})

test('each socket has a nonce of its own, so a replayed bind is refused', () => {
  const bench = new Bench()
  bench.open(1)
  bench.open(2)
  const stolen = bench.nonces.get(1)!
  expect(hex(stolen)).not.toBe(hex(bench.nonces.get(2)!))
  bench.frame(2, { type: 'bind', binds: [{ form: 0, address: addressOf(1), signature: signed(addressOf(1), stolen) }] })
  expect(bench.inbox(2)).toEqual([notice('bind-refused')])
})

test('the origins and the nonce to verify against are those of the socket', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  bench.bind(1, addressOf(1))
  expect(bench.checks).toEqual([expect.objectContaining({ origins: [ORIGIN], nonce: bench.nonces.get(1) })])
})

test('binds by a delegate are refused', () => {
  const bench = new Bench()
  bench.open(1)
  const [address, delegate, signature, certificate] = [addressOf(1), addressOf(2), new Uint8Array(64), new Uint8Array(64)]
  bench.frame(1, { type: 'bind', binds: [{ form: 1, address, signature, delegate, notAfter: 0, certificate }] })
  expect(bench.inbox(1)).toEqual([notice('bind-refused')])
})

test('an unbind that overtakes the check of its bind still takes the address away', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  bench.open(2)
  bench.bind(1, addressOf(1), addressOf(2))
  bench.frame(1, { type: 'unbind', addresses: [addressOf(1)] })
  bench.answerChecks()
  expect(bench.inbox(1)).toEqual([bound(2)])
  bench.send(2, addressOf(1), 1)
  bench.send(2, addressOf(2), 2)
  expect(bench.delivered(1)).toEqual([2])
})

test('binds are answered in their order: a refusal that costs no check does not overtake one that waits for it', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  bench.bind(1, addressOf(1))
  const [address, delegate, signature, certificate] = [addressOf(1), addressOf(2), new Uint8Array(64), new Uint8Array(64)]
  bench.frame(1, { type: 'bind', binds: [{ form: 1, address, signature, delegate, notAfter: 0, certificate }] })
  bench.bind(1, addressOf(2), addressOf(3))
  expect(bench.inbox(1)).toEqual([])
  bench.answerChecks()
  expect(bench.inbox(1)).toEqual([bound(1), notice('bind-refused'), bound(2)])
})

test('a socket that closes while its bind is checked leaves nothing behind', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  bench.bind(1, addressOf(1))
  bench.close(1)
  bench.answerChecks()
  expect([bench.machine.addresses, bench.machine.sockets]).toEqual([0, 0])
})

test('binding the same address again counts once', () => {
  const bench = new Bench({ bindsPerSocket: 2 })
  bench.open(1)
  bench.bind(1, addressOf(1), addressOf(1))
  bench.bind(1, addressOf(1), addressOf(2))
  expect(bench.inbox(1)).toEqual([bound(2), bound(2)])
  expect(bench.machine.addresses).toBe(2)
})

// ── limits, at N and at N + 1 ────────────────────────────────────────────────────────────────

test('bindsPerSocket, counting what is still being checked', () => {
  const bench = new Bench({ bindsPerSocket: 3 })
  bench.verifyAtOnce = false
  bench.open(1)
  bench.bind(1, addressOf(1), addressOf(2))
  bench.bind(1, addressOf(3))
  bench.bind(1, addressOf(4))
  bench.answerChecks()
  expect(bench.inbox(1)).toEqual([bound(2), bound(1), notice('too-many', { limit: 3, of: 'bind' })])
})

test('bindersPerAddress, also when the last place went during the check', () => {
  const bench = new Bench({ bindersPerAddress: 2 })
  for (const socket of [1, 2, 3, 4]) bench.open(socket)
  bench.bind(1, addressOf(1))
  bench.verifyAtOnce = false
  bench.bind(2, addressOf(1))
  bench.bind(3, addressOf(9), addressOf(1))
  bench.verifyAtOnce = true
  bench.answerChecks()
  expect(bench.inbox(2)).toEqual([bound(1)])
  expect(bench.inbox(3)).toEqual([notice('too-many', { limit: 2, of: 'bind' })])
  bench.bind(4, addressOf(1))
  expect(bench.inbox(4)).toEqual([notice('too-many', { limit: 2, of: 'bind' })])
  expect(bench.machine.addresses).toBe(1)
})

test('bindBurst and bindPerSecond', () => {
  const bench = new Bench({ bindBurst: 4, bindPerSecond: 2 })
  bench.open(1)
  bench.bind(1, addressOf(1), addressOf(2), addressOf(3), addressOf(4))
  bench.bind(1, addressOf(5), addressOf(6))
  expect(bench.inbox(1)).toEqual([bound(4), notice('rate-limited', { retryAfterMs: 1000, of: 'bind' })])
  bench.advance(999)
  bench.bind(1, addressOf(5), addressOf(6))
  expect(bench.inbox(1)).toEqual([notice('rate-limited', { retryAfterMs: 1, of: 'bind' })])
  bench.advance(1)
  bench.bind(1, addressOf(5), addressOf(6))
  expect(bench.inbox(1)).toEqual([bound(2)])
})

test('bindsPerPrefix and binds count what sockets of one network, and all of them, have bound', () => {
  for (const limits of [{ bindsPerPrefix: 3, bindsAlways: 0 }, { binds: 3 }]) {
    const bench = new Bench(limits)
    bench.open(1)
    bench.open(2)
    bench.bind(1, addressOf(1), addressOf(2))
    bench.bind(2, addressOf(1))
    bench.bind(2, addressOf(3))
    const told = () => bench.inboxes.get(2)?.at(-1)
    expect(told()).toMatchObject({ type: 'notice', notice: { code: 'rate-limited', of: 'bind', retryAfterMs: 30_000 } })
    // A place that is given back is another's, also when its socket goes.
    bench.frame(2, { type: 'unbind', addresses: [addressOf(1)] })
    bench.bind(2, addressOf(3))
    expect(told()).toEqual({ type: 'bound', count: 1 })
    bench.close(1)
    bench.bind(2, addressOf(4), addressOf(5))
    expect(told()).toEqual({ type: 'bound', count: 2 })
    bench.bind(2, addressOf(6))
    expect(told()).toMatchObject({ type: 'notice' })
    expect(bench.machine.counters.refusedBindsInAll).toBe(2)
  }
  const bench = new Bench({ bindsPerPrefix: 1, bindsAlways: 0 })
  bench.open(1)
  bench.open(2, '198.51.100.1')
  bench.bind(1, addressOf(1))
  bench.bind(2, addressOf(1))
  expect(bench.inboxes.get(2)?.at(-1)).toEqual({ type: 'bound', count: 1 })
})

test('bindsWaiting: BINDs beyond it are refused, in their order', () => {
  const bench = new Bench({ bindsWaiting: 2 })
  bench.verifyAtOnce = false
  bench.open(1)
  for (const n of [1, 2, 3]) bench.bind(1, addressOf(n))
  expect(bench.checks).toHaveLength(2)
  bench.answerChecks()
  expect(bench.inboxes.get(1)).toMatchObject([
    { type: 'bound' },
    { type: 'bound' },
    { type: 'notice', notice: { code: 'rate-limited', of: 'bind' } },
  ])
  bench.bind(1, addressOf(3))
  expect(bench.checks).toHaveLength(1)
})

/** A BIND whose signature does not hold. */
const forged = (n: number): ClientFrame => ({
  type: 'bind',
  binds: [{ form: 0, address: addressOf(n), signature: new Uint8Array(64) }],
})

test('the first signature that does not hold is the last: the socket is closed, and its other checks are forgotten', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  bench.open(2)
  bench.bind(2, addressOf(9))
  for (let n = 0; n < 5; n++) bench.frame(1, forged(n))
  const first = bench.checks.find(({ nonce }) => hex(nonce) === hex(bench.nonces.get(1)!))
  if (!first) throw new Error('no check')
  bench.machine.handle({ type: 'verified', id: first.id, ok: false }, bench.now)
  bench.drain()
  expect(bench.inbox(1)).toEqual([notice('bind-refused')])
  expect(bench.closed.get(1)).toBe('bind-refused')
  expect(bench.checks.map(({ nonce }) => hex(nonce))).toEqual([hex(bench.nonces.get(2)!)])
  bench.answerChecks()
  expect(bench.inbox(2)).toEqual([bound(1)])
})

test('its network pays as much as for 64 sockets, be it in debt, and others do not', () => {
  const bench = new Bench({ acceptsPerPrefix: 10, acceptBurst: 10 })
  for (const socket of [1, 2]) bench.open(socket, '198.51.100.1')
  bench.frame(1, forged(1))
  bench.frame(2, forged(2))
  // 10 - 2 - 2 × 64 are left.
  bench.open(3, '198.51.100.1')
  expect(bench.inbox(3)).toEqual([notice('rate-limited', { retryAfterMs: 12_100 })])
  bench.open(4, '203.0.113.1')
  expect(bench.closed.has(4)).toBe(false)
  bench.advance(12_100)
  bench.open(5, '198.51.100.1')
  expect(bench.closed.has(5)).toBe(false)
})

test('what a network owes is made up for within six seconds, however many of its signatures did not hold', () => {
  const bench = new Bench()
  const { socketsPerPrefix } = RELAY_LIMITS
  for (let n = 0; n < socketsPerPrefix; n++) bench.open(n)
  for (let n = 0; n < socketsPerPrefix; n++) bench.frame(n, forged(n))
  expect(bench.machine.sockets).toBe(0)
  bench.open(socketsPerPrefix)
  // One place, and 256 that are owed, of 50 a second.
  expect(bench.inbox(socketsPerPrefix)).toEqual([notice('rate-limited', { retryAfterMs: 5_140 })])
  bench.advance(5_140)
  bench.open(socketsPerPrefix + 1)
  expect(bench.closed.has(socketsPerPrefix + 1)).toBe(false)
})

test('a socket that goes takes its checks with it', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  for (let n = 0; n < 8; n++) bench.bind(1, addressOf(n))
  expect(bench.checks).toHaveLength(8)
  bench.close(1)
  expect(bench.checks).toEqual([])
})

test('bindsWaiting: of twice as many unanswered the next is the last', () => {
  const bench = new Bench({ bindsWaiting: 2 })
  bench.verifyAtOnce = false
  bench.open(1)
  for (const n of [1, 2, 3, 4]) bench.bind(1, addressOf(n))
  expect(bench.closed.size).toBe(0)
  bench.bind(1, addressOf(5))
  expect(bench.inbox(1)).toEqual([notice('rate-limited', { retryAfterMs: 250 })])
  expect(bench.closed.get(1)).toBe('rate-limited')
  expect([bench.checks, bench.machine.counters.closedBindsWaiting]).toEqual([[], 1])
})

test('bindsPerPrefix counts what is still being checked, until it is checked or its socket goes', () => {
  for (const limits of [{ bindsPerPrefix: 2, bindsAlways: 0 }, { binds: 2 }]) {
    const bench = new Bench(limits)
    bench.verifyAtOnce = false
    for (const socket of [1, 2, 3]) bench.open(socket)
    bench.bind(1, addressOf(1), addressOf(2))
    bench.bind(2, addressOf(3))
    expect(bench.inbox(2)).toMatchObject([{ type: 'notice', notice: { code: 'rate-limited', of: 'bind' } }])
    bench.close(1)
    bench.bind(3, addressOf(3))
    bench.bind(2, addressOf(4))
    bench.answerChecks()
    expect([bench.inbox(3), bench.inbox(2)]).toEqual([[bound(1)], [bound(1)]])
    expect(bench.machine.counters.refusedBindsInAll).toBe(1)
  }
})

test('bindsAlways: what neighbours have bound leaves each socket so many', () => {
  const bench = new Bench({ bindsPerPrefix: 3, bindsAlways: 2 })
  for (const socket of [1, 2]) bench.open(socket)
  bench.bind(1, addressOf(1), addressOf(2), addressOf(3))
  bench.bind(2, addressOf(4))
  bench.bind(2, addressOf(5))
  bench.bind(2, addressOf(6))
  expect(bench.inbox(2)).toMatchObject([{ type: 'bound' }, { type: 'bound' }, { type: 'notice', notice: { of: 'bind' } }])
})

test('sendBurst and sendPerSecond; one notice for a flood', () => {
  const bench = new Bench({ sendBurst: 3, sendPerSecond: 2 })
  bench.open(1)
  bench.open(2)
  bench.bind(2, addressOf(2))
  bench.inbox(2)
  for (let n = 1; n <= 6; n++) bench.send(1, addressOf(2), n)
  expect(bench.delivered(2)).toEqual([1, 2, 3])
  expect(bench.inbox(1)).toEqual([notice('rate-limited', { retryAfterMs: 500, of: 'send' })])
  bench.advance(499)
  bench.send(1, addressOf(2), 7)
  bench.advance(1)
  bench.send(1, addressOf(2), 8)
  expect(bench.delivered(2)).toEqual([8])
  expect(bench.inbox(1)).toEqual([])
  expect(bench.machine.counters).toMatchObject({ droppedSendRate: 4, sent: 4, delivered: 4 })
})

test('receiveBurst and receivePerSecond of an address leave its other addresses alone', () => {
  const bench = new Bench({ receiveBurst: 2, receivePerSecond: 10 })
  for (const socket of [1, 2, 3]) bench.open(socket)
  bench.bind(3, addressOf(3), addressOf(4))
  bench.inbox(3)
  bench.send(1, addressOf(3), 1)
  bench.send(2, addressOf(3), 2)
  bench.send(1, addressOf(3), 3)
  bench.send(1, addressOf(4), 4)
  expect(bench.delivered(3)).toEqual([1, 2, 4])
  bench.advance(100)
  bench.send(1, addressOf(3), 5)
  bench.send(1, addressOf(3), 6)
  expect(bench.delivered(3)).toEqual([5])
})

test('deliverBurst and deliverPerSecond of a socket, however many addresses it has', () => {
  const bench = new Bench({ deliverBurst: 2, deliverPerSecond: 10, receiveBurst: 1, receivePerSecond: 10 })
  for (const socket of [1, 2, 3]) bench.open(socket)
  bench.bind(3, addressOf(3), addressOf(4), addressOf(5))
  bench.bind(2, addressOf(5))
  for (const socket of [2, 3]) bench.inbox(socket)
  bench.send(1, addressOf(3), 1)
  bench.send(1, addressOf(4), 2)
  bench.send(1, addressOf(5), 3)
  // Another socket that has the same address still gets it.
  expect([bench.delivered(3), bench.delivered(2)]).toEqual([[1, 2], [3]])
  bench.advance(100)
  bench.send(1, addressOf(3), 4)
  bench.send(1, addressOf(4), 5)
  expect(bench.delivered(3)).toEqual([4])
  expect(bench.machine.counters).toMatchObject({ sent: 5, delivered: 4, droppedDeliverRate: 2 })
})

test('an operator who lets an address receive more lets its socket', () => {
  const bench = new Bench({ deliverBurst: 2, deliverPerSecond: 10, receiveBurst: 3, receivePerSecond: 20 })
  for (const socket of [1, 2]) bench.open(socket)
  bench.bind(2, addressOf(2))
  bench.inbox(2)
  for (let n = 1; n <= 4; n++) bench.send(1, addressOf(2), n)
  bench.advance(100)
  for (let n = 5; n <= 7; n++) bench.send(1, addressOf(2), n)
  expect(bench.delivered(2)).toEqual([1, 2, 3, 5, 6])
})

test('a client of ours takes twice what a relay of ours delivers', () => {
  expect(2 * RELAY_LIMITS.deliverPerSecond).toBeLessThanOrEqual(RELAY_FRAMES_PER_SECOND)
  expect(2 * RELAY_LIMITS.deliverBurst).toBeLessThanOrEqual(RELAY_FRAME_BURST)
})

test('controlBurst: who floods with what costs nothing has to go', () => {
  const bench = new Bench({ controlBurst: 3 })
  bench.open(1)
  for (let n = 0; n < 3; n++) bench.frame(1, { type: 'pong', echo: new Uint8Array(8) })
  expect(bench.closed.size).toBe(0)
  bench.frame(1, { type: 'ice' })
  expect(bench.closed.get(1)).toBe('rate-limited')
})

test('sockets in all', () => {
  const bench = new Bench({ sockets: 2 })
  for (const socket of [1, 2, 3]) bench.open(socket, `192.0.2.${socket}`)
  expect(bench.inbox(3)).toEqual([notice('full')])
  expect([...bench.closed]).toEqual([[3, 'full']])
  bench.close(1)
  bench.open(4)
  expect(bench.closed.has(4)).toBe(false)
})

test('socketsPerPrefix leaves other networks alone', () => {
  const bench = new Bench({ socketsPerPrefix: 2 })
  for (const socket of [1, 2, 3]) bench.open(socket, '2001:db8::')
  bench.open(4, '2001:db8:1::')
  expect([...bench.closed]).toEqual([[3, 'full']])
})

test('a site with any number of networks has no more sockets than there are places left', () => {
  const bench = new Bench()
  const { sockets, socketsPerPrefix } = RELAY_LIMITS
  let id = 0
  const come = (site: string, networks: number) => {
    const before = bench.machine.sockets
    for (let n = 0; n < networks; n++) {
      for (let m = 0; m < socketsPerPrefix; m++) bench.open(id++, `${site} ${n}`, site)
    }
    return bench.machine.sockets - before
  }
  expect(come('a', 20)).toBe(sockets / 2)
  expect(bench.closed.get(id - 1)).toBe('full')
  expect(come('b', 20)).toBe(sockets / 4)
  // One network has its share however few are left.
  for (let n = 0; n < 4; n++) expect(come(`c${n}`, 1)).toBe(socketsPerPrefix)
  expect(sockets - bench.machine.sockets).toBeLessThan(socketsPerPrefix)
  expect(come('b', 1)).toBe(0)
  expect(come('d', 1)).toBe(sockets / 4 - 4 * socketsPerPrefix)
  expect(bench.machine.sockets).toBe(sockets)
  // Its places come back with those that go.
  for (const [n] of bench.inboxes) bench.close(n)
  expect(bench.machine.sockets).toBe(0)
  bench.advance(60_000)
  expect(come('a', 20)).toBe(sockets / 2)
})

test('acceptBurst and acceptsPerPrefix', () => {
  const bench = new Bench({ acceptsPerPrefix: 2, acceptBurst: 3 })
  for (const socket of [0, 1, 2, 3]) bench.open(socket)
  expect(bench.inbox(3)).toEqual([notice('rate-limited', { retryAfterMs: 500 })])
  expect([...bench.closed]).toEqual([[3, 'rate-limited']])
  bench.advance(500)
  bench.open(4)
  expect(bench.closed.has(4)).toBe(false)
})

test('networks that came and went are forgotten, and too many at once are refused', () => {
  const bench = new Bench({ sockets: 2 })
  for (let n = 0; n < 5; n++) {
    bench.open(n, `2001:db8:${n}::`)
    bench.close(n)
  }
  expect([...bench.closed]).toEqual([[4, 'full']])
  bench.advance(3000)
  expect(bench.machine.deadline()).toBeUndefined()
  bench.open(9, '2001:db8:9::')
  expect(bench.closed.has(9)).toBe(false)
})

test('frames that cost their sender nothing: the last that is taken, and the one more that closes its socket', () => {
  const over = (frame: ClientFrame | 'control', limits: Partial<RelayLimits> = {}) => {
    const bench = new Bench({ controlBurst: 3, controlPerSecond: 1, acceptsPerPrefix: 1, acceptBurst: 10, ...limits })
    bench.open(1)
    bench.bind(1, addressOf(1))
    const say = () => {
      if (frame === 'control') bench.machine.handle({ type: 'control', socket: 1 }, bench.now)
      else bench.frame(1, frame)
      bench.drain()
    }
    for (let n = 0; n < 3; n++) say()
    expect(bench.closed.size).toBe(0)
    say()
    expect(bench.closed.get(1)).toBe('rate-limited')
    // Its network waits: of 10, one was for the socket and 8 for the flood.
    bench.open(2)
    bench.open(3)
    expect([...bench.closed.keys()]).toEqual([1, 3])
    return bench.machine.counters
  }
  const bind: ClientFrame = { type: 'bind', binds: [{ form: 0, address: addressOf(2), signature: new Uint8Array(64) }] }
  over('control')
  over({ type: 'pong', echo: new Uint8Array(8) })
  over({ type: 'ice' })
  over({ type: 'unbind', addresses: [addressOf(3)] })
  const sends = over({ type: 'send', address: addressOf(9), envelope: envelopeOf(1) }, { sendBurst: 0, sendPerSecond: 1 })
  expect([sends.droppedSendRate, sends.sent, sends.closedControlRate]).toEqual([4, 0, 1])
  expect(over(bind, { bindBurst: 1, bindPerSecond: 1 }).refusedBindRate).toBe(4)
  expect(over(bind, { binds: 1 }).refusedBindsInAll).toBe(4)
  expect(over(bind, { bindsPerSocket: 1 }).refusedBindsPerSocket).toBe(4)
  const certificate = { delegate: addressOf(3), notAfter: 1, certificate: new Uint8Array(64) }
  const form1: ClientFrame = {
    type: 'bind',
    binds: [{ form: 1, address: addressOf(2), signature: new Uint8Array(64), ...certificate }],
  }
  expect(over(form1).refusedBindForm).toBe(4)
})

test('BINDs of what has no place left take from the rate, so that asking on and on is asking too fast', () => {
  const bench = new Bench({ bindersPerAddress: 1, bindBurst: 2, bindPerSecond: 1 })
  for (const socket of [1, 2]) bench.open(socket)
  bench.bind(1, addressOf(1))
  for (let n = 0; n < 3; n++) bench.bind(2, addressOf(1))
  const [first, second, third] = bench.inbox(2)
  const crowded = notice('too-many', { limit: 1, of: 'bind' })
  expect([first, second, third]).toEqual([crowded, crowded, notice('rate-limited', { retryAfterMs: 1000, of: 'bind' })])
})

test('what is bound on a socket is not checked again on it, and counts against the rate', () => {
  const bench = new Bench({ bindBurst: 6, bindPerSecond: 1 })
  bench.verifyAtOnce = false
  bench.open(1)
  bench.bind(1, addressOf(1), addressOf(2))
  bench.answerChecks()
  bench.bind(1, addressOf(1), addressOf(2))
  expect(bench.checks).toEqual([])
  expect(bench.inbox(1)).toEqual([bound(2), bound(2)])
  bench.bind(1, addressOf(2), addressOf(3))
  expect(bench.checks.flatMap(({ binds }) => binds.map(({ address }) => hex(address)))).toEqual([hex(addressOf(3))])
  // Not before those that wait.
  bench.frame(1, { type: 'unbind', addresses: [addressOf(1)] })
  bench.answerChecks()
  expect([bench.inbox(1), bench.machine.addresses]).toEqual([[bound(2)], 2])
  bench.bind(1, addressOf(1))
  expect(bench.inbox(1)).toEqual([notice('rate-limited', { retryAfterMs: 1000, of: 'bind' })])
})

test('an answer without a check does not overtake those that wait for theirs', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  bench.bind(1, addressOf(1))
  bench.answerChecks()
  bench.inbox(1)
  bench.bind(1, addressOf(2), addressOf(3))
  bench.bind(1, addressOf(1))
  expect(bench.inbox(1)).toEqual([])
  bench.answerChecks()
  expect(bench.inbox(1)).toEqual([bound(2), bound(1)])
})

test('firstBindMs', () => {
  const bench = new Bench()
  bench.open(1)
  bench.open(2)
  bench.advance(RELAY_LIMITS.firstBindMs - 1)
  bench.bind(2, addressOf(2))
  expect(bench.closed.size).toBe(0)
  bench.advance(1)
  expect([...bench.closed]).toEqual([[1, 'no-bind']])
})

test('firstBindMs does not count what a BIND waits for its check', () => {
  const bench = new Bench()
  bench.verifyAtOnce = false
  bench.open(1)
  bench.bind(1, addressOf(1))
  bench.advance(3 * RELAY_LIMITS.firstBindMs + 1000)
  expect(bench.closed.size).toBe(0)
  bench.answerChecks()
  expect(bench.inbox(1)).toEqual([bound(1)])
})

test('pings at 25 ± 5 s; who answers stays, who misses two is gone at the third', () => {
  const bench = new Bench()
  bench.open(1)
  bench.open(2)
  bench.bind(1, addressOf(1))
  bench.bind(2, addressOf(2))
  bench.inbox(1)
  bench.inbox(2)
  const gaps: number[] = []
  let last = bench.now
  for (let elapsed = 0; elapsed < 600_000; elapsed += 100) {
    bench.advance(100)
    for (const frame of bench.inbox(1)) {
      if (frame.type !== 'ping') throw new Error(`unexpected ${frame.type}`)
      gaps.push(bench.now - last)
      last = bench.now
      bench.frame(1, { type: 'pong', echo: frame.payload })
    }
    if (elapsed < 40_000) bench.frame(2, { type: 'pong', echo: new Uint8Array(8) }) // not what was asked
  }
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20_000)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(30_200)
  expect(new Set(gaps).size).toBeGreaterThan(5)
  expect(bench.inbox(2).map((frame) => frame.type)).toEqual(['ping', 'ping'])
  expect([...bench.closed]).toEqual([[2, 'unresponsive']])
})

test('a restart is told to everyone, and nobody is taken afterwards', () => {
  const bench = new Bench()
  bench.open(1)
  bench.machine.handle({ type: 'shutdown', reconnectInMs: 500, tryForMs: 60_000 }, bench.now)
  bench.drain()
  expect(bench.inbox(1)).toEqual([notice('restarting', { reconnectInMs: 500, tryForMs: 60_000 })])
  expect(bench.closed.get(1)).toBe('restarting')
  bench.open(2)
  expect(bench.closed.get(2)).toBe('full')
  expect(bench.machine.deadline()).toBeUndefined()
})

// ── bad input ────────────────────────────────────────────────────────────────────────────────

test.each([
  ['junk', new Uint8Array(50).fill(0xee)],
  ['nothing', new Uint8Array()],
  ['a truncated SEND', encodeClientFrame({ type: 'send', address: addressOf(1), envelope: envelopeOf(1) }).subarray(0, 1056)],
  ['an oversized frame', new Uint8Array(5000).fill(5)],
  ["a relay's frame", Uint8Array.of(3, 1)],
])('%s is malformed: a notice, then closed', (_, bytes) => {
  const bench = new Bench()
  bench.open(1)
  bench.raw(1, bytes)
  expect(bench.inbox(1)).toEqual([notice('malformed')])
  expect(bench.closed.get(1)).toBe('malformed')
  // What is still under way for it is nobody's.
  bench.bind(1, addressOf(1))
  expect(bench.inbox(1)).toEqual([])
})

test('inputs for sockets and checks that are not there are ignored', () => {
  const bench = new Bench()
  bench.machine.handle({ type: 'verified', id: 7, ok: true }, 0)
  bench.machine.handle({ type: 'malformed', socket: 7 }, 0)
  bench.machine.handle({ type: 'tick' }, 0)
  bench.close(7)
  expect(bench.machine.poll()).toBeUndefined()
})

test('mutated frames never throw, and what they leave is bounded', () => {
  const seed = 0x5eed
  const bench = new Bench({}, seed)
  const corpus = [
    encodeClientFrame({ type: 'bind', binds: [{ form: 0, address: addressOf(1), signature: new Uint8Array(64) }] }),
    encodeClientFrame({ type: 'unbind', addresses: [addressOf(1)] }),
    encodeClientFrame({ type: 'send', address: addressOf(1), envelope: envelopeOf(1) }),
    encodeClientFrame({ type: 'pong', echo: new Uint8Array(8) }),
  ]
  let socket = 1
  bench.open(socket)
  for (const bytes of mutations(seed, corpus, Number(process.env.KITH_FUZZ ?? 20000))) {
    bench.raw(socket, bytes)
    if (bench.closed.has(socket)) {
      bench.inboxes.delete(socket)
      bench.advance(100)
      bench.open(++socket)
    }
  }
  expect(bench.machine.sockets).toBeLessThanOrEqual(2)
  expect(bench.machine.addresses).toBe(0)
})

// ── against a model ──────────────────────────────────────────────────────────────────────────

type Action =
  | { type: 'open' | 'close'; socket: number }
  | { type: 'bind' | 'unbind'; socket: number; addresses: number[] }
  | { type: 'send'; socket: number; address: number }

const someSocket = fc.integer({ min: 0, max: 5 })
const someAddress = fc.integer({ min: 0, max: 4 })
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constantFrom('open' as const, 'close' as const), socket: someSocket }),
  fc.record({
    type: fc.constantFrom('bind' as const, 'bind' as const, 'unbind' as const),
    socket: someSocket,
    addresses: fc.array(someAddress, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('send' as const), socket: someSocket, address: someAddress }),
)

test('what is delivered equals a model that is a set of pairs', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const bench = new Bench({ bindersPerAddress: 3 })
      const open = new Map<number, Set<number>>()
      actions.forEach((step, n) => {
        const mine = open.get(step.socket)
        const expected = new Map<number, number[]>()
        switch (step.type) {
          case 'open':
            if (mine !== undefined) return
            bench.open(step.socket)
            open.set(step.socket, new Set())
            break
          case 'close':
            if (mine === undefined) return
            bench.close(step.socket)
            open.delete(step.socket)
            break
          case 'bind': {
            if (mine === undefined) return
            bench.bind(step.socket, ...step.addresses.map(addressOf))
            const full = (address: number) =>
              !mine.has(address) && [...open.values()].filter((bound) => bound.has(address)).length >= 3
            if (!step.addresses.some(full)) for (const address of step.addresses) mine.add(address)
            break
          }
          case 'unbind':
            if (mine === undefined) return
            bench.frame(step.socket, { type: 'unbind', addresses: step.addresses.map(addressOf) })
            for (const address of step.addresses) mine.delete(address)
            break
          case 'send':
            if (mine === undefined) return
            bench.send(step.socket, addressOf(step.address), n)
            for (const [socket, bound] of open) {
              if (socket !== step.socket && bound.has(step.address)) expected.set(socket, [n])
            }
            break
        }
        for (const socket of open.keys()) expect(bench.delivered(socket)).toEqual(expected.get(socket) ?? [])
        expect(bench.machine.addresses).toBe(new Set([...open.values()].flatMap((bound) => [...bound])).size)
      })
    }),
    { numRuns: 300 },
  )
})
