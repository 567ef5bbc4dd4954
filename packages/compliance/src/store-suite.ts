/** What every storage must do. A user's KeyValueStore is tested through `adaptKeyValueStore`, as it is used. */
import { KithError } from '@kith/protocol'
import { DELETE, KEEP, put, type Store } from '@kith/sdk/parts'
import { describe, expect, test } from 'vitest'

const bytes = (...values: number[]) => Uint8Array.from(values)

/** @param open a fresh, empty one for each test. */
export function storeSuite(name: string, open: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    test('keeps, replaces, deletes', async () => {
      const store = await open()
      expect(await store.get('a')).toBeUndefined()
      expect(await store.update('a', () => put(bytes(1, 2)))).toEqual(bytes(1, 2))
      expect(await store.get('a')).toEqual(bytes(1, 2))
      expect(await store.update('a', (current) => put(bytes(...(current ?? []), 3)))).toEqual(bytes(1, 2, 3))
      expect(await store.update('a', () => KEEP)).toEqual(bytes(1, 2, 3))
      expect(await store.update('a', () => DELETE)).toBeUndefined()
      expect(await store.get('a')).toBeUndefined()
      store.close()
    })

    test('lists keys by prefix, sorted', async () => {
      const store = await open()
      for (const key of ['b/2', 'b/1', 'a/1', 'c', 'b']) await store.update(key, () => put(bytes(0)))
      expect(await store.keys('b/')).toEqual(['b/1', 'b/2'])
      expect(await store.keys('')).toEqual(['a/1', 'b', 'b/1', 'b/2', 'c'])
      store.close()
    })

    test('updates of one key follow each other, none is lost', async () => {
      const store = await open()
      const increment = () => store.update('n', (current) => put(bytes((current?.[0] ?? 0) + 1)))
      await Promise.all(Array.from({ length: 50 }, increment))
      expect(await store.get('n')).toEqual(bytes(50))
      store.close()
    })

    test('what a decision throws is thrown on, nothing is written, the next goes on', async () => {
      const store = await open()
      await store.update('a', () => put(bytes(1)))
      const refusal = new KithError('used', 'no')
      const refused = store.update('a', () => {
        throw refusal
      })
      const next = store.update('a', (current) => put(bytes(...(current ?? []), 2)))
      await expect(refused).rejects.toBe(refusal)
      expect(await next).toEqual(bytes(1, 2))
      store.close()
    })
  })
}
