import type { Duplex } from 'node:stream'
import { type Bytes, type CloseReason, Outbox } from '@kith/protocol'
import { WebSocket } from 'ws'

/** Bytes handed to the operating system and not yet taken by it. Beyond: frames wait in the outbox, where old ones give way. */
const IN_FLIGHT_MAX_BYTES = 16 * 1024

/** How long a client that was sent a goodbye has for its part of the closing handshake. */
const CLOSE_MS = 1000

/** RFC 6455 §7.4.1 and the IANA registry: 1008 policy violation, 1012 service restart, 1013 try again later. */
const CLOSE_CODES: Record<CloseReason, number> = {
  malformed: 1008,
  'bind-refused': 1008,
  full: 1013,
  'rate-limited': 1013,
  'no-bind': 1008,
  unresponsive: 1008,
  restarting: 1012,
}

export interface ConnectionEvents {
  /** An envelope was dropped for a newer one. */
  dropped(): void
  /** The client does not read and was cut off. */
  stalled(): void
}

/** One WebSocket and its outgoing queue: a client that reads slowly delays only itself. */
export class Connection {
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #outbox: Outbox
  readonly #stalledWriteMs: number
  readonly #events: ConnectionEvents
  #stall: NodeJS.Timeout | undefined

  /** `socket`: the one beneath `ws`. */
  constructor(
    ws: WebSocket,
    socket: Duplex,
    limits: { queueEnvelopes: number; stalledWriteMs: number },
    events: ConnectionEvents,
  ) {
    this.#ws = ws
    this.#socket = socket
    this.#outbox = new Outbox(limits.queueEnvelopes)
    this.#stalledWriteMs = limits.stalledWriteMs
    this.#events = events
  }

  send(frame: Bytes, envelope: boolean): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return
    if (this.#outbox.length === 0 && this.#ws.bufferedAmount < IN_FLIGHT_MAX_BYTES) {
      this.#write(frame)
      return
    }
    switch (this.#outbox.push(frame, envelope)) {
      case 'kept':
        return
      case 'dropped':
        this.#events.dropped()
        return
      case 'overflow':
        this.#giveUp()
        return
    }
  }

  /** Frames from now on leave with the goodbye in one packet, which halves the time when ten thousand clients are closed at once. */
  beforeClose(): void {
    this.#socket.cork()
  }

  /** The queue is sent first: its last frame says why. */
  close(reason: CloseReason): void {
    if (this.#ws.readyState === WebSocket.CLOSED) return
    // Else ws is closing it already, for what was no WebSocket frame, and would wait for the client for half a minute.
    if (this.#ws.readyState === WebSocket.OPEN) {
      for (let frame = this.#outbox.shift(); frame !== undefined; frame = this.#outbox.shift()) this.#write(frame)
      this.#ws.close(CLOSE_CODES[reason], reason)
    }
    while (this.#socket.writableCorked > 0) this.#socket.uncork()
    clearTimeout(this.#stall)
    // All are ended together later: ten thousand timers at one moment would delay the goodbyes that are still to be sent.
    if (reason === 'restarting') return
    this.#stall = setTimeout(() => this.#ws.terminate(), CLOSE_MS)
  }

  /** Without a goodbye. */
  terminate(): void {
    this.#ws.terminate()
  }

  /** After the WebSocket has closed. */
  dispose(): void {
    clearTimeout(this.#stall)
  }

  #write(frame: Bytes): void {
    this.#ws.send(frame, { binary: true }, this.#written)
    // Set only while something is left to write, so that the usual case, a write taken at once, costs no timer.
    if (this.#stall === undefined && this.#ws.bufferedAmount > 0) this.#watch()
  }

  readonly #written = (error?: Error | null): void => {
    // A failed write is followed by 'close', which is where it is handled.
    if (error || this.#ws.readyState !== WebSocket.OPEN) return
    if (this.#stall !== undefined) {
      clearTimeout(this.#stall)
      this.#stall = undefined
    }
    while (this.#outbox.length > 0 && this.#ws.bufferedAmount < IN_FLIGHT_MAX_BYTES) {
      const frame = this.#outbox.shift()
      if (frame !== undefined) this.#write(frame)
    }
    if (this.#stall === undefined && this.#ws.bufferedAmount > 0) this.#watch()
  }

  #watch(): void {
    this.#stall = setTimeout(() => this.#giveUp(), this.#stalledWriteMs)
  }

  #giveUp(): void {
    this.#events.stalled()
    this.#ws.terminate()
  }
}
