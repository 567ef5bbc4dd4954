import {
  type AddressKeys,
  addressKeys,
  BINDS_PER_SOCKET,
  type Bytes,
  hex,
  paddedCount,
  RelayClient,
  type RelayClientInput,
  type RelayClientOutput,
  type RelayClientState,
  signBind,
} from '@kith/protocol'
import { Driver } from '../driver.ts'
import { given, noWebSocket } from '../environment.ts'
import { onWake } from '../page-wake.ts'
import { nextTask } from '../slices.ts'
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
  addEventListener(type: 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

export interface WebSocketCarrierOptions {
  /** Told of every change; the present state is in `state`. */
  onState?: (state: RelayState) => void
  /** Default: the global one. Without any, the state is 'failed' and says so. */
  WebSocket?: (new (url: string) => WebSocketLike) | undefined
}

/** Keys of decoys kept for signing. They are signed for soon after they are made; again only when the relay refuses a batch. */
const DECOY_KEYS_MAX = 2 * BINDS_PER_SOCKET

/** A relay that is there answers a close at once. */
const CLOSE_TIMEOUT_MS = 1_000

/**
 * One relay. `RelayClient` decides; this holds the WebSocket and the keys. It connects at once and goes on until
 * `close`, whatever happens in between.
 */
export class WebSocketCarrier implements Carrier {
  readonly origin: string
  readonly #url: string
  readonly #onState: (state: RelayState) => void
  readonly #WebSocket: WebSocketCarrierOptions['WebSocket']
  readonly #driver: Driver<RelayClientInput, RelayClientOutput>
  readonly #bound = new Bound()
  readonly #clock = new RelayClock()
  readonly #decoys = new Map<string, AddressKeys>()
  readonly #listening = new AbortController()
  #socket: WebSocketLike | undefined
  #state: RelayState

  /** `url` 'wss://relay.example/relay', in the form that `parseRelayUrl` gives it. */
  constructor(url: string, options: WebSocketCarrierOptions = {}) {
    this.#url = url
    this.#onState = options.onState ?? (() => {})
    this.#WebSocket = options.WebSocket ?? given(() => globalThis.WebSocket)
    const machine = new RelayClient({ random, paddedCount, decoy: () => this.#decoy() })
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
        this.#socket?.send(output.frame)
        return
      case 'sign':
        // Each takes about a millisecond, and there may be thousands: one batch a task.
        if (output.isUrgent) this.#sign(output)
        else nextTask().then(() => this.#sign(output))
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
        this.#state = { url: this.#url, ...output.state }
        this.#onState(this.state)
        return
    }
  }

  #sign({ connection, nonce, addresses }: Extract<RelayClientOutput, { type: 'sign' }>): void {
    const proofs = addresses.flatMap((address) => {
      const keys = this.#bound.keysOf(address) ?? this.#decoys.get(hex(address))
      return keys === undefined ? [] : [{ address, signature: signBind(keys, this.origin, nonce) }]
    })
    this.#driver.give({ type: 'signed', connection, proofs })
  }

  #connect(connection: number): void {
    let socket: WebSocketLike
    try {
      if (!this.#WebSocket) throw noWebSocket()
      socket = new this.#WebSocket(this.#url)
    } catch {
      // 'SecurityError': a page on https may not dial ws://. To the machine it is one more connection that did not come about.
      this.#driver.give({ type: 'closed', connection })
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
    socket.addEventListener('close', () => this.#driver.give({ type: 'closed', connection }))
    // Nothing is known but that it failed, and 'close' follows; without a listener `ws` would throw.
    socket.addEventListener('error', () => {})
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
