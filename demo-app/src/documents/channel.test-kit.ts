/** Two ends of a stream in memory, which can be held up and cut. */
import type { Channel } from './sync.ts'

export interface TestChannel extends Channel {
  /** Messages that went out. */ readonly sentCount: number
  /** `send` waits from now on. */ hold(): void
  release(): void
  /** Both ends break, and what is on its way is lost. */ cut(): void
}

export function channelPair(): [TestChannel, TestChannel] {
  const left = new Half()
  const right = new Half()
  left.other = right
  right.other = left
  return [left, right]
}

class Half implements TestChannel {
  other: Half = this
  sentCount = 0
  #incoming: Uint8Array[] = []
  #isEnded = false
  #isCut = false
  #held: Promise<void> | undefined
  #release: () => void = () => undefined
  #arrived: () => void = () => undefined

  async send(data: Uint8Array): Promise<void> {
    await this.#held
    // As on a network, nothing arrives in the turn in which it was sent.
    await Promise.resolve()
    if (this.#isCut) throw new Error('cut')
    this.sentCount += 1
    this.other.#incoming.push(data.slice())
    this.other.#arrived()
  }

  async close(): Promise<void> {
    this.other.#isEnded = true
    this.other.#arrived()
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  release(): void {
    this.#release()
  }

  cut(): void {
    for (const half of [this, this.other]) {
      half.#isCut = true
      half.#incoming = []
      half.#release()
      half.#arrived()
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<{ readonly data: Uint8Array }> {
    for (;;) {
      const data = this.#incoming.shift()
      if (data) yield { data }
      else if (this.#isCut) throw new Error('cut')
      else if (this.#isEnded) return
      else
        await new Promise<void>((resolve) => {
          this.#arrived = resolve
        })
    }
  }
}

/** Turn by turn, until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > 10_000) throw new Error('it never was')
    await new Promise((resolve) => setTimeout(resolve))
  }
}
