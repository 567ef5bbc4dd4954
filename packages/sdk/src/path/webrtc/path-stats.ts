/**
 * What getStats knows of a connection. Browsers report differently, and only here it shows. What a report is about may go, and the
 * report with it: a candidate pair that is pruned, the packets of a track that was removed. So what was last seen of each is kept,
 * a few numbers, and sums do not shrink.
 */

export interface PathStats {
  /** Of the last connectivity check. Undefined before the first, and in browsers that do not report it. */
  readonly roundTripMs: number | undefined
  /** Of the packets of tracks, 0 to 1, the worse of both directions. Undefined where no tracks flow. */
  readonly lossRatio: number | undefined
  /** On the wire, on all paths that were in use; what DTLS and SRTP add included, not what UDP and IP do. */
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** The members that we read of W3C webrtc-stats; which of them there are depends on `type`. */
interface Report {
  readonly id: string
  readonly type: string
  readonly timestamp: number
  readonly selectedCandidatePairId?: string
  readonly selected?: boolean
  readonly localCandidateId?: string
  readonly remoteCandidateId?: string
  readonly candidateType?: string
  readonly port?: number
  readonly currentRoundTripTime?: number
  readonly totalRoundTripTime?: number
  readonly bytesSent?: number
  readonly bytesReceived?: number
  readonly packetsLost?: number
  readonly packetsReceived?: number
  readonly fractionLost?: number
}

/** What shows where a candidate is. */
interface CandidateKind {
  readonly type: string | null | undefined
  readonly port: number | null | undefined
}

/** What is lost is counted for at least so long: 50 packets of sound, so that one of them is two percent. */
const LOSS_INTERVAL_MS = 1_000

/** A receiver sends its reports every few seconds (RFC 3550 §6.2): an older report belongs to a track that has paused. */
const REPORT_AGE_MAX_MS = 10_000

/** Of one connection: reads its reports, one after the other. */
export class PathMeter {
  /** The ports of the candidates that the remote has named, and whether each is at a TURN server. */
  readonly #named = new Map<number, boolean>()
  /** The candidates of the pair in use. */
  #used: { readonly ours: CandidateKind; readonly theirs: CandidateKind } | undefined
  /** By the id of what it is about, the last seen: bytes sent and received of a pair, packets lost and received of a track. */
  readonly #pairs = new Map<string, readonly [sent: number, received: number]>()
  readonly #packets = new Map<string, readonly [lost: number, received: number]>()
  #counted = { at: 0, lost: 0, received: 0, lossRatio: undefined as number | undefined }

  /** A check may come before the candidate that it comes from: then browsers call its type 'prflx' (RFC 8445 §7.3.1.3). */
  named(port: number, isAtTurn: boolean): void {
    this.#named.set(port, isAtTurn)
  }

  /** Whether our end of the path is at a TURN server. Undefined while none is in use, and where the browser does not say. */
  get isAtTurn(): boolean | undefined {
    const type = this.#used?.ours.type
    return type === undefined ? undefined : type === 'relay'
  }

  /**
   * 'turn' when either end of the path in use is at a TURN server. Undefined while none is in use. What the remote says of its own
   * end is certain; where it does not say, its candidates show it, as far as they have come.
   */
  path(remoteIsAtTurn: boolean | undefined): 'direct' | 'turn' | undefined {
    if (!this.#used) return undefined
    const { theirs } = this.#used
    const isTheirs = theirs.type === 'prflx' ? this.#named.get(theirs.port ?? 0) : theirs.type === 'relay'
    return this.isAtTurn || (remoteIsAtTurn ?? isTheirs) ? 'turn' : 'direct'
  }

  /** The pair in use, where the browser says it without statistics. */
  use(ours: CandidateKind, theirs: CandidateKind): void {
    this.#used = { ours, theirs }
  }

  read(reports: RTCStatsReport): PathStats {
    const byId = new Map<string, Report>()
    reports.forEach((report: Report) => {
      byId.set(report.id, report)
    })
    const all = [...byId.values()]
    for (const { type, id, bytesSent = 0, bytesReceived = 0, packetsLost = 0, packetsReceived = 0 } of all) {
      if (type === 'candidate-pair') this.#pairs.set(id, [bytesSent, bytesReceived])
      if (type === 'inbound-rtp') this.#packets.set(id, [packetsLost, packetsReceived])
    }
    const selectedId = all.find(({ type }) => type === 'transport')?.selectedCandidatePairId
    // Older Firefox reports no transport, and marks the pair instead.
    const pair = byId.get(selectedId ?? '') ?? all.find(({ selected }) => selected === true)
    const kind = (id = ''): CandidateKind => ({ type: byId.get(id)?.candidateType, port: byId.get(id)?.port })
    this.#used = pair && { ours: kind(pair.localCandidateId), theirs: kind(pair.remoteCandidateId) }
    const roundTripSeconds = pair && secondsOf(pair)
    const [bytesSent, bytesReceived] = sums(this.#pairs)
    return {
      roundTripMs: roundTripSeconds === undefined ? undefined : roundTripSeconds * 1000,
      lossRatio: this.#lossRatio(all),
      bytesSent,
      bytesReceived,
    }
  }

  #lossRatio(all: readonly Report[]): number | undefined {
    const now = Math.max(...all.map(({ timestamp }) => timestamp))
    // Of ours: the receiver has counted since its report before.
    const ratios = all.flatMap(({ timestamp, fractionLost }) =>
      fractionLost === undefined || now - timestamp > REPORT_AGE_MAX_MS ? [] : [fractionLost],
    )
    // Of theirs: we count.
    if (now - this.#counted.at >= LOSS_INTERVAL_MS) {
      const [lost, received] = sums(this.#packets)
      // A packet that was counted as lost and comes late makes the count go back.
      const newlyLost = Math.max(0, lost - this.#counted.lost)
      const expected = newlyLost + received - this.#counted.received
      this.#counted = { at: now, lost, received, lossRatio: expected > 0 ? newlyLost / expected : undefined }
    }
    if (this.#counted.lossRatio !== undefined) ratios.push(this.#counted.lossRatio)
    return ratios.length > 0 ? Math.max(...ratios) : undefined
  }
}

/** W3C webrtc-stats §8.12 has seconds. node-datachannel reports whole milliseconds, and the last one as the total. */
function secondsOf({ currentRoundTripTime: last, totalRoundTripTime: total }: Report): number | undefined {
  const isInMilliseconds = last !== undefined && last >= 1 && Number.isInteger(last) && last === total
  return isInMilliseconds ? last / 1000 : last
}

function sums(last: ReadonlyMap<string, readonly [number, number]>): [number, number] {
  const sum: [number, number] = [0, 0]
  for (const [one, other] of last.values()) {
    sum[0] += one
    sum[1] += other
  }
  return sum
}
