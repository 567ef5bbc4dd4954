import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** A slow path with the smallest messages that are allowed: what is urgent must pass what is not. */
export const narrow: Scenario = {
  name: 'narrow',
  path: {
    latencyMs: 100,
    jitterMs: 50,
    bytesPerMs: 60,
    stallEveryMs: 2_000,
    stallMs: 500,
    datagramLoss: 0,
    queueBytes: 128 * 1024,
  },
  workload: anything({
    actions: 80,
    betweenActionsMs: 25,
    weights: { open: 5, write: 10, finish: 4, reset: 1, abort: 1, stop: 1, pause: 1, serve: 1, datagrams: 0 },
    writeBytes: 10_000,
  }),
  bufferBytes: 16 * 1024,
  maxMessageSize: 4_096,
}
