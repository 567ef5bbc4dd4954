/**
 * What is under way with private keys. They may live in WebCrypto, so each use is an output that asks for it and, later, an input
 * that brings the result.
 */
import { KithError } from '../errors.ts'
import type { Bytes } from '../machine.ts'
import type { KeyNumber, KeySteps } from '../noise/handshake.ts'
import type { DialInput, DialNumber, DialOutput, Introduction } from './io.ts'

interface Waiting {
  readonly dial: DialNumber
  readonly done: (answer: Extract<DialInput, { work: number }>) => void
}

type Answer = Extract<DialInput, { readonly work: number }>

export class KeyWork {
  readonly #emit: (output: DialOutput) => void
  readonly #waiting = new Map<number, Waiting>()
  #next = 1

  constructor(emit: (output: DialOutput) => void) {
    this.#emit = emit
  }

  /** A name for an ephemeral pair that is to be drawn. */
  newKey(): KeyNumber {
    return this.#next++
  }

  /** Takes the steps, asking for what they need. `done` or `failed` is called once: at once, where they need nothing. */
  run<Result>(dial: DialNumber, steps: KeySteps<Result>, done: (result: Result) => void, failed: (error: unknown) => void): void {
    this.#step(dial, steps, () => steps.next(), done, failed)
  }

  /** Has `message` signed by the identity key. */
  sign(
    dial: DialNumber,
    message: Bytes,
    done: (signature: Bytes, introduction: Introduction) => void,
    failed: (error: unknown) => void,
  ): void {
    const work = this.#ask(dial, (answer) => {
      if (answer.type === 'signed') done(answer.signature, answer.introduction)
      else failed(answer.type === 'failed' ? answer.error : unlike(answer))
    })
    this.#emit({ type: 'sign', work, dial, message })
  }

  /** What answers no open request is ignored. */
  answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.work)
    this.#waiting.delete(answer.work)
    waiting?.done(answer)
  }

  /** The dial has ended: nothing waits for its answers. */
  drop(dial: DialNumber): void {
    for (const [work, waiting] of this.#waiting) if (waiting.dial === dial) this.#waiting.delete(work)
  }

  #ask(dial: DialNumber, done: Waiting['done']): number {
    const work = this.#next++
    this.#waiting.set(work, { dial, done })
    return work
  }

  #step<Result>(
    dial: DialNumber,
    steps: KeySteps<Result>,
    advance: () => ReturnType<KeySteps<Result>['next']>,
    done: (result: Result) => void,
    failed: (error: unknown) => void,
  ): void {
    let next: ReturnType<typeof advance>
    try {
      next = advance()
    } catch (error) {
      failed(error)
      return
    }
    if (next.done) {
      done(next.value)
      return
    }
    const request = next.value
    const work = this.#ask(dial, (answer) => {
      const goOn = () => {
        if (answer.type === 'drawn' && request.type === 'draw') return steps.next(answer.publicKey)
        if (answer.type === 'agreed' && request.type === 'agree') return steps.next(answer.shared)
        return steps.throw(answer.type === 'failed' ? answer.error : unlike(answer))
      }
      this.#step(dial, steps, goOn, done, failed)
    })
    this.#emit({ ...request, work, dial })
  }
}

function unlike(answer: Answer): KithError {
  return new KithError('invalid-argument', `'${answer.type}' answers another request.`)
}
