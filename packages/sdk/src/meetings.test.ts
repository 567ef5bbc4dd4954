import { type DialNumber, identityFromSeed, KithError, type PeerId } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import type { PeerConnection } from './connection.ts'
import { Meetings, type Wish } from './meetings.ts'

const ada = identityFromSeed(new Uint8Array(32).fill(1)).id
const wish = { protocols: ['/chat/v1'], timeoutMs: 10_000, disclose: undefined, signal: undefined } as const satisfies Wish

/** As much of a connection as meetings see. */
function connection(remote: PeerId) {
  let close = () => {}
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  return { connection: { remote, closed } as unknown as PeerConnection, close }
}

function meetings() {
  let next = 1
  const dials: { dial: DialNumber; wish: Wish }[] = []
  const cancelled: DialNumber[] = []
  const it = new Meetings({
    dial: async (_to, asked, begun) => {
      dials.push({ dial: next, wish: asked })
      begun(next++)
    },
    cancel: (dial) => cancelled.push(dial),
  })
  return { it, dials, cancelled }
}

test('all that want one person share one dial', async () => {
  const { it, dials } = meetings()
  const first = it.with(ada, wish)
  const second = it.with(ada, wish)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  const live = connection(ada)
  it.add(live.connection)
  expect(await first).toBe(live.connection)
  expect(await second).toBe(live.connection)
  expect(await it.with(ada, wish)).toBe(live.connection)
  expect(dials).toHaveLength(1)
})

test('a connection that they dialled serves as well', async () => {
  const { it, dials } = meetings()
  const wanted = it.with(ada, wish)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.yielded(1, -7)
  it.ended(1, new KithError('no-answer'))
  const live = connection(ada)
  it.add(live.connection)
  expect(await wanted).toBe(live.connection)
})

test('where the dial that ours gave way to comes to nothing, we dial again', async () => {
  const { it, dials } = meetings()
  const wanted = it.with(ada, wish)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.yielded(1, -7)
  it.ended(-7, new KithError('timeout'))
  await vi.waitFor(() => expect(dials).toHaveLength(2))
  it.ended(2, new KithError('unreachable'))
  await expect(wanted).rejects.toMatchObject({ code: 'unreachable' })
})

test('whoever aborts leaves the others waiting; the last one to leave cancels the dial', async () => {
  const { it, dials, cancelled } = meetings()
  const one = new AbortController()
  const other = new AbortController()
  const first = it.with(ada, { ...wish, signal: one.signal })
  const second = it.with(ada, { ...wish, signal: other.signal })
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  one.abort(new Error('enough'))
  await expect(first).rejects.toMatchObject({ code: 'aborted', name: 'AbortError', cause: new Error('enough') })
  expect(cancelled).toEqual([])
  other.abort()
  await expect(second).rejects.toMatchObject({ code: 'aborted' })
  expect(cancelled).toEqual([1])
})

test('who had more patience than the first dials again for the time that is left', async () => {
  const { it, dials } = meetings()
  const hasty = it.with(ada, { ...wish, timeoutMs: 50 })
  const patient = it.with(ada, { ...wish, timeoutMs: 60_000 })
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.ended(1, new KithError('no-answer'))
  await expect(hasty).rejects.toMatchObject({ code: 'no-answer' })
  await vi.waitFor(() => expect(dials).toHaveLength(2))
  const live = connection(ada)
  it.add(live.connection)
  expect(await patient).toBe(live.connection)
})

test('a dial that cannot begin rejects all that waited', async () => {
  const it = new Meetings({ dial: () => Promise.reject(new KithError('no-relay')), cancel: () => {} })
  await expect(it.with(ada, wish)).rejects.toMatchObject({ code: 'no-relay' })
})

test('an aborted signal begins nothing', async () => {
  const { it, dials } = meetings()
  await expect(it.with(ada, { ...wish, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  expect(dials).toEqual([])
})

test('of several connections to one person the one last used stands for them, and another takes its place', async () => {
  const { it } = meetings()
  const phone = connection(ada)
  const desk = connection(ada)
  it.add(phone.connection)
  it.add(desk.connection)
  expect(it.connections.get(ada)).toBe(desk.connection)
  it.used(phone.connection)
  expect(it.connections.get(ada)).toBe(phone.connection)
  phone.close()
  await vi.waitFor(() => expect(it.connections.get(ada)).toBe(desk.connection))
  desk.close()
  await vi.waitFor(() => expect(it.connections.size).toBe(0))
  expect(it.size).toBe(0)
})

test('each waits as long as it said, whoever began', async () => {
  vi.useFakeTimers()
  try {
    const { it, cancelled } = meetings()
    const patient = it.with(ada, { ...wish, timeoutMs: 60_000 })
    const hasty = expect(it.with(ada, { ...wish, timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'timeout' })
    await vi.advanceTimersByTimeAsync(2_000)
    await hasty
    expect(cancelled).toEqual([])
    const live = connection(ada)
    it.add(live.connection)
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
    let begin = (_dial: DialNumber) => {}
    const cancelled: DialNumber[] = []
    const it = new Meetings({
      dial: (_to, _wish, begun) => {
        begin = begun
        return new Promise(() => {})
      },
      cancel: (dial) => cancelled.push(dial),
    })
    const wanted = expect(it.with(ada, { ...wish, signal })).rejects.toMatchObject({ code: 'timeout' })
    await vi.advanceTimersByTimeAsync(wish.timeoutMs + 1_000)
    await wanted
    expect(vi.getTimerCount()).toBe(0)
    expect(removed.mock.calls).toEqual(added.mock.calls)
    // Too late: nobody wants it any more.
    begin(5)
    expect(cancelled).toEqual([5])
  } finally {
    vi.useRealTimers()
  }
})

test('a dial that gives way in the instant in which it begins is not lost', async () => {
  const it: Meetings = new Meetings({
    dial: async (_to, _wish, begun) => {
      begun(1)
      it.yielded(1, -7)
      it.ended(-7, new KithError('too-many'))
    },
    cancel: () => {},
  })
  await expect(it.with(ada, { ...wish, timeoutMs: 50 })).rejects.toMatchObject({ code: 'no-answer' })
})

test('their dial, which ours gave way to, outlives my patience', async () => {
  const { it, dials, cancelled } = meetings()
  const abort = new AbortController()
  const wanted = it.with(ada, { ...wish, signal: abort.signal })
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  it.yielded(1, -7)
  abort.abort()
  await expect(wanted).rejects.toMatchObject({ code: 'aborted' })
  expect(cancelled).toEqual([])
})

test('a connection that is being closed is not handed out', async () => {
  const { it, dials } = meetings()
  const old = connection(ada)
  it.add(Object.assign(old.connection, { state: 'closed' }))
  const wanted = it.with(ada, wish)
  await vi.waitFor(() => expect(dials).toHaveLength(1))
  const live = connection(ada)
  it.add(live.connection)
  expect(await wanted).toBe(live.connection)
})

test('closing ends all waiting', async () => {
  const { it } = meetings()
  const wanted = it.with(ada, wish)
  it.close(new KithError('closed'))
  await expect(wanted).rejects.toMatchObject({ code: 'closed' })
})
