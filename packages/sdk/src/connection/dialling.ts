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
  type Presence,
  type ProtocolName,
  type Random,
  type Reply,
  type Route,
  type TransportDescription,
  type Verdict,
  type Way,
} from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import type { Roster } from '../carriers/roster.ts'
import type { PathConfig } from '../path/webrtc/fenced-connection.ts'
import { createNegotiator, type Negotiator, type NegotiatorState } from '../path/webrtc/negotiator.ts'
import { SpareConnections } from '../path/webrtc/spare-connections.ts'
import { browserWebRtc, type WebRtc } from '../platform/browser.ts'
import { Driver, now } from '../runtime/driver.ts'
import { report } from '../runtime/events.ts'
import type { Link, LinkOptions } from '../session/link.ts'
import { DialKeys } from './dial-keys.ts'
import { ReplyAddresses } from './reply-addresses.ts'

export interface Knocking {
  readonly doorstep: Doorstep
  readonly from: PeerId | undefined
  /** Which of their tabs or devices, 16 bytes. */
  readonly instance: Bytes
  readonly protocols: readonly ProtocolName[]
  /** What they say of their being online. */
  readonly presence: Presence | undefined
}

/** An answer to a knock: an offer says how much of our network address it may tell. */
export type Judgement = Exclude<Verdict['type'], 'offer'> | { readonly offer: Disclosure }

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
  /** Whether they are a contact already, and may not learn our network address. */
  mustRelay(id: PeerId): boolean
  /** Somebody proved an invitation: theirs, if they are the first. */
  proved(doorstep: Doorstep, by: Introduced): Promise<boolean>
  granted(dial: DialNumber, by: Introduced): void
  /** @param instance which of their tabs or devices, 16 bytes */
  present(remote: PeerId, instance: Bytes, presence: Presence | undefined): void
  /** What I say of my being online to this contact, by this carrier. */
  presence?(remote: PeerId, origin: string): Presence | undefined
  /** Whether a dial that began `sinceMs` ago may still arrive by these carriers. */
  mayArrive(origins: readonly string[], sinceMs: number): boolean
  /** Someone called, and nothing can be offered: the ICE servers are not to be had, or the browser does not take them. Undefined: it
   *  can again. */
  unable(error: KithError | undefined): void
  /** Whether there may be an RTCPeerConnection more, beside those that are up and the `making` that are being made, with
   *  `whom` where it is known. */
  hasRoom(making: number, whom: PeerId | undefined): boolean
  /** A link over these lanes. */
  link(options: { peer: DialPeer } & Pick<LinkOptions, 'lanes' | 'confirmation' | 'maxMessageSize' | 'awaitsPath'>): Link
  /** Both ends have confirmed it. Returns who is told of its path from now on. */
  connected(dial: DialNumber, up: LinkUp): (state: NegotiatorState) => void
  yielded(dial: DialNumber, to: DialNumber): void
  ended(dial: DialNumber, error: KithError): void
}

export interface LinkUp {
  readonly peer: DialPeer
  readonly link: Link
  readonly negotiator: Negotiator
  /** When its dial began, by `performance.now()`. */
  readonly begunAt: number
}

export interface DialRequest {
  readonly way: Way
  readonly routes: readonly Route[]
  readonly protocols: readonly ProtocolName[]
  readonly timeoutMs: number
  readonly disclosure: Disclosure
  /** The caller asked for this disclosure, whoever they are and whatever the policy says. Default false. */
  readonly isDisclosureAsked?: boolean
  /** Those of its carriers at which the other end said to wait, where that is all that is known of it. */
  readonly named?: readonly string[] | undefined
}

/** For so long other carriers count too: the other end may have moved. */
const MOVED_MS = 3_000

/** How often a dial without an answer looks whether its carriers are there. */
const WATCH_MS = 250

/** The RTCPeerConnection of one dial, from its first description to a link that is up. */
interface Leg {
  readonly begunAt: number
  /** Known beforehand, or once an invitation is granted. */
  whom: PeerId | undefined
  /** `whom` is at the other end, and wants us. */
  isSure: boolean
  /** Through these it speaks. */
  readonly origins: readonly string[]
  /** Whoever only asks for presence needs no RTCPeerConnection. */
  readonly isForPresence: boolean
  disclosure: Disclosure
  readonly isDisclosureAsked: boolean
  negotiator?: Negotiator
  local?: TransportDescription
  /** Why it ended. */
  error?: KithError
  /** Known once both are authenticated. */
  remote?: { readonly description: TransportDescription; readonly peer: DialPeer }
  link?: Link
  /** While nothing has come of it: whether a carrier is there. */
  watch?: ReturnType<typeof setInterval>
  onState: (state: NegotiatorState) => void
  /** One for each reply address. */
  readonly unbind: (() => void)[]
}

export class Dialling {
  readonly #host: DialHost
  readonly #driver: Driver<DialInput, DialOutput>
  readonly #keys: DialKeys
  readonly #addresses: ReplyAddresses
  readonly #spares: SpareConnections
  readonly #legs = new Map<DialNumber, Leg>()
  #nextDial: DialNumber = 1
  #isClosed = false

  constructor(host: DialHost) {
    this.#host = host
    const { identity, instance, random } = host
    const { roster } = host
    this.#addresses = new ReplyAddresses(roster.own, (origin) => roster.get(origin))
    this.#spares = new SpareConnections(host.wrtc ?? browserWebRtc(), () => this.#hasRoom())
    this.#keys = new DialKeys({ identity, random, introduction: () => host.introduction() })
    const dialer = new Dialer({ id: identity.id, instance, random }, now())
    this.#driver = new Driver<DialInput, DialOutput>(dialer, { type: 'tick' }, (output) => this.#act(output))
  }

  /** Time has passed: it may be another day. */
  refresh(): void {
    this.#addresses.refresh()
  }

  /** The carriers that some dial speaks through; a question for presence keeps none open. */
  get origins(): ReadonlySet<string> {
    return new Set([...this.#legs.values()].flatMap(({ origins, isForPresence }) => (isForPresence ? [] : origins)))
  }

  /**
   * Errors: 'too-many' 'closed'; what comes of it is told to the host. `begun` gets its number before that; where it says that the dial
   * is not wanted any more, there is none.
   */
  dial(request: DialRequest, begun: (dial: DialNumber) => boolean = () => true): DialNumber {
    const { way, routes, protocols, timeoutMs, disclosure, isDisclosureAsked = false } = request
    if (this.#isClosed) throw closed()
    const isForPresence = protocols.length === 0
    const whom = way.remote
    if (!isForPresence && !this.#hasRoom(whom))
      throw new KithError('too-many', 'There are as many connections as createPeer({ maxConnections }) allows: close one first.')
    const dial = this.#nextDial++
    const origins = [...new Set(routes.map((route) => route.origin))]
    if (!begun(dial)) return dial
    const leg = newLeg({ whom, origins, isForPresence, disclosure, isDisclosureAsked })
    this.#legs.set(dial, leg)
    const replies = origins.map((origin): Reply => {
      const address = this.#bind(dial, leg, origin)
      return { origin, address, presence: whom && this.#host.presence?.(whom, origin) }
    })
    this.#driver.give({ type: 'dial', dial, way, routes, replies, protocols, timeoutMs })
    if (leg.error?.code === 'too-many')
      throw new KithError('too-many', 'There are too many dials under way: wait for one to end.')
    if (!isForPresence && this.#legs.has(dial)) this.#watchCarriers(dial, leg, request.named)
    return dial
  }

  /** A dial that is under way with them, of whatever way and of either side, once its other end is known to be them. */
  underWay(whom: PeerId): DialNumber | undefined {
    return [...this.#legs].find(([, leg]) => leg.whom === whom && leg.isSure && !leg.isForPresence)?.[0]
  }

  /** Cancels it where nothing can have come of it at the other end. */
  release(dial: DialNumber): void {
    if (!this.#legs.get(dial)?.link) this.cancel(dial)
  }

  /** A dial that no carrier takes ends before its time. Once it is answered, its path is WebRTC's. */
  #watchCarriers(dial: DialNumber, leg: Leg, named = leg.origins): void {
    const begunAt = now()
    leg.watch = setInterval(() => {
      const sinceMs = now() - begunAt
      const origins = sinceMs < MOVED_MS ? leg.origins : named
      if (leg.remote) clearInterval(leg.watch)
      else if (!this.#host.mayArrive(origins, sinceMs)) this.#fail(dial, noRelay())
    }, WATCH_MS)
  }

  cancel(dial: DialNumber): void {
    this.#driver.give({ type: 'cancel', dial })
  }

  knocked(doorstep: Doorstep, envelope: Bytes): void {
    this.#driver.give({ type: 'knocked', doorstep, envelope })
  }

  /** Ends what is under way with this person, whoever dialled. */
  leave(whom: PeerId, error: KithError): void {
    for (const [dial, leg] of [...this.#legs]) if (leg.whom === whom) this.#fail(dial, error)
  }

  /** They may not learn my network address any more: what would tell it ends, but for what was asked for and the dials `except`. */
  tighten(whom: PeerId, except: ReadonlySet<DialNumber>, error: KithError): void {
    for (const [dial, leg] of [...this.#legs]) {
      if (leg.whom !== whom || leg.disclosure === 'relayed' || leg.isForPresence) continue
      if (!leg.isDisclosureAsked && !except.has(dial)) this.#fail(dial, error)
    }
  }

  /** What is under way ends with 'closed'. */
  close(): void {
    this.#isClosed = true
    for (const dial of [...this.#legs.keys()]) this.#fail(dial, closed())
    this.#driver.stop()
    this.#addresses.close()
    this.#spares.close()
  }

  #act(output: DialOutput): void {
    switch (output.type) {
      case 'unbind':
        this.#unbound(output.dial)
        return
      case 'send':
        this.#host.roster.get(output.origin)?.send(output.to, output.envelope)
        return
      case 'draw':
      case 'agree':
      case 'sign':
        this.#keys.answer(output).then((input) => this.#driver.give(input), report)
        return
      case 'knock':
        this.#judge(output)
        return
      case 'prepare': {
        const leg = this.#legs.get(output.dial)
        if (leg) this.#prepare(output.dial, leg, 'answerer')
        return
      }
      case 'describe':
        this.#describe(output)
        return
      case 'answered': {
        const leg = this.#legs.get(output.dial)
        if (!leg?.negotiator) return
        leg.remote = { description: output.remote, peer: output.peer }
        this.#found(output.dial, output.peer.id)
        this.#openLink(output.dial, leg)
        leg.negotiator.describe(output.remote)
        return
      }
      case 'candidates':
        for (const candidate of output.candidates) this.#legs.get(output.dial)?.negotiator?.addCandidate(candidate)
        return
      case 'proved': {
        // Its RTCPeerConnection would check from here whatever candidates are told: they dial anew, as a contact.
        const isWithoutPath = this.#tellsTooMuch(this.#legs.get(output.dial), output.by.id)
        this.#host.proved(output.doorstep, output.by).then(
          (granted) => {
            if (granted) this.#found(output.dial, output.by.id)
            this.#driver.give({ type: 'grant', dial: output.dial, granted, isWithoutPath })
          },
          (error: unknown) => {
            report(error)
            this.#driver.give({ type: 'cancel', dial: output.dial })
          },
        )
        return
      }
      case 'granted':
        this.#found(output.dial, output.by.id)
        this.#host.granted(output.dial, output.by)
        return
      case 'present':
        this.#host.present(output.remote, output.instance, output.presence)
        return
      case 'yielded':
        this.#host.yielded(output.dial, output.to)
        return
      case 'ended': {
        const leg = this.#legs.get(output.dial)
        if (leg) leg.error = output.error
        if (this.#giveUp(output.dial)) this.#host.ended(output.dial, output.error)
        return
      }
    }
  }

  /** An invitation's policy holds for those whom I do not know; here it turns out that I do. */
  #tellsTooMuch(leg: Leg | undefined, whom: PeerId): boolean {
    if (!leg || leg.whom !== undefined || leg.disclosure === 'relayed' || leg.isDisclosureAsked) return false
    return this.#host.mustRelay(whom)
  }

  /** Whoever wants them from now on shares this dial. */
  #found(dial: DialNumber, whom: PeerId): void {
    const leg = this.#legs.get(dial)
    if (!leg) return
    leg.whom = whom
    leg.isSure = true
  }

  /** A fresh address where replies to this dial are waited for. */
  #bind(dial: DialNumber, leg: Leg, origin: string): Bytes {
    const keys = this.#addresses.take(origin, leg.isForPresence)
    const reply = { origin, keys }
    leg.unbind.push(this.#addresses.bind(reply, (envelope) => this.#driver.give({ type: 'replied', dial, origin, envelope })))
    return keys.address
  }

  #judge(knock: Extract<DialOutput, { type: 'knock' }>): void {
    const { dial, from, doorstep } = knock
    const judgement = this.#judgementOf(knock)
    if (typeof judgement === 'string') {
      const presence = judgement === 'here' && from ? this.#host.presence?.(from, doorstep.origin) : undefined
      const verdict: Verdict = judgement === 'here' ? { type: judgement, presence } : { type: judgement }
      this.#driver.give({ type: 'verdict', dial, verdict })
      return
    }
    const whose = { whom: from, origins: [doorstep.origin], isForPresence: false }
    const leg = newLeg({ ...whose, disclosure: judgement.offer, isDisclosureAsked: false })
    this.#legs.set(dial, leg)
    const replyAddress = this.#bind(dial, leg, doorstep.origin)
    this.#driver.give({ type: 'verdict', dial, verdict: { type: 'offer', replyAddress } })
  }

  /** Where a user's `disclose` throws, nothing is disclosed. */
  #judgementOf(knock: Knocking): Judgement {
    try {
      const judgement = this.#host.judge(knock)
      return typeof judgement === 'string' || this.#hasRoom(knock.from) ? judgement : 'silence'
    } catch (error) {
      report(error)
      return 'silence'
    }
  }

  /** Those that wait for ICE servers count: they will be RTCPeerConnections in a moment. */
  #hasRoom(whom?: PeerId): boolean {
    let making = 0
    for (const leg of this.#legs.values()) if (!leg.isForPresence) making += 1
    return this.#host.hasRoom(making, whom)
  }

  #describe({ dial, remote, peer }: Extract<DialOutput, { type: 'describe' }>): void {
    const leg = this.#legs.get(dial)
    if (!leg) return
    if (remote && peer) {
      leg.remote = { description: remote, peer }
      if (this.#tellsTooMuch(leg, peer.id)) {
        leg.disclosure = 'relayed'
        // One that was made already is of no use: it has told nothing yet. One that is being made follows the leg.
        if (leg.negotiator) {
          leg.negotiator.close()
          delete leg.negotiator
          this.#prepare(dial, leg, 'answerer')
          return
        }
      }
    }
    if (leg.negotiator && remote) leg.negotiator.describe(remote)
    else if (!remote) this.#prepare(dial, leg, 'offerer')
  }

  /** Makes the RTCPeerConnection; what was decided meanwhile is made up for. */
  #prepare(dial: DialNumber, leg: Leg, role: 'offerer' | 'answerer'): void {
    this.#host
      .iceServers()
      .then((iceServers) => {
        // Given up while we waited.
        if (this.#legs.get(dial) !== leg) return
        leg.negotiator = this.#negotiate(dial, leg, role, iceServers)
        this.#host.unable(undefined)
        if (leg.remote && role === 'answerer') leg.negotiator.describe(leg.remote.description)
      })
      .catch((error: unknown) => {
        const why =
          error instanceof KithError
            ? error
            : new KithError('unreachable', 'No connection can be made here: the browser refuses.', { cause: error })
        // A dial of ours rejects with it. Of one of theirs nothing else would say it here.
        if (role === 'offerer') this.#host.unable(why)
        this.#fail(dial, why)
      })
  }

  #negotiate(dial: DialNumber, leg: Leg, role: 'offerer' | 'answerer', iceServers: RTCIceServer[]): Negotiator {
    const { wrtc } = this.#host
    const config: PathConfig = { iceServers, iceTransportPolicy: leg.disclosure === 'relayed' ? 'relay' : 'all' }
    return createNegotiator({
      role,
      ...config,
      wrtc,
      spare: this.#spares.take(config),
      onDescription: (description) => {
        leg.local = description
        if (leg.remote) this.#openLink(dial, leg)
        this.#driver.give({ type: 'described', dial, description })
      },
      onCandidate: (candidate) => this.#driver.give({ type: 'candidate', dial, candidate }),
      onCandidatesEnd: () => undefined,
      onPath: (isAtTurn) => leg.link?.locate(isAtTurn),
      onState: (state) => {
        leg.onState(state)
        if (state === 'failed' || state === 'closed')
          this.#fail(
            dial,
            new KithError(
              'unreachable',
              'They answered, but no path came up: name a STUN server, and a TURN server for strict networks, in createPeer({ iceServers }).',
              { source: 'network' },
            ),
          )
      },
      onError: (error) => {
        // Once the link is up the dial is over: then it is the connection that ends.
        if (this.#legs.get(dial) === leg) this.#fail(dial, error)
        else leg.link?.fail(error)
      },
    })
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
      // Between tabs of this browser the path is 'local', wherever it leads.
      awaitsPath: this.#host.roster.get(peer.origin)?.kind !== 'tabs',
    })
    leg.link = link
    link.ready.then(
      () => {
        if (this.#legs.get(dial) !== leg) return
        leg.onState = this.#host.connected(dial, { peer, link, negotiator, begunAt: leg.begunAt })
        this.#legs.delete(dial)
        clearInterval(leg.watch)
        unbind(leg)
        this.#driver.give({ type: 'connected', dial })
      },
      (error: KithError) => this.#fail(dial, error),
    )
  }

  /** The path failed before the link was up: this, not that the machine then cancels, is why the dial ended. */
  #fail(dial: DialNumber, error: KithError): void {
    if (!this.#giveUp(dial)) return
    this.cancel(dial)
    this.#host.ended(dial, error)
  }

  /** Whether there was anything to give up. */
  #giveUp(dial: DialNumber): boolean {
    const leg = this.#legs.get(dial)
    if (!leg) return false
    this.#legs.delete(dial)
    clearInterval(leg.watch)
    unbind(leg)
    leg.link?.fail(new KithError('closed', 'The dial has ended.'))
    leg.negotiator?.close()
    return true
  }

  /** The machine's last word on a dial: what it has started and not handed over is stopped. */
  #unbound(dial: DialNumber): void {
    this.#keys.forget(dial)
    const leg = this.#legs.get(dial)
    if (leg?.link) unbind(leg)
    else this.#giveUp(dial)
  }
}

function unbind(leg: Leg): void {
  for (const stop of leg.unbind.splice(0)) stop()
}

function newLeg(leg: Pick<Leg, 'whom' | 'origins' | 'isForPresence' | 'disclosure' | 'isDisclosureAsked'>): Leg {
  return { ...leg, begunAt: performance.now(), isSure: false, onState: () => undefined, unbind: [] }
}

/** Nothing carried the dial: there is no relay, or none of them can be reached. */
export const noRelay = (cause?: KithError): KithError =>
  new KithError(
    'no-relay',
    'No relay could be reached, and no tab of this browser answers for them: peer.status.relays says what is wrong with each, createPeer({ relays }) names them.',
    { source: 'network', cause },
  )

const closed = () => new KithError('closed', 'This peer has been closed.')
