import { STREAM_WINDOW_BYTES } from '@kith/protocol'
import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { BulkTraffic, measureRate, openStream } from '../workloads/traffic.ts'

const GROW_MS = 500
const MEASURE_MS = 500

/** One stream is never read: it holds one window of bytes, and no other stream is delayed. */
export const slowReader: Scenario = {
  name: 'slow-reader',
  path: cleanPath(10, 10_000),
  workload: (world) => {
    const { clock, dialler, figures } = world
    const ignored = openStream(world, 'ignores')
    dialler.write(ignored, Number.POSITIVE_INFINITY)
    const bulk = new BulkTraffic(world)
    let isOver = false
    clock.at(clock.now + GROW_MS, () =>
      measureRate(
        world,
        () => bulk.readBytes,
        MEASURE_MS,
        (part) => {
          figures.set('throughputOfRate', part)
          figures.set('ignoredBytes', ignored.written)
          dialler.cutWrites(ignored)
          bulk.stop()
          isOver = true
        },
      ),
    )
    return () => isOver
  },
  bounds: {
    throughputOfRate: { least: 0.9 },
    ignoredBytes: { most: STREAM_WINDOW_BYTES },
  },
  everyRounds: 20,
}
