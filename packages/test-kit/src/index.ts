/** For tests: the other side, spoken by hand. See README.md. */

export { contactAddress } from './addresses.ts'
export { answerByHand, type Call, type CallOptions, callByHand } from './call-by-hand.ts'
export { type Accept, DialByHand, type DialByHandOptions, type DialMessage, type Knock } from './dial-by-hand.ts'
export { Inbox } from './inbox.ts'
export { type AnyLane, type Confirmation, frames, LinkByHand, linkAgainst } from './link-by-hand.ts'
export { seededRandom } from './random.ts'
export { RelayByHand, relayByHand, type Socket } from './relay-by-hand.ts'
export { awaitPeer, dialPeer, type RtcByHand } from './rtc-by-hand.ts'
