/**
 * People with a Dialer each, carriers that lose, repeat, delay, reorder and damage, and virtual time. The same seed gives the same
 * run. After every event the rules that no schedule may break are checked (`#check…`), so each test of anything is a test of those
 * as well.
 */
import { type Bytes, utf8 } from '@kith/protocol'
import { publicKeyOf } from '../../protocol/src/identity/peer-id.ts'
import { ENVELOPE_BYTES } from '../../protocol/src/limits.ts'
import type { Millis } from '../../protocol/src/machine.ts'
import { VirtualClock } from './clock.ts'
import { Person, type Surroundings } from './dialling-person.ts'
import { type SeededRandom, seededRandom } from './random.ts'

/** Noon: no epoch boundary near. */
export const NOON = 1_795_348_800_000

export interface Network {
  /** Of a hundred envelopes, how many are lost, come twice, and are damaged on the way. */
  lossPercent: number
  repeatPercent: number
  damagePercent: number
  minDelayMs: Millis
  maxDelayMs: Millis
}

export const GOOD_NETWORK: Network = { lossPercent: 0, repeatPercent: 0, damagePercent: 0, minDelayMs: 20, maxDelayMs: 20 }

/** An envelope that was sent, whether or not it arrives. */
export interface Sent {
  readonly at: Millis
  readonly from: Person
  readonly origin: string
  readonly to: Bytes
  readonly envelope: Bytes
  readonly isLost: boolean
}

export class World implements Surroundings {
  readonly #clock: VirtualClock
  readonly random: SeededRandom
  network: Network = { ...GOOD_NETWORK }
  /** Decides about single envelopes before the network does; true: it is lost. */
  drop: (sent: Omit<Sent, 'isLost'>) => boolean = () => false
  /** Instead of the network's delay. */
  delayOf: ((sent: Omit<Sent, 'isLost'>) => Millis) | undefined
  readonly sent: Sent[] = []
  readonly people: Person[] = []
  /** Whether what was negotiated becomes a connection. */
  hasPaths = true
  /** How long ICE and DTLS take. */
  pathMs: () => Millis = () => 200
  #secrets: string[] = []

  constructor(seed: number, now: Millis = NOON) {
    this.#clock = new VirtualClock(now)
    this.random = seededRandom(seed)
  }

  get now(): Millis {
    return this.#clock.now
  }

  /** `instance`: that of a person who is there already; else a new one. */
  person(name: string, origins: readonly string[] = ['wss://relay.test'], instance: Bytes = this.random(16)): Person {
    const person = new Person(this, name, origins, instance)
    this.people.push(person)
    this.hide(publicKeyOf(person.id))
    this.hide(utf8(person.id))
    return person
  }

  /** No envelope may show this. */
  hide(secret: Uint8Array): void {
    this.#secrets.push(binary(secret))
  }

  later(afterMs: Millis, run: () => void): void {
    this.#clock.at(this.now + afterMs, run)
  }

  send(from: Person, origin: string, to: Bytes, envelope: Bytes): void {
    this.#checkEnvelope(envelope)
    const { lossPercent, repeatPercent, damagePercent, minDelayMs, maxDelayMs } = this.network
    const sent = { at: this.now, from, origin, to, envelope }
    const isLost = this.drop(sent) || this.#chance(lossPercent)
    this.sent.push({ ...sent, isLost })
    if (isLost) return
    for (let copies = this.#chance(repeatPercent) ? 2 : 1; copies > 0; copies--) {
      const arriving = envelope.slice()
      if (this.#chance(damagePercent)) {
        const at = this.random.below(arriving.length)
        arriving[at] = (arriving[at] ?? 0) ^ (1 << this.random.below(8))
      }
      const delayMs = this.delayOf?.(sent) ?? minDelayMs + this.random.below(maxDelayMs - minDelayMs + 1)
      this.later(delayMs, () => this.deliver(from, origin, to, arriving))
    }
  }

  /** To every other person who has it bound, as a relay would. */
  deliver(from: Person | undefined, origin: string, to: Bytes, envelope: Bytes): void {
    for (const person of this.people) if (person !== from) person.receive(origin, to, envelope)
  }

  /** Until `done`, or for so long. True when it came to be. */
  async run(forMs: Millis, done: () => boolean = () => false): Promise<boolean> {
    const end = this.now + forMs
    for (;;) {
      for (const person of this.people) await person.settle()
      if (done()) return true
      const next = this.#next()
      if (next === undefined || next > end) {
        this.#clock.runUntil(end)
        return done()
      }
      this.#clock.runUntil(next)
      for (const person of this.people) person.wake()
    }
  }

  #next(): Millis | undefined {
    const times = this.#clock.nextAt === undefined ? [] : [this.#clock.nextAt]
    for (const person of this.people) {
      const deadline = person.dialer.deadline()
      if (deadline === undefined) continue
      if (deadline < this.now) throw new Error(`${person.name} wants to be woken in the past`)
      times.push(deadline)
    }
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b))
  }

  #chance(percent: number): boolean {
    return percent > 0 && this.random.below(100) < percent
  }

  #checkEnvelope(envelope: Bytes): void {
    if (envelope.length !== ENVELOPE_BYTES) throw new Error(`an envelope of ${envelope.length} bytes`)
    const text = binary(envelope)
    for (const secret of this.#secrets) if (text.includes(secret)) throw new Error('an envelope that shows a secret')
  }
}

/** One character a byte: strings can be searched. */
function binary(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
