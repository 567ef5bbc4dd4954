/** What goes into a relay client's machine and what comes out of it. */
import type { KithError } from '../errors.ts'
import type { Bytes, Millis, Random } from '../machine.ts'

export interface RelayClientConfig {
  /** For messages alone. */
  readonly url?: string
  readonly random: Random
  readonly paddedCount: (count: number) => number
  /** A fresh decoy address; the driver keeps its keys until they are asked to sign. */
  readonly decoy: () => Bytes
  /** Where attempts are few, the earliest time for the next; a 'wake' goes first. */
  readonly retryNotBefore?: () => Millis
}

export type RelayClientInput =
  | { readonly type: 'start' }
  /** The relay speaks first. Inputs of a connection that is not the latest are ignored. */
  | { readonly type: 'frame'; readonly connection: number; readonly frame: Uint8Array }
  /** The WebSocket is open, and nothing has come yet. */
  | { readonly type: 'opened'; readonly connection: number }
  /** `said`: why, where the platform tells. */
  | { readonly type: 'closed'; readonly connection: number; readonly said?: string | undefined }
  /** The platform will never make this connection. */
  | { readonly type: 'refused'; readonly connection: number; readonly error: KithError }
  | { readonly type: 'signed'; readonly connection: number; readonly proofs: readonly BindProof[] }
  /** `rank` 0, the default: always has a place, and soon. Above: where the relay has no place for all, the highest are left out. */
  | { readonly type: 'bind'; readonly address: Bytes; readonly rank?: number }
  /** Who matters has changed. */
  | { readonly type: 'rank'; readonly ranks: readonly (readonly [address: Uint8Array, rank: number])[] }
  | { readonly type: 'unbind'; readonly address: Uint8Array }
  | { readonly type: 'send'; readonly address: Uint8Array; readonly envelope: Uint8Array }
  /** The network is back, or the page is looked at: now is a better time than whatever we wait for, a relay's own word included.
   *  `slept`: the relay has long closed what we still take for a connection. */
  | { readonly type: 'wake'; readonly slept?: boolean }
  | { readonly type: 'tick' }
  | { readonly type: 'stop' }

export type RelayClientOutput =
  | { readonly type: 'connect'; readonly connection: number }
  | { readonly type: 'disconnect'; readonly connection: number }
  | { readonly type: 'transmit'; readonly connection: number; readonly frame: Bytes }
  /** At most 16 addresses; answer with 'signed' in the same order. `isUrgent`: at once, for a dial waits; others may take their time. */
  | {
      readonly type: 'sign'
      readonly connection: number
      readonly nonce: Bytes
      readonly addresses: readonly Bytes[]
      readonly isUrgent: boolean
    }
  /** The relay has these for us now, decoys left out. */
  | { readonly type: 'bound'; readonly addresses: readonly Bytes[] }
  /** The relay's clock at this moment, milliseconds since 1970. */
  | { readonly type: 'time'; readonly time: Millis }
  | { readonly type: 'deliver'; readonly address: Bytes; readonly envelope: Bytes }
  | { readonly type: 'state'; readonly state: RelayClientState }

export interface BindProof {
  readonly address: Uint8Array
  readonly signature: Uint8Array
}

/** `error`: why it is not, or not wholly, as it should be. `retryAt`: by the clock that `handle` is given. */
export type RelayClientState =
  | { readonly state: 'connecting'; readonly error?: KithError }
  | { readonly state: 'ready'; readonly error?: KithError }
  | { readonly state: 'waiting'; readonly error?: KithError; readonly retryAt: Millis }
  /** No retry can mend it. */
  | { readonly state: 'failed'; readonly error: KithError }
