/**
 * The transceivers of a connection: each a section of its SDP that carries one track each way. One whose track was removed is used
 * again for the next of its kind, so that a conversation in which tracks come and go for hours has no more sections than it ever
 * had tracks at once. (simple-peer's own addTrack makes a new section each time, and refuses a track that was there before.)
 */
import { KithError, TRACKS_MAX, violation } from '@kith/protocol'
import { videoCodecs } from '../../platform/browser.ts'
import { streamNames } from './media-sdp.ts'

export type TrackKind = 'audio' | 'video'
export const TRACK_KINDS: readonly TrackKind[] = ['audio', 'video']

/** A track of ours on its way. */
export interface OutgoingTrack {
  readonly sender: RTCRtpSender
  /** Rejects with 'closed' once removed, 'invalid-argument' for another kind. */
  replace(track: MediaStreamTrack | null): Promise<void>
  remove(): void
}

/** A track of theirs that flows, and the name that they gave to its MediaStream. */
export interface IncomingTrack {
  readonly track: MediaStreamTrack
  readonly name: string
}

/** The profile that no browser may lack: constrained baseline (RFC 7742 §6.2), in the packetization mode that all send. */
const H264_OF_ALL = /^(?=.*packetization-mode=1).*profile-level-id=42e0/i

interface Use {
  readonly name: string
  track: MediaStreamTrack | null
}

export class Transceivers {
  readonly #connection: RTCPeerConnection
  readonly #onChange: () => void
  readonly #uses = new Map<RTCRtpSender, Use>()
  /** Resolved when both sides agree on what flows. */
  readonly #waiting = new Set<() => void>()

  /** @param onChange what is sent has changed: negotiate again. */
  constructor(connection: RTCPeerConnection, onChange: () => void) {
    this.#connection = connection
    this.#onChange = onChange
  }

  /** By mid: what the other side shall know our tracks by. */
  get names(): ReadonlyMap<string, string> {
    const names = new Map<string, string>()
    for (const { mid, sender } of this.#connection.getTransceivers()) {
      const use = this.#uses.get(sender)
      if (mid !== null && use !== undefined) names.set(mid, use.name)
    }
    return names
  }

  /** Throws 'too-many', 'closed', or 'invalid-argument' for what is no track or is being sent already. */
  add(track: MediaStreamTrack, name: string): OutgoingTrack {
    const kind = kindOf(track)
    if (this.#connection.signalingState === 'closed') throw new KithError('closed', 'The connection has been closed.')
    if ([...this.#uses.values()].some((use) => use.track === track)) {
      throw new KithError('invalid-argument', 'This track is being sent to them already: clone() it to send it twice.')
    }
    const all = this.#of(kind)
    if (all.filter(({ sender }) => this.#uses.has(sender)).length >= TRACKS_MAX) {
      throw new KithError(
        'too-many',
        `${TRACKS_MAX} ${kind} tracks are being sent to them already, as many as there may be: remove one first.`,
      )
    }
    const use = { name, track }
    const idle = all.find((one) => !this.#uses.has(one.sender) && one.currentDirection !== 'stopped')
    const sender = idle === undefined ? this.#addTrack(track, kind) : reuse(idle, track)
    this.#uses.set(sender, use)
    this.#onChange()
    return {
      sender,
      replace: (next) => this.#replace(sender, use, kind, next),
      remove: () => this.#remove(sender, use),
    }
  }

  /** How many of ours have no section yet: only an offer can bring one. */
  missing(kind: TrackKind): number {
    return this.#of(kind).filter(({ mid, sender }) => mid === null && this.#uses.has(sender)).length
  }

  /** Sections for `count` tracks of theirs, beside those that our own new ones will bring. Throws 'peer-violation' for too many. */
  makeRoom(kind: TrackKind, count: number): void {
    const all = this.#of(kind)
    const wanted = count - all.filter(({ mid }) => mid === null).length
    if (all.length + wanted > TRACKS_MAX) throw violation(`more than ${TRACKS_MAX} ${kind} tracks`)
    for (let i = 0; i < wanted; i++) slim(this.#connection.addTransceiver(kind, { direction: 'recvonly' }))
  }

  /** Both sides have agreed on what flows. */
  agreed(): void {
    for (const check of this.#waiting) check()
  }

  /** What flows to us, by the descriptions that both sides agreed on last. */
  incoming(): IncomingTrack[] {
    // Firefox (153) throws at the descriptions of a connection that is closed, where the specification gives the last ones.
    if (this.#connection.signalingState === 'closed') return []
    const names = streamNames(this.#connection.currentRemoteDescription?.sdp ?? '')
    return this.#connection.getTransceivers().flatMap(({ mid, currentDirection, receiver }) => {
      const name = mid === null ? undefined : names.get(mid)
      const flows = currentDirection === 'sendrecv' || currentDirection === 'recvonly'
      return name !== undefined && flows ? [{ track: receiver.track, name }] : []
    })
  }

  #addTrack(track: MediaStreamTrack, kind: TrackKind): RTCRtpSender {
    const sender = this.#connection.addTrack(track)
    for (const one of this.#of(kind)) if (one.sender === sender) slim(one)
    return sender
  }

  #of(kind: TrackKind): RTCRtpTransceiver[] {
    return this.#connection.getTransceivers().filter(({ receiver }) => receiver.track.kind === kind)
  }

  async #replace(sender: RTCRtpSender, use: Use, kind: TrackKind, track: MediaStreamTrack | null): Promise<void> {
    if (track !== null && kindOf(track) !== kind)
      throw new KithError('invalid-argument', `This takes a track of ${kind} alone: add another kind with addTrack.`)
    const before = use.track
    use.track = track
    // Without a track and not sent yet, the next addTrack of the browser would take it for free (W3C webrtc-pc §5.1).
    if (track === null) await this.#negotiated(sender)
    if (this.#uses.get(sender) !== use) throw new KithError('closed', 'This track was removed.')
    try {
      await sender.replaceTrack(track)
    } catch (cause) {
      use.track = before
      if (this.#uses.get(sender) !== use || this.#connection.signalingState === 'closed') {
        throw new KithError('closed', 'This track was removed.', { cause })
      }
      throw new KithError('invalid-argument', 'The browser does not take this track in place of the other.', { cause })
    }
  }

  /** Whether it flows has been agreed on, or it was removed. */
  #negotiated(sender: RTCRtpSender): Promise<void> {
    const transceiver = this.#connection.getTransceivers().find((one) => one.sender === sender)
    return new Promise((resolve) => {
      const check = () => {
        if (transceiver?.currentDirection === null && this.#uses.has(sender)) return
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      check()
    })
  }

  #remove(sender: RTCRtpSender, use: Use): void {
    if (this.#uses.get(sender) !== use) return
    this.#uses.delete(sender)
    this.agreed()
    if (this.#connection.signalingState === 'closed') return
    this.#connection.removeTrack(sender)
    this.#onChange()
  }
}

/**
 * Has a section offer each codec of video that we send once. Browsers list all profiles of each, most of a description: where a machine
 * has many of H.264 and H.265, TRACKS_MAX of both kinds would not fit SDP_MAX_LENGTH.
 */
function slim(transceiver: RTCRtpTransceiver): void {
  // Not there in Firefox before 128, whose lists are short.
  if (transceiver.receiver.track.kind !== 'video' || !('setCodecPreferences' in transceiver)) return
  const known = videoCodecs()
  if (!known) return
  const once = new Set(known.sent.map(({ mimeType }) => mimeType))
  const codecs = known.received.filter(
    ({ mimeType, sdpFmtpLine = '' }) => (mimeType !== 'video/H264' || H264_OF_ALL.test(sdpFmtpLine)) && once.delete(mimeType),
  )
  transceiver.setCodecPreferences(codecs)
}

function reuse(transceiver: RTCRtpTransceiver, track: MediaStreamTrack): RTCRtpSender {
  const { sender } = transceiver
  transceiver.direction = 'sendrecv'
  sender.replaceTrack(track).catch(() => {
    // The connection closed meanwhile, which ends the Media.
  })
  return sender
}

function kindOf(track: MediaStreamTrack): TrackKind {
  const kind = TRACK_KINDS.find((one) => one === (track as Partial<MediaStreamTrack> | null)?.kind)
  if (kind === undefined)
    throw new KithError('invalid-argument', 'addTrack and replace take a MediaStreamTrack, such as getUserMedia gives.')
  return kind
}
