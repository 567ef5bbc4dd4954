import { addressKeys, type Bytes, signBind } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { strictVerify } from './strict-verify.ts'
import { Verifier } from './verifier.ts'

vi.mock(import('./strict-verify.ts'), { spy: true })

const ORIGIN = 'wss://relay.example'
const nonce: Bytes = new Uint8Array(32).fill(7)
const keys = addressKeys(new Uint8Array(32).fill(1))
const good = { address: keys.address, signature: signBind(keys, ORIGIN, nonce) }
const bad = { address: keys.address, signature: new Uint8Array(64) }

const check = (id: number, prefix: string, binds: (typeof good)[], socket = 1) =>
  ({ type: 'verify', id, prefix, socket, origins: [ORIGIN], nonce, binds }) as const

/** What was found, in order, once so many have been checked. */
function found(count: number, fill: (verifier: Verifier) => void): Promise<[id: number, ok: boolean][]> {
  return new Promise((resolve) => {
    const told: [number, boolean][] = []
    const verifier = new Verifier((id, ok) => {
      told.push([id, ok])
      if (told.length === count) resolve(told)
    })
    fill(verifier)
  })
}

test('networks are served in turn, each in its order: one that brings many waits for its own', async () => {
  const told = await found(8, (verifier) => {
    for (const id of [1, 2, 3, 4]) verifier.verify(check(id, '192.0.2.1', [bad]))
    for (const id of [5, 6]) verifier.verify(check(id, '192.0.2.2', [good, good], 2))
    for (const id of [7, 8]) verifier.verify(check(id, '192.0.2.3', [good, bad, good], 3))
  })
  expect(told.map(([id]) => id)).toEqual([1, 5, 7, 2, 6, 8, 3, 4])
  expect(told.filter(([, ok]) => ok).map(([id]) => id)).toEqual([5, 6])
})

test('in a network its sockets are served in turn: a neighbour who brings many waits for their own', async () => {
  const told = await found(6, (verifier) => {
    for (const id of [1, 2, 3, 4]) verifier.verify(check(id, '192.0.2.1', [good], 1))
    verifier.verify(check(5, '192.0.2.1', [good], 2))
    verifier.verify(check(6, '192.0.2.1', [good], 3))
  })
  expect(told.map(([id]) => id)).toEqual([1, 5, 6, 2, 3, 4])
})

test('all networks of one IPv6 site share a turn: who owns a /48 comes from 65,536 of them', async () => {
  const told = await found(6, (verifier) => {
    for (const id of [1, 2, 3, 4]) verifier.verify(check(id, `2001:db8:7:${id}::/64`, [good], id))
    verifier.verify(check(5, '2001:db8:8:0::/64', [good], 5))
    verifier.verify(check(6, '192.0.2.1', [good], 6))
  })
  expect(told.map(([id]) => id)).toEqual([1, 5, 6, 2, 3, 4])
})

test('what a socket brought is forgotten with it, and what waits behind it is checked', async () => {
  const told = await found(2, (verifier) => {
    for (const id of [1, 2, 3]) verifier.verify(check(id, '192.0.2.1', [good], 1))
    verifier.verify(check(4, '192.0.2.1', [good], 2))
    verifier.verify(check(5, '192.0.2.2', [good], 3))
    verifier.forget({ type: 'forget', prefix: '192.0.2.1', socket: 1 })
    verifier.forget({ type: 'forget', prefix: '192.0.2.9', socket: 9 })
  })
  expect(told).toEqual([
    [4, true],
    [5, true],
  ])
})

// ── how much is checked ──────────────────────────────────────────────────────────────────────

const WS = 'ws://relay.example'
const WSS = 'wss://relay.example'

/** How often a signature was looked at for these BINDs of one socket, one after the other. */
async function looks(binds: (typeof good)[][], origins = [WS, WSS]): Promise<number> {
  vi.mocked(strictVerify).mockClear()
  await found(binds.length, (verifier) => {
    for (const [id, list] of binds.entries()) {
      verifier.verify({ type: 'verify', id, prefix: '192.0.2.1', socket: 1, origins, nonce, binds: list })
    }
  })
  return vi.mocked(strictVerify).mock.calls.length
}

test('a socket dials ws or wss: both are tried for its first signature, and for no other', async () => {
  const over = { address: keys.address, signature: signBind(keys, WSS, nonce) }
  expect(await looks([Array(16).fill(over), Array(16).fill(over), [over]])).toBe(34)
  // Once it is known, a signature for the other does not hold, and is looked at once.
  const under = { address: keys.address, signature: signBind(keys, WS, nonce) }
  expect(await looks([[under, over, over]])).toBe(2)
})

test('of a BIND nothing is checked after the first signature that does not hold', async () => {
  expect(await looks([[bad, good, good]])).toBe(2)
  expect(await looks([[good, bad, good]], [ORIGIN])).toBe(2)
})
