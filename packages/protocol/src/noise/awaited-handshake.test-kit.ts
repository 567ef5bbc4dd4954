/** For tests only: a handshake with its keys at hand, each message one awaited call. */
import { type IdentityKeys, type KeyAgreement, keyAgreementOf } from '../identity/keys.ts'
import type { Bytes, Random } from '../machine.ts'
import {
  createHandshake,
  type Handshake,
  type HandshakeOptions,
  type KeyRequest,
  type KeySteps,
  type NoiseSession,
} from './handshake.ts'

/** Private keys: our static one, and those that were drawn. */
export class HeldKeys {
  readonly #local: KeyAgreement | undefined
  readonly #newEphemeral: () => Promise<KeyAgreement>
  readonly #drawn = new Map<number, KeyAgreement>()

  constructor(local: KeyAgreement | undefined, newEphemeral: () => Promise<KeyAgreement>) {
    this.#local = local
    this.#newEphemeral = newEphemeral
  }

  async answer(request: KeyRequest): Promise<Bytes> {
    if (request.type === 'draw') {
      const drawn = await this.#newEphemeral()
      this.#drawn.set(request.key, drawn)
      return drawn.publicKey
    }
    const key = request.key === 'static' ? this.#local : this.#drawn.get(request.key)
    if (key === undefined) throw new Error(`no key ${request.key}`)
    return key.agree(request.remote)
  }

  async run<Result>(steps: KeySteps<Result>): Promise<Result> {
    let next = steps.next()
    while (!next.done) {
      const answer = await this.answer(next.value).then(
        (bytes) => () => steps.next(bytes),
        (error: unknown) => () => steps.throw(error),
      )
      next = answer()
    }
    return next.value
  }
}

export interface AwaitedOptions extends Omit<HandshakeOptions, 'local' | 'ephemeral'> {
  readonly random: Random
  readonly local?: KeyAgreement
  /** Default: drawn from `random`. */
  readonly newEphemeral?: IdentityKeys['newEphemeral']
}

export class AwaitedHandshake {
  readonly #keys: HeldKeys
  readonly #handshake: Handshake

  constructor(keys: HeldKeys, handshake: Handshake) {
    this.#keys = keys
    this.#handshake = handshake
  }

  get complete(): boolean {
    return this.#handshake.complete
  }

  get remoteStatic(): Bytes | undefined {
    return this.#handshake.remoteStatic
  }

  fork(): AwaitedHandshake {
    return new AwaitedHandshake(this.#keys, this.#handshake.fork())
  }

  async writeMessage(payload: Uint8Array): Promise<Bytes> {
    return this.#keys.run(this.#handshake.writeMessage(payload))
  }

  async readMessage(message: Uint8Array): Promise<Bytes> {
    return this.#keys.run(this.#handshake.readMessage(message))
  }

  split(): NoiseSession {
    return this.#handshake.split()
  }
}

export function awaitedHandshake({ random, local, newEphemeral, ...options }: AwaitedOptions): AwaitedHandshake {
  const keys = new HeldKeys(local, newEphemeral ?? (async () => keyAgreementOf(random(32))))
  return new AwaitedHandshake(keys, createHandshake({ ...options, ephemeral: 1, ...(local && { local: local.publicKey }) }))
}
