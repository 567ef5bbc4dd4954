/** What getStats knows of the path in use. */
export interface PathStats {
  /** 'turn' when either end of it is at a TURN server. */
  readonly path: 'direct' | 'turn'
  /** Of the last connectivity check. Undefined before the first. */
  readonly roundTripMs?: number
  /** On the wire below DTLS, since this path is in use. */
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** The members that we read of W3C webrtc-stats; which of them there are depends on `type`. */
interface Report {
  readonly id: string
  readonly type: string
  readonly selectedCandidatePairId?: string
  readonly selected?: boolean
  readonly localCandidateId?: string
  readonly remoteCandidateId?: string
  readonly candidateType?: string
  readonly currentRoundTripTime?: number
  readonly bytesSent?: number
  readonly bytesReceived?: number
}

/** Undefined while no path is in use. */
export function pathStats(reports: RTCStatsReport): PathStats | undefined {
  const byId = new Map<string, Report>()
  reports.forEach((report: Report) => {
    byId.set(report.id, report)
  })
  const all = [...byId.values()]
  const selectedId = all.find(({ type }) => type === 'transport')?.selectedCandidatePairId
  // Firefox reports no transport, and marks the pair instead.
  const pair = byId.get(selectedId ?? '') ?? all.find(({ type, selected }) => type === 'candidate-pair' && selected === true)
  if (pair === undefined) return undefined

  const ends = [byId.get(pair.localCandidateId ?? ''), byId.get(pair.remoteCandidateId ?? '')]
  const roundTripMs = pair.currentRoundTripTime === undefined ? {} : { roundTripMs: pair.currentRoundTripTime * 1000 }
  return {
    path: ends.some((end) => end?.candidateType === 'relay') ? 'turn' : 'direct',
    bytesSent: pair.bytesSent ?? 0,
    bytesReceived: pair.bytesReceived ?? 0,
    ...roundTripMs,
  }
}
