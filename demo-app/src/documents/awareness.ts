/**
 * Who is in a document and where their cursor is: each tells of themselves, in datagrams of y-protocols/awareness with one state
 * each. One may get lost or be late: each is whole, numbered by its author, so that an old one is known as such, and said again and
 * again. Whoever leaves says so; whoever is not heard of for a few seconds is gone.
 */
import { KithError, type PeerId } from '@kith/sdk'
import { createDecoder, hasContent, readVarString, readVarUint } from 'lib0/decoding'
import {
  type Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  modifyAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness'
import type { AwarenessChannel } from './awareness-channel.ts'
import { readState } from './awareness-state.ts'

/** Bytes of an update: fits a datagram of Kith (1,100) on every path. A longer one goes with a shorter name, and none is taken in. */
export const AWARENESS_MAX_BYTES = 1024

/** While a cursor moves: 25 times a second, which the eye takes for motion. What moves faster is said once. */
const SAY_AT_MOST_EVERY_MS = 40

/** While nothing changes. With the next, three in a row may be lost before someone seems to be gone. */
const SAY_AT_LEAST_EVERY_MS = 1_500
const GONE_AFTER_MS = 5_000

interface Client {
  readonly id: PeerId
  /** By how many channels this page is heard: one of two that ends does not take it along. */ channels: number
  silence: ReturnType<typeof setTimeout> | undefined
}

export class AwarenessSharing {
  readonly #awareness: Awareness
  /** The pages of others, by the number that each gave itself. */
  readonly #clients = new Map<number, Client>()

  constructor(awareness: Awareness) {
    this.#awareness = awareness
  }

  /** Tells the remote where I am, and takes in where it is, until the channel ends; then it is gone. Rejects as the channel does,
   *  and with 'peer-violation' for what makes no sense: then the channel is to be closed. */
  async share(channel: AwarenessChannel): Promise<void> {
    const stop = tell(this.#awareness, channel)
    let theirs: number | undefined
    try {
      for await (const update of channel.incoming) {
        const client = clientOf(update)
        if (theirs === undefined) this.#admit(client, channel.remote)
        else if (client !== theirs) throw violation('a page told of another')
        theirs = client
        this.#hear(client, update, channel.remote)
      }
    } finally {
      stop()
      if (theirs !== undefined) this.#leave(theirs)
    }
  }

  /** A page may tell of itself alone: not of me, and of nobody else who is heard. */
  #admit(number: number, id: PeerId): void {
    const client = this.#clients.get(number) ?? { id, channels: 0, silence: undefined }
    if (number === this.#awareness.clientID || client.id !== id) throw violation('a page told of another')
    client.channels += 1
    this.#clients.set(number, client)
  }

  #hear(number: number, update: Uint8Array, from: PeerId): void {
    applyAwarenessUpdate(this.#awareness, readUpdate(update, from), this)
    const client = this.#clients.get(number)
    if (!client) return
    clearTimeout(client.silence)
    client.silence = setTimeout(() => this.#forget(number), GONE_AFTER_MS)
  }

  #leave(number: number): void {
    const client = this.#clients.get(number)
    if (!client) return
    client.channels -= 1
    if (client.channels > 0) return
    clearTimeout(client.silence)
    this.#clients.delete(number)
    this.#forget(number)
  }

  #forget(number: number): void {
    removeAwarenessStates(this.#awareness, [number], this)
    // Whoever comes back without having moved counts from where they were.
    this.#awareness.meta.delete(number)
  }
}

/** Says where I am, at once and whenever that changes, until it is stopped. */
function tell(awareness: Awareness, channel: AwarenessChannel): () => void {
  let saidAt = Number.NEGATIVE_INFINITY
  let planned: ReturnType<typeof setTimeout> | undefined
  const say = () => {
    planned = undefined
    saidAt = performance.now()
    channel.send(encodeMine(awareness))
  }
  const sayIfHere = () => {
    if (awareness.getLocalState() !== null) say()
  }
  const changed = (_: unknown, origin: unknown) => {
    if (origin === 'local') planned ??= setTimeout(say, saidAt + SAY_AT_MOST_EVERY_MS - performance.now())
  }
  sayIfHere()
  awareness.on('update', changed)
  const again = setInterval(sayIfHere, SAY_AT_LEAST_EVERY_MS)
  return () => {
    awareness.off('update', changed)
    clearInterval(again)
    clearTimeout(planned)
  }
}

/** My state as one datagram, with as much of my name as there is room for. */
export function encodeMine(awareness: Awareness): Uint8Array {
  const me = awareness.clientID
  const update = encodeAwarenessUpdate(awareness, [me])
  const excess = update.length - AWARENESS_MAX_BYTES
  const state = awareness.getLocalState()
  if (excess <= 0 || state === null) return update
  // Each character takes a byte at least.
  const name = Array.from(String(state.user.name)).slice(0, -excess).join('')
  return encodeAwarenessUpdate(awareness, [me], new Map([[me, { ...state, user: { ...state.user, name } }]]))
}

/** Whom it is about. Throws 'peer-violation'. */
function clientOf(update: Uint8Array): number {
  if (update.length > AWARENESS_MAX_BYTES) throw violation('an update that is too long')
  return reading(() => {
    const decoder = createDecoder(update)
    if (readVarUint(decoder) !== 1) throw violation('not one state')
    const client = readVarUint(decoder)
    readVarUint(decoder)
    readVarString(decoder)
    if (hasContent(decoder)) throw violation('an update goes on after its end')
    return client
  })
}

const readUpdate = (update: Uint8Array, from: PeerId) =>
  reading(() => modifyAwarenessUpdate(update, (state: unknown) => readState(state, from)))

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof KithError ? error : violation('an update that cannot be read', error)
  }
}

const violation = (why: string, cause?: unknown) => new KithError('peer-violation', why, { source: 'remote', cause })
