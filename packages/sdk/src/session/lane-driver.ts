/**
 * Drives a session over the four lanes of a path: messages in, frames out for as long as a lane's buffer is low, one timer. The session
 * decides; its outputs go to the owner, a bounded number in a task.
 */
import { type Bytes, KithError, type LaneName, type Millis, type Session, type SessionOutput, violation } from '@kith/protocol'
import type { Lane, Lanes } from '../path/lane.ts'
import { Cork } from '../runtime/cork.ts'
import { nextTask } from '../runtime/slices.ts'

/** Outputs that are dispatched in one task: a remote may send thousands of frames in one message, and each may run a handler. A new
 *  stream costs as many as INCOMING_COST. With handlers of 0.2 ms a task takes 7 ms. Beyond: in the next task. */
const OUTPUTS_PER_TASK = 256
const INCOMING_COST = 8

/** The order in which lanes are filled: frames of streams can carry acknowledgements that would else be messages of the control lane. */
const LANE_NAMES = ['urgent', 'bulk', 'datagrams', 'control'] as const satisfies readonly (LaneName | 'datagrams')[]
type AnyLane = (typeof LANE_NAMES)[number]

/** The clock of the session. The machine only compares instants, so any clock that never goes back will do. */
export const sessionNow = (): Millis => performance.now()

export interface LaneDriverOptions {
  readonly session: Session
  readonly lanes: Lanes
  /** Gets each output, in order. It may call the driver. */
  readonly onOutput: (output: SessionOutput) => void
  /** A message has come. Its outputs follow. */
  readonly onMessage: (isDatagram: boolean) => void
}

export class LaneDriver {
  readonly #session: Session
  readonly #lanes: Lanes
  readonly #onOutput: LaneDriverOptions['onOutput']
  readonly #onMessage: LaneDriverOptions['onMessage']
  #heardAt: Millis = 0
  #isFlushing = false
  #outputsLeft = OUTPUTS_PER_TASK
  /** The rest of the outputs waits for the next task. */
  #isPaused = false
  /** Handlers may answer what was dispatched, and openers may write at once: their frames share a message, also with what we owe. */
  readonly #cork = new Cork(() => {
    // In a pause some writers do not know yet that there is room.
    if (!this.#isPaused) this.#session.release()
    this.flush()
  })
  #timer: ReturnType<typeof setTimeout> | undefined
  #armedFor: Millis | undefined

  constructor({ session, lanes, onOutput, onMessage }: LaneDriverOptions) {
    this.#session = session
    this.#lanes = lanes
    this.#onOutput = onOutput
    this.#onMessage = onMessage
  }

  /** Call it once. Outputs may come from within. */
  start(): void {
    for (const name of LANE_NAMES) this.#attach(name, this.#lanes[name])
    if (this.#lanes.control.readyState === 'open') this.give({ type: 'started' })
    this.flush()
  }

  /** When the last message came, but for datagrams, by `sessionNow`. 0: none has. */
  get heardAt(): Millis {
    return this.#heardAt
  }

  give(input: Parameters<Session['handle']>[0]): void {
    this.#session.handle(input, sessionNow())
    this.flush()
  }

  /** The session was called: dispatches its outputs, and sends what the lanes have room for, until nothing new has come of that. */
  flush(): void {
    // An output's handler may call back in here. What comes of that is sent below.
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#cork.drop()
    try {
      this.#dispatch()
      do this.#fillLanes()
      while (this.#dispatch())
    } finally {
      this.#isFlushing = false
    }
    // A writer that awaits its writes continues some microtasks after 'writable': until then lower priorities wait. After a pause the
    // flush of the next task comes by here again.
    if (this.#session.isHolding && !this.#isPaused) this.#cork.hold()
    this.#arm()
  }

  /** The same, once code that has just been resumed has had a turn: for what need not go alone. */
  flushSoon(): void {
    this.#cork.hold()
  }

  /** Datagrams were sent: they concern no other lane. */
  flushDatagrams(at: Millis): void {
    this.#fillLane('datagrams', at)
    this.#dispatch()
  }

  /** Dispatches all outputs that wait, in this task. */
  dispatchAll(): void {
    this.#outputsLeft = Number.POSITIVE_INFINITY
    this.#dispatch()
  }

  /** The session has ended. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  closeLanes(): void {
    for (const name of LANE_NAMES) this.#lanes[name].close()
  }

  #attach(name: AnyLane, lane: Lane): void {
    lane.addEventListener('message', ({ data }) => this.#receive(name, data))
    lane.addEventListener('bufferedamountlow', () => this.flush())
    lane.addEventListener('open', () => (name === 'control' ? this.give({ type: 'started' }) : this.flush()))
    lane.addEventListener('close', () => this.#fail(new KithError('lost', `The ${name} lane closed.`, { source: 'network' })))
  }

  #receive(lane: AnyLane, data: unknown): void {
    const bytes: Bytes | undefined = data instanceof ArrayBuffer ? new Uint8Array(data) : undefined
    if (bytes === undefined) {
      this.#fail(violation('a message that is not binary'))
      return
    }
    if (!this.#isPaused) this.#outputsLeft = OUTPUTS_PER_TASK
    const isDatagram = lane === 'datagrams'
    this.#onMessage(isDatagram)
    if (isDatagram) {
      this.#session.receiveDatagram(bytes, sessionNow)
      this.#dispatch()
      // No answer is owed for it, but it may have to wait for its flow.
      this.#arm()
      return
    }
    this.#heardAt = sessionNow()
    this.#session.handle({ type: 'message', lane, bytes }, this.#heardAt)
    this.#dispatch()
    this.#cork.hold()
  }

  #fail(error: KithError): void {
    this.give({ type: 'fail', error })
  }

  /** Whether there was an output. */
  #dispatch(): boolean {
    let isNews = false
    while (this.#outputsLeft > 0) {
      const output = this.#session.poll()
      if (output === undefined) return isNews
      isNews = true
      this.#outputsLeft -= output.type === 'incoming' ? INCOMING_COST : 1
      this.#onOutput(output)
    }
    if (!this.#isPaused) {
      this.#isPaused = true
      void nextTask().then(() => {
        this.#isPaused = false
        this.#outputsLeft = OUTPUTS_PER_TASK
        this.flush()
      })
    }
    return isNews
  }

  #fillLanes(): void {
    const at = sessionNow()
    for (const name of LANE_NAMES) this.#fillLane(name, at)
  }

  #fillLane(name: AnyLane, at: Millis): void {
    const lane = this.#lanes[name]
    const highBytes = this.#session.bufferBytes(name)
    // Follows the rate of the path.
    if (lane.bufferedAmountLowThreshold !== highBytes / 2) lane.bufferedAmountLowThreshold = highBytes / 2
    while (lane.readyState === 'open' && lane.bufferedAmount < highBytes) {
      const message = this.#session.pull(name, at)
      if (message === undefined) break
      try {
        lane.send(message)
      } catch (cause) {
        const error = new KithError('lost', `The ${name} lane took no more.`, { source: 'network', cause })
        this.#session.handle({ type: 'fail', error }, at)
      }
    }
  }

  #arm(): void {
    const deadline = this.#session.deadline()
    // Nearly every message comes by here. A tick too early is harmless and sets the timer anew; only one too late would matter.
    if (deadline === undefined || (this.#armedFor !== undefined && this.#armedFor <= deadline)) return
    clearTimeout(this.#timer)
    this.#armedFor = deadline
    this.#timer = setTimeout(
      () => {
        this.#armedFor = undefined
        this.give({ type: 'tick' })
      },
      Math.max(0, Math.ceil(deadline - sessionNow())),
    )
  }
}
