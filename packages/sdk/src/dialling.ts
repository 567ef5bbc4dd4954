/** Does what the dial machine decides: binds and sends through carriers, runs RTCPeerConnections, and hands over links that are up. */
import {
  type Bytes,
  confirmation,
  Dialer,
  type DialInput,
  type DialNumber,
  type DialOutput,
  type DialPeer,
  type Doorstep,
  type IdentityKeys,
  type Introduced,
  KithError,
  type PeerId,
  type ProtocolName,
  type Random,
  type Route,
  type TransportDescription,
  type Verdict,
  type Way,
} from '@kith/protocol'
import type { Disclosure } from './api.ts'
import type { Roster } from './carriers/roster.ts'
import { Driver, now } from './driver.ts'
import { report } from './events.ts'
import type { Link } from './link/link.ts'
import type { Lanes } from './rtc/lane.ts'
import { createNegotiator, type Negotiator, type NegotiatorState, type WebRtc } from './rtc/negotiator.ts'

export interface Knocking {
  readonly doorstep: Doorstep
  readonly from: PeerId | undefined
  readonly protocols: readonly ProtocolName[]
}

/** An answer to a knock: an offer says how much of our network address it may tell. */
export type Judgement = Exclude<Verdict, 'offer'> | { readonly offer: Disclosure }

/** What the dialling asks of the peer whose it is. */
export interface DialHost {
  readonly identity: IdentityKeys
  readonly instance: Bytes
  readonly random: Random
  readonly roster: Roster
  readonly wrtc: WebRtc | undefined
  introduction(): { name: string; relays: readonly string[] }
  iceServers(): Promise<RTCIceServer[]>
  judge(knock: Knocking): Judgement
  /** Somebody proved an invitation: theirs, if they are the first. */
  proved(doorstep: Doorstep, by: Introduced): Promise<boolean>
  granted(dial: DialNumber, by: Introduced): void
  present(remote: PeerId): void
  /** A link over these lanes; `confirmation` as key confirmation has it. */
  link(options: { lanes: Lanes; peer: DialPeer; confirmation: { ours: Bytes; theirs: Bytes }; maxMessageSize: number }): Link
  /** Both ends have confirmed it. Returns who is told of its path from now on. */
  connected(dial: DialNumber, up: LinkUp): (state: NegotiatorState) => void
  yielded(dial: DialNumber, to: DialNumber): void
  ended(dial: DialNumber, error: KithError): void
}

export interface LinkUp {
  readonly peer: DialPeer
  readonly link: Link
  readonly negotiator: Negotiator
}

export interface DialRequest {
  readonly way: Way
  readonly routes: readonly Route[]
  readonly protocols: readonly ProtocolName[]
  readonly timeoutMs: number
  readonly disclosure: Disclosure
}

/** The RTCPeerConnection of one dial, from its first description to a link that is up. */
interface Leg {
  disclosure: Disclosure
  negotiator?: Negotiator
  local?: TransportDescription
  /** Known once both are authenticated. */
  remote?: { readonly description: TransportDescription; readonly peer: DialPeer }
  link?: Link
  onState: (state: NegotiatorState) => void
  unbind: (() => void)[]
}

export class Dialling {
  readonly #host: DialHost
  readonly #driver: Driver<DialInput, DialOutput>
  readonly #legs = new Map<DialNumber, Leg>()
  #nextDial: DialNumber = 1

  constructor(host: DialHost) {
    this.#host = host
    const { identity, instance, random } = host
    const dialer = new Dialer({ identity, instance, random, introduction: () => host.introduction() }, now())
    this.#driver = new Driver<DialInput, DialOutput>(dialer, { type: 'tick' }, (output) => this.#act(output))
  }

  /** How many RTCPeerConnections are being made. */
  get size(): number {
    let count = 0
    for (const leg of this.#legs.values()) if (leg.negotiator) count += 1
    return count
  }

  dial({ way, routes, protocols, timeoutMs, disclosure }: DialRequest): DialNumber {
    const dial = this.#nextDial++
    const replyOrigins = [...new Set(routes.map((route) => route.origin))]
    this.#legs.set(dial, { disclosure, onState: () => undefined, unbind: [] })
    this.#driver.give({ type: 'dial', dial, way, routes, replyOrigins, protocols, timeoutMs })
    return dial
  }

  cancel(dial: DialNumber): void {
    this.#driver.give({ type: 'cancel', dial })
  }

  knocked(doorstep: Doorstep, envelope: Bytes): void {
    this.#driver.give({ type: 'knocked', doorstep, envelope })
  }

  close(): void {
    for (const dial of [...this.#legs.keys()]) this.cancel(dial)
    this.#driver.stop()
  }

  #act(output: DialOutput): void {
    switch (output.type) {
      case 'bind':
        this.#bind(output)
        return
      case 'unbind':
        for (const unbind of this.#legs.get(output.dial)?.unbind.splice(0) ?? []) unbind()
        this.#forgetIfIdle(output.dial)
        return
      case 'send':
        this.#host.roster.get(output.origin)?.send(output.to, output.envelope)
        return
      case 'perform': {
        const { work } = output
        output.run().then(
          (result) => this.#driver.give({ type: 'performed', work, result }),
          (error: unknown) => this.#driver.give({ type: 'failed', work, error }),
        )
        return
      }
      case 'knock':
        this.#judge(output)
        return
      case 'describe':
        this.#describe(output)
        return
      case 'answered': {
        const leg = this.#legs.get(output.dial)
        if (!leg?.negotiator) return
        leg.remote = { description: output.remote, peer: output.peer }
        this.#openLink(output.dial, leg)
        leg.negotiator.describe(output.remote)
        return
      }
      case 'candidates':
        for (const candidate of output.candidates) this.#legs.get(output.dial)?.negotiator?.addCandidate(candidate)
        return
      case 'proved':
        this.#host.proved(output.doorstep, output.by).then(
          (granted) => this.#driver.give({ type: 'grant', dial: output.dial, granted }),
          (error: unknown) => {
            report(error)
            this.#driver.give({ type: 'cancel', dial: output.dial })
          },
        )
        return
      case 'granted':
        this.#host.granted(output.dial, output.by)
        return
      case 'present':
        this.#host.present(output.remote)
        return
      case 'yielded':
        this.#host.yielded(output.dial, output.to)
        return
      case 'ended':
        this.#giveUp(output.dial)
        this.#host.ended(output.dial, output.error)
        return
    }
  }

  #bind({ dial, keys, origins }: Extract<DialOutput, { type: 'bind' }>): void {
    const leg = this.#legs.get(dial)
    for (const origin of origins) {
      const unbind = this.#host.roster.get(origin)?.bind(keys, (envelope) => {
        this.#driver.give({ type: 'replied', dial, origin, envelope })
      })
      if (unbind) leg?.unbind.push(unbind)
    }
  }

  #judge(knock: Extract<DialOutput, { type: 'knock' }>): void {
    const { dial } = knock
    const judgement = this.#host.judge(knock)
    if (typeof judgement === 'string') {
      this.#driver.give({ type: 'verdict', dial, verdict: judgement })
      return
    }
    this.#legs.set(dial, { disclosure: judgement.offer, onState: () => undefined, unbind: [] })
    this.#driver.give({ type: 'verdict', dial, verdict: 'offer' })
  }

  #describe({ dial, remote, peer }: Extract<DialOutput, { type: 'describe' }>): void {
    const leg = this.#legs.get(dial)
    if (!leg) return
    if (remote && peer) leg.remote = { description: remote, peer }
    this.#host
      .iceServers()
      .then((iceServers) => {
        // Given up while we waited.
        if (this.#legs.get(dial) !== leg) return
        const negotiator = this.#negotiate(dial, leg, iceServers)
        if (remote) negotiator.describe(remote)
      })
      .catch((error: unknown) => {
        report(error)
        this.cancel(dial)
      })
  }

  #negotiate(dial: DialNumber, leg: Leg, iceServers: RTCIceServer[]): Negotiator {
    const { wrtc } = this.#host
    const negotiator = createNegotiator({
      role: leg.remote ? 'answerer' : 'offerer',
      iceServers,
      iceTransportPolicy: leg.disclosure === 'relayed' ? 'relay' : 'all',
      ...(wrtc ? { wrtc } : {}),
      onDescription: (description) => {
        leg.local = description
        if (leg.remote) this.#openLink(dial, leg)
        this.#driver.give({ type: 'described', dial, description })
      },
      onCandidate: (candidate) => this.#driver.give({ type: 'candidate', dial, candidate }),
      onCandidatesEnd: () => undefined,
      onState: (state) => {
        leg.onState(state)
        if (state === 'failed' || state === 'closed')
          this.#fail(dial, new KithError('unreachable', 'no path came up', { source: 'network' }))
      },
      onError: (error) => this.#fail(dial, error),
    })
    leg.negotiator = negotiator
    return negotiator
  }

  /** Both descriptions are known: whoever speaks first on the lanes is to be understood. */
  #openLink(dial: DialNumber, leg: Leg): void {
    const { negotiator, local, remote } = leg
    if (!negotiator || !local || !remote || leg.link) return
    const { peer, description } = remote
    const { fingerprint } = local
    const { role, bindKey } = peer
    const link = this.#host.link({
      lanes: negotiator.lanes,
      peer,
      confirmation: {
        ours: confirmation(bindKey, role, fingerprint, description.fingerprint),
        theirs: confirmation(bindKey, role === 0 ? 1 : 0, description.fingerprint, fingerprint),
      },
      maxMessageSize: description.maxMessageSize,
    })
    leg.link = link
    link.ready.then(
      () => {
        if (this.#legs.get(dial) !== leg) return
        leg.onState = this.#host.connected(dial, { peer, link, negotiator })
        this.#legs.delete(dial)
        for (const unbind of leg.unbind) unbind()
        this.#driver.give({ type: 'connected', dial })
      },
      (error: KithError) => this.#fail(dial, error),
    )
  }

  /** The path failed before the link was up. */
  #fail(dial: DialNumber, error: KithError): void {
    if (!this.#legs.has(dial)) return
    this.#giveUp(dial)
    this.#host.ended(dial, error)
    this.#driver.give({ type: 'cancel', dial })
  }

  #giveUp(dial: DialNumber): void {
    const leg = this.#legs.get(dial)
    if (!leg) return
    this.#legs.delete(dial)
    for (const unbind of leg.unbind) unbind()
    leg.link?.fail(new KithError('closed', 'the dial ended'))
    leg.negotiator?.close()
  }

  /** A dial that was answered 'here', or gave way: nothing was started for it. */
  #forgetIfIdle(dial: DialNumber): void {
    const leg = this.#legs.get(dial)
    if (leg && !leg.negotiator) this.#legs.delete(dial)
  }
}
