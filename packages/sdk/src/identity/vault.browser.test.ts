import { verify } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { ContactBook } from '../people/contacts.ts'
import { TabLeader } from '../people/tab-leader.ts'
import { openIndexedDb } from '../storage/indexeddb.ts'
import { openStore } from '../storage/open.ts'
import { LocalIdentity } from './identity.ts'
import { openIdentity } from './vault.ts'

const MESSAGE = Uint8Array.of(1, 2, 3)
const fresh = () => `test-${crypto.randomUUID()}`

test('tabs that start in the same instant make one identity', async () => {
  const profile = fresh()
  const tabs = await Promise.all(Array.from({ length: 4 }, () => openStore({ profile })))
  const opened = await Promise.all(tabs.map(({ store }) => openIdentity(store)))
  expect(new Set(opened.map(({ keys }) => keys.id)).size).toBe(1)
  expect(opened.map(({ held }) => held)).toEqual(['webcrypto', 'webcrypto', 'webcrypto', 'webcrypto'])
  for (const { keys } of opened) expect(verify(await keys.sign(MESSAGE), MESSAGE, keys.publicKey)).toBe(true)
  for (const { store } of tabs) store.close()
})

test('identity, name and contacts are there after a reload, the keys still not exportable', async () => {
  const profile = fresh()
  const first = await openStore({ profile })
  expect(first.status.error).toBeUndefined()
  const { keys } = await openIdentity(first.store)
  const friend = (await openIdentity((await openStore({ profile, storage: 'memory' })).store)).keys
  await (await LocalIdentity.open(first.store, keys)).setName('Ada')
  await (await ContactBook.open({ store: first.store, self: keys.id })).add({ id: friend.id, name: 'Bob' })
  first.store.close()

  const { store } = await openStore({ profile })
  const again = await openIdentity(store)
  expect(again).toMatchObject({ keys: { id: keys.id }, held: 'webcrypto' })
  expect((await LocalIdentity.open(store, again.keys)).name).toBe('Ada')
  expect([...(await ContactBook.open({ store, self: keys.id }))].map(({ name }) => name)).toEqual(['Bob'])
  expect(await again.keys.keyAgreement.agree(friend.keyAgreement.publicKey)).toEqual(
    await friend.keyAgreement.agree(keys.keyAgreement.publicKey),
  )
  const record = (await store.objects?.get('identity')) as Record<
    'root' | 'keys',
    Record<'key' | 'signing' | 'agreement', CryptoKey>
  >
  for (const key of [record.root.key, record.keys.signing, record.keys.agreement]) {
    expect(key.extractable).toBe(false)
    for (const format of ['raw', 'pkcs8', 'jwk'] as const) {
      await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow()
    }
  }
  store.close()
})

test('another tab hears of a contact', async () => {
  const profile = fresh()
  const [here, there] = await Promise.all([openStore({ profile }), openStore({ profile })])
  const { keys } = await openIdentity(here.store)
  const friend = (await openIdentity((await openStore({ profile, storage: 'memory' })).store)).keys
  const mine = await ContactBook.open({ store: here.store, self: keys.id })
  const theirs = await ContactBook.open({ store: there.store, self: keys.id })
  const heard = new Promise((resolve) => theirs.events.on('contact', resolve))
  await mine.add({ id: friend.id, name: 'Bob' })
  expect(await heard).toMatchObject({ change: 'added', contact: { name: 'Bob' } })
  here.store.close()
  there.store.close()
})

test('an old tab that does not give way blocks: the session, and which tab to close', async () => {
  const profile = fresh()
  const old = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`kith/${profile}`, 1)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  const openDatabase: typeof openIndexedDb = (name, options) =>
    openIndexedDb(name, { ...options, migrations: [() => {}, () => {}] })
  const { status, store } = await openStore({ profile, openDatabase })
  expect(status).toMatchObject({ state: 'session', error: { code: 'storage', message: /older version of this page: close it/ } })
  const made = await openIdentity(store)
  expect((await openIdentity(store)).keys.id).toBe(made.keys.id)
  old.close()
})

test('a store closed under a running page: told, and what is there stays usable', async () => {
  const profile = fresh()
  const opened = await openStore({ profile })
  const { keys } = await openIdentity(opened.store)
  const told = new Promise((resolve) => opened.onStatus(resolve))
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(`kith/${profile}`)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
  expect(await told).toMatchObject({ state: 'session', error: { code: 'storage' } })
  expect((await openIdentity(opened.store)).keys.id).toBe(keys.id)
  await (await LocalIdentity.open(opened.store, keys)).setName('Ada')
  expect((await LocalIdentity.open(opened.store, keys)).name).toBe('Ada')
})

test('the real lock manager: the tab in focus takes the lead, and gives it back when it closes', async () => {
  const lockName = fresh()
  const tab = () => {
    const window = new EventTarget()
    const document = Object.assign(new EventTarget(), { hasFocus: () => false })
    return { window, leader: new TabLeader({ locks: navigator.locks, lockName, page: { window, document } }) }
  }
  const until = (leader: TabLeader, mine: boolean) => vi.waitFor(() => expect(leader.isLeader()).toBe(mine))
  const a = tab()
  await until(a.leader, true)
  const b = tab()
  expect(b.leader.isLeader()).toBe(false)
  const lost = until(a.leader, false)
  b.window.dispatchEvent(new Event('focus'))
  await Promise.all([lost, until(b.leader, true)])
  const back = until(a.leader, true)
  b.leader.close()
  await back
  expect(b.leader.isLeader()).toBe(false)
  a.leader.close()
})
