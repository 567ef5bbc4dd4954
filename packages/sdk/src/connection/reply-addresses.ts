/**
 * Fresh addresses for replies, made and bound before they are needed: drawing a key, signing for it and the relay's check take
 * some milliseconds each, which would all lie on the path of a dial. To a relay one looks like the decoys beside it, and like those none
 * that waits outlives the day or the connection: it would link two days, or two connections, that nothing else does. Nor does a second
 * relay ever see the same one.
 */
import { type AddressKeys, addressKeys, type Bytes, epochsAround } from '@kith/protocol'
import type { Carrier } from '../carriers/carrier.ts'

/** At each carrier one for a dial of ours and one for a dial to us, in the same instant. */
const SPARE = 2
/** A dial is under way: its work goes first. So long it takes until one is made up for, or let go: then a decoy takes its place. */
const LATER_MS = 500

interface Spare {
  readonly keys: AddressKeys
  readonly unbind: () => void
  readonly place: Place
  readonly era: number
  isForPresence: boolean
  onEnvelope: ((envelope: Bytes) => void) | undefined
}

/** A carrier where some are bound ahead. */
interface Place {
  readonly carrier: Carrier
  readonly spare: Spare[]
  /** For questions for presence, which are many: each is used again, for to bind it anew costs the relay more than the question. Who
   *  is asked knows who asks, and a relay sees which socket does. */
  readonly questions: Spare[]
  /** Counts days and connections: what is of an earlier one is not used again. */
  era: number
}

export class ReplyAddresses {
  readonly #places: ReadonlyMap<string, Place>
  readonly #find: (origin: string) => Carrier | undefined
  /** Handed out by `take`, and not yet claimed by `bind`. */
  readonly #taken = new Map<AddressKeys, Spare>()
  /** Claimed for a question that is under way. */
  readonly #asking = new Set<Spare>()
  /** For a question by way of a foreign relay. */
  readonly #foreign = new WeakSet<AddressKeys>()
  /** Addresses that are still bound, though no dial listens to them any more. */
  readonly #leaving: (() => void)[] = []
  readonly #stops: (() => void)[] = []
  #day = today()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** @param carriers where spare ones are bound; `find`: those and any others, by origin. */
  constructor(carriers: readonly Carrier[], find: (origin: string) => Carrier | undefined) {
    const places = carriers.map((carrier): Place => ({ carrier, spare: [], questions: [], era: 0 }))
    this.#places = new Map(places.map((place) => [place.carrier.origin, place]))
    this.#find = find
    for (const place of places) {
      const stops = [place.carrier.onLost?.(() => this.#renew(place)), place.carrier.onConnect?.(() => this.refresh())]
      for (const stop of stops) if (stop) this.#stops.push(stop)
    }
    this.#fill()
  }

  /** Whether another day has begun is looked at anew. */
  refresh(): void {
    const day = today()
    if (day === this.#day) return
    this.#day = day
    for (const place of this.#places.values()) this.#renew(place)
  }

  /** At a carrier where none is bound ahead it is bound once it is claimed, and never used again. */
  take(origin: string, isForPresence = false): AddressKeys {
    this.refresh()
    const place = this.#places.get(origin)
    if (!place) {
      const keys = addressKeys(random())
      if (isForPresence) this.#foreign.add(keys)
      return keys
    }
    const spare = (isForPresence ? place.questions : place.spare).shift() ?? this.#make(place)
    spare.isForPresence = isForPresence
    this.#taken.set(spare.keys, spare)
    if (!isForPresence) this.#later()
    return spare.keys
  }

  /** From now on envelopes to one that was taken are handed on. Returns the undoing: none is from then on. */
  bind({ origin, keys }: { origin: string; keys: AddressKeys }, onEnvelope: (envelope: Bytes) => void): () => void {
    const spare = this.#taken.get(keys)
    this.#taken.delete(keys)
    let isHeard = true
    const hand = (envelope: Bytes) => {
      if (isHeard) onEnvelope(envelope)
    }
    if (spare) spare.onEnvelope = hand
    if (spare?.isForPresence) this.#asking.add(spare)
    const carrier = spare ? undefined : this.#find(origin)
    const unbind = spare ? spare.unbind : carrier?.bind(keys, hand)
    const stop = unbind && this.#foreign.has(keys) ? carrier?.onLost?.(unbind) : undefined
    return () => {
      if (!isHeard) return
      isHeard = false
      stop?.()
      if (spare) this.#asking.delete(spare)
      if (spare?.isForPresence && spare.era === spare.place.era && !this.#isClosed) spare.place.questions.push(spare)
      else if (unbind) this.#leaving.push(unbind)
      this.#later()
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const stop of this.#stops.splice(0)) stop()
    this.#letGo()
    for (const { spare, questions } of this.#places.values()) release([...spare.splice(0), ...questions.splice(0)])
    release(this.#taken.values())
    this.#taken.clear()
  }

  /** Lets go of all but what dials wait for, which goes when they are done. A question is asked again. */
  #renew(place: Place): void {
    if (this.#isClosed) return
    place.era += 1
    this.#letGo()
    release([...place.spare.splice(0), ...place.questions.splice(0)])
    release([...this.#asking].filter((spare) => spare.place === place))
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
    for (const place of this.#places.values()) while (place.spare.length < SPARE) place.spare.push(this.#make(place))
  }

  #make(place: Place): Spare {
    const keys = addressKeys(random())
    const { carrier, era } = place
    const unbind = carrier.bind(keys, (envelope) => spare.onEnvelope?.(envelope))
    const spare: Spare = { keys, unbind, place, era, isForPresence: false, onEnvelope: undefined }
    return spare
  }
}

const random = () => crypto.getRandomValues(new Uint8Array(32))

function today(): number | undefined {
  return epochsAround(Date.now())[0]
}

function release(spares: Iterable<Spare>): void {
  for (const { unbind } of spares) unbind()
}
