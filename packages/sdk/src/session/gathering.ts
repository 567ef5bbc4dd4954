/** What one connection's messages hold that have begun and are not whole: a remote can begin one on each of its streams. */
import { MESSAGES_GATHERED_MAX_BYTES } from '@kith/protocol'

/** Bytes, by connection. */
const gathered = new WeakMap<object, number>()

/** Of one stream. */
export class Gathering {
  readonly #connection: object
  readonly #maxBytes: number
  #bytes = 0

  /** @param maxMessageSize one message alone may always be so large. */
  constructor(connection: object, maxMessageSize: number) {
    this.#connection = connection
    this.#maxBytes = Math.max(MESSAGES_GATHERED_MAX_BYTES, maxMessageSize)
  }

  /** Whether there is room for a buffer of so many bytes, in place of the one before. */
  resize(bytes: number): boolean {
    const others = (gathered.get(this.#connection) ?? 0) - this.#bytes
    if (others + bytes > this.#maxBytes) return false
    gathered.set(this.#connection, others + bytes)
    this.#bytes = bytes
    return true
  }
}
