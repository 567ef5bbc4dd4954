/** One seeded run of one scenario: two ends, a path between them, and rules that are held against both throughout. */
import { type Bytes, FRAME_MAX_BYTES, Session, type SessionConfig } from '@kith/protocol'
import { VirtualClock } from '../../test-kit/src/clock.ts'
import { seededRandom } from '../../test-kit/src/random.ts'
import { Endpoint } from './endpoint.ts'
import { Figures } from './figures.ts'
import { Observer } from './observer.ts'
import { type Arrival, OneWay, type OneWayConfig, type PathLane, type Way } from './path.ts'
import { PathLosses } from './path-losses.ts'
import { PROTOCOLS } from './protocols.ts'
import {
  checkAgreement,
  checkBounds,
  checkFinished,
  checkForgotten,
  checkLastWord,
  checkSettled,
  checkUnread,
  isAtRest,
  type Watched,
} from './rules.ts'
import type { Scenario, World } from './scenario.ts'
import { SctpWay } from './sctp.ts'
import { Trace } from './trace.ts'

/** Longer than any scenario needs: a run that is not done by then never will be. */
const PATIENCE_MS = 600_000

/** A lane's buffer on a fast path: LANE_BUFFER_FRAMES of FRAME_MAX_BYTES. */
const BUFFER_BYTES = 192 * 1024

/** What is held for unread is compared after so many events: each stream has to be looked at. */
const UNREAD_CHECK_EVENTS = 32

const VIOLATIONS_MAX = 20

export interface RunResult {
  readonly scenario: string
  readonly seed: number
  /** Every rule that was broken, with the virtual time. Empty when all is well. */
  readonly violations: readonly string[]
  /** A hash over every message, with its time and lane. */
  readonly trace: string
  readonly figures: Readonly<Record<string, number>>
}

export interface RunOptions {
  /** What the dialler and the callee are driven by, instead of `Session`: to see whether broken ones are found out. */
  readonly createSession?: (config: SessionConfig) => Session
  /** Sees every message that is sent: by the dialler (0) or the callee (1), just before it leaves. */
  readonly onMessage?: (message: Bytes, from: 0 | 1, lane: PathLane) => void
}

export function run(scenario: Scenario, seed: number, options: RunOptions = {}): RunResult {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const trace = new Trace()
  const figures = new Figures()
  const violations: string[] = []
  const violated = (what: string) => {
    if (violations.length < VIOLATIONS_MAX)
      violations.push(`${scenario.name} seed ${seed} at ${clock.now.toFixed(2)} ms: ${what}`)
  }
  const { bufferBytes = BUFFER_BYTES, maxMessageSize = 262_144, path: model } = scenario
  const { createSession = (config) => new Session(config), onMessage } = options
  const hmacs = [random(32), random(32)] as const

  const watched = (role: 0 | 1): Watched => {
    const name = role === 0 ? 'dialler' : 'callee'
    const tell = (what: string) => violated(`${name}: ${what}`)
    const observer: Observer = new Observer({
      role,
      frameMaxBytes: Math.min(maxMessageSize, FRAME_MAX_BYTES),
      live: () => endpoint.live,
      isTold: (id) => endpoint.isTold(id),
      now: () => clock.now,
      violated: tell,
      keepsSent: scenario.pathsDie !== undefined,
    })
    const endpoint: Endpoint = new Endpoint({
      name,
      clock,
      served: PROTOCOLS,
      bufferBytes,
      maxMessageSize,
      confirmation: { ours: hmacs[role], theirs: hmacs[role === 0 ? 1 : 0] },
      resumes: scenario.pathsDie !== undefined,
      createSession,
      violated: tell,
      sending: (lane, message) => {
        trace.add(role, lane, clock.now, message)
        onMessage?.(message, role, lane)
        observer.sending(lane, message)
        losses.sent()
      },
      receiving: (arrival) => observer.receiving(arrival),
      unreadBytesOf: (stream) => observer.unreadBytesOf(stream),
      finished: (stream) => checkFinished(stream, role === 0 ? callee : dialler, tell),
    })
    return { endpoint, observer, violated: tell, most: { unreadBytes: 0, unacknowledgedBytes: 0 } }
  }
  const dialler = watched(0)
  const callee = watched(1)
  const ends = [dialler, callee] as const
  const oneWay = (from: Watched, to: Watched): Way => {
    const config: OneWayConfig = {
      clock,
      random: seededRandom(random.below(2 ** 32)),
      model,
      maxMessageSize,
      arrive: (arrival: Arrival) => to.endpoint.arrive(arrival),
      bufferedAmountLow: () => from.endpoint.drain(),
      violated: from.violated,
    }
    return model.network === undefined ? new OneWay(config) : new SctpWay(config)
  }
  let there = oneWay(dialler, callee)
  let back = oneWay(callee, dialler)
  const losses: PathLosses = new PathLosses({
    clock,
    random,
    boundaries: scenario.pathsDie?.(seed, random) ?? [],
    dies: () => {
      there.die()
      back.die()
    },
    detaches: (role) => {
      const { endpoint, observer } = ends[role]
      observer.detached()
      endpoint.detach()
    },
    next: () => {
      const [ours, theirs] = [random(32), random(32)]
      const dead = [there, back]
      there = oneWay(dialler, callee)
      back = oneWay(callee, dialler)
      mostInFlightBytes = Math.max(mostInFlightBytes, ...dead.map((way) => way.mostInFlightBytes))
      for (const { observer } of ends) observer.attached()
      dialler.endpoint.attach(there, { ours, theirs })
      callee.endpoint.attach(back, { ours: theirs, theirs: ours })
    },
  })
  let mostInFlightBytes = 0

  let events = 0
  const runUntil = (isDone: () => boolean) => {
    const until = clock.now + PATIENCE_MS
    while (!isDone()) {
      if (violations.length > 0) return
      if (!clock.step(until)) {
        violated('nothing more happens, and it is not done')
        return
      }
      for (const end of ends) checkBounds(end)
      if (++events % UNREAD_CHECK_EVENTS === 0) for (const end of ends) checkUnread(end)
    }
  }

  dialler.endpoint.start(there)
  clock.at(random.between(0, 50), () => {
    // Where the path has died meanwhile, the next one starts it.
    if (losses.count === 0) callee.endpoint.start(back)
  })
  runUntil(() => dialler.endpoint.isReady && callee.endpoint.isReady)

  let keys = 1
  const world: World = {
    clock,
    random,
    dialler: dialler.endpoint,
    callee: callee.endpoint,
    get there() {
      return there
    },
    get back() {
      return back
    },
    figures,
    nextKey: () => keys++,
    violated,
  }
  if (violations.length === 0) runUntil(scenario.workload(world))

  if (scenario.end === 'goodbye') {
    const leaves = random.pick(ends)
    leaves.endpoint.give({ type: 'close', code: 7, reason: 'enough' })
    runUntil(() => ends.every(({ endpoint }) => endpoint.end !== undefined))
    for (const { endpoint, violated: tell } of ends) {
      const { end } = endpoint
      if (end?.type !== 'closed' || end.code !== 7 || end.reason !== 'enough') tell(`ended with ${JSON.stringify(end)}`)
    }
    if (dialler.endpoint.session.has('counted-goodbye')) checkLastWord(leaves, leaves === dialler ? callee : dialler)
  } else {
    runUntil(() => bringToEnd(ends))
    if (violations.length === 0) {
      checkAtRest(dialler, callee)
      checkAtRest(callee, dialler)
    }
  }
  if (violations.length === 0) for (const end of ends) checkSettled(end)

  let bytesRead = 0
  for (const { endpoint } of ends) for (const { read } of endpoint.streams) bytesRead += read
  figures.set('bytesRead', bytesRead)
  figures.set('mostInFlightBytes', Math.max(mostInFlightBytes, there.mostInFlightBytes, back.mostInFlightBytes))
  figures.set('mostUnreadBytes', Math.max(...ends.map(({ most }) => most.unreadBytes)))
  figures.set('mostUnacknowledgedBytes', Math.max(...ends.map(({ most }) => most.unacknowledgedBytes)))
  if (scenario.pathsDie !== undefined) {
    figures.set('pathsLost', losses.count)
    figures.set('framesAgain', dialler.observer.framesAgain + callee.observer.framesAgain)
  }
  for (const [name, { least = -Infinity, most = Infinity }] of Object.entries(scenario.bounds ?? {})) {
    const value = figures.values[name]
    if (violations.length > 0) break
    if (value === undefined || !(value >= least && value <= most)) violated(`${name} is ${value}, not ${least} to ${most}`)
  }
  return {
    scenario: scenario.name,
    seed,
    violations,
    trace: trace.digest(),
    figures: figures.values,
  }
}

/** Lets both ends read and finish. Returns whether all has come to its end. */
function bringToEnd(ends: readonly Watched[]): boolean {
  for (const { endpoint } of ends) {
    for (const stream of endpoint.live) {
      if (stream.isPaused) endpoint.pause(stream, false)
      if (stream.sending === 'open') endpoint.finish(stream)
    }
  }
  return ends.every(({ endpoint }) => endpoint.live.every(({ isLive }) => !isLive)) && ends.every(isAtRest)
}

function checkAtRest(end: Watched, other: Watched): void {
  checkUnread(end)
  checkAgreement(end, other)
  checkForgotten(end)
}
