/** An accepted call: sends what I capture, and holds the tracks that they send. */
import type { Connection, ConnectionStats, LocalTrack, Media, Stream } from '@kith/sdk'
import { codeOf } from '../people/error-code.ts'
import { Value } from '../ui/observable.ts'
import type { Capture } from './capture.ts'
import { exchangeStates, type SelfState } from './self-state.ts'

/** Theirs, as far as they send it. */
export interface Remote {
  readonly stream: MediaStream | undefined
  readonly picture: MediaStreamTrack | undefined
  readonly sound: MediaStreamTrack | undefined
}

/** How it goes, as the SDK measures it. */
export type Measured = Pick<ConnectionStats, 'quality' | 'roundTripMs' | 'lossRatio'>

const MEASURE_EVERY_MS = 2_000

export class LiveCall {
  readonly media: Media
  readonly caller: 'me' | 'them'
  /** In milliseconds since 1970. */
  readonly startedAt = Date.now()
  readonly remote = new Value<Remote>({ stream: undefined, picture: undefined, sound: undefined })
  /** Their state of microphone and picture; undefined until they send it. */
  readonly theirs = new Value<SelfState | undefined>(undefined)
  readonly state: Value<Connection['state']>
  readonly path: Value<Connection['path']>
  readonly measured = new Value<Measured | undefined>(undefined)
  readonly #picture: Sending
  readonly #sound: Sending
  readonly #undo: (() => void)[]
  readonly #capture: Capture
  #states: Stream | undefined
  #lastQuality: Measured['quality'] | undefined
  #isOver = false

  constructor(media: Media, caller: LiveCall['caller'], capture: Capture) {
    this.media = media
    this.caller = caller
    this.#capture = capture
    const { connection } = media
    this.state = new Value(connection.state)
    this.path = new Value(connection.path)
    this.#picture = new Sending(media)
    this.#sound = new Sending(media)
    const send = () => {
      this.#picture.send(capture.picture)
      this.#sound.send(capture.microphone.track)
    }
    const look = () => this.#look()
    const timer = setInterval(() => this.#measure().catch(reportError), MEASURE_EVERY_MS)
    this.#undo = [
      capture.camera.state.on(send),
      capture.microphone.state.on(send),
      capture.screen.on(send),
      media.on('track', look),
      media.on('trackended', look),
      connection.on('state', (state) => this.state.set(state)),
      connection.on('path', (path) => this.path.set(path)),
      () => clearInterval(timer),
    ]
    send()
    look()
    this.#measure().catch(reportError)
  }

  /** The stream of `/call/state/v1`; of two, the newer. */
  async exchangeStates(stream: Stream): Promise<void> {
    this.#states?.reset()
    this.#states = stream
    if (this.#isOver) stream.reset()
    await exchangeStates(stream, this.#capture.self, (state) => {
      if (this.#states === stream) this.theirs.set(state)
    })
  }

  end(): void {
    this.#isOver = true
    this.#states?.reset()
    for (const undo of this.#undo) undo()
    this.media.close()
  }

  #look(): void {
    const tracks = this.media.remoteTracks
    const of = (kind: string) => tracks.filter(({ track }) => track.kind === kind).at(-1)
    const picture = of('video')
    const sound = of('audio')
    // One stream for the element that plays both; it stays the same for as long as the call lasts.
    const stream = picture?.stream ?? sound?.stream ?? this.remote.get().stream
    this.remote.set({ stream, picture: picture?.track, sound: sound?.track })
  }

  async #measure(): Promise<void> {
    try {
      const { quality, roundTripMs, lossRatio } = await this.media.connection.getStats()
      // Near a threshold it changes with every reading: only two equal readings change what is shown.
      const shown = this.measured.get()?.quality ?? quality
      this.measured.set({ quality: quality === this.#lastQuality ? quality : shown, roundTripMs, lossRatio })
      this.#lastQuality = quality
    } catch (error) {
      // The connection is over, which its state shows.
      if (codeOf(error) !== 'closed') throw error
    }
  }
}

/** Sends one track, and replaces it without a new announcement. */
class Sending {
  readonly #media: Media
  #wanted: MediaStreamTrack | undefined
  #sent: { readonly track: MediaStreamTrack; readonly local: LocalTrack } | undefined
  #isBusy = false

  constructor(media: Media) {
    this.#media = media
  }

  send(track: MediaStreamTrack | undefined): void {
    this.#wanted = track
    if (!this.#isBusy) this.#follow().catch(reportError)
  }

  async #follow(): Promise<void> {
    this.#isBusy = true
    try {
      while (this.#sent?.track !== this.#wanted) await this.#exchange(this.#wanted)
    } catch (error) {
      // The call ended meanwhile, and with it the track.
      if (codeOf(error) !== 'closed') throw error
    } finally {
      this.#isBusy = false
    }
  }

  async #exchange(track: MediaStreamTrack | undefined): Promise<void> {
    const local = this.#sent?.local
    if (!track) {
      // Removed, not replaced by null, so that the other side sees that there is no picture.
      this.#sent = undefined
      local?.remove()
    } else if (local) {
      await local.replace(track)
      this.#sent = { track, local }
    } else this.#sent = { track, local: this.#media.addTrack(track) }
  }
}
