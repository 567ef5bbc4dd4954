import { type RelayOutput, verifyBind } from '@kith/protocol'

type Check = Extract<RelayOutput, { type: 'verify' }>

/**
 * Checks signatures one a turn of the event loop: each takes about a millisecond, and a reconnecting crowd brings thousands,
 * during which envelopes must go on passing.
 */
export class Verifier {
  readonly #verified: (id: number, ok: boolean) => void
  readonly #waiting: Check[] = []
  #current: { readonly check: Check; readonly left: Check['binds'][number][]; origin: string | undefined } | undefined
  #turn: NodeJS.Immediate | undefined

  constructor(verified: (id: number, ok: boolean) => void) {
    this.#verified = verified
  }

  verify(check: Check): void {
    this.#waiting.push(check)
    this.#turn ??= setImmediate(() => this.#next())
  }

  stop(): void {
    clearImmediate(this.#turn)
    this.#waiting.length = 0
  }

  #next(): void {
    this.#turn = undefined
    const check = this.#current?.check ?? this.#waiting.shift()
    if (check === undefined) return
    const current = this.#current ?? { check, left: [...check.binds], origin: undefined }
    this.#current = current
    const ok = this.#step(current)
    if (!ok || current.left.length === 0) {
      this.#current = undefined
      this.#verified(check.id, ok)
    }
    if (this.#current !== undefined || this.#waiting.length > 0) this.#turn ??= setImmediate(() => this.#next())
  }

  /** A client dials one origin: the one that the first signature is for is the one for all of them. */
  #step(current: { readonly check: Check; readonly left: Check['binds'][number][]; origin: string | undefined }): boolean {
    const bind = current.left.shift()
    if (bind === undefined) return true
    const { nonce, origins } = current.check
    const candidates = current.origin === undefined ? origins : [current.origin]
    current.origin = candidates.find((origin) => verifyBind(bind.address, origin, nonce, bind.signature))
    return current.origin !== undefined
  }
}
