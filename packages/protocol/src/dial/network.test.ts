/** Random networks and random people. Every rule that World checks after each event holds in all of them. */
import { expect, test } from 'vitest'
import { World } from '../../../test-kit/src/dial-world.ts'
import type { Outcome, Person } from '../../../test-kit/src/dialling-person.ts'

const DAY_MS = 86_400_000
const MIDNIGHT = 1_795_392_000_000

test.each([
  [30, 15_000],
  [60, 30_000],
])('%i % of all envelopes lost, both ways: contacts still connect within %i ms', async (lossPercent, timeoutMs) => {
  const tookMs: number[] = []
  let failed = 0
  for (let seed = 61; seed <= 120; seed++) {
    const world = new World(seed)
    world.network = { lossPercent, repeatPercent: 0, damagePercent: 0, minDelayMs: 10, maxDelayMs: 80 }
    const [alice, bob] = [world.person('alice'), world.person('bob')]
    await alice.meet(bob)
    const started = world.now
    const calling = await alice.call(bob, { timeoutMs })
    if (await world.run(timeoutMs, () => calling.isConnected)) tookMs.push(world.now - started)
    else failed++
  }
  tookMs.sort((a, b) => a - b)
  console.log(`${lossPercent} % loss: median ${tookMs[tookMs.length >> 1]} ms, worst ${tookMs.at(-1)} ms, failed ${failed} of 60`)
  expect(failed).toBe(0)
})

test('invitations connect at 30 % loss', async () => {
  let failed = 0
  for (let seed = 1; seed <= 30; seed++) {
    const world = new World(seed)
    world.network = { lossPercent: 30, repeatPercent: 0, damagePercent: 0, minDelayMs: 10, maxDelayMs: 80 }
    const [inviter, guest] = [world.person('inviter'), world.person('guest')]
    const secret = world.random(16)
    inviter.invite(secret)
    const accepting = guest.accept(secret, inviter)
    if (!(await world.run(15_000, () => accepting.isConnected))) failed++
    else expect(accepting.outputs.filter((output) => output.type === 'granted')).toHaveLength(1)
  }
  expect(failed).toBe(0)
})

test('everything repeated, reordered over a second, one in twenty damaged: one connection, and each candidate once', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const world = new World(seed)
    world.network = { lossPercent: 0, repeatPercent: 100, damagePercent: 5, minDelayMs: 1, maxDelayMs: 1_000 }
    world.hasPaths = false
    const [alice, bob] = [world.person('alice'), world.person('bob')]
    await alice.meet(bob)
    const calling = await alice.call(bob)
    await world.run(12_000)
    expect(bob.incoming, `seed ${seed}`).toHaveLength(1)
    const called = bob.incoming[0]!
    const sorted = (list: Outcome['candidatesFound']) => list.map((candidate) => candidate.foundation).sort()
    expect(sorted(called.candidatesHeard), `seed ${seed}`).toEqual(sorted(calling.candidatesFound))
    expect(sorted(calling.candidatesHeard), `seed ${seed}`).toEqual(sorted(called.candidatesFound))
  }
})

test('500 random runs: whatever people do on whatever network, at every hour, all dials end and nothing is left behind', async () => {
  let [dials, connections, shared, failed] = [0, 0, 0, 0]
  for (let seed = 1; seed <= 500; seed++) {
    try {
      const run = await randomRun(seed)
      dials += run.dials
      connections += run.connections
      shared += run.shared
      failed += run.failed
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  }
  console.log(`500 runs: ${dials} dials, ${connections} connections, ${shared} gave way to another, ${failed} failed`)
  // On networks of which a fifth has no path, with callees of which half do not offer.
  expect(failed).toBeLessThan(dials / 2)
  expect(connections).toBeGreaterThan((connections + failed) / 3)
})

async function randomRun(seed: number): Promise<Record<'dials' | 'connections' | 'shared' | 'failed', number>> {
  // Around midnight as well: two epochs are bound, and knocks go to both.
  const world = new World(seed, MIDNIGHT + (seed % 4) * (DAY_MS / 4) - 1_000)
  const { random } = world
  world.network = {
    lossPercent: random.below(2) * random.below(50),
    repeatPercent: random.below(2) * random.below(50),
    damagePercent: random.below(2) * random.below(20),
    minDelayMs: 1,
    maxDelayMs: 1 + random.below(random.below(2) ? 50 : 1_500),
  }
  world.hasPaths = random.below(5) > 0
  const origins = random.below(2) ? ['wss://one.test'] : ['wss://one.test', 'broadcast']
  const [alice, bob] = [world.person('alice', origins), world.person('bob', origins)]
  await alice.meet(bob)
  const secret = random(16)
  bob.invite(secret)
  bob.onProved = () => random.below(4) > 0
  for (const person of [alice, bob]) {
    person.onKnock = () => (['offer', 'offer', 'offer', 'offer', 'here', 'spent', 'silence', undefined] as const)[random.below(8)]
  }
  for (let step = 2 + random.below(3); step > 0; step--) {
    await act(world, [alice, bob], secret)
    await world.run(random.below(1_000))
  }
  await world.run(60_000)
  const outcomes = [alice, bob].flatMap((person) => [...person.outcomes].map(([number, outcome]) => ({ number, outcome })))
  for (const { number, outcome } of outcomes) {
    expect(outcome.isOver).toBe(true)
    expect(outcome.isBound).toBe(false)
    if (number > 0) expect(outcome.end !== undefined || outcome.outputs.some((output) => output.type === 'present')).toBe(true)
    else if (outcome.described) expect(outcome.end).toBeDefined()
  }
  expect([alice.dialer.deadline(), bob.dialer.deadline()]).toEqual([undefined, undefined])
  for (const person of [alice, bob]) {
    for (const { outputs } of person.outcomes.values()) {
      // Whoever gave way gave way to a dial that there is.
      for (const output of outputs) if (output.type === 'yielded') expect(person.outcomes.has(output.to)).toBe(true)
    }
  }
  const ours = outcomes.filter(({ number }) => number > 0).map(({ outcome }) => outcome)
  const connections = ours.filter(({ isConnected }) => isConnected).length
  expect(outcomes.filter(({ number, outcome }) => number < 0 && outcome.isConnected)).toHaveLength(connections)
  const ends = ours.filter(({ isConnected }) => !isConnected).map(({ end }) => end)
  const shared = ends.filter((end) => end === 'yielded').length
  const failed = ends.filter((end) => end !== undefined && end !== 'yielded' && end !== 'aborted').length
  return { dials: ours.length, connections, shared, failed }
}

async function act(world: World, [alice, bob]: [Person, Person], secret: Uint8Array<ArrayBuffer>): Promise<void> {
  const { random } = world
  const [who, whom] = random.below(2) ? [alice, bob] : [bob, alice]
  const timeoutMs = 1_000 + random.below(14_000)
  switch (random.below(8)) {
    case 0:
      alice.accept(secret, bob, { timeoutMs })
      return
    case 1:
      await who.call(whom, { protocols: [], timeoutMs })
      return
    case 2: {
      const alive = [...who.outcomes].filter(([, outcome]) => !outcome.isOver).map(([number]) => number)
      const dial = alive[random.below(alive.length)]
      if (dial !== undefined) who.handle({ type: 'cancel', dial })
      return
    }
    case 3: {
      const replayed = world.sent[random.below(world.sent.length)]
      if (replayed) world.deliver(undefined, replayed.origin, replayed.to, replayed.envelope)
      return
    }
    default:
      await who.call(whom, { timeoutMs })
  }
}
