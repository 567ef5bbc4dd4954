import { quantile } from '../figures.ts'
import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { BulkTraffic, measureRate, PingTraffic } from '../workloads/traffic.ts'

const GROW_MS = 500
const MEASURE_MS = 500

/** What is urgent goes first: pings of priority 1 beside bulk of 0; then an urgent transfer beside both; then one more urgent still. */
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
        const measure = (traffic: BulkTraffic, name: string, then: () => void = () => {}) =>
          measureRate(
            world,
            () => traffic.readBytes,
            MEASURE_MS,
            (part) => {
              figures.set(name, part)
              then()
            },
          )
        clock.at(clock.now + GROW_MS, () => {
          measure(bulk, 'bulkOfRate')
          measure(urgent, 'urgentOfRate', () => {
            const first = new BulkTraffic(world, 2)
            clock.at(clock.now + GROW_MS, () => {
              measure(urgent, 'secondOfRate')
              measure(first, 'firstOfRate', () => {
                for (const traffic of [first, urgent, bulk, pings]) traffic.stop()
                isOver = true
              })
            })
          })
        })
      })
    })
    return () => isOver
  },
  bounds: {
    urgentPingP99Ms: { most: 60 },
    urgentOfRate: { least: 0.85 },
    bulkOfRate: { most: 0.01 },
    firstOfRate: { least: 0.85 },
    secondOfRate: { most: 0.01 },
  },
  everyRounds: 40,
}
