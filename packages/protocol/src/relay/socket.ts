/** What the relay keeps of one client: its quotas, its addresses, and how far it has come. */
import type { Bytes, Millis } from '../machine.ts'
import type { TokenBucket } from '../token-bucket.ts'
import type { AddressKey } from './bindings.ts'
import type { SocketId } from './machine-io.ts'
import type { PrefixKey } from './prefixes.ts'

export interface Socket {
  readonly id: SocketId
  readonly prefix: PrefixKey
  readonly origins: readonly string[]
  readonly nonce: Bytes
  readonly bound: Set<AddressKey>
  /** BINDs that are not answered yet, in their order. */
  readonly pending: Map<number, PendingBind>
  readonly sends: TokenBucket
  readonly delivers: TokenBucket
  readonly binds: TokenBucket
  readonly controls: TokenBucket
  /** No second NOTICE rate-limited for SEND before this: a flood must not be answered by another. */
  quietUntil: Millis
  phase: SocketPhase
}

export type SocketPhase =
  | { readonly type: 'unbound'; readonly closeAt: Millis }
  | { readonly type: 'bound'; readonly pingAt: Millis; readonly unanswered: number; readonly payload: Bytes }

export interface PendingBind {
  readonly socket: Socket
  readonly count: number
  /** Fewer than `count` after repetitions, or once an UNBIND overtook the check. */
  readonly addresses: Set<AddressKey>
  /** Places kept for it until it is checked. */
  readonly reserved: number
  /** BINDs are answered in their order, since an answer does not say which it is for: this one waits for those before it. */
  answer: Bytes | undefined
}
