import { expect, test } from 'vitest'
import { confirmation } from './proof.ts'
import { type Outcome, type Person, World } from './world.test-kit.ts'

async function twoPeople(seed: number, origins?: readonly string[]) {
  const world = new World(seed)
  const alice = world.person('alice', origins)
  const bob = world.person('bob', origins)
  await alice.meet(bob)
  return { world, alice, bob }
}

function confirmationsMatch(one: Outcome, other: Outcome): void {
  const [a, b] = [one.peer!, other.peer!]
  expect(a.role).not.toBe(b.role)
  const own = (outcome: Outcome) => outcome.described!.fingerprint
  const theirs = (outcome: Outcome) => outcome.remote!.fingerprint
  // What each sends is what the other expects.
  expect(confirmation(a.bindKey, a.role, own(one), theirs(one))).toEqual(
    confirmation(b.bindKey, a.role, theirs(other), own(other)),
  )
  expect(confirmation(b.bindKey, b.role, own(other), theirs(other))).toEqual(
    confirmation(a.bindKey, b.role, theirs(one), own(one)),
  )
}

const types = (outcome: Outcome) => outcome.outputs.map((output) => output.type)

test('a contact dial: both end up with the same link, from both sides', async () => {
  const { world, alice, bob } = await twoPeople(1)
  const started = world.now
  const calling = await alice.call(bob)
  expect(await world.run(15_000, () => calling.isConnected)).toBe(true)
  console.log(`connected after ${world.now - started} ms of virtual time, ${world.sent.length} envelopes`)
  const called = bob.incoming[0]!
  expect(called.remote).toEqual(calling.described)
  expect(calling.remote).toEqual(called.described)
  await world.run(60_000)
  console.log(types(calling), types(called))
})
