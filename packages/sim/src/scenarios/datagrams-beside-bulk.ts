import { quantile } from '../figures.ts'
import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { BulkTraffic, DatagramTraffic, measureRate } from '../workloads/traffic.ts'

const GROW_MS = 300
const MEASURE_MS = 700

/** A voice beside a transfer: 500 datagrams a second, a twentieth of the path's rate. */
export const datagramsBesideBulk: Scenario = {
  name: 'datagrams-beside-bulk',
  path: { ...cleanPath(10, 10_000), datagramLoss: 0.01 },
  workload: (world) => {
    const { clock, figures } = world
    const bulk = new BulkTraffic(world)
    let isOver = false
    clock.at(clock.now + GROW_MS, () => {
      const datagrams = new DatagramTraffic(world, 2, 1000)
      measureRate(
        world,
        () => bulk.readBytes,
        MEASURE_MS,
        (part) => {
          figures.set('throughputOfRate', part)
          datagrams.stop()
          bulk.stop()
          // Until what was sent last has come or was lost.
          clock.at(clock.now + 500, () => {
            figures.set('datagramsArrived', datagrams.latenciesMs.length / datagrams.sent)
            figures.set('datagramP99Ms', quantile(datagrams.latenciesMs, 0.99))
            isOver = true
          })
        },
      )
    })
    return () => isOver
  },
  bounds: {
    throughputOfRate: { least: 0.9 },
    datagramsArrived: { least: 0.95 },
    datagramP99Ms: { most: 60 },
  },
  everyRounds: 20,
}
