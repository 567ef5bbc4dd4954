import { addressKeys, type Bytes, signBind } from '@kith/protocol'
import { expect, test } from 'vitest'
import { Verifier } from './verifier.ts'

const ORIGIN = 'wss://relay.example'
const nonce: Bytes = new Uint8Array(32).fill(7)
const keys = addressKeys(new Uint8Array(32).fill(1))
const good = { address: keys.address, signature: signBind(keys, ORIGIN, nonce) }
const bad = { address: keys.address, signature: new Uint8Array(64) }

const check = (id: number, prefix: string, binds: (typeof good)[]) =>
  ({ type: 'verify', id, prefix, origins: [ORIGIN], nonce, binds }) as const

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
    for (const id of [1, 2, 3, 4]) verifier.verify(check(id, 'crowd', [bad]))
    for (const id of [5, 6]) verifier.verify(check(id, 'pair', [good, good]))
    for (const id of [7, 8]) verifier.verify(check(id, 'other', [good, bad, good]))
  })
  expect(told.map(([id]) => id)).toEqual([1, 5, 7, 2, 6, 8, 3, 4])
  expect(told.filter(([, ok]) => ok).map(([id]) => id)).toEqual([5, 6])
})

test('what is forgotten is not checked, and what waits behind it is', async () => {
  const told = await found(2, (verifier) => {
    for (const id of [1, 2, 3]) verifier.verify(check(id, 'gone', [good]))
    for (const id of [4, 5, 6]) verifier.verify(check(id, 'stays', [good]))
    verifier.forget({ type: 'forget', prefix: 'gone', ids: [1, 2, 3] })
    verifier.forget({ type: 'forget', prefix: 'stays', ids: [5] })
    verifier.forget({ type: 'forget', prefix: 'unknown', ids: [9] })
  })
  expect(told).toEqual([
    [4, true],
    [6, true],
  ])
})
