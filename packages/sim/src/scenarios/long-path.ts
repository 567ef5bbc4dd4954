import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { BulkTraffic, measureRate } from '../workloads/traffic.ts'

const GROW_MS = 1_500
const MEASURE_MS = 1_000

/** Another continent: a stream's window must grow to a megabyte before the path is full, and then keep it so. */
export const longPath: Scenario = {
  name: 'long-path',
  path: cleanPath(50, 10_000),
  workload: (world) => {
    const { clock, figures } = world
    const bulk = new BulkTraffic(world)
    let isOver = false
    measureRate(
      world,
      () => bulk.readBytes,
      GROW_MS,
      (part) => figures.set('growingOfRate', part),
    )
    clock.at(clock.now + GROW_MS, () =>
      measureRate(
        world,
        () => bulk.readBytes,
        MEASURE_MS,
        (part) => {
          figures.set('throughputOfRate', part)
          bulk.stop()
          isOver = true
        },
      ),
    )
    return () => isOver
  },
  bounds: {
    throughputOfRate: { least: 0.95 },
  },
  everyRounds: 40,
}
