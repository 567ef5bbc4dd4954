import {
  type AddressKeys,
  addressKeys,
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
import { Bound } from './bound.ts'
import { type Carrier, checkEnvelope } from './carrier.ts'

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

/** Keys of decoys kept for signing; twice what a relay lets us bind, since decoys are replaced as real addresses come and go. */
const DECOY_KEYS_MAX = 512

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
    this.#listenToPage()
    this.#driver.give({ type: 'start' })
  }

  get state(): RelayState {
    return this.#state
  }

  bind(keys: AddressKeys, onEnvelope: (envelope: Bytes) => void): () => void {
    if (this.#listening.signal.aborted) return () => {}
    const { address } = keys
    return this.#bound.add(
      keys,
      onEnvelope,
      () => this.#driver.give({ type: 'bind', address }),
      () => this.#driver.give({ type: 'unbind', address }),
    )
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
      case 'sign': {
        const proofs = output.addresses.flatMap((address) => {
          const keys = this.#bound.keysOf(address) ?? this.#decoys.get(hex(address))
          return keys === undefined ? [] : [{ address, signature: signBind(keys, this.origin, output.nonce) }]
        })
        this.#driver.give({ type: 'signed', connection: output.connection, proofs })
        return
      }
      case 'deliver':
        this.#bound.deliver(output.address, output.envelope)
        return
      case 'state':
        this.#state = { url: this.#url, ...output.state }
        this.#onState(this.#state)
        return
    }
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

  /** In Node there is no page to listen to. */
  #listenToPage(): void {
    const { signal } = this.#listening
    const wake = () => this.#driver.give({ type: 'wake' })
    if (typeof addEventListener === 'function') addEventListener('online', wake, { signal })
    if (typeof document === 'undefined') return
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake(), { signal })
  }
}

const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))
