/** Ends a transfer, whose other bytes are 0: where an end of its own is nothing that a contender has. */
export const LAST = new Uint8Array([1])

/** Whether bytes of a transfer that have come are the last of it. */
export const areLast = (bytes) => bytes.at(-1) === LAST[0]

/** What has come on a channel, for the one who waits for so many bytes of it. */
export class Arrivals {
  #bytes = 0
  #wantedBytes = Number.POSITIVE_INFINITY
  #resolve

  arrived(bytes) {
    this.#bytes += bytes
    this.#settle()
  }

  /** Resolves when so many bytes more have come than were read before. One at a time. */
  read(bytes) {
    return new Promise((resolve) => {
      this.#wantedBytes = bytes
      this.#resolve = resolve
      this.#settle()
    })
  }

  #settle() {
    if (this.#bytes < this.#wantedBytes) return
    this.#bytes -= this.#wantedBytes
    this.#wantedBytes = Number.POSITIVE_INFINITY
    this.#resolve()
  }
}

/** Milliseconds, by a clock that all pages of a machine share. */
const now = () => performance.timeOrigin + performance.now()

/** A datagram that says when it was made, in its first eight bytes. */
export function stamped(bytes) {
  const datagram = new Uint8Array(bytes)
  new DataView(datagram.buffer).setFloat64(0, now())
  return datagram
}

const stampOf = (datagram) => new DataView(datagram.buffer, datagram.byteOffset).getFloat64(0)

/** Datagrams that came, and in what time. */
export class DatagramCount {
  #received = 0
  #delaysMs
  #firstAt = 0
  #lastAt = 0
  #resolve

  /** A flow begins. */
  start() {
    this.#received = 0
  }

  /** From now on, how long each takes that arrives: all are stamped. */
  watch() {
    this.#delaysMs = []
  }

  watched() {
    const delaysMs = this.#delaysMs
    this.#delaysMs = undefined
    return delaysMs
  }

  /** @param {Uint8Array} datagram */
  arrived(datagram) {
    this.#delaysMs?.push(now() - stampOf(datagram))
    this.#lastAt = performance.now()
    if (this.#received === 0) this.#firstAt = this.#lastAt
    this.#received += 1
    this.#resolve?.()
  }

  /** Once all have come, or none for `quietMs`. */
  async settled({ sent, quietMs }) {
    for (let before = -1; this.#received < sent && this.#received > before; ) {
      before = this.#received
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, quietMs)
        this.#resolve = () => {
          if (this.#received < sent) return
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#resolve = undefined
    return { received: this.#received, elapsedMs: this.#lastAt - this.#firstAt }
  }
}
