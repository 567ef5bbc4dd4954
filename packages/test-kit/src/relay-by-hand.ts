/** A client of a relay that says what it is made to say, frame by frame: honest ones, and any bytes. */
import {
  type AddressKeys,
  type ClientFrame,
  decodeRelayFrame,
  encodeClientFrame,
  type RelayFrame,
  signBind,
} from '@kith/protocol'
import { Inbox } from './inbox.ts'

/** What `ws` and browsers agree on. */
export interface Socket {
  binaryType: string
  readonly bufferedAmount: number
  send(data: Uint8Array<ArrayBuffer> | string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void
}

export class RelayByHand {
  readonly socket: Socket
  /** What binds are signed for: `ws://127.0.0.1:8787`. */
  readonly origin: string
  readonly frames = new Inbox<RelayFrame>()
  /** Settles, never rejects: how the relay, or the network, ended it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  /** Of the challenge; a test may put another in its place. */
  nonce: Uint8Array = new Uint8Array(32)

  constructor(socket: Socket, origin: string) {
    this.socket = socket
    this.origin = origin
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => this.frames.add(decodeRelayFrame(new Uint8Array(data as ArrayBuffer))))
    // 'close' follows, and says the same.
    socket.addEventListener('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => {
        this.frames.end()
        resolve({ code, reason })
      })
    })
  }

  /** Resolves once the relay has asked for proofs. Throws where it closes before. */
  async challenged(): Promise<this> {
    const frame = await this.frames.next()
    if (frame?.type !== 'challenge') throw new Error(`expected a challenge, not ${JSON.stringify(frame)}`)
    this.nonce = frame.nonce
    return this
  }

  say(frame: ClientFrame): void {
    this.bytes(encodeClientFrame(frame))
  }

  /** Whatever it is, as one binary message. */
  bytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.socket.send(bytes)
  }

  /** A proof that holds. */
  proof(keys: AddressKeys) {
    return { form: 0, address: keys.address, signature: signBind(keys, this.origin, this.nonce) } as const
  }

  /** Honestly; resolves with the answer, undefined where the relay closes instead. Pings are answered meanwhile. */
  bind(...keys: readonly AddressKeys[]): Promise<RelayFrame | undefined> {
    this.say({ type: 'bind', binds: keys.map((one) => this.proof(one)) })
    return this.answer()
  }

  /** The next frame that is no ping; pings are answered. */
  answer(): Promise<RelayFrame | undefined> {
    return this.frames.next((frame) => {
      if (frame.type === 'ping') this.say({ type: 'pong', echo: frame.payload })
      return frame.type !== 'ping'
    })
  }
}

/** `open`: makes the socket, with `ws` in Node or the browser's own: `(url) => new WebSocket(url)`. */
export function relayByHand(base: string, open: (url: string) => Socket): Promise<RelayByHand> {
  return new RelayByHand(open(`${base}/relay`), base).challenged()
}
