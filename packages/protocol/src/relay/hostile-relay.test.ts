// What a relay may say and send, and what a client makes of it: it comes back by itself in bounded time, at once when it is woken, and
// works for no relay without bound.
import { describe, expect, test } from 'vitest'
import {
  BIND_ANSWER_MS,
  BINDS_PER_SOCKET,
  RELAY_CONTROL_BURST,
  RELAY_CONTROL_PER_SECOND,
  RELAY_EAGER_MAX_MS,
  RELAY_FRAME_BURST,
  RELAY_FRAMES_PER_SECOND,
  RELAY_REFUSED_MAX_MS,
  RELAY_WAIT_MAX_MS,
  RELAY_WAIT_MIN_MS,
} from '../limits.ts'
import { addressOf, Bench, envelopeOf, range } from './client-bench.test-kit.ts'
import { encodeRelayFrame, type Notice, type RelayFrame } from './frames.ts'

const HUGE = Number.MAX_SAFE_INTEGER
const SECOND_VERSION = Uint8Array.of(1, 2)

/** The relay says this, and closes. */
function closedWith(notice: Notice, bench = new Bench().ready()): Bench {
  bench.relay({ type: 'notice', notice })
  bench.close()
  return bench
}

describe.each<[string, () => Bench]>([
  ['RESTARTING in 2^53 ms', () => closedWith({ code: 'restarting', reconnectInMs: HUGE, tryForMs: HUGE })],
  [
    'rate-limited for 2^53 ms, before CHALLENGE',
    () => closedWith({ code: 'rate-limited', retryAfterMs: HUGE }, new Bench().start()),
  ],
  ['rate-limited for 2^40 ms', () => closedWith({ code: 'rate-limited', retryAfterMs: 2 ** 40 })],
  ['full', () => closedWith({ code: 'full' }, new Bench().start())],
  ['too-many', () => closedWith({ code: 'too-many', limit: HUGE })],
  ['malformed', () => closedWith({ code: 'malformed' })],
  ['bind-refused', () => closedWith({ code: 'bind-refused' }, new Bench().start())],
  [
    'a CHALLENGE of version 2',
    () => {
      const bench = new Bench().start()
      bench.input({ type: 'frame', connection: bench.connection, frame: SECOND_VERSION })
      return bench
    },
  ],
  [
    'another CHALLENGE, of version 2',
    () => {
      const bench = new Bench().ready()
      bench.input({ type: 'frame', connection: bench.connection, frame: SECOND_VERSION })
      return bench
    },
  ],
])('%s', (_, said) => {
  test('the client comes back by itself, and is well', () => {
    const bench = said()
    // RESTARTING is spread over half of what it says, and half more.
    expect(bench.waitMs).toBeLessThanOrEqual(1.5 * RELAY_WAIT_MAX_MS)
    bench.advance(bench.waitMs)
    expect(bench.state?.state).toBe('connecting')
    bench.challenge()
    expect(bench.state).toEqual({ state: 'ready' })
  })

  test('at once when it is woken, each time', () => {
    const bench = said()
    for (let woken = 1; woken <= 3; woken++) {
      const before = bench.connects.length
      bench.input({ type: 'wake' })
      expect(bench.connects.length).toBe(before + 1)
      bench.close()
    }
  })
})

test('a relay of another version: the state says so, and when it is asked again', () => {
  const bench = new Bench().start()
  bench.input({ type: 'frame', connection: bench.connection, frame: SECOND_VERSION })
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'unsupported-protocol', source: 'relay' } })
  expect(bench.waitMs).toBe(RELAY_WAIT_MAX_MS)
  expect(bench.disconnected).toBe(1)
  bench.advance(RELAY_WAIT_MAX_MS - 1)
  expect(bench.connects).toHaveLength(1)
  bench.advance(1)
  expect(bench.connects).toHaveLength(2)
  expect(bench.state).toMatchObject({ state: 'connecting', error: { code: 'unsupported-protocol' } })
  bench.challenge()
  expect(bench.state).toEqual({ state: 'ready' })
})

test.each([
  [0, RELAY_WAIT_MIN_MS],
  [RELAY_WAIT_MIN_MS - 1, RELAY_WAIT_MIN_MS],
  [RELAY_WAIT_MIN_MS + 1, RELAY_WAIT_MIN_MS + 1],
  [RELAY_WAIT_MAX_MS, RELAY_WAIT_MAX_MS],
  [RELAY_WAIT_MAX_MS + 1, RELAY_WAIT_MAX_MS],
  [2 ** 40, RELAY_WAIT_MAX_MS],
])('rate-limited for %d ms counts as %d', (retryAfterMs, counted) => {
  // Of the first failures: what they add is less than the relay's word, or the rest of a second.
  const bench = closedWith({ code: 'rate-limited', retryAfterMs }, new Bench().start())
  const { state } = bench
  expect(state).toMatchObject({ state: 'waiting', error: { code: 'rate-limited', retryAfterMs: counted } })
  expect(bench.waitMs).toBeGreaterThanOrEqual(counted)
  expect(bench.waitMs).toBeLessThanOrEqual(Math.max(counted, 500))
})

test.each([
  [0, RELAY_WAIT_MIN_MS],
  [RELAY_WAIT_MAX_MS, RELAY_WAIT_MAX_MS],
  [RELAY_WAIT_MAX_MS + 1, RELAY_WAIT_MAX_MS],
  [HUGE, RELAY_WAIT_MAX_MS],
])('RESTARTING in %d ms counts as %d, half of it more or less', (reconnectInMs, counted) => {
  const waits = range(200).map(
    (seed) => closedWith({ code: 'restarting', reconnectInMs, tryForMs: 0 }, new Bench(seed).ready()).waitMs,
  )
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(0.5 * counted)
  expect(Math.max(...waits)).toBeLessThanOrEqual(Math.max(500, 1.5 * counted))
  if (counted === RELAY_WAIT_MAX_MS) expect(Math.max(...waits)).toBeGreaterThan(1.4 * counted)
})

test.each([
  [RELAY_EAGER_MAX_MS, RELAY_EAGER_MAX_MS],
  [RELAY_EAGER_MAX_MS + 1, RELAY_EAGER_MAX_MS],
  [HUGE, RELAY_EAGER_MAX_MS],
])('a relay that asks to be tried eagerly for %d ms is so for %d', (tryForMs, counted) => {
  const bench = closedWith({ code: 'restarting', reconnectInMs: 1000, tryForMs }, new Bench(5).ready())
  const toldAt = bench.now
  const waits: number[] = []
  while (bench.now < toldAt + 3 * RELAY_EAGER_MAX_MS) {
    const { waitMs } = bench
    if (bench.now >= toldAt + counted) waits.push(waitMs)
    else expect(waitMs).toBeLessThanOrEqual(2000)
    bench.advance(waitMs)
    bench.close()
  }
  // From there on it is one that does not answer.
  expect(Math.max(...waits)).toBeGreaterThan(5_000)
})

test('a relay that only ever restarts is connected to less and less', () => {
  const bench = new Bench().start()
  bench.bind(1)
  const restart = () => {
    bench.challenge()
    closedWith({ code: 'restarting', reconnectInMs: 0, tryForMs: HUGE }, bench)
  }
  const connectsIn = (ms: number) => {
    const [until, before] = [bench.now + ms, bench.connects.length]
    while (bench.now < until) {
      bench.advance(Math.min(until - bench.now, Math.max(1, bench.waitMs)))
      if (bench.state?.state === 'connecting') restart()
    }
    return bench.connects.length - before
  }
  restart()
  expect(connectsIn(RELAY_EAGER_MAX_MS)).toBeLessThan(120)
  expect(connectsIn(10 * RELAY_EAGER_MAX_MS)).toBeLessThan(10 * 8)
})

test.each([
  [RELAY_WAIT_MAX_MS, RELAY_WAIT_MAX_MS],
  [RELAY_WAIT_MAX_MS + 1, RELAY_WAIT_MAX_MS],
  [HUGE, RELAY_WAIT_MAX_MS],
])('sends that are to wait %d ms wait %d, and no longer than until the client is woken', (retryAfterMs, counted) => {
  const bench = new Bench().ready()
  const notice = { code: 'rate-limited', retryAfterMs, of: 'send' } as const
  for (const [wake, waited] of [
    [false, counted],
    [true, 0],
  ] as const) {
    bench.sent.length = 0
    bench.relay({ type: 'notice', notice })
    bench.send(7)
    if (wake) bench.input({ type: 'wake' })
    else {
      bench.relay({ type: 'ping', payload: new Uint8Array(8) })
      bench.advance(counted - 1)
      expect(bench.sends).toEqual([])
      bench.advance(1)
    }
    expect([bench.sends, waited]).toEqual([[7], waited])
  }
})

test.each([
  [RELAY_WAIT_MAX_MS, RELAY_WAIT_MAX_MS],
  [RELAY_WAIT_MAX_MS + 1, RELAY_WAIT_MAX_MS],
  [HUGE, RELAY_WAIT_MAX_MS],
])('binds that are to wait %d ms wait %d, and no longer than until the client is woken', (retryAfterMs, counted) => {
  for (const wake of [false, true]) {
    const bench = new Bench().ready()
    bench.answer = () => ({ code: 'rate-limited', retryAfterMs, of: 'bind' })
    bench.bind(1)
    bench.advance(5)
    expect(bench.state?.error).toMatchObject({ code: 'rate-limited', retryAfterMs: counted })
    bench.answer = () => undefined
    if (wake) bench.input({ type: 'wake' })
    else {
      bench.advance(counted - 1)
      expect(bench.real).toEqual([])
      bench.advance(1)
    }
    expect(bench.real).toEqual([1])
    expect(bench.state).toEqual({ state: 'ready' })
  }
})

/** When a client of 200 addresses asks a relay that says "at once" to each BIND but those that it takes, within ten minutes. What is asked
 *  together counts once. */
function askedAt(limits: Readonly<Record<string, number>>, isTaken: (n: number) => boolean): { at: number[]; bench: Bench } {
  const bench = new Bench().start()
  const at: number[] = []
  let asked = 0
  bench.answer = () => {
    if (at.at(-1) !== bench.now) at.push(bench.now)
    return isTaken(++asked) ? undefined : { code: 'rate-limited', retryAfterMs: 0, of: 'bind' }
  }
  for (const n of range(200)) bench.bind(n)
  bench.challenge(limits)
  for (let ms = 0; ms < 600_000; ms += 20_000) {
    bench.relay({ type: 'ping', payload: new Uint8Array(8) })
    bench.advance(20_000)
  }
  return { at, bench }
}

describe.each([
  ['no rate', {}],
  ['a rate of one by one', { bindBurst: 1, bindPerSecond: 1_000 }],
  ['a rate of sixteen', { bindBurst: 16, bindPerSecond: 16_000 }],
])('a relay that names %s', (_, limits) => {
  test('and refuses every bind, "at once", gets them ever less often', () => {
    const { at, bench } = askedAt(limits, () => false)
    expect(at.filter((ms) => ms < 5_000).length).toBeLessThanOrEqual(30)
    const waits = at.slice(1).map((ms, n) => ms - (at[n] as number))
    expect(waits.at(-1)).toBeGreaterThanOrEqual(RELAY_REFUSED_MAX_MS)
    expect(Math.max(...waits)).toBeLessThanOrEqual(RELAY_REFUSED_MAX_MS + 1)
    // Once it takes them it has all of them.
    bench.answer = () => undefined
    bench.advance(RELAY_REFUSED_MAX_MS + 1_000)
    expect(bench.state).toEqual({ state: 'ready' })
  })

  test.each([2, 3, 12])('and takes one of %d binds gets no haste by it', (of) => {
    const { at, bench } = askedAt(limits, (n) => n % of === 0)
    // Where it takes many all 256 are bound soon; where it takes few it is asked ever less often.
    expect(at.length).toBeLessThanOrEqual(of === 12 ? 150 : 256 * of)
    expect(at.filter((ms) => ms < 5_000).length).toBeLessThanOrEqual(60)
    expect(bench.real.length).toBeGreaterThan(0)
  })
})

test('refusals that are over count less with each bind that is taken', () => {
  const bench = new Bench().start()
  bench.answer = () => ({ code: 'rate-limited', retryAfterMs: 0, of: 'bind' })
  bench.challenge()
  for (let ms = 0; ms < 600_000; ms += 20_000) {
    bench.relay({ type: 'ping', payload: new Uint8Array(8) })
    bench.advance(20_000)
  }
  bench.answer = () => undefined
  bench.advance(RELAY_REFUSED_MAX_MS)
  for (const n of range(4)) {
    bench.bind(n)
    bench.advance(5)
  }
  expect(bench.real).toEqual(range(4))
  bench.answer = () => ({ code: 'rate-limited', retryAfterMs: 0, of: 'bind' })
  bench.bind(9)
  bench.advance(5)
  const refusedAt = bench.now
  bench.answer = () => undefined
  bench.advance(RELAY_WAIT_MIN_MS)
  expect([bench.real, bench.now - refusedAt]).toEqual([[...range(4), 9], RELAY_WAIT_MIN_MS])
})

test.each([0, 1, 2, 15, BINDS_PER_SOCKET, BINDS_PER_SOCKET + 1, HUGE])(
  'a relay that lets one bind %d addresses',
  (bindsPerSocket) => {
    const bench = new Bench().start()
    for (const n of range(3)) bench.bind(n)
    bench.challenge({ bindsPerSocket })
    bench.advance(10)
    expect(bench.state?.state).toBe('ready')
    expect(bench.real).toHaveLength(Math.min(3, Math.max(1, bindsPerSocket)))
    expect(bench.bound.size).toBeLessThanOrEqual(BINDS_PER_SOCKET)
  },
)

test.each([
  { bindPerSecond: HUGE, bindBurst: HUGE },
  { bindPerSecond: 0, bindBurst: HUGE },
  { bindPerSecond: HUGE, bindBurst: 0 },
  { bindPerSecond: 1, bindBurst: 1 },
])('a relay whose rate of binds is %o has all in the end', (limits) => {
  const bench = new Bench().start()
  for (const n of range(3)) bench.bind(n)
  bench.challenge(limits)
  bench.advance(30_000)
  expect(bench.real).toEqual(range(3))
  expect(bench.state).toEqual({ state: 'ready' })
})

test('a relay that answers no BIND is said to be slow, and is given up in the end', () => {
  const silent = new Bench().start()
  silent.mute = true
  silent.challenge()
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 20_000) {
      silent.relay({ type: 'ping', payload: new Uint8Array(8) })
      silent.advance(Math.min(left, 20_000))
    }
  }
  expect(silent.state).toEqual({ state: 'connecting' })
  pass(9_999)
  expect(silent.state).toEqual({ state: 'connecting' })
  pass(1)
  expect(silent.state).toMatchObject({ state: 'connecting', error: { code: 'timeout', source: 'relay' } })
  pass(BIND_ANSWER_MS - 10_001)
  expect(silent.state).toMatchObject({ state: 'connecting', error: { code: 'timeout' } })
  expect(silent.connects).toHaveLength(1)
  pass(1)
  expect(silent.state).toMatchObject({ state: 'waiting', error: { code: 'timeout' } })
  silent.mute = false
  silent.advance(60_000)
  silent.challenge()
  expect(silent.state).toEqual({ state: 'ready' })
})

test('answers that come late clear what was said', () => {
  const bench = new Bench().start()
  bench.mute = true
  bench.challenge()
  bench.advance(10_000)
  expect(bench.state).toMatchObject({ state: 'connecting', error: { code: 'timeout' } })
  bench.relay({ type: 'bound', count: 16 })
  expect(bench.state).toEqual({ state: 'ready' })
})

// ── floods ───────────────────────────────────────────────────────────────────────────────────

const ping: RelayFrame = { type: 'ping', payload: new Uint8Array(8) }
const notice: RelayFrame = { type: 'notice', notice: { code: 'rate-limited', retryAfterMs: 0, of: 'send' } }
const ice: RelayFrame = { type: 'ice', servers: [] }
const toBound: RelayFrame = { type: 'deliver', address: addressOf(1), envelope: envelopeOf(1) }
const toUnknown: RelayFrame = { type: 'deliver', address: addressOf(77), envelope: envelopeOf(1) }

/** How many of these it takes at once before it closes; `most` if it does not. */
function taken(frame: RelayFrame, most: number, bench = bound()): number {
  const bytes = encodeRelayFrame(frame)
  const { connection } = bench
  for (let count = 0; count < most; count++) {
    bench.input({ type: 'frame', connection, frame: bytes })
    if (bench.state?.state !== 'ready') return count
  }
  return most
}

/** CHALLENGE, BOUND and the rest of getting ready long ago. */
function bound(): Bench {
  const bench = new Bench().start()
  bench.bind(1)
  bench.challenge()
  bench.advance(60_000)
  return bench
}

test.each<[string, RelayFrame, number, number]>([
  ['PING', ping, RELAY_CONTROL_BURST, RELAY_CONTROL_PER_SECOND],
  ['NOTICE', notice, RELAY_CONTROL_BURST, RELAY_CONTROL_PER_SECOND],
  ['ICE', ice, RELAY_CONTROL_BURST, RELAY_CONTROL_PER_SECOND],
  ['DELIVER', toBound, RELAY_FRAME_BURST, RELAY_FRAMES_PER_SECOND],
  ['DELIVER for an address that is not bound', toUnknown, RELAY_FRAME_BURST, RELAY_FRAMES_PER_SECOND],
])('%s: N at once, N a second after that, and not one more', (_, frame, burst, perSecond) => {
  const bench = bound()
  expect(taken(frame, burst, bench)).toBe(burst)
  bench.advance(1000)
  expect(taken(frame, perSecond, bench)).toBe(perSecond)
  expect(taken(frame, 178_000, bench)).toBe(0)
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'peer-violation', source: 'relay' } })
  expect(bench.disconnected).toBe(1)
})

test('a relay that floods again and again is worked for ever less, and is well again once it does not', () => {
  const bench = bound()
  let worked = 0
  const until = bench.now + 600_000
  while (bench.now < until) {
    worked += taken(ping, 178_000, bench)
    expect(bench.state?.state).toBe('waiting')
    bench.advance(bench.waitMs)
    bench.challenge()
    // However long it was well in between.
    if (bench.connects.length % 2 === 0) for (let n = 0; n < 3; n++) bench.advance(5_000)
  }
  expect(worked / 600).toBeLessThan(20)
  expect(bench.state).toEqual({ state: 'ready' })
})

test('before CHALLENGE a flood is one as well', () => {
  const bench = new Bench().start()
  const bytes = encodeRelayFrame(notice)
  const { connection } = bench
  for (let count = 0; count < RELAY_CONTROL_BURST; count++) bench.input({ type: 'frame', connection, frame: bytes })
  expect(bench.state?.state).toBe('connecting')
  bench.input({ type: 'frame', connection, frame: bytes })
  expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'peer-violation' } })
})

test('answers to a full set of binds are no flood, nor is what a page finds after it was frozen', () => {
  const bench = new Bench().start()
  for (const n of range(BINDS_PER_SOCKET)) bench.bind(n)
  bench.challenge()
  bench.advance(10)
  expect(bench.real).toHaveLength(BINDS_PER_SOCKET)
  for (let count = 0; count < 3; count++) bench.relay(ping)
  expect(taken(toBound, RELAY_FRAME_BURST / 2, bench)).toBe(RELAY_FRAME_BURST / 2)
})

test.each([
  ['junk', Uint8Array.of(77)],
  ['an empty frame', new Uint8Array()],
  ['a frame of 4,097 bytes', new Uint8Array(4097).fill(6)],
  ['another CHALLENGE', encodeRelayFrame({ type: 'challenge', nonce: new Uint8Array(32), limits: {} })],
  ['an answer to nothing', encodeRelayFrame({ type: 'bound', count: 1 })],
])('%s is the last of its connection, however steady that was, and the next waits', (_, frame) => {
  const waits = range(100).map((seed) => {
    const bench = new Bench(seed).ready()
    bench.advance(60_000)
    bench.input({ type: 'frame', connection: bench.connection, frame })
    expect(bench.state).toMatchObject({ state: 'waiting', error: { code: 'peer-violation' } })
    return bench.waitMs
  })
  expect(Math.max(...waits)).toBeGreaterThan(10_000)
})
