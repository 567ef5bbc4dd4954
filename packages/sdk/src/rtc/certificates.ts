/**
 * A fresh certificate for each connection, made before it is asked for: an offer waits for its key pair, two milliseconds on a path
 * that waits for little else.
 */
import type { WebRtc } from './negotiator.ts'

/** A dial is under way: its work goes first. */
const REFILL_MS = 500

/** One that runs out sooner is not used: browsers make them for 30 days, and a page may stay open for longer. */
const LEAST_LEFT_MS = 24 * 3_600_000

export class Certificates {
  readonly #wrtc: Pick<WebRtc, 'RTCPeerConnection'> | undefined
  #spare: RTCCertificate | undefined
  #refill: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** `wrtc`: whose connections will have them; undefined where there is none. */
  constructor(wrtc: Pick<WebRtc, 'RTCPeerConnection'> | undefined) {
    this.#wrtc = wrtc
    this.#fill()
  }

  /** For one connection. Undefined where none is at hand: then the connection makes its own. */
  take(): RTCCertificate | undefined {
    const spare = this.#spare
    this.#spare = undefined
    if (!this.#isClosed) this.#refill ??= setTimeout(() => this.#fill(), REFILL_MS)
    return spare && spare.expires - Date.now() > LEAST_LEFT_MS ? spare : undefined
  }

  close(): void {
    this.#isClosed = true
    this.#spare = undefined
    clearTimeout(this.#refill)
  }

  #fill(): void {
    this.#refill = undefined
    // ECDSA on P-256, as RFC 8827 §6.5 has every browser take it. A package for Node may not make any.
    const { RTCPeerConnection } = this.#wrtc ?? {}
    RTCPeerConnection?.generateCertificate?.({ name: 'ECDSA', namedCurve: 'P-256' } as EcKeyGenParams).then(
      (certificate) => {
        if (!this.#isClosed) this.#spare = certificate
      },
      // The connection then makes its own, and says what is wrong if it cannot either.
      () => undefined,
    )
  }
}
