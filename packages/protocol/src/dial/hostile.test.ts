/** Bad carriers and bad company: nothing they do throws, fills the memory, or makes us say more than we would. */
import { expect, test } from 'vitest'
import { DialByHand } from '../../../test-kit/src/dial-by-hand.ts'
import { World } from '../../../test-kit/src/dial-world.ts'
import { candidateFrom, descriptionFrom, type Outcome, type Person } from '../../../test-kit/src/dialling-person.ts'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { utf8 } from '../bytes/bytes.ts'
import { pack } from '../bytes/struct.ts'
import { CANDIDATES_MAX, DIALS_MAX, KNOCK_BURST, KNOCKS_PER_SECOND, REPLAY_CACHE_MAX } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import type { Route } from '../rendezvous/way.ts'
import { contactWay } from '../rendezvous/ways/contact.ts'
import { pad } from './envelope.ts'
import { ReplayCache } from './replay.ts'

async function twoPeople(seed: number) {
  const world = new World(seed)
  const [alice, bob] = [world.person('alice'), world.person('bob')]
  await alice.meet(bob)
  return { world, alice, bob }
}

/** A knock by `from`, sealed by hand; `plaintext` in place of an honest one. */
function knockBy(world: World, from: Person, to: Person, route: Route, plaintext?: Bytes): Promise<Bytes> {
  const { random } = world
  const hand = new DialByHand(0, { identity: from.identity, random, way: contactWay(from.id, to.id), route })
  const { instance, origins: replyOrigins } = from
  return plaintext ? hand.sealed(plaintext) : hand.knock({ instance, replyOrigins, protocols: ['/chat/v1'] })
}

const types = (outcome: Outcome) => outcome.outputs.map((output) => output.type)
const knocksAt = (person: Person) => person.incoming.flatMap(types).filter((type) => type === 'knock').length

test('junk, truncated, oversized and damaged knocks: silence, and the right one still opens the door', async () => {
  const { world, alice, bob } = await twoPeople(1)
  const route = (await alice.routesTo(bob))[0]!
  const good = await knockBy(world, alice, bob, route)
  const random = seededRandom(1)
  for (const bad of [...mutations(1, [good], 200), random(0), random(1023), random(1025), random(1024), good.slice(0, 1023)]) {
    bob.receive(route.origin, route.address as Bytes, bad)
    await world.run(210)
  }
  expect(knocksAt(bob)).toBe(0)
  expect(world.sent).toHaveLength(0)
  bob.receive(route.origin, route.address as Bytes, good)
  await world.run(100)
  expect(knocksAt(bob)).toBe(1)
})

test('a knock that its sender sealed, with nonsense inside, is unreadable', async () => {
  const { world, alice, bob } = await twoPeople(2)
  const route = (await alice.routesTo(bob))[0]!
  const nonsense = [pad(utf8('hello'), 976), pad(pack([1, 2, 3]), 976), new Uint8Array(976).fill(255), new Uint8Array(976)]
  for (const payload of nonsense) {
    bob.receive(route.origin, route.address as Bytes, await knockBy(world, alice, bob, route, payload))
    await world.run(1_000)
  }
  expect(bob.dialer.counters.knocksUnreadable).toBe(nonsense.length)
  expect(knocksAt(bob)).toBe(0)
  await world.run(60_000)
  expect(bob.dialer.deadline()).toBeUndefined()
})

test('a knock opens only on the carrier, the address and the day for which it was sealed', async () => {
  const { world, alice, bob } = await twoPeople(3)
  const route = (await alice.routesTo(bob))[0]!
  for (const elsewhere of [
    { ...route, origin: 'wss://other.test' },
    { ...route, address: world.random(32) },
    { ...route, epoch: route.epoch + 1 },
  ]) {
    bob.receive(route.origin, route.address as Bytes, await knockBy(world, alice, bob, elsewhere))
    await world.run(1_000)
  }
  expect(knocksAt(bob)).toBe(0)
})

test('junk at the reply addresses, of either side, in every state: the dial goes on', async () => {
  const { world, alice, bob } = await twoPeople(4)
  const calling = await alice.call(bob)
  const attack = () => {
    const corpus = world.sent.map(({ envelope }) => envelope)
    if (corpus.length === 0) return
    for (const person of [alice, bob]) {
      for (const { dial, origin } of person.replyAddresses.values()) {
        for (const bad of mutations(world.random.next32(), corpus, 3)) {
          person.handle({ type: 'replied', dial, origin, envelope: bad })
        }
        // And what is whole, but comes again, or back to whom it came from.
        const again = corpus[world.random.below(corpus.length)]!
        person.handle({ type: 'replied', dial, origin, envelope: again })
      }
    }
  }
  for (let i = 0; i < 40 && !calling.isConnected; i++) {
    await world.run(100)
    attack()
  }
  expect(calling.isConnected).toBe(true)
  await world.run(60_000)
  expect([alice.dialer.deadline(), bob.dialer.deadline()]).toEqual([undefined, undefined])
})

test('a flood of junk at the reply address costs no more than the quota, and does not shut the answer out for good', async () => {
  const { world, alice, bob } = await twoPeople(5)
  bob.onKnock = () => undefined
  const calling = await alice.call(bob)
  await world.run(50)
  let tried = 0
  const { agree } = alice.identity.keyAgreement
  ;(alice.identity.keyAgreement as { agree: typeof agree }).agree = (key) => {
    tried++
    return agree(key)
  }
  for (let i = 0; i < 500; i++) {
    alice.handle({ type: 'replied', dial: 1, origin: 'wss://relay.test', envelope: world.random(1024) })
    await world.run(4)
  }
  // Two seconds of it. KK's second message takes one static agreement to try.
  expect(tried).toBeLessThanOrEqual(KNOCK_BURST + 2 * KNOCKS_PER_SECOND)
  ;(alice.identity.keyAgreement as { agree: typeof agree }).agree = agree
  const called = bob.incoming[0]!
  bob.judge(bob.numberOf(called), 'offer', 'wss://relay.test')
  expect(await world.run(5_000, () => calling.isConnected)).toBe(true)
})

test('knocks: as many at once as the burst, then so many a second', async () => {
  const { world, alice, bob } = await twoPeople(6)
  bob.onKnock = () => 'silence'
  const route = (await alice.routesTo(bob))[0]!
  const knock = async () => bob.receive(route.origin, route.address as Bytes, await knockBy(world, alice, bob, route))
  for (let i = 0; i < KNOCK_BURST; i++) await knock()
  expect(bob.dialer.counters.knocksOverRate).toBe(0)
  await knock()
  expect(bob.dialer.counters.knocksOverRate).toBe(1)
  await world.run(100)
  expect(knocksAt(bob)).toBe(KNOCK_BURST)
  for (let i = 0; i <= KNOCKS_PER_SECOND / 10; i++) await knock()
  await world.run(100)
  expect(knocksAt(bob)).toBe(KNOCK_BURST + KNOCKS_PER_SECOND / 10)
})

test('dials at once, of either side: 64, not 65', async () => {
  const { world, alice, bob } = await twoPeople(7)
  const routes = await alice.routesTo(bob)
  const way = contactWay(alice.id, bob.id)
  bob.onKnock = () => undefined
  for (let i = 0; i < DIALS_MAX; i++) expect(alice.dial(way, routes, { timeoutMs: 90_000 }).end).toBeUndefined()
  expect(alice.dial(way, routes).end).toBe('too-many')
  await world.run(13_500)
  // Bob reads five a second, and the resends bring the rest.
  expect(knocksAt(bob)).toBe(DIALS_MAX)
  bob.receive(routes[0]!.origin, routes[0]!.address as Bytes, await knockBy(world, alice, bob, routes[0]!))
  await world.run(1_000)
  expect(knocksAt(bob)).toBe(DIALS_MAX)
  await world.run(90_000)
  expect([alice.dialer.deadline(), bob.dialer.deadline()]).toEqual([undefined, undefined])
  expect((await alice.call(bob)).end).toBeUndefined()
})

test('candidates: twenty leave, twenty are taken', async () => {
  const { world, alice, bob } = await twoPeople(8)
  world.hasPaths = false
  const calling = await alice.call(bob)
  await world.run(1_000)
  for (let i = 0; i < 2 * CANDIDATES_MAX; i++) {
    alice.handle({ type: 'candidate', dial: 1, candidate: candidateFrom(world.random) })
    await world.run(60)
  }
  await world.run(1_000)
  expect(bob.incoming[0]!.candidatesHeard).toHaveLength(CANDIDATES_MAX)
  expect(calling.end).toBeUndefined()
})

test('the replay cache: 4096 are remembered, one more pushes the oldest out; after two epochs all are forgotten', () => {
  const cache = new ReplayCache()
  for (let i = 0; i < REPLAY_CACHE_MAX; i++) expect(cache.add(`${i}`, i)).toBe(true)
  expect(cache.add('0', REPLAY_CACHE_MAX)).toBe(false)
  const remembered = () => Array.from({ length: REPLAY_CACHE_MAX }, (_, i) => cache.has(`${i}`)).filter(Boolean).length
  expect(remembered()).toBe(REPLAY_CACHE_MAX)
  expect(cache.add('more', REPLAY_CACHE_MAX)).toBe(true)
  expect(remembered()).toBe(REPLAY_CACHE_MAX - 1)
  expect([cache.has('0'), cache.has('1'), cache.has('more')]).toEqual([false, true, true])
  const later = REPLAY_CACHE_MAX + 2 * 86_400_000
  expect(cache.add('1', later)).toBe(false)
  expect(cache.add('new', later)).toBe(true)
  expect([remembered(), cache.has('new')]).toEqual([0, true])
})

test('a contact who offers where only presence was asked gets nothing from us', async () => {
  const { world, alice, bob } = await twoPeople(9)
  bob.onKnock = () => undefined
  const asking = await alice.call(bob, { protocols: [] })
  await world.run(10)
  const route = (await alice.routesTo(bob))[0]!
  const hand = new DialByHand(1, {
    identity: bob.identity,
    random: world.random,
    way: contactWay(bob.id, alice.id),
    route,
  })
  await hand.readKnock(world.sent[0]!.envelope)
  const offer = {
    type: 'offer',
    replyAddress: world.random(32),
    instance: bob.instance,
    description: descriptionFrom(world.random),
  } as const
  const envelope = await hand.accept(offer)
  alice.handle({ type: 'replied', dial: 1, origin: route.origin, envelope })
  await world.run(1_000)
  expect(asking.end).toBe('peer-violation')
  expect(types(asking)).toEqual(['ended', 'unbind'])
})
