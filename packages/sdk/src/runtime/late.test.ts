import { expect, test } from 'vitest'
import { Late } from './late.ts'

const NOT_LOADED = { code: 'unsupported-environment', source: 'network', message: expect.stringMatching(/try again/) }

test('is fetched once, at the first load', async () => {
  let fetches = 0
  const late = new Late(async () => ++fetches)
  expect(fetches).toBe(0)
  expect(await Promise.all([late.load(), late.load()])).toEqual([1, 1])
  expect(await late.load()).toBe(1)
  expect(late.get()).toBe(1)
})

test('a fetch that fails says what to do, and the next load tries again', async () => {
  const cause = new TypeError('Failed to fetch dynamically imported module')
  const results = [() => Promise.reject(cause), async () => 'code']
  const late = new Late(() => (results.shift() as () => Promise<string>)())
  for (const failed of [late.load(), late.load()]) await expect(failed).rejects.toMatchObject({ ...NOT_LOADED, cause })
  expect(late.isLoaded).toBe(false)
  expect(await late.load()).toBe('code')
  expect(late.isLoaded).toBe(true)
})

test('whoever cannot wait gets an error, and finds it loaded the next time', async () => {
  const late = new Late(async () => undefined)
  expect(() => late.get()).toThrow(expect.objectContaining(NOT_LOADED))
  await late.load()
  expect(late.get()).toBe(undefined)
})

test('what is loaded ahead in vain is loaded when it is needed', async () => {
  const results = [() => Promise.reject(new Error('offline')), async () => 'code']
  const late = new Late(() => (results.shift() as () => Promise<string>)())
  late.preload()
  await expect(late.load()).rejects.toMatchObject(NOT_LOADED)
  expect(await late.load()).toBe('code')
})
