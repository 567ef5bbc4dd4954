import type { Peer } from '@kith/sdk'
import { expect, test } from 'vitest'
import { Invitation } from './invitation.ts'

/** The invitations that a peer would hold, and no more of one. */
function inviter(): Pick<Peer, 'invites' | 'invite'> {
  const invites: Peer['invites'][number][] = []
  return {
    invites,
    invite: async () => {
      const link = `https://kith.example/#${invites.length}`
      invites.push({ link, svg: '', expiresAt: 0, accepted: new Promise(() => undefined), revoke: async () => undefined })
      return invites.at(-1) as Peer['invites'][number]
    },
  }
}

const shown = ({ state }: Invitation) => {
  const now = state.get()
  return now.at === 'waiting' ? now.invite.link : now.at
}

test('the open invitation is shown again; for another person there is another link', async () => {
  const peer = inviter() as Peer
  const invitation = new Invitation(peer)
  await invitation.offer()
  const first = shown(invitation)
  await invitation.offer()
  expect(shown(invitation)).toBe(first)
  await invitation.offerAnother()
  expect(shown(invitation)).not.toBe(first)
  expect(peer.invites).toHaveLength(2)
  const afterReload = new Invitation(peer)
  await afterReload.offer()
  expect(shown(afterReload)).toBe(first)
})
