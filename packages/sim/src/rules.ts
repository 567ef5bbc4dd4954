/** What must hold of an end, whatever happens. Each check tells of what does not. */
import {
  CONNECTION_WINDOW_BYTES,
  STREAM_RESERVE_BYTES,
  STREAMS_MAX,
  UNACKNOWLEDGED_MAX_BYTES,
  UNREAD_MAX_BYTES,
} from '@kith/protocol'
import type { AppStream } from './app-stream.ts'
import type { Endpoint } from './endpoint.ts'
import type { Observer } from './observer.ts'
import { LANES } from './path.ts'

export interface Watched {
  readonly endpoint: Endpoint
  readonly observer: Observer
  readonly violated: (what: string) => void
  readonly most: { unreadBytes: number; unacknowledgedBytes: number }
}

/** Two lanes keep what is not acknowledged, each for itself. */
const UNACKNOWLEDGED_BOTH_MAX_BYTES = 2 * UNACKNOWLEDGED_MAX_BYTES

export function checkBounds({ endpoint, most, violated }: Watched): void {
  const { session, end } = endpoint
  if (end?.type === 'failed') violated(`an honest link failed: ${end.error.message}`)
  const { unreadBytes, unacknowledgedBytes } = session
  if (unreadBytes > most.unreadBytes) most.unreadBytes = unreadBytes
  if (unacknowledgedBytes > most.unacknowledgedBytes) most.unacknowledgedBytes = unacknowledgedBytes
  if (unacknowledgedBytes > UNACKNOWLEDGED_BOTH_MAX_BYTES) violated(`${unacknowledgedBytes} bytes unacknowledged`)
  if (unreadBytes > UNREAD_MAX_BYTES + session.streams * STREAM_RESERVE_BYTES) violated(`${unreadBytes} bytes unread`)
  if (session.streams > 2 * STREAMS_MAX) violated(`${session.streams} streams`)
}

/** The machine holds for its readers exactly what came and was not read, which is no more than it granted. */
export function checkUnread({ endpoint, observer, violated }: Watched): void {
  // What comes after the end, or after its own goodbye, has no reader.
  if (endpoint.end !== undefined || endpoint.isLeaving) return
  const { unreadBytes } = endpoint.session
  if (unreadBytes !== observer.unreadBytes)
    violated(`${unreadBytes} bytes held for readers who have ${observer.unreadBytes} to read`)
  if (observer.grantLeftBytes < 0) violated(`${-observer.grantLeftBytes} bytes came that were never granted`)
}

/** Where the machine says that the remote has it all, the remote does. */
export function checkFinished(stream: AppStream, other: Watched, violated: (what: string) => void): void {
  const remote = other.endpoint.byKey.get(stream.key)
  if (remote === undefined) violated(`stream ${stream.key} finished, and the remote does not have it`)
  else if (!other.observer.gotFin(remote.mux.id) && remote.reading !== 'failed')
    violated(`stream ${stream.key} finished before its end came`)
}

/** Nothing is open, unread or unacknowledged. */
export function isAtRest({ endpoint: { session } }: Watched): boolean {
  return session.streams + session.unreadBytes + session.unacknowledgedBytes === 0
}

/** Both ends tell the same story: what was written was read, what was sent has come, what was granted is known. */
export function checkAgreement({ endpoint, observer, violated }: Watched, other: Watched): void {
  for (const stream of endpoint.streams) {
    const { key, sending, reading, read, written } = stream
    const remote = other.endpoint.byKey.get(key)
    if (reading === 'ended' && (remote === undefined || read !== remote.written || !remote.hasFinished)) {
      violated(`stream ${key}: read ${read} of ${remote?.written} to its end, which is ${remote?.sending}`)
    }
    if (sending === 'finished' && remote?.reading === 'ended' && remote.read !== written) {
      violated(`stream ${key}: wrote ${written}, of which ${remote.read} were read`)
    }
    if (stream.datagramsRead.size > (remote?.datagramsSent ?? 0)) violated(`flow ${key}: more datagrams than were sent`)
    const { flow } = stream.mux
    if (flow !== undefined && remote?.mux.flow !== undefined && flow.stats.received > remote.mux.flow.stats.sent) {
      violated(`flow ${key}: ${flow.stats.received} datagrams came of ${remote.mux.flow.stats.sent}`)
    }
  }
  for (const lane of ['urgent', 'bulk'] as const) {
    const sent = observer.sentFrames[lane]
    const arrived = other.observer.arrivedFrames[lane]
    if (sent !== arrived) violated(`${sent} frames sent on ${lane}, of which ${arrived} came`)
  }
  const credit = observer.creditLeftBytes
  if (credit !== other.observer.grantLeftBytes) violated(`${credit} bytes of credit, of ${other.observer.grantLeftBytes} granted`)
  if (credit * 2 < CONNECTION_WINDOW_BYTES) violated(`${credit} bytes of credit are left of a window that is not in use`)
}

/** What was sent before the goodbye has come, and every reader has read it. */
export function checkLastWord(leaver: Watched, { endpoint, observer, violated }: Watched): void {
  for (const lane of ['urgent', 'bulk'] as const) {
    const [sent, arrived] = [leaver.observer.sentFrames[lane], observer.arrivedFrames[lane]]
    if (sent !== arrived) violated(`the link ended with ${arrived} of ${sent} frames on ${lane}`)
  }
  if (endpoint.leftUnread > 0) violated(`${endpoint.leftUnread} bytes could not be read after the goodbye`)
}

/** What was forgotten takes no RESET, and there is nothing left to say. */
export function checkForgotten({ endpoint, violated }: Watched): void {
  const { session, streams } = endpoint
  for (const stream of streams) {
    if (stream.mux.reset) continue
    session.reset(stream.mux, 0)
    if (stream.mux.reset) violated(`stream ${stream.key} is over and not forgotten`)
  }
  for (const lane of LANES)
    if (session.pull(lane, Number.MAX_SAFE_INTEGER) !== undefined) violated(`something is left to say on ${lane}`)
}

/** Nothing waits for ever. */
export function checkSettled({ endpoint, violated }: Watched): void {
  for (const { key, sending, reading } of endpoint.streams) {
    if (sending === 'open' || sending === 'finishing') violated(`stream ${key}: a write or close never settled`)
    if (reading === 'open') violated(`stream ${key}: a read never settled`)
  }
}
