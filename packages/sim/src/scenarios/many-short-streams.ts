import { cleanPath } from '../path.ts'
import type { Scenario } from '../scenario.ts'
import { openStream } from '../workloads/traffic.ts'

const STREAMS = 100
const LATENCY_MS = 10

/** Ask, be answered, hang up, a hundred times in a row: opening costs no round trip of its own, and nothing is left of any. */
export const manyShortStreams: Scenario = {
  name: 'many-short-streams',
  path: cleanPath(LATENCY_MS, 10_000),
  workload: (world) => {
    const { clock, dialler, callee, figures, random } = world
    const startedAt = clock.now
    let ended = 0
    let mostOpen = 0
    const next = () => {
      const stream = openStream(world, 'echoes')
      stream.changed = () => {
        mostOpen = Math.max(mostOpen, dialler.session.streams, callee.session.streams)
        if (stream.reading !== 'ended') return
        stream.changed = undefined
        ended += 1
        if (ended < STREAMS) next()
      }
      dialler.write(stream, 1 + random.below(1000))
      dialler.finish(stream)
    }
    next()
    return () => {
      if (ended < STREAMS) return false
      figures.set('roundTripsPerStream', (clock.now - startedAt) / STREAMS / (2 * LATENCY_MS))
      figures.set('mostOpenStreams', mostOpen)
      return true
    }
  },
  bounds: {
    roundTripsPerStream: { most: 1.1 },
    mostOpenStreams: { most: 2 },
  },
  everyRounds: 10,
}
