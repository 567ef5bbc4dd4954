/**
 * Who has a document open and where their cursor is. Each page sends its own state in datagrams of y-protocols/awareness, one state a
 * datagram. Datagrams may be lost or late: each holds the whole state and a counter that reveals old ones, and is repeated. A page that
 * leaves sends so; one that is silent for a few seconds counts as gone.
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

/** Bytes of an update: fits a datagram of Kith (1,100) on every path. Beyond: the name is shortened when sent, refused when received. */
export const AWARENESS_MAX_BYTES = 1024

/** While a cursor moves: 25 times a second, which looks smooth. Faster changes are sent as one. */
const SAY_AT_MOST_EVERY_MS = 40

/** While nothing changes. With GONE_AFTER_MS, three in a row may be lost before a person seems to be gone. */
const SAY_AT_LEAST_EVERY_MS = 1_500
const GONE_AFTER_MS = 5_000

interface Client {
  readonly id: PeerId
  /** Channels from this page: it stays until the last one ends. */ channels: number
  silence: ReturnType<typeof setTimeout> | undefined
}

export class AwarenessSharing {
  readonly #awareness: Awareness
  /** The pages of others, by the Yjs client id that each chose. */
  readonly #clients = new Map<number, Client>()

  constructor(awareness: Awareness) {
    this.#awareness = awareness
  }

  /** Sends my state to the remote and receives its state until the channel ends; then it is gone. Rejects as the channel does, and with
   *  'peer-violation' for invalid updates: then the caller closes the channel. */
  async share(channel: AwarenessChannel): Promise<void> {
    const stop = announce(this.#awareness, channel)
    let theirs: number | undefined
    try {
      for await (const update of channel.incoming) {
        const client = clientOf(update)
        if (theirs === undefined) this.#admit(client, channel.remote)
        else if (client !== theirs) throw violation('a page sent the state of another')
        theirs = client
        this.#hear(client, update, channel.remote)
      }
    } finally {
      stop()
      if (theirs !== undefined) this.#leave(theirs)
    }
  }

  /** A page may send its own state only: not mine, and not that of another page. */
  #admit(number: number, id: PeerId): void {
    const client = this.#clients.get(number) ?? { id, channels: 0, silence: undefined }
    if (number === this.#awareness.clientID || client.id !== id) throw violation('a page sent the state of another')
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
    // A page that comes back without having moved has the same counter.
    this.#awareness.meta.delete(number)
  }
}

/** Sends my state at once and whenever it changes, until it is stopped. */
function announce(awareness: Awareness, channel: AwarenessChannel): () => void {
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

/** My state as one datagram, with as much of my name as fits. */
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

/** The client that an update is about. Throws 'peer-violation'. */
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
