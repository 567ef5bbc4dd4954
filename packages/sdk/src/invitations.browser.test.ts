// Invitations as pages meet them: reloaded, opened in two tabs, expired.
import { INVITES_MAX } from '@kith/protocol'
import { expect, test } from 'vitest'
import { createPeer, type Peer } from './index.ts'
import { person } from './people.testing.ts'

let profiles = 0
/** Opens the same person's page again, as a reload or another tab does: the profile stays. */
function page(): () => Promise<Peer> {
  const profile = `invitations-${Date.now()}-${profiles++}`
  return () => createPeer({ profile, relays: [], page: 'https://kith.example/' })
}

test('a guest who reloads gets the contact that the link made, also without its maker', async () => {
  const open = page()
  const ada = await person()
  const { link } = await ada.invite()
  const before = await open()
  expect((await before.accept(link)).id).toBe(ada.id)
  await before.close()
  await using again = await open()
  expect(await again.accept(link)).toMatchObject({ id: ada.id, trust: 'trusted' })
  await ada.close()
  const startedAt = performance.now()
  expect((await again.accept(link)).id).toBe(ada.id)
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  await again.contacts.remove(ada.id)
  await expect(again.accept(link)).rejects.toMatchObject({ code: 'used' })
})

test('the link in two tabs and twice in one, at once: all have the contact, over one dial', async () => {
  const open = page()
  await using ada = await person()
  const { link, accepted } = await ada.invite()
  await using here = await open()
  await using there = await open()
  const contacts = await Promise.all([here.accept(link), there.accept(link), here.accept(link)])
  expect(contacts.map(({ id }) => id)).toEqual([ada.id, ada.id, ada.id])
  expect((await accepted).id).toBe(here.id)
  expect(here.connections.size + there.connections.size).toBeLessThanOrEqual(1)
  await using stranger = await person()
  await expect(stranger.accept(link)).rejects.toMatchObject({ code: 'used' })
})

test('a page that shows its own invitation again may be reloaded for ever, and a guest still comes', async () => {
  const open = page()
  const links = new Set<string>()
  for (let load = 0; load <= INVITES_MAX; load++) {
    const peer = await open()
    links.add((peer.invites[0] ?? (await peer.invite({ purposes: ['chat'] }))).link)
    await peer.close()
  }
  expect(links.size).toBe(1)
  await using ada = await open()
  const [invite] = ada.invites
  await using bo = await person()
  expect((await bo.accept([...links][0] ?? '')).id).toBe(ada.id)
  expect(await invite?.accepted).toMatchObject({ id: bo.id, purposes: ['chat'] })
  expect(ada.invites).toEqual([])
})

test('revoked after a reload: nobody gets in, and there is a place for another', async () => {
  const open = page()
  const before = await open()
  const made = await Promise.all(Array.from({ length: INVITES_MAX }, () => before.invite()))
  await expect(before.invite()).rejects.toMatchObject({ code: 'too-many' })
  await before.close()
  await using ada = await open()
  expect(ada.invites.map(({ link }) => link).sort()).toEqual(made.map(({ link }) => link).sort())
  const [first] = ada.invites
  await first?.revoke()
  expect(ada.invites).toHaveLength(INVITES_MAX - 1)
  await using bo = await person()
  await expect(bo.accept(first?.link ?? '', { timeoutMs: 2_000 })).rejects.toMatchObject({ code: 'used' })
  await ada.invite()
})

test('one second is one second, for its maker and for a guest who is at it', async () => {
  await using ada = await person()
  // The guest knocks at nobody: who made the link has gone.
  const gone = await person()
  const { link } = await gone.invite({ expiresInMs: 1_000 })
  await gone.close()
  await using bo = await person()
  const startedAt = performance.now()
  const took = async (promise: Promise<unknown>) => {
    await expect(promise).rejects.toMatchObject({ code: 'expired' })
    return performance.now() - startedAt
  }
  const { accepted, link: mine } = await ada.invite({ expiresInMs: 1_000 })
  const [host, guest] = await Promise.all([took(accepted), took(bo.accept(link))])
  expect(host).toBeGreaterThanOrEqual(990)
  expect(host).toBeLessThan(2_000)
  expect(guest).toBeLessThan(2_000)
  expect(ada.invites).toEqual([])
  await expect(bo.accept(mine)).rejects.toMatchObject({ code: 'expired' })
})

test('a link opens this page without its query, unless the app names a page', async () => {
  await using ada = await createPeer({ storage: 'memory', relays: [] })
  history.replaceState(null, '', '?token=secret')
  const { origin, pathname } = location
  try {
    await using later = await createPeer({ storage: 'memory', relays: [] })
    for (const peer of [ada, later]) {
      const link = new URL((await peer.invite()).link)
      expect([link.origin, link.pathname, link.search]).toEqual([origin, pathname, ''])
    }
  } finally {
    history.replaceState(null, '', pathname)
  }
  await using named = await createPeer({ storage: 'memory', relays: [], page: 'https://kith.example/app?room=7#old' })
  expect((await named.invite()).link).toMatch(/^https:\/\/kith\.example\/app\?room=7#kith-invite=/)
})
