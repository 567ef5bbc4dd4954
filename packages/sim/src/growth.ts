/**
 * How a transfer takes possession of its path: what is in flight, and the window that its reader grants, from the moment it begins.
 * What is in flight is what the mux lets fly as long as neither the writer nor credit holds it back: it is seen from outside.
 */
import { decodeFrame, STREAM_WINDOW_BYTES, unpackMessage } from '@kith/protocol'
import { cleanPath } from './path.ts'
import { run } from './run.ts'
import type { Scenario, World } from './scenario.ts'
import { BulkTraffic } from './workloads/traffic.ts'

/** One transfer over one path. The three arrays are as long as each other. */
interface Growth {
  readonly roundTripMs: number
  readonly megabytesPerS: number
  /** Virtual milliseconds since the transfer began: the end of each interval. */
  readonly atMs: readonly number[]
  /** The most that was sent and not yet acknowledged within the interval. */
  readonly inFlightBytes: readonly number[]
  /** What the stream's reader had last granted beyond what it had read. */
  readonly windowBytes: readonly number[]
}

export interface GrowthReport {
  readonly seed: number
  readonly paths: readonly Growth[]
}

/** Each with how long it is watched: until nothing grows any more. */
const PATHS = [
  { roundTripMs: 0, megabytesPerS: 40, watchedMs: 200 },
  { roundTripMs: 20, megabytesPerS: 40, watchedMs: 600 },
  { roundTripMs: 100, megabytesPerS: 40, watchedMs: 2_000 },
  { roundTripMs: 0, megabytesPerS: 10, watchedMs: 200 },
  { roundTripMs: 20, megabytesPerS: 10, watchedMs: 600 },
  { roundTripMs: 100, megabytesPerS: 10, watchedMs: 2_000 },
] as const

const INTERVALS = 100

/** The same seed gives the same numbers. */
export function growth(seed: number): GrowthReport {
  return { seed, paths: PATHS.map((path) => grow(path, seed)) }
}

function grow({ roundTripMs, megabytesPerS, watchedMs }: (typeof PATHS)[number], seed: number): Growth {
  const intervalMs = watchedMs / INTERVALS
  const atMs: number[] = []
  const inFlightBytes: number[] = []
  const windows: number[] = []
  let transfer: { readonly world: World; readonly bulk: BulkTraffic } | undefined
  let mostBytes = 0
  let windowBytes = STREAM_WINDOW_BYTES

  const scenario: Scenario = {
    name: `growth/${roundTripMs}ms-${megabytesPerS}MBps`,
    path: cleanPath(roundTripMs / 2, megabytesPerS * 1000),
    workload(world) {
      const { clock } = world
      const startedAt = clock.now
      const bulk = new BulkTraffic(world)
      transfer = { world, bulk }
      mostBytes = world.dialler.session.unacknowledgedBytes // what left as it was opened
      const next = () => {
        atMs.push((atMs.length + 1) * intervalMs)
        inFlightBytes.push(mostBytes)
        windows.push(windowBytes)
        mostBytes = world.dialler.session.unacknowledgedBytes
        if (atMs.length === INTERVALS) bulk.stop()
        else clock.at(startedAt + (atMs.length + 1) * intervalMs, next)
      }
      clock.at(startedAt + intervalMs, next)
      return () => atMs.length === INTERVALS
    },
  }

  const { violations } = run(scenario, seed, {
    onMessage(message, from, lane) {
      if (transfer === undefined || (lane !== 'urgent' && lane !== 'bulk')) return
      const { world, bulk } = transfer
      mostBytes = Math.max(mostBytes, world.dialler.session.unacknowledgedBytes)
      if (from === 0) return
      for (const bytes of unpackMessage(message)) {
        const frame = decodeFrame(bytes)
        if (frame.type === 'credit' && frame.stream === bulk.stream.mux.id) windowBytes = frame.offset - bulk.readBytes
      }
    },
  })
  const [violation] = violations
  if (violation !== undefined) throw new Error(violation)
  return { roundTripMs, megabytesPerS, atMs, inFlightBytes, windowBytes: windows }
}
