import 'fake-indexeddb/auto'
import {
  CONTACT_RELAYS_MAX,
  identityFromSeed,
  KithError,
  NAME_MAX_LENGTH,
  ONLINE_MS,
  type PeerId,
  PURPOSES_MAX,
  pack,
} from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { openIndexedDb } from '../storage/indexeddb.ts'
import { memoryStore } from '../storage/memory.ts'
import { put, type Store } from '../storage/store.ts'
import type { ContactChange } from './contact-change.ts'
import { packContact, unpackContact } from './contact-record.ts'
import { ContactBook } from './contacts.ts'

const person = (n: number): PeerId => identityFromSeed(new Uint8Array(32).fill(n)).id
const [me, ann, bob, cyd] = [person(1), person(2), person(3), person(4)]
const START = 1_700_000_000_000

async function book(store: Store = memoryStore()) {
  const clock = { now: START }
  const contacts = await ContactBook.open({ store, self: me, now: () => clock.now })
  const heard: string[] = []
  contacts.events.on('contact', ({ change, contact }) => heard.push(`${change} ${contact.name} ${contact.online ? 'on' : 'off'}`))
  return { contacts, clock, heard, store }
}

/** Resolves with the next change that `contacts` tells of. */
const nextChange = (contacts: ContactBook) => new Promise<ContactChange>((resolve) => contacts.events.on('contact', resolve))

test('adds with defaults, iterates by name, finds by purpose', async () => {
  const { contacts, heard } = await book()
  const added = await contacts.add({ id: ` ${bob} ` as PeerId, name: '  bob\n ' })
  expect(added).toEqual({ id: bob, name: 'bob', purposes: [], trust: 'trusted', relays: [], addedAt: START, online: false })
  await contacts.add({ id: ann, name: 'Zoë', purposes: ['chat', ' chat', 'backup'], trust: 'known', relays: ['wss://R.example'] })
  await contacts.add({ id: cyd, name: 'Äpfel', purposes: ['chat'] })
  expect([...contacts].map(({ name }) => name)).toEqual(['Äpfel', 'bob', 'Zoë'])
  expect(contacts.for('chat').map(({ id }) => id)).toEqual([cyd, ann])
  expect(contacts.get(ann)).toMatchObject({ purposes: ['chat', 'backup'], relays: ['wss://r.example/'], trust: 'known' })
  expect(heard).toEqual(['added bob off', 'added Zoë off', 'added Äpfel off'])
})

test('snapshots are frozen', async () => {
  const { contacts } = await book()
  const contact = await contacts.add({ id: ann, name: 'Ann', purposes: ['chat'] })
  expect(() => Object.assign(contact, { name: 'Eve' })).toThrow(TypeError)
  expect(() => (contact.purposes as string[]).push('x')).toThrow(TypeError)
  expect(() => (contact.relays as string[]).push('x')).toThrow(TypeError)
  await contacts.update(contact, { name: 'Anna' })
  expect(contact.name).toBe('Ann')
})

test('adding someone who is there changes what is given and keeps the rest', async () => {
  const { contacts, clock, heard } = await book()
  await contacts.add({ id: ann, name: 'Ann', purposes: ['chat'], trust: 'blocked' })
  clock.now += 1
  expect(await contacts.add({ id: ann, name: 'Anna' })).toMatchObject({
    name: 'Anna',
    purposes: ['chat'],
    trust: 'blocked',
    addedAt: START,
  })
  await contacts.add({ id: ann, name: 'Anna' })
  expect(heard).toEqual(['added Ann off', 'changed Anna off'])
})

test('update and remove take whoever has an id; removing twice is removing once', async () => {
  const { contacts, heard } = await book()
  const contact = await contacts.add({ id: ann, name: 'Ann' })
  expect(await contacts.update(contact, { trust: 'blocked', name: undefined as never })).toMatchObject({
    name: 'Ann',
    trust: 'blocked',
  })
  await contacts.remove(contact)
  await contacts.remove(ann)
  expect([...contacts]).toEqual([])
  expect(heard).toEqual(['added Ann off', 'changed Ann off', 'removed Ann off'])
  await expect(contacts.update(ann, { name: 'x' })).rejects.toMatchObject({ code: 'invalid-argument' })
})

test.each<[string, object, string]>([
  ['oneself', { id: me, name: 'Me' }, 'invalid-argument'],
  ['no PeerId', { id: 'ann', name: 'Ann' }, 'invalid-peer-id'],
  ['no name', { id: ann }, 'invalid-argument'],
  ['an empty name', { id: ann, name: ' \n\t' }, 'invalid-argument'],
  ['a name of N + 1', { id: ann, name: 'x'.repeat(NAME_MAX_LENGTH + 1) }, 'invalid-argument'],
  ['a name that is none', { id: ann, name: 7 }, 'invalid-argument'],
  [
    'N + 1 purposes',
    { id: ann, name: 'Ann', purposes: Array.from({ length: PURPOSES_MAX + 1 }, (_, i) => `p${i}`) },
    'invalid-argument',
  ],
  ['a purpose of N + 1', { id: ann, name: 'Ann', purposes: ['x'.repeat(65)] }, 'invalid-argument'],
  ['purposes that are no list', { id: ann, name: 'Ann', purposes: 'chat' }, 'invalid-argument'],
  [
    'N + 1 relays',
    { id: ann, name: 'Ann', relays: Array.from({ length: CONTACT_RELAYS_MAX + 1 }, (_, i) => `wss://${i}.example`) },
    'invalid-argument',
  ],
  ['a relay of another scheme', { id: ann, name: 'Ann', relays: ['https://r.example'] }, 'invalid-argument'],
  ['unknown trust', { id: ann, name: 'Ann', trust: 'full' }, 'invalid-argument'],
])('refuses %s', async (_name, contact, code) => {
  const { contacts, heard } = await book()
  await expect(contacts.add(contact as Parameters<ContactBook['add']>[0])).rejects.toMatchObject({ code })
  expect([...contacts]).toEqual([])
  expect(heard).toEqual([])
})

test('takes what is just at the limits, and it survives the store', async () => {
  const { contacts, store } = await book()
  await contacts.add({
    id: ann,
    name: 'n'.repeat(NAME_MAX_LENGTH),
    purposes: Array.from({ length: PURPOSES_MAX }, (_, i) => `${i}`.padEnd(64, 'p')),
    relays: Array.from({ length: CONTACT_RELAYS_MAX }, (_, i) => `wss://${i}.example/${'x'.repeat(230)}`),
  })
  const again = await book(store)
  expect([...again.contacts]).toEqual([...contacts])
})

test('online for a minute after each sign of life; events on the turns only', async () => {
  const { contacts, clock, heard } = await book()
  await contacts.add({ id: ann, name: 'Ann' })
  contacts.seen(ann)
  contacts.seen(bob)
  clock.now += ONLINE_MS / 2
  contacts.seen(ann)
  contacts.seen(ann, START)
  expect(contacts.get(ann)).toMatchObject({ online: true, lastSeenAt: clock.now })
  clock.now += ONLINE_MS - 1
  expect(contacts.expire()).toBe(clock.now + 1)
  expect(contacts.get(ann)?.online).toBe(true)
  clock.now += 1
  expect(contacts.expire()).toBeUndefined()
  expect(contacts.get(ann)?.online).toBe(false)
  expect(heard).toEqual(['added Ann off', 'changed Ann on', 'changed Ann off'])
})

test('the last sign of life is saved now and then, and when closing', async () => {
  const { contacts, store } = await book()
  await contacts.add({ id: ann, name: 'Ann' })
  const update = vi.spyOn(store, 'update')
  for (let second = 0; second <= 45; second++) contacts.seen(ann, START + second * 1000)
  expect(update).toHaveBeenCalledTimes(2)
  await contacts.close()
  const again = await book(store)
  expect(again.contacts.get(ann)?.lastSeenAt).toBe(START + 45_000)
})

test('a record that cannot be read is reported and left out, not deleted; the rest is there', async () => {
  const store = memoryStore()
  const first = await book(store)
  await first.contacts.add({ id: ann, name: 'Ann' })
  await store.update(`contact/${bob}`, () => put(pack([1, bob, 'Bob'])))
  await store.update(`contact/${cyd}`, () =>
    put(packContact({ ...unpackContact(packContact({ ...first.contacts.get(ann)! })), name: 'Eve' })),
  )
  const reported: KithError[] = []
  vi.stubGlobal('reportError', (error: KithError) => reported.push(error))
  const { contacts } = await book(store)
  vi.unstubAllGlobals()
  expect([...contacts].map(({ name }) => name)).toEqual(['Ann'])
  expect(reported.map(({ code }) => code)).toEqual(['storage', 'storage'])
  expect(await store.get(`contact/${bob}`)).toBeDefined()
})

test('fields of a later version are passed over', () => {
  const later = pack([2, ann, 'Ann', ['chat'], 2, [], START, null, 'colour', { of: 'eyes' }])
  expect(unpackContact(later)).toEqual({ id: ann, name: 'Ann', purposes: ['chat'], trust: 'trusted', relays: [], addedAt: START })
})

test('a name that was kept before names were tidied is tidied as it is read', () => {
  const read = (name: string) => unpackContact(pack([1, ann, name, [], 2, [], START, null])).name
  expect(read('Ann\u202e ecilA')).toBe('Ann ecilA')
  expect(read('A\u200dnn')).toBe('Ann')
  expect(read('\u3164')).toBe(`…${ann.slice(-6)}`)
})

test('a damaged record is a contact or a typed error', () => {
  const whole = packContact({
    id: ann,
    name: 'Ann',
    purposes: ['chat'],
    trust: 'known',
    relays: ['wss://r.example/'],
    addedAt: START,
    lastSeenAt: START,
  })
  for (const mutated of mutations(0x12, [whole], Number(process.env.KITH_FUZZ ?? 20000))) {
    try {
      unpackContact(mutated)
    } catch (error) {
      if (!(error instanceof KithError)) throw new Error(`seed 0x12: ${mutated}`, { cause: error })
    }
  }
})

test('a change from another tab does not take back who was seen here since', async () => {
  const [here, there] = await Promise.all([openIndexedDb('contacts/seen'), openIndexedDb('contacts/seen')])
  const mine = await book(here)
  await mine.contacts.add({ id: ann, name: 'Ann' })
  const theirs = await book(there)
  mine.contacts.seen(ann, START)
  mine.contacts.seen(ann, START + 1000)
  const change = new Promise<void>((resolve) => {
    mine.contacts.events.on('contact', ({ contact }) => contact.name === 'Anna' && resolve())
  })
  await theirs.contacts.update(ann, { name: 'Anna' })
  await change
  expect(mine.contacts.get(ann)).toMatchObject({ name: 'Anna', lastSeenAt: START + 1000, online: true })
  here.close()
  there.close()
})

test('another tab of the profile sees what is added, changed, seen and removed', async () => {
  const [here, there] = await Promise.all([openIndexedDb('contacts/tabs'), openIndexedDb('contacts/tabs')])
  const mine = await book(here)
  const theirs = await book(there)
  const expectNext = async (act: () => unknown, expected: object) => {
    const change = nextChange(theirs.contacts)
    await act()
    expect(await change).toMatchObject(expected)
  }
  await expectNext(() => mine.contacts.add({ id: ann, name: 'Ann' }), { change: 'added', contact: { id: ann, name: 'Ann' } })
  await expectNext(() => mine.contacts.update(ann, { name: 'Anna' }), { change: 'changed', contact: { name: 'Anna' } })
  await expectNext(() => mine.contacts.seen(ann), { change: 'changed', contact: { online: true } })
  await expectNext(() => mine.contacts.remove(ann), { change: 'removed', contact: { name: 'Anna' } })
  expect([...theirs.contacts]).toEqual([])
  here.close()
  there.close()
})

test('two tabs that change two things about one person at once: both are kept', async () => {
  const [here, there] = await Promise.all([openIndexedDb('contacts/race'), openIndexedDb('contacts/race')])
  const mine = await book(here)
  await mine.contacts.add({ id: ann, name: 'Ann' })
  const theirs = await book(there)
  await Promise.all([mine.contacts.update(ann, { name: 'Anna' }), theirs.contacts.update(ann, { trust: 'known' })])
  const later = await book(here)
  expect(later.contacts.get(ann)).toMatchObject({ name: 'Anna', trust: 'known' })
  here.close()
  there.close()
})
