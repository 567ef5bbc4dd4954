/**
 * One seeded run of whole dials: people with one or more tabs, relays, a network that loses, repeats, delays and reorders, and rules
 * that hold throughout. The path is a model: where both ends of one pair of descriptions are there, it is up after a while, at the
 * same instant for both.
 */
import { confirmation, Dialer, equal, INCOMING_DIAL_MS } from '@kith/protocol'
import { VirtualClock } from '../../../test-kit/src/clock.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { Figures, quantile } from '../figures.ts'
import type { RunResult } from '../run.ts'
import { Trace } from '../trace.ts'
import { ModelIdentity } from './model-keys.ts'
import { RelayHost } from './relay-host.ts'
import type { DialScenario, DialWorld } from './scenario.ts'
import { type Leg, Tab, type TabHost, type Want } from './tab.ts'

/** After the last want: every dial of either side has ended by then. */
const REST_MS = INCOMING_DIAL_MS + 60_000
/** By how much a dial may outlive its time: work with keys that is under way, and the clock's own steps. */
const GRACE_MS = 300
/** How long ICE and DTLS take. */
const PATH_MS = { least: 5, most: 400 }
const VIOLATIONS_MAX = 20

export interface DialRunOptions {
  /** In place of `Dialer`: to see whether broken ones are found. */
  readonly newDialer?: TabHost['newDialer']
}

export function runDials(scenario: DialScenario, seed: number, { newDialer }: DialRunOptions = {}): RunResult {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const trace = new Trace()
  const figures = new Figures()
  const violations: string[] = []
  const violated = (what: string) => {
    if (violations.length < VIOLATIONS_MAX)
      violations.push(`${scenario.name} seed ${seed} at ${clock.now.toFixed(2)} ms: ${what}`)
  }
  const network = typeof scenario.network === 'function' ? scenario.network(random) : scenario.network
  let envelopes = 0
  const relays = Array.from({ length: scenario.relays }, (_, at) => {
    const ownRandom = seededRandom(random.below(2 ** 32))
    return new RelayHost(`wss://relay${at}.test`, clock, ownRandom, network, (frame) => {
      envelopes += 1
      trace.add(0, 'control', clock.now, frame)
    })
  })
  const tabs: Tab[] = []
  const legs: Leg[] = []
  const host: TabHost = {
    clock,
    random,
    relays,
    newDialer: newDialer ?? ((config, now) => new Dialer(config, now)),
    traced: (text) => trace.addText(text),
    violated,
    described: (leg) => {
      legs.push(leg)
      const other = legs.find((one) => isPair(one, leg))
      if (other) clock.at(clock.now + random.between(PATH_MS.least, PATH_MS.most), () => pathUp(leg, other))
    },
  }

  const tookMs: number[] = []
  const pathUp = (one: Leg, other: Leg) => {
    if (one.isOver || other.isOver || !scenario.hasPaths) return
    if (!one.tab.legs.has(one.dial) || !other.tab.legs.has(other.dial)) return
    if (!confirm(one, other) || !confirm(other, one)) {
      violated(`a path between ${one.tab.name} and ${other.tab.name} that is not confirmed`)
      return
    }
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const) {
      const { peer } = here
      if (peer?.id !== there.tab.identity.id || !equal(peer.instance, there.tab.instance))
        violated(`${here.tab.name} is connected to the wrong peer`)
      if (here.isRefused) violated(`${here.tab.name} is connected to one that it refused`)
    }
    if (one.tab.connections.some(({ peer }) => peer && equal(peer.instance, other.tab.instance)))
      violated(`two connections between ${one.tab.name} and ${other.tab.name}`)
    tookMs.push(clock.now - Math.min(one.begunAt, other.begunAt))
    one.tab.connected(one)
    other.tab.connected(other)
  }

  const world: DialWorld = {
    clock,
    random,
    relays,
    tabs: (person, count) => {
      const identity = identityOf(person)
      const made = Array.from({ length: count }, (_, at) => new Tab(`${person}/${at + 1}`, identity, host))
      tabs.push(...made)
      return made
    },
    introduce: (...all) => {
      for (const tab of all) {
        for (const id of new Set(all.map(({ identity }) => identity.id))) if (id !== tab.identity.id) tab.meet(id)
      }
    },
  }

  scenario.act(world)
  const wants = () => tabs.flatMap((tab) => tab.wants.map((want) => ({ tab, want })))
  const checkBounds = () => {
    for (const tab of tabs) {
      for (const leg of tab.legs.values()) {
        const mostMs = leg.dial > 0 ? scenario.timeoutMs : INCOMING_DIAL_MS
        if (clock.now - leg.begunAt > mostMs + GRACE_MS) violated(`${tab.name}: dial ${leg.dial} outlives its ${mostMs} ms`)
      }
    }
  }
  const end = scenario.lastsMs + scenario.timeoutMs + REST_MS
  let events = 0
  while (violations.length === 0 && clock.step(end)) {
    if (++events % 64 === 0) checkBounds()
    if (clock.now > scenario.lastsMs && wants().every(({ want }) => want.outcome) && tabs.every(({ isIdle }) => isIdle)) break
  }
  if (violations.length === 0) {
    checkBounds()
    for (const { tab, want } of wants()) checkWant(tab.name, want, scenario, violated)
    for (const tab of tabs) if (!tab.isIdle) violated(`${tab.name}: a dial or a reply address is left at the end`)
  }
  for (const tab of tabs) tab.stop()

  const outcomes = wants().map(({ want }) => want.outcome)
  const connected = outcomes.filter((outcome) => outcome?.type === 'connected')
  figures.set('wants', outcomes.length)
  figures.set('connectedPart', outcomes.length === 0 ? 1 : connected.length / outcomes.length)
  figures.set('envelopes', envelopes)
  figures.set('connections', tabs.reduce((sum, { connections }) => sum + connections.length, 0) / 2)
  if (tookMs.length > 0) figures.set('tookP50Ms', quantile(tookMs, 0.5))
  return { scenario: scenario.name, seed, violations, trace: trace.digest(), figures: figures.values }
}

function checkWant(name: string, { outcome, until }: Want, scenario: DialScenario, violated: (what: string) => void): void {
  if (!outcome) violated(`${name}: neither a connection nor an error`)
  else if (outcome.type === 'failed') {
    if (!scenario.mayFail.includes(outcome.code)) violated(`${name}: failed with '${outcome.code}'`)
    if (outcome.at > until + GRACE_MS) violated(`${name}: failed ${outcome.at - until} ms too late`)
  }
}

function isPair(one: Leg, other: Leg): boolean {
  if (one === other || !one.local || !one.remote || !other.local || !other.remote) return false
  return equal(one.local.fingerprint, other.remote.fingerprint) && equal(other.local.fingerprint, one.remote.fingerprint)
}

/** Whether what `from` sends to confirm the path is what `to` expects. */
function confirm(from: Leg, to: Leg): boolean {
  if (!from.peer || !to.peer || !from.local || !from.remote || !to.local || !to.remote) return false
  if (from.peer.role === to.peer.role) return false
  const sent = confirmation(from.peer.bindKey, from.peer.role, from.local.fingerprint, from.remote.fingerprint)
  const expected = confirmation(to.peer.bindKey, from.peer.role, to.remote.fingerprint, to.local.fingerprint)
  return equal(sent, expected)
}

/** A name is an identity in every run, and costs a millisecond to make. */
const identities = new Map<string, ModelIdentity>()

function identityOf(name: string): ModelIdentity {
  const identity = identities.get(name) ?? new ModelIdentity(name)
  identities.set(name, identity)
  return identity
}
