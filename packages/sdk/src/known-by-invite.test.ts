// Invitations between two who are contacts already: what one may learn of the other is said by the contact, not by the link.
import wrtc from '@roamhq/wrtc'
import { afterEach, expect, test, vi } from 'vitest'
import type { Peer, PeerOptions } from './api.ts'
import { openPeer } from './peer.ts'

const open: Peer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((peer) => peer.close()))
})

/** @param policies by which each of their RTCPeerConnections gathers candidates and checks, once it knows its remote */
async function person(policies: unknown[] = []): Promise<Peer> {
  // A TURN server that does not answer: no path comes up by it.
  const iceServers = [{ urls: 'turn:127.0.0.1:9', username: 'u', credential: 'c' }]
  class Recorded extends wrtc.RTCPeerConnection {
    override setRemoteDescription(description: RTCSessionDescriptionInit) {
      policies.push(this.getConfiguration().iceTransportPolicy)
      return super.setRemoteDescription(description)
    }
  }
  const webRtc = { ...wrtc, RTCPeerConnection: Recorded }
  const options: PeerOptions = {
    storage: 'memory',
    relays: [],
    page: 'https://kith.example/',
    presence: false,
    iceServers,
    wrtc: webRtc,
  }
  const peer = await openPeer(options)
  open.push(peer)
  return peer
}

test.each(['host', 'guest', 'neither'] as const)(
  '%s has the other as a known contact',
  async (who) => {
    const policies = { ada: [] as unknown[], bo: [] as unknown[] }
    const [ada, bo] = [await person(policies.ada), await person(policies.bo)]
    if (who === 'host') await ada.contacts.add({ id: bo.id, name: 'Bo', trust: 'known' })
    if (who === 'guest') await bo.contacts.add({ id: ada.id, name: 'Ada', trust: 'known' })
    const { link, accepted } = await ada.invite()
    expect((await bo.accept(link)).id).toBe(ada.id)
    expect((await accepted).id).toBe(bo.id)
    const connected = bo.connect(ada.id, { timeoutMs: who === 'neither' ? 20_000 : 3_000 })
    if (who === 'neither') await connected
    else await expect(connected).rejects.toThrow()
    if (who === 'host') expect(policies.ada).not.toContain('all')
    else if (who === 'guest') expect(policies.bo).not.toContain('all')
    else expect(policies).toEqual({ ada: ['all'], bo: ['all'] })
    // The other end has it in a moment.
    const sizes = () => [ada.connections.size, bo.connections.size]
    await vi.waitFor(() => expect(sizes()).toEqual(who === 'neither' ? [1, 1] : [0, 0]), { timeout: 10_000 })
  },
  40_000,
)
