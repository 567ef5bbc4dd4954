// What is asked of a contender over a path, and whether it does that.

/** Of raw's rate. */
const BULK_LEAST = 0.95
/** Beyond the round trip: the queue that a transfer may keep before a small message. */
const QUEUE_MOST_MS = 60
/** Below it the frames of a transfer alone take longer than that. */
const QUEUE_FROM_MBIT = 5
/** Of raw's p99, where raw queues. */
const LOADED_MOST = 0.5
/** Raw queues where a transfer makes its median round trip so many times as long. */
const QUEUES_FROM = 2
/** Of what arrives alone, beside a transfer. */
const BESIDE_LEAST = 0.9

/**
 * @param {{ roundTripMs: number, rateMbit: number }} point
 * @param own figures of a contender, and `raw` those of raw, as distance.mjs makes them; null where all rounds failed
 * @returns {Record<string, { value: number, limit: number, isMet: boolean }>} only of the limits that hold at this point
 */
export function judged(point, own, raw) {
  if (!own) return {}
  const limits = {}
  if (own.bulkRatio !== undefined) limits.bulk = atLeast(own.bulkRatio, BULK_LEAST)
  const hasRate = point.rateMbit === 0 || point.rateMbit >= QUEUE_FROM_MBIT
  if (hasRate) limits.queue = atMost(own.loadedPing.p99, point.roundTripMs + QUEUE_MOST_MS)
  if (raw && queues(raw)) limits.half = atMost(own.loadedPing.p99 / raw.loadedPing.p99, LOADED_MOST)
  return limits
}

export const queues = ({ ping, loadedPing }) => loadedPing.p50 >= QUEUES_FROM * ping.p50

/** Whether what comes beside a transfer is what comes without one. */
export const keeps = (beside, alone) => atLeast(beside / alone, BESIDE_LEAST)

const atLeast = (value, limit) => ({ value, limit, isMet: value >= limit })
const atMost = (value, limit) => ({ value, limit, isMet: value <= limit })
