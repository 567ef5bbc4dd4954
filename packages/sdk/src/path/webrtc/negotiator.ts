/**
 * The one file that knows simple-peer. It makes offers, answers and candidates; what it also is (a stream, a channel of its own, a
 * judge of when a connection is dead) is fenced off:
 *
 * - It gets an RTCPeerConnection that we made, with our four channels on it; the channel that it asks for is our control lane.
 * - It destroys itself at 'failed', which an ICE restart can still mend, and reads statistics at 'connected', just when the channels
 *   open, to say 'connect', which is not used: it gets neither event.
 * - It contacts public STUN servers unless it is given others: it always is.
 * - It takes the `on…` handlers of the connection and of its channel: we listen with addEventListener.
 * - It dies of a candidate that the browser refuses: none gets there that is not known to be well-formed.
 * - It does what a remote's 'renegotiate' or 'transceiverRequest' asks: of a remote's messages it gets only descriptions and candidates,
 *   in our own words. Its own requests go nowhere: for tracks see renegotiation.ts, which asks by a message that is not lost.
 */
/// <reference path="./simple-peer.d.ts" />
import {
  type Candidate,
  type CandidatePolicy,
  formatCandidate,
  KithError,
  mayCross,
  parseCandidate,
  type TransportDescription,
  violation,
} from '@kith/protocol'
import SimplePeer, { type Signal } from 'simple-peer'
import { browserWebRtc, hasCandidatePair, type WebRtc } from '../../platform/browser.ts'
import type { Lane, Lanes } from '../lane.ts'
import { type FencedConnection, fencedConnection, type PathConfig, reconfigured } from './fenced-connection.ts'
import { refusedIceServers } from './ice-servers.ts'
import { PathMeter, type PathStats } from './path-stats.ts'
import type { Renegotiation, SdpEngine } from './renegotiation.ts'
import { descriptionFromSdp, sdpFromDescription } from './sdp-template.ts'

export type NegotiatorState = 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed'

/** None of the callbacks is called from within `createNegotiator`, nor once `close` was called. */
export interface NegotiatorOptions extends PathConfig {
  /** Who offers, at first and at each ICE restart. */
  readonly role: 'offerer' | 'answerer'
  /** Default: the browser's. */
  readonly wrtc?: WebRtc | undefined
  /** One made ahead, of the same `wrtc`; from now on the negotiator's. Default: it makes one. */
  readonly spare?: FencedConnection | undefined
  /** Whether loopback candidates may cross, for tests on one host. Default false. */
  readonly allowLoopback?: boolean
  /** Ours. The offerer's comes by itself, and again after `restartIce`; the answerer's after each `describe`. */
  onDescription(description: TransportDescription): void
  /** One of ours that may cross; never before the description that it belongs to. */
  onCandidate(candidate: Candidate): void
  onCandidatesEnd(): void
  /** 'failed' is not the end: an ICE restart may mend it. 'closed' is, and nothing comes after it. */
  onState(state: NegotiatorState): void
  /**
   * Once ICE has a path, and whenever more is known of it: `path` may say something else. `isAtTurn`: whether our own end is at a TURN
   * server; undefined where the browser does not say.
   */
  onPath(isAtTurn: boolean | undefined): void
  /** Once at most, before 'closed': 'peer-violation', 'lost' or 'unsupported-environment'. Not when the remote closed. */
  onError(error: KithError): void
}

export interface Negotiator {
  /** There from the start, so that nothing is missed; each says by its 'open' when it may be written to. */
  readonly lanes: Lanes
  /** The remote's description. One that comes out of turn (a repeat, an answer to an offer taken back) changes nothing. */
  describe(remote: TransportDescription): void
  /** One of the remote's candidates, at any time; one that names what no peer should name is ignored. */
  addCandidate(candidate: Candidate): void
  /**
   * From now on descriptions are of tracks, too, and cross on the link that both ends have confirmed. Once. `make` has the code for it,
   * which only pages that use tracks load.
   */
  renegotiate(make: (engine: SdpEngine) => Renegotiation): Renegotiation
  /**
   * A new offer with fresh ICE credentials; takes back one that was not answered. Before the first answer it does nothing. Throws
   * 'invalid-argument' on the answerer, which has to ask the offerer by a message, and once there are tracks.
   */
  restartIce(): void
  /** What is known of the path in use, with what the remote says of its own end. It is read as soon as ICE has one. */
  path(remoteIsAtTurn: boolean | undefined): 'direct' | 'turn' | undefined
  /** Of now. Rejects with 'closed'. */
  stats(): Promise<PathStats>
  /** At once; what is still in the lanes' buffers is lost. */
  close(): void
}

/** Throws 'unsupported-environment' without WebRTC, 'invalid-argument' for ICE servers that it does not take. */
export function createNegotiator(options: NegotiatorOptions): Negotiator {
  return new SimplePeerNegotiator(options)
}

class SimplePeerNegotiator implements Negotiator {
  readonly lanes: Lanes
  readonly #options: NegotiatorOptions
  readonly #fenced: FencedConnection
  readonly #meter = new PathMeter()
  /** Pending requests for statistics: Firefox never gives those that were asked for just before the end. */
  readonly #reading = new Set<() => void>()
  readonly #peer: SimplePeer
  readonly #outgoing: CandidatePolicy
  readonly #incoming: CandidatePolicy
  /** Whether the next description is the remote's: after our offer, or while none of theirs is being answered. */
  #remoteHasTurn: boolean
  #remote: TransportDescription | undefined
  #renegotiation: Renegotiation | undefined
  /** What our next description is for: the dial, which gets it as a struct, or a change of tracks. */
  #describing: 'transport' | 'tracks' = 'transport'
  /** Candidates that came before the first description. */
  #early: Candidate[] | undefined = []
  #ended = false

  constructor(options: NegotiatorOptions) {
    const wrtc = options.wrtc ?? browserWebRtc()
    if (wrtc === undefined) {
      throw new KithError('unsupported-environment', 'There is no WebRTC here: allow it in the browser’s settings or extensions.')
    }
    const allowLoopback = options.allowLoopback ?? false
    this.#options = options
    this.#outgoing = { disclosure: options.iceTransportPolicy === 'relay' ? 'relayed' : 'direct', allowLoopback }
    this.#incoming = { disclosure: 'direct', allowLoopback }
    this.#remoteHasTurn = options.role === 'answerer'
    this.#fenced = openConnection(wrtc, options)
    this.lanes = this.#fenced.lanes

    const { connection } = this.#fenced
    const setLocalDescription = connection.setLocalDescription.bind(connection)
    connection.setLocalDescription = (description) => {
      const applied = setLocalDescription(description)
      this.#attempt(() => this.#describedBy(description))
      return applied
    }
    this.#peer = new SimplePeer({
      initiator: options.role === 'offerer',
      trickle: true,
      channelName: 'control',
      channelConfig: { negotiated: true, id: 0 },
      config: {},
      wrtc: { ...wrtc, RTCPeerConnection: handOut(connection) },
    })
    connection.onconnectionstatechange = connection.oniceconnectionstatechange = connection.onicegatheringstatechange = null
    this.#peer.on('signal', (signal) => this.#attempt(() => this.#handleSignal(signal)))
    this.#peer.on('error', (error) => this.#end(causeOfEnd(error)))
    this.#peer.on('close', () => this.#end())
    connection.addEventListener('connectionstatechange', () => this.#handleState())
    connection.addEventListener('iceconnectionstatechange', () => {
      const { iceConnectionState: state } = connection
      if (state !== 'connected' && state !== 'completed') return
      // A listener is added once.
      iceOf(connection)?.addEventListener('selectedcandidatepairchange', this.#locate)
      this.#locate()
    })
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null && !this.#ended) options.onCandidatesEnd()
    })
    connection.addEventListener('signalingstatechange', () => {
      if (connection.signalingState === 'stable') this.#attempt(() => this.#renegotiation?.stable())
    })
    connection.addEventListener('datachannel', () => this.#end(violation('a channel that was not agreed upon')))
  }

  describe(remote: TransportDescription): void {
    if (this.#ended || !this.#remoteHasTurn) return
    const type = this.#options.role === 'offerer' ? 'answer' : 'offer'
    // RFC 8842 §5.2: an offer leaves the DTLS role open. §5.3: an answer takes one.
    if ((remote.setup === 'actpass') !== (type === 'offer')) {
      this.#end(violation(`an ${type} with setup '${remote.setup}'`))
      return
    }
    this.#remoteHasTurn = false
    this.#remote = remote
    this.#describing = 'transport'
    this.#peer.signal({ type, sdp: sdpFromDescription(remote, type) })
  }

  renegotiate(make: (engine: SdpEngine) => Renegotiation): Renegotiation {
    const step = (take: () => void) => {
      this.#describing = 'tracks'
      this.#attempt(take)
    }
    this.#renegotiation = make({
      role: this.#options.role,
      connection: this.#fenced.connection,
      confirmed: () => this.#remote,
      offer: () => step(() => this.#peer.negotiate()),
      describe: (description) => step(() => this.#peer.signal(description)),
    })
    return this.#renegotiation
  }

  addCandidate(candidate: Candidate): void {
    if (this.#ended || !mayCross(candidate, this.#incoming)) return
    this.#meter.named(candidate.port, candidate.type === 'relay')
    this.#peer.signal({ type: 'candidate', candidate: { candidate: formatCandidate(candidate), sdpMid: '0', sdpMLineIndex: 0 } })
    if (this.#meter.isAtTurn !== undefined) this.#reportPath()
  }

  restartIce(): void {
    if (this.#options.role === 'answerer') throw new KithError('invalid-argument', 'The offerer restarts ICE: ask it to.')
    const { connection } = this.#fenced
    if (connection.getTransceivers().length > 0) throw new KithError('invalid-argument', 'ICE cannot be restarted beside tracks.')
    this.#describing = 'transport'
    // There is nothing to restart before the first answer. Nor could that offer be taken back: Chromium then makes one without data.
    if (this.#ended || connection.currentRemoteDescription === null) return
    const offer = () => {
      if (this.#ended) return
      connection.restartIce()
      this.#peer.negotiate()
    }
    if (!this.#remoteHasTurn) {
      offer()
      return
    }
    // simple-peer would wait for the answer to the offer before, which may never come.
    this.#remoteHasTurn = false
    connection.setLocalDescription({ type: 'rollback' }).then(offer, (cause) => this.#end(localFailure(cause)))
  }

  path(remoteIsAtTurn: boolean | undefined): 'direct' | 'turn' | undefined {
    return this.#meter.path(remoteIsAtTurn)
  }

  stats(): Promise<PathStats> {
    return new Promise((resolve, reject) => {
      const giveUp = (cause?: unknown) => reject(new KithError('closed', 'The connection has been closed.', { cause }))
      if (this.#ended) return giveUp()
      this.#reading.add(giveUp)
      const stats = this.#fenced.connection.getStats().then((reports) => {
        const read = this.#meter.read(reports)
        // Chromium's reports may be 50 ms old.
        this.#readPair()
        this.#reportPath()
        return read
      })
      stats.then(resolve, giveUp).finally(() => this.#reading.delete(giveUp))
    })
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    for (const giveUp of this.#reading) giveUp()
    this.#renegotiation?.close()
    this.#peer.destroy()
    // simple-peer closes them a microtask later, and Chromium's channels say 'open' for a while after that.
    for (const lane of Object.values<Lane>({ ...this.lanes })) lane.close()
    this.#fenced.connection.close()
  }

  /** The browser is taking this up. A pending change need not wait for that. */
  #describedBy(description?: RTCLocalSessionDescriptionInit): void {
    if (this.#describing === 'tracks' || !description?.sdp) return
    this.#remoteHasTurn = true
    this.#options.onDescription(descriptionFromSdp(description.sdp))
    // node-datachannel gathers as soon as there is a channel, not when the description is set (RFC 8829 §4.1.8).
    const early = this.#early ?? []
    this.#early = undefined
    for (const candidate of early) this.#options.onCandidate(candidate)
  }

  #handleSignal(signal: Signal): void {
    switch (signal.type) {
      case 'offer':
      case 'answer':
        if (this.#describing === 'tracks') this.#renegotiation?.described(signal.type, signal.sdp)
        return
      case 'candidate': {
        const candidate = parseCandidate(signal.candidate.candidate ?? '')
        if (candidate === undefined || !mayCross(candidate, this.#outgoing)) return
        if (this.#early) this.#early.push(candidate)
        else this.#options.onCandidate(candidate)
        return
      }
      case 'renegotiate':
      case 'transceiverRequest':
        // Requests of an answerer to its offerer: what calls for one goes as a message of our own, over a lane that repeats it.
        return
    }
  }

  #handleState(): void {
    if (this.#ended) return
    const state = this.#fenced.connection.connectionState
    // 'closed' has no event (W3C webrtc-pc §4.4.2); 'new' comes back at a rollback and means nothing.
    if (state !== 'new' && state !== 'closed') this.#options.onState(state)
  }

  /** Reads which pair is in use: at once where the browser says it, else from its statistics, while DTLS shakes hands. */
  readonly #locate = (): void => {
    if (this.#readPair()) this.#reportPath()
    // Refused by a browser that has none: then it will not be known.
    else this.stats().catch(() => this.#reportPath())
  }

  #readPair(): boolean {
    const pair = iceOf(this.#fenced.connection)?.getSelectedCandidatePair()
    if (!pair?.local?.type || !pair.remote?.type) return false
    this.#meter.use(pair.local, pair.remote)
    return true
  }

  #reportPath(): void {
    if (!this.#ended) this.#options.onPath(this.#meter.isAtTurn)
  }

  /** What `step` throws ends the connection: simple-peer's listeners have no one to throw to. */
  #attempt(step: () => void): void {
    if (this.#ended) return
    try {
      step()
    } catch (error) {
      this.#end(error instanceof KithError ? error : localFailure(error))
    }
  }

  #end(error?: KithError): void {
    if (this.#ended) return
    this.close()
    if (error !== undefined) this.#options.onError(error)
    this.#options.onState('closed')
  }
}

/**
 * The one transport that all goes over, where it says which pair it uses: Firefox's does not. Others are not touched: @roamhq/wrtc
 * throws, and crashes when the process ends.
 */
function iceOf(connection: RTCPeerConnection): RTCIceTransport | undefined {
  return hasCandidatePair() ? connection.sctp?.transport.iceTransport : undefined
}

function openConnection(wrtc: WebRtc, { iceServers, iceTransportPolicy, spare }: NegotiatorOptions): FencedConnection {
  const config = { iceServers, iceTransportPolicy }
  try {
    return spare ? reconfigured(spare, config) : fencedConnection(wrtc.RTCPeerConnection, config)
  } catch (cause) {
    spare?.connection.close()
    throw refusedIceServers(iceServers, wrtc.RTCPeerConnection, cause)
  }
}

/** What simple-peer takes for the class of its connection: `new` gives the one that is there. */
function handOut(connection: RTCPeerConnection): new () => RTCPeerConnection {
  return function connectionAtHand() {
    return connection
  } as unknown as new () => RTCPeerConnection
}

/** Undefined where the remote closed on purpose. */
function causeOfEnd(error: Error & { code: string }): KithError | undefined {
  switch (error.code) {
    case 'ERR_SET_REMOTE_DESCRIPTION':
    case 'ERR_ADD_ICE_CANDIDATE':
      return violation('What the remote says of itself makes no connection.', error)
    case 'ERR_DATA_CHANNEL':
      // RFC 9260 §3.3.10.12: "User-Initiated Abort", what close() of the remote's RTCPeerConnection sends.
      if ((error.cause as Partial<RTCError> | undefined)?.sctpCauseCode === 12) return undefined
      return new KithError('lost', error.message, { source: 'network', cause: error })
    default:
      return localFailure(error)
  }
}

const localFailure = (cause: unknown): KithError => new KithError('lost', 'The browser gave up on the connection.', { cause })
