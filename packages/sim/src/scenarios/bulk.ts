import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** A few streams, much data, a fast path: frames are full and credit is what limits. */
export const bulk: Scenario = {
  name: 'bulk',
  path: { latencyMs: 5, jitterMs: 1, bytesPerMs: 20_000, stallEveryMs: 0, stallMs: 0, datagramLoss: 0, queueBytes: 128 * 1024 },
  workload: anything({
    actions: 40,
    betweenActionsMs: 5,
    weights: { open: 2, write: 10, finish: 1, reset: 0, abort: 1, stop: 0, pause: 1, serve: 0, datagrams: 0 },
    writeBytes: 200_000,
  }),
  bufferBytes: 256 * 1024,
  maxMessageSize: 262_144,
}
