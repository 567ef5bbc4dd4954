/** For tests: two sessions that pass each other their messages by hand, lane by lane. */
import type { ProtocolName } from '../identity/protocol-name.ts'
import type { Bytes } from '../machine.ts'
import type { LaneName, SentFrame } from '../mux/lane-queue.ts'
import type { MuxStream } from '../mux/stream.ts'
import type { Feature } from './features.ts'
import type { SessionInput, SessionOutput } from './io.ts'
import { Session } from './session.ts'

export const ECHO: ProtocolName = '/echo/1'

export const filled = (length: number, byte: number): Bytes => new Uint8Array(length).fill(byte)

/** Of each path, so that it starts with full frames: a quarter of this. */
export const FIRST_WINDOW_BYTES = 256 * 1024

/** A frame as a lane's ledger keeps it. */
export const sentFrame = (frame: Bytes): SentFrame<never> => ({
  frame,
  stream: undefined,
  half: undefined,
  fin: false,
  isReject: false,
  sentAt: 0,
})

export interface SentMessage {
  readonly lane: LaneName | 'datagrams'
  readonly bytes: Bytes
}

export interface BenchOptions {
  readonly served?: readonly ProtocolName[]
  readonly theirs?: Bytes
  readonly maxMessageSize?: number
  /** What its hello names, instead of all that there are. */
  readonly features?: readonly Feature[]
  /** Whether its hello waits for the input 'path'. */
  readonly awaitsPath?: boolean
  /** Whether its hello names 'resume'. */
  readonly resumes?: boolean
  /** Of its first path, instead of FIRST_WINDOW_BYTES. */
  readonly firstWindowBytes?: number
}

/** One machine, and everything that it has put out. */
export class Bench {
  readonly session: Session
  readonly told: SessionOutput[] = []
  now = 0

  constructor(role: 0 | 1, options: BenchOptions = {}) {
    const { served = [ECHO], theirs = filled(32, role === 0 ? 2 : 1), maxMessageSize = 262_144 } = options
    this.session = new Session({
      role,
      confirmation: { ours: filled(32, role === 0 ? 1 : 2), theirs },
      instance: filled(16, role),
      served: [[0, served]],
      maxMessageSize,
      firstWindowBytes: options.firstWindowBytes ?? FIRST_WINDOW_BYTES,
      ...(options.features && { features: options.features }),
      awaitsPath: options.awaitsPath ?? false,
      resumes: options.resumes ?? false,
    })
    this.give({ type: 'started' })
  }

  give(input: SessionInput): void {
    this.session.handle(input, this.now)
    this.drain()
  }

  receive(lane: LaneName | 'datagrams', bytes: Bytes): void {
    // The machine owns what it is given, and the sender keeps what it sent.
    this.give({ type: 'message', lane, bytes: bytes.slice() })
  }

  drain(): void {
    for (let output = this.session.poll(); output !== undefined; output = this.session.poll()) this.told.push(output)
  }

  /** All that the lanes would be given now, if no writer goes on by itself. */
  sent(...lanes: (LaneName | 'datagrams')[]): SentMessage[] {
    const messages: SentMessage[] = []
    do {
      this.session.release()
      for (const lane of lanes.length > 0 ? lanes : (['control', 'urgent', 'bulk', 'datagrams'] as const)) {
        for (let bytes = this.session.pull(lane, this.now); bytes !== undefined; bytes = this.session.pull(lane, this.now)) {
          // As a lane does: what was sent is the machine's again.
          messages.push({ lane, bytes: bytes.slice() })
        }
      }
    } while (this.session.isHolding)
    this.drain()
    return messages
  }

  last<T extends SessionOutput['type']>(type: T): Extract<SessionOutput, { type: T }> | undefined {
    return this.told.filter((output): output is Extract<SessionOutput, { type: T }> => output.type === type).at(-1)
  }

  get failure(): string | undefined {
    return this.last('failed')?.error.code
  }

  /** Accepts the stream that came last. */
  acceptLast(): MuxStream {
    const stream = this.last('incoming')?.stream
    if (stream === undefined) throw new Error('no stream came')
    this.session.accept(stream)
    return stream
  }
}

/** Passes messages both ways until there are none. */
export function exchange(a: Bench, b: Bench): void {
  for (;;) {
    const there = a.sent()
    for (const { lane, bytes } of there) b.receive(lane, bytes)
    const back = b.sent()
    for (const { lane, bytes } of back) a.receive(lane, bytes)
    if (there.length + back.length === 0) return
  }
}

/** Two that have confirmed and said hello. */
export function readyPair(served?: readonly ProtocolName[], features?: readonly Feature[]): [Bench, Bench] {
  const options = { ...(served && { served }), ...(features && { features }) }
  const pair: [Bench, Bench] = [new Bench(0, options), new Bench(1, options)]
  exchange(...pair)
  return pair
}
