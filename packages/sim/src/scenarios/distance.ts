import { quantile } from '../figures.ts'
import { networkPath } from '../path.ts'
import { rawChannels } from '../raw-channels.ts'
import type { Bound, Scenario, Workload } from '../scenario.ts'
import { BulkTraffic, DatagramTraffic, measureRate, PingTraffic } from '../workloads/traffic.ts'

/**
 * A transfer over SCTP and a network, with pings of the same priority beside it, and bare data channels on the same path: what part of
 * theirs the transfer is, and how long a small message waits. Then datagrams beside it, at a tenth of the rate.
 */

const PING_EVERY_MS = 20
const DATAGRAM_BYTES = 600

interface Point {
  readonly megabytesPerS: number
  readonly roundTripMs: number
  readonly loss: number
}

/** What a path takes until it is full, and enough pings for their p99; more where loss decides. */
function times({ megabytesPerS, loss }: Point): { growMs: number; measureMs: number } {
  if (megabytesPerS > 10 && loss === 0) return { growMs: 3_000, measureMs: 2_500 }
  return { growMs: 3_000, measureMs: loss > 0 || megabytesPerS < 1 ? 15_000 : 5_000 }
}

function beside(point: Point): Workload {
  const { growMs, measureMs } = times(point)
  return (world) => {
    const { clock, figures, random, there } = world
    const raw = rawChannels(there.model, random.below(2 ** 32), { growMs, measureMs, everyMs: PING_EVERY_MS })
    const bulk = new BulkTraffic(world)
    const pings = new PingTraffic(world, 0, PING_EVERY_MS, false)
    let isOver = false
    clock.at(clock.now + growMs, () => {
      pings.takeRoundTrips()
      measureRate(
        world,
        () => bulk.readBytes,
        measureMs,
        (part) => {
          const roundTripsMs = pings.takeRoundTrips()
          pings.stop()
          figures.set('bulkOfRate', part)
          figures.set('bulkOfRaw', part / raw.partOfRate)
          figures.set('pingP50Ms', quantile(roundTripsMs, 0.5))
          figures.set('pingP99Ms', quantile(roundTripsMs, 0.99))
          figures.set('rawPingP50Ms', raw.pingP50Ms)
          figures.set('rawPingP99Ms', raw.pingP99Ms)
          figures.set('pingP99OfRaw', quantile(roundTripsMs, 0.99) / raw.pingP99Ms)
          const everyMs = (10 * DATAGRAM_BYTES) / there.model.bytesPerMs
          const datagrams = new DatagramTraffic(world, everyMs, DATAGRAM_BYTES)
          clock.at(clock.now + measureMs / 2, () => {
            datagrams.stop()
            bulk.stop()
            // Until what was sent last has come or was lost.
            clock.at(clock.now + 1_000, () => {
              figures.set('datagramsArrived', datagrams.latenciesMs.length / datagrams.sent)
              figures.set('datagramP99Ms', quantile(datagrams.latenciesMs, 0.99))
              isOver = true
            })
          })
        },
      )
    })
    return () => isOver
  }
}

/** Without loss. With it, one lost packet holds back its lane for a round trip or more, and a run is too short for a p99 to be steady. */
function bounds({ megabytesPerS, roundTripMs, loss }: Point): Readonly<Record<string, Bound>> {
  if (loss > 0) return {}
  return {
    bulkOfRaw: { least: 0.8 },
    datagramsArrived: { least: 0.9 },
    // Two frames of the least size take 40 ms of the slowest.
    // Where startup has overrun the bottleneck's queue, its loss is still being repaired over 100 ms.
    pingP99Ms: { most: roundTripMs + (megabytesPerS < 0.5 ? 350 : roundTripMs > 20 ? 220 : 90) },
    ...(megabytesPerS < 0.5 && { pingP99OfRaw: { most: 0.5 } }),
  }
}

const POINTS: readonly Point[] = [0.1, 0.6, 2.5, 12].flatMap((megabytesPerS) =>
  [0, 20, 100].flatMap((roundTripMs) => [0, 0.01].map((loss) => ({ megabytesPerS, roundTripMs, loss }))),
)

export const distanceAll: readonly Scenario[] = POINTS.map((point) => {
  const { megabytesPerS, roundTripMs, loss } = point
  return {
    name: `distance/${roundTripMs}ms-${megabytesPerS}MBps-${loss * 100}%`,
    path: networkPath(roundTripMs / 2, megabytesPerS * 1000, loss),
    workload: beside(point),
    bounds: bounds(point),
    everyRounds: 160,
  }
})
