import { expect, test } from 'vitest'
import { World } from '../../../test-kit/src/dial-world.ts'
import type { Outcome, Person } from '../../../test-kit/src/dialling-person.ts'
import { directionOf } from '../rendezvous/ways/contact.ts'

/** Two who dial each other, the one with the lower PeerId first. */
async function crossing(seed: number) {
  const world = new World(seed)
  const people = [world.person('alice'), world.person('bob')] as const
  await people[0].meet(people[1])
  const [lower, higher] = directionOf(people[0].id, people[1].id) === 0 ? people : [people[1], people[0]]
  return { world, lower, higher }
}

const ends = (person: Person) => [...person.outcomes.values()].map((outcome: Outcome) => outcome.end)

/** One connection, and both agree who dialled. */
function expectOneConnection(lower: Person, higher: Person, context: string): 'lower' | 'higher' {
  expect([lower.connections.length, higher.connections.length], context).toEqual([1, 1])
  const [mine, theirs] = [lower.connections[0]!, higher.connections[0]!]
  expect(mine.peer!.bindKey, context).toEqual(theirs.peer!.bindKey)
  expect([mine.peer!.role, theirs.peer!.role].sort(), context).toEqual([0, 1])
  return mine.peer!.role === 0 ? 'lower' : 'higher'
}

test('both dial in the same instant: the lower PeerId is the caller', async () => {
  const { world, lower, higher } = await crossing(1)
  const ours = await lower.call(higher)
  const theirs = await higher.call(lower)
  await world.run(60_000)
  expect(expectOneConnection(lower, higher, '')).toBe('lower')
  expect([ours.end, theirs.end]).toEqual(['connected', 'yielded'])
  // Who was overtaken was never asked about, nor given a connection to build.
  expect(lower.incoming).toHaveLength(0)
  expect(theirs.outputs).toContainEqual({ type: 'yielded', dial: 1, to: expect.any(Number) })
})

test('every interleaving of two dials, knocks and accepts early and late: exactly one connection', async () => {
  let byHigher = 0
  for (const headStartMs of [-600, -100, -45, -20, 0, 20, 45, 100, 600]) {
    for (const [lowerDelayMs, higherDelayMs] of [
      [20, 20],
      [20, 400],
      [400, 20],
      [700, 700],
      [20, 1_500],
      [1_500, 20],
      [1_500, 1_500],
    ] as const) {
      const context = `lower ${headStartMs} ms ahead, its envelopes take ${lowerDelayMs} ms, the others' ${higherDelayMs} ms`
      const { world, lower, higher } = await crossing(2)
      world.delayOf = ({ from }) => (from === lower ? lowerDelayMs : higherDelayMs)
      const [first, second] = headStartMs >= 0 ? [lower, higher] : [higher, lower]
      await first.call(second, { timeoutMs: 30_000 })
      await world.run(Math.abs(headStartMs))
      // An app that is connected already does not dial.
      if (second.connections.length === 0) await second.call(first, { timeoutMs: 30_000 })
      await world.run(90_000)
      if (expectOneConnection(lower, higher, context) === 'higher') byHigher++
      for (const person of [lower, higher]) {
        expect(
          ends(person).every((end) => end !== undefined),
          context,
        ).toBe(true)
        expect(
          [...person.outcomes.values()].some((outcome) => outcome.isBound),
          context,
        ).toBe(false)
      }
    }
  }
  console.log(`of 63 crossings ${byHigher} ended in the higher's dial`)
})

test("the lower's knock is lost: it answers the higher's after a second", async () => {
  const { world, lower, higher } = await crossing(3)
  const started = world.now
  const ours = await lower.call(higher)
  world.drop = (sent) => higher.hasDoorstepAt(sent)
  const theirs = await higher.call(lower)
  await world.run(990)
  expect(lower.incoming).toHaveLength(0)
  await world.run(20)
  expect(lower.incoming).toHaveLength(1)
  expect(await world.run(5_000, () => theirs.isConnected)).toBe(true)
  expect(world.now - started).toBeLessThan(1_500)
  expect(ours.end).toBe('yielded')
  await world.run(60_000)
  expect(expectOneConnection(lower, higher, '')).toBe('higher')
})

test("the higher's accept is late, so the lower answers too: one of them goes on, the other is taken down", async () => {
  const { world, lower, higher } = await crossing(4)
  const started = world.now
  world.drop = ({ from, at }) => from === higher && at > started + 10 && at < started + 1_600
  const ours = await lower.call(higher)
  const theirs = await higher.call(lower)
  await world.run(1_100)
  expect(lower.incoming[0]!.outputs.map((output) => output.type)).toEqual(['knock', 'describe'])
  await world.run(60_000)
  expect(expectOneConnection(lower, higher, '')).toBe('lower')
  expect([ours.end, theirs.end, lower.incoming[0]!.end]).toEqual(['connected', 'yielded', 'aborted'])
})

test("the lower's knock comes when the higher's dial is answered: it waits, and is heard if that comes to nothing", async () => {
  const { world, lower, higher } = await crossing(5)
  world.hasPaths = false
  const theirs = await higher.call(lower)
  higher.describeMs = undefined
  // The lower's knocks are lost until its accept has reached the higher.
  let isHeard = false
  world.drop = (sent) => !isHeard && higher.hasDoorstepAt(sent)
  await lower.call(higher, { timeoutMs: 30_000 })
  const accept = () => theirs.outputs.some((output) => output.type === 'describe')
  expect(await world.run(2_000, accept)).toBe(true)
  isHeard = true
  await world.run(3_000)
  expect(higher.incoming).toHaveLength(0)
  world.hasPaths = true
  higher.describeMs = 5
  higher.handle({ type: 'cancel', dial: higher.numberOf(theirs) })
  await world.run(30_000)
  expect(expectOneConnection(lower, higher, '')).toBe('lower')
})

test('another tab of the higher answers the lower: the tab that knocked is answered as well', async () => {
  const { world, lower, higher } = await crossing(6)
  const tab = world.person(`${higher.name}/2`)
  for (const [key, doorstep] of higher.doorsteps) tab.doorsteps.set(key, doorstep)
  // The lower's knock reaches only that one.
  higher.doorsteps.clear()
  const lowerDial = await lower.call(higher)
  const higherDial = await higher.call(lower)
  await world.run(60_000)
  expect([lowerDial.end, higherDial.end]).toEqual(['connected', 'connected'])
  expect(lowerDial.peer!.instance).toEqual(tab.instance)
  expect([lower.connections.length, higher.connections.length, tab.connections.length]).toEqual([2, 1, 1])
})

test('another tab is faster than the one that gave way: that one is told, and can dial again', async () => {
  const { world, lower, higher } = await crossing(7)
  const tab = world.person(`${higher.name}/2`)
  for (const [key, doorstep] of higher.doorsteps) tab.doorsteps.set(key, doorstep)
  higher.describeMs = 60
  await lower.call(higher)
  const higherDial = await higher.call(lower)
  await world.run(30_000)
  expect(higherDial.end).toBe('yielded')
  expect(higher.incoming.map((dial) => dial.end)).toEqual(['aborted'])
  expect([lower.connections.length, tab.connections.length]).toEqual([1, 1])
  const again = await higher.call(lower)
  expect(await world.run(5_000, () => again.isConnected)).toBe(true)
})

test('a dial gives way while its knock is on its way to another tab: that tab is told at once, and can dial again', async () => {
  const { world, lower, higher } = await crossing(8)
  const tab = world.person(`${higher.name}/2`)
  for (const [key, doorstep] of higher.doorsteps) tab.doorsteps.set(key, doorstep)
  higher.doorsteps.clear()
  world.delayOf = (sent) => (tab.hasDoorstepAt(sent) ? 1_500 : sent.from === tab ? 300 : 20)
  const ours = await lower.call(higher)
  const theirs = await higher.call(lower)
  await world.run(1_400)
  expect([ours.end, theirs.end]).toEqual(['yielded', 'connected'])
  // The knock that is still on its way makes this one give way.
  const tabs = await tab.call(lower)
  await world.run(150)
  expect(tabs.end).toBe('yielded')
  await world.run(1_000)
  expect(tab.incoming.map(({ end }) => end)).toEqual(['aborted'])
  const again = await tab.call(lower)
  expect(await world.run(5_000, () => again.isConnected)).toBe(true)
  await world.run(60_000)
  const people = [lower, higher, tab]
  expect(people.flatMap(({ outcomes }) => [...outcomes.values()]).some(({ isBound }) => isBound)).toBe(false)
})

test('glare on bad networks: exactly one connection, or, where nothing came through, none', async () => {
  let connected = 0
  for (let seed = 1; seed <= 40; seed++) {
    const { world, lower, higher } = await crossing(seed)
    world.network = { lossPercent: 30, repeatPercent: 20, damagePercent: 5, minDelayMs: 5, maxDelayMs: 400 }
    await lower.call(higher)
    await world.run(world.random.below(600))
    if (higher.connections.length === 0) await higher.call(lower)
    await world.run(90_000)
    const count = [lower.connections.length, higher.connections.length]
    expect(count, `seed ${seed}`).toEqual(count[0] === 0 ? [0, 0] : [1, 1])
    connected += count[0]!
  }
  expect(connected).toBeGreaterThan(35)
  console.log(`glare at 30 % loss: ${connected} of 40 connected`)
})
