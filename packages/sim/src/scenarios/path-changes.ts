import { quantile } from '../figures.ts'
import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { BulkTraffic, measureRate, PingTraffic } from '../workloads/traffic.ts'

/** Each phase is long enough for the path's queue to drain at the lowest rate, and for windows to grow. */
const PHASE_MS = 3_000
const SETTLE_MS = 1_000

/** A phone leaves the Wi-Fi: a tenth of the rate and four times the round trip for a while, and back again. */
const PHASES = [
  { name: 'before', change: { latencyMs: 10, bytesPerMs: 10_000 } },
  { name: 'during', change: { latencyMs: 40, bytesPerMs: 1_000 } },
  { name: 'after', change: { latencyMs: 10, bytesPerMs: 10_000 } },
] as const

export const pathChanges: Scenario = {
  name: 'path-changes',
  path: cleanPath(10, 10_000),
  workload: (world) => {
    const { clock, figures, there, back } = world
    const bulk = new BulkTraffic(world)
    const pings = new PingTraffic(world, 0)
    let left = PHASES.length
    PHASES.forEach(({ name, change }, phase) => {
      const from = clock.now + phase * PHASE_MS
      clock.at(from, () => {
        there.change(change)
        back.change(change)
      })
      clock.at(from + SETTLE_MS, () => {
        pings.takeRoundTrips()
        measureRate(
          world,
          () => bulk.readBytes,
          PHASE_MS - SETTLE_MS - 1,
          (part) => {
            figures.set(`${name}ThroughputOfRate`, part)
            figures.set(`${name}PingP99Ms`, quantile(pings.takeRoundTrips(), 0.99))
            left -= 1
          },
        )
      })
    })
    return () => {
      if (left > 0) return false
      bulk.stop()
      pings.stop()
      return true
    }
  },
  bounds: {
    beforeThroughputOfRate: { least: 0.9 },
    // The queue of the faster path drains, and the window shrinks with it before the longer delay is believed.
    duringThroughputOfRate: { least: 0.7 },
    afterThroughputOfRate: { least: 0.9 },
    duringPingP99Ms: { most: 550 },
    afterPingP99Ms: { most: 60 },
  },
  everyRounds: 80,
}
