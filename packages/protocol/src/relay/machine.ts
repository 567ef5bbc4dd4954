/**
 * The relay: which socket has which address bound, what may pass, and when a socket is closed.
 *
 * It knows sockets by number, addresses as 32 opaque bytes, and networks by a key that its driver computes (an IPv4 address or
 * an IPv6 /64). Nothing that was sent is kept: a SEND becomes one DELIVER for every other binder in the same step, or nothing.
 * The sender never learns which. Everything it does keep is bounded by the number of sockets times a limit of `RelayLimits`.
 *
 * It composes four parts: admission of sockets, BINDs and their checks, forwarding, and what is done by the clock. They share
 * their limits, counters and outputs (`RelayParts`), and call each other downwards alone.
 */
import { KithError } from '../errors.ts'
import type { Machine, Millis, Random } from '../machine.ts'
import { BindChecks } from './bind-checks.ts'
import { Bindings } from './bindings.ts'
import { type RelayCounters, relayCounters } from './counters.ts'
import { Forwarding } from './forwarding.ts'
import { type ClientFrame, decodeClientFrame, type IceServer } from './frames.ts'
import { RELAY_LIMITS } from './limits.ts'
import { Liveness } from './liveness.ts'
import type { RelayConfig, RelayInput, RelayOutput } from './machine-io.ts'
import { Prefixes } from './prefixes.ts'
import { RelayOutputs } from './relay-outputs.ts'
import type { Socket } from './socket.ts'
import { type RelayParts, Sockets } from './sockets.ts'

export class RelayMachine implements Machine<RelayInput, RelayOutput> {
  readonly counters: RelayCounters
  readonly #iceServers: readonly IceServer[]
  readonly #outputs = new RelayOutputs()
  readonly #bindings: Bindings<Socket>
  readonly #sockets: Sockets
  readonly #binds: BindChecks
  readonly #forwarding: Forwarding
  readonly #liveness: Liveness

  constructor(config: { readonly random: Random } & Partial<RelayConfig>) {
    const limits = config.limits ?? RELAY_LIMITS
    this.counters = relayCounters()
    this.#iceServers = config.iceServers ?? []
    this.#bindings = new Bindings(limits)
    const parts: RelayParts = {
      limits,
      random: config.random,
      counters: this.counters,
      outputs: this.#outputs,
      prefixes: new Prefixes(limits),
    }
    this.#sockets = new Sockets(parts, (socket) => this.#binds.release(socket))
    this.#binds = new BindChecks(parts, this.#sockets, this.#bindings)
    this.#forwarding = new Forwarding(parts, this.#sockets, this.#bindings)
    this.#liveness = new Liveness(parts, this.#sockets)
  }

  get sockets(): number {
    return this.#sockets.count
  }

  get addresses(): number {
    return this.#bindings.size
  }

  handle(input: RelayInput, now: Millis): void {
    switch (input.type) {
      case 'opened': {
        const socket = this.#sockets.open(input, now)
        if (socket) this.#liveness.opened(socket, now)
        return
      }
      case 'verified': {
        const socket = this.#binds.verified(input.id, input.ok, now)
        if (socket) this.#liveness.bound(socket, now)
        return
      }
      case 'tick':
        this.#liveness.tick(now)
        return
      case 'shutdown':
        this.#shutdown(input.reconnectInMs, input.tryForMs)
        return
    }
    const socket = this.#sockets.get(input.socket)
    if (socket === undefined) return
    switch (input.type) {
      case 'received':
        this.#received(socket, input.frame, now)
        return
      case 'malformed':
        this.#sockets.malformed(socket)
        return
      case 'control':
        this.#sockets.takesControl(socket, now)
        return
      case 'closed':
        this.#sockets.forget(socket)
        return
    }
  }

  poll(): RelayOutput | undefined {
    return this.#outputs.poll()
  }

  deadline(): Millis | undefined {
    return this.#liveness.deadline()
  }

  #received(socket: Socket, bytes: Uint8Array, now: Millis): void {
    let frame: ClientFrame
    try {
      frame = decodeClientFrame(bytes)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      this.#sockets.malformed(socket)
      return
    }
    switch (frame.type) {
      case 'send':
        this.#forwarding.forward(socket, frame.address, frame.envelope, now)
        return
      case 'bind':
        this.#binds.bind(socket, frame.binds, now)
        return
      case 'unbind':
      case 'pong':
      case 'ice':
        if (this.#sockets.takesControl(socket, now)) this.#control(socket, frame)
        return
    }
  }

  #control(socket: Socket, frame: Exclude<ClientFrame, { type: 'send' | 'bind' }>): void {
    switch (frame.type) {
      case 'unbind':
        for (const address of frame.addresses) this.#binds.unbind(socket, address)
        return
      case 'pong':
        this.#liveness.pong(socket, frame.echo)
        return
      case 'ice':
        this.#outputs.frame(socket.id, { type: 'ice', servers: this.#iceServers })
        return
    }
  }

  #shutdown(reconnectInMs: number, tryForMs: number): void {
    this.#sockets.stop({ code: 'restarting', reconnectInMs, tryForMs })
    this.#binds.stop()
    this.#liveness.stop()
  }
}
