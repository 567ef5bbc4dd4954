/** Where the other side is heard: one of the outputs of this computer, where the browser lets a page choose. */
import { Value } from '../ui/observable.ts'
import { type DeviceChoice, listDevices } from './device.ts'

/** The element that plays, or the context that rings. */
interface Sink {
  setSinkId(id: string): Promise<void>
}

/** What `setSinkId` takes for whichever the system uses (W3C audio-output §2.2). */
const SYSTEM = ''

export class Speaker {
  readonly choices = new Value<readonly DeviceChoice[]>([])
  readonly chosen: Value<string | undefined>

  constructor(deviceId: string | undefined) {
    this.chosen = new Value(deviceId)
  }

  /** Which ones there are; none where the browser lets no page choose. */
  async look(): Promise<void> {
    if ('setSinkId' in HTMLMediaElement.prototype) this.choices.set(await listDevices('audiooutput'))
  }

  /** Lets it play where it was chosen; where that one is gone, where the system plays. Returns the end of it. */
  drive(sink: Sink): () => void {
    if (!('setSinkId' in sink)) return () => {}
    const follow = () => {
      const chosen = this.chosen.get()
      const isThere = this.choices.get().some(({ id }) => id === chosen)
      sink.setSinkId(isThere && chosen !== undefined ? chosen : SYSTEM).catch((error: unknown) => {
        // It went a moment ago ('NotFoundError'): the list will say so. Or the browser forbids it: it plays where it did.
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
