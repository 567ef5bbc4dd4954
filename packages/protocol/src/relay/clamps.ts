/** A relay's numbers, within what an honest relay may say: a client acts upon none that has not come by here. */
import { BINDS_PER_SOCKET, RELAY_EAGER_MAX_MS, RELAY_REFUSED_MAX_MS, RELAY_WAIT_MAX_MS, RELAY_WAIT_MIN_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'

/** Refusals of BINDs before the waits grow: a relay with a long queue takes a few rounds. */
const PATIENT_REFUSALS = 5

/** And after so many they grow no more; nor are more counted, so that one BIND that is taken makes them shorter. */
export const REFUSALS_MAX = PATIENT_REFUSALS + Math.ceil(Math.log2(RELAY_REFUSED_MAX_MS / RELAY_WAIT_MIN_MS))

const between = (least: number, value: number, most: number) => Math.max(least, Math.min(value, most))

/** Until the next connection. */
export const reconnectMsOf = (said: Millis): Millis => between(RELAY_WAIT_MIN_MS, said, RELAY_WAIT_MAX_MS)

/** Until the next SEND. */
export const sendMsOf = (said: Millis): Millis => between(0, said, RELAY_WAIT_MAX_MS)

/** Until the next BIND, after so many refusals. */
export function refusedMsOf(said: Millis, refusals: number): Millis {
  const least = Math.min(RELAY_WAIT_MIN_MS * 2 ** Math.max(0, refusals - PATIENT_REFUSALS), RELAY_REFUSED_MAX_MS)
  return between(least, said, RELAY_WAIT_MAX_MS)
}

/** How long a relay that restarts is tried eagerly. */
export const eagerMsOf = (said: Millis): Millis => between(0, said, RELAY_EAGER_MAX_MS)

/** What a CHALLENGE says of BINDs. A relay that says nothing of their rate has none. */
export function bindLimitsOf({ bindsPerSocket = BINDS_PER_SOCKET, bindPerSecond, bindBurst }: Readonly<Record<string, number>>): {
  readonly bindsMax: number
  readonly rate: { readonly perSecond: number; readonly burst: number } | undefined
} {
  return {
    // One at the least: that it is refused is said like any other refusal.
    bindsMax: between(1, bindsPerSocket, BINDS_PER_SOCKET),
    rate: bindPerSecond && bindBurst ? { perSecond: bindPerSecond, burst: bindBurst } : undefined,
  }
}
