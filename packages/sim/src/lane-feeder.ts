import type { Bytes, Session } from '@kith/protocol'
import { LANES, type PathLane, type Way } from './path.ts'

interface FeederConfig {
  /** Bytes in a lane's buffer from which on it is given no more, where the session allows more; at half of it, it asks. */
  readonly bufferBytes: number
  /** A message is about to leave. */
  readonly sending: (lane: PathLane, message: Bytes) => void
}

/** Keeps the lanes of one path filled with what the machine has for them. */
export class LaneFeeder {
  readonly #config: FeederConfig
  #out: Way | undefined

  constructor(config: FeederConfig) {
    this.#config = config
  }

  attach(out: Way): void {
    this.#out = out
  }

  detach(): void {
    this.#out = undefined
  }

  fill(session: Session, now: number): void {
    const out = this.#out
    if (out === undefined) return
    for (const lane of LANES) {
      const highBytes = Math.min(session.bufferBytes(lane), this.#config.bufferBytes)
      out.setLowThreshold(lane, highBytes / 2)
      while (out.buffered(lane) < highBytes) {
        const message = session.pull(lane, now)
        if (message === undefined) break
        this.#config.sending(lane, message)
        out.send(lane, message)
      }
    }
  }
}
