/** My camera or my microphone: opened for a call, switched on and off, changed, and replaced when it is unplugged. */
import { Value } from '../ui/observable.ts'
import type { DeviceKind, DevicePreference } from './preferences.ts'

/** Why it cannot be opened: permission was denied, there is no such device, or another program uses it. */
export type DeviceTrouble = 'refused' | 'absent' | 'in-use'

export type DeviceState =
  | { readonly is: 'closed' }
  | { readonly is: 'opening' }
  | { readonly is: 'open'; readonly track: MediaStreamTrack }
  | { readonly is: 'failed'; readonly why: DeviceTrouble }

export interface DeviceChoice {
  readonly id: string
  /** '' until the page has permission. */ readonly label: string
}

export interface DeviceReplaced {
  /** As the browser calls it; undefined where there is no other. */ readonly by: string | undefined
}

/** What most cameras have and most networks carry; WebRTC sends less where it must. */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } satisfies MediaTrackConstraints

export class Device {
  readonly kind: DeviceKind
  readonly state = new Value<DeviceState>({ is: 'closed' })
  /** What the person chose. A microphone that is off stays open and silent, so that it can be on at once; a camera that is off is
   *  closed, so that its light is off. */
  readonly isOn: Value<boolean>
  readonly choices = new Value<readonly DeviceChoice[]>([])
  readonly chosen: Value<string | undefined>
  /** The one in use was unplugged, and what took its place. */
  readonly replaced = new Value<DeviceReplaced | undefined>(undefined)
  #isNeeded = false
  /** Results of earlier attempts are dropped. */
  #attempt = 0

  constructor(kind: DeviceKind, { isOn, deviceId }: DevicePreference) {
    this.kind = kind
    this.isOn = new Value(isOn)
    this.chosen = new Value(deviceId)
  }

  get track(): MediaStreamTrack | undefined {
    const state = this.state.get()
    return state.is === 'open' ? state.track : undefined
  }

  /** Switched on, and there as far as is known. */
  get isActive(): boolean {
    return this.isOn.get() && this.state.get().is !== 'failed'
  }

  get constraints(): MediaTrackConstraints {
    const deviceId = this.chosen.get()
    const choices = this.choices.get()
    const isThere = choices.length === 0 || choices.some(({ id }) => id === deviceId)
    // 'exact', since Chromium takes its default microphone for an 'ideal' other one.
    return { ...this.#anyOne, ...(deviceId !== undefined && isThere ? { deviceId: { exact: deviceId } } : {}) }
  }

  get #anyOne(): MediaTrackConstraints {
    return this.kind === 'camera' ? CAMERA : {}
  }

  /** Whether a call has to open it. */
  get isWanted(): boolean {
    return this.track === undefined && (this.kind === 'microphone' || this.isOn.get())
  }

  /** @param ask requests the stream, when both devices are requested together. */
  async open(ask = () => this.ask()): Promise<void> {
    this.#isNeeded = true
    if (this.isWanted) await this.#acquire(ask)
    else await this.#list()
  }

  close(): void {
    this.#isNeeded = false
    this.#release({ is: 'closed' })
  }

  async switch(isOn: boolean): Promise<void> {
    this.isOn.set(isOn)
    if (!this.#isNeeded) return
    if (this.kind === 'camera' && !isOn) this.#release({ is: 'closed' })
    else if (this.track) this.track.enabled = isOn
    else if (isOn) await this.#acquire()
  }

  async choose(id: string): Promise<void> {
    this.chosen.set(id)
    if (this.#isNeeded && (this.kind === 'microphone' || this.isOn.get())) await this.#acquire()
  }

  /** Devices came or went. */
  async look(): Promise<void> {
    await this.#list()
    const state = this.state.get()
    if (!this.#isNeeded) return
    const choices = this.choices.get()
    if (state.is === 'failed' && state.why !== 'refused' && choices.length > 0) await this.#acquire()
    if (this.#isGone(this.track)) await this.#replace()
  }

  /** Settles with a stream that has a track of this kind. */
  async ask(): Promise<MediaStream> {
    const askFor = (constraints: MediaTrackConstraints) =>
      navigator.mediaDevices.getUserMedia({ [this.kind === 'camera' ? 'video' : 'audio']: constraints })
    const wished = this.constraints
    try {
      return await askFor(wished)
    } catch (error) {
      // The chosen device is missing: take any other one. A denied permission holds for all of them.
      if (wished.deviceId === undefined || troubleOf(error) === 'refused') throw error
      return await askFor(this.#anyOne)
    }
  }

  async #list(): Promise<void> {
    this.choices.set(await listDevices(this.kind === 'camera' ? 'videoinput' : 'audioinput'))
  }

  #isGone(track: MediaStreamTrack | undefined): boolean {
    const used = track?.getSettings().deviceId
    return used !== undefined && !this.choices.get().some(({ id }) => id === used)
  }

  async #replace(): Promise<void> {
    if (await this.#acquire()) this.replaced.set({ by: this.track?.label })
  }

  /** Resolves with false where a later attempt has replaced this one. */
  async #acquire(ask = () => this.ask()): Promise<boolean> {
    this.#attempt += 1
    const attempt = this.#attempt
    if (!this.track) this.state.set({ is: 'opening' })
    try {
      const stream = await ask()
      const [track] = this.kind === 'camera' ? stream.getVideoTracks() : stream.getAudioTracks()
      if (!track) throw new DOMException('The browser gave no track.', 'NotFoundError')
      if (attempt !== this.#attempt) {
        track.stop()
        return false
      }
      this.#use(track)
      await this.#list()
    } catch (error) {
      if (attempt !== this.#attempt) return false
      this.#release({ is: 'failed', why: troubleOf(error) })
    }
    return true
  }

  #use(track: MediaStreamTrack): void {
    const before = this.track
    if (this.kind === 'microphone') track.enabled = this.isOn.get()
    // Unplugged, or permission was revoked in the browser's settings.
    track.addEventListener('ended', () => {
      if (this.track === track) this.#ended(track).catch(reportError)
    })
    this.state.set({ is: 'open', track })
    before?.stop()
  }

  async #ended(track: MediaStreamTrack): Promise<void> {
    await this.#list()
    // A 'devicechange' may have replaced it meanwhile.
    if (this.track !== track) return
    if (this.#isGone(track)) await this.#replace()
    else await this.#acquire()
  }

  #release(state: DeviceState): void {
    this.#attempt += 1
    const before = this.track
    this.state.set(state)
    before?.stop()
  }
}

/** Those that can be chosen now. */
export async function listDevices(kind: MediaDeviceKind): Promise<DeviceChoice[]> {
  const devices = await navigator.mediaDevices.enumerateDevices()
  // Without permission the browser lists one device without an id, or none.
  const known = devices.filter((one) => one.kind === kind && one.deviceId !== '')
  return known.map(({ deviceId, label }) => ({ id: deviceId, label }))
}

function troubleOf(error: unknown): DeviceTrouble {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused'
    case 'NotReadableError':
    case 'AbortError':
      return 'in-use'
    default:
      return 'absent'
  }
}
