/** Does what the dial machine decides: binds and sends through carriers, runs RTCPeerConnections, and hands over links that are up. */
import {
  type Bytes,
  Dialer,
  type DialInput,
  type DialNumber,
  type DialOutput,
  type Doorstep,
  KithError,
  type PeerId,
  type Reply,
  type Verdict,
} from '@kith/protocol'
import type { Disclosure } from '../api.ts'
import { SpareConnections } from '../path/webrtc/spare-connections.ts'
import type { Judgement } from '../people/admission.ts'
import { browserWebRtc } from '../platform/browser.ts'
import { Driver, now } from '../runtime/driver.ts'
import { report } from '../runtime/events.ts'
import type { DialHost, DialKnock, DialRequest } from './dial-host.ts'
import { DialKeys } from './dial-keys.ts'
import { DialPath } from './dial-path.ts'
import { noRelay } from './no-relay.ts'
import { ReplyAddresses } from './reply-addresses.ts'

/** For so long other carriers count too: the other end may have moved. */
const MOVED_MS = 3_000

/** How often a dial without an answer looks whether its carriers are there. */
const WATCH_MS = 250

/** One dial that is under way. */
interface Leg {
  /** Known beforehand, or once an invitation is granted. */
  whom: PeerId | undefined
  /** `whom` is at the other end, and wants us. */
  isSure: boolean
  /** Through these it speaks. */
  readonly origins: readonly string[]
  /** A question for presence needs no RTCPeerConnection. */
  readonly isForPresence: boolean
  readonly isDisclosureAsked: boolean
  readonly path: DialPath
  /** Why it ended. */
  error?: KithError
  /** Another dial goes on instead: it has no path any more. */
  isOver?: boolean
  /** While nothing has come of it: whether a carrier is there. */
  watch?: ReturnType<typeof setInterval>
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
    const { identity, instance, roster } = host
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
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
   * Begins a dial. Errors: 'too-many' 'closed'; later outcomes go to the host. `begun` gets the dial's number before anything else: if it
   * returns false, the dial is not begun.
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
    const leg = this.#addLeg(dial, { whom, origins, isForPresence, isDisclosureAsked }, disclosure)
    const replies = origins.map((origin): Reply => {
      const address = this.#bind(dial, leg, origin)
      return { origin, address, presence: whom && this.#host.online.wordsFor(whom, origin) }
    })
    this.#driver.give({ type: 'dial', dial, way, routes, replies, protocols, timeoutMs })
    if (leg.error?.code === 'too-many')
      throw new KithError('too-many', 'There are too many dials under way: wait for one to end.')
    if (!isForPresence && this.#legs.has(dial)) this.#watchCarriers(dial, leg, request.named)
    return dial
  }

  /** A dial that is under way with them, of whatever way and of either side, once its other end is known to be them. */
  underWay(whom: PeerId): DialNumber | undefined {
    return [...this.#legs].find(([, leg]) => leg.whom === whom && leg.isSure && !leg.isForPresence && !leg.isOver)?.[0]
  }

  /** Cancels it where nothing can have come of it at the other end. */
  release(dial: DialNumber): void {
    if (!this.#legs.get(dial)?.path.hasLink) this.cancel(dial)
  }

  /** A dial that no carrier takes ends before its time. Once it is answered, its path is WebRTC's. */
  #watchCarriers(dial: DialNumber, leg: Leg, named = leg.origins): void {
    const begunAt = now()
    leg.watch = setInterval(() => {
      const sinceMs = now() - begunAt
      const origins = sinceMs < MOVED_MS ? leg.origins : named
      if (leg.path.hasRemote) clearInterval(leg.watch)
      else if (!this.#host.roster.mayArrive(origins, sinceMs)) this.#fail(dial, noRelay())
    }, WATCH_MS)
  }

  cancel(dial: DialNumber): void {
    this.#driver.give({ type: 'cancel', dial })
  }

  knocked(doorstep: Doorstep, envelope: Bytes): void {
    this.#driver.give({ type: 'knocked', doorstep, envelope })
  }

  /** Ends every dial with this person, of either side. */
  leave(whom: PeerId, error: KithError): void {
    for (const [dial, leg] of [...this.#legs]) if (leg.whom === whom) this.#fail(dial, error)
  }

  /** They may not learn my network address any more: dials that would disclose it end, but for those whose caller asked for it and `except`. */
  tighten(whom: PeerId, except: ReadonlySet<DialNumber>, error: KithError): void {
    for (const [dial, leg] of [...this.#legs]) {
      if (leg.whom !== whom || leg.path.disclosure === 'relayed' || leg.isForPresence) continue
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
      case 'prepare':
        this.#legs.get(output.dial)?.path.prepare('answerer')
        return
      case 'describe':
        this.#describe(output)
        return
      case 'answered': {
        const path = this.#legs.get(output.dial)?.path
        if (!path?.isMade) return
        this.#found(output.dial, output.peer.id)
        path.answered(output.remote, output.peer)
        return
      }
      case 'candidates':
        for (const candidate of output.candidates) this.#legs.get(output.dial)?.path.addCandidate(candidate)
        return
      case 'proved': {
        // Its RTCPeerConnection would send checks to any candidate that it gets, and so disclose our address: they dial anew, as a contact.
        const isWithoutPath = this.#disclosesTooMuch(this.#legs.get(output.dial), output.by.id)
        this.#host.admission.proved(output.doorstep, output.by).then(
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
        this.#host.online.heard(output.remote, output.instance, output.presence)
        return
      case 'yielded':
        this.#yielded(output.dial)
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

  /** The policy for guests of an invitation was applied, and the guest turns out to be a contact with a stricter one. */
  #disclosesTooMuch(leg: Leg | undefined, whom: PeerId): boolean {
    if (!leg || leg.whom !== undefined || leg.path.disclosure === 'relayed' || leg.isDisclosureAsked) return false
    return this.#host.admission.mustRelay(whom)
  }

  /** The other end is known: later callers of this person share the dial. */
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
      const presence = judgement === 'here' && from ? this.#host.online.wordsFor(from, doorstep.origin) : undefined
      const verdict: Verdict = judgement === 'here' ? { type: judgement, presence } : { type: judgement }
      this.#driver.give({ type: 'verdict', dial, verdict })
      return
    }
    const whose = { whom: from, origins: [doorstep.origin], isForPresence: false }
    const leg = this.#addLeg(dial, { ...whose, isDisclosureAsked: false }, judgement.offer)
    const replyAddress = this.#bind(dial, leg, doorstep.origin)
    this.#driver.give({ type: 'verdict', dial, verdict: { type: 'offer', replyAddress } })
  }

  /** Where a user's `disclose` throws, nothing is disclosed. */
  #judgementOf(knock: DialKnock): Judgement {
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
    for (const leg of this.#legs.values()) if (!leg.isForPresence && !leg.isOver) making += 1
    return this.#host.hasRoom(making, whom)
  }

  #describe({ dial, remote, peer }: Extract<DialOutput, { type: 'describe' }>): void {
    const leg = this.#legs.get(dial)
    if (!leg) return
    if (remote && peer) leg.path.answer(remote, peer, this.#disclosesTooMuch(leg, peer.id))
    else leg.path.prepare('offerer')
  }

  #addLeg(
    dial: DialNumber,
    whose: Pick<Leg, 'whom' | 'origins' | 'isForPresence' | 'isDisclosureAsked'>,
    disclosure: Disclosure,
  ): Leg {
    const host = this.#host
    const begunAt = performance.now()
    const path = new DialPath(disclosure, {
      wrtc: host.wrtc,
      iceServers: () => host.admission.policy.iceServers(),
      takeSpare: (config) => this.#spares.take(config),
      isLocal: (origin) => host.roster.get(origin)?.kind === 'tabs',
      link: (options) => host.link(options),
      onDescription: (description) => this.#driver.give({ type: 'described', dial, description }),
      onCandidate: (candidate) => this.#driver.give({ type: 'candidate', dial, candidate }),
      onUp: (up) => {
        const onState = host.connected(up, begunAt)
        this.#legs.delete(dial)
        clearInterval(leg.watch)
        unbind(leg)
        this.#driver.give({ type: 'connected', dial })
        return onState
      },
      onFail: (error) => this.#fail(dial, error),
      onUnable: (error) => host.unable(error),
    })
    const leg: Leg = { ...whose, isSure: false, path, unbind: [] }
    this.#legs.set(dial, leg)
    return leg
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
    leg.path.close()
    return true
  }

  /** Another dial goes on. Replies are read until the machine unbinds them. */
  #yielded(dial: DialNumber): void {
    const leg = this.#legs.get(dial)
    if (!leg) return
    clearInterval(leg.watch)
    leg.path.close()
    leg.isOver = true
  }

  /** The machine's last word on a dial: what it has started and not handed over is stopped. */
  #unbound(dial: DialNumber): void {
    this.#keys.forget(dial)
    const leg = this.#legs.get(dial)
    if (leg?.path.hasLink) unbind(leg)
    else this.#giveUp(dial)
  }
}

function unbind(leg: Leg): void {
  for (const stop of leg.unbind.splice(0)) stop()
}

const closed = () => new KithError('closed', 'This peer has been closed.')
