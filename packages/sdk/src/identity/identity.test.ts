import 'fake-indexeddb/auto'
import { concat, identityFromSeed, NAME_MAX_LENGTH, type PeerId, utf8, verify as verifyEd25519 } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { openIndexedDb } from '../storage/indexeddb.ts'
import { memoryStore } from '../storage/memory.ts'
import { put } from '../storage/store.ts'
import { LocalIdentity, verify } from './identity.ts'

const keys = identityFromSeed(new Uint8Array(32).fill(1))
const other = identityFromSeed(new Uint8Array(32).fill(2))
const message = utf8('a message')

test('the name is empty at first, tidied, cut, and kept', async () => {
  const store = memoryStore()
  const identity = await LocalIdentity.open(store, keys)
  expect(identity.name).toBe('')
  for (const [given, kept] of [
    ['  Ada \n Lovelace\t', 'Ada Lovelace'],
    ['Zoe\u0308', 'Zo\u00eb'],
    ['x'.repeat(NAME_MAX_LENGTH), 'x'.repeat(NAME_MAX_LENGTH)],
    ['x'.repeat(NAME_MAX_LENGTH + 1), 'x'.repeat(NAME_MAX_LENGTH)],
    [`${'x'.repeat(NAME_MAX_LENGTH - 1)}😀`, 'x'.repeat(NAME_MAX_LENGTH - 1)],
    ['broken \ud83d', 'broken \ufffd'],
    ['Ada\u202e\u2067 ecilA', 'Ada ecilA'],
    ['\u3164\u200b', ''],
    ['', ''],
    ['Ada', 'Ada'],
  ] as const) {
    await identity.setName(given)
    expect(identity.name).toBe(kept)
  }
  expect((await LocalIdentity.open(store, keys)).name).toBe('Ada')
  await expect(identity.setName(7 as never)).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('another tab of the profile sees the name', async () => {
  const [here, there] = await Promise.all([openIndexedDb('identity/name'), openIndexedDb('identity/name')])
  const mine = await LocalIdentity.open(here, keys)
  const theirs = await LocalIdentity.open(there, keys)
  await mine.setName('Ada')
  await vi.waitFor(() => expect(theirs.name).toBe('Ada'))
  mine.close()
  theirs.close()
  here.close()
  there.close()
})

test('a name that cannot be read is reported, and does not stop the start', async () => {
  const store = memoryStore()
  await store.update('me/name', () => put(Uint8Array.of(0xc1)))
  const reported = vi.fn()
  vi.stubGlobal('reportError', reported)
  expect((await LocalIdentity.open(store, keys)).name).toBe('')
  vi.unstubAllGlobals()
  expect(reported).toHaveBeenCalledTimes(1)
})

test('a signature is over the label, the context and the message', async () => {
  const identity = await LocalIdentity.open(memoryStore(), keys)
  const signature = await identity.sign(message, 'app/vote')
  const signed = concat(utf8('kith/1/sign\0'), Uint8Array.of(0, 8), utf8('app/vote'), message)
  expect(verifyEd25519(signature, signed, keys.publicKey)).toBe(true)
  expect(await verify(keys.id, message, 'app/vote', signature)).toBe(true)
})

test('it means nothing for another context, message, signer, or split of the two', async () => {
  const identity = await LocalIdentity.open(memoryStore(), keys)
  const signature = await identity.sign(message, 'app')
  expect(await verify(keys.id, message, 'ap', signature)).toBe(false)
  expect(await verify(keys.id, utf8('pa message'), 'ap', signature)).toBe(false)
  expect(await verify(keys.id, utf8('a messagE'), 'app', signature)).toBe(false)
  expect(await verify(other.id, message, 'app', signature)).toBe(false)
  for (let bit = 0; bit < 512; bit += 7) {
    const flipped = signature.slice()
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    expect(await verify(keys.id, message, 'app', flipped)).toBe(false)
  }
  for (const length of [0, 63, 65]) expect(await verify(keys.id, message, 'app', new Uint8Array(length))).toBe(false)
})

test('arguments are checked at the door', async () => {
  const identity = await LocalIdentity.open(memoryStore(), keys)
  const longest = 'x'.repeat(0xffff)
  await identity.sign(message, longest)
  await expect(identity.sign(message, `${longest}x`)).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(identity.sign(message, '\ud800')).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(identity.sign('text' as never, 'x')).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(verify('12D3KooWx' as PeerId, message, 'x', new Uint8Array(64))).rejects.toMatchObject({ code: 'invalid-peer-id' })
  await expect(verify(keys.id, message, 'x', 'signature' as never)).rejects.toMatchObject({ code: 'invalid-argument' })
})
