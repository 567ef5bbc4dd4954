/**
 * What we use of simple-peer, and nothing else: @types/simple-peer makes it a stream of Node, whose globals it would bring into a
 * package for browsers.
 */
declare module 'simple-peer' {
  export interface SimplePeerOptions {
    initiator: boolean
    trickle: boolean
    channelName: string
    channelConfig: RTCDataChannelInit
    config: RTCConfiguration
    wrtc: {
      RTCPeerConnection: new (config?: RTCConfiguration) => RTCPeerConnection
      RTCSessionDescription: new (init: RTCSessionDescriptionInit) => RTCSessionDescription
      RTCIceCandidate: new (init: RTCIceCandidateInit) => RTCIceCandidate
    }
  }

  export type Signal =
    | { type: 'offer' | 'answer'; sdp: string }
    | { type: 'candidate'; candidate: RTCIceCandidateInit }
    | { type: 'renegotiate' | 'transceiverRequest' }

  export default class SimplePeer {
    constructor(options: SimplePeerOptions)
    /** Throws once destroyed. */
    signal(signal: Signal): void
    /** Initiator: makes an offer, once there is no other under way. Throws once destroyed. */
    negotiate(): void
    destroy(): void
    on(event: 'signal', listener: (signal: Signal) => void): this
    /** The last event. */
    on(event: 'close', listener: () => void): this
    /** `code`: ERR_…, of simple-peer; `cause`: what the browser threw, in a bundle with our stand-ins. */
    on(event: 'error', listener: (error: Error & { code: string }) => void): this
  }
}
