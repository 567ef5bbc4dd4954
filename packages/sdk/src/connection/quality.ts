/**
 * How good a connection is for people who talk over it, in one word. The worst of what is known decides.
 *
 * The round trip by the E-model (ITU-T G.107, as simplified by Cole and Rosenbluth 2001): without loss a call is rated 93 at no delay,
 * 89 at 177 ms from mouth to ear, where the curve breaks off, and 70 at 321 ms, where "many users dissatisfied" begins (G.109). On
 * the way are half a round trip and 80 ms for packets, jitter buffer and playing (G.114, II.2): so 200 and 480 ms.
 *
 * Loss as in conference systems, whose codecs repair and conceal some: Jitsi takes the first bar away beyond 2 %, LiveKit (whose words
 * these are) grades pictures down beyond 2 and 6 %, sound beyond 3.75 and 11.
 *
 * There is no memory in it. At an edge it may change its mind from one reading to the next, by one step.
 */
import type { ConnectionStats } from '../api.ts'

const EXCELLENT_ROUND_TRIP_MS = 200
const GOOD_ROUND_TRIP_MS = 480
const EXCELLENT_LOSS_RATIO = 0.02
const GOOD_LOSS_RATIO = 0.06

/** @param hasPath ICE has the other side's consent (RFC 7675), and a path in use. A round trip that is not known is not excellent. */
export function qualityOf(hasPath: boolean, roundTripMs = GOOD_ROUND_TRIP_MS, lossRatio = 0): ConnectionStats['quality'] {
  if (!hasPath) return 'lost'
  if (roundTripMs > GOOD_ROUND_TRIP_MS || lossRatio > GOOD_LOSS_RATIO) return 'poor'
  return roundTripMs > EXCELLENT_ROUND_TRIP_MS || lossRatio > EXCELLENT_LOSS_RATIO ? 'good' : 'excellent'
}
