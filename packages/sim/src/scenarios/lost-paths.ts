import { type SeededRandom, seededRandom } from '../../../test-kit/src/random.ts'
import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** The script sends so many messages at the most where its path lives; a path may die at each of them. */
export const SCRIPT_MESSAGES = 271
const SCRIPT_SEED = 7

/** Nothing random but who finds out when: the same messages in each run, up to where the path dies. */
const CLEAN = {
  latencyMs: 15,
  jitterMs: 0,
  bytesPerMs: 2_000,
  stallEveryMs: 0,
  stallMs: 0,
  datagramLoss: 0,
  queueBytes: 128 * 1024,
}

/** Of a path that follows another, the first messages are confirm, hello and counts: it dies at them as often as later. */
const later = (random: SeededRandom) => (random.chance(0.5) ? random.below(16) : random.below(SCRIPT_MESSAGES))

const act = {
  betweenActionsMs: 8,
  weights: { open: 6, write: 10, finish: 5, reset: 2, abort: 1, stop: 2, pause: 2, serve: 1, datagrams: 1 },
  writeBytes: 30_000,
}

/** The path dies at each message of one session, by the seed; and those that follow it at any. */
const scriptedLosses: Scenario = {
  name: 'lost-paths/script',
  path: CLEAN,
  workload: (world) => anything({ ...act, actions: 120 })({ ...world, random: seededRandom(SCRIPT_SEED) }),
  pathsDie: (seed, random) => [seed % SCRIPT_MESSAGES, later(random), later(random)],
  bufferBytes: 64 * 1024,
}

/** Paths of every kind die at any time, many in a row. */
const anyLosses: Scenario = {
  name: 'lost-paths/any',
  path: { ...CLEAN, latencyMs: 40, jitterMs: 20, stallEveryMs: 300, stallMs: 200, datagramLoss: 0.05 },
  workload: anything({ ...act, actions: 80 }),
  pathsDie: (_seed, random) => Array.from({ length: 1 + random.below(8) }, () => later(random)),
  bufferBytes: 128 * 1024,
}

export const lostPaths: readonly Scenario[] = [scriptedLosses, anyLosses]
