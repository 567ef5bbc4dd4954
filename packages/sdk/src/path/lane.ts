/**
 * What a connection needs of a path: the part of RTCDataChannel that a lane uses. A MessagePort or a pair in memory can play it
 * as well. Reliable lanes keep order; the datagram lane keeps nothing. Whole messages, `binaryType` 'arraybuffer'.
 */
export interface Lane {
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed'
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  /** Copies what it takes: the buffer is the sender's to use again. */
  send(message: Uint8Array<ArrayBuffer>): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'open' | 'close' | 'error' | 'bufferedamountlow', listener: () => void): void
  close(): void
}

/** The four negotiated channels of a link, by their ids: 0 control, 1 datagrams, 2 urgent, 3 bulk. */
export interface Lanes {
  readonly control: Lane
  readonly datagrams: Lane
  readonly urgent: Lane
  readonly bulk: Lane
}
