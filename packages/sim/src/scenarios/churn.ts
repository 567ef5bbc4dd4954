import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** Many short streams that are opened, cut off and turned down while what is served keeps changing. */
export const churn: Scenario = {
  name: 'churn',
  path: {
    latencyMs: 30,
    jitterMs: 20,
    bytesPerMs: 2_000,
    stallEveryMs: 300,
    stallMs: 150,
    datagramLoss: 0.05,
    queueBytes: 128 * 1024,
  },
  workload: anything({
    actions: 120,
    betweenActionsMs: 4,
    weights: { open: 8, write: 8, finish: 5, reset: 3, abort: 1, stop: 3, pause: 2, serve: 3, datagrams: 2 },
    writeBytes: 3_000,
  }),
  bufferBytes: 64 * 1024,
  maxMessageSize: 262_144,
}
