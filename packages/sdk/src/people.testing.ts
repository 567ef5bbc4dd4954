/** For tests in a browser: people who find each other without a relay, and what they have open of WebRTC. */
import type { PeerOptions } from './api.ts'
import { createPeer, type Peer } from './index.ts'

/** A new person in this browser. */
export function person(options: PeerOptions = {}): Promise<Peer> {
  return createPeer({ storage: 'memory', relays: [], page: 'https://kith.example/', ...options })
}

/** Two who know each other. */
export async function friends(first: PeerOptions = {}, second: PeerOptions = {}): Promise<[Peer, Peer]> {
  const pair = await Promise.all([person(first), person(second)])
  await acquaint(...pair)
  return pair
}

export async function acquaint(ada: Peer, bo: Peer): Promise<void> {
  await Promise.all([ada.contacts.add({ id: bo.id, name: 'Bo' }), bo.contacts.add({ id: ada.id, name: 'Ada' })])
}

export type Moment = 'made' | 'described' | 'answered' | 'checking' | 'connected'

/**
 * The browser's WebRTC, counted. `made` are those in use, or that have been; one that a peer has made ahead and not taken yet is
 * counted by `spare`. `onMoment` is called within whatever brings that moment about.
 */
export function countedWebRtc(onMoment: (moment: Moment) => void = () => {}) {
  const all: RTCPeerConnection[] = []
  const made: RTCPeerConnection[] = []
  class CountedConnection extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      all.push(this)
      super.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') onMoment('connected')
      })
      super.addEventListener('iceconnectionstatechange', () => {
        if (this.iceConnectionState === 'checking') onMoment('checking')
      })
    }
    /** Each test that takes one listens to it. */
    override addEventListener(...listening: Parameters<RTCPeerConnection['addEventListener']>): void {
      super.addEventListener(...listening)
      if (made.includes(this)) return
      made.push(this)
      onMoment('made')
    }
    override setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      onMoment('described')
      return super.setLocalDescription(description)
    }
    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      onMoment('answered')
      return super.setRemoteDescription(description)
    }
  }
  const count = (connections: RTCPeerConnection[]) =>
    connections.filter(({ signalingState }) => signalingState !== 'closed').length
  return {
    wrtc: { RTCPeerConnection: CountedConnection, RTCSessionDescription, RTCIceCandidate },
    made,
    open: () => count(made),
    spare: () => count(all) - count(made),
  }
}
