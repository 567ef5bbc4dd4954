/** What others see and hear of me: camera, microphone, and the screen instead of the camera; and the speaker that plays them. */
import { Value } from '../ui/observable.ts'
import { Device } from './device.ts'
import { keepPreferences, readPreferences } from './preferences.ts'
import type { SelfState } from './self-state.ts'
import { Speaker } from './speaker.ts'

export class Capture {
  readonly camera: Device
  readonly microphone: Device
  readonly speaker: Speaker
  readonly screen = new Value<MediaStreamTrack | undefined>(undefined)
  /** What the other side of a call receives about it. */
  readonly self: Value<SelfState>
  #isOpen = false
  readonly #look = () => {
    for (const device of [this.camera, this.microphone, this.speaker]) device.look().catch(reportError)
  }

  constructor(profile: string) {
    const preferences = readPreferences(profile)
    this.camera = new Device('camera', preferences.camera)
    this.microphone = new Device('microphone', preferences.microphone)
    this.speaker = new Speaker(preferences.speaker)
    const keep = () =>
      keepPreferences(profile, {
        camera: { isOn: this.camera.isOn.get(), deviceId: this.camera.chosen.get() },
        microphone: { isOn: this.microphone.isOn.get(), deviceId: this.microphone.chosen.get() },
        speaker: this.speaker.chosen.get(),
      })
    this.self = new Value(this.#lookAtSelf())
    this.speaker.chosen.on(keep)
    const updateSelf = () => {
      const before = this.self.get()
      const now = this.#lookAtSelf()
      if (now.microphone !== before.microphone || now.picture !== before.picture) this.self.set(now)
    }
    this.screen.on(updateSelf)
    for (const { isOn, chosen, state } of [this.camera, this.microphone]) {
      isOn.on(keep)
      chosen.on(keep)
      isOn.on(updateSelf)
      state.on(updateSelf)
    }
  }

  /** A device that is being opened counts as on, one that failed as off. */
  #lookAtSelf(): SelfState {
    return {
      microphone: this.microphone.isActive,
      picture: this.screen.get() ? 'screen' : this.camera.isActive ? 'camera' : 'none',
    }
  }

  /** The screen goes before the camera. */
  get picture(): MediaStreamTrack | undefined {
    return this.screen.get() ?? this.camera.track
  }

  /** Settles when each is open or has failed; failing is a state, not an error. */
  async open(): Promise<void> {
    if (!this.#isOpen) navigator.mediaDevices.addEventListener('devicechange', this.#look)
    this.#isOpen = true
    const { camera, microphone } = this
    if (camera.isWanted && microphone.isWanted) {
      // One permission prompt for both; where it fails, one request for each.
      const both = navigator.mediaDevices.getUserMedia({ video: camera.constraints, audio: microphone.constraints })
      await Promise.all([
        camera.open(() => both.catch(() => camera.ask())),
        microphone.open(() => both.catch(() => microphone.ask())),
      ])
    } else await Promise.all([camera.open(), microphone.open()])
    // Browsers list audio outputs only after access to a microphone.
    await this.speaker.look()
  }

  close(): void {
    this.#isOpen = false
    navigator.mediaDevices.removeEventListener('devicechange', this.#look)
    this.stopSharing()
    this.camera.close()
    this.microphone.close()
  }

  /** Resolves with whether the screen is shared now: false where the person chose none. */
  async shareScreen(): Promise<boolean> {
    let track: MediaStreamTrack | undefined
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 30 } } })
      track = stream.getVideoTracks()[0]
    } catch (error) {
      if (error instanceof DOMException) return false
      throw error
    }
    if (!track) return false
    if (!this.#isOpen) {
      track.stop()
      return false
    }
    // Prefer sharp text to smooth motion.
    track.contentHint = 'detail'
    track.addEventListener('ended', () => {
      if (this.screen.get() === track) this.stopSharing()
    })
    this.screen.set(track)
    return true
  }

  stopSharing(): void {
    const track = this.screen.get()
    this.screen.set(undefined)
    track?.stop()
  }
}
