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

/** Datagrams that came, and in what time. */
export class DatagramCount {
  #received = 0
  #firstAt = 0
  #lastAt = 0
  #resolve

  /** A flow begins. */
  start() {
    this.#received = 0
  }

  arrived() {
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
