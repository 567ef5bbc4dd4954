import type { Scenario } from '../scenario.ts'
import { anything } from '../workloads/anything.ts'

/** Readers that stop reading hold most of the connection's window; the others must still get on. */
export const pauses: Scenario = {
  name: 'pauses',
  path: {
    latencyMs: 10,
    jitterMs: 5,
    bytesPerMs: 10_000,
    stallEveryMs: 1_000,
    stallMs: 100,
    datagramLoss: 0,
    queueBytes: 128 * 1024,
  },
  workload: anything({
    actions: 80,
    betweenActionsMs: 10,
    weights: { open: 4, write: 12, finish: 2, reset: 1, abort: 1, stop: 0.5, pause: 6, serve: 0, datagrams: 0 },
    writeBytes: 120_000,
  }),
  bufferBytes: 256 * 1024,
  maxMessageSize: 262_144,
}
