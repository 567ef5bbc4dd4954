/** A stream as the application at one end sees it, and what it keeps account of. */
import type { MuxStream } from '@kith/protocol'

/** What the opener tells the other end of a stream, as the OPEN's params. */
export interface StreamPlan {
  /** Names the stream at both ends. */
  readonly key: number
  /** What the acceptor does with it: takes what comes, sends it back, never reads, or turns it down although it serves the protocol. */
  readonly acceptor?: 'reads' | 'echoes' | 'ignores' | 'refuses'
  /** Bytes handed to the machine at a time. */
  readonly pieceBytes?: number
}

/** How each half stands. 'finishing': FIN asked for and not yet known to have arrived. */
export type Sending = 'open' | 'finishing' | 'finished' | 'failed'
export type Reading = 'open' | 'ended' | 'failed'

export class AppStream {
  readonly key: number
  readonly mux: MuxStream
  /** 0 where the opener writes, 1 where the other does. */
  readonly writes: 0 | 1
  readonly pieceBytes: number
  readonly isEcho: boolean
  isPaused: boolean
  written = 0
  /** Up to which offset the application wants to write; a `write` is pending while it is more than `written`. */
  wanted = 0
  read = 0
  /** The application said that it was done, whatever came of that. */
  hasFinished = false
  sending: Sending = 'open'
  reading: Reading = 'open'
  /** Which of its endings the machine has told. */
  readonly endingsTold = new Set<string>()
  /** Datagrams given to the machine, and read from it. */
  datagramsSent = 0
  readonly datagramsRead = new Set<number>()
  /** Since which turn it waits, and its last two turns, as `Turns` counts them. */
  waitsSince: number | undefined
  lastTurns: readonly [before: number, last: number] = [-1, -1]
  /** Called when bytes were read or written, or a half ended. */
  changed: ((stream: AppStream) => void) | undefined
  /** Called for each datagram. */
  datagramCame: ((sentAt: number) => void) | undefined

  constructor(plan: StreamPlan, mux: MuxStream, writes: 0 | 1) {
    this.key = plan.key
    this.mux = mux
    this.writes = writes
    this.isEcho = writes === 1 && plan.acceptor === 'echoes'
    this.isPaused = writes === 1 && plan.acceptor === 'ignores'
    // Some write less than a frame at a time, and say when they go on.
    this.pieceBytes = plan.pieceBytes ?? 1000 + ((plan.key * 7919) % 100_000)
  }

  /** The direction that this end reads, as content counts them. */
  get reads(): 0 | 1 {
    return this.writes === 0 ? 1 : 0
  }

  get isFlow(): boolean {
    return this.mux.kind === 'datagrams'
  }

  /** Whether anything may still come of it. */
  get isLive(): boolean {
    return this.sending === 'open' || this.sending === 'finishing' || this.reading === 'open'
  }
}
