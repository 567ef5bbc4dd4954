/** The link as its streams and flows see it. */
import type { Millis, MuxStream, Session } from '@kith/protocol'

export interface StreamHost {
  readonly session: Session
  /** The session's clock. */
  now(): Millis
  /** The session was called: sends what it has to send, and dispatches its outputs. */
  flush(): void
  /** The same, once code that has just been resumed has had a turn: for what need not go alone. */
  flushSoon(): void
  /** Datagrams were sent: they concern no other lane. */
  flushDatagrams(now: Millis): void
  /** Both halves have ended: no output for it matters any more. */
  forget(stream: MuxStream): void
}
