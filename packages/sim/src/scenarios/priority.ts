import { quantile } from '../figures.ts'
import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { BulkTraffic, measureRate, PingTraffic } from '../workloads/traffic.ts'

const GROW_MS = 500
const MEASURE_MS = 500

/** What is urgent goes first: pings of priority 1 beside bulk of 0, then an urgent transfer beside both. */
export const priority: Scenario = {
  name: 'priority',
  path: cleanPath(10, 10_000),
  workload: (world) => {
    const { clock, figures } = world
    const bulk = new BulkTraffic(world, 0)
    const pings = new PingTraffic(world, 1)
    let isOver = false
    clock.at(clock.now + GROW_MS, () => {
      pings.takeRoundTrips()
      clock.at(clock.now + MEASURE_MS, () => {
        figures.set('urgentPingP99Ms', quantile(pings.takeRoundTrips(), 0.99))
        const urgent = new BulkTraffic(world, 1)
        clock.at(clock.now + GROW_MS, () =>
          measureRate(
            world,
            () => urgent.readBytes,
            MEASURE_MS,
            (part) => {
              figures.set('urgentOfRate', part)
              for (const traffic of [urgent, bulk, pings]) traffic.stop()
              isOver = true
            },
          ),
        )
      })
    })
    return () => isOver
  },
  bounds: {
    urgentPingP99Ms: { most: 60 },
    urgentOfRate: { least: 0.85 },
  },
  everyRounds: 40,
}
