/**
 * The dial: how two people who can compute one address come to share a WebRTC connection, through carriers that are not trusted.
 *
 *     caller                        any carrier                        callee
 *       │  1 knock      (Noise message 1: who, to talk about what) ──▶  │   policy: silence costs nothing
 *       │  ◀── 2 accept (Noise message 2: the callee offers DTLS, ICE)  │
 *       │  3 answer     (the caller's DTLS, ICE; candidates at once) ─▶ │   now the caller is authenticated too
 *       │  ◀── 4 candidates                                             │
 *
 * No IP address travels before both are authenticated and have agreed; SDP never travels; a replayed knock yields nothing.
 * Noise: revision 34, KK for contacts and NNpsk0 for invitations (identities follow inside). Unknown key-share: RFC 8844.
 *
 * This machine is the parent of the dials: each OutgoingDial and IncomingDial is a state machine of its own; here it is decided
 * which of them an envelope concerns, which knocks are read at all, and which goes on where there are several with one person.
 */
import { compare, equal, hex } from '../bytes/bytes.ts'
import { KithError } from '../errors.ts'
import { x25519PublicKey } from '../identity/keys.ts'
import { publicKeyOf } from '../identity/peer-id.ts'
import { BEHIND_MS, DIALS_MAX, ENVELOPE_BYTES, GLARE_MS, KNOCK_BURST, KNOCKS_PER_SECOND } from '../limits.ts'
import type { Bytes, Machine, Millis } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { DialConfig, DialContext } from './context.ts'
import { IncomingDial } from './incoming.ts'
import type { DialInput, DialNumber, DialOutput, Doorstep } from './io.ts'
import { KeyWork } from './key-work.ts'
import { OutgoingDial } from './outgoing.ts'
import { ReplayCache } from './replay.ts'

/** What was turned away, by reason: for tests and diagnostics. */
export interface DialCounters {
  knocksOverRate: number
  knocksUnreadable: number
  knocksRepeated: number
}

export class Dialer implements Machine<DialInput, DialOutput> {
  readonly counters: DialCounters = { knocksOverRate: 0, knocksUnreadable: 0, knocksRepeated: 0 }
  readonly #context: DialContext
  readonly #outputs: DialOutput[] = []
  readonly #keys = new KeyWork((output) => this.#outputs.push(output))
  #now: Millis
  #nextIncoming: DialNumber = -1
  readonly #outgoing = new Map<DialNumber, OutgoingDial>()
  readonly #incoming = new Map<DialNumber, IncomingDial>()
  /** Glare: dials that came while ours to the same person was under way, and wait for what becomes of it. */
  readonly #held = new Map<IncomingDial, { readonly ours: OutgoingDial; readonly until: Millis }>()
  /** Dials that came while another with the same instance is about to become a connection: they wait, for a while, for that one. */
  readonly #behind = new Map<IncomingDial, { readonly first: OutgoingDial | IncomingDial; readonly until: Millis }>()
  /** Glare: dials that we accepted, beside ours that is not answered yet. The first of the two to be answered ends the other. */
  readonly #rivals = new Map<IncomingDial, OutgoingDial>()
  readonly #read = { knocks: new ReplayCache(), dials: new ReplayCache() }
  /** Apart, since there are many more of them: they must not push dials out. */
  readonly #questionsRead = { knocks: new ReplayCache(), dials: new ReplayCache() }
  readonly #knockRate: TokenBucket

  constructor(config: DialConfig, now: Millis) {
    this.#knockRate = new TokenBucket(KNOCKS_PER_SECOND, KNOCK_BURST, now)
    this.#now = now
    this.#context = {
      ...config,
      keys: this.#keys,
      staticKey: x25519PublicKey(publicKeyOf(config.id)),
      now: () => this.#now,
      emit: (output) => this.#outputs.push(output),
    }
  }

  handle(input: DialInput, now: Millis): void {
    this.#now = now
    this.#route(input, now)
    for (const dial of this.#dials()) dial.tick(now)
    this.#settleGlare(now)
    this.#share()
    for (const dials of [this.#outgoing, this.#incoming]) {
      for (const [number, dial] of dials) {
        if (!dial.hasEnded) continue
        dials.delete(number)
        this.#keys.drop(number)
      }
    }
  }

  poll(): DialOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): Millis | undefined {
    let earliest = Infinity
    for (const dial of this.#dials()) earliest = Math.min(earliest, dial.deadline())
    for (const { until } of [...this.#held.values(), ...this.#behind.values()]) earliest = Math.min(earliest, until)
    return earliest === Infinity ? undefined : earliest
  }

  #route(input: DialInput, now: Millis): void {
    switch (input.type) {
      case 'dial':
        this.#dial(input, now)
        return
      case 'cancel':
        this.#find(input.dial)?.cancel(now)
        return
      case 'knocked':
        this.#knocked(input.doorstep, input.envelope, now)
        return
      case 'replied':
        this.#find(input.dial)?.replied(input.envelope, now, input.origin)
        return
      case 'drawn':
      case 'agreed':
      case 'signed':
      case 'failed':
        this.#keys.answered(input)
        return
      case 'verdict':
        this.#incoming.get(input.dial)?.judge(input.verdict)
        return
      case 'grant':
        this.#incoming.get(input.dial)?.grant(input.granted, now, input.isWithoutPath)
        return
      case 'described':
        this.#find(input.dial)?.described(input.description, now)
        return
      case 'candidate':
        this.#find(input.dial)?.candidate(input.candidate, now)
        return
      case 'connected':
        this.#connected(input.dial, now)
        return
      case 'tick':
        return
    }
  }

  #find(dial: DialNumber): OutgoingDial | IncomingDial | undefined {
    return this.#outgoing.get(dial) ?? this.#incoming.get(dial)
  }

  #dials(): (OutgoingDial | IncomingDial)[] {
    return [...this.#outgoing.values(), ...this.#incoming.values()]
  }

  #dial(request: Extract<DialInput, { type: 'dial' }>, now: Millis): void {
    if ([...this.#outgoing.values()].filter((dial) => !dial.isOver).length >= DIALS_MAX) {
      const error = new KithError('too-many', `${DIALS_MAX} dials are under way: wait for one to end.`)
      this.#outputs.push({ type: 'ended', dial: request.dial, error }, { type: 'unbind', dial: request.dial })
      return
    }
    const ours = new OutgoingDial(request, this.#context, now)
    this.#outgoing.set(request.dial, ours)
    // They may be about to reach us: then this one crosses theirs.
    if (ours.isPresence || ours.remote === undefined) return
    for (const dial of this.#incoming.values()) {
      if (dial.caller === ours.remote && dial.isAccepted) this.#rivals.set(dial, ours)
    }
  }

  #knocked(doorstep: Doorstep, envelope: Bytes, now: Millis): void {
    if (envelope.length !== ENVELOPE_BYTES) return
    const ephemeral = hex(envelope.subarray(0, 32))
    const known = [...this.#incoming.values()].find((dial) => dial.ephemeral === ephemeral)
    if (known || this.#read.knocks.has(ephemeral) || this.#questionsRead.knocks.has(ephemeral)) {
      this.counters.knocksRepeated += 1
      known?.nudge()
      return
    }
    // From here on it costs X25519 work.
    if (this.#incoming.size >= DIALS_MAX || !this.#knockRate.take(now)) {
      this.counters.knocksOverRate += 1
      return
    }
    const number = this.#nextIncoming--
    const dial = new IncomingDial(number, doorstep, envelope, this.#context, now)
    this.#incoming.set(number, dial)
    dial.read(envelope, {
      read: (at) => this.#wasRead(dial, at),
      unreadable: () => {
        this.counters.knocksUnreadable += 1
      },
    })
  }

  /** The knock is whole and its sender knows the secret of this doorstep. */
  #wasRead(dial: IncomingDial, now: Millis): void {
    const { knocks, dials } = dial.isPresence ? this.#questionsRead : this.#read
    knocks.add(dial.ephemeral, now)
    // Through another carrier it has come before; what was decided then holds.
    if (!dials.add(dial.key, now)) {
      dial.drop()
      return
    }
    const first = this.#underWay(dial)
    if (first) {
      this.#behind.set(dial, { first, until: now + BEHIND_MS })
      return
    }
    const ours = this.#crossing(dial)
    if (!ours) {
      dial.announce()
    } else if (this.#isLower(dial)) {
      this.#held.set(dial, { ours, until: ours.startedAt + GLARE_MS })
    } else if (ours.isUnanswered) {
      ours.yieldTo(dial.number)
      dial.announce()
    } else {
      this.#held.set(dial, { ours, until: Infinity })
    }
  }

  /** Our own dial to the person who knocks, unless another of their instances has answered it. */
  #crossing(dial: IncomingDial): OutgoingDial | undefined {
    if (dial.isPresence || dial.caller === undefined) return undefined
    for (const ours of this.#outgoing.values()) {
      if (ours.remote !== dial.caller || ours.isPresence || ours.provesInside) continue
      if (ours.isUnanswered || isAnsweredBy(ours, dial)) return ours
    }
    return undefined
  }

  /** A dial with the instance that knocks which comes of an invitation: they took up ours, or we took up theirs and they have answered. */
  #underWay(dial: IncomingDial): OutgoingDial | IncomingDial | undefined {
    if (dial.isPresence || dial.caller === undefined) return undefined
    return this.#dials().find(
      (other) => other !== dial && other.remote === dial.caller && isProvedInside(other) && isWithInstanceOf(other, dial),
    )
  }

  /** The dial has become a connection: what else the same instance has begun comes too late. */
  #connected(number: DialNumber, now: Millis): void {
    const first = this.#find(number)
    if (!first) return
    for (const dial of this.#incoming.values()) {
      if (dial === first || dial.isPresence || dial.caller === undefined || dial.caller !== first.remote) continue
      if (!isWithInstanceOf(first, dial)) continue
      if (this.#behind.has(dial)) dial.drop()
      else if (dial.isAccepted && !dial.isAnswered) dial.cancel(now)
    }
    first.connected()
  }

  /**
   * One dial for each person: a dial of ours that is not answered gives way to another, of any way and of either side, whose other
   * end is known to be that person.
   */
  #share(): void {
    for (const ours of this.#outgoing.values()) {
      if (!ours.isUnanswered || ours.isPresence || ours.remote === undefined) continue
      const other = this.#dials().find((dial) => dial !== ours && dial.remote === ours.remote && !dial.isPresence && isSure(dial))
      if (other) ours.yieldTo(other.number)
    }
  }

  #isLower(dial: IncomingDial): boolean {
    return dial.caller !== undefined && compare(publicKeyOf(this.#context.id), publicKeyOf(dial.caller)) < 0
  }

  /**
   * The higher PeerId decides, once: it takes the lower's knock or, if that comes after the lower's accept, its own dial. Never
   * both. The lower cannot know which: after a second without an answer it accepts the other's knock as well, and follows what
   * it hears first, an accept or an answer.
   */
  #settleGlare(now: Millis): void {
    for (const [dial, { ours, until }] of this.#held) {
      if (dial.hasEnded) {
        this.#held.delete(dial)
      } else if (isAnsweredBy(ours, dial)) {
        // The lower's own dial was taken, or ours has become a connection with the very instance that knocked.
        if (!this.#isLower(dial) && !ours.hasEnded) continue
        this.#held.delete(dial)
        dial.drop()
      } else if (ours.isOver || ours.answeredBy || now >= until) {
        this.#held.delete(dial)
        dial.announce()
        this.#rivals.set(dial, ours)
      }
    }
    for (const [dial, { first, until }] of this.#behind) {
      if (!dial.hasEnded && !first.hasEnded && now < until) continue
      this.#behind.delete(dial)
      dial.announce()
    }
    for (const [dial, ours] of this.#rivals) {
      if (isAnsweredBy(ours, dial)) dial.cancel(now)
      else if (dial.isAnswered && ours.isUnanswered) ours.yieldTo(dial.number)
      if (dial.hasEnded || ours.isOver || ours.answeredBy) this.#rivals.delete(dial)
    }
  }
}

/** Whether its other end is authenticated, and chose us. */
function isSure(dial: OutgoingDial | IncomingDial): boolean {
  if (dial.hasEnded) return false
  return dial instanceof OutgoingDial ? dial.answeredBy !== undefined : dial.isAnswered
}

function isProvedInside(dial: OutgoingDial | IncomingDial): boolean {
  return isSure(dial) && (dial instanceof OutgoingDial ? dial.provesInside : dial.caller === undefined)
}

function isWithInstanceOf(one: OutgoingDial | IncomingDial, dial: IncomingDial): boolean {
  const instance = one instanceof OutgoingDial ? one.answeredBy : one.instance
  return instance !== undefined && dial.instance !== undefined && equal(instance, dial.instance)
}

/** Whether it was the knocking instance itself that answered our own dial. */
function isAnsweredBy(ours: OutgoingDial, dial: IncomingDial): boolean {
  return ours.answeredBy !== undefined && dial.instance !== undefined && equal(ours.answeredBy, dial.instance)
}
