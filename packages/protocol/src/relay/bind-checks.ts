/**
 * BINDs, from their arrival to their answer.
 *
 * Signature checks cost CPU and run in the driver: a 'verify' goes out, 'verified' comes back. Until then a BIND is pending, and
 * an UNBIND that overtakes the check still takes the address away. Each BIND gets exactly one answer, BOUND or a NOTICE, in the
 * order of the BINDs.
 */
import type { Millis } from '../machine.ts'
import { type AddressKey, type Bindings, keyOf } from './bindings.ts'
import { type Bind, encodeRelayFrame, type Notice, type RelayFrame } from './frames.ts'
import type { PendingBind, Socket } from './socket.ts'
import type { RelayParts, Sockets } from './sockets.ts'

/** When a relay that has no place for more addresses is worth asking again. */
const FULL_RETRY_MS = 30_000

/** When some of a socket's waiting BINDs will have been checked. */
const WAITING_RETRY_MS = 250

/** Answers that may wait, refusals with them, for each BIND that may wait for its check. */
const ANSWERS_PER_CHECK = 2

/** New sockets that a signature that does not hold counts for: it is checked for each origin that the socket may have dialled. Our clients
 *  send none. */
const REFUSED_COST = 64

export class BindChecks {
  readonly #parts: RelayParts
  readonly #sockets: Sockets
  readonly #bindings: Bindings<Socket>
  /** BINDs that are being checked, by the id of their 'verify'. */
  readonly #checking = new Map<number, PendingBind>()
  /** Addresses bound by all sockets or under way; one that several sockets have counts for each. */
  #bound = 0
  #nextId = 1

  constructor(parts: RelayParts, sockets: Sockets, bindings: Bindings<Socket>) {
    this.#parts = parts
    this.#sockets = sockets
    this.#bindings = bindings
  }

  /** All tests that cost nothing come first. */
  bind(socket: Socket, binds: readonly Bind[], now: Millis): void {
    const { counters, outputs } = this.#parts
    const checks: { address: Uint8Array; signature: Uint8Array }[] = []
    const addresses = new Set<AddressKey>()
    for (const bind of binds) {
      if (bind.form === 1) {
        // Public addresses are not served yet: a delegate cannot be taken at its word.
        counters.refusedBindForm += 1
        this.#refuse(socket, { code: 'bind-refused' }, now)
        return
      }
      const key = keyOf(bind.address)
      addresses.add(key)
      // It was proved on this very socket. Copied: the check may come later, and the driver's buffer is its own.
      if (!socket.bound.has(key)) checks.push({ address: bind.address.slice(), signature: bind.signature.slice() })
    }
    const held = heldWith(socket, addresses)
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
    const id = this.#nextId++
    const pending: PendingBind = { socket, count: binds.length, addresses, reserved, answer: undefined }
    socket.pending.set(id, pending)
    if (checks.length === 0) {
      this.#settle(pending, { type: 'bound', count: binds.length })
      return
    }
    this.#checking.set(id, pending)
    this.#count(socket, reserved)
    const { prefix, origins, nonce } = socket
    outputs.push({ type: 'verify', id, prefix, socket: socket.id, origins, nonce, binds: checks })
  }

  /** Returns the socket if it has its addresses now. */
  verified(id: number, ok: boolean, now: Millis): Socket | undefined {
    const { counters, outputs, prefixes } = this.#parts
    const pending = this.#checking.get(id)
    if (pending === undefined) return undefined
    const { socket, addresses, count, reserved } = pending
    if (!ok) {
      counters.refusedSignature += 1
      // To refuse one costs as much as to accept many. The other checks of this socket are dropped, and its network pays.
      prefixes.charge(socket.prefix, REFUSED_COST, now)
      outputs.notice(socket.id, { code: 'bind-refused' })
      this.#sockets.dismiss(socket, 'bind-refused')
      return undefined
    }
    this.#checking.delete(id)
    this.#count(socket, -reserved)
    // Others may have bound while the signatures were checked.
    if (this.#bindings.crowded(socket, addresses)) {
      this.#settle(pending, { type: 'notice', notice: this.#crowded() })
      return undefined
    }
    const before = socket.bound.size
    for (const key of addresses) {
      this.#bindings.add(socket, key, now)
      socket.bound.add(key)
    }
    this.#count(socket, socket.bound.size - before)
    counters.bound += count
    this.#settle(pending, { type: 'bound', count })
    return socket
  }

  unbind(socket: Socket, address: Uint8Array): void {
    const key = keyOf(address)
    for (const pending of socket.pending.values()) pending.addresses.delete(key)
    if (!socket.bound.delete(key)) return
    this.#bindings.remove(socket, key)
    this.#count(socket, -1)
  }

  /** The socket has gone: its checks are dropped, its addresses are free. */
  release(socket: Socket): void {
    const ids = [...socket.pending.keys()].filter((id) => this.#checking.delete(id))
    if (ids.length > 0) this.#parts.outputs.push({ type: 'forget', prefix: socket.prefix, socket: socket.id })
    for (const { reserved, answer } of socket.pending.values()) if (answer === undefined) this.#count(socket, -reserved)
    socket.pending.clear()
    for (const key of socket.bound) this.#bindings.remove(socket, key)
    this.#count(socket, -socket.bound.size)
  }

  /** Releases what all sockets hold. */
  stop(): void {
    this.#checking.clear()
    this.#bindings.clear()
    this.#bound = 0
  }

  /** Why a BIND is not even checked. Only what passes takes from the rate. */
  #refusal(socket: Socket, { held, reserved, count }: Readonly<Record<'held' | 'reserved' | 'count', number>>, now: Millis) {
    const { limits, counters, prefixes } = this.#parts
    const slower = (retryAfterMs: Millis): Notice => ({ code: 'rate-limited', retryAfterMs, of: 'bind' })
    if (held > limits.bindsPerSocket) {
      counters.refusedBindsPerSocket += 1
      return { code: 'too-many', limit: limits.bindsPerSocket, of: 'bind' } satisfies Notice
    }
    const hasRoom = held <= limits.bindsAlways || prefixes.hasRoom(socket.prefix, reserved)
    if (this.#bound + reserved > limits.binds || !hasRoom) {
      counters.refusedBindsInAll += 1
      return slower(FULL_RETRY_MS)
    }
    if (socket.pending.size >= limits.bindsWaiting) {
      counters.refusedBindsWaiting += 1
      return slower(WAITING_RETRY_MS)
    }
    if (socket.binds.take(now, count)) return undefined
    counters.refusedBindRate += 1
    return slower(socket.binds.waitMs(now, count))
  }

  /** Without a check. A socket that asks on while too many of its answers wait is closed. */
  #refuse(socket: Socket, notice: Notice, now: Millis): void {
    if (socket.pending.size >= ANSWERS_PER_CHECK * this.#parts.limits.bindsWaiting) {
      this.#parts.counters.closedBindsWaiting += 1
      this.#sockets.flooded(socket, WAITING_RETRY_MS, now)
      return
    }
    if (this.#sockets.takesControl(socket, now)) this.#answerLater(socket, notice)
  }

  /** Not before the answers to earlier BINDs. */
  #answerLater(socket: Socket, notice: Notice): void {
    const pending: PendingBind = { socket, count: 0, addresses: new Set(), reserved: 0, answer: undefined }
    socket.pending.set(this.#nextId++, pending)
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
      this.#parts.outputs.encoded(socket.id, answer)
    }
  }

  #count(socket: Socket, more: number): void {
    this.#bound += more
    this.#parts.prefixes.bound(socket.prefix, more)
  }

  #crowded(): Notice {
    this.#parts.counters.refusedBindersPerAddress += 1
    return { code: 'too-many', limit: this.#parts.limits.bindersPerAddress, of: 'bind' }
  }
}

/** Addresses that the socket would hold with these, counting what is still being checked. */
function heldWith(socket: Socket, addresses: ReadonlySet<AddressKey>): number {
  const more = new Set<AddressKey>()
  for (const key of addresses) if (!socket.bound.has(key)) more.add(key)
  for (const pending of socket.pending.values()) {
    for (const key of pending.addresses) if (!socket.bound.has(key)) more.add(key)
  }
  return socket.bound.size + more.size
}
