import { PROTOCOLS_MAX, type ProtocolName, type StreamKind } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import type { Protocols, Stream } from '../api.ts'
import type { LinkStream } from '../session/link.ts'
import type { LiveConnection } from './connection.ts'
import { type Handler, parseProtocols, Serving } from './serving.ts'

const handler: Handler<'stream'> = vi.fn()
const entry = { kind: 'stream', handler } as const

test('each change of what is served is told, and undoing twice undoes once', () => {
  const told: ProtocolName[][] = []
  const serving: Serving = new Serving(() => told.push(serving.names))
  const stop = serving.add(entry, ['/a/v2', '/a/v1'])
  const served = (kind: StreamKind) => serving.handlerFor({ kind, protocol: '/a/v1' }, () => undefined, vi.fn())
  expect([served('stream'), served('media'), served('datagrams')]).toEqual([expect.any(Function), undefined, undefined])
  const stopB = serving.add(entry, '/b/v1')
  stop()
  stop()
  expect(served('stream')).toBeUndefined()
  stopB()
  expect(told).toEqual([['/a/v2', '/a/v1'], ['/a/v2', '/a/v1', '/b/v1'], ['/b/v1'], []])
})

test('a stream goes to its handler once its connection is there; where the link has ended before, it is reset', async () => {
  const serving = new Serving(() => {})
  serving.add(entry, '/a/v1')
  const opened = {} as Stream
  const connection = { wrap: () => opened } as unknown as LiveConnection
  const stream = { reset: vi.fn() as LinkStream['reset'] } as LinkStream
  const used = vi.fn()
  const request = { kind: 'stream', protocol: '/a/v1' } as const
  serving.handlerFor(request, () => connection, used)?.(stream)
  await serving.handlerFor(request, async () => connection, used)?.(stream)
  expect([vi.mocked(handler).mock.calls, used.mock.calls]).toEqual([
    [[opened], [opened]],
    [[connection], [connection]],
  ])
  expect(stream.reset).not.toHaveBeenCalled()
  await serving.handlerFor(request, async () => undefined, used)?.(stream)
  expect(stream.reset).toHaveBeenCalledTimes(1)
  expect(used).toHaveBeenCalledTimes(2)
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
