/** The invitation that this page shows: one at a time, made on request. */
import type { Contact, ErrorCode, Invite, Peer } from '@kith/sdk'
import { Value } from '../ui/observable.ts'
import { codeOf } from './error-code.ts'

export type InvitationState =
  | { readonly at: 'none' }
  | { readonly at: 'making' }
  | { readonly at: 'waiting'; readonly invite: Invite }
  | { readonly at: 'accepted'; readonly contact: Contact }
  | { readonly at: 'expired' }
  | { readonly at: 'revoked' }
  | { readonly at: 'failed'; readonly code: ErrorCode | undefined }

export class Invitation {
  readonly state = new Value<InvitationState>({ at: 'none' })
  readonly #peer: Peer

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** Shows the waiting invitation, also one made before a reload or in another tab; makes one if there is none. */
  async offer(): Promise<void> {
    const { at } = this.state.get()
    if (at === 'making' || at === 'waiting') return
    await this.#show(async () => this.#peer.invites[0] ?? (await this.#peer.invite()))
  }

  /** For another person: a link is for one guest. The earlier one stays valid. */
  async offerAnother(): Promise<void> {
    if (this.state.get().at !== 'making') await this.#show(() => this.#peer.invite())
  }

  async #show(find: () => Promise<Invite>): Promise<void> {
    this.state.set({ at: 'making' })
    try {
      const invite = await find()
      this.state.set({ at: 'waiting', invite })
      void this.#follow(invite)
    } catch (error) {
      this.state.set({ at: 'failed', code: codeOf(error) })
    }
  }

  async revoke(): Promise<void> {
    const state = this.state.get()
    if (state.at !== 'waiting') return
    await state.invite.revoke()
    this.state.set({ at: 'revoked' })
  }

  async #follow(invite: Invite): Promise<void> {
    const end = await invite.accepted.then(
      (contact): InvitationState => ({ at: 'accepted', contact }),
      (error: unknown): InvitationState => {
        const code = codeOf(error)
        if (code === 'expired') return { at: 'expired' }
        return code === 'closed' ? { at: 'revoked' } : { at: 'failed', code }
      },
    )
    const now = this.state.get()
    if (now.at === 'waiting' && now.invite === invite) this.state.set(end)
  }
}
