/** Whoever wants a person shares what is under way to them, by whatever way and from whichever side it began. */
import { expect, test } from 'vitest'
import { World } from '../../../test-kit/src/dial-world.ts'
import type { Outcome, Person } from '../../../test-kit/src/dialling-person.ts'
import { equal, hex } from '../bytes/bytes.ts'
import { BEHIND_MS } from '../limits.ts'

/** An inviter and a guest whose path takes long after the grant. */
function inviteWorld(seed: number, pathMs = 1_500) {
  const world = new World(seed)
  world.pathMs = () => pathMs
  const [inviter, guest] = [world.person('inviter'), world.person('guest')]
  const secret = world.random(16)
  inviter.invite(secret)
  return { world, inviter, guest, secret }
}

/** More by hand: KITH_RUNS=2000. */
const RUNS = Number(process.env.KITH_RUNS ?? 150)

const granted = (outcome: Outcome) => outcome.outputs.some(({ type }) => type === 'granted')
const answered = (person: Person) => person.incoming.some(({ outputs }) => outputs.some(({ type }) => type === 'answered'))
const ends = (person: Person) => [...person.outcomes.values()].map(({ end }) => end)

function expectOne(...people: readonly Person[]): void {
  for (const person of people) expect(person.connections, person.name).toHaveLength(1)
  const [one, other] = people.map((person) => person.connections[0]?.peer)
  expect(one?.dialId).toEqual(other?.dialId)
  expect(one?.dialId).toHaveLength(16)
}

test('the guest dials as soon as it is let in: that dial gives way to the invitation', async () => {
  const { world, inviter, guest, secret } = inviteWorld(1)
  await guest.meet(inviter)
  const accepting = guest.accept(secret, inviter)
  expect(await world.run(5_000, () => granted(accepting))).toBe(true)
  const knocks = world.sent.length
  const dialling = await guest.call(inviter)
  expect(dialling.end).toBe('yielded')
  expect(dialling.outputs).toContainEqual({ type: 'yielded', dial: 2, to: 1 })
  await world.run(30_000)
  expectOne(inviter, guest)
  // Not a knock of it went out.
  expect(world.sent.slice(knocks).some((sent) => inviter.hasDoorstepAt(sent))).toBe(false)
})

test('the inviter dials as soon as the guest is let in: that dial gives way to theirs', async () => {
  const { world, inviter, guest, secret } = inviteWorld(2)
  await guest.meet(inviter)
  guest.accept(secret, inviter)
  expect(await world.run(5_000, () => answered(inviter))).toBe(true)
  const dialling = await inviter.call(guest)
  expect(dialling.outputs).toContainEqual({ type: 'yielded', dial: 1, to: inviter.numberOf(inviter.incoming[0]!) })
  await world.run(30_000)
  expectOne(inviter, guest)
  expect(guest.incoming).toHaveLength(0)
})

test('contacts: a dial that is under way when the invitation is granted gives way to it, on both sides', async () => {
  for (const who of ['guest', 'inviter'] as const) {
    const { world, inviter, guest, secret } = inviteWorld(3)
    await guest.meet(inviter)
    const [caller, callee] = who === 'guest' ? [guest, inviter] : [inviter, guest]
    // The knock of a contact is not decided about, so that dial stays unanswered.
    callee.onKnock = ({ from }) => (from ? undefined : 'offer')
    guest.accept(secret, inviter)
    const dialling = await caller.call(callee)
    await world.run(30_000)
    expect(dialling.end, who).toBe('yielded')
    expectOne(inviter, guest)
    expect([...ends(inviter), ...ends(guest)], who).not.toContain(undefined)
  }
})

test('the invitation comes to nothing: who gave way is told, and can dial', async () => {
  const { world, inviter, guest, secret } = inviteWorld(4)
  await guest.meet(inviter)
  world.hasPaths = false
  const accepting = guest.accept(secret, inviter, { timeoutMs: 3_000 })
  await world.run(1_000, () => granted(accepting))
  expect((await guest.call(inviter)).end).toBe('yielded')
  await world.run(3_000)
  expect(accepting.end).toBe('unreachable')
  world.hasPaths = true
  const again = await guest.call(inviter)
  await world.run(30_000)
  expect(again.end).toBe('connected')
  expectOne(inviter, guest)
})

test('a knock of the same instance beside an invitation waits for BEHIND_MS, and is heard then', async () => {
  // A remote that does not share dials, as builds before did not.
  const { world, inviter, guest, secret } = inviteWorld(5, 10 * BEHIND_MS)
  const unsharing = world.person('guest/2', ['wss://relay.test'], guest.instance)
  await unsharing.meet(inviter)
  guest.accept(secret, inviter)
  expect(await world.run(5_000, () => answered(inviter))).toBe(true)
  await unsharing.call(inviter, { timeoutMs: 60_000 })
  const knocks = () => inviter.incoming.flatMap(({ outputs }) => outputs.filter(({ type }) => type === 'knock')).length - 1
  // It takes 20 ms to come, and some until it is read.
  await world.run(19 + BEHIND_MS)
  expect(knocks()).toBe(0)
  await world.run(10)
  expect(knocks()).toBe(1)
})

test('a knock that waited for a dial which became a connection is not heard any more; of another instance it is at once', async () => {
  const { world, inviter, guest, secret } = inviteWorld(6)
  const unsharing = world.person('guest/2', ['wss://relay.test'], guest.instance)
  const tab = world.person('guest/3')
  await unsharing.meet(inviter)
  for (const [key, doorstep] of unsharing.doorsteps) tab.doorsteps.set(key, doorstep)
  const accepting = guest.accept(secret, inviter)
  expect(await world.run(5_000, () => answered(inviter))).toBe(true)
  const same = await unsharing.call(inviter, { timeoutMs: 8_000 })
  const other = await tab.call(inviter, { timeoutMs: 8_000 })
  await world.run(30_000)
  expect([accepting.end, same.end, other.end]).toEqual(['connected', 'no-answer', 'connected'])
  expect(inviter.connections).toHaveLength(2)
})

test('random runs: both ends have the same connections and know them by the same dial ids; two to one instance only beside an invitation', async () => {
  let [runs, wanted, doubles] = [0, 0, 0]
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      const run = await randomRun(seed)
      runs += 1
      wanted += run.connected ? 1 : 0
      doubles += run.doubles
      if (!run.isInvited) expect(run.doubles).toBe(0)
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  }
  console.log(`${runs} runs, ${wanted} with a connection, ${doubles} connections too many`)
  expect(wanted).toBeGreaterThan(runs * 0.8)
})

/** Two people, one with two tabs, who dial each other and take up invitations of each other at any moment. */
async function randomRun(seed: number): Promise<{ connected: boolean; doubles: number; isInvited: boolean }> {
  const world = new World(seed)
  const { random } = world
  world.network = {
    lossPercent: random.below(2) * random.below(40),
    repeatPercent: random.below(2) * random.below(50),
    damagePercent: random.below(4) === 0 ? random.below(10) : 0,
    minDelayMs: 1,
    maxDelayMs: 1 + random.below(random.below(2) ? 60 : 700),
  }
  world.pathMs = () => 20 + random.below(random.below(2) ? 200 : 2_000)
  const [alice, bob] = [world.person('alice'), world.person('bob')]
  await alice.meet(bob)
  const people = [alice, bob]
  if (random.below(3) === 0) {
    const tab = world.person('bob/2')
    for (const [key, doorstep] of bob.doorsteps) tab.doorsteps.set(key, doorstep)
    people.push(tab)
  }
  const invitations = people.slice(0, 2).map((inviter) => {
    const secret = random(16)
    inviter.invite(secret)
    let isOpen = true
    inviter.onProved = () => {
      const wasOpen = isOpen
      isOpen = false
      return wasOpen
    }
    return { inviter, secret }
  })
  let isInvited = false
  const isAtIt = (person: Person) => [...person.outcomes].some(([number, outcome]) => number > 0 && !outcome.isOver)
  for (let step = 1 + random.below(4); step > 0; step--) {
    const who = people[random.below(people.length)]!
    const whom = who === alice ? bob : alice
    // Who is connected, or at it, does not dial, but may take up an invitation.
    const invitation = invitations.find(({ inviter }) => inviter === whom)
    if (random.below(3) === 0 && invitation) {
      who.accept(invitation.secret, whom)
      isInvited = true
    } else if (who.connections.length === 0 && !isAtIt(who)) await who.call(whom)
    await world.run(random.below(random.below(2) ? 50 : 1_500))
  }
  await world.run(60_000)
  const theirs = people.slice(1).flatMap((person) => person.connections.map(({ peer }) => ({ person, peer: peer! })))
  const mine = alice.connections.map(({ peer }) => peer!)
  expect(mine.map(({ dialId }) => hex(dialId)).sort()).toEqual(theirs.map(({ peer }) => hex(peer.dialId)).sort())
  expect(new Set(mine.map(({ dialId }) => hex(dialId))).size).toBe(mine.length)
  for (const { person, peer } of theirs) {
    const same = mine.find(({ bindKey }) => equal(bindKey, peer.bindKey))
    expect(same).toMatchObject({ dialId: peer.dialId, instance: person.instance, role: peer.role === 0 ? 1 : 0 })
    expect(peer.instance).toEqual(alice.instance)
  }
  for (const person of people) {
    for (const outcome of person.outcomes.values()) expect([outcome.isOver, outcome.isBound]).toEqual([true, false])
  }
  const instances = new Set(mine.map(({ instance }) => hex(instance)))
  return { connected: mine.length > 0, doubles: mine.length - instances.size, isInvited }
}
