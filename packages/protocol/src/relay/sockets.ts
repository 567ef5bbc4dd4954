/**
 * Which sockets the relay has: lets them in by the quotas of their networks, and ends those that break the rules.
 *
 * It is the one part that closes a socket. What the other parts hold of it is released by `released`, which the machine gives.
 */
import type { Millis, Random } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { RelayCounters } from './counters.ts'
import { encodeRelayFrame, NONCE_BYTES, type Notice } from './frames.ts'
import type { RelayLimits } from './limits.ts'
import type { CloseReason, RelayInput, SocketId } from './machine-io.ts'
import type { Prefixes } from './prefixes.ts'
import type { RelayOutputs } from './relay-outputs.ts'
import type { Socket } from './socket.ts'

/** What the parts of the relay's machine share. */
export interface RelayParts {
  readonly limits: RelayLimits
  readonly random: Random
  readonly counters: RelayCounters
  readonly outputs: RelayOutputs
  readonly prefixes: Prefixes
}

const FULL = { type: 'full' } as const

/** New sockets that a flood counts for, against its network's rate: what it may bring before it is closed takes milliseconds. */
const FLOOD_COST = 8

export class Sockets {
  readonly #parts: RelayParts
  readonly #released: (socket: Socket) => void
  readonly #byId = new Map<SocketId, Socket>()
  #stopped = false

  constructor(parts: RelayParts, released: (socket: Socket) => void) {
    this.#parts = parts
    this.#released = released
  }

  get count(): number {
    return this.#byId.size
  }

  get(id: SocketId): Socket | undefined {
    return this.#byId.get(id)
  }

  all(): Iterable<Socket> {
    return this.#byId.values()
  }

  /** Sends a CHALLENGE, or a NOTICE and closes: then undefined. */
  open({ socket: id, prefix, site, origins, time }: Extract<RelayInput, { type: 'opened' }>, now: Millis): Socket | undefined {
    const { limits, random, counters, outputs, prefixes } = this.#parts
    const admitted = this.#stopped ? FULL : prefixes.admit(prefix, site ?? prefix, now)
    switch (admitted.type) {
      case 'admitted':
        break
      case 'full':
        counters.refusedFull += 1
        return this.#turnAway(id, { code: 'full' }, 'full')
      case 'crowded':
        counters.refusedPrefixSockets += 1
        return this.#turnAway(id, { code: 'full' }, 'full')
      case 'fast':
        counters.refusedPrefixRate += 1
        return this.#turnAway(id, { code: 'rate-limited', retryAfterMs: admitted.retryAfterMs }, 'rate-limited')
    }
    const socket: Socket = {
      id,
      prefix,
      origins,
      nonce: random(NONCE_BYTES),
      bound: new Set(),
      pending: new Map(),
      sends: new TokenBucket(limits.sendPerSecond, limits.sendBurst, now),
      // Never less than one address alone may receive.
      delivers: new TokenBucket(
        Math.max(limits.deliverPerSecond, limits.receivePerSecond),
        Math.max(limits.deliverBurst, limits.receiveBurst),
        now,
      ),
      binds: new TokenBucket(limits.bindPerSecond, limits.bindBurst, now),
      controls: new TokenBucket(limits.controlPerSecond, limits.controlBurst, now),
      quietUntil: now,
      phase: { type: 'unbound', closeAt: now + limits.firstBindMs },
    }
    this.#byId.set(id, socket)
    counters.accepted += 1
    const { sendPerSecond, sendBurst, bindsPerSocket, bindPerSecond, bindBurst } = limits
    const announced = { sendPerSecond, sendBurst, bindsPerSocket, bindPerSecond, bindBurst }
    const challenge = { type: 'challenge', nonce: socket.nonce, limits: announced } as const
    outputs.frame(id, time === undefined ? challenge : { ...challenge, time })
    return socket
  }

  /** Counts input that costs its sender nothing. False: the socket was closed, and its network pays for the flood. */
  takesControl(socket: Socket, now: Millis): boolean {
    if (socket.controls.take(now)) return true
    this.#parts.counters.closedControlRate += 1
    this.flooded(socket, socket.controls.waitMs(now), now)
    return false
  }

  /** Closes a socket that floods the relay. */
  flooded(socket: Socket, retryAfterMs: Millis, now: Millis): void {
    this.#parts.prefixes.charge(socket.prefix, FLOOD_COST, now)
    this.#parts.outputs.notice(socket.id, { code: 'rate-limited', retryAfterMs })
    this.dismiss(socket, 'rate-limited')
  }

  malformed(socket: Socket): void {
    this.#parts.counters.refusedMalformed += 1
    this.#parts.outputs.notice(socket.id, { code: 'malformed' })
    this.dismiss(socket, 'malformed')
  }

  /** From here on, what the driver still reports for this socket is ignored. */
  dismiss(socket: Socket, reason: CloseReason): void {
    this.forget(socket)
    this.#parts.outputs.push({ type: 'close', socket: socket.id, reason })
  }

  forget(socket: Socket): void {
    this.#byId.delete(socket.id)
    this.#released(socket)
    this.#parts.prefixes.release(socket.prefix)
  }

  /** No socket is admitted from here on. What the others hold is released as a whole, not by `released`. */
  stop(notice: Notice): void {
    const { outputs, prefixes } = this.#parts
    this.#stopped = true
    const frame = encodeRelayFrame({ type: 'notice', notice })
    for (const { id } of this.#byId.values()) {
      outputs.encoded(id, frame)
      outputs.push({ type: 'close', socket: id, reason: 'restarting' })
    }
    this.#byId.clear()
    prefixes.clear()
  }

  #turnAway(id: SocketId, notice: Notice, reason: CloseReason): undefined {
    this.#parts.outputs.notice(id, notice)
    this.#parts.outputs.push({ type: 'close', socket: id, reason })
  }
}
