import { performance } from 'node:perf_hooks'
import { bindMessage, type RelayOutput } from '@kith/protocol'
import { signedOf } from './strict-verify.ts'

type Check = Extract<RelayOutput, { type: 'verify' }>
type Forget = Extract<RelayOutput, { type: 'forget' }>

interface Current {
  readonly check: Check
  readonly left: Check['binds'][number][]
  origin: string | undefined
}

/** Of a turn of the event loop: some ten signatures, after which envelopes pass. */
const TURN_MS = 2

/**
 * Checks signatures a few a turn of the event loop: each takes 0.1 to 0.2 ms, and a reconnecting crowd brings thousands, during
 * which envelopes must go on passing. Networks are served in turn, a BIND each, so that one with thousands holds up no other; what
 * belongs to a socket that has gone is not checked.
 */
export class Verifier {
  readonly #verified: (id: number, ok: boolean) => void
  /** By network, the next to be served first. None is empty. */
  readonly #waiting = new Map<string, Map<number, Check>>()
  #current: Current | undefined
  #turn: NodeJS.Immediate | undefined

  constructor(verified: (id: number, ok: boolean) => void) {
    this.#verified = verified
  }

  verify(check: Check): void {
    const { prefix, id } = check
    const checks = this.#waiting.get(prefix)
    if (checks) checks.set(id, check)
    else this.#waiting.set(prefix, new Map([[id, check]]))
    this.#turn ??= setImmediate(() => this.#next())
  }

  forget({ prefix, ids }: Forget): void {
    const checks = this.#waiting.get(prefix)
    for (const id of ids) {
      checks?.delete(id)
      if (this.#current?.check.id === id) this.#current = undefined
    }
    if (checks?.size === 0) this.#waiting.delete(prefix)
  }

  stop(): void {
    clearImmediate(this.#turn)
    this.#waiting.clear()
    this.#current = undefined
  }

  #next(): void {
    this.#turn = undefined
    const endsAt = performance.now() + TURN_MS
    do {
      const check = this.#current?.check ?? this.#shift()
      if (check === undefined) return
      this.#current ??= { check, left: [...check.binds], origin: undefined }
      const ok = this.#step(this.#current)
      if (ok && this.#current.left.length > 0) continue
      this.#current = undefined
      this.#verified(check.id, ok)
    } while (performance.now() < endsAt)
    if (this.#current !== undefined || this.#waiting.size > 0) this.#turn ??= setImmediate(() => this.#next())
  }

  #shift(): Check | undefined {
    for (const [prefix, checks] of this.#waiting) {
      this.#waiting.delete(prefix)
      for (const [id, check] of checks) {
        checks.delete(id)
        // Behind all others.
        if (checks.size > 0) this.#waiting.set(prefix, checks)
        return check
      }
    }
    return undefined
  }

  /** A client dials one origin: the one that the first signature is for is the one for all of them. */
  #step(current: Current): boolean {
    const bind = current.left.shift()
    if (bind === undefined) return true
    const { nonce, origins } = current.check
    const candidates = current.origin === undefined ? origins : [current.origin]
    const messages = candidates.map((origin) => bindMessage(bind.address, origin, nonce))
    const signed = signedOf(messages, bind.signature, bind.address)
    current.origin = signed && candidates[messages.indexOf(signed)]
    return current.origin !== undefined
  }
}
