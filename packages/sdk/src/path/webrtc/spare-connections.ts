/**
 * A connection made before it is asked for: the callee answers with an offer, and a dial would wait for all that this takes, an
 * RTCPeerConnection, its channels, a key pair for its certificate. It opens no socket and asks no server before it is used.
 */
import { onPageHide, type WebRtc } from '../../platform/browser.ts'
import { type FencedConnection, fencedConnection, type PathConfig } from './fenced-connection.ts'

/** A dial is under way: its work goes first. */
const REFILL_MS = 500

/** Browsers make certificates for 30 days, a page may stay open for longer. */
const KEPT_MS = 7 * 24 * 3_600_000

export class SpareConnections {
  /** Undefined where none can be made, or none is to be any more. */
  #wrtc: Pick<WebRtc, 'RTCPeerConnection'> | undefined
  readonly #mayMake: () => boolean
  #spare: { readonly fenced: FencedConnection; readonly madeAt: number } | undefined
  /** The next is made as the last was wanted. */
  #config: PathConfig = { iceServers: [], iceTransportPolicy: 'all' }
  #refill: ReturnType<typeof setTimeout> | undefined
  readonly #listening = new AbortController()

  /**
   * @param wrtc whose connection it will be; undefined where there is none
   * @param mayMake whether there may be one more, now
   */
  constructor(wrtc: Pick<WebRtc, 'RTCPeerConnection'> | undefined, mayMake: () => boolean) {
    this.#wrtc = wrtc
    this.#mayMake = mayMake
    // Browsers do not keep a page with an RTCPeerConnection for its user to come back to. One that is kept has its timers stopped.
    onPageHide(() => this.#drop(), this.#listening.signal)
    this.#later(0)
  }

  /** For one connection that will be configured so. Undefined where none is at hand: then it has to be made. */
  take(config: PathConfig): FencedConnection | undefined {
    this.#config = config
    if (this.#spare && Date.now() - this.#spare.madeAt >= KEPT_MS) this.#drop()
    const spare = this.#spare
    this.#spare = undefined
    this.#later(REFILL_MS)
    return spare?.fenced
  }

  close(): void {
    this.#wrtc = undefined
    this.#listening.abort()
    clearTimeout(this.#refill)
    this.#drop()
  }

  #drop(): void {
    this.#spare?.fenced.connection.close()
    this.#spare = undefined
    this.#later(REFILL_MS)
  }

  #later(delayMs: number): void {
    if (this.#wrtc) this.#refill ??= setTimeout(() => this.#fill(), delayMs)
  }

  #fill(): void {
    this.#refill = undefined
    if (this.#spare || !this.#wrtc || !this.#mayMake()) return
    try {
      const fenced = fencedConnection(this.#wrtc.RTCPeerConnection, this.#config)
      if (fenced.connection.signalingState !== 'have-local-offer') {
        this.#spare = { fenced, madeAt: Date.now() }
        return
      }
      // node-datachannel offers by itself, and asks ICE servers, as soon as there is a channel: it is made when it is needed.
      fenced.connection.close()
      this.#wrtc = undefined
    } catch {
      // It will be made when it is needed, and what is wrong is said then.
    }
  }
}
