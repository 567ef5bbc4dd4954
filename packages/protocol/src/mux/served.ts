/** What a peer serves, and what it allows the other to send before anything was read. */
import type { ProtocolName } from '../identity/protocol-name.ts'
import { type Scope, scopeKey } from './frames.ts'

/** What a peer serves, per scope: only a room's members learn of its handlers. */
export type ServedProtocols = readonly (readonly [scope: Scope, protocols: readonly ProtocolName[]])[]

/** What the sender of a hello takes: streams the other may have open, and bytes before its readers have taken any. */
export interface HelloLimits {
  readonly streams: number
  readonly streamWindowBytes: number
  readonly connectionWindowBytes: number
}

export function protocolsIn(served: ServedProtocols | undefined, scope: Scope): readonly ProtocolName[] {
  const key = scopeKey(scope)
  return served?.find(([of]) => scopeKey(of) === key)?.[1] ?? []
}
