/**
 * For tests: machines that break one rule each, as a mistake in them would, to see whether the simulator finds out. They change what
 * goes in and out of an honest one.
 */
import {
  type Bytes,
  decodeFrame,
  FRAME_MAX_BYTES,
  type Frame,
  type MuxStream,
  type OpenRequest,
  pack,
  Session,
  type SessionInput,
  unpack,
  unpackMessage,
  Writer,
} from '@kith/protocol'
import type { PathLane } from './path.ts'

type Pulled = Bytes | undefined

const FRAME_CREDIT = 5

function frameOf(lane: PathLane, message: Pulled): Frame | undefined {
  return message === undefined || lane === 'control' || lane === 'datagrams' ? undefined : decodeFrame(message)
}

function credit(stream: number, offset: number): Bytes {
  return new Writer(16).varint(stream).u8(FRAME_CREDIT).varint(offset).finish()
}

/** An honest one whose every frame is a message of its own, in and out. */
class SingleFrames extends Session {
  readonly #rest: Record<string, Bytes[]> = { urgent: [], bulk: [] }

  override handle(input: SessionInput, now: number): void {
    if (input.type !== 'message' || !(input.lane in this.#rest)) super.handle(input, now)
    else for (const bytes of unpackMessage(input.bytes)) super.handle({ ...input, bytes }, now)
  }

  override pull(lane: PathLane, now: number): Pulled {
    const rest = this.#rest[lane]
    if (rest === undefined) return super.pull(lane, now)
    if (rest.length === 0) {
      const message = super.pull(lane, now)
      if (message !== undefined) rest.push(...unpackMessage(message))
    }
    return rest.shift()
  }
}

/** Sends more than it was granted. */
class IgnoresCredit extends SingleFrames {
  override handle(input: SessionInput, now: number): void {
    if (input.type === 'message' && frameOf(input.lane, input.bytes) === undefined) {
      super.handle(input, now)
      return
    }
    const frame = input.type === 'message' ? frameOf(input.lane, input.bytes) : undefined
    const isGrant = input.type === 'message' && frame?.type === 'credit'
    super.handle(isGrant ? { ...input, bytes: credit(frame.stream, frame.offset + 100_000) } : input, now)
  }
}

/** Grants a stream's window twice over. */
class GrantsTwice extends SingleFrames {
  readonly #granted = new Map<number, number>()

  override pull(lane: PathLane, now: number): Pulled {
    const message = super.pull(lane, now)
    const frame = frameOf(lane, message)
    if (frame?.type !== 'credit') return message
    const granted = this.#granted.get(frame.stream) ?? 0
    this.#granted.set(frame.stream, frame.offset)
    return granted === 0 ? message : credit(frame.stream, frame.offset + 2 * (frame.offset - granted))
  }
}

/** Grants what was not read: what is held for readers who pause has no bound. */
class GrantsUnread extends SingleFrames {
  #surplus = 0

  override pull(lane: PathLane, now: number): Pulled {
    const message = super.pull(lane, now)
    const frame = frameOf(lane, message)
    if (frame?.type !== 'credit' || frame.stream !== 0) return message
    this.#surplus += this.unreadBytes
    return credit(0, frame.offset + this.#surplus)
  }
}

/** A FIN overtakes the data before it. */
class FinishesEarly extends SingleFrames {
  readonly #held: Bytes[] = []

  override pull(lane: PathLane, now: number): Pulled {
    if (lane !== 'bulk') return super.pull(lane, now)
    const held = this.#held.shift()
    if (held !== undefined) return held
    const first = super.pull(lane, now)
    if (frameOf(lane, first)?.type !== 'data') return first
    const second = super.pull(lane, now)
    const fin = frameOf(lane, second)
    if (second === undefined || first === undefined) return first
    this.#held.push(fin?.type === 'fin' ? first : second)
    return fin?.type === 'fin' ? second : first
  }
}

/** Says that a stream is over as soon as its FIN has come, whatever is left to read. */
class EndsUnread extends SingleFrames {
  override read(stream: MuxStream): Pulled {
    return stream.receive.ended && !stream.receive.over ? undefined : super.read(stream)
  }

  override atEnd(stream: MuxStream): boolean {
    return stream.receive.ended
  }
}

/** Loses one frame of data in so many: what a mistake in keeping and sending again comes to. */
class DropsFrames extends SingleFrames {
  #sent = 0

  override pull(lane: PathLane, now: number): Pulled {
    const message = super.pull(lane, now)
    if (frameOf(lane, message)?.type !== 'data') return message
    this.#sent += 1
    return this.#sent % 5 === 0 ? this.pull(lane, now) : message
  }
}

/** Forgets the start of what it had sent, when an OPEN that crossed a change of protocols is tried again. */
class LosesOnRetry extends SingleFrames {
  override open(request: OpenRequest): MuxStream {
    const stream = super.open(request)
    const { send } = stream
    const written = send.written.bind(send)
    send.written = () => written().slice(1)
    return stream
  }
}

/** Sends one frame of data in so many again. */
class RepeatsFrames extends SingleFrames {
  #sent = 0
  #again: Pulled

  override pull(lane: PathLane, now: number): Pulled {
    if (lane === 'bulk' && this.#again !== undefined) {
      const again = this.#again
      this.#again = undefined
      return again
    }
    const message = super.pull(lane, now)
    if (lane === 'bulk' && frameOf(lane, message)?.type === 'data' && ++this.#sent % 5 === 0) this.#again = message
    return message
  }
}

/** Asks its streams by a rank of its own, in place of the scheduler's order. */
abstract class Ranks extends SingleFrames {
  readonly #streams: MuxStream[] = []

  protected abstract rank(stream: MuxStream): number

  override open(request: OpenRequest): MuxStream {
    return this.#take(super.open(request))
  }

  override accept(stream: MuxStream): void {
    super.accept(this.#take(stream))
  }

  #take(stream: MuxStream): MuxStream {
    const { lane } = stream
    this.#streams.push(stream)
    this.#streams.sort((a, b) => this.rank(a) - this.rank(b))
    lane.scheduler.next = (creditBytes, _isFull, frameBytes = FRAME_MAX_BYTES) => {
      for (const each of this.#streams) {
        const outgoing = each.lane === lane && each.send.waiting ? each.send.next(creditBytes, frameBytes) : undefined
        if (outgoing !== undefined) return { stream: each, outgoing }
      }
      return undefined
    }
    return stream
  }
}

/** Serves the first stream for as long as it has anything. */
class ForgetsTurns extends Ranks {
  protected override rank(stream: MuxStream): number {
    return stream.id - 1_000_000 * stream.priority
  }
}

/** What is least urgent goes first. */
class InvertsPriorities extends Ranks {
  protected override rank(stream: MuxStream): number {
    return stream.priority
  }
}

/** Acknowledges frames that are still on their way. */
class AcknowledgesTooMuch extends SingleFrames {
  override pull(lane: PathLane, now: number): Pulled {
    const message = super.pull(lane, now)
    if (lane !== 'control' || message === undefined) return message
    const fields = unpack(message)
    if (!Array.isArray(fields) || fields[0] !== 5) return message
    return pack([5, fields[1] as number, (fields[2] as number) + 1])
  }
}

/** Tells a reader who has stopped, or a stream that was reset, that it ended in order. */
class ResolvesWhatWasCut extends SingleFrames {
  override poll(): ReturnType<Session['poll']> {
    const output = super.poll()
    return output?.type === 'stopped' ? { type: 'finished', stream: output.stream } : output
  }
}

/** Forgets that what has no reader was consumed. */
class KeepsDiscarded extends SingleFrames {
  #discarded = 0

  override stop(stream: MuxStream, code: number): void {
    const before = super.unreadBytes
    super.stop(stream, code)
    this.#discarded += before - super.unreadBytes
  }

  override get unreadBytes(): number {
    return super.unreadBytes + this.#discarded
  }
}

export interface Fault {
  readonly rule: string
  readonly broken: typeof Session
  /** What the simulator says of it. */
  readonly found: RegExp
}

export const FAULTS: readonly Fault[] = [
  { rule: 'credit is never exceeded', broken: IgnoresCredit, found: /bytes of \d+ granted/ },
  { rule: 'what was consumed is granted once', broken: GrantsTwice, found: /a window of \d+ bytes/ },
  {
    rule: 'what is unread is bounded by what was granted',
    broken: GrantsUnread,
    found: /connection: (a window of|.* granted)|beyond the credit of the connection/,
  },
  { rule: 'a FIN comes behind its data', broken: FinishesEarly, found: /data behind FIN/ },
  { rule: 'a stream ends when all was read', broken: EndsUnread, found: /held for readers who have \d+ to read|to its end/ },
  { rule: 'no frame is lost', broken: DropsFrames, found: /other bytes than were written/ },
  { rule: 'what is sent again is whole', broken: LosesOnRetry, found: /other bytes than were written|to its end/ },
  { rule: 'no frame is repeated', broken: RepeatsFrames, found: /bytes of \d+ granted|other bytes than were written/ },
  { rule: 'streams of one priority take turns', broken: ForgetsTurns, found: /had three turns while/ },
  { rule: 'a higher priority goes first', broken: InvertsPriorities, found: /of priority -1 sent while|had three turns while/ },
  { rule: 'what is acknowledged has come', broken: AcknowledgesTooMuch, found: /acknowledged on \w+, \d+ had come/ },
  {
    rule: 'what was cut short never resolves',
    broken: ResolvesWhatWasCut,
    found: /'finished' while|finished before its end came/,
  },
  { rule: 'what has no reader is not held', broken: KeepsDiscarded, found: /held for readers/ },
]
