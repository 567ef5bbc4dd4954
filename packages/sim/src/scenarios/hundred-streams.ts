import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { bytesReadOf, openStream } from '../workloads/traffic.ts'

const STREAMS = 100
const STREAM_BYTES = 200_000

/** A hundred equals at once: as fast as one, and none much before another. */
export const hundredStreams: Scenario = {
  name: 'hundred-streams',
  path: cleanPath(10, 10_000),
  workload: (world) => {
    const { clock, dialler, figures, there } = world
    const startedAt = clock.now
    const streams = Array.from({ length: STREAMS }, () => {
      const stream = openStream(world, 'reads')
      dialler.write(stream, STREAM_BYTES)
      dialler.finish(stream)
      return stream
    })
    let slowestAtHalf: number | undefined
    return () => {
      let all = 0
      let slowest = Number.POSITIVE_INFINITY
      for (const stream of streams) {
        const read = bytesReadOf(world, stream)
        all += read
        if (read < slowest) slowest = read
      }
      if (all >= (STREAMS * STREAM_BYTES) / 2) slowestAtHalf ??= slowest / (all / STREAMS)
      if (all < STREAMS * STREAM_BYTES || slowestAtHalf === undefined) return false
      const { bytesPerMs, latencyMs } = there.model
      figures.set('throughputOfRate', (STREAMS * STREAM_BYTES) / (bytesPerMs * (clock.now - startedAt - latencyMs)))
      figures.set('slowestOfMeanAtHalf', slowestAtHalf)
      return true
    }
  },
  bounds: {
    throughputOfRate: { least: 0.95 },
    slowestOfMeanAtHalf: { least: 0.5 },
  },
  everyRounds: 80,
}
