/** The carriers of one peer: the tabs of this browser, the relays where I am at home, and those of people whom I dial. */
import type { RelayStatus } from '../api.ts'
import { BroadcastChannelCarrier } from './broadcast-channel.ts'
import type { Carrier } from './carrier.ts'
import { WebSocketCarrier } from './websocket.ts'

export interface RosterOptions {
  /** WebSocket URLs, in order of preference. */
  readonly relays: readonly string[]
  /** Whether other tabs of this browser are found without a relay. */
  readonly local: boolean
  /** The state of a relay at which I am at home has changed. */
  readonly onStatus: () => void
}

export class Roster {
  /** Where I can be found. */
  readonly home: readonly Carrier[]
  readonly #relays: readonly WebSocketCarrier[]
  /** By URL: relays at which only others are at home; there is one as long as somebody is. */
  readonly #abroad = new Map<string, WebSocketCarrier>()

  constructor({ relays, local, onStatus }: RosterOptions) {
    this.#relays = relays.map((url) => new WebSocketCarrier(url, { onState: onStatus }))
    this.home = local ? [new BroadcastChannelCarrier(), ...this.#relays] : this.#relays
  }

  get isLocal(): boolean {
    return this.home.length > this.#relays.length
  }

  get status(): RelayStatus[] {
    return this.#relays.map((relay) => relay.state)
  }

  /** Whether any relay, mine or theirs, takes envelopes now. */
  get isAnyRelayReady(): boolean {
    return [...this.#relays, ...this.#abroad.values()].some((relay) => relay.state.state === 'ready')
  }

  get(origin: string): Carrier | undefined {
    return [...this.home, ...this.#abroad.values()].find((carrier) => carrier.origin === origin)
  }

  /** Those through which somebody can be reached who publishes these relays: mine first. Without any, all of mine. */
  towards(urls: readonly string[]): Carrier[] {
    const origins = new Set(urls.map((url) => new URL(url).origin))
    const mine = this.home.filter((carrier) => origins.size === 0 || origins.has(carrier.origin) || !this.#isRelay(carrier))
    const theirs = urls.filter((url) => !this.home.some((carrier) => carrier.origin === new URL(url).origin))
    return [...mine, ...theirs.map((url) => this.#goAbroad(url))]
  }

  /** Leaves the relays that none of these URLs names. */
  keepAbroad(urls: Iterable<string>): void {
    const wanted = new Set(urls)
    for (const [url, relay] of this.#abroad) {
      if (wanted.has(url)) continue
      relay.close()
      this.#abroad.delete(url)
    }
  }

  close(): void {
    for (const carrier of [...this.home, ...this.#abroad.values()]) carrier.close()
    this.#abroad.clear()
  }

  #isRelay(carrier: Carrier): boolean {
    return this.#relays.some((relay) => relay === carrier)
  }

  #goAbroad(url: string): WebSocketCarrier {
    const relay = this.#abroad.get(url) ?? new WebSocketCarrier(url, { onState: () => undefined })
    this.#abroad.set(url, relay)
    return relay
  }
}
