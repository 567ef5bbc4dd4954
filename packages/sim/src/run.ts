/** One seeded run of one scenario: two muxes, a path between them, applications that do whatever comes to their mind. */
import { createHash } from 'node:crypto'
import {
  type Bytes,
  FRAME_MAX_BYTES,
  type LaneName,
  type ProtocolName,
  STREAMS_MAX,
  UNACKNOWLEDGED_MAX_BYTES,
  UNREAD_MAX_BYTES,
} from '@kith/protocol'
import { VirtualClock } from './clock.ts'
import { type AppStream, Endpoint } from './endpoint.ts'
import { Observer } from './observer.ts'
import { OneWay } from './path.ts'
import { SeededRandom } from './random.ts'
import type { Scenario } from './scenario.ts'

const PROTOCOLS: readonly ProtocolName[] = ['/a/1', '/b/1', '/c/1']
const PRIORITIES = [-1, 0, 0, 0, 1, 5]

/** Longer than any scenario needs: whoever is not done by then never will be. */
const PATIENCE_MS = 600_000

export interface RunResult {
  readonly scenario: string
  readonly seed: number
  /** Every rule that was broken, with the virtual time. Empty when all is well. */
  readonly violations: readonly string[]
  /** SHA-256 over every message, with its time and lane. */
  readonly trace: string
  readonly streams: number
  readonly bytesRead: number
  readonly virtualMs: number
}

export function run(scenario: Scenario, seed: number): RunResult {
  const clock = new VirtualClock()
  const random = new SeededRandom(seed)
  const violations: string[] = []
  const trace = createHash('sha256')
  const violated = (what: string) => {
    if (violations.length < 20) violations.push(`${scenario.name} seed ${seed} at ${clock.now.toFixed(2)} ms: ${what}`)
  }
  const { bufferBytes, maxMessageSize } = scenario
  const hmacs = [random.bytes(32), random.bytes(32)] as const

  const endpoint = (name: 'dialler' | 'callee', ours: Bytes, theirs: Bytes) => {
    const observer = new Observer(Math.min(maxMessageSize, FRAME_MAX_BYTES), (what) => violated(`${name}: ${what}`))
    const sending = (lane: LaneName, message: Bytes) => {
      trace.update(`${name} ${lane} ${clock.now} `).update(message)
      observer.sending(lane, message)
    }
    return new Endpoint({
      name,
      clock,
      served: PROTOCOLS,
      bufferBytes,
      maxMessageSize,
      confirmation: { ours, theirs },
      violated: (what) => violated(`${name}: ${what}`),
      sending,
      receiving: (arrival) => observer.receiving(arrival),
    })
  }
  const dialler = endpoint('dialler', hmacs[0], hmacs[1])
  const callee = endpoint('callee', hmacs[1], hmacs[0])
  const ends = [dialler, callee] as const
  const there = new OneWay(
    clock,
    random,
    scenario.path,
    (arrival) => callee.arrive(arrival),
    () => dialler.drain(),
  )
  const back = new OneWay(
    clock,
    random,
    scenario.path,
    (arrival) => dialler.arrive(arrival),
    () => callee.drain(),
  )
  dialler.start(there)
  clock.at(random.between(0, 50), () => callee.start(back))

  const check = () => {
    for (const end of ends) checkBounds(end, violated)
    checkFinished(dialler, callee, violated)
    checkFinished(callee, dialler, violated)
  }
  const runUntil = (isDone: () => boolean) => {
    const until = clock.now + PATIENCE_MS
    while (!isDone()) {
      if (!clock.step(until)) {
        violated('nothing more happens, and it is not done')
        return
      }
      check()
      if (violations.length > 0) return
    }
  }

  runUntil(() => dialler.isReady && callee.isReady)
  let keys = 1
  let left = scenario.actions
  const act = () => {
    left -= 1
    doSomething(scenario, random, random.pick(ends), () => keys++)
    if (left > 0) clock.at(clock.now + random.between(0, 2 * scenario.betweenActionsMs), act)
  }
  clock.at(clock.now, act)
  runUntil(() => left === 0)

  if (scenario.end === 'goodbye') {
    random.pick(ends).give({ type: 'close', code: 7, reason: 'enough' })
    runUntil(() => ends.every(({ end }) => end !== undefined))
    for (const { end } of ends) if (end?.type !== 'closed' || end.code !== 7) violated(`ended with ${JSON.stringify(end)}`)
  } else {
    runUntil(() => bringToEnd(ends))
    for (const { mux } of ends) {
      if (mux.streams + mux.unreadBytes + mux.unacknowledgedBytes > 0) violated('something is left over')
    }
    for (const stream of dialler.streams) checkAgreement(stream, counterpart(stream, callee), violated)
    for (const stream of callee.streams) checkAgreement(stream, counterpart(stream, dialler), violated)
  }
  for (const end of ends) for (const stream of end.streams) checkSettled(stream, violated)
  const all = ends.flatMap((end) => end.streams)
  return {
    scenario: scenario.name,
    seed,
    violations,
    trace: trace.digest('hex'),
    streams: all.length,
    bytesRead: all.reduce((sum, stream) => sum + stream.read, 0),
    virtualMs: clock.now,
  }
}

function doSomething(scenario: Scenario, random: SeededRandom, end: Endpoint, nextKey: () => number): void {
  const live = end.streams.filter(({ sending, reading }) => sending === 'open' || reading === 'open')
  const action = live.length === 0 ? 'open' : random.weighted(scenario.weights)
  const stream = live.length === 0 ? undefined : random.pick(live)
  if (action === 'open') {
    const opened = end.open(nextKey(), [random.pick(PROTOCOLS), random.pick(PROTOCOLS)], random.pick(PRIORITIES))
    if (opened !== undefined && random.chance(0.7)) end.write(opened, random.below(scenario.writeBytes))
    return
  }
  if (action === 'serve') {
    end.give({ type: 'serve', served: [[0, PROTOCOLS.filter(() => random.chance(0.7))]] })
    return
  }
  if (stream === undefined) return
  switch (action) {
    case 'write':
      end.write(stream, 1 + random.below(scenario.writeBytes))
      return
    case 'finish':
      end.finish(stream)
      return
    case 'reset':
      end.reset(stream)
      return
    case 'stop':
      end.stop(stream)
      return
    case 'pause':
      end.pause(stream, !stream.isPaused)
  }
}

/** Everybody reads and finishes; whether all has come to its end. */
function bringToEnd(ends: readonly Endpoint[]): boolean {
  for (const end of ends) {
    for (const stream of end.streams) {
      if (stream.isPaused) end.pause(stream, false)
      if (stream.sending === 'open') end.finish(stream)
    }
  }
  return ends.every(({ mux, streams }) => {
    const settled = streams.every(({ sending, reading }) => sending !== 'open' && sending !== 'finishing' && reading !== 'open')
    return settled && mux.streams + mux.unreadBytes + mux.unacknowledgedBytes === 0
  })
}

function checkBounds({ mux, end }: Endpoint, violated: (what: string) => void): void {
  if (end?.type === 'failed') violated(`an honest link failed: ${end.error.message}`)
  if (mux.unreadBytes > UNREAD_MAX_BYTES) violated(`${mux.unreadBytes} bytes unread`)
  if (mux.unacknowledgedBytes > UNACKNOWLEDGED_MAX_BYTES) violated(`${mux.unacknowledgedBytes} bytes unacknowledged`)
  if (mux.streams > 2 * STREAMS_MAX) violated(`${mux.streams} streams`)
}

/** Whoever was told that the remote has it all was told the truth. */
function checkFinished(end: Endpoint, other: Endpoint, violated: (what: string) => void): void {
  for (const stream of end.streams) {
    if (stream.sending !== 'finished') continue
    const remote = counterpart(stream, other)
    if (remote === undefined) violated(`stream ${stream.key} finished where nobody has it`)
    else if (!remote.mux.receive.ended && remote.reading !== 'failed')
      violated(`stream ${stream.key} finished before its end came`)
  }
}

function checkAgreement(stream: AppStream, remote: AppStream | undefined, violated: (what: string) => void): void {
  if (stream.reading === 'ended' && (remote === undefined || stream.read !== remote.written)) {
    violated(`stream ${stream.key}: read ${stream.read} of ${remote?.written} to its end`)
  }
  if (stream.sending === 'finished' && remote?.reading === 'ended' && remote.read !== stream.written) {
    violated(`stream ${stream.key}: wrote ${stream.written}, of which ${remote.read} were read`)
  }
}

function checkSettled(stream: AppStream, violated: (what: string) => void): void {
  const { key, sending, reading } = stream
  if (sending === 'open' || sending === 'finishing') violated(`stream ${key}: a write or close never settled`)
  if (reading === 'open') violated(`stream ${key}: a read never settled`)
}

function counterpart(stream: AppStream, other: Endpoint): AppStream | undefined {
  return other.byKey.get(stream.key)
}
