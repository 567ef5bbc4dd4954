/** Pings: whether the other end of a path is alive, and how far away it is. */
import { LINK_PING_MS } from '../limits.ts'
import type { Millis } from '../machine.ts'

export class RoundTrip {
  #ms: number | undefined
  #ping: { readonly token: number; sentAt: Millis | undefined } | undefined
  #pingAt: Millis | undefined
  #pings = 0
  /** Only the last ping is answered: a flood of them gets one pong. */
  #pongToken: number | undefined

  /** Of the last ping that was answered; undefined before the first. */
  get ms(): number | undefined {
    return this.#ms
  }

  /** The path is open: pings go from now on. */
  start(now: Millis): void {
    this.#pingAt = now
    this.tick(now)
  }

  /** Asks for a sign of life now. */
  ask(): void {
    this.#ping = { token: ++this.#pings, sentAt: undefined }
  }

  get deadline(): Millis | undefined {
    return this.#pingAt
  }

  tick(now: Millis): void {
    if (this.#pingAt === undefined || now < this.#pingAt) return
    this.#pingAt = now + LINK_PING_MS
    this.ask()
  }

  onPing(token: number): void {
    this.#pongToken = token
  }

  /** The round trip that this pong ends; undefined for one that answers no ping, or an earlier one. */
  onPong(token: number, now: Millis): number | undefined {
    if (this.#ping?.token !== token || this.#ping.sentAt === undefined) return undefined
    this.#ms = now - this.#ping.sentAt
    this.#ping = undefined
    return this.#ms
  }

  /** The token of the pong that is owed. */
  takePong(): number | undefined {
    const token = this.#pongToken
    this.#pongToken = undefined
    return token
  }

  /** The token of the ping that is to be sent. */
  takePing(now: Millis): number | undefined {
    if (this.#ping === undefined || this.#ping.sentAt !== undefined) return undefined
    this.#ping.sentAt = now
    return this.#ping.token
  }
}
