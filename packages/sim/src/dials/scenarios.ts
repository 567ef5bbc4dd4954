/** What is dialled, by whom, over which network. */
import type { SeededRandom } from '../../../test-kit/src/random.ts'
import type { NetworkModel } from './relay-host.ts'
import type { DialScenario, DialWorld } from './scenario.ts'

const GOOD: NetworkModel = { loss: 0, repeats: 0, late: 0, leastDelayMs: 1, mostDelayMs: 60, socketMs: Infinity }
const BAD = (random: SeededRandom): NetworkModel => ({
  loss: random.between(0, 0.4),
  repeats: random.between(0, 0.4),
  late: random.between(0, 0.3),
  leastDelayMs: 1,
  mostDelayMs: random.between(10, 600),
  socketMs: random.chance(0.3) ? random.between(3_000, 60_000) : Infinity,
})

const TIMEOUT_MS = 15_000
const base = { relays: 1, hasPaths: true, timeoutMs: TIMEOUT_MS, lastsMs: 3_000, mayFail: [] as readonly string[] }
/** What a dial may end with where its network is bad. */
const ERRORS = ['no-answer', 'unreachable', 'timeout', 'aborted']

/** Relays are connected and addresses bound by then. */
const READY_MS = 1_000

function at(world: DialWorld, afterMs: number, act: () => void): void {
  world.clock.at(READY_MS + afterMs, act)
}

/** Both dial at the same time, or nearly. */
function cross(world: DialWorld, withinMs: number): void {
  const [ada, bo] = [world.tabs('ada', 1)[0], world.tabs('bo', 1)[0]]
  if (!ada || !bo) return
  world.introduce(ada, bo)
  at(world, world.random.between(0, withinMs), () => ada.want(bo.identity.id, TIMEOUT_MS))
  at(world, world.random.between(0, withinMs), () => bo.want(ada.identity.id, TIMEOUT_MS))
}

/** Three to five people with one to three tabs, of which each wants some of the others. */
function crowd(world: DialWorld, withinMs: number): void {
  const { random } = world
  const people = ['ada', 'bo', 'cy', 'dee', 'eli'].slice(0, 3 + random.below(3))
  const tabs = people.flatMap((name) => world.tabs(name, 1 + random.below(3)))
  world.introduce(...tabs)
  for (const tab of tabs) {
    for (const other of new Set(tabs.map(({ identity }) => identity.id))) {
      if (other === tab.identity.id || random.chance(0.5)) continue
      at(world, random.between(0, withinMs), () => tab.want(other, TIMEOUT_MS))
    }
  }
}

function one(world: DialWorld): void {
  const [ada, bo] = [world.tabs('ada', 1)[0], world.tabs('bo', 1)[0]]
  if (!ada || !bo) return
  world.introduce(ada, bo)
  at(world, 0, () => ada.want(bo.identity.id, TIMEOUT_MS))
}

function refused(world: DialWorld): void {
  const [ada, bo] = [world.tabs('ada', 1)[0], world.tabs('bo', 1)[0]]
  if (!ada || !bo) return
  world.introduce(ada, bo)
  bo.accepts = () => false
  at(world, 0, () => ada.want(bo.identity.id, TIMEOUT_MS))
}

/** Two or three take up one invitation: one is let in. */
function invitation(world: DialWorld): void {
  const { random } = world
  const inviter = world.tabs('ada', 1)[0]
  const secret = random(16)
  inviter?.invite(secret)
  for (const name of ['bo', 'cy', 'dee'].slice(0, 1 + random.below(3))) {
    const guest = world.tabs(name, 1)[0]
    at(world, random.between(0, 1_000), () => guest?.take(secret, TIMEOUT_MS))
  }
}

/** One relay of two goes away while people dial. */
function relayLeaves(world: DialWorld): void {
  crowd(world, 1_500)
  const gone = world.relays[world.random.below(world.relays.length)]
  at(world, world.random.between(0, 1_500), () => gone?.goDown())
}

export const dialScenarios: readonly DialScenario[] = [
  { ...base, name: 'one', network: GOOD, act: one },
  { ...base, name: 'lossy', network: { ...GOOD, loss: 0.2, repeats: 0.2, late: 0.2 }, act: one },
  { ...base, name: 'glare', network: GOOD, act: (world) => cross(world, 200) },
  { ...base, name: 'glare/bad', network: BAD, mayFail: ERRORS, act: (world) => cross(world, 1_500) },
  { ...base, name: 'crowd', relays: 2, network: GOOD, mayFail: [], act: (world) => crowd(world, 1_500) },
  { ...base, name: 'crowd/bad', relays: 2, network: BAD, mayFail: ERRORS, act: (world) => crowd(world, 1_500) },
  { ...base, name: 'relay-leaves', relays: 2, network: BAD, mayFail: ERRORS, act: relayLeaves },
  { ...base, name: 'invitation', network: BAD, mayFail: [...ERRORS, 'used'], act: invitation },
  { ...base, name: 'refused', network: BAD, mayFail: ['no-answer'], act: refused },
  { ...base, name: 'no-path', network: GOOD, hasPaths: false, mayFail: ['unreachable'], act: one },
]
