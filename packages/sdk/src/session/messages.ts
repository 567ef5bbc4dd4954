/** Whole messages over a stream: each is a varint length, then that many bytes. */
import { type Bytes, KithError, MESSAGE_MAX_BYTES, STREAM_CODES, varintLength, Writer } from '@kith/protocol'
import type { Chunk, Stream } from '../api.ts'
import { Slices } from '../runtime/slices.ts'
import { bytesOf } from './buffer-source.ts'
import { Gathering } from './gathering.ts'

/** A message that comes in pieces gathers in a buffer of so many bytes at first, which is doubled as it fills: a length is only the
 *  remote's word. */
const GATHER_BYTES = 1024

/** A read that took longer has waited for another task. One that did not may have: then a pause comes early, which costs little. */
const WAITED_MS = 1

const BOTH_SIDES = 'both sides must use messages()'

/** One whole message. */
export interface Message {
  /** Its bytes. */
  readonly data: Bytes
  /** Its bytes as UTF-8. */
  text(): string
  /** Its text as JSON. Throws SyntaxError. The type is not checked. */
  json<T = unknown>(): T
}

/** The part of a Stream that messages need. */
export interface ByteDuplex {
  readonly readable: ReadableStream<Bytes>
  readonly writable: WritableStream<Chunk>
  /** Streams of one share a bound on messages that are not whole. */
  readonly connection?: object
  reset(code?: number): void
}

/** Whole messages over one stream. Iterating gives those that arrive. */
export interface Messages<S = Stream> extends AsyncIterable<Message> {
  /** The stream that carries them. */
  readonly stream: S
  /** Resolves when flow control lets the next one go. Rejects with 'too-large', after `close` with 'closed', and then nothing was sent;
   *  with 'too-large' of source 'remote' where an earlier one was larger than the remote takes: that ended the stream. What the remote or
   *  the network ended is never an unhandled rejection. */
  send(data: Chunk | string): Promise<void>
  /** No more from here; resolves once the remote has all of it, however often it is called. */
  close(): Promise<void>
}

/**
 * Whole messages over a stream; both sides must do so, and it takes both halves. Larger than `maxMessageSize` bytes (default
 * 1 MiB): `send` rejects with 'too-large'; one that comes in resets the stream with STREAM_CODES.messageTooLarge, and the iteration
 * throws 'too-large'. What comes and is not whole messages resets it with STREAM_CODES.notMessages, and the iteration throws
 * 'peer-violation'.
 *
 * An iteration that was read to the end, because the remote has closed, closes this side too: a conversation is over when one side
 * has said that it is. One that was left before goes on in the other direction until `close`.
 *
 * Throws 'invalid-argument' for a stream that is being read or written already.
 */
export function messages<S extends ByteDuplex = Stream>(stream: S, options: { maxMessageSize?: number } = {}): Messages<S> {
  const { maxMessageSize = MESSAGE_MAX_BYTES } = options
  if (!Number.isSafeInteger(maxMessageSize) || maxMessageSize < 0) {
    throw new KithError('invalid-argument', 'maxMessageSize must be a whole number of bytes.')
  }
  if (stream.readable.locked || stream.writable.locked) {
    const message =
      'This stream is being read or written already: call messages() once for each stream, before all else, and keep it.'
    throw new KithError('invalid-argument', message)
  }
  return new StreamMessages(stream, maxMessageSize)
}

class StreamMessages<S extends ByteDuplex> implements Messages<S> {
  readonly stream: S
  readonly #maxMessageSize: number
  readonly #writer: WritableStreamDefaultWriter<Chunk>
  readonly #reader: ReadableStreamDefaultReader<Bytes>
  readonly #gathering: Gathering
  /** What was read and belongs to the next message. */
  #rest: Bytes = new Uint8Array(0)
  /** One chunk may hold thousands of messages, and what is done with each is the application's. */
  readonly #slices = new Slices()
  /** Reads happen one after the other, also where two loops iterate. */
  #turn: Promise<unknown> = Promise.resolve()
  #isDone = false
  #closing: Promise<void> | undefined

  constructor(stream: S, maxMessageSize: number) {
    this.stream = stream
    this.#maxMessageSize = maxMessageSize
    this.#gathering = new Gathering(stream.connection ?? stream, maxMessageSize)
    this.#writer = stream.writable.getWriter()
    this.#reader = stream.readable.getReader()
  }

  send(data: Chunk | string): Promise<void> {
    const sent = this.#send(data).catch((error: unknown) => {
      // That the stream is over, the iteration and `stream.closed` say as well: in `onclick = () => chat.send(…)` it is no error that the
      // page did not catch. What was passed in, or came after our own `close`, is.
      if (error instanceof KithError && (error.source !== 'local' || error.code === 'reset' || this.#isDone)) {
        if (error.code !== 'invalid-argument') sent.catch(() => undefined)
      }
      throw error
    })
    return sent
  }

  async #send(data: Chunk | string): Promise<void> {
    if (this.#closing)
      throw new KithError(
        'closed',
        this.#isDone ? 'The remote has closed, and so has this side.' : 'This side has closed: nothing can be sent any more.',
      )
    const bytes = encoded(data)
    if (bytes.length > this.#maxMessageSize) {
      throw new KithError('too-large', `A message may have ${this.#maxMessageSize} bytes; this one has ${bytes.length}.`)
    }
    const framed = new Writer(varintLength(bytes.length) + bytes.length).varint(bytes.length).bytes(bytes).finish()
    try {
      await this.#writer.write(framed)
    } catch (error) {
      throw asSender(error)
    }
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
        // Code that leaves the loop reads no more: ask the remote to stop.
        this.#isDone = true
        await this.#reader.cancel()
        return { done: true, value: undefined }
      },
    }
  }

  async #finish(): Promise<void> {
    // Of a stream that has failed `close` only says that it cannot be closed (a TypeError); `ready` says why.
    try {
      await this.#writer.ready
      await this.#writer.close()
    } catch (error) {
      throw asSender(error)
    }
  }

  #next(): Promise<Message | undefined> {
    const next = this.#turn.then(() => this.#read())
    this.#turn = next.catch(() => undefined) // the caller gets the error
    return next
  }

  async #read(): Promise<Message | undefined> {
    if (this.#isDone) return undefined
    if (this.#slices.isOver) await this.#slices.pause()
    const length = await this.#readLength()
    if (length === undefined) {
      this.#isDone = true
      // Else a program that sends each message on its own stream would leave all of them open. If it fails, `stream.closed` says so.
      this.close().catch(() => undefined)
      return undefined
    }
    if (length > this.#maxMessageSize) throw this.#tooLarge(length)
    try {
      return new ReceivedMessage(await this.#gather(length))
    } finally {
      this.#gathering.resize(0)
    }
  }

  async #gather(length: number): Promise<Bytes> {
    let message = this.#buffer(Math.min(length, Math.max(this.#rest.length, GATHER_BYTES)))
    let filled = 0
    while (filled < length) {
      const part = this.#rest.length > 0 ? this.#rest : await this.#more()
      if (part === undefined) throw this.#notMessages('it ended within one')
      const taken = part.subarray(0, length - filled)
      this.#rest = part.subarray(taken.length)
      if (filled + taken.length > message.length) {
        const larger = this.#buffer(Math.min(Math.max(2 * message.length, filled + taken.length), length))
        larger.set(message.subarray(0, filled))
        message = larger
      }
      message.set(taken, filled)
      filled += taken.length
    }
    return message
  }

  #buffer(bytes: number): Bytes {
    if (this.#gathering.resize(bytes)) return new Uint8Array(bytes)
    const words = 'The remote has begun more messages at once than there is room for: send fewer at a time, or smaller ones.'
    throw this.#refuse(STREAM_CODES.messageTooLarge, new KithError('too-large', words, { source: 'remote' }))
  }

  /** The next message's length; undefined at the end of the stream. */
  async #readLength(): Promise<number | undefined> {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const chunk = this.#rest.length > 0 ? this.#rest : await this.#more()
      const byte = chunk?.[0]
      if (chunk === undefined || byte === undefined) {
        if (scale === 1) return undefined
        throw this.#notMessages('it ended within a length')
      }
      this.#rest = chunk.subarray(1)
      value += (byte & 0x7f) * scale
      // Nine bytes would be beyond any size; longer forms would never end.
      if (scale > 2 ** 49) throw this.#notMessages('a length is beyond any size')
      if (byte === 0 && scale > 1) throw this.#notMessages('a length is not in its shortest form')
      if (byte < 0x80) return value
    }
  }

  async #more(): Promise<Bytes | undefined> {
    const askedAt = performance.now()
    try {
      const { done, value } = await this.#reader.read()
      if (performance.now() - askedAt > WAITED_MS) this.#slices.restart()
      return done ? undefined : value
    } catch (error) {
      throw asSender(error)
    }
  }

  #tooLarge(length: number): KithError {
    const message = `A message of ${length} bytes came in; maxMessageSize is ${this.#maxMessageSize}. (Or it is none: ${BOTH_SIDES}.)`
    return this.#refuse(STREAM_CODES.messageTooLarge, new KithError('too-large', message, { source: 'remote' }))
  }

  /** Not a `violation`: this is a mistake of a first day, at either side. */
  #notMessages(why: string): KithError {
    const message = `What came in is not whole messages: ${why}. Note that ${BOTH_SIDES}.`
    return this.#refuse(STREAM_CODES.notMessages, new KithError('peer-violation', message, { source: 'remote' }))
  }

  #refuse(streamCode: number, error: KithError): KithError {
    this.#isDone = true
    this.stream.reset(streamCode)
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

function encoded(data: Chunk | string): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data)
  try {
    return bytesOf(data)
  } catch (cause) {
    const message = 'A message is text or bytes: JSON.stringify makes text of an object.'
    throw new KithError('invalid-argument', message, { cause: cause instanceof KithError ? cause.cause : cause })
  }
}

/** A remote that takes no message so large resets the stream, which says so by its code alone. */
function asSender(error: unknown): unknown {
  if (!(error instanceof KithError) || error.source !== 'remote' || error.streamCode !== STREAM_CODES.messageTooLarge)
    return error
  const { source, streamCode, message } = error
  return new KithError('too-large', message, { source, streamCode, cause: error })
}
