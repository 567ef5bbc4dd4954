import { expect, test, vi } from 'vitest'
import { afterPendingWrites, Cork } from './cork.ts'

test('it flushes after all that settles at once, once for many holds, and again for the next', async () => {
  const flush = vi.fn()
  const cork = new Cork(flush)
  cork.hold()
  await Promise.resolve().then(() => cork.hold())
  expect(flush).not.toHaveBeenCalled()
  await afterPendingWrites()
  await afterPendingWrites()
  expect(flush).toHaveBeenCalledTimes(1)
  cork.hold()
  await afterPendingWrites()
  await undefined
  expect(flush).toHaveBeenCalledTimes(2)
})

test('each hold delays it', async () => {
  const flush = vi.fn()
  const cork = new Cork(flush)
  for (let holds = 0; holds < 100; holds++) {
    cork.hold()
    for (let settled = 0; settled < 10; settled++) await undefined
  }
  expect(flush).not.toHaveBeenCalled()
  await afterPendingWrites()
  expect(flush).toHaveBeenCalledTimes(1)
})

test('a flush that is dropped does not come, and the next one does', async () => {
  const flush = vi.fn()
  const cork = new Cork(flush)
  cork.hold()
  cork.drop()
  await afterPendingWrites()
  await afterPendingWrites()
  expect(flush).not.toHaveBeenCalled()
  cork.hold()
  cork.drop()
  cork.hold()
  await afterPendingWrites()
  await afterPendingWrites()
  expect(flush).toHaveBeenCalledTimes(1)
})
