import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { hex } from '../bytes/bytes.ts'
import { BINDS_PER_SOCKET } from '../limits.ts'
import { OTHER_DAY_RANK } from './bound-set.ts'
import { addressOf, Bench, envelopeOf, FIRST_DECOY, numberOf, range } from './client-bench.test-kit.ts'
import { encodeRelayFrame } from './frames.ts'

test('connects, answers the challenge with binds in batches of 16, and is ready once all are answered', () => {
  const bench = new Bench().start()
  for (const n of range(20)) bench.bind(n)
  expect(bench.states).toEqual([{ state: 'connecting' }])
  bench.challenge()
  expect(bench.states).toEqual([{ state: 'connecting' }, { state: 'ready' }])
  expect(bench.sent.map((frame) => (frame.type === 'bind' ? frame.binds.length : 0))).toEqual([16, 16, 16, 16])
  expect(bench.real).toEqual(range(20))
})

test.each([
  [0, 16],
  [16, 16],
  [17, 64],
  [64, 64],
  [65, 256],
  [256, 256],
])('%i addresses look like %i', (count, padded) => {
  const bench = new Bench().start()
  for (const n of range(count)) bench.bind(n)
  bench.challenge()
  expect(bench.bound.size).toBe(padded)
  expect(bench.real).toEqual(range(count))
})

test('the real addresses are not told by their place', () => {
  const bench = new Bench().start()
  for (const n of range(8)) bench.bind(n)
  bench.challenge()
  const first = bench.sent[0]
  if (first?.type !== 'bind') throw new Error('expected a bind')
  const isReal = first.binds.map(({ address }) => numberOf(address) < FIRST_DECOY)
  expect(isReal.slice(0, 8)).toContain(false)
})

test('of more than the relay allows the latest are left out, and said so, until there is room', () => {
  const bench = new Bench().start()
  for (const n of range(18)) bench.bind(n)
  bench.challenge({ bindsPerSocket: 17 })
  expect(bench.real).toEqual(range(17))
  expect(bench.state).toMatchObject({ state: 'ready', error: { code: 'too-many', source: 'relay' } })
  bench.unbind(1)
  bench.advance(5)
  expect(bench.real).toEqual(range(18).slice(1))
})

// ── more than there is room for ──────────────────────────────────────────────────────────────

test('replies and invitations always have a place: contacts are left out by rank, and said so in plain words', () => {
  const bench = new Bench().start()
  for (const n of range(20)) bench.bind(n, n)
  for (const n of [101, 102]) bench.bind(n)
  bench.challenge({ bindsPerSocket: 16 })
  expect(bench.real).toEqual([...range(14), 101, 102])
  expect(bench.state).toMatchObject({ state: 'ready', error: { code: 'too-many', source: 'relay' } })
  expect(bench.state?.error?.message).toMatch(/no place for 6 contacts: those not seen for the longest time/)
  // One that was left out is seen: it takes the place of another.
  bench.input({
    type: 'rank',
    ranks: [
      [addressOf(20), 1],
      [addressOf(1), 20],
    ],
  })
  bench.advance(5)
  expect(bench.real).toEqual([...range(14).slice(1), 20, 101, 102])
  // A dial: its reply address has a place, and is there before its knock.
  bench.sent.length = 0
  bench.bind(103)
  bench.send(1)
  expect(bench.sent.map((frame) => frame.type)).toEqual(['unbind', 'bind', 'send'])
  expect(bench.real).toContain(103)
  expect(bench.state?.error?.message).toMatch(/7 contacts/)
  for (const n of range(10)) bench.unbind(n)
  bench.advance(5)
  expect(bench.state).toEqual({ state: 'ready' })
})

test('the other day’s addresses are left out before any of today’s', () => {
  const bench = new Bench().start()
  for (const n of range(10)) {
    bench.bind(100 + n, OTHER_DAY_RANK + n)
    bench.bind(n, n)
  }
  bench.challenge({ bindsPerSocket: 16 })
  expect(bench.real).toEqual([...range(10), ...range(6).map((n) => 100 + n)])
  expect(bench.state?.error?.message).toMatch(/4 contacts: around midnight UTC/)
})

test.each([
  [BINDS_PER_SOCKET - 1, undefined],
  [BINDS_PER_SOCKET, undefined],
  [BINDS_PER_SOCKET + 1, /1 contact:/],
])('%d contacts at a relay that takes as many as there may be', (count, words) => {
  const bench = new Bench().start()
  for (const n of range(count)) bench.bind(n, n)
  bench.challenge({ bindsPerSocket: 10_000 })
  bench.advance(1)
  expect(bench.bound.size).toBe(BINDS_PER_SOCKET)
  expect(bench.state?.state).toBe('ready')
  if (words) expect(bench.state?.error?.message).toMatch(words)
  else expect(bench.state?.error).toBeUndefined()
})

test('what a relay lets one bind in a second is kept to, a dial’s own first', () => {
  const bench = new Bench().start()
  for (const n of range(1_000)) bench.bind(n, n)
  bench.challenge({ bindsPerSocket: 4_096, bindBurst: 512, bindPerSecond: 16 })
  // 32 are kept for dials.
  expect(bench.bound.size).toBe(480)
  expect(bench.state).toEqual({ state: 'ready' })
  bench.bind(5_000)
  bench.send(1)
  expect(bench.bound).toContain(5_000)
  expect(bench.sends).toEqual([1])
  bench.advance(10_000)
  expect(bench.bound.size).toBeLessThanOrEqual(512 + 160)
  bench.advance(60_000)
  expect(bench.real).toHaveLength(1_001)
})

test('while thousands are signed for, batch by batch, a dial passes, and is told when it is bound', () => {
  const bench = new Bench()
  bench.signsAtOnce = false
  bench.start()
  for (const n of range(1_000)) bench.bind(n, n)
  bench.bind(2_000)
  bench.send(1)
  bench.challenge()
  expect(bench.signs).toHaveLength(1)
  // What was wanted before the relay was there is among the first 256, in no order that tells; what is sent waits for it.
  for (let batch = 0; batch < 16; batch++) bench.sign()
  expect(bench.bound).toContain(2_000)
  expect(bench.sends).toEqual([1])
  expect(bench.state).toEqual({ state: 'ready' })
  expect(bench.told).toContain(2_000)
  bench.bind(2_001)
  bench.send(2)
  expect(bench.bound).toContain(2_001)
  expect(bench.sends).toEqual([1, 2])
  expect(bench.signs).toHaveLength(1)
})

test('a relay’s time is told, and a relay without one is as good', () => {
  const bench = new Bench().start()
  bench.relay({ type: 'challenge', nonce: new Uint8Array(32), limits: {}, time: 1_800_000_000_000 })
  expect(bench.times).toEqual([1_800_000_000_000])
  expect(new Bench().ready().times).toEqual([])
})

test('a device that slept takes its connection for lost, and connects at once', () => {
  const bench = new Bench().ready()
  bench.input({ type: 'wake' })
  expect(bench.connects).toHaveLength(1)
  bench.input({ type: 'wake', slept: true })
  expect([bench.connects.length, bench.disconnected]).toEqual([2, 1])
  bench.challenge()
  expect(bench.state).toEqual({ state: 'ready' })
})

test('changes that come together travel together, and a decoy makes room or takes the place', () => {
  const bench = new Bench().ready()
  bench.sent.length = 0
  bench.bind(1)
  bench.bind(2)
  bench.bind(3)
  bench.unbind(3)
  expect(bench.sent).toEqual([])
  bench.advance(5)
  expect(bench.sent.map((frame) => frame.type)).toEqual(['unbind', 'bind'])
  expect([bench.real, bench.bound.size]).toEqual([[1, 2], 16])
  bench.unbind(1)
  bench.advance(5)
  expect([bench.real, bench.bound.size]).toEqual([[2], 16])
})

test('an envelope goes after the binds that were asked for before it, at once', () => {
  const bench = new Bench().ready()
  bench.sent.length = 0
  bench.bind(1)
  bench.send(7)
  expect(bench.sent.map((frame) => frame.type)).toEqual(['unbind', 'bind', 'send'])
})

test('what is delivered to a wanted address arrives, to a decoy or an old one not', () => {
  const bench = new Bench().ready()
  bench.bind(1)
  bench.advance(5)
  bench.relay({ type: 'deliver', address: addressOf(1), envelope: envelopeOf(1) })
  bench.relay({ type: 'deliver', address: addressOf(FIRST_DECOY), envelope: envelopeOf(2) })
  bench.unbind(1)
  bench.relay({ type: 'deliver', address: addressOf(1), envelope: envelopeOf(3) })
  expect(bench.delivered).toEqual([1])
})

test('a ping is answered with what it held', () => {
  const bench = new Bench().ready()
  bench.relay({ type: 'ping', payload: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) })
  expect(bench.sent.at(-1)).toEqual({ type: 'pong', echo: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) })
})

// ── the queue ────────────────────────────────────────────────────────────────────────────────

test('while connecting 64 envelopes wait; one more costs the oldest', () => {
  const bench = new Bench().start()
  for (const n of range(65)) bench.send(n)
  bench.challenge()
  expect(bench.sends).toEqual(range(65).slice(1))
})

test('while waiting envelopes are dropped, those that waited as well', () => {
  const bench = new Bench().start()
  bench.send(1)
  bench.close()
  bench.send(2)
  bench.advance(500)
  bench.send(3)
  bench.challenge()
  expect(bench.sends).toEqual([3])
})

test('a relay that asks for slower sends gets them later', () => {
  const bench = new Bench().ready()
  bench.relay({ type: 'notice', notice: { code: 'rate-limited', retryAfterMs: 200, of: 'send' } })
  bench.send(1)
  bench.advance(199)
  expect(bench.sends).toEqual([])
  bench.advance(1)
  expect(bench.sends).toEqual([1])
})

// ── reconnecting ─────────────────────────────────────────────────────────────────────────────

test('everything is bound again after a reconnect, with other decoys', () => {
  const bench = new Bench().ready()
  bench.bind(1)
  bench.advance(5)
  const before = new Set(bench.bound)
  bench.close()
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'lost', source: 'network' } })
  bench.advance(500)
  bench.challenge()
  expect(bench.state).toEqual({ state: 'ready' })
  expect(bench.real).toEqual([1])
  expect([...bench.bound].filter((n) => before.has(n))).toEqual([1])
})

test('waits grow from 0.5 s to 30 s with full jitter', () => {
  const most: number[] = []
  for (let seed = 1; seed <= 200; seed++) {
    const bench = new Bench(seed).start()
    for (let failure = 0; failure < 9; failure++) {
      bench.close()
      const wait = bench.waitMs
      expect(wait).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** failure))
      most[failure] = Math.max(most[failure] ?? 0, wait)
      bench.advance(wait)
      expect(bench.connects.at(-1)).toBe(bench.now)
    }
  }
  expect(most[0]).toBeGreaterThan(450)
  expect(most[3]).toBeGreaterThan(3600)
  expect(most[8]).toBeGreaterThan(27_000)
})

test('a connection that lasted makes the next failure a first one; one that flapped does not', () => {
  const waitAfter = (upMs: number) => {
    const bench = new Bench(7).start()
    for (let failure = 0; failure < 8; failure++) {
      bench.close()
      bench.advance(bench.waitMs)
    }
    bench.challenge()
    bench.advance(upMs)
    bench.close()
    return bench.waitMs
  }
  expect(waitAfter(10_000)).toBeLessThanOrEqual(500)
  expect(waitAfter(0)).toBeGreaterThan(500)
})

test('a wake connects at once', () => {
  const bench = new Bench().start()
  for (let failure = 0; failure < 6; failure++) {
    bench.close()
    if (failure < 5) bench.advance(30_000)
  }
  expect(bench.state?.state).toBe('waiting')
  bench.input({ type: 'wake' })
  expect(bench.connects.at(-1)).toBe(bench.now)
  bench.challenge()
  bench.input({ type: 'wake' })
  expect(bench.state?.state).toBe('ready')
})

test('a relay that restarts is given its time, and is then tried eagerly', () => {
  const bench = new Bench().ready()
  bench.relay({ type: 'notice', notice: { code: 'restarting', reconnectInMs: 1000, tryForMs: 60_000 } })
  bench.close()
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'closed', source: 'relay' } })
  bench.advance(499)
  expect(bench.connects.length).toBe(1)
  bench.advance(1001)
  expect(bench.connects.length).toBe(2)
  for (let failure = 0; failure < 10; failure++) {
    bench.close()
    bench.advance(2000)
    expect(bench.connects.length).toBe(3 + failure)
  }
})

test('a relay that is full, or asks for slower connects, is left alone for that long', () => {
  const full = new Bench(3).start()
  full.relay({ type: 'notice', notice: { code: 'full' } })
  full.close()
  expect(full.state).toMatchObject({ state: 'waiting', error: { code: 'too-many', source: 'relay' } })
  const fast = new Bench().start()
  fast.relay({ type: 'notice', notice: { code: 'rate-limited', retryAfterMs: 5000 } })
  fast.close()
  expect(fast.state).toMatchObject({ state: 'waiting', retryAt: 5000, error: { code: 'rate-limited', retryAfterMs: 5000 } })
})

test('a relay that does not answer within 10 s, or is silent for 75 s, is given up', () => {
  const bench = new Bench().start()
  bench.advance(9999)
  expect(bench.state?.state).toBe('connecting')
  bench.advance(1)
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'timeout', source: 'network' } })
  expect(bench.disconnected).toBe(1)
  bench.advance(500)
  bench.challenge()
  bench.advance(74_999)
  expect(bench.state?.state).toBe('ready')
  bench.advance(1)
  expect(bench.state?.state).toBe('waiting')
})

test('what a connection that is over still says is ignored', () => {
  const bench = new Bench().ready()
  const old = bench.connection
  bench.close()
  bench.advance(500)
  bench.challenge()
  bench.input({ type: 'closed', connection: old })
  bench.input({ type: 'frame', connection: old, frame: Uint8Array.of(99) })
  expect(bench.state?.state).toBe('ready')
})

test('stopped means stopped', () => {
  const bench = new Bench().ready()
  bench.input({ type: 'stop' })
  expect(bench.disconnected).toBe(1)
  bench.close()
  bench.input({ type: 'wake' })
  bench.send(1)
  expect([bench.machine.deadline(), bench.connects.length, bench.sends]).toEqual([undefined, 1, []])
})

// ── refusals ─────────────────────────────────────────────────────────────────────────────────

test('a bind that is rate-limited is asked again when the relay says', () => {
  const bench = new Bench().ready()
  bench.answer = () => ({ code: 'rate-limited', retryAfterMs: 300, of: 'bind' })
  bench.bind(1)
  bench.advance(5)
  expect(bench.real).toEqual([])
  bench.answer = () => undefined
  bench.advance(299)
  expect(bench.real).toEqual([])
  bench.advance(1)
  expect(bench.real).toEqual([1])
})

test('an address without a place costs the others of its batch nothing, and is asked again later', () => {
  const bench = new Bench().start()
  bench.answer = (numbers) => (numbers.includes(3) ? { code: 'too-many', limit: 32, of: 'bind' } : undefined)
  for (const n of range(5)) bench.bind(n)
  bench.challenge()
  expect(bench.real).toEqual([1, 2, 4, 5])
  expect(bench.state).toMatchObject({ state: 'ready', error: { code: 'too-many' } })
  bench.answer = () => undefined
  bench.advance(30_000)
  expect(bench.real).toEqual([1, 2, 3, 4, 5])
})

test('a fresh address does not wait for one that has no place, and each of those is asked for in its time', () => {
  const bench = new Bench().start()
  bench.answer = (numbers) => (numbers.some((n) => n === 3 || n === 7) ? { code: 'too-many', limit: 32, of: 'bind' } : undefined)
  for (const n of [1, 3]) bench.bind(n)
  bench.challenge()
  bench.advance(10_000)
  bench.bind(7)
  bench.advance(5)
  bench.bind(8)
  bench.advance(5)
  expect(bench.real).toEqual([1, 8])
  bench.answer = () => undefined
  bench.advance(20_000 - 10)
  expect(bench.real).toEqual([1, 3, 8])
  bench.advance(10_000 + 5)
  expect(bench.real).toEqual([1, 3, 7, 8])
})

test.each([1, 2, 15, 31, 47, 48])('a relay that lets one bind %d at once has all in the end, without haste', (bindBurst) => {
  const bench = new Bench().start()
  for (const n of range(20)) bench.bind(n, n)
  bench.challenge({ bindBurst, bindPerSecond: 1_000_000 })
  let ticks = 0
  for (; ticks < 500 && bench.state?.state !== 'ready'; ticks++) bench.advance(1)
  bench.bind(101)
  bench.advance(10)
  expect(bench.real).toEqual([...range(20), 101])
  expect(bench.state).toEqual({ state: 'ready' })
})

test('a relay that takes no more is left alone for 250 ms at least, whatever it says, and the reason is told', () => {
  const bench = new Bench().start()
  let asked = 0
  bench.answer = () => {
    asked += 1
    return { code: 'rate-limited', retryAfterMs: 0, of: 'bind' }
  }
  bench.challenge()
  expect(bench.state).toMatchObject({
    state: 'connecting',
    error: { code: 'rate-limited', source: 'relay', retryAfterMs: 250 },
  })
  const [before, told] = [asked, bench.states.length]
  bench.advance(249)
  expect(asked).toBe(before)
  bench.advance(751)
  expect(asked).toBeLessThanOrEqual(5 * before)
  expect(bench.states.length).toBe(told)
  bench.answer = () => undefined
  bench.advance(250)
  expect(bench.state).toEqual({ state: 'ready' })
})

test('a bind that is refused when all is well is told, until it is bound or wanted no more', () => {
  const bench = new Bench().ready()
  for (const mend of ['bound', 'unbind']) {
    bench.answer = () => ({ code: 'rate-limited', retryAfterMs: 30_000, of: 'bind' })
    bench.bind(1)
    bench.advance(5)
    expect(bench.state).toMatchObject({ state: 'ready', error: { code: 'rate-limited', retryAfterMs: 30_000 } })
    bench.answer = () => undefined
    if (mend === 'unbind') bench.unbind(1)
    bench.advance(30_000)
    expect(bench.state).toEqual({ state: 'ready' })
    bench.unbind(1)
    bench.advance(5)
  }
})

test('a relay that refuses our proofs is left alone for long, with the reason', () => {
  const bench = new Bench().start()
  bench.answer = () => ({ code: 'bind-refused' })
  bench.challenge()
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'refused', source: 'relay' } })
  expect(bench.disconnected).toBe(1)
})

test.each<[string, Uint8Array]>([
  ['junk', Uint8Array.of(77)],
  ['a second challenge', encodeRelayFrame({ type: 'challenge', nonce: new Uint8Array(32), limits: {} })],
  ['an answer to nothing', encodeRelayFrame({ type: 'bound', count: 1 })],
  ['a refusal of nothing', encodeRelayFrame({ type: 'notice', notice: { code: 'bind-refused' } })],
])('%s ends the connection', (_, frame) => {
  const bench = new Bench().ready()
  bench.input({ type: 'frame', connection: bench.connection, frame })
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'peer-violation' } })
})

test('before the challenge nothing else is taken', () => {
  const bench = new Bench().start()
  bench.relay({ type: 'bound', count: 1 })
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'peer-violation', source: 'relay' } })
})

test('mutated frames never throw', () => {
  const seed = 0xc11e
  const bench = new Bench(seed).ready()
  const corpus = [
    encodeRelayFrame({ type: 'challenge', nonce: new Uint8Array(32), limits: { bindsPerSocket: 256 } }),
    encodeRelayFrame({ type: 'bound', count: 1 }),
    encodeRelayFrame({ type: 'deliver', address: addressOf(1), envelope: envelopeOf(1) }),
    encodeRelayFrame({ type: 'notice', notice: { code: 'rate-limited', retryAfterMs: 1 } }),
    encodeRelayFrame({ type: 'ping', payload: new Uint8Array(8) }),
  ]
  // A tenth of what the decoder alone was given: most of these cost a whole reconnect.
  for (const frame of mutations(seed, corpus, Number(process.env.KITH_FUZZ ?? 20000) / 10)) {
    try {
      bench.input({ type: 'frame', connection: bench.connection, frame })
    } catch (error) {
      throw new Error(`seed ${seed}: ${hex(frame)}`, { cause: error })
    }
    if (bench.state?.state !== 'waiting') continue
    bench.input({ type: 'wake' })
    bench.challenge()
  }
})

// ── against a model ──────────────────────────────────────────────────────────────────────────

test('whatever is bound and unbound, and however often it reconnects, the relay ends with exactly what is wanted', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constantFrom('bind' as const, 'unbind' as const), n: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ type: fc.constant('pass' as const), n: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ type: fc.constantFrom('lose' as const, 'send' as const), n: fc.constant(1) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const bench = new Bench().ready()
      const wanted = new Set<number>()
      for (const { type, n } of steps) {
        if (type === 'bind') {
          wanted.add(n)
          bench.bind(n)
        } else if (type === 'unbind') {
          wanted.delete(n)
          bench.unbind(n)
        } else if (type === 'pass') bench.advance(n)
        else if (type === 'send') bench.send(n)
        else {
          bench.close()
          bench.input({ type: 'wake' })
          bench.challenge()
        }
      }
      bench.advance(5)
      expect(bench.real).toEqual([...wanted].sort((a, b) => a - b))
      expect([16, 64]).toContain(bench.bound.size)
    }),
    { numRuns: 200 },
  )
})
