/** Does with the private keys of this peer what the dial machine asks for. They may live in WebCrypto, where each use is awaited. */
import {
  type Bytes,
  type DialInput,
  type DialNumber,
  type DialOutput,
  type IdentityKeys,
  type Introduction,
  type KeyAgreement,
  type KeyNumber,
  keyAgreementOf,
  type Random,
} from '@kith/protocol'

type Work = Extract<DialOutput, { readonly work: number }>

export interface DialKeysOptions {
  readonly identity: IdentityKeys
  readonly random: Random
  /** Asked when something is signed. */
  readonly introduction: () => Introduction
}

export class DialKeys {
  readonly #options: DialKeysOptions
  /** The ephemeral pairs of each dial, until it ends. */
  readonly #drawn = new Map<DialNumber, Map<KeyNumber, Promise<KeyAgreement>>>()

  constructor(options: DialKeysOptions) {
    this.#options = options
  }

  /** What to answer. Never rejects: a key that fails is an answer too. */
  async answer(asked: Work): Promise<DialInput> {
    const { work } = asked
    try {
      switch (asked.type) {
        case 'draw':
          return { type: 'drawn', work, publicKey: (await this.#draw(asked.dial, asked.key)).publicKey }
        case 'agree':
          return { type: 'agreed', work, shared: await this.#agree(asked) }
        case 'sign': {
          const signature = await this.#options.identity.sign(asked.message)
          return { type: 'signed', work, signature, introduction: this.#options.introduction() }
        }
      }
    } catch (error) {
      return { type: 'failed', work, error }
    }
  }

  /** The dial has ended. */
  forget(dial: DialNumber): void {
    this.#drawn.delete(dial)
  }

  #draw(dial: DialNumber, key: KeyNumber): Promise<KeyAgreement> {
    const { identity, random } = this.#options
    const pair = identity.newEphemeral?.() ?? Promise.resolve(keyAgreementOf(random(32)))
    const drawn = this.#drawn.get(dial) ?? new Map<KeyNumber, Promise<KeyAgreement>>()
    this.#drawn.set(dial, drawn.set(key, pair))
    return pair
  }

  async #agree({ dial, key, remote }: Extract<Work, { type: 'agree' }>): Promise<Bytes> {
    if (key === 'static') return this.#options.identity.keyAgreement.agree(remote)
    const pair = await this.#drawn.get(dial)?.get(key)
    if (!pair) throw new TypeError('a key pair that was not drawn, or was forgotten')
    return pair.agree(remote)
  }
}
