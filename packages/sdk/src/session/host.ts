/** The link as its streams and flows see it. */
import type { Millis, MuxStream, Session } from '@kith/protocol'

export interface StreamHost {
  readonly session: Session
  /** The clock that the machine is driven by. */
  now(): Millis
  /** The machine was called: send what it has to send, and tell what it has to tell. */
  flush(): void
  /** The same, after whoever was told has had a turn: for what need not go alone. */
  flushSoon(): void
  /** Datagrams were sent: they concern no other lane. */
  flushDatagrams(now: Millis): void
  /** Both halves are done; nothing more will be asked. */
  forget(stream: MuxStream): void
}
