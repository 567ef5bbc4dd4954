import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** One side leaves in the middle of it: nothing that was cut short may pass for whole. */
export const goodbye: Scenario = {
  name: 'goodbye',
  path: {
    latencyMs: 20,
    jitterMs: 10,
    bytesPerMs: 5_000,
    stallEveryMs: 500,
    stallMs: 200,
    datagramLoss: 0.1,
    queueBytes: 128 * 1024,
  },
  workload: anything({
    actions: 60,
    betweenActionsMs: 8,
    weights: { open: 5, write: 10, finish: 4, reset: 1, abort: 1, stop: 1, pause: 2, serve: 1, datagrams: 1 },
    writeBytes: 80_000,
  }),
  bufferBytes: 128 * 1024,
  maxMessageSize: 262_144,
  end: 'goodbye',
}
