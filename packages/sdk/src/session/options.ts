/** What a link is made of and asked for. */
import type { Bytes, DatagramStats, Feature, ProtocolName, Scope, StreamKind } from '@kith/protocol'
import type { Lanes } from '../path/lane.ts'
import type { LinkStream } from './stream.ts'

export interface IncomingRequest {
  /** Plain bytes, or what a datagram flow or live tracks are talked about on. */
  readonly kind: StreamKind
  /** What the opener would speak, in order of preference, and the first of it that we serve. */
  readonly protocols: readonly ProtocolName[]
  readonly protocol: ProtocolName
  /** From the other side: check it. */
  readonly params: unknown
  readonly priority: number
  readonly scope: Scope
}

export type StreamHandler = (stream: LinkStream) => unknown

export interface LinkOptions {
  readonly lanes: Lanes
  /** 0 dialled, 1 was called. */
  readonly role: 0 | 1
  /** Key confirmation (RFC 8844): what we send, and what we insist on; 32 bytes each. */
  readonly confirmation: { readonly ours: Bytes; readonly theirs: Bytes }
  /** 16 bytes. */
  readonly instance: Bytes
  /** What we serve. */
  readonly protocols: readonly ProtocolName[]
  /** Bytes the remote takes as one message; 0 for no limit. */
  readonly maxMessageSize: number
  /** What our hello names; all features of the wire unless given. */
  readonly features?: readonly Feature[]
  /** Whether `locate` is called as soon as our end of the path is known: `ready` waits for it, a quarter of a second at most. Default
   *  false. */
  readonly awaitsPath?: boolean
  /** Who takes a stream that the remote opens; undefined rejects it as unsupported. A handler that throws resets its stream. */
  readonly onIncoming: (request: IncomingRequest) => StreamHandler | undefined
}

export interface LinkOpenOptions {
  /** Default 'stream'. */
  readonly kind?: StreamKind
  /** JSON of at most 1 KiB. */
  readonly params?: unknown
  /** A safe integer; larger goes first. */
  readonly priority?: number
  readonly scope?: Scope
  /** Until open. */
  readonly signal?: AbortSignal
  /** Until open: what is left of the caller's time. Default: no limit. */
  readonly timeoutMs?: number
}

export interface LinkCloseOptions {
  readonly code?: number
  readonly reason?: string
  /** What cannot leave now is lost: there is no later. */
  readonly atOnce?: boolean
}

export interface LinkStats {
  readonly streams: number
  /** Sums over all flows, those that have ended included. */
  readonly datagrams: DatagramStats
}
