/** The audio output that plays the other side, where the browser lets a page choose one. */
import { Value } from '../ui/observable.ts'
import { type DeviceChoice, listDevices } from './device.ts'

/** A media element or an AudioContext. */
interface Sink {
  setSinkId(id: string): Promise<void>
}

/** The system's default output, for `setSinkId` (W3C audio-output §2.2). */
const SYSTEM = ''

export class Speaker {
  readonly choices = new Value<readonly DeviceChoice[]>([])
  readonly chosen: Value<string | undefined>

  constructor(deviceId: string | undefined) {
    this.chosen = new Value(deviceId)
  }

  /** Lists the outputs; none where the browser does not let a page choose. */
  async look(): Promise<void> {
    if ('setSinkId' in HTMLMediaElement.prototype) this.choices.set(await listDevices('audiooutput'))
  }

  /** Plays `sink` on the chosen output, or on the system's default where that is missing. Returns a function that ends it. */
  drive(sink: Sink): () => void {
    if (!('setSinkId' in sink)) return () => {}
    const follow = () => {
      const chosen = this.chosen.get()
      const isThere = this.choices.get().some(({ id }) => id === chosen)
      sink.setSinkId(isThere && chosen !== undefined ? chosen : SYSTEM).catch((error: unknown) => {
        // The output was just unplugged ('NotFoundError'), and the list follows; or the browser forbids it, and the output stays.
        if (!(error instanceof DOMException)) throw error
      })
    }
    const undo = [this.chosen.on(follow), this.choices.on(follow)]
    follow()
    return () => {
      for (const one of undo) one()
    }
  }
}
