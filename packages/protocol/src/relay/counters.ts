/** What happened, by reason: for metrics. Counts only, never whom it happened to. */
export interface RelayCounters {
  accepted: number
  bound: number
  sent: number
  delivered: number
  droppedSendRate: number
  droppedReceiveRate: number
  droppedDeliverRate: number
  droppedUnbound: number
  refusedFull: number
  refusedPrefixSockets: number
  refusedPrefixRate: number
  refusedMalformed: number
  refusedSignature: number
  refusedBindForm: number
  refusedBindRate: number
  refusedBindsPerSocket: number
  refusedBindsInAll: number
  refusedBindsWaiting: number
  refusedBindersPerAddress: number
  closedBindsWaiting: number
  closedControlRate: number
  closedNoBind: number
  closedUnresponsive: number
}

export function relayCounters(): RelayCounters {
  return {
    accepted: 0,
    bound: 0,
    sent: 0,
    delivered: 0,
    droppedSendRate: 0,
    droppedReceiveRate: 0,
    droppedDeliverRate: 0,
    droppedUnbound: 0,
    refusedFull: 0,
    refusedPrefixSockets: 0,
    refusedPrefixRate: 0,
    refusedMalformed: 0,
    refusedSignature: 0,
    refusedBindForm: 0,
    refusedBindRate: 0,
    refusedBindsPerSocket: 0,
    refusedBindsInAll: 0,
    refusedBindsWaiting: 0,
    refusedBindersPerAddress: 0,
    closedBindsWaiting: 0,
    closedControlRate: 0,
    closedNoBind: 0,
    closedUnresponsive: 0,
  }
}
