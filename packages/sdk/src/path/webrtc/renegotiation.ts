/**
 * Changes of what flows on a connection that is up. As in simple-peer only one side offers, so that offers never cross; the other
 * asks it to. All of it are control messages of type 4, on a lane that loses nothing:
 *
 * | | fields | |
 * |---|---|---|
 * | offer | 0, round, SDP | by the offerer; each has the next round, from 1 on |
 * | answer | 1, round, SDP | to the offer of that round |
 * | ask | 2, round, audio, video | by the answerer, after that round: offer again, with sections for so many more tracks of mine |
 *
 * An ask that crosses a newer offer is out of date and ignored: the asker sees from that offer whether it still has to. There is
 * no next offer before the answer, however long a remote that sleeps takes: it will come, since nothing is lost, or the connection
 * ends. Taking the offer back could part the two for good: what was taken back there may have been answered here by then, and the
 * same track offered again has another mid (Chromium), which no description may change (RFC 8829 §5.2.2).
 */
import {
  type Fields,
  OFFER_BURST,
  OFFERS_PER_SECOND,
  type Packable,
  SDP_MAX_LENGTH,
  TokenBucket,
  TRACKS_MAX,
  type TransportDescription,
  violation,
} from '@kith/protocol'
import { now } from '../../runtime/driver.ts'
import { incomingSdp, outgoingSdp } from './media-sdp.ts'
import { TRACK_KINDS, Transceivers } from './transceivers.ts'

/** The one who makes offers and answers, as far as they are needed here. */
export interface SdpEngine {
  readonly role: 'offerer' | 'answerer'
  readonly connection: RTCPeerConnection
  /** What the link has confirmed of the remote. */
  readonly confirmed: () => TransportDescription | undefined
  /** Offerer: makes an offer as soon as none is under way. `described` gets it. */
  offer(): void
  /** Takes the remote's description. An offer gets an answer, which `described` gets. */
  describe(description: { type: 'offer' | 'answer'; sdp: string }): void
}

export interface RenegotiationOptions {
  /** Sends a control message of type 4 with these fields. */
  readonly send: (fields: readonly Packable[]) => void
  /** What flows to us may be other tracks now: see `tracks.incoming`. */
  readonly onIncoming: () => void
}

const OFFER = 0
const ANSWER = 1
const ASK = 2

export class Renegotiation {
  readonly tracks: Transceivers
  readonly #engine: SdpEngine
  readonly #options: RenegotiationOptions
  /** The last offer made, or taken. */
  #round = 0
  /** Whether it has no answer yet. */
  #isOpen = false
  /** What we send has changed since the last offer was made or taken up. */
  #hasChanged = false
  #isScheduled = false
  #isClosed = false
  /** What the remote may make the browser do, and the next of it that waits for its time. */
  readonly #rate = new TokenBucket(OFFERS_PER_SECOND, OFFER_BURST, now())
  #waiting: ReturnType<typeof setTimeout> | undefined

  constructor(engine: SdpEngine, options: RenegotiationOptions) {
    this.#engine = engine
    this.#options = options
    this.tracks = new Transceivers(engine.connection, () => this.#changed())
  }

  /** A control message of type 4. Throws 'peer-violation'. */
  receive(fields: Fields): void {
    if (this.#isClosed) return
    const type = fields.integer(ASK)
    const round = fields.integer()
    // Which of the two roles may say what.
    if ((type === ANSWER || type === ASK) !== (this.#engine.role === 'offerer')) throw violation('SDP out of turn')
    switch (type) {
      case OFFER:
        this.#onOffer(round, this.#readSdp(fields))
        return
      case ANSWER:
        this.#onAnswer(round, this.#readSdp(fields))
        return
      case ASK:
        this.#onAsk(round, fields.integer(TRACKS_MAX), fields.integer(TRACKS_MAX))
    }
  }

  /** Our browser has made an offer or an answer, and holds to it. */
  described(type: 'offer' | 'answer', sdp: string): void {
    if (this.#isClosed) return
    const text = outgoingSdp(sdp, this.tracks.names)
    if (type === 'answer') {
      this.#options.send([ANSWER, this.#round, text])
      this.#answered()
      return
    }
    this.#round += 1
    this.#isOpen = true
    this.#options.send([OFFER, this.#round, text])
  }

  /** Both sides have agreed: the connection's signalling is stable again. */
  stable(): void {
    if (this.#isClosed) return
    this.tracks.agreed()
    this.#options.onIncoming()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#waiting)
  }

  // ── both ──

  #readSdp(fields: Fields): string {
    const sdp = fields.text(SDP_MAX_LENGTH)
    const confirmed = this.#engine.confirmed()
    if (confirmed === undefined) throw violation('SDP before the first description')
    return incomingSdp(sdp, confirmed)
  }

  #changed(): void {
    this.#hasChanged = true
    if (this.#isScheduled) return
    this.#isScheduled = true
    // What changes in one go is one change.
    queueMicrotask(() => {
      this.#isScheduled = false
      if (this.#isClosed) return
      if (this.#engine.role === 'offerer') this.#offer()
      else if (!this.#isOpen) this.#ask()
    })
  }

  /** At most one waits: asks have one offer for their answer, and no offer comes before the answer to the last. */
  #inTime(take: () => void): void {
    clearTimeout(this.#waiting)
    const at = now()
    if (this.#rate.take(at)) take()
    else this.#waiting = setTimeout(() => this.#inTime(take), this.#rate.waitMs(at))
  }

  // ── the offerer ──

  #offer(): void {
    this.#hasChanged = false
    this.#engine.offer()
  }

  #onAnswer(round: number, sdp: string): void {
    if (round !== this.#round || !this.#isOpen) throw violation('an answer to no offer')
    this.#isOpen = false
    this.#engine.describe({ type: 'answer', sdp })
  }

  #onAsk(round: number, audio: number, video: number): void {
    if (round > this.#round) throw violation('asked after an offer that was not made')
    if (round < this.#round) return
    this.tracks.makeRoom('audio', audio)
    this.tracks.makeRoom('video', video)
    this.#inTime(() => this.#offer())
  }

  // ── the answerer ──

  #onOffer(round: number, sdp: string): void {
    if (round !== this.#round + 1 || this.#isOpen) throw violation('an offer out of turn')
    this.#round = round
    this.#isOpen = true
    this.#hasChanged = false
    this.#inTime(() => this.#engine.describe({ type: 'offer', sdp }))
  }

  #answered(): void {
    this.#isOpen = false
    if (this.#hasChanged || TRACK_KINDS.some((kind) => this.tracks.missing(kind) > 0)) this.#ask()
  }

  #ask(): void {
    this.#hasChanged = false
    this.#options.send([ASK, this.#round, this.tracks.missing('audio'), this.tracks.missing('video')])
  }
}
