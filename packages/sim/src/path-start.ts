import type { ControlMessage } from '@kith/protocol'

export type OrderedLane = 'urgent' | 'bulk'

/** The lane that a RESUME names. */
export const resumedLane = (lane: number): OrderedLane => (lane === 2 ? 'urgent' : 'bulk')

/** How each path begins: confirm and hello each way; on a path after the first, what each end has of each lane. */
export class PathStart {
  readonly #violated: (what: string) => void
  #sentConfirm = false
  #gotConfirm = false
  #sentHello = false
  #gotHello = false
  #paths = 1
  /** On a path after the first: the lanes of which the remote, and this end, has sent its count. */
  #resumesCame = new Set<OrderedLane>()
  #resumesSent = new Set<OrderedLane>()

  constructor(violated: (what: string) => void) {
    this.#violated = violated
  }

  /** Another path. */
  attached(): void {
    this.#paths += 1
    this.#sentConfirm = false
    this.#gotConfirm = false
    this.#sentHello = false
    this.#gotHello = false
    this.#resumesCame = new Set()
    this.#resumesSent = new Set()
  }

  detached(): void {
    this.#gotHello = false
  }

  /** Frames may go: the remote has sent all that begins a path. */
  get isOpen(): boolean {
    return this.#gotHello && (this.#paths === 1 || this.#resumesCame.size === 2)
  }

  sending({ type }: ControlMessage): void {
    if (!this.#sentConfirm && type !== 'confirm') this.#violated(`${type} before confirm`)
    if (type === 'confirm') this.#sentConfirm = true
    else if (!this.#gotConfirm) this.#violated(`${type} before the remote confirmed`)
    if (type === 'hello') this.#sentHello = true
    else if (type !== 'confirm' && !this.#sentHello) this.#violated(`${type} before hello`)
  }

  /** Once on each path after the first. */
  resuming(lane: OrderedLane): void {
    if (this.#paths === 1 || this.#resumesSent.has(lane)) this.#violated(`resume of ${lane}, which is not ours to say`)
    this.#resumesSent.add(lane)
  }

  receiving(message: ControlMessage): void {
    if (message.type === 'confirm') this.#gotConfirm = true
    if (message.type === 'hello') this.#gotHello = true
    if (message.type === 'resume') this.#resumesCame.add(resumedLane(message.lane))
  }
}
