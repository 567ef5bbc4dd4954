import {
  type AddressKeys,
  addressKeys,
  BINDS_PER_SOCKET,
  type Bytes,
  hex,
  KithError,
  paddedCount,
  RelayClient,
  type RelayClientInput,
  type RelayClientOutput,
  type RelayClientState,
  signBind,
} from '@kith/protocol'
import { browserWebSocket } from '../platform/browser.ts'
import { noWebSocket } from '../platform/environment.ts'
import { onWake } from '../platform/page-wake.ts'
import { Driver, now } from '../runtime/driver.ts'
import { nextTask } from '../runtime/slices.ts'
import { Bound } from './bound.ts'
import { type BindOptions, type Carrier, checkEnvelope } from './carrier.ts'
import { RelayClock, wrongClock } from './relay-clock.ts'

/** For `PeerStatus`: the relay's URL as it was given, and how it goes. `retryAt`: milliseconds since 1970. */
export type RelayState = { readonly url: string } & RelayClientState

/** The part of the browser's WebSocket that is used; `ws` has it as well. */
export interface WebSocketLike {
  binaryType: string
  send(data: Bytes): void
  close(): void
  /** `ws` alone: at once, without the remote's part of the closing handshake. */
  terminate?(): void
  addEventListener(type: 'open', listener: () => void): void
  /** `reason`: what a server may say. `message`: what Node and `ws` say of an error; browsers say nothing. */
  addEventListener(
    type: 'close' | 'error',
    listener: (event: { readonly reason?: string; readonly message?: string }) => void,
  ): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

export interface WebSocketCarrierOptions {
  /** Told of every change; the present state is in `state`. */
  onState?: (state: RelayState) => void
  /** Default: the global one. Without any, the state is 'failed' and says so. */
  WebSocket?: (new (url: string) => WebSocketLike) | undefined
  /** How often in a row it is dialled without becoming ready, before the state is 'failed'. Default: without end. */
  attemptsMax?: number
}

/** Keys of decoys kept for signing. They are signed for soon after they are made; again only when the relay refuses a batch. */
const DECOY_KEYS_MAX = 2 * BINDS_PER_SOCKET

/** An attempt after failed ones is worth waiting for so long: one that is refused fails within milliseconds. */
const HOPE_MS = 2_000
/** And so is one that comes within so long. */
const SOON_MS = 500
/** One that was ready is given so long to come back: it restarts, or the network changed. */
const LOST_MS = 5_000

/** Where attempts are few: from the start of each to the next, so that one which restarts is found again within a dial. */
const SPACED_MS = [2_000, 6_000]
/** One whose next attempt is further off asked us to wait. */
const SPACED_MAX_MS = Math.max(...SPACED_MS)

/** A relay that is there answers a close at once. */
const CLOSE_TIMEOUT_MS = 1_000

/**
 * One relay. `RelayClient` decides; this holds the WebSocket and the keys. It connects at once and goes on until
 * `close`, whatever happens in between.
 */
export class WebSocketCarrier implements Carrier {
  readonly kind = 'relay'
  readonly origin: string
  readonly #url: string
  readonly #onState: (state: RelayState) => void
  readonly #WebSocket: WebSocketCarrierOptions['WebSocket']
  readonly #driver: Driver<RelayClientInput, RelayClientOutput>
  readonly #bound = new Bound()
  readonly #clock = new RelayClock()
  readonly #decoys = new Map<string, AddressKeys>()
  readonly #listening = new AbortController()
  readonly #onLost = new Set<() => void>()
  readonly #onConnect = new Set<() => void>()
  /** Whether this task has signed a batch. */
  #hasSigned = false
  /** The batches that wait, each for a task of its own. */
  #signing: Promise<void> = Promise.resolve()
  /** Whether an address of ours was bound at the relay on this connection. */
  #hasTold = false
  /** Since it last was ready. */
  #attempts = 0
  #attemptsMax: number
  #socket: WebSocketLike | undefined
  #state: RelayState
  /** When the latest attempt began, and when it last was ready; by `now()`. */
  #begunAt = Number.NEGATIVE_INFINITY
  #readyAt = Number.NEGATIVE_INFINITY

  /** `url` 'wss://relay.example/relay', in the form that `parseRelayUrl` gives it. */
  constructor(url: string, options: WebSocketCarrierOptions = {}) {
    this.#url = url
    this.#onState = options.onState ?? (() => {})
    this.#attemptsMax = options.attemptsMax ?? Number.POSITIVE_INFINITY
    this.#WebSocket = options.WebSocket ?? browserWebSocket()
    const retryNotBefore = () => this.#begunAt + (this.#isCounted ? (SPACED_MS[this.#attempts - 1] ?? 0) : 0)
    const machine = new RelayClient({ url, random, paddedCount, decoy: () => this.#decoy(), retryNotBefore })
    this.#driver = new Driver<RelayClientInput, RelayClientOutput>(machine, { type: 'tick' }, (output) => this.#carryOut(output))
    this.origin = new URL(url).origin
    if (!this.#WebSocket) {
      this.#state = { url, state: 'failed', error: noWebSocket() }
      this.#driver.stop()
      return
    }
    this.#state = { url, state: 'connecting' }
    const stop = onWake((slept) => this.#driver.give({ type: 'wake', slept }))
    this.#listening.signal.addEventListener('abort', stop)
    this.#driver.give({ type: 'start' })
  }

  get state(): RelayState {
    const { aheadMs } = this.#clock
    if (this.#state.state !== 'ready' || this.#state.error || aheadMs === undefined) return this.#state
    return { ...this.#state, error: wrongClock(aheadMs) }
  }

  /** Resolves when the relay has told its time. */
  get clockKnown(): Promise<void> {
    return this.#clock.known
  }

  /** Whether what is sent now may arrive soon: it is ready, at its first attempt, or was lost, or is tried again, a moment ago. */
  get isHopeful(): boolean {
    const it = this.#state
    if (it.state === 'ready' || it.state === 'failed') return it.state === 'ready'
    if (now() - this.#readyAt < LOST_MS) return true
    if (this.#isCounted) return !this.hasGivenUp && (it.state !== 'waiting' || it.retryAt - now() <= SPACED_MAX_MS)
    if (it.state === 'waiting') return it.retryAt - now() < SOON_MS
    return it.error === undefined || now() - this.#begunAt < HOPE_MS
  }

  /** Something is to be sent: one that is waited for is tried at once, unless it was a moment ago, or asked us to wait. */
  hurry(): void {
    const { state, error } = this.#state
    if (state !== 'waiting' || error?.source === 'relay' || now() - this.#begunAt < HOPE_MS) return
    this.#driver.give({ type: 'wake' })
  }

  /** It was dialled as often as it may be, and is not any more. */
  get hasGivenUp(): boolean {
    const { state } = this.#state
    return (state === 'waiting' || state === 'failed') && this.#attempts >= this.#attemptsMax
  }

  /** It may be dialled so often: who wants it now counts as well as who did before. */
  allow(attemptsMax: number): void {
    if (this.#state.state !== 'failed') this.#attemptsMax = Math.max(this.#attemptsMax, attemptsMax)
  }

  get #isCounted(): boolean {
    return Number.isFinite(this.#attemptsMax)
  }

  /** How far this device's clock is ahead of the relay's, where it matters. */
  get clockAheadMs(): number | undefined {
    return this.#clock.aheadMs
  }

  bind(keys: AddressKeys, onEnvelope: (envelope: Bytes) => void, { onBound, rank = 0 }: BindOptions = {}): () => void {
    if (this.#listening.signal.aborted) return () => {}
    const { address } = keys
    return this.#bound.add(keys, onEnvelope, {
      onBound,
      first: () => this.#driver.give({ type: 'bind', address, rank }),
      last: () => this.#driver.give({ type: 'unbind', address }),
    })
  }

  rank(ranks: readonly (readonly [address: Uint8Array, rank: number])[]): void {
    this.#driver.give({ type: 'rank', ranks })
  }

  send(to: Uint8Array, envelope: Bytes): void {
    checkEnvelope(to, envelope)
    // Copied, since it may wait for the relay longer than its owner leaves it alone.
    this.#driver.give({ type: 'send', address: new Uint8Array(to), envelope: new Uint8Array(envelope) })
  }

  onLost(listener: () => void): () => void {
    this.#onLost.add(listener)
    return () => this.#onLost.delete(listener)
  }

  onConnect(listener: () => void): () => void {
    this.#onConnect.add(listener)
    return () => this.#onConnect.delete(listener)
  }

  close(): void {
    if (this.#listening.signal.aborted) return
    this.#listening.abort()
    this.#driver.give({ type: 'stop' })
    this.#bound.clear()
    this.#decoys.clear()
  }

  #carryOut(output: RelayClientOutput): void {
    switch (output.type) {
      case 'connect':
        this.#connect(output.connection)
        return
      case 'disconnect':
        this.#disconnect()
        return
      case 'transmit':
        this.#hasTold = true
        this.#socket?.send(output.frame)
        return
      case 'sign':
        // Each takes about a millisecond, and there may be thousands: one batch a task. The first that a dial waits for goes at once.
        if (output.isUrgent && !this.#hasSigned) {
          this.#hasSigned = true
          nextTask().then(() => {
            this.#hasSigned = false
          })
          this.#sign(output)
        } else this.#signing = this.#signing.then(nextTask).then(() => this.#sign(output))
        return
      case 'bound':
        for (const address of output.addresses) this.#bound.tellBound(address)
        return
      case 'time':
        this.#clock.compare(output.time)
        return
      case 'deliver':
        this.#bound.deliver(output.address, output.envelope)
        return
      case 'state':
        if (this.#state.state === 'ready') this.#readyAt = now()
        this.#state = { url: this.#url, ...output.state }
        if (output.state.state === 'ready') this.#attempts = 0
        if (output.state.state === 'waiting') this.#lost()
        this.#onState(this.state)
        return
    }
  }

  #lost(): void {
    if (!this.#hasTold) return
    this.#hasTold = false
    for (const listener of [...this.#onLost]) listener()
  }

  #sign({ connection, nonce, addresses }: Extract<RelayClientOutput, { type: 'sign' }>): void {
    const proofs = addresses.flatMap((address) => {
      const keys = this.#bound.keysOf(address) ?? this.#decoys.get(hex(address))
      return keys === undefined ? [] : [{ address, signature: signBind(keys, this.origin, nonce) }]
    })
    this.#driver.give({ type: 'signed', connection, proofs })
  }

  #connect(connection: number): void {
    if (this.#attempts >= this.#attemptsMax) {
      const words = `${this.#url} did not answer as a relay, ${this.#attempts} times. Only an invitation names it, so it is left alone.`
      this.#driver.give({ type: 'refused', connection, error: new KithError('no-relay', words, { cause: this.#state.error }) })
      return
    }
    this.#attempts += 1
    for (const listener of [...this.#onConnect]) listener()
    this.#begunAt = now()
    let socket: WebSocketLike
    try {
      if (!this.#WebSocket) throw noWebSocket()
      socket = new this.#WebSocket(this.#url)
    } catch (cause) {
      this.#refused(connection, cause)
      return
    }
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => {
      // A text message is no frame: empty bytes are refused like any other junk.
      this.#driver.give({
        type: 'frame',
        connection,
        frame: data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(),
      })
    })
    let said: string | undefined
    socket.addEventListener('open', () => this.#driver.give({ type: 'opened', connection }))
    // 'close' follows; without a listener `ws` would throw.
    socket.addEventListener('error', ({ message }) => {
      said = message || undefined
    })
    socket.addEventListener('close', ({ reason }) =>
      this.#driver.give({ type: 'closed', connection, said: said ?? (reason || undefined) }),
    )
  }

  /** The constructor threw. Mixed content (a page on https may not dial ws:) and a page's own policy stay as they are. */
  #refused(connection: number, cause: unknown): void {
    const isForbidden = cause instanceof DOMException && cause.name === 'SecurityError'
    if (!isForbidden) {
      this.#driver.give({ type: 'closed', connection, said: cause instanceof Error ? cause.message : undefined })
      return
    }
    const error = new KithError(
      'no-relay',
      `The browser does not let this page dial ${this.#url}: a page on https needs a wss: address, and its Content-Security-Policy must allow it in connect-src.`,
      { cause },
    )
    this.#driver.give({ type: 'refused', connection, error })
  }

  #disconnect(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    // `ws` waits half a minute for a relay that does not answer, and a process in Node as long with it.
    if (socket?.terminate) {
      const timer = setTimeout(() => socket.terminate?.(), CLOSE_TIMEOUT_MS)
      socket.addEventListener('close', () => clearTimeout(timer))
    }
  }

  #decoy(): Bytes {
    const keys = addressKeys(random(32))
    for (const oldest of this.#decoys.keys()) {
      if (this.#decoys.size < DECOY_KEYS_MAX) break
      this.#decoys.delete(oldest)
    }
    this.#decoys.set(hex(keys.address), keys)
    return keys.address
  }
}

const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))
