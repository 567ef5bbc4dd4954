import { PROTOCOLS_MAX, type ProtocolName } from '@kith/protocol'
import { expect, test } from 'vitest'
import type { Protocols } from '../api.ts'
import { type Handler, parseProtocols, Serving } from './serving.ts'

const handler: Handler<'stream'> = () => {}
const entry = { kind: 'stream', handler } as const

test('each change of what is served is told, and undoing twice undoes once', () => {
  const told: ProtocolName[][] = []
  const serving: Serving = new Serving(() => told.push(serving.names))
  const stop = serving.add(entry, ['/a/v2', '/a/v1'])
  expect(serving.get('stream', '/a/v1')).toBe(entry)
  expect(serving.get('media', '/a/v1')).toBeUndefined()
  const stopB = serving.add(entry, '/b/v1')
  stop()
  stop()
  expect(serving.get('stream', '/a/v1')).toBeUndefined()
  stopB()
  expect(told).toEqual([['/a/v2', '/a/v1'], ['/a/v2', '/a/v1', '/b/v1'], ['/b/v1'], []])
})

test('a name is served once; of several none is, where one is taken', () => {
  const serving = new Serving(() => {})
  serving.add(entry, '/a/v1')
  expect(() => serving.add(entry, ['/b/v1', '/a/v1'])).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  expect(serving.names).toEqual(['/a/v1'])
  expect(serving.add(entry, ['/c/v1', '/c/v1'])).toBeTypeOf('function')
})

test('PROTOCOLS_MAX may be served, one more may not', () => {
  const serving = new Serving(() => {})
  const names = Array.from({ length: PROTOCOLS_MAX }, (_, n) => `/p${n}/v1` as const)
  serving.add(entry, names.slice(1))
  const stop = serving.add(entry, names.slice(0, 1))
  expect(() => serving.add(entry, '/more/v1')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  stop()
  serving.add(entry, '/more/v1')
  expect(serving.names).toHaveLength(PROTOCOLS_MAX)
  expect(parseProtocols(names)).toEqual(names)
  expect(() => parseProtocols([...names, '/more/v1'])).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})

test.each([undefined, null, 7, {}, [], ''])('%j names no protocols', (bad) => {
  expect(() => parseProtocols(bad as unknown as Protocols)).toThrow(
    expect.objectContaining({ name: 'KithError', code: bad === '' ? 'invalid-protocol' : 'invalid-argument' }),
  )
})

test.each([['chat'], ['/'], ['/a//b'], [7]])('%j is no protocol name', (bad) => {
  expect(() => parseProtocols([bad] as unknown as Protocols)).toThrow(expect.objectContaining({ code: 'invalid-protocol' }))
})

test('what is no function serves nothing', () => {
  const serving = new Serving(() => {})
  expect(() => serving.add({ kind: 'stream', handler: undefined as unknown as Handler<'stream'> }, '/a/v1')).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
  expect(serving.names).toEqual([])
})
