/** The sealed half of a dial, the same for both sides: messages both ways, candidates in small batches, and where they go. */
import { CANDIDATE_BATCH_MS, CANDIDATES_MAX } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { NoiseSession } from '../noise/handshake.ts'
import type { Candidate } from './candidate.ts'
import type { DialOutput } from './io.ts'
import { type DialMessage, decodeDialMessage, encodeDialMessage } from './messages.ts'
import { Session } from './session.ts'

export class Exchange {
  readonly noise: NoiseSession
  readonly #session: Session
  readonly #emit: (output: DialOutput) => void
  readonly origin: string
  readonly #to: Bytes
  #candidates: Candidate[] = []
  #candidatesSaid = 0
  #candidatesHeard = 0
  #mayDisclose = false
  #hasEnded = false
  #flushAt: Millis = Infinity

  constructor(noise: NoiseSession, origin: string, to: Bytes, emit: (output: DialOutput) => void) {
    this.noise = noise
    this.#session = new Session(noise)
    this.origin = origin
    this.#to = to
    this.#emit = emit
  }

  say(message: DialMessage): void {
    this.#session.send(encodeDialMessage(message))
  }

  /** The last message. Called again where it seems to be lost: it goes out again, with what is missing before it. */
  bye(now: Millis): void {
    if (this.#hasEnded) this.#session.repeat()
    else this.say({ type: 'bye' })
    this.#hasEnded = true
    this.drain(now)
  }

  /** From now on our candidates may leave: the other side is authenticated, and both have agreed. */
  disclose(now: Millis): void {
    this.#mayDisclose = true
    if (this.#candidates.length > 0) this.#flushAt = now
  }

  candidate(candidate: Candidate, now: Millis): void {
    if (this.#candidatesSaid + this.#candidates.length >= CANDIDATES_MAX) return
    this.#candidates.push(candidate)
    if (this.#mayDisclose) this.#flushAt = Math.min(this.#flushAt, this.#candidatesSaid === 0 ? now : now + CANDIDATE_BATCH_MS)
  }

  /** What this envelope completes; undefined when it is not of this session. Throws 'peer-violation'. */
  hear(envelope: Uint8Array, now: Millis): DialMessage[] | undefined {
    const messages = this.#session.receive(envelope, now)
    if (!messages) return undefined
    return messages.map(decodeDialMessage).filter((message) => message !== undefined)
  }

  /** Of what they sent, the candidates within the limit. */
  admitCandidates(candidates: readonly Candidate[]): readonly Candidate[] {
    const admitted = candidates.slice(0, CANDIDATES_MAX - this.#candidatesHeard)
    this.#candidatesHeard += admitted.length
    return admitted
  }

  drain(now: Millis): void {
    if (now >= this.#flushAt) {
      this.#flushAt = Infinity
      this.#candidatesSaid += this.#candidates.length
      this.say({ type: 'candidates', candidates: this.#candidates })
      this.#candidates = []
    }
    for (const envelope of this.#session.drain(now)) {
      this.#emit({ type: 'send', origin: this.origin, to: this.#to, envelope })
    }
  }

  /** Infinity: none. */
  deadline(): Millis {
    return Math.min(this.#session.deadline(), this.#flushAt)
  }
}
