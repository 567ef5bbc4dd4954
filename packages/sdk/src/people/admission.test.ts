import { contactWay, type Doorstep, identityFromSeed, inviteWay, type PeerId } from '@kith/protocol'
import { expect, test } from 'vitest'
import type { Contact, Disclosure } from '../api.ts'
import { Admission, type AdmissionOptions } from './admission.ts'
import { DisclosurePolicy } from './disclosure.ts'
import type { InviteRecord } from './invites.ts'

const [KNOWN, TRUSTED, BLOCKED, STRANGER] = [1, 2, 3, 4].map((n) => identityFromSeed(new Uint8Array(32).fill(n)).id) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
]
const TRUST = new Map([
  [KNOWN, 'known'],
  [TRUSTED, 'trusted'],
  [BLOCKED, 'blocked'],
] as const)
const contact = (id: PeerId) => (TRUST.has(id) ? ({ id, trust: TRUST.get(id) } as Contact) : undefined)
const where = { origin: 'wss://one.example', address: new Uint8Array(32), epoch: 0 }
const home = (remote: PeerId): Doorstep => ({ ...where, way: contactWay(STRANGER, remote) })
const door: Doorstep = { ...where, way: inviteWay(new Uint8Array(16)) }

function admission(overrides: Partial<AdmissionOptions> = {}, disclose?: () => Disclosure): Admission {
  return new Admission({
    contacts: { get: contact },
    invitations: { find: () => undefined, isOffered: () => false, proved: async () => false },
    policy: new DisclosurePolicy({ disclose, iceServers: [], contact }),
    mayAnswer: () => true,
    maxConnections: 2,
    ...overrides,
  })
}

test('a knock: a contact gets an offer by the policy, and an answer to whether I am online; one that is blocked gets neither', () => {
  const knock = (from: PeerId, protocols = ['/chat/v1'] as const) => ({ doorstep: home(from), from, protocols })
  const it = admission()
  expect(it.judge(knock(KNOWN))).toEqual({ offer: 'relayed' })
  expect(it.judge(knock(TRUSTED))).toEqual({ offer: 'direct' })
  expect(it.judge(knock(BLOCKED))).toBe('silence')
  const question = { doorstep: home(KNOWN), from: KNOWN, protocols: [] }
  expect(it.judge(question)).toBe('here')
  expect(admission({ mayAnswer: () => false }).judge(question)).toBe('silence')
  expect(it.judge({ ...question, from: BLOCKED })).toBe('silence')
})

test('a knock at an invitation: silence where there is none, an offer where it is open, and the word that it is spent', () => {
  const knock = { doorstep: door, from: undefined, protocols: ['/kith/1'] as const }
  const invitations = { find: () => ({}) as InviteRecord, isOffered: () => true, proved: async () => true }
  expect(admission().judge(knock)).toBe('silence')
  expect(admission({ invitations }).judge(knock)).toEqual({ offer: 'direct' })
  expect(admission({ invitations }, () => 'relayed').judge(knock)).toEqual({ offer: 'relayed' })
  expect(admission({ invitations: { ...invitations, isOffered: () => false } }).judge(knock)).toBe('spent')
})

test('maxConnections and one more: that one only for a person whose last connection is in doubt', () => {
  const it = admission({ maxConnections: 2 })
  expect(it.hasRoom({ connections: 1, doubtful: 0 })).toBe(true)
  expect(it.hasRoom({ connections: 2, doubtful: 0 })).toBe(false)
  expect(it.hasRoom({ connections: 2, doubtful: 1 })).toBe(true)
  expect(it.hasRoom({ connections: 3, doubtful: 2 })).toBe(false)
})

test('a connection is kept with a contact, and with a stranger whom I called; never with one that is blocked', () => {
  const it = admission()
  const kept = (id: PeerId) => [it.mayConnect(id, true), it.mayConnect(id, false)]
  expect([kept(KNOWN), kept(STRANGER), kept(BLOCKED)]).toEqual([
    [true, true],
    [false, true],
    [false, false],
  ])
  expect(() => it.checkMayDial(BLOCKED)).toThrow(expect.objectContaining({ code: 'blocked' }))
  it.checkMayDial(STRANGER)
  expect([it.mustRelay(KNOWN), it.mustRelay(TRUSTED), it.mustRelay(STRANGER)]).toEqual([true, false, false])
})
