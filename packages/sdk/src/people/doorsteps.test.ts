import { type Bytes, type Doorstep, hex, type IdentityKeys, identityFromSeed, inviteWay } from '@kith/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { Recorder } from '../carriers/recorder.testing.ts'
import { Doorsteps, routesBy } from './doorsteps.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const HOUR_MS = 3_600_000
const MIDNIGHT = NOON + 12 * HOUR_MS
const [ada, bo, cy] = [1, 2, 3].map((n) => identityFromSeed(new Uint8Array(32).fill(n))) as [
  IdentityKeys,
  IdentityKeys,
  IdentityKeys,
]
const secret = new Uint8Array(16).fill(9)

afterEach(() => void vi.restoreAllMocks())

function at(unixMs: number): void {
  vi.spyOn(Date, 'now').mockReturnValue(unixMs)
}

function home(identity: IdentityKeys, origins = ['wss://one.example', 'wss://two.example']) {
  const carriers = origins.map((origin) => new Recorder(origin))
  const heard: { doorstep: Doorstep; envelope: Bytes }[] = []
  const doorsteps = new Doorsteps({
    identity,
    carriers,
    onEnvelope: (doorstep, envelope) => heard.push({ doorstep, envelope }),
  })
  const bound = () => carriers.map(({ addresses }) => [...addresses].sort())
  return { doorsteps, carriers, heard, bound }
}

const addressesOf = (routes: { origin: string; address: Uint8Array }[], origin: string) =>
  routes
    .filter((route) => route.origin === origin)
    .map(({ address }) => hex(address))
    .sort()

test('where one knocks is where the other has bound, on every carrier, and nobody else', async () => {
  at(NOON)
  const mine = home(ada)
  const theirs = home(bo)
  await theirs.doorsteps.update({ contacts: [ada.id, cy.id], invites: [] })
  const routes = await mine.doorsteps.routesTo(bo.id, mine.carriers)
  expect(routes).toHaveLength(2)
  for (const { origin, addresses } of theirs.carriers) {
    expect(addresses.size).toBe(2)
    expect(addresses).toContain(addressesOf(routes, origin)[0])
  }
  // The same two people and another origin or another direction: another address.
  const back = await theirs.doorsteps.routesTo(ada.id, theirs.carriers)
  expect(new Set([...routes, ...back].map(({ address }) => hex(address))).size).toBe(4)
})

test('an envelope tells which door it came to', async () => {
  at(NOON)
  const mine = home(ada)
  const theirs = home(bo)
  await theirs.doorsteps.update({ contacts: [ada.id], invites: [secret] })
  const [route] = await mine.doorsteps.routesTo(bo.id, mine.carriers)
  const [invited] = routesBy(inviteWay(secret), mine.carriers)
  if (!route || !invited) throw new Error('no routes')
  theirs.carriers[0]?.deliver(route.address, Uint8Array.of(1))
  theirs.carriers[0]?.deliver(invited.address, Uint8Array.of(2))
  expect(theirs.heard).toMatchObject([
    { doorstep: { ...route, way: { remote: ada.id } }, envelope: Uint8Array.of(1) },
    { doorstep: { ...invited, way: { remote: undefined } }, envelope: Uint8Array.of(2) },
  ])
})

test('around midnight both days are bound and tried, before and after it only one', async () => {
  const counts: number[][] = []
  const mine = home(ada)
  const theirs = home(bo)
  const seen = new Set<string>()
  for (const offset of [-2 * HOUR_MS - 1, -2 * HOUR_MS + 1, -1, 1, 2 * HOUR_MS - 1, 2 * HOUR_MS + 1]) {
    at(MIDNIGHT + offset)
    await theirs.doorsteps.update({ contacts: [ada.id], invites: [secret] })
    const routes = await mine.doorsteps.routesTo(bo.id, mine.carriers)
    for (const { origin, addresses } of theirs.carriers) {
      for (const address of addressesOf(routes, origin)) expect(addresses).toContain(address)
      for (const address of addresses) seen.add(address)
    }
    counts.push([routes.length, theirs.carriers[0]?.addresses.size ?? 0])
  }
  // Beside the invitation, which has no days.
  expect(counts).toEqual([
    [2, 2],
    [4, 3],
    [4, 3],
    [4, 3],
    [4, 3],
    [2, 2],
  ])
  expect(seen.size).toBe(2 * 3)
})

test('two clocks that differ by less than two hours always have an address in common', async () => {
  const mine = home(ada, ['wss://one.example'])
  const theirs = home(bo, ['wss://one.example'])
  for (let hour = -6; hour <= 6; hour++) {
    for (const skew of [-1.9, 1.9]) {
      at(MIDNIGHT + hour * HOUR_MS)
      await theirs.doorsteps.update({ contacts: [ada.id], invites: [] })
      at(MIDNIGHT + (hour + skew) * HOUR_MS)
      const routes = await mine.doorsteps.routesTo(bo.id, mine.carriers)
      const bound = theirs.carriers[0]?.addresses
      expect(routes.some(({ address }) => bound?.has(hex(address)))).toBe(true)
    }
  }
})

test('who is not wanted any more is unbound, the others stay as they are', async () => {
  at(NOON)
  const { doorsteps, bound } = home(ada)
  await doorsteps.update({ contacts: [bo.id], invites: [] })
  const onlyBo = bound()
  await doorsteps.update({ contacts: [bo.id, cy.id], invites: [secret] })
  expect(bound().map((addresses) => addresses.length)).toEqual([3, 3])
  await doorsteps.update({ contacts: [bo.id], invites: [] })
  expect(bound()).toEqual(onlyBo)
  await doorsteps.update({ contacts: [], invites: [] })
  expect(bound()).toEqual([[], []])
})

test('what was bound for the other day is told as today’s once it is', async () => {
  const carrier = new Recorder('wss://one.example')
  const told: string[] = []
  const doorsteps = new Doorsteps({
    identity: ada,
    carriers: [carrier],
    onEnvelope: () => {},
    onBound: (remote) => told.push(remote),
  })
  const toldFor = (address: string) => {
    told.length = 0
    carrier.tellBound(Uint8Array.from(address.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)))
    return [...told]
  }
  at(MIDNIGHT - HOUR_MS)
  await doorsteps.update({ contacts: [bo.id], invites: [] })
  const [today, tomorrow] = [...carrier.addresses] as [string, string]
  expect([toldFor(today), toldFor(tomorrow)]).toEqual([[bo.id], []])
  at(MIDNIGHT + HOUR_MS)
  await doorsteps.update({ contacts: [bo.id], invites: [] })
  expect([toldFor(today), toldFor(tomorrow)]).toEqual([[], [bo.id]])
})

test('of updates that overtake each other the last one counts', async () => {
  at(NOON)
  const slow = identityFromSeed(new Uint8Array(32).fill(1))
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const identity: IdentityKeys = {
    ...slow,
    keyAgreement: {
      publicKey: slow.keyAgreement.publicKey,
      agree: async (remote) => {
        await held
        return slow.keyAgreement.agree(remote)
      },
    },
  }
  const { doorsteps, bound } = home(identity)
  const first = doorsteps.update({ contacts: [bo.id], invites: [secret] })
  await doorsteps.update({ contacts: [], invites: [] })
  release()
  await first
  expect(bound()).toEqual([[], []])
  const late = doorsteps.update({ contacts: [bo.id], invites: [] })
  doorsteps.close()
  await late
  expect(bound()).toEqual([[], []])
})

test('one with whom no secret can be agreed upon is reported, tried again, and keeps nobody else out', async () => {
  at(NOON)
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
  let isBroken = true
  const broken: IdentityKeys = {
    ...ada,
    keyAgreement: {
      publicKey: ada.keyAgreement.publicKey,
      agree: async (remote) => {
        if (isBroken && hex(remote) === hex(bo.keyAgreement.publicKey)) throw new Error('broken')
        return ada.keyAgreement.agree(remote)
      },
    },
  }
  const { doorsteps, bound } = home(broken)
  await doorsteps.update({ contacts: [bo.id, cy.id], invites: [secret] })
  expect(bound().map((addresses) => addresses.length)).toEqual([2, 2])
  expect(reported).toHaveBeenCalledWith(new Error('broken'))
  isBroken = false
  await doorsteps.update({ contacts: [bo.id, cy.id], invites: [secret] })
  expect(bound().map((addresses) => addresses.length)).toEqual([3, 3])
})

test('an invitation has one door on each carrier', async () => {
  at(NOON)
  const { doorsteps, carriers } = home(ada)
  await doorsteps.update({ contacts: [], invites: [secret] })
  const routes = routesBy(inviteWay(secret), carriers)
  expect(carriers.map(({ addresses }) => [...addresses])).toEqual(routes.map(({ address }) => [hex(address)]))
  doorsteps.close()
  expect(carriers.map(({ addresses }) => addresses.size)).toEqual([0, 0])
})
