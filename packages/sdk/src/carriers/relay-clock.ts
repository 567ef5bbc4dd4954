import { CLOCK_SKEW_MAX_MS, KithError } from '@kith/protocol'
import { now } from '../runtime/driver.ts'

const HOUR_MS = 3_600_000

/** A clock that was set, or a device that slept: what was compared before says nothing any more. */
const SET_MS = 60_000

/**
 * How far this device's clock is off, by a relay's. Addresses follow the day, so with a wrong clock contacts miss each other and a
 * fresh invitation has expired. A relay may lie: it is only ever said, never acted upon.
 */
export class RelayClock {
  /** Once there is something to go by. */
  readonly known: Promise<void>
  #settleKnown = () => {}
  #compared: { readonly aheadMs: number; readonly drift: number } | undefined

  constructor() {
    this.known = new Promise((resolve) => {
      this.#settleKnown = resolve
    })
  }

  /** `time`: the relay's, at this moment. */
  compare(time: number): void {
    this.#compared = { aheadMs: Date.now() - time, drift: Date.now() - now() }
    this.#settleKnown()
  }

  /** How far ahead ours is, negative for behind; undefined where it is not known, or too little to matter. */
  get aheadMs(): number | undefined {
    if (this.#compared === undefined) return undefined
    const { aheadMs, drift } = this.#compared
    if (Math.abs(Date.now() - now() - drift) > SET_MS || Math.abs(aheadMs) <= CLOCK_SKEW_MAX_MS) return undefined
    return aheadMs
  }
}

/** For a person. `aheadMs` as RelayClock has it. */
export function clockSentence(aheadMs: number): string {
  const hours = Math.round(Math.abs(aheadMs) / HOUR_MS)
  const far = hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
  return `This device’s clock is ${far} ${aheadMs > 0 ? 'ahead of' : 'behind'} the relay’s. Set it: contacts find each other by the day.`
}

export function wrongClock(aheadMs: number): KithError {
  return new KithError('unsupported-environment', clockSentence(aheadMs))
}
