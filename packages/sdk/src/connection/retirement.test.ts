import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ECHO, linkPair } from '../session/pair.testing.ts'
import { Retirement } from './retirement.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

/** Two ends of a link; `closed` are those that the retirement has closed. */
async function pair(features?: readonly []) {
  const streams: { readonly writable: WritableStream<Uint8Array>; readonly readable: ReadableStream<Uint8Array> }[] = []
  const { dialler, callee } = linkPair(
    {},
    { protocols: [ECHO], onIncoming: () => (stream) => void streams.push(stream), ...(features && { features }) },
  )
  await Promise.all([dialler.ready, callee.ready])
  const closed: string[] = []
  const heard: string[] = []
  const mine = new Retirement(
    dialler,
    () => closed.push('mine'),
    () => heard.push('mine'),
  )
  const theirs = new Retirement(
    callee,
    () => closed.push('theirs'),
    () => heard.push('theirs'),
  )
  return { dialler, callee, mine, theirs, closed, heard, streams }
}

/** Looks until one of them has closed it. */
async function both(closed: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(250)
    expect(closed.length).toBeGreaterThan(0)
  })
}

test('it closes when both have retired and no stream is left', async () => {
  const { mine, theirs, closed } = await pair()
  mine.begin()
  await vi.advanceTimersByTimeAsync(300)
  expect(mine.isFinal).toBe(true)
  expect(closed).toEqual([])
  theirs.begin()
  await both(closed)
  expect(theirs.isFinal).toBe(true)
})

test('no stream is cut: neither one that is open, nor one that was on its way when we retired', async () => {
  const { dialler, callee, mine, theirs, closed, streams } = await pair()
  mine.begin()
  await vi.advanceTimersByTimeAsync(300)
  expect(mine.isFinal).toBe(true)
  // They do not know yet, and open one.
  dialler.setProtocols([ECHO])
  const late = await dialler.open(ECHO)
  theirs.begin()
  await vi.advanceTimersByTimeAsync(700)
  expect(closed).toEqual([])
  await vi.waitFor(() => expect(streams).toHaveLength(1))
  await streams[0]?.writable.close()
  const drained = streams[0]?.readable.pipeTo(new WritableStream())
  await late.writable.close()
  await drained
  for await (const _ of late.readable) throw new Error('nothing was sent')
  await both(closed)
  expect(callee.isIdle).toBe(true)
})

test('while a remote does not know of it, nothing is said and nothing closes', async () => {
  const { dialler, mine, theirs, closed } = await pair([])
  mine.begin()
  theirs.begin()
  await vi.advanceTimersByTimeAsync(700)
  expect([mine.isFinal, theirs.isFinal, closed]).toEqual([false, false, []])
  expect((await dialler.open(ECHO)).protocol).toBe(ECHO)
})

test('it is taken back while nothing was said or heard', async () => {
  const { mine, closed } = await pair()
  mine.begin()
  mine.cancel()
  await vi.advanceTimersByTimeAsync(700)
  expect([mine.isFinal, closed]).toEqual([false, []])
})

test('who has heard that the remote opens no more here opens none either, and lets it close', async () => {
  const { mine, theirs, closed, heard } = await pair()
  theirs.begin()
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(250)
    expect(heard).toEqual(['mine'])
  })
  expect(mine.isFinal).toBe(true)
  mine.cancel()
  await both(closed)
})
