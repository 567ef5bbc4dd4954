import type { Bytes, Session } from '@kith/protocol'
import { LANES, type OneWay, type PathLane } from './path.ts'

/** Of the lane for datagrams: what is in its buffer grows old. */
const DATAGRAMS_BUFFER_BYTES = 32 * 1024

interface FeederConfig {
  /** Bytes in a lane's buffer above which it is given no more; at half of it, it asks. */
  readonly bufferBytes: number
  /** A message is about to leave. */
  readonly sending: (lane: PathLane, message: Bytes) => void
}

/** Keeps the lanes of one path filled with what the machine has for them. */
export class LaneFeeder {
  readonly #config: FeederConfig
  #out: OneWay | undefined

  constructor(config: FeederConfig) {
    this.#config = config
  }

  attach(out: OneWay): void {
    this.#out = out
    for (const lane of LANES) out.setLowThreshold(lane, this.#highBytes(lane) / 2)
  }

  detach(): void {
    this.#out = undefined
  }

  fill(session: Session, now: number): void {
    const out = this.#out
    if (out === undefined) return
    for (const lane of LANES) {
      const highBytes = this.#highBytes(lane)
      while (out.buffered(lane) < highBytes) {
        const message = session.pull(lane, now)
        if (message === undefined) break
        this.#config.sending(lane, message)
        out.send(lane, message)
      }
    }
  }

  #highBytes(lane: PathLane): number {
    return lane === 'datagrams' ? Math.min(DATAGRAMS_BUFFER_BYTES, this.#config.bufferBytes) : this.#config.bufferBytes
  }
}
