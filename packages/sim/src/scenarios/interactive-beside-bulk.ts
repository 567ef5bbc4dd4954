import { quantile } from '../figures.ts'
import { cleanPath } from '../path.ts'
import type { Bound, Scenario, Workload } from '../scenario.ts'
import { BulkTraffic, measureRate, PingTraffic } from '../workloads/traffic.ts'

/**
 * A bulk transfer and pings of the same priority, in the same direction: how fast the one, and how long do the others wait for
 * what is in flight before them? At several round trips and rates, since what must be in flight is their product.
 */
function interactiveBesideBulk(forMs: { readonly grow: number; readonly measure: number }): Workload {
  return (world) => {
    const { clock, figures } = world
    const bulk = new BulkTraffic(world)
    const pings = new PingTraffic(world, 0)
    let isOver = false
    clock.at(clock.now + forMs.grow, () => {
      pings.takeRoundTrips()
      measureRate(
        world,
        () => bulk.readBytes,
        forMs.measure,
        (part) => {
          const roundTripsMs = pings.takeRoundTrips()
          figures.set('throughputOfRate', part)
          figures.set('pingP50Ms', quantile(roundTripsMs, 0.5))
          figures.set('pingP99Ms', quantile(roundTripsMs, 0.99))
          bulk.stop()
          pings.stop()
          isOver = true
        },
      )
    })
    return () => isOver
  }
}

interface Variant {
  readonly roundTripMs: number
  readonly megabytesPerS: number
  /** Of what a window needs to grow, and of what is measured. */
  readonly growMs: number
  readonly measureMs: number
  readonly bounds: Readonly<Record<string, Bound>>
}

function variant({ roundTripMs, megabytesPerS, growMs, measureMs, bounds }: Variant): Scenario {
  return {
    name: `interactive-beside-bulk/${roundTripMs}ms-${megabytesPerS}MBps`,
    path: cleanPath(roundTripMs / 2, megabytesPerS * 1000),
    workload: interactiveBesideBulk({ grow: growMs, measure: measureMs }),
    bounds,
    everyRounds: 40,
  }
}

/** What waits before a ping is what the session has in flight beyond what the path holds: 12 ms, and what waits to be acknowledged. */
const bound = (throughputLeast: number, pingP99MostMs: number): Variant['bounds'] => ({
  throughputOfRate: { least: throughputLeast },
  pingP99Ms: { most: pingP99MostMs },
})

export const interactiveBesideBulkAll: readonly Scenario[] = [
  variant({ roundTripMs: 0, megabytesPerS: 1, growMs: 1_000, measureMs: 4_000, bounds: bound(0.95, 80) }),
  variant({ roundTripMs: 0, megabytesPerS: 10, growMs: 200, measureMs: 1_000, bounds: bound(0.95, 30) }),
  variant({ roundTripMs: 0, megabytesPerS: 40, growMs: 100, measureMs: 500, bounds: bound(0.95, 13) }),
  variant({ roundTripMs: 20, megabytesPerS: 1, growMs: 1_000, measureMs: 4_000, bounds: bound(0.95, 90) }),
  variant({ roundTripMs: 20, megabytesPerS: 10, growMs: 500, measureMs: 1_000, bounds: bound(0.95, 52) }),
  variant({ roundTripMs: 20, megabytesPerS: 40, growMs: 300, measureMs: 500, bounds: bound(0.95, 40) }),
  variant({ roundTripMs: 100, megabytesPerS: 1, growMs: 2_000, measureMs: 4_000, bounds: bound(0.93, 175) }),
  variant({ roundTripMs: 100, megabytesPerS: 10, growMs: 1_500, measureMs: 1_000, bounds: bound(0.95, 135) }),
  variant({ roundTripMs: 100, megabytesPerS: 40, growMs: 1_500, measureMs: 500, bounds: bound(0.9, 135) }),
]
