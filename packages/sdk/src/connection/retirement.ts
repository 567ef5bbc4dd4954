/**
 * The end of one of two connections between the same two instances. New streams of both sides go to the other one; this one closes
 * when those that it has are over. A stream of theirs may be on its way while ours are over, so each side says when it has none left
 * and will open none (SPEC, control message 11); who has said it and heard it may close. A remote that does not know the message keeps
 * both connections.
 */
import type { Link } from '../session/link.ts'

const RETIRE = 11

/** How often it is looked whether its streams are over. There is no hurry: all new ones go elsewhere. */
const LOOK_MS = 250

export class Retirement {
  readonly #link: Link
  readonly #close: () => void
  #looking: ReturnType<typeof setInterval> | undefined
  #hasSaid = false
  #hasHeard = false

  /**
   * @param close neither side has a stream on it, or will open one.
   * @param onHeard the remote opens no more here.
   */
  constructor(link: Link, close: () => void, onHeard: () => void = () => undefined) {
    this.#link = link
    this.#close = close
    const stop = link.onControl((type) => {
      if (type !== RETIRE) return
      this.#hasHeard = true
      // What we would open here would keep alive what the remote has given up.
      this.begin()
      onHeard()
    })
    const gone = () => {
      stop()
      clearInterval(this.#looking)
    }
    link.closed.then(gone, gone)
  }

  /** One of the two has said that it opens no more here: from then on there is no way back. */
  get isFinal(): boolean {
    return this.#hasSaid || this.#hasHeard
  }

  /** The other connection is in use. What was decided before this call may still open here: it is looked only after a while. */
  begin(): void {
    if (this.#link.has('retire')) this.#looking ??= setInterval(() => this.#look(), LOOK_MS)
  }

  /** The other connection is gone, before anything was said. */
  cancel(): void {
    if (this.isFinal) return
    clearInterval(this.#looking)
    this.#looking = undefined
  }

  #look(): void {
    if (!this.#link.isIdle) return
    if (!this.#hasSaid) this.#link.sendControl(RETIRE, [])
    this.#hasSaid = true
    if (!this.#hasHeard) return
    clearInterval(this.#looking)
    this.#close()
  }
}
