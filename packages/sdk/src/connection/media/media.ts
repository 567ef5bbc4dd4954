/** Live tracks with one remote: ours on their way, theirs as they come. */
import { KithError, LABEL_MAX_LENGTH, LABELS_MAX, violation } from '@kith/protocol'
import type { LocalTrack, Media, RemoteTrack, Stop } from '../../api.ts'
import type { OutgoingTrack, Transceivers } from '../../path/webrtc/transceivers.ts'
import { type Deferred, deferred } from '../../runtime/deferred.ts'
import { Emitter } from '../../runtime/events.ts'
import { CallHandle, type CallHandleOptions, settle } from './call-handle.ts'
import { type StreamMessage, streamName } from './stream-messages.ts'

interface MediaEvents {
  track: RemoteTrack
  trackended: RemoteTrack
}

export interface MediaOptions extends CallHandleOptions {
  readonly tracks: Transceivers
  readonly onEnd: () => void
}

/** A track that flows, and which of the remote's labels it goes by. */
export interface LabelledTrack {
  readonly track: MediaStreamTrack
  readonly n: number
}

export class LiveMedia extends CallHandle implements Media {
  readonly #options: MediaOptions
  readonly #closed: Deferred<void>
  readonly #events = new Emitter<MediaEvents>()
  /** Ours, and the number that each goes by. */
  readonly #labels = new Map<string, number>()
  readonly #outgoing = new Set<OutgoingTrack>()
  /** Theirs by its number; a label may come before its tracks or after them. */
  readonly #remoteLabels = new Map<number, string>()
  /** For as long as there is the Media, so that a page sets `srcObject` once. */
  readonly #streams = new Map<string, MediaStream>()
  #incoming: readonly LabelledTrack[] = []
  #remoteTracks: readonly RemoteTrack[] = []
  #hasEnded = false

  constructor(options: MediaOptions) {
    const closed = deferred<void>()
    super(options, closed.promise)
    this.#options = options
    this.#closed = closed
    const { signaling } = options
    signaling.listener = {
      heard: (message) => this.#heard(message),
      over: (error) => {
        signaling.end()
        this.#end(error)
      },
    }
  }

  get remoteTracks(): readonly RemoteTrack[] {
    return this.#remoteTracks
  }

  on<E extends keyof MediaEvents>(event: E, listener: (payload: MediaEvents[E]) => unknown): Stop {
    return this.#events.on(event, listener)
  }

  addTrack(track: MediaStreamTrack, { label = 'camera' }: { label?: string } = {}): LocalTrack {
    if (this.#hasEnded) throw new KithError('closed', 'This call has ended.')
    if (typeof label !== 'string' || label.length > LABEL_MAX_LENGTH) {
      throw new KithError('invalid-argument', `A label must be a text of at most ${LABEL_MAX_LENGTH} UTF-16 units.`)
    }
    const known = this.#labels.get(label)
    const n = known ?? this.#labels.size
    if (n >= LABELS_MAX) throw new KithError('too-many', `A call has ${LABELS_MAX} labels at most: use one of them again.`)
    const { signaling, tracks } = this.#options
    const outgoing = tracks.add(track, streamName(signaling.stream.id, n))
    this.#outgoing.add(outgoing)
    if (known === undefined) {
      this.#labels.set(label, n)
      signaling.say({ type: 'label', n, label })
    }
    return {
      sender: outgoing.sender,
      replace: (next) => outgoing.replace(next),
      remove: () => {
        this.#outgoing.delete(outgoing)
        outgoing.remove()
      },
    }
  }

  close(): void {
    if (this.#hasEnded) return
    this.#options.signaling.end()
    this.#end(undefined)
  }

  /** All that flows for this Media now. */
  flow(incoming: readonly LabelledTrack[]): void {
    this.#incoming = incoming
    this.#update()
  }

  #heard(message: StreamMessage): void {
    if (message.type !== 'label') throw violation(`${message.type} out of turn`)
    const { n, label } = message
    if (this.#remoteLabels.has(n)) throw violation('a label that was given already')
    this.#remoteLabels.set(n, label)
    this.#update()
  }

  /** Emits tracks that came or went. */
  #update(): void {
    const isSame = ({ track, label }: RemoteTrack, one: LabelledTrack) =>
      one.track === track && this.#remoteLabels.get(one.n) === label
    for (const remote of this.#remoteTracks) {
      if (!this.#incoming.some((one) => isSame(remote, one))) this.#gone(remote)
    }
    for (const one of this.#incoming) {
      const label = this.#remoteLabels.get(one.n)
      if (label !== undefined && !this.#remoteTracks.some((remote) => isSame(remote, one))) this.#came(one.track, label)
    }
  }

  #came(track: MediaStreamTrack, label: string): void {
    // A listener may have ended it.
    if (this.#hasEnded) return
    const stream = this.#streams.get(label) ?? new MediaStream()
    this.#streams.set(label, stream)
    stream.addTrack(track)
    const remote = { track, label, stream, from: this.remote }
    this.#remoteTracks = [...this.#remoteTracks, remote]
    this.#events.emit('track', remote)
  }

  #gone(remote: RemoteTrack): void {
    if (!this.#remoteTracks.includes(remote)) return
    this.#remoteTracks = this.#remoteTracks.filter((one) => one !== remote)
    remote.stream.removeTrack(remote.track)
    this.#events.emit('trackended', remote)
  }

  #end(error: KithError | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    for (const outgoing of this.#outgoing) outgoing.remove()
    this.#outgoing.clear()
    this.#incoming = []
    this.#update()
    settle(this.#closed, error)
    this.#options.onEnd()
  }
}
