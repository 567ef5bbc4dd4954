/** How well a call goes, from what the other side reports about what it receives of ours (RFC 3550 §6.4.1). */

export type Quality = 'unknown' | 'good' | 'fair' | 'poor'

/** From here on talking over each other begins (ITU-T G.114 wants 150 ms one way), and from there on it is hard to talk. */
const FAIR_ROUND_TRIP_MS = 300
const POOR_ROUND_TRIP_MS = 700
/** The share of packets lost that can be seen and heard, and the one that speech gets lost in. */
const FAIR_LOSS = 0.03
const POOR_LOSS = 0.1

export function qualityOf(senders: readonly RTCStatsReport[]): Quality {
  let quality: Quality = 'unknown'
  for (const report of senders) {
    for (const stats of report.values()) {
      if (stats.type !== 'remote-inbound-rtp') continue
      const roundTripMs = Number(stats.roundTripTime ?? 0) * 1000
      const loss = Number(stats.fractionLost ?? 0)
      if (loss >= POOR_LOSS || roundTripMs >= POOR_ROUND_TRIP_MS) return 'poor'
      const isFair = loss >= FAIR_LOSS || roundTripMs >= FAIR_ROUND_TRIP_MS
      if (isFair || quality === 'unknown') quality = isFair ? 'fair' : 'good'
    }
  }
  return quality
}
