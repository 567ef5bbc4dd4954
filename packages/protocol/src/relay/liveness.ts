import { equal } from '../bytes/bytes.ts'
import type { Bytes, Millis } from '../machine.ts'
import { PING_BYTES } from './frames.ts'
import type { Socket } from './socket.ts'
import type { RelayParts, Sockets } from './sockets.ts'

/** How often due times are looked at: one pass over all sockets serves all of them that are due. */
const SWEEP_MS = 100

/** PINGs that may go unanswered. */
const MISSED_PINGS_MAX = 2

/** How often networks without sockets are looked at. */
const PREFIX_SWEEP_MS = 1000

/** What the relay does by the clock: closes sockets that bind nothing or answer no PING, forgets networks that have left. */
export class Liveness {
  readonly #parts: RelayParts
  readonly #sockets: Sockets
  #sweepAt: Millis | undefined

  constructor(parts: RelayParts, sockets: Sockets) {
    this.#parts = parts
    this.#sockets = sockets
  }

  deadline(): Millis | undefined {
    return this.#sweepAt
  }

  opened({ phase }: Socket, now: Millis): void {
    if (phase.type === 'unbound') this.#wakeBy(Math.min(phase.closeAt, now + PREFIX_SWEEP_MS))
  }

  /** The socket has bound an address: from its first on, it is pinged. */
  bound(socket: Socket, now: Millis): void {
    if (socket.phase.type === 'unbound') this.#expectPong(socket, 0, this.#parts.random(PING_BYTES), now)
  }

  /** A late answer to an earlier PING echoes the same bytes, so it counts; an invented one matches nothing. */
  pong(socket: Socket, echo: Uint8Array): void {
    const { phase } = socket
    if (phase.type === 'bound' && equal(echo, phase.payload)) socket.phase = { ...phase, unanswered: 0 }
  }

  tick(now: Millis): void {
    if (this.#sweepAt === undefined || now < this.#sweepAt) return
    this.#sweepAt = undefined
    let next = Number.POSITIVE_INFINITY
    for (const socket of this.#sockets.all()) {
      const due = this.#due(socket, now)
      if (due !== undefined) next = Math.min(next, due)
    }
    if (this.#parts.prefixes.sweep(now)) next = Math.min(next, now + PREFIX_SWEEP_MS)
    if (next !== Number.POSITIVE_INFINITY) this.#wakeBy(Math.max(next, now + SWEEP_MS))
  }

  stop(): void {
    this.#sweepAt = undefined
  }

  /** Does what is due for one socket; returns when something will be due again, undefined if the socket is gone. */
  #due(socket: Socket, now: Millis): Millis | undefined {
    const { counters, limits, outputs } = this.#parts
    const { phase } = socket
    switch (phase.type) {
      case 'unbound':
        if (now < phase.closeAt) return phase.closeAt
        // A BIND waits for its check: that delay is the relay's, not the socket's.
        if (socket.pending.size > 0) {
          const closeAt = now + limits.firstBindMs
          socket.phase = { type: 'unbound', closeAt }
          return closeAt
        }
        counters.closedNoBind += 1
        this.#sockets.dismiss(socket, 'no-bind')
        return undefined
      case 'bound':
        if (now < phase.pingAt) return phase.pingAt
        if (phase.unanswered >= MISSED_PINGS_MAX) {
          counters.closedUnresponsive += 1
          this.#sockets.dismiss(socket, 'unresponsive')
          return undefined
        }
        outputs.frame(socket.id, { type: 'ping', payload: phase.payload })
        return this.#expectPong(socket, phase.unanswered + 1, phase.payload, now)
    }
  }

  /** Pings are spread, so that ten thousand sockets that came at once do not answer at once. */
  #expectPong(socket: Socket, unanswered: number, payload: Bytes, now: Millis): Millis {
    const { pingMs, pingJitterMs } = this.#parts.limits
    const [high = 0, low = 0] = this.#parts.random(2)
    const pingAt = now + pingMs - pingJitterMs + (2 * pingJitterMs * (high * 256 + low)) / 0xffff
    socket.phase = { type: 'bound', pingAt, unanswered, payload }
    this.#wakeBy(pingAt)
    return pingAt
  }

  #wakeBy(at: Millis): void {
    this.#sweepAt = this.#sweepAt === undefined ? at : Math.min(this.#sweepAt, at)
  }
}
