/** The carriers of one peer: the tabs of this browser, own relays, and foreign ones: those at which people can be found whom I dial. */
import type { KithError } from '@kith/protocol'
import type { RelayStatus } from '../api.ts'
import { given } from '../platform/environment.ts'
import { now } from '../runtime/driver.ts'
import { BroadcastChannelCarrier } from './broadcast-channel.ts'
import type { Carrier } from './carrier.ts'
import { type Nearness, nearnessHere, nearnessOf } from './nearness.ts'
import { WebSocketCarrier, type WebSocketCarrierOptions } from './websocket.ts'

/** Another tab of this browser answers within milliseconds; on a busy machine, or where two dials cross, within this. */
const LOCAL_MS = 3_000

/** Two people who publish two dead paths of one origin do not make this peer dial them in turn for each question. */
const REPLACE_MS = 2_000

export interface RosterOptions {
  /** WebSocket URLs, in order of preference. */
  readonly relays: readonly string[]
  /** Whether other tabs of this browser are found without a relay, if it lets them. */
  readonly local: boolean
  /** Default: the global one. */
  readonly webSocket?: WebSocketCarrierOptions['WebSocket'] | undefined
  /** The state of an own relay has changed. */
  readonly onStatus: () => void
}

export class Roster {
  /** Where I can be found. */
  readonly own: readonly Carrier[]
  readonly #relays: readonly WebSocketCarrier[]
  readonly #webSocket: WebSocketCarrierOptions['WebSocket'] | undefined
  /** By origin, for one origin is one relay: those of other people, each for as long as one of them names it. */
  readonly #foreign = new Map<string, WebSocketCarrier>()
  readonly #here: Nearness
  /** When one of them last gave way to another of its origin. */
  readonly #replacedAt = new Map<string, number>()

  constructor({ relays, local, webSocket, onStatus }: RosterOptions) {
    this.#webSocket = webSocket
    this.#here = nearnessHere(relays)
    this.#relays = relays.map((url) => new WebSocketCarrier(url, { onState: onStatus, WebSocket: webSocket }))
    const tabs = local ? given(() => new BroadcastChannelCarrier()) : undefined
    this.own = tabs ? [tabs, ...this.#relays] : this.#relays
  }

  get isLocal(): boolean {
    return this.own.length > this.#relays.length
  }

  get status(): RelayStatus[] {
    return this.#relays.map((relay) => relay.state)
  }

  /** How far this device's clock is ahead, by the first of my relays that finds so; undefined where it is right, or not known. */
  get clockAheadMs(): number | undefined {
    return this.#relays.map((relay) => relay.clockAheadMs).find((aheadMs) => aheadMs !== undefined)
  }

  /** The same, once a relay of mine has told its time; not after `timeoutMs`. */
  async clockAheadMsSoon(timeoutMs: number): Promise<number | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([late, ...this.#relays.map((relay) => relay.clockKnown)])
    clearTimeout(timer)
    return this.clockAheadMs
  }

  /** Whether there is a foreign relay. */
  get hasForeign(): boolean {
    return this.#foreign.size > 0
  }

  /** Whether a relay that others name may be dialled: it is no nearer than this page. */
  mayDial(url: string): boolean {
    return nearnessOf(new URL(url).hostname) >= this.#here
  }

  /** Whether any relay, mine or theirs, takes envelopes now. */
  get isAnyRelayReady(): boolean {
    return [...this.#relays, ...this.#foreign.values()].some((relay) => relay.state.state === 'ready')
  }

  /** Why no relay can be reached from here at all: there is no WebSocket. */
  get unsupported(): KithError | undefined {
    const errors = [...this.#relays, ...this.#foreign.values()].map((relay) => relay.state.error)
    return errors.find((error) => error?.code === 'unsupported-environment')
  }

  /** Whether a dial that began `sinceMs` ago through these carriers may still arrive. */
  mayArrive(origins: readonly string[], sinceMs: number): boolean {
    return origins.some((origin) => {
      const carrier = this.get(origin)
      return carrier instanceof WebSocketCarrier ? carrier.isHopeful : carrier !== undefined && sinceMs < LOCAL_MS
    })
  }

  /** Tries relays that are away now, for a dial that goes through them. */
  hurry(origins: readonly string[]): void {
    for (const origin of origins) {
      const carrier = this.get(origin)
      if (carrier instanceof WebSocketCarrier) carrier.hurry()
    }
  }

  get(origin: string): Carrier | undefined {
    return [...this.own, ...this.#foreign.values()].find((carrier) => carrier.origin === origin)
  }

  /**
   * Those through which a person can be reached who published these relays: all of mine first, since what they published
   * when we met may be out of date and two people often move to the same place; then theirs, as far as this page may dial them.
   * @param attemptsMax how often in a row each of theirs is dialled in vain
   */
  towards(urls: readonly string[], attemptsMax = Number.POSITIVE_INFINITY): Carrier[] {
    const published = new Map<string, string[]>()
    for (const url of urls) {
      if (!this.mayDial(url)) continue
      const { origin } = new URL(url)
      published.set(origin, [...(published.get(origin) ?? []), url])
    }
    const theirs = [...published].filter(([origin]) => !this.own.some((carrier) => carrier.origin === origin))
    return [...this.own, ...theirs.map(([origin, urls]) => this.#foreignRelay(origin, urls, attemptsMax))]
  }

  /** Whether there is a socket to this relay, which is a foreign one. */
  isForeign(origin: string): boolean {
    return this.#foreign.has(origin)
  }

  /** Leaves the foreign relays, but for these origins. */
  keepForeign(origins: Iterable<string>): void {
    const wanted = new Set(origins)
    for (const [origin, relay] of this.#foreign) {
      if (wanted.has(origin)) continue
      relay.close()
      this.#foreign.delete(origin)
      this.#replacedAt.delete(origin)
    }
  }

  close(): void {
    for (const carrier of [...this.own, ...this.#foreign.values()]) carrier.close()
    this.#foreign.clear()
  }

  /**
   * What one person publishes may be the wrong path of an origin at which others have the right one: where nothing came of it, the next
   * path that is wanted takes its place. Not of one that is ready, or still on its way, and not again within moments.
   */
  #foreignRelay(origin: string, urls: readonly string[], attemptsMax: number): WebSocketCarrier {
    const known = this.#foreign.get(origin)
    known?.allow(attemptsMax)
    const isAsWanted = known && urls.includes(known.state.url) && !known.hasGivenUp
    if (known && (isAsWanted || !this.#mayReplace(origin, known))) return known
    if (known) {
      this.#replacedAt.set(origin, now())
      known.close()
    }
    const relay = new WebSocketCarrier(urls[0] as string, {
      onState: () => undefined,
      WebSocket: this.#webSocket,
      attemptsMax,
    })
    this.#foreign.set(origin, relay)
    return relay
  }

  #mayReplace(origin: string, { state: { state, error } }: WebSocketCarrier): boolean {
    return state !== 'ready' && error !== undefined && now() - (this.#replacedAt.get(origin) ?? -Infinity) > REPLACE_MS
  }
}
