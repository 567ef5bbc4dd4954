import { type AddressKeys, type Bytes, ENVELOPE_BYTES, KithError } from '@kith/protocol'
import { openChannel } from '../platform/browser.ts'
import { Bound } from './bound.ts'
import { ADDRESS_BYTES, type BindOptions, type Carrier, checkEnvelope } from './carrier.ts'

const CHANNEL_NAME = 'kith/1'

/**
 * The tabs of one browser, with no relay at all. Every script of this web origin can listen and post here: that is no more than
 * a relay's operator can, and envelopes are sealed.
 */
export class BroadcastChannelCarrier implements Carrier {
  readonly kind = 'tabs'
  readonly origin = 'broadcast'
  readonly #bound = new Bound()
  readonly #channel: BroadcastChannel
  #closed = false

  /** Throws 'unsupported-environment' where the page may not have a channel: cookies are blocked, its origin is opaque. */
  constructor() {
    const channel = openChannel(CHANNEL_NAME)
    if (!channel) throw new KithError('unsupported-environment', 'This page cannot reach the other tabs of its browser.')
    this.#channel = channel
    this.#channel.addEventListener('message', (event: MessageEvent<unknown>) => this.#receive(event.data))
  }

  bind(keys: AddressKeys, onEnvelope: (envelope: Bytes) => void, { onBound }: BindOptions = {}): () => void {
    if (this.#closed) return () => {}
    // Bound at once; `onBound` is called later, since the caller may not have finished.
    queueMicrotask(() => this.#bound.tellBound(keys.address))
    return this.#bound.add(keys, onEnvelope, { onBound })
  }

  /** To the other tabs, never to this one: what binds and sends through one carrier is one peer. */
  send(to: Uint8Array, envelope: Bytes): void {
    checkEnvelope(to, envelope)
    if (this.#closed) return
    const message = new Uint8Array(ADDRESS_BYTES + ENVELOPE_BYTES)
    message.set(to)
    message.set(envelope, ADDRESS_BYTES)
    try {
      this.#channel.postMessage(message)
    } catch {
      // What the browser does not carry is lost, as carriers may: the sender sends it again.
    }
  }

  close(): void {
    this.#closed = true
    this.#bound.clear()
    this.#channel.close()
  }

  /** What is not ours, by kind or by size, is another program's on the same channel name: ignored before anything is copied. */
  #receive(data: unknown): void {
    if (this.#closed || !(data instanceof Uint8Array) || data.length !== ADDRESS_BYTES + ENVELOPE_BYTES) return
    this.#bound.deliver(data.subarray(0, ADDRESS_BYTES), data.subarray(ADDRESS_BYTES))
  }
}
