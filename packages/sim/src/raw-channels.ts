/**
 * What bare data channels do on the same path: one that always has a message of 64 KiB to send and keeps its `bufferedAmount` under
 * 256 KiB, and one for pings. Nothing of the link's machine: what its figures are compared with.
 */
import { VirtualClock } from '../../test-kit/src/clock.ts'
import { seededRandom } from '../../test-kit/src/random.ts'
import { quantile } from './figures.ts'
import type { PathLane, PathModel, Way } from './path.ts'
import { SctpWay } from './sctp.ts'
import { PING_BYTES } from './workloads/traffic.ts'

const MESSAGE_BYTES = 64 * 1024
const BUFFER_BYTES = 256 * 1024

export interface RawFigures {
  readonly partOfRate: number
  readonly pingP50Ms: number
  readonly pingP99Ms: number
}

export function rawChannels(
  model: PathModel,
  seed: number,
  { growMs, measureMs, everyMs }: { growMs: number; measureMs: number; everyMs: number },
): RawFigures {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const way = (arrive: (lane: PathLane, bytes: number) => void, bufferedAmountLow: () => void): Way =>
    new SctpWay({
      clock,
      random: seededRandom(random.below(2 ** 32)),
      model,
      maxMessageSize: 0,
      arrive: ({ lane, bytes }) => arrive(lane, bytes.length),
      bufferedAmountLow,
      violated: (what) => {
        throw new Error(what)
      },
    })
  const message = new Uint8Array(MESSAGE_BYTES)
  const ping = new Uint8Array(PING_BYTES)
  let arrivedBytes = 0
  const sentAt: number[] = []
  let returned = 0
  let roundTripsMs: number[] = []
  const fill = () => {
    while (there.buffered('bulk') <= BUFFER_BYTES) there.send('bulk', message)
  }
  const there: Way = way((lane, bytes) => {
    if (lane === 'bulk') arrivedBytes += bytes
    else back.send('urgent', ping)
  }, fill)
  const back: Way = way(
    () => {
      roundTripsMs.push(clock.now - (sentAt[returned] ?? Number.NaN))
      returned += 1
    },
    () => undefined,
  )
  there.setLowThreshold('bulk', BUFFER_BYTES / 2)
  const sendPing = () => {
    if (returned === sentAt.length) {
      sentAt.push(clock.now)
      there.send('urgent', ping)
    }
    clock.at(clock.now + random.between(0.5, 1.5) * everyMs, sendPing)
  }
  fill()
  sendPing()
  while (clock.step(growMs));
  const before = arrivedBytes
  roundTripsMs = []
  while (clock.step(growMs + measureMs));
  return {
    partOfRate: (arrivedBytes - before) / (model.bytesPerMs * measureMs),
    pingP50Ms: quantile(roundTripsMs, 0.5),
    pingP99Ms: quantile(roundTripsMs, 0.99),
  }
}
