import { type DialNumber, identityFromSeed, KithError, type PeerId } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { type AttemptDials, Attempts, type AttemptsOptions, type ConnectRequest } from './attempts.ts'
import type { LiveConnection } from './connection.ts'
import { Connections } from './connections.ts'

const ada = identityFromSeed(new Uint8Array(32).fill(1)).id
const request = {
  protocols: ['/chat/v1'],
  timeoutMs: 10_000,
  disclose: undefined,
  signal: undefined,
} as const satisfies ConnectRequest

interface Host extends AttemptDials {
  readonly disclosure: AttemptsOptions['disclosure']
  readonly announce: (connection: LiveConnection) => void
}

interface Together {
  readonly connections: Connections
  readonly attempts: Attempts
}

/** Connections and attempts, as the connector puts them together. */
function together({ announce, disclosure, ...dials }: Host): Together {
  const connections: Connections = new Connections({ onNew: announce, onChange: (remote) => attempts.connectionChanged(remote) })
  const attempts = new Attempts({ dials, inUse: connections.inUse, disclosure })
  return { connections, attempts }
}

const NOTHING: Host = {
  dial: () => new Promise(() => {}),
  disclosure: (_to, asked) => asked ?? 'direct',
  underWay: () => undefined,
  cancel: () => {},
  release: () => {},
  announce: () => {},
}

interface Fake {
  readonly connection: LiveConnection
  /** Its end. */
  close(): void
  /** 'connected' and in no doubt, or not. */
  become(standing: { state?: LiveConnection['state']; isSure?: boolean }): void
  /** Of the last probe. */
  answer(isAlive: boolean): void
  /** What was asked of it, in order. */
  readonly asked: string[]
}

let connections = 0

/** As much of a connection as attempts see. Each is with an instance of its own unless it is named. */
function connection(
  remote: PeerId,
  { instance = `i${++connections}`, dialId = `d${connections}`, heardAt = Infinity } = {},
): Fake {
  let close = () => {}
  let answer = (_isAlive: boolean) => {}
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const asked: string[] = []
  const watchers: (() => void)[] = []
  const it = {
    ...{ remote, closed, instance, dialId, heardAt, isSure: true, isLive: true, state: 'connected' as LiveConnection['state'] },
    carries: () => false,
    watch: (watcher: () => void) => watchers.push(watcher),
    retire: (isReplaced: boolean) => {
      if (isReplaced) asked.push('retire')
    },
    doubt: () => {
      asked.push('doubt')
      become({ isSure: false })
    },
    fail: ({ code }: KithError) => {
      asked.push(code)
      become({ state: 'closed', isSure: false })
      close()
    },
    probe: () => {
      asked.push('probe')
      return new Promise<boolean>((resolve) => {
        answer = resolve
      })
    },
  }
  const become: Fake['become'] = (standing) => {
    Object.assign(it, standing)
    it.isLive = it.state !== 'closed'
    for (const watcher of watchers) watcher()
  }
  return {
    connection: it as unknown as LiveConnection,
    close: () => {
      become({ state: 'closed', isSure: false })
      close()
    },
    become,
    answer: (isAlive) => answer(isAlive),
    asked,
  }
}

function attempts(overrides: Partial<Host> = {}) {
  let next = 1
  const dials: { dial: DialNumber; request: ConnectRequest }[] = []
  const cancelled: DialNumber[] = []
  const released: DialNumber[] = []
  const announced: LiveConnection[] = []
  const underWay = new Map<PeerId, DialNumber>()
  const it = together({
    dial: async (_to, asked, begun) => {
      dials.push({ dial: next, request: asked })
      begun(next++)
    },
    disclosure: (_to, asked) => asked ?? 'direct',
    underWay: (to) => underWay.get(to),
    cancel: (dial) => cancelled.push(dial),
    release: (dial) => released.push(dial),
    announce: (connection) => announced.push(connection),
    ...overrides,
  })
  const add = ({ connection }: Fake, begunAt = 0) => it.connections.add(connection, begunAt)
  return { it, add, dials, cancelled, released, announced, underWay }
}

test('all that want one person share one dial', async () => {
  const { it, dials } = attempts()
  const first = it.attempts.connect(ada, request)
  const second = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  const live = connection(ada)
  it.connections.add(live.connection, 0)
  expect(await first).toBe(live.connection)
  expect(await second).toBe(live.connection)
  expect(await it.attempts.connect(ada, request)).toBe(live.connection)
  expect(dials).toHaveLength(1)
})

test('a connection that they dialled serves as well', async () => {
  const { it, dials } = attempts()
  const wanted = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.attempts.yielded(1, -7)
  it.attempts.ended(1, new KithError('no-answer'))
  const live = connection(ada)
  it.connections.add(live.connection, 0)
  expect(await wanted).toBe(live.connection)
})

test('where the dial that ours gave way to comes to nothing, we dial again', async () => {
  const { it, dials } = attempts()
  const wanted = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.attempts.yielded(1, -7)
  it.attempts.ended(-7, new KithError('timeout'))
  await vi.waitFor(() => expect(dials).toHaveLength(2))
  it.attempts.ended(2, new KithError('unreachable'))
  await expect(wanted).rejects.toMatchObject({ code: 'unreachable' })
})

test('whoever aborts leaves the others waiting; the last one to leave cancels the dial', async () => {
  const { it, dials, cancelled } = attempts()
  const one = new AbortController()
  const other = new AbortController()
  const first = it.attempts.connect(ada, { ...request, signal: one.signal })
  const second = it.attempts.connect(ada, { ...request, signal: other.signal })
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  one.abort(new Error('enough'))
  await expect(first).rejects.toMatchObject({ code: 'aborted', name: 'AbortError', cause: new Error('enough') })
  expect(cancelled).toEqual([])
  other.abort()
  await expect(second).rejects.toMatchObject({ code: 'aborted' })
  expect(cancelled).toEqual([1])
})

test('who had more patience than the first dials again for the time that is left', async () => {
  const { it, dials } = attempts()
  const hasty = it.attempts.connect(ada, { ...request, timeoutMs: 50 })
  const patient = it.attempts.connect(ada, { ...request, timeoutMs: 60_000 })
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.attempts.ended(1, new KithError('no-answer'))
  await expect(hasty).rejects.toMatchObject({ code: 'no-answer' })
  await vi.waitFor(() => expect(dials).toHaveLength(2))
  const live = connection(ada)
  it.connections.add(live.connection, 0)
  expect(await patient).toBe(live.connection)
})

test('a dial that cannot begin rejects all that waited', async () => {
  const it = together({ ...NOTHING, dial: () => Promise.reject(new KithError('no-relay')) })
  await expect(it.attempts.connect(ada, request)).rejects.toMatchObject({ code: 'no-relay' })
})

test('an aborted signal begins nothing', async () => {
  const { it, dials } = attempts()
  await expect(it.attempts.connect(ada, { ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  expect(dials).toEqual([])
})

test('of several connections to one person the one last used stands for them, and another takes its place', async () => {
  const { it } = attempts()
  const phone = connection(ada)
  const desk = connection(ada)
  it.connections.add(phone.connection, 0)
  it.connections.add(desk.connection, 0)
  expect(it.connections.inUse.get(ada)).toBe(desk.connection)
  it.connections.used(phone.connection)
  expect(it.connections.inUse.get(ada)).toBe(phone.connection)
  phone.close()
  await vi.waitFor(() => expect(it.connections.inUse.get(ada)).toBe(desk.connection))
  desk.close()
  await vi.waitFor(() => expect(it.connections.inUse.size).toBe(0))
  expect(it.connections.size).toBe(0)
})

test('each waits as long as it said, whoever began', async () => {
  vi.useFakeTimers()
  try {
    const { it, cancelled } = attempts()
    const patient = it.attempts.connect(ada, { ...request, timeoutMs: 60_000 })
    const hasty = expect(it.attempts.connect(ada, { ...request, timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'timeout' })
    await vi.advanceTimersByTimeAsync(2_000)
    await hasty
    expect(cancelled).toEqual([])
    const live = connection(ada)
    it.connections.add(live.connection, 0)
    expect(await patient).toBe(live.connection)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a dial that never begins, and one that never ends, end in time; neither leaves a listener or a timer', async () => {
  vi.useFakeTimers()
  try {
    const signal = new AbortController().signal
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    let begin = (_dial: DialNumber) => true
    const it = together({
      ...NOTHING,
      dial: (_to, _request, begun) => {
        begin = begun
        return new Promise(() => {})
      },
    })
    const wanted = expect(it.attempts.connect(ada, { ...request, signal })).rejects.toMatchObject({ code: 'timeout' })
    await vi.advanceTimersByTimeAsync(request.timeoutMs + 1_000)
    await wanted
    expect(vi.getTimerCount()).toBe(0)
    expect(removed.mock.calls).toEqual(added.mock.calls)
    // Too late: nobody wants it any more.
    expect(begin(5)).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})

test('a dial that gives way in the instant in which it begins is not lost', async () => {
  const it: Together = together({
    ...NOTHING,
    dial: async (_to, _request, begun) => {
      begun(1)
      it.attempts.yielded(1, -7)
      it.attempts.ended(-7, new KithError('too-many'))
    },
  })
  await expect(it.attempts.connect(ada, { ...request, timeoutMs: 50 })).rejects.toMatchObject({ code: 'no-answer' })
})

test('their dial, which ours gave way to, outlives my patience', async () => {
  const { it, dials, cancelled } = attempts()
  const abort = new AbortController()
  const wanted = it.attempts.connect(ada, { ...request, signal: abort.signal })
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.attempts.yielded(1, -7)
  abort.abort()
  await expect(wanted).rejects.toMatchObject({ code: 'aborted' })
  expect(cancelled).toEqual([])
})

test('a connection that is being closed is not handed out', async () => {
  const { it, dials } = attempts()
  const old = connection(ada)
  it.connections.add(old.connection, 0)
  old.become({ state: 'closed', isSure: false })
  const wanted = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  const live = connection(ada)
  it.connections.add(live.connection, 0)
  expect(await wanted).toBe(live.connection)
})

test.each([
  ['closing', 'closed', (it: Together) => it.attempts.close(new KithError('closed'))],
  ['leaving them', 'blocked', (it: Together) => it.attempts.leave(ada, new KithError('blocked'))],
] as const)('%s ends all waiting, also for a dial of theirs, and nothing dials anew', async (_, code, end) => {
  const { it, dials, underWay } = attempts()
  underWay.set(ada, -3)
  const wanted = [it.attempts.connect(ada, request), it.attempts.connect(ada, { ...request, timeoutMs: 60_000 })].map((one) =>
    expect(one).rejects.toMatchObject({ code }),
  )
  end(it)
  underWay.delete(ada)
  it.attempts.ended(-3, new KithError(code))
  await Promise.all(wanted)
  expect(dials).toEqual([])
})

test('once closed, nothing is begun', async () => {
  const { it, dials } = attempts()
  it.attempts.close(new KithError('closed'))
  await expect(it.attempts.connect(ada, request)).rejects.toMatchObject({ code: 'closed' })
  expect(dials).toEqual([])
})

// ── several who want one person ──

test('who has more patience dials again whatever the first one’s error', async () => {
  const { it, dials } = attempts()
  const hasty = expect(it.attempts.connect(ada, { ...request, timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'unreachable' })
  const patient = it.attempts.connect(ada, request)
  it.attempts.ended(1, new KithError('unreachable'))
  await hasty
  await vi.waitFor(() => expect(dials).toHaveLength(2))
  it.attempts.ended(2, new KithError('unreachable'))
  await expect(patient).rejects.toMatchObject({ code: 'unreachable' })
  expect(dials).toHaveLength(2)
})

test('who wants to disclose less does not share the dial of one who discloses all', async () => {
  const { it, add, dials, released } = attempts()
  const direct = [it.attempts.connect(ada, request), it.attempts.connect(ada, { ...request, disclose: 'direct' })]
  const relayed = [
    it.attempts.connect(ada, { ...request, disclose: 'relayed' }),
    it.attempts.connect(ada, { ...request, disclose: 'relayed' }),
  ]
  await vi.waitFor(() => expect(dials.map((dial) => dial.request.disclose)).toEqual(['direct', 'relayed']))
  const live = connection(ada)
  add(live)
  expect(await Promise.all([...direct, ...relayed])).toEqual(Array(4).fill(live.connection))
  expect(released).toEqual([1, 2])
})

test('whose trust falls: who waits by the policy dials anew with less; who asked for more goes on, and so does their dial', async () => {
  const policy = { discloses: 'direct' as 'direct' | 'relayed' }
  const { it, dials } = attempts({ disclosure: (_to, asked) => asked ?? policy.discloses })
  const discloses = () => dials.map(({ request }) => request.disclose)
  const live = connection(ada)
  const wanted = [
    it.attempts.connect(ada, request),
    it.attempts.connect(ada, { ...request, disclose: 'direct' }),
    it.attempts.connect(ada, request),
  ]
  await vi.waitFor(() => expect(discloses()).toEqual(['direct']))
  policy.discloses = 'relayed'
  expect(it.attempts.tighten(ada)).toEqual(new Set())
  // The one that two kinds shared ends; each goes on with its own.
  await vi.waitFor(() => expect(discloses()).toEqual(['direct', 'relayed', 'direct']))
  expect(it.attempts.tighten(ada)).toEqual(new Set([3]))
  it.connections.add(live.connection, 0)
  expect(await Promise.all(wanted)).toEqual(Array(3).fill(live.connection))
  expect(dials).toHaveLength(3)
})

test('a dial that has yet to begin when trust falls never does', async () => {
  let discloses: 'direct' | 'relayed' = 'direct'
  const begin: { begun: (dial: DialNumber) => boolean; disclose: unknown }[] = []
  const it = together({
    ...NOTHING,
    disclosure: (_to, asked) => asked ?? discloses,
    dial: async (_to, { disclose }, begun) => void begin.push({ begun, disclose }),
  })
  const wanted = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(begin).toHaveLength(1))
  discloses = 'relayed'
  it.attempts.tighten(ada)
  await vi.waitFor(() => expect(begin).toHaveLength(2))
  expect(begin.map(({ begun, disclose }, n) => [disclose, begun(n + 1)])).toEqual([
    ['direct', false],
    ['relayed', true],
  ])
  const live = connection(ada)
  it.connections.add(live.connection, 0)
  expect(await wanted).toBe(live.connection)
})

test('each dial that is begun anew asks the policy anew', async () => {
  vi.useFakeTimers()
  try {
    const policy = { discloses: 'direct' as 'direct' | 'relayed' }
    const { it, add, dials } = attempts({ disclosure: (_to, asked) => asked ?? policy.discloses })
    const old = connection(ada)
    add(old)
    old.become({ state: 'reconnecting', isSure: false })
    const wanted = it.attempts.connect(ada, request)
    it.attempts.ended(1, new KithError('unreachable'))
    policy.discloses = 'relayed'
    await vi.advanceTimersByTimeAsync(3_000)
    expect(dials.map(({ request }) => request.disclose)).toEqual(['direct', 'relayed'])
    const live = connection(ada)
    add(live)
    expect(await wanted).toBe(live.connection)
  } finally {
    vi.useRealTimers()
  }
})

test('a dial that two share is cancelled when neither wants it', async () => {
  const { it, dials, cancelled, underWay } = attempts()
  const [one, other] = [new AbortController(), new AbortController()]
  const direct = expect(it.attempts.connect(ada, { ...request, signal: one.signal })).rejects.toMatchObject({ code: 'aborted' })
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  // They have answered.
  underWay.set(ada, 1)
  const relayed = it.attempts.connect(ada, { ...request, disclose: 'relayed', signal: other.signal })
  one.abort()
  await direct
  expect(cancelled).toEqual([])
  other.abort()
  await expect(relayed).rejects.toMatchObject({ code: 'aborted' })
  expect([dials.length, cancelled]).toEqual([1, [1]])
})

// ── any dial that is under way ──

test('a dial that is under way to them by another way is shared, and where it comes to nothing we dial', async () => {
  const { it, dials, cancelled, underWay } = attempts()
  underWay.set(ada, -3)
  const wanted = it.attempts.connect(ada, request)
  const second = it.attempts.connect(ada, request)
  await Promise.resolve()
  expect(dials).toEqual([])
  underWay.delete(ada)
  it.attempts.ended(-3, new KithError('timeout'))
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  expect(dials[0]?.request.timeoutMs).toBeGreaterThan(9_000)
  const live = connection(ada)
  it.connections.add(live.connection, 0)
  expect([await wanted, await second]).toEqual([live.connection, live.connection])
  expect(cancelled).toEqual([])
})

test('who leaves a dial that others began does not cancel it', async () => {
  const { it, cancelled, underWay } = attempts()
  underWay.set(ada, 4)
  const abort = new AbortController()
  const wanted = it.attempts.connect(ada, { ...request, signal: abort.signal })
  abort.abort()
  await expect(wanted).rejects.toMatchObject({ code: 'aborted' })
  expect(cancelled).toEqual([])
})

test('a connection that came by another way than our dial makes the dial needless', async () => {
  const { it, add, dials, released } = attempts()
  const wanted = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  add(connection(ada))
  await wanted
  expect(released).toEqual([1])
})

// ── two connections to one instance ──

test.each([
  ['first', 'a', 'b'],
  ['second', 'b', 'a'],
])('of two to one instance the one of the lower dial id is in use, here the %s; the other retires', async (_, one, other) => {
  const { it, add, announced } = attempts()
  const [first, second] = [one, other].map((dialId) => connection(ada, { instance: 'i', dialId })) as [Fake, Fake]
  add(first)
  add(second)
  const [lower, higher] = one < other ? [first, second] : [second, first]
  expect(it.connections.inUse.get(ada)).toBe(lower.connection)
  expect(await it.attempts.connect(ada, request)).toBe(lower.connection)
  expect(higher.asked).toContain('retire')
  expect(lower.asked).not.toContain('retire')
  // Streams that still come on the other do not make it the one in use.
  it.connections.used(higher.connection)
  expect(it.connections.inUse.get(ada)).toBe(lower.connection)
  // One that was never in use is not announced.
  expect(announced).toEqual([...new Set([first.connection, lower.connection])])
  higher.close()
  await Promise.resolve()
  expect(it.connections.inUse.get(ada)).toBe(lower.connection)
  lower.close()
  expect(it.connections.inUse.size).toBe(0)
})

test('one of the lower dial id that is in doubt is not in use, and does not retire', () => {
  const { it, add } = attempts()
  const [lower, higher] = [
    connection(ada, { instance: 'i', dialId: 'a', heardAt: 10 }),
    connection(ada, { instance: 'i', dialId: 'b' }),
  ]
  add(lower)
  add(higher, 20)
  expect(it.connections.inUse.get(ada)).toBe(higher.connection)
  expect(lower.asked).toEqual(['doubt', 'probe'])
  lower.become({ isSure: true })
  expect(it.connections.inUse.get(ada)).toBe(lower.connection)
  expect([lower.asked, higher.asked]).toEqual([['doubt', 'probe'], ['retire']])
})

test('the one in use ends before the other: that one is in use again, and announced', async () => {
  const { it, add, announced } = attempts()
  const [lower, higher] = ['a', 'b'].map((dialId) => connection(ada, { instance: 'i', dialId })) as [Fake, Fake]
  add(lower)
  add(higher)
  expect(announced).toEqual([lower.connection])
  lower.close()
  expect(it.connections.inUse.get(ada)).toBe(higher.connection)
  expect(announced).toEqual([lower.connection, higher.connection])
})

test('two instances are no doubles: both live, whichever has the lower dial id', async () => {
  const { it, add, announced } = attempts()
  const [phone, desk] = [connection(ada, { dialId: 'a' }), connection(ada, { dialId: 'b' })]
  add(phone)
  add(desk)
  expect(it.connections.inUse.get(ada)).toBe(desk.connection)
  expect([...phone.asked, ...desk.asked]).toEqual(['probe'])
  phone.answer(true)
  await Promise.resolve()
  expect(phone.asked).toEqual(['probe'])
  expect(announced).toEqual([phone.connection, desk.connection])
})

// ── what a crash has left ──

test('while one reconnects, open dials beside it; the same instance anew takes over, and the old one is lost', async () => {
  const { it, add, dials } = attempts()
  const old = connection(ada, { instance: 'i', dialId: 'a' })
  add(old)
  old.become({ state: 'reconnecting', isSure: false })
  expect(it.connections.inUse.get(ada)).toBe(old.connection)
  const wanted = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  const anew = connection(ada, { instance: 'i', dialId: 'b' })
  add(anew)
  expect(await wanted).toBe(anew.connection)
  expect(old.asked).toEqual(['lost'])
})

test('one that reconnects and is back serves whoever waits, and the dial beside it is needless', async () => {
  const { it, add, dials, released } = attempts()
  const old = connection(ada)
  add(old)
  old.become({ state: 'reconnecting', isSure: false })
  const wanted = it.attempts.connect(ada, request)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  old.become({ state: 'connected', isSure: true })
  expect(await wanted).toBe(old.connection)
  expect(released).toEqual([1])
})

test('while one reconnects and dials fail, they are begun anew; what hindered them is the error', async () => {
  vi.useFakeTimers()
  try {
    const { it, add, dials } = attempts()
    const old = connection(ada)
    add(old)
    old.become({ state: 'reconnecting', isSure: false })
    const first = it.attempts.connect(ada, request)
    const late = expect(it.attempts.connect(ada, { ...request, timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'no-relay' })
    it.attempts.ended(1, new KithError('no-relay'))
    await vi.advanceTimersByTimeAsync(2_001)
    expect(dials).toHaveLength(2)
    it.attempts.ended(2, new KithError('no-relay'))
    await vi.advanceTimersByTimeAsync(2_001)
    expect(dials).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(1_500)
    await late
    const anew = connection(ada)
    add(anew)
    expect(await first).toBe(anew.connection)
    expect(dials).toHaveLength(3)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a dial failed, and the connection that was to come back ends: we dial at once, and once', async () => {
  const { it, add, dials } = attempts()
  const old = connection(ada)
  add(old)
  old.become({ state: 'reconnecting', isSure: false })
  const wanted = it.attempts.connect(ada, request)
  it.attempts.ended(1, new KithError('unreachable'))
  old.close()
  await vi.waitFor(() => expect(dials).toHaveLength(2))
  const anew = connection(ada)
  add(anew)
  expect(await wanted).toBe(anew.connection)
})

test('where no dial can begin, one that reconnects is waited for; what hindered the dial is the error', async () => {
  const failing = { ...NOTHING, dial: () => Promise.reject(new KithError('no-relay')) }
  const patient = together(failing)
  const old = connection(ada)
  patient.connections.add(old.connection, 0)
  old.become({ state: 'reconnecting', isSure: false })
  await expect(patient.attempts.connect(ada, { ...request, timeoutMs: 50 })).rejects.toMatchObject({ code: 'no-relay' })
  const wanted = patient.attempts.connect(ada, request)
  await Promise.resolve()
  old.become({ state: 'connected', isSure: true })
  expect(await wanted).toBe(old.connection)
  old.become({ state: 'reconnecting', isSure: false })
  const hopeless = patient.attempts.connect(ada, request)
  await Promise.resolve()
  old.close()
  await expect(hopeless).rejects.toMatchObject({ code: 'no-relay' })
})

test('another instance comes: the old one is asked, and lost where it does not answer', async () => {
  const { it, add } = attempts()
  const crashed = connection(ada, { heardAt: 10 })
  add(crashed)
  const back = connection(ada)
  add(back, 20)
  expect(await it.attempts.connect(ada, request)).toBe(back.connection)
  expect(crashed.asked).toEqual(['doubt', 'probe'])
  crashed.answer(false)
  await vi.waitFor(() => expect(crashed.asked).toEqual(['doubt', 'probe', 'lost']))
  expect(it.connections.inUse.get(ada)).toBe(back.connection)
})

test('a knock makes a connection doubtful, and closes nothing: open waits for a sign of life, then dials', async () => {
  vi.useFakeTimers()
  try {
    const { it, add, dials } = attempts()
    const old = connection(ada)
    add(old)
    it.connections.knocked(ada)
    expect(old.asked).toEqual(['doubt'])
    const first = it.attempts.connect(ada, request)
    await vi.advanceTimersByTimeAsync(499)
    expect(dials).toEqual([])
    old.become({ isSure: true })
    expect(await first).toBe(old.connection)
    it.connections.knocked(ada)
    const second = it.attempts.connect(ada, request)
    await vi.advanceTimersByTimeAsync(501)
    expect(dials).toHaveLength(1)
    const back = connection(ada)
    add(back)
    expect(await second).toBe(back.connection)
    expect(old.asked).not.toContain('lost')
  } finally {
    vi.useRealTimers()
  }
})

test('after a knock, what a crash may have left is counted', () => {
  const { it, add } = attempts()
  add(connection(ada))
  expect(it.connections.doubtful(ada)).toBe(0)
  it.connections.knocked(ada)
  expect(it.connections.doubtful(ada)).toBe(1)
})
