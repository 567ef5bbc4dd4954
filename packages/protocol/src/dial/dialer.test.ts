import { expect, test } from 'vitest'
import { NOON, World } from '../../../test-kit/src/dial-world.ts'
import { candidateFrom, type Outcome, type Person } from '../../../test-kit/src/dialling-person.ts'
import { isKeyWork, KeyHolder } from '../../../test-kit/src/key-holder.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { equal, hex } from '../bytes/bytes.ts'
import { INCOMING_DIAL_MS } from '../limits.ts'
import { contactWay } from '../rendezvous/ways/contact.ts'
import { inviteWay } from '../rendezvous/ways/invite.ts'
import { confirmation } from './proof.ts'

const SECRET = seededRandom(77)(16)
const DAY_MS = 86_400_000

async function twoPeople(seed: number, origins?: readonly string[], now = NOON) {
  const world = new World(seed, now)
  const alice = world.person('alice', origins)
  const bob = world.person('bob', origins)
  await alice.meet(bob)
  return { world, alice, bob }
}

function inviteWorld(seed: number) {
  const world = new World(seed)
  const inviter = world.person('inviter')
  inviter.invite(SECRET)
  return { world, inviter, guest: world.person('guest') }
}

const types = (outcome: Outcome) => outcome.outputs.map((output) => output.type)
const only = (outcomes: Outcome[]): Outcome => {
  expect(outcomes).toHaveLength(1)
  return outcomes[0]!
}

/** Both hold what the other said, and what each sends to confirm the link is what the other expects. */
function expectOneLink(one: Outcome, other: Outcome): void {
  expect(one.remote).toEqual(other.described)
  expect(other.remote).toEqual(one.described)
  expect(one.peer!.bindKey).toEqual(other.peer!.bindKey)
  expect([one.peer!.role, other.peer!.role].sort()).toEqual([0, 1])
  for (const [sender, receiver] of [
    [one, other],
    [other, one],
  ] as const) {
    const { bindKey, role } = sender.peer!
    const sent = confirmation(bindKey, role, sender.described!.fingerprint, sender.remote!.fingerprint)
    expect(sent).toEqual(
      confirmation(receiver.peer!.bindKey, role, receiver.remote!.fingerprint, receiver.described!.fingerprint),
    )
    // The other's own confirmation, reflected, is not what it expects.
    expect(sent).not.toEqual(
      confirmation(receiver.peer!.bindKey, receiver.peer!.role, receiver.described!.fingerprint, receiver.remote!.fingerprint),
    )
  }
}

test('a contact dial ends in one link, the same from both sides', async () => {
  const { world, alice, bob } = await twoPeople(1)
  world.hasPaths = false
  const calling = await alice.call(bob)
  await world.run(2_000)
  const called = only(bob.incoming)
  expectOneLink(calling, called)
  expect(calling.candidatesHeard).toEqual(expect.arrayContaining(called.candidatesFound))
  expect(called.candidatesHeard).toEqual(expect.arrayContaining(calling.candidatesFound))
  expect(called.candidatesHeard).toHaveLength(3)
  expect(calling.peer).toMatchObject({ id: bob.id, instance: bob.instance })
  expect(called.peer).toMatchObject({ id: alice.id, instance: alice.instance })
})

test('a connection ends the dial on both sides and leaves nothing bound, nothing to do', async () => {
  const { world, alice, bob } = await twoPeople(2)
  const calling = await alice.call(bob)
  expect(await world.run(5_000, () => calling.isConnected)).toBe(true)
  await world.run(60_000)
  const called = only(bob.incoming)
  expect(called.isConnected).toBe(true)
  expect([calling.isBound, called.isBound]).toEqual([false, false])
  expect(types(calling)[0]).toBe('prepare')
  expect(types(calling).at(-1)).toBe('unbind')
  expect([alice.dialer.deadline(), bob.dialer.deadline()]).toEqual([undefined, undefined])
})

test('what leaves, in order: no offer before policy agreed, no candidate before the other is authenticated', async () => {
  const { world, alice, bob } = await twoPeople(3)
  let verdictAt = 0
  bob.onKnock = ({ dial }) => {
    world.later(700, () => {
      verdictAt = world.now
      bob.judge(dial, 'offer', 'wss://relay.test')
    })
    return undefined
  }
  const calling = await alice.call(bob)
  const found = { type: 'candidate', dial: alice.numberOf(calling) } as const
  // Even candidates that are there from the start.
  for (let i = 0; i < 5; i++) alice.handle({ ...found, candidate: candidateFrom(world.random) })
  const from = (person: Person) => world.sent.filter((sent) => sent.from === person)
  await world.run(600)
  // Nothing from Bob; from Alice the same knock again and again.
  expect(from(bob)).toHaveLength(0)
  expect(from(alice).length).toBeGreaterThan(1)
  expect(from(alice).every(({ envelope }) => equal(envelope, from(alice)[0]!.envelope))).toBe(true)
  // Bob's accept reaches nobody for two seconds: resent, the same, and nothing beside it though he has found candidates.
  world.drop = ({ from: sender, at }) => sender === bob && at < verdictAt + 2_000
  await world.run(1_800)
  expect(from(bob).length).toBeGreaterThan(2)
  expect(from(bob).every(({ envelope }) => equal(envelope, from(bob)[0]!.envelope))).toBe(true)
  expect(only(bob.incoming).candidatesFound).toHaveLength(3)
  expect(from(alice).every(({ envelope }) => equal(envelope, from(alice)[0]!.envelope))).toBe(true)
  // Then Alice's answer is lost: still nothing more from him.
  world.drop = ({ from: sender, envelope }) => sender === alice && !equal(envelope, from(alice)[0]!.envelope)
  await world.run(1_500)
  expect(types(calling)).toContain('describe')
  expect(from(bob).every(({ envelope }) => equal(envelope, from(bob)[0]!.envelope))).toBe(true)
  expect(types(only(bob.incoming))).not.toContain('answered')
  world.drop = () => false
  expect(await world.run(5_000, () => calling.isConnected)).toBe(true)
})

test('an invitation: both prove who they are, both are told, both connect', async () => {
  const { world, inviter, guest } = inviteWorld(4)
  inviter.relays = ['wss://one.test/relay', 'wss://two.test/relay']
  const accepting = guest.accept(SECRET, inviter)
  expect(await world.run(5_000, () => accepting.isConnected)).toBe(true)
  const invited = only(inviter.incoming)
  expectOneLink(accepting, invited)
  expect(accepting.peer).toMatchObject({ id: inviter.id, instance: inviter.instance })
  expect(invited.peer).toMatchObject({ id: guest.id, instance: guest.instance })
  expect(accepting.outputs).toContainEqual(
    expect.objectContaining({ type: 'granted', by: { id: inviter.id, name: 'inviter', relays: inviter.relays } }),
  )
  expect(invited.outputs).toContainEqual(
    expect.objectContaining({ type: 'proved', by: { id: guest.id, name: 'guest', relays: guest.relays } }),
  )
  expect(invited.outputs.find((output) => output.type === 'knock')).toMatchObject({ from: undefined })
})

test.each([
  ['once a knock is out', ['/chat/v1'], ['send', 'prepare', 'send']],
  ['not at all to ask for presence', [], ['send', 'send']],
] as const)('a connection is made ready %s', async (_, protocols, expected) => {
  const { alice, bob } = await twoPeople(78, ['wss://one.test', 'wss://two.test'])
  const routes = await alice.routesTo(bob)
  const way = contactWay(alice.id, bob.id)
  const { dialer } = alice
  const replies = alice.origins.map((origin) => alice.bind(1, origin))
  dialer.handle({ type: 'dial', dial: 1, way, routes, replies, protocols: [...protocols], timeoutMs: 1_000 }, NOON)
  const keys = new KeyHolder(alice.identity, seededRandom(1))
  const seen: string[] = []
  for (let output = dialer.poll(); output; output = dialer.poll()) {
    if (isKeyWork(output)) dialer.handle(await keys.answer(output), NOON)
    else seen.push(output.type)
  }
  expect(seen).toEqual(expected)
})

test('an invitation in the making: nothing of the guest counts before the grant', async () => {
  const { world, inviter, guest } = inviteWorld(5)
  inviter.onProved = () => undefined
  const accepting = guest.accept(SECRET, inviter)
  await world.run(3_000)
  const invited = only(inviter.incoming)
  expect(types(invited)).toEqual(['knock', 'describe', 'proved'])
  expect(types(accepting)).toEqual(['prepare', 'describe'])
  inviter.handle({ type: 'grant', dial: inviter.numberOf(invited), granted: true })
  expect(types(invited).slice(3, 5)).toEqual(['answered', 'candidates'])
  expect(await world.run(5_000, () => accepting.isConnected)).toBe(true)
})

test('the link is up before the message that lets the guest in: granted all the same, and once', async () => {
  const { world, inviter, guest } = inviteWorld(6)
  world.hasPaths = false
  const accepting = guest.accept(SECRET, inviter)
  world.drop = ({ from }) => from === inviter && inviter.incoming.flatMap(types).includes('proved')
  await world.run(2_000)
  expect(types(accepting)).not.toContain('granted')
  guest.handle({ type: 'connected', dial: guest.numberOf(accepting) })
  expect(types(accepting).filter((type) => type === 'granted')).toHaveLength(1)
})

test('an invitation is for one: the second who proves, and whoever knocks later, hear that it is spent', async () => {
  const { world, inviter, guest } = inviteWorld(7)
  let granted = 0
  inviter.onProved = () => granted++ === 0
  const late = world.person('late')
  const first = guest.accept(SECRET, inviter)
  const second = late.accept(SECRET, inviter)
  await world.run(5_000)
  expect([first.end, second.end].sort()).toEqual(['connected', 'used'])
  expect(inviter.incoming.map((dial) => dial.end).sort()).toEqual(['connected', 'used'])
  inviter.onKnock = () => 'spent'
  const third = late.accept(SECRET, inviter)
  await world.run(5_000)
  expect(third.end).toBe('used')
  expect(types(third)).not.toContain('describe')
})

test('your own invitation is refused', async () => {
  const { world, inviter } = inviteWorld(8)
  const other = world.person('inviter/2')
  const accepting = other.accept(SECRET, inviter)
  await world.run(5_000)
  expect(accepting.end).toBe('invalid-argument')
  expect(types(accepting)).not.toContain('describe')
  expect(only(inviter.incoming).end).toBe('aborted')
})

test('whoever has another secret hears nothing', async () => {
  const { world, inviter, guest } = inviteWorld(9)
  const doorstep = [...inviter.doorsteps.values()][0]!
  const accepting = guest.dial(inviteWay(new Uint8Array(16)), [doorstep])
  await world.run(20_000)
  expect(accepting.end).toBe('no-answer')
  expect(world.sent.filter((sent) => sent.from === inviter)).toHaveLength(0)
  expect(inviter.dialer.counters.knocksUnreadable).toBeGreaterThan(0)
})

test('presence: "here" to a contact who asks, once and for all their carriers; silence to whom we do not tell', async () => {
  const { world, alice, bob } = await twoPeople(10, ['wss://one.test', 'broadcast'])
  const asking = await alice.call(bob, { protocols: [] })
  await world.run(2_000)
  expect(types(asking)).toEqual(['present', 'unbind'])
  expect(types(only(bob.incoming))).toEqual(['knock', 'unbind'])
  bob.onKnock = () => 'silence'
  const before = world.sent.filter((sent) => sent.from === bob).length
  const again = await alice.call(bob, { protocols: [] })
  await world.run(20_000)
  expect(again.end).toBe('no-answer')
  expect(world.sent.filter((sent) => sent.from === bob)).toHaveLength(before)
  await world.run(60_000)
  expect(bob.dialer.deadline()).toBeUndefined()
})

test('who only asks for presence never gets an offer, nor takes one', async () => {
  const { world, alice, bob } = await twoPeople(11)
  bob.onKnock = () => 'offer'
  const asking = await alice.call(bob, { protocols: [] })
  await world.run(INCOMING_DIAL_MS + 100)
  expect(types(asking)).toEqual(['present', 'unbind'])
  expect(types(only(bob.incoming))).toEqual(['knock', 'unbind'])
})

test('a question for presence goes out once: whoever asks will ask again', async () => {
  const { world, alice, bob } = await twoPeople(12)
  world.drop = ({ from }) => from === bob
  const asking = await alice.call(bob, { protocols: [] })
  await world.run(20_000)
  expect(types(asking)).not.toContain('present')
  expect(world.sent.filter((sent) => sent.from === alice)).toHaveLength(1)
})

test('a refusal is silence: not one envelope', async () => {
  const { world, alice, bob } = await twoPeople(13)
  bob.onKnock = () => 'silence'
  const calling = await alice.call(bob)
  await world.run(60_000)
  expect(calling.end).toBe('no-answer')
  expect(world.sent.filter((sent) => sent.from === bob)).toHaveLength(0)
  // Asked once, however often the knock came.
  expect(bob.incoming.flatMap(types)).toEqual(['knock', 'unbind'])
})

test('a stranger, who cannot know the address but by accident, hears nothing', async () => {
  const { world, alice, bob } = await twoPeople(14)
  const mallory = world.person('mallory')
  const calling = mallory.dial(contactWay(mallory.id, bob.id), await alice.routesTo(bob))
  await world.run(20_000)
  expect(calling.end).toBe('no-answer')
  expect(world.sent.filter((sent) => sent.from === bob)).toHaveLength(0)
})

test.each([1_000, 3_600_000, DAY_MS])('a knock replayed after %i ms yields nothing', async (afterMs) => {
  const { world, alice, bob } = await twoPeople(15)
  const calling = await alice.call(bob)
  await world.run(5_000, () => calling.isConnected)
  await world.run(afterMs)
  const before = { sent: world.sent.length, incoming: bob.incoming.length }
  const knock = world.sent.find((sent) => sent.from === alice)!
  for (let i = 0; i < 30; i++) world.deliver(undefined, knock.origin, knock.to, knock.envelope)
  await world.run(10_000)
  expect({ sent: world.sent.length, incoming: bob.incoming.length }).toEqual(before)
  expect(bob.dialer.counters).toEqual({ knocksRepeated: 30, knocksOverRate: 0, knocksUnreadable: 0 })
})

test('a knock replayed to a fresh process yields an offer that nobody can read, and never a candidate', async () => {
  const { world, alice, bob } = await twoPeople(16)
  world.drop = ({ from }) => from === alice
  const calling = await alice.call(bob)
  await world.run(100)
  const knock = world.sent.find((sent) => sent.from === alice)!
  await world.run(20_000)
  expect(calling.end).toBe('no-answer')
  bob.restart()
  world.deliver(undefined, knock.origin, knock.to, knock.envelope)
  await world.run(60_000)
  const called = only(bob.incoming)
  expect(called.candidatesFound).toHaveLength(3)
  expect(types(called)).toEqual(['knock', 'describe', 'ended', 'unbind'])
  const offers = world.sent.filter((sent) => sent.from === bob)
  // The offer, resent; and at the end a 'bye'.
  expect(new Set(offers.map(({ envelope }) => envelope.join())).size).toBe(2)
})

test('the same dial through two carriers is one dial, for contacts and for invitations', async () => {
  const origins = ['wss://one.test', 'wss://two.test', 'broadcast']
  const { world, alice, bob } = await twoPeople(17, origins)
  const calling = await alice.call(bob)
  await world.run(30_000)
  expect(calling.isConnected).toBe(true)
  expect(bob.incoming.flatMap(types).filter((type) => type === 'knock')).toHaveLength(1)
  expect([alice.connections.length, bob.connections.length]).toEqual([1, 1])
  bob.invite(SECRET)
  const accepting = alice.accept(SECRET, bob)
  await world.run(30_000)
  expect(accepting.isConnected).toBe(true)
  expect(bob.incoming.flatMap(types).filter((type) => type === 'knock')).toHaveLength(2)
})

test('a slow carrier brings the knock when the dial is over: it is not a second one', async () => {
  const { world, alice, bob } = await twoPeople(18, ['wss://one.test', 'wss://slow.test'])
  world.drop = ({ origin }) => origin === 'wss://slow.test'
  const calling = await alice.call(bob)
  await world.run(5_000, () => calling.isConnected)
  await world.run(5_000)
  const slow = world.sent.find(({ origin }) => origin === 'wss://slow.test')!
  world.deliver(alice, slow.origin, slow.to, slow.envelope)
  await world.run(5_000)
  expect(bob.incoming.flatMap(types).filter((type) => type === 'knock')).toHaveLength(1)
})

test('one carrier that reaches is enough, in whichever direction the others fail', async () => {
  const { world, alice, bob } = await twoPeople(19, ['wss://one.test', 'wss://two.test'])
  world.drop = ({ origin }) => origin === 'wss://one.test'
  const calling = await alice.call(bob)
  expect(await world.run(5_000, () => calling.isConnected)).toBe(true)
})

test('two instances answer: the first is chosen, the other is told "bye", again if that was lost', async () => {
  const { world, alice, bob } = await twoPeople(20)
  const tab = world.person('bob/2')
  for (const [key, doorstep] of bob.doorsteps) tab.doorsteps.set(key, doorstep)
  tab.describeMs = 40
  world.hasPaths = false
  const toTab = (to: Uint8Array) => [...tab.replyAddresses.keys()].some((key) => key.endsWith(hex(to)))
  let byes = 0
  world.drop = ({ from, to }) => from === alice && toTab(to) && byes++ === 0
  const calling = await alice.call(bob)
  await world.run(2_000)
  expect(byes).toBeGreaterThan(1)
  expect(calling.peer!.instance).toEqual(bob.instance)
  expect(only(bob.incoming).end).toBeUndefined()
  expect(only(tab.incoming)).toMatchObject({ end: 'aborted', isBound: false })
})

test('nobody is there: no-answer; they answer and no path comes up: unreachable', async () => {
  const { world, alice, bob } = await twoPeople(21)
  world.hasPaths = false
  const calling = await alice.call(bob, { timeoutMs: 4_000 })
  await world.run(3_999)
  expect(calling.end).toBeUndefined()
  await world.run(1)
  expect(calling.end).toBe('unreachable')
  await world.run(100)
  expect(only(bob.incoming).end).toBe('aborted')
  bob.doorsteps.clear()
  const unheard = await alice.call(bob, { timeoutMs: 4_000 })
  await world.run(4_000)
  expect(unheard.end).toBe('no-answer')
  await world.run(60_000)
  expect([...alice.outcomes.values(), ...bob.outcomes.values()].some((outcome) => outcome.isBound)).toBe(false)
})

test('a callee whose caller vanished gives up by itself', async () => {
  const { world, alice, bob } = await twoPeople(22)
  world.drop = ({ from }) => from === bob
  await alice.call(bob)
  await world.run(100)
  world.drop = () => true
  await world.run(INCOMING_DIAL_MS + 100)
  expect(only(bob.incoming)).toMatchObject({ end: 'timeout', isBound: false })
})

test('either side can stop at any instant: the other hears "bye" once there is somebody to hear it, and nothing stays bound', async () => {
  for (let atMs = 0; atMs <= 320; atMs += 16) {
    for (const who of ['caller', 'callee'] as const) {
      const { world, alice, bob } = await twoPeople(1_000 + atMs)
      const calling = await alice.call(bob)
      await world.run(atMs)
      const stopping = who === 'caller' ? alice : bob
      const dial = who === 'caller' ? calling : bob.incoming[0]
      const other = who === 'caller' ? bob.incoming[0] : calling
      const hadAnswer = calling.remote !== undefined
      const wasOver = dial?.end !== undefined
      if (dial) stopping.handle({ type: 'cancel', dial: stopping.numberOf(dial) })
      if (dial && !wasOver) expect(dial).toMatchObject({ end: 'aborted', isBound: false })
      await world.run(100)
      if (dial && !wasOver && hadAnswer && other) expect(['aborted', 'unreachable']).toContain(other.end)
      await world.run(60_000)
      for (const outcome of [...alice.outcomes.values(), ...bob.outcomes.values()]) {
        expect(outcome.end, `${who} at ${atMs} ms`).toBeDefined()
        expect(outcome.isBound).toBe(false)
      }
      expect([alice.dialer.deadline(), bob.dialer.deadline()]).toEqual([undefined, undefined])
    }
  }
})

test('near midnight, clocks half an hour apart find each other', async () => {
  const midnight = Math.ceil(NOON / DAY_MS) * DAY_MS
  for (const now of [midnight - 1_800_000, midnight - 1, midnight, midnight + 1_800_000]) {
    const { world, alice, bob } = await twoPeople(23, undefined, now)
    // Bob's clock is behind: yesterday's address is all that he has bound.
    const epochs = [...bob.doorsteps.values()].map(({ epoch }) => epoch).sort()
    expect(epochs).toHaveLength(2)
    for (const [key, { epoch }] of bob.doorsteps) if (epoch === epochs[1]) bob.doorsteps.delete(key)
    const calling = await alice.call(bob)
    expect(await world.run(5_000, () => calling.isConnected)).toBe(true)
  }
})

test('unknown key-share: whoever passes descriptions on as their own gets no confirmed link', async () => {
  const world = new World(24)
  world.hasPaths = false
  const [alice, bob, mallory] = [world.person('alice'), world.person('bob'), world.person('mallory')]
  await alice.meet(mallory)
  await bob.meet(mallory)
  mallory.describeMs = undefined
  const fromAlice = await alice.call(mallory)
  const toBob = await mallory.call(bob)
  await world.run(1_000)
  // Bob has offered to Mallory; to Alice she offers just that, and Alice's answer she gives to Bob.
  const atMallory = only(mallory.incoming)
  mallory.handle({ type: 'described', dial: mallory.numberOf(atMallory), description: toBob.remote! })
  await world.run(1_000)
  mallory.handle({ type: 'described', dial: mallory.numberOf(toBob), description: atMallory.remote! })
  await world.run(1_000)
  const atBob = only(bob.incoming)
  // DTLS would come up between Alice and Bob: each has the other's fingerprint, authenticated as Mallory's.
  expect(fromAlice.remote!.fingerprint).toEqual(atBob.described!.fingerprint)
  expect(atBob.remote!.fingerprint).toEqual(fromAlice.described!.fingerprint)
  expect([fromAlice.peer!.id, atBob.peer!.id]).toEqual([mallory.id, mallory.id])
  const [a, b] = [fromAlice, atBob]
  const aSends = confirmation(a.peer!.bindKey, 0, a.described!.fingerprint, a.remote!.fingerprint)
  const bExpects = confirmation(b.peer!.bindKey, 0, b.remote!.fingerprint, b.described!.fingerprint)
  const bSends = confirmation(b.peer!.bindKey, 1, b.described!.fingerprint, b.remote!.fingerprint)
  const aExpects = confirmation(a.peer!.bindKey, 1, a.remote!.fingerprint, a.described!.fingerprint)
  expect(aSends).not.toEqual(bExpects)
  expect(bSends).not.toEqual(aExpects)
})
