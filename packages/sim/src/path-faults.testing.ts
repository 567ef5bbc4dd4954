/** For tests: machines that go on over another path with one mistake each, to see whether the simulator finds it. */
import {
  type Bytes,
  type ControlMessage,
  decodeControl,
  decodeFrame,
  encodeControl,
  Session,
  type SessionInput,
  type SessionOutput,
  unpackMessage,
} from '@kith/protocol'
import type { Fault } from './faults.testing.ts'
import type { PathLane } from './path.ts'

/** Changes control messages as they leave and as they come. */
abstract class ChangesControl extends Session {
  protected leaving(message: ControlMessage): ControlMessage {
    return message
  }

  protected coming(message: ControlMessage): ControlMessage {
    return message
  }

  override handle(input: SessionInput, now: number): void {
    if (input.type !== 'message' || input.lane !== 'control') super.handle(input, now)
    else super.handle({ ...input, bytes: encodeControl(this.coming(decodeControl(input.bytes))) }, now)
  }

  override pull(lane: PathLane, now: number): Bytes | undefined {
    const message = super.pull(lane, now)
    return lane === 'control' && message !== undefined ? encodeControl(this.leaving(decodeControl(message))) : message
  }
}

/** Tells one frame less than it has: the remote repeats that one. */
class TellsOneLess extends ChangesControl {
  protected override leaving(message: ControlMessage): ControlMessage {
    return message.type === 'resume' && message.received > 0 ? { ...message, received: message.received - 1 } : message
  }
}

/** Tells one frame more than it has: the remote leaves that one out. */
class TellsOneMore extends ChangesControl {
  protected override leaving(message: ControlMessage): ControlMessage {
    return message.type === 'resume' ? { ...message, received: message.received + 1 } : message
  }
}

/** Sends again from one frame too late. */
class ResendsTooLittle extends ChangesControl {
  protected override coming(message: ControlMessage): ControlMessage {
    return message.type === 'resume' ? { ...message, received: message.received + 1 } : message
  }
}

/** Sends again from one frame too early. */
class ResendsTooMuch extends ChangesControl {
  protected override coming(message: ControlMessage): ControlMessage {
    return message.type === 'resume' && message.received > 0 ? { ...message, received: message.received - 1 } : message
  }
}

/** Sends nothing again: takes what was sent for what has arrived. */
class ResendsNothing extends ChangesControl {
  readonly #sent = { urgent: 0, bulk: 0 }

  protected override coming(message: ControlMessage): ControlMessage {
    if (message.type !== 'resume') return message
    return { ...message, received: Math.max(message.received, this.#sent[message.lane === 2 ? 'urgent' : 'bulk']) }
  }

  override pull(lane: PathLane, now: number): Bytes | undefined {
    const message = super.pull(lane, now)
    if (message === undefined || (lane !== 'urgent' && lane !== 'bulk')) return message
    for (const frame of unpackMessage(message.slice())) if (decodeFrame(frame).type !== 'ack') this.#sent[lane] += 1
    return message
  }
}

/** Counts what it acknowledges from the start of this path, not of the session. */
class CountsOnThisPath extends ChangesControl {
  readonly #before = { 2: 0, 3: 0 }

  protected override leaving(message: ControlMessage): ControlMessage {
    if (message.type === 'resume') this.#before[message.lane] = message.received
    return message.type === 'ack' ? { ...message, count: message.count - this.#before[message.lane] } : message
  }
}

/** Says on the second path what it had to acknowledge on the first. */
class AcknowledgesOnTheNextPath extends ChangesControl {
  #last: Extract<ControlMessage, { type: 'ack' }> | undefined
  #isOwed = false

  protected override leaving(message: ControlMessage): ControlMessage {
    if (message.type === 'ack') this.#last = message
    if (message.type === 'ping' && this.#isOwed && this.#last !== undefined) {
      this.#isOwed = false
      return this.#last
    }
    return message
  }

  override handle(input: SessionInput, now: number): void {
    if (input.type === 'attach') this.#isOwed = true
    super.handle(input, now)
  }
}

/** Confirms another path with the key of the first. */
class ConfirmsWithOldKey extends Session {
  #first: SessionInput | undefined

  override handle(input: SessionInput, now: number): void {
    if (input.type === 'attach') this.#first ??= input
    super.handle(input.type === 'attach' && this.#first !== undefined ? this.#first : input, now)
  }
}

/** Tells the ends of streams again after it has gone on. */
class TellsEndsAgain extends Session {
  readonly #ends: SessionOutput[] = []

  override poll(): SessionOutput | undefined {
    const output = super.poll()
    if (output?.type === 'finished' || output?.type === 'reset') this.#ends.push(output)
    return output?.type === 'resumed' ? (this.#ends[0] ?? output) : output
  }
}

export const PATH_FAULTS: readonly Fault[] = [
  { rule: 'what is told has come (one less)', broken: TellsOneLess, found: /resumes behind frame \d+ of \w+, \d+ had come/ },
  { rule: 'what is told has come (one more)', broken: TellsOneMore, found: /resumes behind frame \d+ of \w+, \d+ had come/ },
  { rule: 'nothing is left out', broken: ResendsTooLittle, found: /goes again as another|resumes behind frame \d+ of \d+/ },
  { rule: 'nothing is repeated', broken: ResendsTooMuch, found: /goes again as another|and has acknowledged|data behind/ },
  { rule: 'what was not acknowledged goes again', broken: ResendsNothing, found: /goes again as another|other bytes/ },
  { rule: 'counts are of all paths', broken: CountsOnThisPath, found: /acknowledged again/ },
  { rule: 'an acknowledgement counts on its path', broken: AcknowledgesOnTheNextPath, found: /acknowledged again/ },
  { rule: 'each path is confirmed anew', broken: ConfirmsWithOldKey, found: /does not end where the dial said/ },
  { rule: 'an end is told once', broken: TellsEndsAgain, found: /told twice|'finished' while/ },
]
