import { performance } from 'node:perf_hooks'
import { type Bytes, bindMessage, type RelayOutput } from '@kith/protocol'
import { siteOf } from './prefix.ts'
import { strictVerify } from './strict-verify.ts'
import { Turns } from './turns.ts'

type Check = Extract<RelayOutput, { type: 'verify' }>
type Forget = Extract<RelayOutput, { type: 'forget' }>

interface Current {
  readonly check: Check
  readonly left: Check['binds'][number][]
}

/** `dialled`: whether a signature of this socket has held, so that it is known which origin it dialled. */
type Verified = (id: number, ok: boolean, dialled: boolean) => void

/** Of a turn of the event loop: some ten signatures, after which envelopes pass. */
const TURN_MS = 2

/**
 * Checks a few signatures in each turn of the event loop: each takes 0.1 to 0.2 ms, a reconnecting crowd brings thousands, and envelopes
 * must go on passing. Networks take turns, and in a network its sockets, one BIND each, so that a network with thousands delays no other.
 * The signatures of a closed socket are not checked.
 */
export class Verifier {
  readonly #verified: Verified
  readonly #waiting = new Turns<Check>()
  /** By the nonce of a socket, the origin that it dialled: known from its first signature that holds. */
  readonly #dialled = new WeakMap<Bytes, string>()
  #current: Current | undefined
  #turn: NodeJS.Immediate | undefined

  constructor(verified: Verified) {
    this.#verified = verified
  }

  verify(check: Check): void {
    this.#waiting.add(placeOf(check), check)
    this.#turn ??= setImmediate(() => this.#next())
  }

  /** All checks of a socket. */
  forget(forget: Forget): void {
    this.#waiting.remove(placeOf(forget))
    if (this.#current?.check.socket === forget.socket) this.#current = undefined
  }

  stop(): void {
    clearImmediate(this.#turn)
    this.#waiting.remove([])
    this.#current = undefined
  }

  #next(): void {
    this.#turn = undefined
    const endsAt = performance.now() + TURN_MS
    do {
      const check = this.#current?.check ?? this.#waiting.next()
      if (check === undefined) return
      this.#current ??= { check, left: [...check.binds] }
      const ok = this.#step(this.#current)
      if (ok && this.#current.left.length > 0) continue
      this.#current = undefined
      this.#verified(check.id, ok, this.#dialled.has(check.nonce))
    } while (performance.now() < endsAt)
    if (this.#current !== undefined || !this.#waiting.isEmpty) this.#turn ??= setImmediate(() => this.#next())
  }

  /** A client dials one origin: the one that its first signature is for is the one for all of them. */
  #step({ check: { nonce, origins }, left }: Current): boolean {
    const bind = left.shift()
    if (bind === undefined) return true
    const dialled = this.#dialled.get(nonce)
    const candidates = dialled === undefined ? origins : [dialled]
    const { signature, address } = bind
    const found = candidates.find((origin) => strictVerify(signature, bindMessage(address, origin, nonce), address))
    if (found === undefined) return false
    if (dialled === undefined) this.#dialled.set(nonce, found)
    return true
  }
}

const placeOf = ({ prefix, socket }: Check | Forget) => [siteOf(prefix), prefix, String(socket)]
