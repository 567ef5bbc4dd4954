import { addressKeys, type Bytes, ENVELOPE_BYTES } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { BroadcastChannelCarrier } from './broadcast-channel.ts'
import { MemoryHub, unreliable } from './memory.ts'
import { Roster } from './roster.ts'

const keys = addressKeys(new Uint8Array(32).fill(1))
const envelopeOf = (n: number): Bytes => new Uint8Array(ENVELOPE_BYTES).fill(n)

test('what others post on the channel is ignored unless it is an address and an envelope', async () => {
  const carrier = new BroadcastChannelCarrier()
  const stranger = new BroadcastChannel('kith/1')
  const received: number[] = []
  const done = new Promise<void>((resolve) => {
    carrier.bind(keys, (envelope) => {
      received.push(envelope[0] as number)
      resolve()
    })
  })
  const message = (length: number, filler = 8) => {
    const bytes = new Uint8Array(length).fill(filler)
    bytes.set(keys.address)
    return bytes
  }
  const junk: unknown[] = [
    null,
    'text',
    7,
    {},
    [1],
    message(1055),
    message(1057),
    message(1056).buffer,
    new Uint8Array(),
    new Map(),
  ]
  for (const thing of junk) stranger.postMessage(thing)
  stranger.postMessage(message(1056, 7))
  await done
  expect(received).toEqual([7])
  carrier.close()
  stranger.close()
})

test('the memory carrier of tests loses, repeats and reorders as its seed says, every time alike', () => {
  const run = (seed: number) => {
    const scheduled: (() => void)[] = []
    const fate = unreliable(seededRandom(seed).next32, { drop: 0.2, duplicate: 0.2, reorder: 0.2 })
    const hub = new MemoryHub({ schedule: (deliver) => scheduled.push(deliver), fate })
    const [from, to] = [hub.carrier(), hub.carrier()]
    const received: number[] = []
    to.bind(keys, (envelope) => received.push(envelope[0] as number))
    for (let n = 0; n < 200; n++) from.send(keys.address, envelopeOf(n))
    expect(received).toEqual([])
    for (const deliver of scheduled) deliver()
    return received
  }
  const received = run(3)
  expect(run(3)).toEqual(received)
  expect(run(4)).not.toEqual(received)
  const distinct = new Set(received)
  expect(distinct.size).toBeLessThan(190)
  expect(distinct.size).toBeGreaterThan(130)
  expect(received.length).toBeGreaterThan(distinct.size)
  expect([...distinct]).not.toEqual([...distinct].sort((a, b) => a - b))
})

test('a listener that throws keeps an envelope from no other, and the error is not lost', async () => {
  const hub = new MemoryHub({ schedule: (deliver) => deliver() })
  const [from, to] = [hub.carrier(), hub.carrier()]
  const reported: unknown[] = []
  Object.assign(globalThis, { reportError: (error: unknown) => reported.push(error) })
  try {
    const received: number[] = []
    to.bind(keys, () => {
      throw new Error('of the listener')
    })
    to.bind(keys, (envelope) => received.push(envelope[0] as number))
    from.send(keys.address, envelopeOf(1))
    expect(received).toEqual([1])
    expect(reported).toEqual([new Error('of the listener')])
  } finally {
    Reflect.deleteProperty(globalThis, 'reportError')
  }
})

test.each<[string, unknown]>([
  ['no BroadcastChannel', undefined],
  [
    'one that may not be made',
    () => {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    },
  ],
])('%s: no carrier, and why', (_name, value) => {
  vi.stubGlobal('BroadcastChannel', value)
  expect(() => new BroadcastChannelCarrier()).toThrow(expect.objectContaining({ code: 'unsupported-environment' }))
  const roster = new Roster({ relays: [], local: true, onStatus: () => {} })
  vi.unstubAllGlobals()
  expect([roster.isLocal, roster.own]).toEqual([false, []])
  roster.close()
})

test('what the channel does not take is lost, as carriers may; the sender goes on', () => {
  class Full extends EventTarget {
    postMessage() {
      throw new DOMException('The channel is closed.', 'InvalidStateError')
    }
    close() {}
  }
  vi.stubGlobal('BroadcastChannel', Full)
  const carrier = new BroadcastChannelCarrier()
  vi.unstubAllGlobals()
  carrier.send(keys.address, envelopeOf(1))
  carrier.close()
})
