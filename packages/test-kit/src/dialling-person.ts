/** One person with a Dialer: does what it asks for, and keeps account of what became of each dial. */
import { equal, hex, utf8 } from '../../protocol/src/bytes/bytes.ts'
import type { Candidate } from '../../protocol/src/dial/candidate.ts'
import type { TransportDescription } from '../../protocol/src/dial/description.ts'
import { Dialer } from '../../protocol/src/dial/dialer.ts'
import type { DialInput, DialOutput, DialPeer, Doorstep, Reply, Verdict } from '../../protocol/src/dial/io.ts'
import { type AddressKeys, addressKeys } from '../../protocol/src/identity/address.ts'
import { type IdentityKeys, identityFromSeed, x25519PublicKey } from '../../protocol/src/identity/keys.ts'
import { type PeerId, publicKeyOf } from '../../protocol/src/identity/peer-id.ts'
import type { ProtocolName } from '../../protocol/src/identity/protocol-name.ts'
import type { Bytes, Millis } from '../../protocol/src/machine.ts'
import type { AddressInput, Route, Way } from '../../protocol/src/rendezvous/way.ts'
import { contactWay } from '../../protocol/src/rendezvous/ways/contact.ts'
import { inviteWay } from '../../protocol/src/rendezvous/ways/invite.ts'
import { isKeyWork, KeyHolder } from './key-holder.ts'
import type { SeededRandom } from './random.ts'

type Output<Type extends DialOutput['type']> = Extract<DialOutput, { type: Type }>

/** What became of one dial at one person. */
export interface Outcome {
  /** In order, without work with keys and 'send'. */
  readonly outputs: DialOutput[]
  described?: TransportDescription
  remote?: TransportDescription
  peer?: DialPeer
  readonly candidatesFound: Candidate[]
  readonly candidatesHeard: Candidate[]
  isConnected: boolean
  isBound: boolean
  /** 'unbind' was said. */
  isOver: boolean
  end?: string
}

/** The world around one person. */
export interface Surroundings {
  readonly now: Millis
  readonly random: SeededRandom
  readonly people: readonly Person[]
  /** Whether what was negotiated becomes a connection. */
  readonly hasPaths: boolean
  /** How long ICE and DTLS take. */
  readonly pathMs: () => Millis
  later(afterMs: Millis, run: () => void): void
  send(from: Person, origin: string, to: Bytes, envelope: Bytes): void
  /** No envelope may show this. */
  hide(secret: Uint8Array): void
}

export class Person {
  readonly name: string
  readonly origins: readonly string[]
  readonly identity: IdentityKeys
  readonly instance: Bytes
  dialer: Dialer
  readonly doorsteps = new Map<string, Doorstep>()
  readonly replyAddresses = new Map<string, { dial: number; origin: string }>()
  readonly outcomes = new Map<number, Outcome>()
  /** Asked for each knock; undefined: no verdict, ever. */
  onKnock: (knock: Output<'knock'>) => Verdict['type'] | undefined = ({ protocols }) => (protocols.length > 0 ? 'offer' : 'here')
  onProved: (proved: Output<'proved'>) => boolean | undefined = () => true
  /** Until an RTCPeerConnection has said what it offers; undefined: never. */
  describeMs: Millis | undefined = 5
  relays: readonly string[] = ['wss://relay.test/relay']
  readonly #world: Surroundings
  #keys: KeyHolder
  #work: Parameters<KeyHolder['answer']>[0][] = []
  #nextDial = 1

  constructor(world: Surroundings, name: string, origins: readonly string[], instance: Bytes) {
    this.#world = world
    this.name = name
    this.origins = origins
    this.identity = identityOf(name.split('/')[0] ?? name)
    this.instance = instance
    this.#keys = this.#holder()
    this.dialer = this.#start()
  }

  get id(): PeerId {
    return this.identity.id
  }

  /** A new process with the same identity: it remembers nothing of before. */
  restart(): void {
    this.#keys = this.#holder()
    this.dialer = this.#start()
    this.outcomes.clear()
  }

  #holder(): KeyHolder {
    return new KeyHolder(this.identity, this.#world.random, () => ({ name: this.name, relays: this.relays }))
  }

  #start(): Dialer {
    const { id, instance } = this
    return new Dialer({ id, instance, random: this.#world.random }, this.#world.now)
  }

  /** Both know each other's PeerId from now on. */
  async meet(other: Person): Promise<void> {
    await this.#listenTo(other)
    await other.#listenTo(this)
  }

  async #listenTo(other: Person): Promise<void> {
    for (const { keys, route } of await this.#contactAddresses(other, 'ours', this.origins)) {
      this.listen(keys, { ...route, way: contactWay(this.id, other.id) })
    }
  }

  async #contactAddresses(other: Person, side: AddressInput['side'], origins: readonly string[]) {
    const shared = await this.identity.keyAgreement.agree(x25519PublicKey(publicKeyOf(other.id)))
    const way = contactWay(this.id, other.id)
    return origins.flatMap((origin) =>
      way.epochsAt(this.#world.now).map((epoch) => {
        const keys = addressKeys(way.addressSeed({ shared, origin, epoch, side }))
        return { keys, route: { origin, address: keys.address, epoch } }
      }),
    )
  }

  async routesTo(other: Person): Promise<Route[]> {
    const addresses = await this.#contactAddresses(other, 'theirs', other.origins)
    return addresses.map(({ route }) => route)
  }

  /** Listens at the addresses of an invitation. */
  invite(secret: Bytes): void {
    for (const route of inviteRoutes(secret, this.origins)) {
      this.listen(inviteKeys(secret, route.origin), { ...route, way: inviteWay(secret) })
    }
  }

  listen(keys: AddressKeys, doorstep: Doorstep): void {
    this.doorsteps.set(`${doorstep.origin} ${hex(keys.address)}`, doorstep)
  }

  async call(other: Person, options: { protocols?: readonly ProtocolName[]; timeoutMs?: Millis } = {}): Promise<Outcome> {
    return this.dial(contactWay(this.id, other.id), await this.routesTo(other), options)
  }

  accept(secret: Bytes, inviter: Person, options: { timeoutMs?: Millis } = {}): Outcome {
    return this.dial(inviteWay(secret), inviteRoutes(secret, inviter.origins), options)
  }

  dial(
    way: Way,
    routes: readonly Route[],
    { protocols = ['/chat/v1'], timeoutMs = 15_000 }: { protocols?: readonly ProtocolName[]; timeoutMs?: Millis } = {},
  ): Outcome {
    const dial = this.#nextDial++
    const replies = [...new Set(routes.map(({ origin }) => origin))].map((origin) => this.bind(dial, origin))
    this.handle({ type: 'dial', dial, way, routes, replies, protocols, timeoutMs })
    return this.outcome(dial)
  }

  /** A fresh reply address. */
  bind(dial: number, origin: string): Reply {
    const { address } = addressKeys(this.#world.random(32))
    this.replyAddresses.set(`${origin} ${hex(address)}`, { dial, origin })
    this.outcome(dial).isBound = true
    return { origin, address }
  }

  judge(dial: number, type: Verdict['type'], origin: string): void {
    const verdict: Verdict = type === 'offer' ? { type, replyAddress: this.bind(dial, origin).address } : { type }
    this.handle({ type: 'verdict', dial, verdict })
  }

  outcome(dial: number): Outcome {
    let outcome = this.outcomes.get(dial)
    if (!outcome) {
      outcome = { outputs: [], candidatesFound: [], candidatesHeard: [], isConnected: false, isBound: false, isOver: false }
      this.outcomes.set(dial, outcome)
    }
    return outcome
  }

  /** Whether what was sent there is a knock for us. */
  hasDoorstepAt({ origin, to }: { readonly origin: string; readonly to: Bytes }): boolean {
    return this.doorsteps.has(`${origin} ${hex(to)}`)
  }

  numberOf(outcome: Outcome): number {
    for (const [number, known] of this.outcomes) if (known === outcome) return number
    throw new Error('not a dial of this person')
  }

  /** The dials of others that have reached us. */
  get incoming(): Outcome[] {
    return [...this.outcomes].filter(([number]) => number < 0).map(([, outcome]) => outcome)
  }

  get connections(): Outcome[] {
    return [...this.outcomes.values()].filter((outcome) => outcome.isConnected)
  }

  receive(origin: string, to: Bytes, envelope: Bytes): void {
    const key = `${origin} ${hex(to)}`
    const doorstep = this.doorsteps.get(key)
    if (doorstep) this.handle({ type: 'knocked', doorstep, envelope })
    const reply = this.replyAddresses.get(key)
    if (reply) this.handle({ type: 'replied', dial: reply.dial, origin, envelope })
  }

  wake(): void {
    const deadline = this.dialer.deadline()
    if (deadline !== undefined && deadline <= this.#world.now) this.handle({ type: 'tick' })
  }

  handle(input: DialInput): void {
    this.dialer.handle(input, this.#world.now)
    for (let output = this.dialer.poll(); output; output = this.dialer.poll()) this.#obey(output)
    const deadline = this.dialer.deadline()
    if (deadline !== undefined && deadline <= this.#world.now) throw new Error(`${this.name} would spin`)
  }

  /** Awaits what the machine asked for; the results come a little later, in an order of their own. */
  async settle(): Promise<void> {
    const { dialer } = this
    for (let next = this.#work.shift(); next; next = this.#work.shift()) {
      const input = await this.#keys.answer(next)
      this.#world.later(this.#world.random.below(3), () => {
        if (this.dialer === dialer) this.handle(input)
      })
    }
  }

  #obey(output: DialOutput): void {
    if (isKeyWork(output)) {
      this.#work.push(output)
      return
    }
    if (output.type === 'send') {
      this.#world.send(this, output.origin, output.to, output.envelope)
      return
    }
    const { dial } = output
    const outcome = this.outcome(dial)
    if (outcome.isOver) throw new Error(`'${output.type}' of a dial that was over`)
    outcome.outputs.push(output)
    const { dialer } = this
    const answer = (afterMs: Millis, input: DialInput) =>
      this.#world.later(afterMs, () => {
        if (this.dialer === dialer) this.handle(input)
      })
    switch (output.type) {
      case 'unbind':
        outcome.isBound = false
        outcome.isOver = true
        for (const [key, reply] of this.replyAddresses) if (reply.dial === dial) this.replyAddresses.delete(key)
        return
      case 'knock': {
        const verdict = this.onKnock(output)
        const { origin } = output.doorstep
        const judge = () => {
          if (this.dialer === dialer && !outcome.isOver) this.judge(dial, verdict ?? 'silence', origin)
        }
        if (verdict) this.#world.later(1, judge)
        return
      }
      case 'proved': {
        const granted = this.onProved(output)
        if (granted !== undefined) answer(1, { type: 'grant', dial, granted })
        return
      }
      case 'describe':
        if (outcome.described) throw new Error('asks twice for a description')
        if (output.remote) outcome.remote = output.remote
        if (output.peer) outcome.peer = output.peer
        if (this.describeMs !== undefined) this.#world.later(this.describeMs, () => this.#described(dialer, dial, !output.remote))
        return
      case 'answered':
        if (outcome.remote) throw new Error('answered twice')
        outcome.remote = output.remote
        outcome.peer = output.peer
        this.#linkUp(outcome, output.peer)
        return
      case 'candidates':
        if (!outcome.remote) throw new Error('candidates before the description they belong to')
        outcome.candidatesHeard.push(...output.candidates)
        return
      case 'yielded':
        this.#end(outcome, 'yielded')
        return
      case 'ended':
        this.#end(outcome, output.error.code)
        return
      case 'granted':
      case 'present':
        return
    }
  }

  #described(dialer: Dialer, dial: number, isOffer: boolean): void {
    if (this.dialer !== dialer) return
    const { random } = this.#world
    const outcome = this.outcome(dial)
    if (outcome.end !== undefined) return
    outcome.described = descriptionFrom(random, isOffer)
    this.#world.hide(outcome.described.fingerprint)
    this.handle({ type: 'described', dial, description: outcome.described })
    for (let found = 0; found < 3; found++) {
      const candidate = candidateFrom(random)
      outcome.candidatesFound.push(candidate)
      this.#world.later(random.below(120), () => {
        if (this.dialer === dialer) this.handle({ type: 'candidate', dial, candidate })
      })
    }
  }

  /** Once the callee has the answer, ICE may find a path: both ends say so, if both are still at it. */
  #linkUp(outcome: Outcome, peer: DialPeer): void {
    if (!this.#world.hasPaths) return
    this.#world.later(this.#world.pathMs(), () => {
      for (const person of this.#world.people) {
        for (const [dial, theirs] of person.outcomes) {
          if (theirs === outcome || theirs.end !== undefined || outcome.end !== undefined) continue
          if (!theirs.peer || !equal(theirs.peer.bindKey, peer.bindKey)) continue
          person.#connected(dial)
          this.#connected(this.numberOf(outcome))
          return
        }
      }
    })
  }

  #connected(dial: number): void {
    const outcome = this.outcome(dial)
    outcome.isConnected = true
    this.#end(outcome, 'connected')
    this.handle({ type: 'connected', dial })
  }

  #end(outcome: Outcome, how: string): void {
    if (outcome.end !== undefined) throw new Error(`ended twice: ${outcome.end}, ${how}`)
    outcome.end = how
  }
}

export function inviteRoutes(secret: Bytes, origins: readonly string[]): Route[] {
  return origins.map((origin) => ({ origin, address: inviteKeys(secret, origin).address, epoch: 0 }))
}

function inviteKeys(secret: Bytes, origin: string): AddressKeys {
  return addressKeys(inviteWay(secret).addressSeed({ origin, epoch: 0, side: 'ours', shared: new Uint8Array() }))
}

/** A name is an identity, whatever the world's seed: "bob/2" is Bob's second tab. */
function identityOf(name: string): IdentityKeys {
  let identity = identities.get(name)
  if (!identity) {
    const seed = new Uint8Array(32)
    seed.set(utf8(name).subarray(0, 32))
    identity = identityFromSeed(seed)
    identities.set(name, identity)
  }
  return identity
}
const identities = new Map<string, IdentityKeys>()

export function descriptionFrom(random: SeededRandom, isOffer = true): TransportDescription {
  return {
    fingerprint: random(32),
    iceUfrag: hex(random(4)),
    icePwd: hex(random(12)),
    setup: isOffer ? 'actpass' : 'active',
    sctpPort: 5000,
    maxMessageSize: 262_144,
  }
}

export function candidateFrom(random: SeededRandom): Candidate {
  return {
    foundation: String(random.below(1_000_000)),
    component: 1,
    transport: 'udp',
    priority: 1 + random.below(2_000_000_000),
    address: `192.0.2.${1 + random.below(250)}`,
    port: 1 + random.below(65_535),
    type: 'host',
  }
}
