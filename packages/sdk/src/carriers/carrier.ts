import { type AddressKeys, type Bytes, ENVELOPE_BYTES, KithError } from '@kith/protocol'

/** 'tabs': those of this browser. 'memory': within one process. */
export type CarrierKind = 'relay' | 'tabs' | 'memory'

/**
 * What takes sealed envelopes from one address to another: a WebSocket relay, the tabs of this browser, later the mesh. It may
 * lose, repeat and reorder them, and it says nothing of what became of them.
 */
export interface Carrier {
  readonly kind: CarrierKind
  /** Part of every derivation and of every prologue, so that what was sealed for one carrier is worthless at another. */
  readonly origin: string
  /** From now on `onEnvelope` gets what is sent to the address of these keys. Returns the undoing of it. */
  bind(keys: AddressKeys, onEnvelope: (envelope: Bytes) => void, options?: BindOptions): () => void
  /** Changes what matters most, of addresses that were bound with a rank. For carriers that have no place for all. */
  rank?(ranks: readonly (readonly [address: Uint8Array, rank: number])[]): void
  /** Exactly 1,024 bytes, which the carrier may keep. Never waits, never fails. */
  send(to: Uint8Array, envelope: Bytes): void
  /** For carriers that have connections: `listener` is called when one has ended, before the next binds anything. Returns the undoing. */
  onLost?(listener: () => void): () => void
  /** And here before another is made, which may be on another day. */
  onConnect?(listener: () => void): () => void
  close(): void
}

export interface BindOptions {
  /** 0, the default: always has a place, and soon. Above: where there is no place for all, the highest are left out. */
  readonly rank?: number
  /** Knocks at it arrive from now on. Called again after each reconnect. */
  readonly onBound?: () => void
}

export const ADDRESS_BYTES = 32

/** The door of every `send`: another size would tell this envelope from the others. Throws 'invalid-argument'. */
export function checkEnvelope(to: Uint8Array, envelope: Uint8Array): void {
  if (to.length !== ADDRESS_BYTES)
    throw new KithError('invalid-argument', `An address has ${ADDRESS_BYTES} bytes, not ${to.length}.`)
  if (envelope.length !== ENVELOPE_BYTES) {
    throw new KithError('invalid-argument', `An envelope has ${ENVELOPE_BYTES} bytes, not ${envelope.length}.`)
  }
}
