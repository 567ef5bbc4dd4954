import { describe, expect, test, vi } from 'vitest'
import { TabLeader } from './tab-leader.ts'

/** Web Locks as the specification has them (https://w3c.github.io/web-locks/), for one lock and its three ways to be asked. */
class Locks {
  #holder: { reject: (error: unknown) => void } | undefined
  #queue: (() => void)[] = []

  request(_name: string, options: LockOptions, callback: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const grant = () => {
        const holder = { reject }
        this.#holder = holder
        callback().then(() => {
          resolve()
          if (this.#holder === holder) this.#next()
        }, reject)
      }
      if (options.steal) {
        this.#holder?.reject(new DOMException('stolen', 'AbortError'))
        grant()
      } else if (this.#holder) {
        this.#queue.push(grant)
        options.signal?.addEventListener('abort', () => {
          this.#queue = this.#queue.filter((waiting) => waiting !== grant)
          reject(options.signal?.reason)
        })
      } else grant()
    })
  }

  async query(): Promise<LockManagerSnapshot> {
    return { held: this.#holder ? [{ name: 'kith/test', mode: 'exclusive', clientId: '' }] : [], pending: [] }
  }

  #next(): void {
    this.#holder = undefined
    this.#queue.shift()?.()
  }

  tab(focused = false) {
    const { page, focus } = pageOf(focused)
    return { leader: new TabLeader({ locks: this as unknown as LockManager, lockName: 'kith/test', page }), focus }
  }
}

function pageOf(focused: boolean) {
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { hasFocus: () => focused })
  return { page: { window, document }, focus: () => window.dispatchEvent(new Event('focus')) }
}

/** Resolves when the tab leads or not, as given. */
const until = (leader: TabLeader, mine: boolean) => vi.waitFor(() => expect(leader.isLeader()).toBe(mine))

test('without locks every tab answers', () => {
  expect(new TabLeader({ lockName: 'x' }).isLeader()).toBe(true)
})

test('the first tab answers, the last one in focus takes over, and back', async () => {
  const locks = new Locks()
  const [a, b] = [locks.tab(), locks.tab()]
  expect([a.leader.isLeader(), b.leader.isLeader()]).toEqual([true, false])
  b.focus()
  await until(a.leader, false)
  expect(b.leader.isLeader()).toBe(true)
  b.focus()
  a.focus()
  await until(b.leader, false)
  expect(a.leader.isLeader()).toBe(true)
})

test('a tab that opens in focus leads at once', async () => {
  const locks = new Locks()
  const a = locks.tab()
  const b = locks.tab(true)
  expect(b.leader.isLeader()).toBe(true)
  await until(a.leader, false)
})

test('when the leading tab closes, one that waits takes over, also one that lost it before', async () => {
  const locks = new Locks()
  const [a, b] = [locks.tab(), locks.tab()]
  b.focus()
  await until(a.leader, false)
  b.leader.close()
  await until(a.leader, true)
  expect(b.leader.isLeader()).toBe(false)
  b.focus()
  expect(b.leader.isLeader()).toBe(false)
})

test('a tab that closes while it waits is passed over', async () => {
  const locks = new Locks()
  const [a, b, c] = [locks.tab(), locks.tab(), locks.tab()]
  b.leader.close()
  a.leader.close()
  await until(c.leader, true)
  expect(b.leader.isLeader()).toBe(false)
})

const never = () => new Promise<never>(() => {})
const forbidden = () => {
  throw new DOMException('The operation is insecure.', 'SecurityError')
}

describe('locks that cannot be used: answering twice is better than not at all, and it is told once', () => {
  test.each<[string, unknown]>([
    ['no method to ask by', {}],
    ['asking throws', { request: forbidden }],
    ['asking is refused', { request: async () => forbidden() }],
    ['asking is never answered, and who holds the lock is not told', { request: never }],
    ['asking is never answered, nor who holds the lock', { request: never, query: never }],
    ['asking is never answered, and who holds the lock may not be asked', { request: never, query: forbidden }],
    ['asking is never answered, and nobody holds the lock', { request: never, query: async () => ({ held: [], pending: [] }) }],
  ])('%s', async (_name, locks) => {
    for (const focused of [false, true]) {
      vi.useFakeTimers()
      const { page, focus } = pageOf(focused)
      const told = vi.fn()
      const leader = new TabLeader({ locks: locks as LockManager, lockName: 'kith/test', page, onUnusable: told })
      await vi.advanceTimersByTimeAsync(4_000)
      expect(leader.isLeader()).toBe(true)
      // Who comes back to the tab changes nothing.
      focus()
      await vi.advanceTimersByTimeAsync(0)
      expect(leader.isLeader()).toBe(true)
      expect(told).toHaveBeenCalledTimes(1)
      leader.close()
      expect([leader.isLeader(), vi.getTimerCount()]).toEqual([false, 0])
      vi.useRealTimers()
    }
  })
})

test('a lock that another tab holds is waited for, however long, and no timer is left', async () => {
  vi.useFakeTimers()
  const locks = new Locks()
  const told = vi.fn()
  const first = locks.tab()
  const second = new TabLeader({ locks: locks as unknown as LockManager, lockName: 'kith/test', onUnusable: told })
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect([first.leader.isLeader(), second.isLeader(), vi.getTimerCount()]).toEqual([true, false, 0])
  expect(told).not.toHaveBeenCalled()
  first.leader.close()
  await vi.advanceTimersByTimeAsync(0)
  expect(second.isLeader()).toBe(true)
  second.close()
  vi.useRealTimers()
})

/** Locks that grant when they are told to. */
function late(query: () => Promise<unknown>) {
  let grant = () => {}
  const request = (_name: string, _options: LockOptions, hold: () => Promise<void>) =>
    new Promise<void>((resolve) => {
      grant = () => void hold().then(resolve)
    })
  return { locks: { request, query } as unknown as LockManager, grant: () => grant() }
}

test.each([false, true])(
  'a lock that comes later than it should: what was told is taken back (in focus: %s)',
  async (focused) => {
    vi.useFakeTimers()
    const { locks, grant } = late(never)
    const heard: string[] = []
    const leader = new TabLeader({
      locks,
      lockName: 'kith/test',
      page: pageOf(focused).page,
      onUnusable: () => heard.push('unusable'),
      onUsable: () => heard.push('usable'),
    })
    await vi.advanceTimersByTimeAsync(4_000)
    expect([leader.isLeader(), heard]).toEqual([true, ['unusable']])
    grant()
    expect([leader.isLeader(), heard]).toEqual([true, ['unusable', 'usable']])
    leader.close()
    vi.useRealTimers()
  },
)

test('a lock that is to be taken from a tab that holds it, and comes late, is waited for: locks work', async () => {
  vi.useFakeTimers()
  const { locks, grant } = late(async () => ({ held: [{ name: 'kith/test' }], pending: [] }))
  const told = vi.fn()
  const leader = new TabLeader({ locks, lockName: 'kith/test', page: pageOf(true).page, onUnusable: told, onUsable: told })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(leader.isLeader()).toBe(false)
  grant()
  expect(leader.isLeader()).toBe(true)
  expect(told).not.toHaveBeenCalled()
  leader.close()
  vi.useRealTimers()
})

test('a lock that is granted after all, later than it should be, is taken', async () => {
  vi.useFakeTimers()
  let grant = () => {}
  const request = (_name: string, _options: LockOptions, hold: () => Promise<void>) =>
    new Promise<void>((resolve) => {
      grant = () => void hold().then(resolve)
    })
  const leader = new TabLeader({ locks: { request, query: never } as unknown as LockManager, lockName: 'kith/test' })
  await vi.advanceTimersByTimeAsync(4_000)
  expect(leader.isLeader()).toBe(true)
  grant()
  leader.close()
  // What holds it is let go, or no other tab would ever answer.
  expect(leader.isLeader()).toBe(false)
  vi.useRealTimers()
})
