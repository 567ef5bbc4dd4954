import { expect, test } from 'vitest'
import { BATCH_MAX, Batches } from './batches.ts'

test('what comes while a batch is taken is the next one, in order and N at most', async () => {
  const batches: number[][] = []
  const taken = new Batches<number>(async (batch) => {
    batches.push([...batch])
    await new Promise((resolve) => setTimeout(resolve, 0))
  })
  for (let i = 0; i < 10 * BATCH_MAX; i++) await taken.add(i)
  await taken.finish()
  expect(batches.flat()).toEqual(Array.from({ length: 10 * BATCH_MAX }, (_, i) => i))
  expect(batches.length).toBeLessThan(30)
  expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(BATCH_MAX)
})

test('who adds waits while N wait', async () => {
  let go = (): void => undefined
  const taken = new Batches<number>(
    () =>
      new Promise((resolve) => {
        go = resolve
      }),
  )
  await taken.add(0)
  await new Promise((resolve) => setTimeout(resolve, 0))
  for (let i = 1; i < BATCH_MAX; i++) await taken.add(i)
  let isTaken = false
  const last = taken.add(BATCH_MAX).then(() => {
    isTaken = true
  })
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(isTaken).toBe(false)
  go()
  await new Promise((resolve) => setTimeout(resolve, 0))
  go()
  await last
})

test('what cannot be taken is thrown to who adds and to who finishes', async () => {
  const taken = new Batches<number>(() => Promise.reject(new Error('full')))
  await taken.add(1)
  await expect(taken.finish()).rejects.toThrow('full')
  await expect(taken.add(2)).rejects.toThrow('full')
})
