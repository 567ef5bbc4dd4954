/**
 * Key confirmation. Authenticated fingerprints alone do not tell who is at the other end: a man in the middle can pass one peer's
 * description on as his own, and each peer then takes the other for another person (RFC 8844, unknown key-share). So the first
 * message each way on a path is an HMAC, under a key that only the two who shook hands have, over both fingerprints. Until theirs
 * has been verified, nothing of ours leaves but our own.
 */
import { equal } from '../bytes/bytes.ts'
import { KithError, violation } from '../errors.ts'
import { CONFIRM_MS } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'

/** HMACs over role and fingerprints: the one we send, and the one we insist on. 32 bytes each. */
export interface Confirmations {
  readonly ours: Bytes
  readonly theirs: Bytes
}

export class Confirmation {
  readonly #hmacs: Confirmations
  #isSent = false
  #isVerified = false
  #dueAt: Millis | undefined

  constructor(hmacs: Confirmations) {
    this.#hmacs = hmacs
  }

  /** The control lane can carry messages: from now on the other side has CONFIRM_MS. */
  start(now: Millis): void {
    this.#dueAt ??= now + CONFIRM_MS
  }

  get isVerified(): boolean {
    return this.#isVerified
  }

  /** When the other side must have said all that begins a path; undefined before `start` and after `done`. */
  get dueAt(): Millis | undefined {
    return this.#dueAt
  }

  /** Ours, once. */
  take(): Bytes | undefined {
    if (this.#isSent) return undefined
    this.#isSent = true
    return this.#hmacs.ours
  }

  /** Takes theirs; undefined: what came first was something else. Throws 'peer-violation' for anything but the HMAC we insist on. */
  verify(hmac: Bytes | undefined): void {
    if (hmac === undefined || !equal(hmac, this.#hmacs.theirs)) {
      throw violation('the connection does not end where the dial said')
    }
    this.#isVerified = true
  }

  /** The other side has said all that begins a path. */
  done(): void {
    this.#dueAt = undefined
  }

  /** Throws 'timeout' where the other side was too slow. */
  tick(now: Millis): void {
    if (this.#dueAt !== undefined && now >= this.#dueAt) {
      throw new KithError('timeout', 'The other side did not confirm the connection in time.', { source: 'network' })
    }
  }
}
