import { expect, test, vi } from 'vitest'
import { Emitter, makeStop } from './events.ts'

interface Map {
  tick: number
  text: string
}

test('a stop undoes one registration, once, by call or by `using`', () => {
  const emitter = new Emitter<Map>()
  const heard: number[] = []
  const listener = (value: number) => heard.push(value)
  const first = emitter.on('tick', listener)
  const second = emitter.on('tick', listener)
  emitter.emit('tick', 1)
  first()
  first()
  emitter.emit('tick', 2)
  second[Symbol.dispose]()
  emitter.emit('tick', 3)
  expect(heard).toEqual([1, 1, 2])
})

test('stopping runs its undo once', () => {
  const undo = vi.fn()
  const stop = makeStop(undo)
  stop()
  stop[Symbol.dispose]()
  expect(undo).toHaveBeenCalledTimes(1)
})

test('a listener that throws or rejects is reported and does not disturb the others', async () => {
  const reported: unknown[] = []
  let told = () => {}
  const both = new Promise<void>((resolve) => {
    told = () => reported.length === 2 && resolve()
  })
  vi.stubGlobal('reportError', (error: unknown) => {
    reported.push(error)
    told()
  })
  const emitter = new Emitter<Map>()
  const heard: string[] = []
  emitter.on('text', () => {
    throw new Error('sync')
  })
  emitter.on('text', async () => {
    throw new Error('async')
  })
  emitter.on('text', (text) => heard.push(text))
  emitter.emit('text', 'x')
  await both
  vi.unstubAllGlobals()
  expect(heard).toEqual(['x'])
  expect(reported).toMatchObject([{ message: 'sync' }, { message: 'async' }])
})

test('without reportError the console is told', () => {
  vi.stubGlobal('reportError', undefined)
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  const emitter = new Emitter<Map>()
  emitter.on('tick', () => {
    throw new Error('lost?')
  })
  emitter.emit('tick', 0)
  expect(error).toHaveBeenCalledTimes(1)
  error.mockRestore()
  vi.unstubAllGlobals()
})

test('payloads have the type of their event', () => {
  const emitter = new Emitter<Map>()
  // @ts-expect-error 'tick' carries a number
  emitter.emit('tick', 'text')
  // @ts-expect-error there is no such event
  emitter.on('tock', () => {})
})
