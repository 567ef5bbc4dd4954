/** What goes into the relay's machine and what comes out of it. */
import type { Bytes, Millis, Random } from '../machine.ts'
import type { IceServer } from './frames.ts'
import type { RelayLimits } from './limits.ts'
import type { PrefixKey } from './prefixes.ts'

export type SocketId = number

export interface RelayConfig {
  readonly limits: RelayLimits
  readonly random: Random
  /** The answer to an ICE frame. */
  readonly iceServers: readonly IceServer[]
}

export type RelayInput =
  /** `origins`: those for which this socket's binds may be signed. `prefix`: the network that its quotas are counted for. `site`: what
   *  one customer may get whole; default: the network by itself. */
  | {
      readonly type: 'opened'
      readonly socket: SocketId
      readonly prefix: string
      readonly site?: string
      readonly origins: readonly string[]
      /** Milliseconds since 1970, for the client, whose own clock may be wrong. */
      readonly time?: Millis
    }
  | { readonly type: 'received'; readonly socket: SocketId; readonly frame: Uint8Array }
  /** A text message, or anything else that is not a frame. */
  | { readonly type: 'malformed'; readonly socket: SocketId }
  /** A WebSocket control frame. Our clients send none. */
  | { readonly type: 'control'; readonly socket: SocketId }
  | { readonly type: 'closed'; readonly socket: SocketId }
  /** Answers a 'verify': whether every signature holds. */
  | { readonly type: 'verified'; readonly id: number; readonly ok: boolean }
  | { readonly type: 'tick' }
  | { readonly type: 'shutdown'; readonly reconnectInMs: number; readonly tryForMs: number }

export type RelayOutput =
  /** `envelope`: may be dropped for a newer one while its receiver is slow. The same bytes may go to several sockets. */
  | { readonly type: 'send'; readonly socket: SocketId; readonly frame: Bytes; readonly envelope: boolean }
  | { readonly type: 'close'; readonly socket: SocketId; readonly reason: CloseReason }
  | {
      readonly type: 'verify'
      readonly id: number
      /** Networks are served in turn, and so are the sockets of one: thousands of checks delay only the network that asked for them. */
      readonly prefix: PrefixKey
      readonly socket: SocketId
      readonly origins: readonly string[]
      readonly nonce: Bytes
      readonly binds: readonly { readonly address: Uint8Array; readonly signature: Uint8Array }[]
    }
  /** The socket has gone: its BINDs need no check any more. */
  | { readonly type: 'forget'; readonly prefix: PrefixKey; readonly socket: SocketId }

export type CloseReason = 'malformed' | 'bind-refused' | 'full' | 'rate-limited' | 'no-bind' | 'unresponsive' | 'restarting'
