/**
 * The relay: who has which address bound, what may pass, and when a socket is closed.
 *
 * It knows sockets by number, addresses as 32 opaque bytes, and networks by a key that its driver computes (an IPv4 address or
 * an IPv6 /64). Nothing that was sent is kept: a SEND becomes one DELIVER for every other binder in the same step, or nothing.
 * The sender is never told which. Everything it does keep is bounded by the number of sockets times a limit of `RelayLimits`.
 *
 * Signature checks cost CPU and belong to another room, so they are an effect: 'verify' out, 'verified' in. Until then the
 * BIND is pending; an UNBIND that overtakes the check still takes the address away.
 */
import { KithError } from '../errors.ts'
import { RELAY_LIMITS, type RelayLimits } from '../limits.ts'
import type { Bytes, Machine, Millis, Random } from '../machine.ts'
import { TokenBucket } from '../token-bucket.ts'
import { type AddressKey, Bindings, keyOf } from './bindings.ts'
import { relayCounters } from './counters.ts'
import {
  type Bind,
  type ClientFrame,
  decodeClientFrame,
  encodeDeliver,
  encodeRelayFrame,
  type IceServer,
  NONCE_BYTES,
  type Notice,
  PING_BYTES,
  type RelayFrame,
} from './frames.ts'
import { Prefixes, type PrefixKey } from './prefixes.ts'

export type SocketId = number

export interface RelayConfig {
  readonly limits: RelayLimits
  readonly random: Random
  /** The answer to an ICE frame. */
  readonly iceServers: readonly IceServer[]
}

export type RelayInput =
  /** `origins`: those for which this socket's binds may be signed. `prefix`: the network that its quotas are counted for. `site`: what
   *  one customer may get whole; default: the network by itself. */
  | {
      readonly type: 'opened'
      readonly socket: SocketId
      readonly prefix: string
      readonly site?: string
      readonly origins: readonly string[]
      /** Milliseconds since 1970: told to the client, whose own clock may be wrong. */
      readonly time?: Millis
    }
  | { readonly type: 'received'; readonly socket: SocketId; readonly frame: Uint8Array }
  /** A text message, or whatever else is no frame at all. */
  | { readonly type: 'malformed'; readonly socket: SocketId }
  /** A control frame of the WebSocket's own, which no client of ours sends. */
  | { readonly type: 'control'; readonly socket: SocketId }
  | { readonly type: 'closed'; readonly socket: SocketId }
  /** Answers a 'verify': whether every signature holds. */
  | { readonly type: 'verified'; readonly id: number; readonly ok: boolean }
  | { readonly type: 'tick' }
  | { readonly type: 'shutdown'; readonly reconnectInMs: number; readonly tryForMs: number }

export type RelayOutput =
  /** `envelope`: may be dropped for a newer one while its receiver is slow. The same bytes may go to several sockets. */
  | { readonly type: 'send'; readonly socket: SocketId; readonly frame: Bytes; readonly envelope: boolean }
  | { readonly type: 'close'; readonly socket: SocketId; readonly reason: CloseReason }
  | {
      readonly type: 'verify'
      readonly id: number
      /** Networks are served in turn, and the sockets of one: who brings thousands of checks waits for its own alone. */
      readonly prefix: PrefixKey
      readonly socket: SocketId
      readonly origins: readonly string[]
      readonly nonce: Bytes
      readonly binds: readonly { readonly address: Uint8Array; readonly signature: Uint8Array }[]
    }

  /** This socket's BINDs need no check any more: it has gone. */
  | { readonly type: 'forget'; readonly prefix: PrefixKey; readonly socket: SocketId }

export type CloseReason = 'malformed' | 'bind-refused' | 'full' | 'rate-limited' | 'no-bind' | 'unresponsive' | 'restarting'

interface Socket {
  readonly id: SocketId
  readonly prefix: PrefixKey
  readonly origins: readonly string[]
  readonly nonce: Bytes
  readonly bound: Set<AddressKey>
  readonly pending: Map<number, PendingBind>
  readonly sends: TokenBucket
  readonly delivers: TokenBucket
  readonly binds: TokenBucket
  readonly controls: TokenBucket
  /** No second NOTICE rate-limited for SEND before this: a flood must not be answered by another. */
  quietUntil: Millis
  phase: Phase
}

type Phase =
  | { readonly type: 'unbound'; readonly closeAt: Millis }
  | { readonly type: 'bound'; readonly pingAt: Millis; readonly unanswered: number; readonly payload: Bytes }

interface PendingBind {
  readonly socket: Socket
  readonly count: number
  /** Fewer than `count` after repetitions, or once an UNBIND overtook the check. */
  readonly addresses: Set<AddressKey>
  /** Places kept for it until it is checked. */
  readonly reserved: number
  /** BINDs are answered in their order, since an answer does not say which it is for: this one waits for those before it. */
  answer: Bytes | undefined
}

/** How often due times are looked at: one pass over all sockets serves all of them that are due. */
const SWEEP_MS = 100

/** PINGs that may go unanswered. */
const MISSED_PINGS_MAX = 2

/** How often networks without sockets are looked at. */
const PREFIX_SWEEP_MS = 1000

const FULL = { type: 'full' } as const

const NOTICE_INTERVAL_MS = 1000

/** When a relay that has no place for more addresses is worth asking again. */
const FULL_RETRY_MS = 30_000

/** When some of a socket's waiting BINDs will have been checked. */
const WAITING_RETRY_MS = 250

/** Answers that may wait, refusals with them, for each BIND that may wait for its check. */
const ANSWERS_PER_CHECK = 2

/** New sockets that a signature that does not hold counts for: it is checked for each origin that the socket may have dialled, and no client
 *  of ours sends one. */
const REFUSED_COST = 64

/** And a socket that had to go for a flood: what it may bring before that takes milliseconds. */
const FLOOD_COST = 8

export class RelayMachine implements Machine<RelayInput, RelayOutput> {
  readonly counters = relayCounters()
  readonly #limits: RelayLimits
  readonly #random: Random
  readonly #iceServers: readonly IceServer[]
  readonly #sockets = new Map<SocketId, Socket>()
  #bindings: Bindings<Socket>
  #prefixes: Prefixes
  readonly #pending = new Map<number, PendingBind>()
  #outputs: RelayOutput[] = []
  /** Of the next output to be taken: shift() moves all that is behind it once they are many, as at the end. */
  #taken = 0
  /** Addresses bound by all sockets or under way, one that several have counted for each. */
  #bound = 0
  #nextVerify = 1
  #sweepAt: Millis | undefined
  #stopped = false

  constructor(config: { readonly random: Random } & Partial<RelayConfig>) {
    this.#limits = config.limits ?? RELAY_LIMITS
    this.#bindings = new Bindings(this.#limits)
    this.#prefixes = new Prefixes(this.#limits)
    this.#random = config.random
    this.#iceServers = config.iceServers ?? []
  }

  get sockets(): number {
    return this.#sockets.size
  }

  get addresses(): number {
    return this.#bindings.size
  }

  handle(input: RelayInput, now: Millis): void {
    switch (input.type) {
      case 'opened':
        this.#opened(input, now)
        return
      case 'received':
        this.#received(input.socket, input.frame, now)
        return
      case 'malformed':
        this.#malformed(this.#sockets.get(input.socket))
        return
      case 'control':
        this.#mayGoOn(this.#sockets.get(input.socket), now)
        return
      case 'closed':
        this.#forget(this.#sockets.get(input.socket))
        return
      case 'verified':
        this.#verified(input.id, input.ok, now)
        return
      case 'tick':
        this.#sweep(now)
        return
      case 'shutdown':
        this.#shutdown(input.reconnectInMs, input.tryForMs)
        return
    }
  }

  poll(): RelayOutput | undefined {
    const output = this.#outputs[this.#taken]
    if (output !== undefined) this.#taken += 1
    else if (this.#taken > 0) {
      this.#outputs = []
      this.#taken = 0
    }
    return output
  }

  deadline(): Millis | undefined {
    return this.#sweepAt
  }

  // ── sockets ────────────────────────────────────────────────────────────────────────────────

  #opened({ socket: id, prefix, site, origins, time }: Extract<RelayInput, { type: 'opened' }>, now: Millis): void {
    const limits = this.#limits
    const admitted = this.#stopped ? FULL : this.#prefixes.admit(prefix, site ?? prefix, now)
    switch (admitted.type) {
      case 'admitted':
        break
      case 'full':
        this.counters.refusedFull += 1
        this.#turnAway(id, { code: 'full' }, 'full')
        return
      case 'crowded':
        this.counters.refusedPrefixSockets += 1
        this.#turnAway(id, { code: 'full' }, 'full')
        return
      case 'fast':
        this.counters.refusedPrefixRate += 1
        this.#turnAway(id, { code: 'rate-limited', retryAfterMs: admitted.retryAfterMs }, 'rate-limited')
        return
    }
    const closeAt = now + limits.firstBindMs
    const socket: Socket = {
      id,
      prefix,
      origins,
      nonce: this.#random(NONCE_BYTES),
      bound: new Set(),
      pending: new Map(),
      sends: new TokenBucket(limits.sendPerSecond, limits.sendBurst, now),
      // Never less than one address alone may receive.
      delivers: new TokenBucket(
        Math.max(limits.deliverPerSecond, limits.receivePerSecond),
        Math.max(limits.deliverBurst, limits.receiveBurst),
        now,
      ),
      binds: new TokenBucket(limits.bindPerSecond, limits.bindBurst, now),
      controls: new TokenBucket(limits.controlPerSecond, limits.controlBurst, now),
      quietUntil: now,
      phase: { type: 'unbound', closeAt },
    }
    this.#sockets.set(id, socket)
    this.counters.accepted += 1
    this.#wakeBy(Math.min(closeAt, now + PREFIX_SWEEP_MS))
    const { sendPerSecond, sendBurst, bindsPerSocket, bindPerSecond, bindBurst } = limits
    const told = { sendPerSecond, sendBurst, bindsPerSocket, bindPerSecond, bindBurst }
    const challenge = { type: 'challenge', nonce: socket.nonce, limits: told } as const
    this.#answer(id, encodeRelayFrame(time === undefined ? challenge : { ...challenge, time }))
  }

  #turnAway(id: SocketId, notice: Notice, reason: CloseReason): void {
    this.#notice(id, notice)
    this.#outputs.push({ type: 'close', socket: id, reason })
  }

  /** From here on, what the driver still reports for this socket is ignored. */
  #dismiss(socket: Socket, reason: CloseReason): void {
    this.#forget(socket)
    this.#outputs.push({ type: 'close', socket: socket.id, reason })
  }

  #forget(socket: Socket | undefined): void {
    if (socket === undefined) return
    this.#sockets.delete(socket.id)
    const ids = [...socket.pending.keys()].filter((id) => this.#pending.delete(id))
    if (ids.length > 0) this.#outputs.push({ type: 'forget', prefix: socket.prefix, socket: socket.id })
    for (const { reserved, answer } of socket.pending.values()) if (answer === undefined) this.#count(socket, -reserved)
    socket.pending.clear()
    for (const key of socket.bound) this.#bindings.remove(socket, key)
    this.#count(socket, -socket.bound.size)
    this.#prefixes.release(socket.prefix)
  }

  // ── frames ─────────────────────────────────────────────────────────────────────────────────

  #received(id: SocketId, bytes: Uint8Array, now: Millis): void {
    const socket = this.#sockets.get(id)
    if (socket === undefined) return
    let frame: ClientFrame
    try {
      frame = decodeClientFrame(bytes)
    } catch (error) {
      if (error instanceof KithError) {
        this.#malformed(socket)
        return
      }
      throw error
    }
    switch (frame.type) {
      case 'send':
        this.#forward(socket, frame.address, frame.envelope, now)
        return
      case 'bind':
        this.#bind(socket, frame.binds, now)
        return
      case 'unbind':
      case 'pong':
      case 'ice':
        if (this.#mayGoOn(socket, now)) this.#control(socket, frame)
        return
    }
  }

  /** What costs its sender nothing is counted, whatever it is: who floods with it has to go, and its network waits for that. */
  #mayGoOn(socket: Socket | undefined, now: Millis): boolean {
    if (socket === undefined || socket.controls.take(now)) return socket !== undefined
    this.counters.closedControlRate += 1
    this.#prefixes.charge(socket.prefix, FLOOD_COST, now)
    this.#notice(socket.id, { code: 'rate-limited', retryAfterMs: socket.controls.waitMs(now) })
    this.#dismiss(socket, 'rate-limited')
    return false
  }

  #control(socket: Socket, frame: Exclude<ClientFrame, { type: 'send' | 'bind' }>): void {
    switch (frame.type) {
      case 'unbind':
        for (const address of frame.addresses) this.#unbind(socket, keyOf(address))
        return
      case 'pong': {
        // A late answer to an earlier PING echoes the same bytes, so it counts; an invented one matches nothing.
        const { phase } = socket
        if (phase.type === 'bound' && keyOf(frame.echo) === keyOf(phase.payload)) socket.phase = { ...phase, unanswered: 0 }
        return
      }
      case 'ice':
        this.#answer(socket.id, encodeRelayFrame({ type: 'ice', servers: this.#iceServers }))
        return
    }
  }

  #malformed(socket: Socket | undefined): void {
    if (socket === undefined) return
    this.counters.refusedMalformed += 1
    this.#notice(socket.id, { code: 'malformed' })
    this.#dismiss(socket, 'malformed')
  }

  /** It costs the sender one, however many receive it, and the sender learns nothing but that it sends too fast. */
  #forward(sender: Socket, address: Uint8Array, envelope: Uint8Array, now: Millis): void {
    if (!sender.sends.take(now)) {
      this.counters.droppedSendRate += 1
      if (!this.#mayGoOn(sender, now) || now < sender.quietUntil) return
      sender.quietUntil = now + NOTICE_INTERVAL_MS
      this.#notice(sender.id, { code: 'rate-limited', retryAfterMs: sender.sends.waitMs(now), of: 'send' })
      return
    }
    this.counters.sent += 1
    const receivers = this.#bindings.receivers(sender, keyOf(address), now)
    if (receivers === 'unbound') {
      this.counters.droppedUnbound += 1
      return
    }
    if (receivers === 'rate-limited') {
      this.counters.droppedReceiveRate += 1
      return
    }
    const frame = encodeDeliver(address, envelope)
    for (const receiver of receivers) {
      if (!receiver.delivers.take(now)) {
        this.counters.droppedDeliverRate += 1
        continue
      }
      this.counters.delivered += 1
      this.#outputs.push({ type: 'send', socket: receiver.id, frame, envelope: true })
    }
  }

  // ── binding ────────────────────────────────────────────────────────────────────────────────

  /** All checks that cost nothing come first; each BIND gets exactly one answer, BOUND or a notice. */
  #bind(socket: Socket, binds: readonly Bind[], now: Millis): void {
    const checks: { address: Uint8Array; signature: Uint8Array }[] = []
    const addresses = new Set<AddressKey>()
    for (const bind of binds) {
      if (bind.form === 1) {
        // Public addresses are not served yet: a delegate cannot be taken at its word.
        this.counters.refusedBindForm += 1
        this.#refuse(socket, { code: 'bind-refused' }, now)
        return
      }
      const key = keyOf(bind.address)
      addresses.add(key)
      // It was proved on this very socket. Copied: the check may come later, and the driver's buffer is its own.
      if (!socket.bound.has(key)) checks.push({ address: bind.address.slice(), signature: bind.signature.slice() })
    }
    const held = this.#heldWith(socket, addresses)
    let reserved = 0
    for (const key of addresses) if (!socket.bound.has(key)) reserved += 1
    const refusal = this.#refusal(socket, { held, reserved, count: binds.length }, now)
    if (refusal) {
      this.#refuse(socket, refusal, now)
      return
    }
    if (this.#bindings.crowded(socket, addresses)) {
      this.#answerLater(socket, this.#crowded())
      return
    }
    const id = this.#nextVerify++
    const pending: PendingBind = { socket, count: binds.length, addresses, reserved, answer: undefined }
    socket.pending.set(id, pending)
    if (checks.length === 0) {
      this.#settle(pending, { type: 'bound', count: binds.length })
      return
    }
    this.#pending.set(id, pending)
    this.#count(socket, reserved)
    const { prefix, origins, nonce } = socket
    this.#outputs.push({ type: 'verify', id, prefix, socket: socket.id, origins, nonce, binds: checks })
  }

  /** Why a BIND is not even checked. Only what passes takes from the rate. */
  #refusal(socket: Socket, { held, reserved, count }: Readonly<Record<'held' | 'reserved' | 'count', number>>, now: Millis) {
    const limits = this.#limits
    const slower = (retryAfterMs: Millis): Notice => ({ code: 'rate-limited', retryAfterMs, of: 'bind' })
    if (held > limits.bindsPerSocket) {
      this.counters.refusedBindsPerSocket += 1
      return { code: 'too-many', limit: limits.bindsPerSocket, of: 'bind' } satisfies Notice
    }
    const hasRoom = held <= limits.bindsAlways || this.#prefixes.hasRoom(socket.prefix, reserved)
    if (this.#bound + reserved > limits.binds || !hasRoom) {
      this.counters.refusedBindsInAll += 1
      return slower(FULL_RETRY_MS)
    }
    if (socket.pending.size >= limits.bindsWaiting) {
      this.counters.refusedBindsWaiting += 1
      return slower(WAITING_RETRY_MS)
    }
    if (socket.binds.take(now, count)) return undefined
    this.counters.refusedBindRate += 1
    return slower(socket.binds.waitMs(now, count))
  }

  #verified(id: number, ok: boolean, now: Millis): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    const { socket, addresses, count, reserved } = pending
    if (!ok) {
      this.counters.refusedSignature += 1
      // To refuse one costs as much as to accept many. Its other checks are forgotten, and its network pays before it may come again.
      this.#prefixes.charge(socket.prefix, REFUSED_COST, now)
      this.#notice(socket.id, { code: 'bind-refused' })
      this.#dismiss(socket, 'bind-refused')
      return
    }
    this.#pending.delete(id)
    this.#count(socket, -reserved)
    // Others may have bound while the signatures were checked.
    if (this.#bindings.crowded(socket, addresses)) {
      this.#settle(pending, { type: 'notice', notice: this.#crowded() })
      return
    }
    const before = socket.bound.size
    for (const key of addresses) {
      this.#bindings.add(socket, key, now)
      socket.bound.add(key)
    }
    this.#count(socket, socket.bound.size - before)
    this.counters.bound += count
    if (socket.phase.type === 'unbound') this.#expectPong(socket, 0, this.#random(PING_BYTES), now)
    this.#settle(pending, { type: 'bound', count })
  }

  /** Without a check: who goes on asking before earlier answers have come has to go. */
  #refuse(socket: Socket, notice: Notice, now: Millis): void {
    if (socket.pending.size >= ANSWERS_PER_CHECK * this.#limits.bindsWaiting) {
      this.counters.closedBindsWaiting += 1
      this.#prefixes.charge(socket.prefix, FLOOD_COST, now)
      this.#notice(socket.id, { code: 'rate-limited', retryAfterMs: WAITING_RETRY_MS })
      this.#dismiss(socket, 'rate-limited')
      return
    }
    if (this.#mayGoOn(socket, now)) this.#answerLater(socket, notice)
  }

  /** Not before the answers to earlier BINDs. */
  #answerLater(socket: Socket, notice: Notice): void {
    const pending: PendingBind = { socket, count: 0, addresses: new Set(), reserved: 0, answer: undefined }
    socket.pending.set(this.#nextVerify++, pending)
    this.#settle(pending, { type: 'notice', notice })
  }

  #settle(pending: PendingBind, frame: RelayFrame): void {
    pending.answer = encodeRelayFrame(frame)
    // What is bound counts as such from now on, and no longer as under way.
    pending.addresses.clear()
    const { socket } = pending
    for (const [id, { answer }] of socket.pending) {
      if (answer === undefined) return
      socket.pending.delete(id)
      this.#answer(socket.id, answer)
    }
  }

  /** Addresses that the socket would hold with these, counting what is still being checked. */
  #heldWith(socket: Socket, addresses: ReadonlySet<AddressKey>): number {
    const more = new Set<AddressKey>()
    for (const key of addresses) if (!socket.bound.has(key)) more.add(key)
    for (const pending of socket.pending.values()) {
      for (const key of pending.addresses) if (!socket.bound.has(key)) more.add(key)
    }
    return socket.bound.size + more.size
  }

  #count(socket: Socket, more: number): void {
    this.#bound += more
    this.#prefixes.bound(socket.prefix, more)
  }

  #crowded(): Notice {
    this.counters.refusedBindersPerAddress += 1
    return { code: 'too-many', limit: this.#limits.bindersPerAddress, of: 'bind' }
  }

  #unbind(socket: Socket, key: AddressKey): void {
    for (const pending of socket.pending.values()) pending.addresses.delete(key)
    if (!socket.bound.delete(key)) return
    this.#bindings.remove(socket, key)
    this.#count(socket, -1)
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────

  #sweep(now: Millis): void {
    if (this.#sweepAt === undefined || now < this.#sweepAt) return
    this.#sweepAt = undefined
    let next = Number.POSITIVE_INFINITY
    for (const socket of this.#sockets.values()) {
      const due = this.#due(socket, now)
      if (due !== undefined) next = Math.min(next, due)
    }
    if (this.#prefixes.sweep(now)) next = Math.min(next, now + PREFIX_SWEEP_MS)
    if (next !== Number.POSITIVE_INFINITY) this.#wakeBy(Math.max(next, now + SWEEP_MS))
  }

  /** Does what is due for one socket; returns when something will be due again, undefined if the socket is gone. */
  #due(socket: Socket, now: Millis): Millis | undefined {
    const { phase } = socket
    switch (phase.type) {
      case 'unbound':
        if (now < phase.closeAt) return phase.closeAt
        // It has asked, and waits for us: what a BIND waits for its check is not its socket's delay.
        if (socket.pending.size > 0) {
          const closeAt = now + this.#limits.firstBindMs
          socket.phase = { type: 'unbound', closeAt }
          return closeAt
        }
        this.counters.closedNoBind += 1
        this.#dismiss(socket, 'no-bind')
        return undefined
      case 'bound':
        if (now < phase.pingAt) return phase.pingAt
        if (phase.unanswered >= MISSED_PINGS_MAX) {
          this.counters.closedUnresponsive += 1
          this.#dismiss(socket, 'unresponsive')
          return undefined
        }
        this.#answer(socket.id, encodeRelayFrame({ type: 'ping', payload: phase.payload }))
        return this.#expectPong(socket, phase.unanswered + 1, phase.payload, now)
    }
  }

  /** Pings are spread, so that ten thousand sockets that came at once do not answer at once. */
  #expectPong(socket: Socket, unanswered: number, payload: Bytes, now: Millis): Millis {
    const { pingMs, pingJitterMs } = this.#limits
    const [high = 0, low = 0] = this.#random(2)
    const pingAt = now + pingMs - pingJitterMs + (2 * pingJitterMs * (high * 256 + low)) / 0xffff
    socket.phase = { type: 'bound', pingAt, unanswered, payload }
    this.#wakeBy(pingAt)
    return pingAt
  }

  #wakeBy(at: Millis): void {
    this.#sweepAt = this.#sweepAt === undefined ? at : Math.min(this.#sweepAt, at)
  }

  #shutdown(reconnectInMs: number, tryForMs: number): void {
    this.#stopped = true
    const frame = encodeRelayFrame({ type: 'notice', notice: { code: 'restarting', reconnectInMs, tryForMs } })
    for (const { id } of this.#sockets.values()) {
      this.#answer(id, frame)
      this.#outputs.push({ type: 'close', socket: id, reason: 'restarting' })
    }
    // All at once: to take two million addresses out one by one takes longer than there is.
    this.#sockets.clear()
    this.#pending.clear()
    this.#bindings = new Bindings(this.#limits)
    this.#prefixes = new Prefixes(this.#limits)
    this.#bound = 0
    this.#sweepAt = undefined
  }

  #notice(socket: SocketId, notice: Notice): void {
    this.#answer(socket, encodeRelayFrame({ type: 'notice', notice }))
  }

  #answer(socket: SocketId, frame: Bytes): void {
    this.#outputs.push({ type: 'send', socket, frame, envelope: false })
  }
}
