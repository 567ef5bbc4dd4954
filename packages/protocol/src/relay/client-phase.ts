/** How far a client's connection to its relay has come, and the times by which one is judged. */
import { BIND_ANSWER_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'
import type { BindRequests } from './bind-requests.ts'
import type { FrameBudget } from './frame-budget.ts'

/** A relay pings at least every 30 s: after two and a half times that without a frame it is taken for gone. */
export const SILENCE_MS = 75_000

/** A connection that lasted so long was a good one: the next failure is a first one. */
const STEADY_MS = 10_000

/** BINDs that wait for their answer so long are reported: a dial need not wait for this relay. */
const SLOW_MS = 10_000

export type ClientPhase =
  | { readonly type: 'idle' }
  | { readonly type: 'connecting'; readonly giveUpAt: Millis; readonly budget: FrameBudget; isOpen: boolean }
  | Connected
  | { readonly type: 'waiting'; readonly retryAt: Millis }
  | { readonly type: 'over' }

/** The relay's CHALLENGE has come. */
export interface Connected {
  readonly type: 'connected'
  readonly budget: FrameBudget
  readonly binds: BindRequests
  readyAt: Millis | undefined
  /** The relay is taken for gone if it has sent nothing by then. */
  silentAt: Millis
  /** No SEND before this. */
  sendAt: Millis
}

export function isSteady({ readyAt }: Connected, now: Millis): boolean {
  return readyAt !== undefined && now - readyAt >= STEADY_MS
}

/** When the relay is reported as slow to answer a BIND; once it is, when to stop waiting. */
export function answerBy({ binds: { waitingSince }, readyAt }: Connected, isSlow: boolean): Millis {
  if (waitingSince === undefined) return Number.POSITIVE_INFINITY
  return waitingSince + (readyAt === undefined && !isSlow ? SLOW_MS : BIND_ANSWER_MS)
}
