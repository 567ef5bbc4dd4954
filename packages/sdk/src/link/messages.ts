/** Whole messages over a stream: each is a varint length, then that many bytes. */
import { type Bytes, KithError, MESSAGE_MAX_BYTES, varintLength, violation, Writer } from '@kith/protocol'
import type { Stream } from '../api.ts'

/** `text` is UTF-8. `json` throws SyntaxError; its type is only your word. */
export interface Message {
  readonly data: Bytes
  text(): string
  json<T = unknown>(): T
}

/** The part of a Stream that messages need. */
export interface ByteDuplex {
  readonly readable: ReadableStream<Bytes>
  readonly writable: WritableStream<Uint8Array>
  reset(code?: number): void
}

export interface Messages<S = Stream> extends AsyncIterable<Message> {
  readonly stream: S
  /** Resolves when flow control lets the next one go. Rejects with 'too-large', after `close` with 'closed', and then nothing was sent. */
  send(data: Uint8Array | string): Promise<void>
  /** No more from here; resolves once the remote has all of it, however often it is called. */
  close(): Promise<void>
}

/**
 * Whole messages over a stream; both sides must do so, and it takes both halves. Larger than `maxMessageSize` bytes (default
 * 1 MiB): `send` rejects with 'too-large'; one that comes in resets the stream, and the iteration throws 'too-large'.
 */
export function messages<S extends ByteDuplex = Stream>(stream: S, options: { maxMessageSize?: number } = {}): Messages<S> {
  const { maxMessageSize = MESSAGE_MAX_BYTES } = options
  if (!Number.isSafeInteger(maxMessageSize) || maxMessageSize < 0) {
    throw new KithError('invalid-argument', 'maxMessageSize is a whole number of bytes')
  }
  return new StreamMessages(stream, maxMessageSize)
}

class StreamMessages<S extends ByteDuplex> implements Messages<S> {
  readonly stream: S
  readonly #maxMessageSize: number
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Bytes>
  /** What was read and belongs to the next message. */
  #rest: Bytes = new Uint8Array(0)
  /** Reads happen one after the other, also where two loops iterate. */
  #turn: Promise<unknown> = Promise.resolve()
  #isDone = false
  #closing: Promise<void> | undefined

  constructor(stream: S, maxMessageSize: number) {
    this.stream = stream
    this.#maxMessageSize = maxMessageSize
    this.#writer = stream.writable.getWriter()
    this.#reader = stream.readable.getReader()
  }

  async send(data: Uint8Array | string): Promise<void> {
    if (this.#closing) throw new KithError('closed', 'nothing is sent after close()')
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    if (!(bytes instanceof Uint8Array)) throw new KithError('invalid-argument', 'a message is a Uint8Array or a string')
    if (bytes.length > this.#maxMessageSize) {
      throw new KithError('too-large', `a message of ${bytes.length} bytes; at most ${this.#maxMessageSize} are allowed`)
    }
    const framed = new Writer(varintLength(bytes.length) + bytes.length).varint(bytes.length).bytes(bytes).finish()
    await this.#writer.write(framed)
  }

  async close(): Promise<void> {
    this.#closing ??= this.#finish()
    await this.#closing
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return {
      next: async () => {
        const message = await this.#next()
        return message === undefined ? { done: true, value: undefined } : { done: false, value: message }
      },
      return: async () => {
        // Whoever leaves the loop reads no more: the remote is told to stop.
        this.#isDone = true
        await this.#reader.cancel()
        return { done: true, value: undefined }
      },
    }
  }

  async #finish(): Promise<void> {
    // Of a stream that has failed `close` only says that it cannot be closed (a TypeError); `ready` says why.
    await this.#writer.ready
    await this.#writer.close()
  }

  #next(): Promise<Message | undefined> {
    const next = this.#turn.then(() => this.#read())
    this.#turn = next.catch(() => undefined) // the one who asked hears of it
    return next
  }

  async #read(): Promise<Message | undefined> {
    if (this.#isDone) return undefined
    const length = await this.#readLength()
    if (length === undefined) {
      this.#isDone = true
      return undefined
    }
    if (length > this.#maxMessageSize) {
      throw this.#refuse(new KithError('too-large', `a message of ${length} bytes came in`, { source: 'remote' }))
    }
    // Not more at once than has come: a length is only the remote's word.
    const parts: Bytes[] = []
    let missing = length
    while (missing > 0) {
      const part = this.#rest.length > 0 ? this.#rest : await this.#more()
      if (part === undefined) throw this.#refuse(violation('a message was cut short'))
      const taken = part.subarray(0, missing)
      this.#rest = part.subarray(taken.length)
      missing -= taken.length
      parts.push(taken)
    }
    return new ReceivedMessage(joined(parts, length))
  }

  /** The next message's length; undefined at the end of the stream. */
  async #readLength(): Promise<number | undefined> {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const chunk = this.#rest.length > 0 ? this.#rest : await this.#more()
      const byte = chunk?.[0]
      if (chunk === undefined || byte === undefined) {
        if (scale === 1) return undefined
        throw this.#refuse(violation('a message was cut short'))
      }
      this.#rest = chunk.subarray(1)
      value += (byte & 0x7f) * scale
      // Nine bytes would be beyond any size; longer forms would never end.
      if (scale > 2 ** 49) throw this.#refuse(new KithError('too-large', 'a message beyond any size', { source: 'remote' }))
      if (byte === 0 && scale > 1) {
        throw this.#refuse(violation('a length is not in its shortest form'))
      }
      if (byte < 0x80) return value
    }
  }

  async #more(): Promise<Bytes | undefined> {
    const { done, value } = await this.#reader.read()
    return done ? undefined : value
  }

  #refuse(error: KithError): KithError {
    this.#isDone = true
    this.stream.reset()
    return error
  }
}

class ReceivedMessage implements Message {
  readonly data: Bytes

  constructor(data: Bytes) {
    this.data = data
  }

  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.data)
  }

  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T
  }
}

/** In an ArrayBuffer of its own. */
function joined(parts: readonly Bytes[], length: number): Bytes {
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
