/**
 * Fresh addresses for replies, made and bound before they are needed: drawing a key, signing for it and the relay's check take
 * some milliseconds each, which would all lie on the path of a dial. To a relay one looks like the decoys beside it, and like those none
 * that waits outlives the day or the connection: it would link two days, or two connections, that nothing else does.
 */
import { type AddressKeys, addressKeys, type Bytes, epochsAround } from '@kith/protocol'
import type { Carrier } from './carriers/carrier.ts'

/** One for a dial of ours and one for a dial to us, in the same instant. */
const SPARE = 2
/** A dial is under way: its work goes first. So long it takes until one is made up for, or let go: then a decoy takes its place. */
const LATER_MS = 500

type OnEnvelope = (origin: string, envelope: Bytes) => void

interface Spare {
  readonly keys: AddressKeys
  readonly unbind: ReadonlyMap<string, () => void>
  readonly era: number
  onEnvelope: OnEnvelope | undefined
}

export class ReplyAddresses {
  readonly #carriers: readonly Carrier[]
  readonly #find: (origin: string) => Carrier | undefined
  readonly #spare: Spare[] = []
  /** Handed out by `take`, and not yet claimed by `bind`. */
  readonly #taken = new Map<AddressKeys, Spare>()
  /** For questions for presence, which are many: each is used again, for to bind it anew costs the relay more than the question. Who
   *  is asked knows who asks, and a relay sees which socket does. */
  readonly #questions: Spare[] = []
  readonly #isForPresence = new WeakSet<Spare>()
  /** What nobody listens to any more, and is still bound. */
  readonly #leaving: (() => void)[] = []
  readonly #stops: (() => void)[] = []
  /** Counts days and connections: what is of an earlier one is not used again. */
  #era = 0
  #day = today()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** @param carriers where spare ones are bound; `find`: those and any others, by origin. */
  constructor(carriers: readonly Carrier[], find: (origin: string) => Carrier | undefined) {
    this.#carriers = carriers
    this.#find = find
    for (const carrier of carriers) {
      const stop = carrier.onLost?.(() => this.#renew())
      if (stop) this.#stops.push(stop)
    }
    this.#fill()
  }

  /** Whether another day has begun is looked at anew. */
  refresh(): void {
    const day = today()
    if (day === this.#day) return
    this.#day = day
    this.#renew()
  }

  take(isForPresence = false): AddressKeys {
    this.refresh()
    const spare = (isForPresence ? this.#questions : this.#spare).shift() ?? this.#make()
    this.#taken.set(spare.keys, spare)
    if (isForPresence) this.#isForPresence.add(spare)
    else this.#later()
    return spare.keys
  }

  /** From now on envelopes to one that was taken are handed on, from these carriers only. Returns the undoing: none is from then on. */
  bind(keys: AddressKeys, origins: readonly string[], onEnvelope: OnEnvelope): () => void {
    const spare = this.#taken.get(keys)
    this.#taken.delete(keys)
    let isHeard = true
    const hand: OnEnvelope = (origin, envelope) => {
      if (isHeard && origins.includes(origin)) onEnvelope(origin, envelope)
    }
    if (spare) spare.onEnvelope = hand
    const others = origins
      .filter((origin) => !spare?.unbind.has(origin))
      .map((origin) => this.#find(origin)?.bind(keys, (envelope) => hand(origin, envelope)))
    return () => {
      if (!isHeard) return
      isHeard = false
      const isKept = spare !== undefined && this.#isForPresence.has(spare) && spare.era === this.#era && !this.#isClosed
      if (isKept) this.#questions.push(spare)
      this.#leaving.push(() => {
        if (spare && !isKept) release(spare)
        for (const unbind of others) unbind?.()
      })
      this.#later()
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const stop of this.#stops.splice(0)) stop()
    this.#letGo()
    for (const spare of [...this.#spare, ...this.#questions, ...this.#taken.values()]) release(spare)
    this.#spare.length = 0
    this.#questions.length = 0
    this.#taken.clear()
  }

  /** Lets go of all that nobody waits for; what is in use goes when it is done with. */
  #renew(): void {
    if (this.#isClosed) return
    this.#era += 1
    this.#letGo()
    for (const spare of [...this.#spare.splice(0), ...this.#questions.splice(0)]) release(spare)
    this.#later()
  }

  #later(): void {
    if (this.#isClosed) this.#letGo()
    else this.#timer ??= setTimeout(() => this.#makeUp(), LATER_MS)
  }

  #makeUp(): void {
    this.#timer = undefined
    this.#letGo()
    this.#fill()
  }

  #letGo(): void {
    for (const leave of this.#leaving.splice(0)) leave()
  }

  #fill(): void {
    while (this.#spare.length < SPARE) this.#spare.push(this.#make())
  }

  #make(): Spare {
    const keys = addressKeys(crypto.getRandomValues(new Uint8Array(32)))
    const unbind = new Map<string, () => void>()
    const spare: Spare = { keys, unbind, era: this.#era, onEnvelope: undefined }
    for (const carrier of this.#carriers) {
      unbind.set(
        carrier.origin,
        carrier.bind(keys, (envelope) => spare.onEnvelope?.(carrier.origin, envelope)),
      )
    }
    return spare
  }
}

function today(): number | undefined {
  return epochsAround(Date.now())[0]
}

function release({ unbind }: Spare): void {
  for (const undo of unbind.values()) undo()
}
