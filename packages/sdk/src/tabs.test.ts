import { expect, test, vi } from 'vitest'
import { AnswerDuty } from './tabs.ts'

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

  #next(): void {
    this.#holder = undefined
    this.#queue.shift()?.()
  }

  tab(focused = false) {
    const window = new EventTarget()
    const document = Object.assign(new EventTarget(), { hasFocus: () => focused })
    const duty = new AnswerDuty({ locks: this as unknown as LockManager, lockName: 'kith/test', page: { window, document } })
    return { duty, focus: () => window.dispatchEvent(new Event('focus')) }
  }
}

/** Resolves when the duty is as told. */
const until = (duty: AnswerDuty, mine: boolean) => vi.waitFor(() => expect(duty.isMine()).toBe(mine))

test('without locks every tab answers', () => {
  expect(new AnswerDuty({ lockName: 'x' }).isMine()).toBe(true)
})

test('the first tab answers, the last one in focus takes over, and back', async () => {
  const locks = new Locks()
  const [a, b] = [locks.tab(), locks.tab()]
  expect([a.duty.isMine(), b.duty.isMine()]).toEqual([true, false])
  b.focus()
  await until(a.duty, false)
  expect(b.duty.isMine()).toBe(true)
  b.focus()
  a.focus()
  await until(b.duty, false)
  expect(a.duty.isMine()).toBe(true)
})

test('a tab that opens in focus takes the duty at once', async () => {
  const locks = new Locks()
  const a = locks.tab()
  const b = locks.tab(true)
  expect(b.duty.isMine()).toBe(true)
  await until(a.duty, false)
})

test('when the tab on duty closes, one that waits takes over, also one that lost it before', async () => {
  const locks = new Locks()
  const [a, b] = [locks.tab(), locks.tab()]
  b.focus()
  await until(a.duty, false)
  b.duty.close()
  await until(a.duty, true)
  expect(b.duty.isMine()).toBe(false)
  b.focus()
  expect(b.duty.isMine()).toBe(false)
})

test('a tab that closes while it waits is passed over', async () => {
  const locks = new Locks()
  const [a, b, c] = [locks.tab(), locks.tab(), locks.tab()]
  b.duty.close()
  a.duty.close()
  await until(c.duty, true)
  expect(b.duty.isMine()).toBe(false)
})

test('locks that turn out to be forbidden: answering twice is better than not at all', async () => {
  const locks = { request: () => Promise.reject(new DOMException('opaque origin', 'SecurityError')) } as unknown as LockManager
  const error = console.error
  console.error = () => {}
  const duty = new AnswerDuty({ locks, lockName: 'x' })
  await until(duty, true)
  console.error = error
})
