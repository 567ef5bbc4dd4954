/** The path of one dial: its RTCPeerConnection, from the first description to a link that both ends have confirmed. */
import { type Candidate, confirmation, type DialPeer, KithError, type TransportDescription } from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import type { FencedConnection, PathConfig } from '../path/webrtc/fenced-connection.ts'
import { createNegotiator, type Negotiator, type NegotiatorState } from '../path/webrtc/negotiator.ts'
import type { WebRtc } from '../platform/browser.ts'
import type { Link, LinkOptions } from '../session/link.ts'

export interface DialPathOptions {
  readonly wrtc: WebRtc | undefined
  readonly iceServers: () => Promise<RTCIceServer[]>
  /** A connection made ahead. */
  readonly takeSpare: (config: PathConfig) => FencedConnection | undefined
  /** Whether the carrier of this origin stays within this browser. */
  readonly isLocal: (origin: string) => boolean
  /** A link over these lanes. */
  readonly link: (
    options: { peer: DialPeer } & Pick<LinkOptions, 'lanes' | 'confirmation' | 'maxMessageSize' | 'awaitsPath'>,
  ) => Link
  /** Ours, for the other end. */
  readonly onDescription: (description: TransportDescription) => void
  readonly onCandidate: (candidate: Candidate) => void
  /** Both ends have confirmed the link: it is the receiver's. Returns what gets the states of its path from now on. */
  readonly onUp: (up: LinkUp) => (state: NegotiatorState) => void
  /** Nothing comes of it. Not after `onUp`. */
  readonly onFail: (error: KithError) => void
  /** No path can be offered to callers: the ICE servers are not to be had, or the browser refuses them. Undefined: it can again. */
  readonly onUnable: (error: KithError | undefined) => void
}

export interface LinkUp {
  readonly peer: DialPeer
  readonly link: Link
  readonly negotiator: Negotiator
}

export class DialPath {
  readonly #options: DialPathOptions
  #disclosure: Disclosure
  #negotiator: Negotiator | undefined
  #local: TransportDescription | undefined
  /** Known once both are authenticated. */
  #remote: { readonly description: TransportDescription; readonly peer: DialPeer } | undefined
  #link: Link | undefined
  #onState: (state: NegotiatorState) => void = () => undefined
  /** It was closed, or handed over. */
  #isOver = false

  constructor(disclosure: Disclosure, options: DialPathOptions) {
    this.#disclosure = disclosure
    this.#options = options
  }

  get disclosure(): Disclosure {
    return this.#disclosure
  }

  /** Whether the other end has said where it is. */
  get hasRemote(): boolean {
    return this.#remote !== undefined
  }

  /** Whether it has an RTCPeerConnection. */
  get isMade(): boolean {
    return this.#negotiator !== undefined
  }

  /** Whether the other end may have a link already. */
  get hasLink(): boolean {
    return this.#link !== undefined
  }

  /** Makes the RTCPeerConnection; what was decided meanwhile is made up for. */
  prepare(role: 'offerer' | 'answerer'): void {
    const { iceServers, onUnable, onFail } = this.#options
    iceServers()
      .then((servers) => {
        // Given up while we waited.
        if (this.#isOver) return
        this.#negotiator = this.#negotiate(role, servers)
        onUnable(undefined)
        if (this.#remote && role === 'answerer') this.#negotiator.describe(this.#remote.description)
      })
      .catch((error: unknown) => {
        const why =
          error instanceof KithError
            ? error
            : new KithError('unreachable', 'No connection can be made here: the browser refuses.', { cause: error })
        // A dial of ours rejects with it. Of one of theirs nothing else would say it here.
        if (role === 'offerer') onUnable(why)
        this.#fail(why, onFail)
      })
  }

  /**
   * The offer has come: answers it.
   * @param mustRelay they turn out to be a contact that may not learn my network address
   */
  answer(description: TransportDescription, peer: DialPeer, mustRelay: boolean): void {
    this.#remote = { description, peer }
    if (!mustRelay) {
      this.#negotiator?.describe(description)
      return
    }
    this.#disclosure = 'relayed'
    // One that was made already is of no use: it has told nothing yet. One that is being made follows `#disclosure`.
    if (!this.#negotiator) return
    this.#negotiator.close()
    this.#negotiator = undefined
    this.prepare('answerer')
  }

  /** The answer to our offer has come. */
  answered(description: TransportDescription, peer: DialPeer): void {
    if (!this.#negotiator) return
    this.#remote = { description, peer }
    this.#openLink()
    this.#negotiator.describe(description)
  }

  addCandidate(candidate: Candidate): void {
    this.#negotiator?.addCandidate(candidate)
  }

  close(): void {
    this.#isOver = true
    this.#link?.fail(new KithError('closed', 'The dial has ended.'))
    this.#negotiator?.close()
  }

  #negotiate(role: 'offerer' | 'answerer', iceServers: RTCIceServer[]): Negotiator {
    const { wrtc, takeSpare, onDescription, onCandidate, onFail } = this.#options
    const config: PathConfig = { iceServers, iceTransportPolicy: this.#disclosure === 'relayed' ? 'relay' : 'all' }
    return createNegotiator({
      role,
      ...config,
      wrtc,
      spare: takeSpare(config),
      onDescription: (description) => {
        this.#local = description
        if (this.#remote) this.#openLink()
        onDescription(description)
      },
      onCandidate,
      onCandidatesEnd: () => undefined,
      onPath: (isAtTurn) => this.#link?.locate(isAtTurn),
      onState: (state) => {
        this.#onState(state)
        if (state === 'failed' || state === 'closed') this.#fail(noPath(), onFail)
      },
      onError: (error) => {
        // Once it is handed over it is the connection that ends.
        if (this.#isOver) this.#link?.fail(error)
        else onFail(error)
      },
    })
  }

  #fail(error: KithError, onFail: (error: KithError) => void): void {
    if (!this.#isOver) onFail(error)
  }

  /** Both descriptions are known, so what the other end says first on the lanes is understood. */
  #openLink(): void {
    if (!this.#negotiator || !this.#local || !this.#remote || this.#link) return
    const { onUp, onFail, isLocal } = this.#options
    const negotiator = this.#negotiator
    const { peer, description } = this.#remote
    const { fingerprint } = this.#local
    const { role, bindKey } = peer
    const link = this.#options.link({
      lanes: negotiator.lanes,
      peer,
      confirmation: {
        ours: confirmation(bindKey, role, fingerprint, description.fingerprint),
        theirs: confirmation(bindKey, role === 0 ? 1 : 0, description.fingerprint, fingerprint),
      },
      maxMessageSize: description.maxMessageSize,
      // Between tabs of this browser the path is 'local', wherever it leads.
      awaitsPath: !isLocal(peer.origin),
    })
    this.#link = link
    link.ready.then(
      () => {
        if (this.#isOver) return
        this.#isOver = true
        this.#onState = onUp({ peer, link, negotiator })
      },
      (error: KithError) => this.#fail(error, onFail),
    )
  }
}

const noPath = () =>
  new KithError(
    'unreachable',
    'They answered, but no path came up: name a STUN server, and a TURN server for strict networks, in createPeer({ iceServers }).',
    { source: 'network' },
  )
