/** Does with an identity's keys what a Dialer asks for. */

import type { DialInput, DialOutput, Introduction } from '../../protocol/src/dial/io.ts'
import { type IdentityKeys, keyAgreementOf } from '../../protocol/src/identity/keys.ts'
import type { Random } from '../../protocol/src/machine.ts'
import { HeldKeys } from '../../protocol/src/noise/awaited-handshake.test-kit.ts'

type Work = Extract<DialOutput, { readonly work: number }>

export function isKeyWork(output: DialOutput): output is Work {
  return 'work' in output
}

export class KeyHolder {
  readonly #identity: IdentityKeys
  readonly #keys: HeldKeys
  readonly #introduction: () => Introduction

  constructor(identity: IdentityKeys, random: Random, introduction: () => Introduction = () => ({ name: '', relays: [] })) {
    this.#identity = identity
    this.#keys = new HeldKeys(identity.keyAgreement, identity.newEphemeral ?? (async () => keyAgreementOf(random(32))))
    this.#introduction = introduction
  }

  /** The answer to give to `handle`. */
  async answer(output: Work): Promise<DialInput> {
    const { work } = output
    try {
      switch (output.type) {
        case 'draw':
          return { type: 'drawn', work, publicKey: await this.#keys.answer(output) }
        case 'agree':
          return { type: 'agreed', work, shared: await this.#keys.answer(output) }
        case 'sign': {
          const signature = await this.#identity.sign(output.message)
          return { type: 'signed', work, signature, introduction: this.#introduction() }
        }
      }
    } catch (error) {
      return { type: 'failed', work, error }
    }
  }
}
