import { identityFromSeed, type PeerId } from '@kith/protocol'
import { expect, test } from 'vitest'
import type { Contact, Disclosure, PeerOptions } from '../api.ts'

import { DisclosurePolicy, type DisclosurePolicyOptions } from './disclosure.ts'

const ids = [1, 2, 3].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id) as [string, string, string]
const contacts = [
  { id: ids[0], trust: 'trusted' },
  { id: ids[1], trust: 'known' },
] as Contact[]

function policy(options: Partial<DisclosurePolicyOptions> = {}) {
  const contact: DisclosurePolicyOptions['contact'] = (id) => contacts.find((one) => one.id === id)
  return new DisclosurePolicy({ disclose: undefined, iceServers: undefined, contact, ...options })
}

test('trusted contacts and whoever has the link may learn my address, others may not', () => {
  expect(ids.map((id) => policy().towards(id as Contact['id']))).toEqual(['direct', 'relayed', 'relayed'])
  expect(policy().towards(undefined)).toBe('direct')
})

test('a user who decides is asked about everybody, also about an invitation that nobody took up yet', () => {
  const asked: unknown[] = []
  const mine = policy({
    disclose: (who) => {
      asked.push(who)
      return 'relayed'
    },
  })
  expect([contacts[0]?.id, ids[2] as Contact['id'], undefined].map((id) => mine.towards(id))).toEqual(Array(3).fill('relayed'))
  expect(asked).toEqual([{ id: ids[0], via: 'contact', contact: contacts[0] }, { id: ids[2], via: 'contact' }, { via: 'invite' }])
})

test('a function that counts on knowing whom is one, and discloses nothing where it fails without', () => {
  type Whom = Required<Parameters<NonNullable<PeerOptions['disclose']>>[0]>
  const onlyAda = ({ id }: Whom): Disclosure => (id.startsWith(ids[0]) ? 'direct' : 'relayed')
  const mine = policy({ disclose: onlyAda } satisfies PeerOptions)
  expect(ids.map((id) => mine.towards(id as PeerId))).toEqual(['direct', 'relayed', 'relayed'])
  expect(() => mine.towards(undefined)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})

test.each<[string, () => unknown]>([
  ['undefined', () => undefined],
  ['another case', () => 'Relayed'],
  ['a promise', async () => 'direct'],
  [
    'a throw',
    () => {
      throw new Error('oops')
    },
  ],
])('%s is no answer, and discloses nothing', (_, disclose) => {
  const mine = policy({ disclose: disclose as () => Disclosure })
  expect(() => mine.towards(undefined)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})

test.each<[string, RTCIceServer[], boolean]>([
  ['none', [], false],
  ['STUN', [{ urls: 'stun:stun.example' }], false],
  ['TURN', [{ urls: 'turn:turn.example' }], true],
  ['TURN over TLS among others', [{ urls: 'stun:a.example' }, { urls: ['stun:b.example', 'TURNS:b.example'] }], true],
])('relayed with %s', async (_, iceServers, works) => {
  for (const servers of [iceServers, async () => iceServers]) {
    const asked = policy({ iceServers: servers }).feasible('relayed')
    if (works) expect(await asked).toBe('relayed')
    else await expect(asked).rejects.toMatchObject({ code: 'needs-turn' })
  }
})

test('direct needs no servers and asks for none', async () => {
  const never = () => Promise.reject(new Error('asked'))
  expect(await policy({ iceServers: never }).feasible('direct')).toBe('direct')
  await expect(policy().feasible('Direct' as Disclosure)).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('servers that do not come, or are no list, are a KithError', async () => {
  const broken = policy({ iceServers: () => Promise.reject(new Error('503')) })
  await expect(broken.iceServers()).rejects.toMatchObject({ code: 'unreachable', cause: new Error('503') })
  await expect(broken.feasible('relayed')).rejects.toMatchObject({ code: 'unreachable' })
  const strange = policy({ iceServers: { urls: 'turn:x' } as unknown as RTCIceServer[] })
  await expect(strange.iceServers()).rejects.toMatchObject({ code: 'invalid-argument' })
})
