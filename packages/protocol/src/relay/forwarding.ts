import type { Millis } from '../machine.ts'
import { type Bindings, keyOf } from './bindings.ts'
import { encodeDeliver } from './frames.ts'
import type { Socket } from './socket.ts'
import type { RelayParts, Sockets } from './sockets.ts'

const NOTICE_INTERVAL_MS = 1000

/** Turns one SEND into a DELIVER for each other binder of its address, in the same step, or into nothing. Keeps nothing. */
export class Forwarding {
  readonly #parts: RelayParts
  readonly #sockets: Sockets
  readonly #bindings: Bindings<Socket>

  constructor(parts: RelayParts, sockets: Sockets, bindings: Bindings<Socket>) {
    this.#parts = parts
    this.#sockets = sockets
    this.#bindings = bindings
  }

  /** It costs the sender one, however many receive it, and the sender learns nothing but that it sends too fast. */
  forward(sender: Socket, address: Uint8Array, envelope: Uint8Array, now: Millis): void {
    const { counters, outputs } = this.#parts
    if (!sender.sends.take(now)) {
      counters.droppedSendRate += 1
      if (!this.#sockets.takesControl(sender, now) || now < sender.quietUntil) return
      sender.quietUntil = now + NOTICE_INTERVAL_MS
      outputs.notice(sender.id, { code: 'rate-limited', retryAfterMs: sender.sends.waitMs(now), of: 'send' })
      return
    }
    counters.sent += 1
    const receivers = this.#bindings.receivers(sender, keyOf(address), now)
    if (receivers === 'unbound') {
      counters.droppedUnbound += 1
      return
    }
    if (receivers === 'rate-limited') {
      counters.droppedReceiveRate += 1
      return
    }
    const frame = encodeDeliver(address, envelope)
    for (const receiver of receivers) {
      if (!receiver.delivers.take(now)) {
        counters.droppedDeliverRate += 1
        continue
      }
      counters.delivered += 1
      outputs.push({ type: 'send', socket: receiver.id, frame, envelope: true })
    }
  }
}
