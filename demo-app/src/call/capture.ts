/** What of me others may see and hear: camera, microphone, and the screen instead of the camera. */
import { Value } from '../observable.ts'
import { Device } from './device.ts'
import { keepPreferences, readPreferences } from './preferences.ts'

export class Capture {
  readonly camera: Device
  readonly microphone: Device
  readonly screen = new Value<MediaStreamTrack | undefined>(undefined)
  #isOpen = false
  readonly #look = () => {
    for (const device of [this.camera, this.microphone]) device.look().catch(reportError)
  }

  constructor(profile: string) {
    const preferences = readPreferences(profile)
    this.camera = new Device('camera', preferences.camera)
    this.microphone = new Device('microphone', preferences.microphone)
    const keep = () =>
      keepPreferences(profile, {
        camera: { isOn: this.camera.isOn.get(), deviceId: this.camera.chosen.get() },
        microphone: { isOn: this.microphone.isOn.get(), deviceId: this.microphone.chosen.get() },
      })
    for (const { isOn, chosen } of [this.camera, this.microphone]) {
      isOn.on(keep)
      chosen.on(keep)
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
    if (!camera.isWanted || !microphone.isWanted) {
      await Promise.all([camera.open(), microphone.open()])
      return
    }
    // One question for both where the browser asks; where one of them cannot be had, each by itself.
    const both = navigator.mediaDevices.getUserMedia({ video: camera.constraints, audio: microphone.constraints })
    await Promise.all([
      camera.open(() => both.catch(() => camera.ask())),
      microphone.open(() => both.catch(() => microphone.ask())),
    ])
  }

  close(): void {
    this.#isOpen = false
    navigator.mediaDevices.removeEventListener('devicechange', this.#look)
    this.stopSharing()
    this.camera.close()
    this.microphone.close()
  }

  /** Resolves with whether it is shared now: choosing nothing is an answer. */
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
    // Text that can be read goes before motion that flows.
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
