/** One instance of a person: the real Dialer and a real RelayClient for each relay, with a driver in virtual time. */
import {
  type Bytes,
  contactWay,
  type Dialer,
  type DialInput,
  type DialNumber,
  type DialOutput,
  type DialPeer,
  type Doorstep,
  hex,
  inviteWay,
  type PeerId,
  type Reply,
  type Route,
  type TransportDescription,
  type Way,
} from '@kith/protocol'
import type { VirtualClock } from '../../../test-kit/src/clock.ts'
import type { SeededRandom } from '../../../test-kit/src/random.ts'
import { agreement, DrawnKeys, hash, type ModelIdentity } from './model-keys.ts'
import type { RelayHost } from './relay-host.ts'
import { RelayLine } from './relay-line.ts'

/** Noon of a day: no boundary of epochs is near. */
const EPOCH_START_MS = 1_795_348_800_000

/** A tab uses a key within so many milliseconds. */
const KEY_WORK_MS = 3

/** Lets the dial's own, more specific error come first. */
const WANT_GRACE_MS = 250

/** The RTCPeerConnection of one dial, as far as the dial knows of it. */
export interface Leg {
  readonly tab: Tab
  readonly dial: DialNumber
  readonly begunAt: number
  local?: TransportDescription
  remote?: TransportDescription
  peer?: DialPeer
  /** A policy that refuses has been asked. */
  isRefused: boolean
  isOver: boolean
}

/** What a tab was asked for: a connection with a person. */
export interface Want {
  readonly remote: PeerId | undefined
  readonly until: number
  dial: DialNumber | undefined
  outcome:
    | { readonly type: 'connected'; readonly leg: Leg }
    | { readonly type: 'failed'; readonly code: string; readonly at: number }
    | undefined
}

export interface TabHost {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly relays: readonly RelayHost[]
  readonly newDialer: (config: ConstructorParameters<typeof Dialer>[0], now: number) => Dialer
  readonly traced: (text: string) => void
  readonly violated: (what: string) => void
  /** Both descriptions are known at this end: the path may come up. */
  readonly described: (leg: Leg) => void
}

export class Tab {
  readonly name: string
  readonly identity: ModelIdentity
  readonly instance: Bytes
  readonly dialer: Dialer
  readonly legs = new Map<DialNumber, Leg>()
  readonly wants: Want[] = []
  /** Connections that are up. */
  readonly connections: Leg[] = []
  /** Whether this tab answers knocks with an offer. */
  accepts: (from: PeerId | undefined) => boolean = () => true
  isStopped = false
  readonly #host: TabHost
  readonly #lines: readonly RelayLine[]
  readonly #keys = new DrawnKeys()
  readonly #unbind = new Map<DialNumber, (() => void)[]>()
  #nextDial = 1
  #wakeAt = Infinity
  #isRunning = false
  readonly #waiting: DialInput[] = []
  #secret: Uint8Array | undefined

  constructor(name: string, identity: ModelIdentity, host: TabHost) {
    this.name = name
    this.identity = identity
    this.#host = host
    this.instance = host.random(16)
    this.dialer = host.newDialer({ id: identity.id, instance: this.instance, random: host.random }, this.#now)
    this.#lines = host.relays.map((relay) => new RelayLine(relay, host.clock, host.random))
  }

  get #now(): number {
    return EPOCH_START_MS + this.#host.clock.now
  }

  /** From now on that person finds this tab. */
  meet(other: PeerId): void {
    this.#listen(contactWay(this.identity.id, other), this.identity.sharedWith(other))
  }

  invite(secret: Uint8Array): void {
    this.#secret = secret
    this.#listen(inviteWay(secret), new Uint8Array())
  }

  want(remote: PeerId, timeoutMs: number): Want {
    const want: Want = { remote, until: this.#host.clock.now + timeoutMs, dial: undefined, outcome: undefined }
    this.#add(want, timeoutMs)
    this.#pursue(want)
    return want
  }

  take(secret: Uint8Array, timeoutMs: number): Want {
    const want: Want = { remote: undefined, until: this.#host.clock.now + timeoutMs, dial: undefined, outcome: undefined }
    this.#add(want, timeoutMs)
    this.#dial(want, inviteWay(secret), new Uint8Array(), timeoutMs)
    return want
  }

  /** The path between these ends is up. */
  connected(leg: Leg): void {
    leg.isOver = true
    this.legs.delete(leg.dial)
    this.connections.push(leg)
    for (const want of this.wants) {
      const isTheirs = want.dial === leg.dial || (want.remote !== undefined && want.remote === leg.peer?.id)
      if (!want.outcome && isTheirs) want.outcome = { type: 'connected', leg }
    }
    this.#give({ type: 'connected', dial: leg.dial })
  }

  stop(): void {
    this.isStopped = true
    for (const line of this.#lines) line.stop()
  }

  get isIdle(): boolean {
    return this.dialer.deadline() === undefined && this.legs.size === 0 && this.#unbind.size === 0
  }

  // ── wants ──

  /** A want has a time of its own: the dial that it shares may last longer. */
  #add(want: Want, timeoutMs: number): void {
    const { clock } = this.#host
    this.wants.push(want)
    clock.at(clock.now + timeoutMs + WANT_GRACE_MS, () => {
      want.outcome ??= { type: 'failed', code: 'timeout', at: clock.now }
    })
  }

  #pursue(want: Want): void {
    const { remote } = want
    if (remote === undefined) return
    const leg = this.connections.find(({ peer }) => peer?.id === remote)
    if (leg) {
      want.outcome = { type: 'connected', leg }
      return
    }
    this.#dial(want, contactWay(this.identity.id, remote), this.identity.sharedWith(remote), want.until - this.#host.clock.now)
  }

  #dial(want: Want, way: Way, shared: Uint8Array, timeoutMs: number): void {
    const dial = this.#nextDial++
    want.dial = dial
    this.legs.set(dial, { tab: this, dial, begunAt: this.#host.clock.now, isRefused: false, isOver: false })
    const routes = this.#lines.flatMap(({ origin }) =>
      way.epochsAt(this.#now).map((epoch): Route => {
        return { origin, epoch, address: hash(way.addressSeed({ origin, epoch, side: 'theirs', shared })) }
      }),
    )
    const replies = this.#lines.map((line): Reply => ({ origin: line.origin, address: this.#bindReply(dial, line) }))
    this.#give({ type: 'dial', dial, way, routes, replies, protocols: ['/chat/v1'], timeoutMs })
  }

  /** A dial of a want has ended without a connection: another that it gave way to, or time for a new one, may be left. */
  #ended(dial: DialNumber, code: string): void {
    for (const want of this.wants) {
      if (want.dial !== dial || want.outcome) continue
      const { now } = this.#host.clock
      const wasAnothers = dial < 0
      if (wasAnothers && want.until - now > 100) this.#pursue(want)
      else want.outcome = { type: 'failed', code: wasAnothers ? 'no-answer' : code, at: now }
    }
  }

  // ── the dialer's driver ──

  #give(input: DialInput): void {
    if (this.isStopped) return
    this.#waiting.push(input)
    if (this.#isRunning) return
    this.#isRunning = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.dialer.handle(next, this.#now)
      for (let output = this.dialer.poll(); output !== undefined; output = this.dialer.poll()) this.#obey(output)
    }
    this.#isRunning = false
    this.#arm()
  }

  #arm(): void {
    const deadline = this.dialer.deadline()
    if (deadline === undefined) return
    const at = deadline - EPOCH_START_MS
    if (at >= this.#wakeAt && this.#wakeAt > this.#host.clock.now) return
    this.#wakeAt = at
    this.#host.clock.at(at, () => {
      if (this.#wakeAt !== at) return
      this.#wakeAt = Infinity
      this.#give({ type: 'tick' })
    })
  }

  #later(ms: number, input: () => DialInput | undefined): void {
    this.#host.clock.at(this.#host.clock.now + ms, () => {
      const given = input()
      if (given) this.#give(given)
    })
  }

  #obey(output: DialOutput): void {
    const { random, traced, violated } = this.#host
    traced(`${this.name} ${output.type} ${'dial' in output ? output.dial : ''}`)
    switch (output.type) {
      case 'draw':
        this.#later(random.between(0, KEY_WORK_MS), () => {
          return { type: 'drawn', work: output.work, publicKey: this.#keys.draw(output.key, random(32)) }
        })
        return
      case 'agree':
        this.#later(random.between(0, KEY_WORK_MS), () => {
          const ours = output.key === 'static' ? this.identity.staticKey : this.#keys.get(output.key)
          return { type: 'agreed', work: output.work, shared: agreement(ours, output.remote) }
        })
        return
      case 'sign':
        this.#later(random.between(0, KEY_WORK_MS), () => {
          const introduction = { name: this.name, relays: [] }
          return { type: 'signed', work: output.work, signature: this.identity.sign(output.message), introduction }
        })
        return
      case 'send': {
        const line = this.#lines.find(({ origin }) => origin === output.origin)
        line?.send(output.to, output.envelope)
        return
      }
      case 'unbind':
        this.legs.delete(output.dial)
        for (const undo of this.#unbind.get(output.dial) ?? []) undo()
        this.#unbind.delete(output.dial)
        return
      case 'knock':
        this.#judge(output)
        return
      case 'describe': {
        const leg = this.legs.get(output.dial)
        if (!leg) {
          violated(`${this.name}: 'describe' for no dial`)
          return
        }
        if (output.remote) leg.remote = output.remote
        if (output.peer) leg.peer = output.peer
        this.#later(random.between(0, 30), () => {
          if (this.legs.get(output.dial) !== leg) return undefined
          leg.local = description(random, output.remote === undefined)
          if (leg.remote) this.#host.described(leg)
          return { type: 'described', dial: output.dial, description: leg.local }
        })
        return
      }
      case 'answered': {
        const leg = this.legs.get(output.dial)
        if (!leg) {
          violated(`${this.name}: 'answered' for no dial`)
          return
        }
        leg.remote = output.remote
        leg.peer = output.peer
        this.#host.described(leg)
        return
      }
      case 'proved': {
        const granted = this.#secret !== undefined
        this.#secret = undefined
        this.#later(random.between(0, 5), () => ({ type: 'grant', dial: output.dial, granted }))
        return
      }
      case 'yielded':
        this.legs.delete(output.dial)
        for (const want of this.wants) if (want.dial === output.dial) want.dial = output.to
        return
      case 'ended': {
        const leg = this.legs.get(output.dial)
        if (leg) leg.isOver = true
        this.legs.delete(output.dial)
        this.#ended(output.dial, output.error.code)
        return
      }
      case 'prepare':
      case 'candidates':
      case 'granted':
      case 'present':
        return
    }
  }

  #judge({ dial, from, doorstep }: Extract<DialOutput, { type: 'knock' }>): void {
    const leg: Leg = { tab: this, dial, begunAt: this.#host.clock.now, isRefused: !this.accepts(from), isOver: false }
    if (leg.isRefused) {
      this.#later(1, () => ({ type: 'verdict', dial, verdict: { type: 'silence' } }))
      return
    }
    const line = this.#lines.find(({ origin }) => origin === doorstep.origin)
    if (!line) return
    this.legs.set(dial, leg)
    const replyAddress = this.#bindReply(dial, line)
    this.#later(1, () => ({ type: 'verdict', dial, verdict: { type: 'offer', replyAddress } }))
  }

  // ── relays ──

  #listen(way: Way, shared: Uint8Array): void {
    for (const line of this.#lines) {
      for (const epoch of way.epochsAt(this.#now)) {
        const { origin } = line
        const address = hash(way.addressSeed({ origin, epoch, side: 'ours', shared }))
        const doorstep: Doorstep = { way, origin, address, epoch }
        line.bind(address, (envelope) => this.#give({ type: 'knocked', doorstep, envelope }))
      }
    }
  }

  #bindReply(dial: DialNumber, line: RelayLine): Bytes {
    const address = this.#host.random(32)
    const { origin } = line
    const undo = line.bind(address, (envelope) => this.#give({ type: 'replied', dial, origin, envelope }))
    this.#unbind.set(dial, [...(this.#unbind.get(dial) ?? []), undo])
    return address
  }
}

function description(random: SeededRandom, isOffer: boolean): TransportDescription {
  return {
    fingerprint: random(32),
    iceUfrag: hex(random(4)),
    icePwd: hex(random(12)),
    setup: isOffer ? 'actpass' : 'active',
    sctpPort: 5000,
    maxMessageSize: 262_144,
  }
}
