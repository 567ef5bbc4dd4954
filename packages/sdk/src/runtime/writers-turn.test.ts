import { expect, test, vi } from 'vitest'
import { WritersTurn, writersTurn } from './writers-turn.ts'

test('it is over after all that settles at once, once for many wishes, and again for the next', async () => {
  const over = vi.fn()
  const turn = new WritersTurn(over)
  turn.await()
  await Promise.resolve().then(() => turn.await())
  expect(over).not.toHaveBeenCalled()
  await writersTurn()
  await writersTurn()
  expect(over).toHaveBeenCalledTimes(1)
  turn.await()
  await writersTurn()
  await undefined
  expect(over).toHaveBeenCalledTimes(2)
})

test('each wish puts it off', async () => {
  const over = vi.fn()
  const turn = new WritersTurn(over)
  for (let wish = 0; wish < 100; wish++) {
    turn.await()
    for (let settled = 0; settled < 10; settled++) await undefined
  }
  expect(over).not.toHaveBeenCalled()
  await writersTurn()
  expect(over).toHaveBeenCalledTimes(1)
})

test('what is forgotten does not come, and what is wished for after that does', async () => {
  const over = vi.fn()
  const turn = new WritersTurn(over)
  turn.await()
  turn.forget()
  await writersTurn()
  await writersTurn()
  expect(over).not.toHaveBeenCalled()
  turn.await()
  turn.forget()
  turn.await()
  await writersTurn()
  await writersTurn()
  expect(over).toHaveBeenCalledTimes(1)
})
