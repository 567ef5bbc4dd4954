import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** Lanes fall silent one after the other for longer than a round trip: nothing may be concluded from their order. */
export const stalls: Scenario = {
  name: 'stalls',
  path: {
    latencyMs: 40,
    jitterMs: 0,
    bytesPerMs: 5_000,
    stallEveryMs: 100,
    stallMs: 1_000,
    datagramLoss: 0.02,
    queueBytes: 128 * 1024,
  },
  workload: anything({
    actions: 100,
    betweenActionsMs: 20,
    weights: { open: 4, write: 10, finish: 3, reset: 1, abort: 1, stop: 1, pause: 1, serve: 1, datagrams: 1 },
    writeBytes: 60_000,
  }),
  bufferBytes: 128 * 1024,
  maxMessageSize: 65_536,
}
