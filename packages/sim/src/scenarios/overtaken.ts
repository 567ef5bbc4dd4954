import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** Every lane keeps losing packets from the first one on, so that bulk data overtakes the hello it was sent behind. */
export const overtaken: Scenario = {
  name: 'overtaken',
  path: {
    latencyMs: 2,
    jitterMs: 0,
    bytesPerMs: 50_000,
    stallEveryMs: 10,
    stallMs: 400,
    datagramLoss: 0.2,
    queueBytes: 128 * 1024,
  },
  workload: anything({
    actions: 40,
    betweenActionsMs: 2,
    weights: { open: 3, write: 12, finish: 1, reset: 0, abort: 1, stop: 0, pause: 1, serve: 0, datagrams: 1 },
    writeBytes: 200_000,
  }),
  bufferBytes: 256 * 1024,
  maxMessageSize: 262_144,
}
